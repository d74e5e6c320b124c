//! Latchkey as a process of its own, and an application that brings it ID tokens, so many at once.

use std::{
    error::Error,
    net::Ipv4Addr,
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

use futures::{StreamExt, stream};
use reqwest::{Client, StatusCode, Url};
use serde_json::json;

use crate::{
    median,
    minted::{AUDIENCE, Algorithm, PEOPLE, Who},
    support::{
        fake::{Fake, KEYS, Reply},
        latchkey::{Latchkey, MANY_VISITORS},
        manifests,
    },
    usage::Usage,
};

/// Exchanges in one sample.
pub const COUNT: usize = 2000;
/// So many in turn come from one address, which may ask for 1,000 tokens at once and for 50 every second.
const OF_ONE_ADDRESS: u32 = 500;
const CLIENT_ID: &str = "bench";

/// What exchanges have cost.
pub struct Sample {
    /// CPU time of the whole process for each, in user and kernel mode.
    pub cpu_micros: f64,
    pub per_second: f64,
    /// Until the answer is there: the median.
    pub millis: f64,
}

/// Everything that takes part in an exchange.
pub struct Exchanges {
    fake: Fake,
    latchkey: Latchkey,
    http: Client,
    address: AtomicU32,
}

impl Exchanges {
    /// With `PEOPLE` who have been there before.
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        let fake = Fake::start().await;
        fake.announce("id_token_signing_alg_values_supported", json!(["RS256", "ES256"]));
        fake.answer(KEYS, Reply::json(&json!({"keys": [Algorithm::RS256.jwk(), Algorithm::ES256.jwk()]})));
        let (organization, provider) = (organization(), provider(&fake.issuer));
        let files =
            [("organization.yaml", &*organization), ("mappers.yaml", manifests::MAPPERS), ("demo.yaml", &provider)];
        let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
        latchkey.wait_until_ready("demo").await;
        let http = Client::builder().no_proxy().build()?;
        let started = Self { fake, latchkey, http, address: AtomicU32::new(0) };
        for _ in 0..PEOPLE {
            started.exchange(Algorithm::RS256.token(&started.fake.issuer, Who::Known)).await?;
        }
        Ok(started)
    }

    /// One round, with tokens that are made beforehand.
    pub async fn sample(&self, algorithm: Algorithm, who: Who, at_once: usize) -> Result<Sample, Box<dyn Error>> {
        let tokens: Vec<_> = (0..COUNT).map(|_| algorithm.token(&self.fake.issuer, who)).collect();
        let (before, began) = (Usage::of(self.latchkey.pid())?, Instant::now());
        let answers = stream::iter(tokens).map(|token| self.exchange(token)).buffer_unordered(at_once);
        let millis: Vec<Result<f64, Box<dyn Error>>> = answers.collect().await;
        let (took, after) = (began.elapsed().as_secs_f64(), Usage::of(self.latchkey.pid())?);
        let millis = millis.into_iter().collect::<Result<Vec<_>, _>>()?;
        let count = u32::try_from(COUNT)?;
        Ok(Sample {
            cpu_micros: (after.cpu - before.cpu) * 1e6 / f64::from(count),
            per_second: f64::from(count) / took,
            millis: median(millis.into_iter()),
        })
    }

    /// How many milliseconds it took; anything but a token is an error.
    async fn exchange(&self, token: String) -> Result<f64, Box<dyn Error>> {
        let number = self.address.fetch_add(1, Ordering::Relaxed) / OF_ONE_ADDRESS;
        let address = Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + number);
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("client_id", CLIENT_ID),
            ("assertion", &*token),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(self.latchkey.at("token").parse::<Url>()?).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let began = Instant::now();
        let answer = request.header("x-forwarded-for", address.to_string()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status != StatusCode::OK || !text.contains("\"access_token\":\"") {
            return Err(format!("no token, but {status}: {text}").into());
        }
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }
}

fn organization() -> String {
    let application = format!(
        "  applications:\n    - clientID: {CLIENT_ID}\n      identityProviders: [{{name: demo, audiences: [{AUDIENCE}]}}]\n"
    );
    manifests::ORGANIZATION.to_owned() + &application
}

fn provider(issuer: &str) -> String {
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: demo}}\nspec:\n  displayName: Demo\n  issuer: {issuer}\n  \
         jwtBearer: {{maxTokenAge: 1h}}\n  claims: {{groups: {{claim: groups}}}}\n"
    )
}
