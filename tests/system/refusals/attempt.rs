//! One login at a hostile provider, up to what the browser brings back.

use reqwest::{Method, Url, header::HeaderMap};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::world::{Provider, World};
use crate::support::{
    fake::{Fake, Reply, TOKEN, sign},
    visitor::{Answer, Visitor},
};

/// The code of every answer.
pub const CODE: &str = "c0de-of-m4rk";
/// The access token of every answer, where it is no JWT.
pub const ACCESS_TOKEN: &str = "t0ken-of-m4rk";
pub const USERINFO: &str = "/userinfo";

/// A login that has begun; until a case says otherwise, the provider will answer as it should.
pub struct Attempt<'a> {
    pub world: &'a World,
    /// The provider's name.
    pub name: &'a str,
    pub fake: &'a Fake,
    pub visitor: Visitor,
    pub nonce: String,
    pub state: String,
    pub redirect_uri: String,
    /// In seconds.
    pub now: i64,
    /// Whether an ID token was asked for, instead of a code.
    brings_token: bool,
    /// Whether the answer was asked for in a form.
    by_form: bool,
}

/// What the browser brings, and how.
pub enum Bring {
    Query(Pairs),
    Form(Pairs),
    /// To this address, with these headers and this body.
    Request(Method, String, Vec<(&'static str, String)>, Option<String>),
}

pub type Pairs = Vec<(&'static str, String)>;

impl<'a> Attempt<'a> {
    pub async fn begin(world: &'a World, provider: &str) -> Self {
        let (visitor, Provider { name, fake, .. }) = (Visitor::new(), world.provider(provider));
        let answer = visitor.get(&world.latchkey.at(&format!("login/{name}"))).await;
        let sent = answer.location().unwrap_or_else(|| panic!("{name}: {} {}", answer.status, answer.body));
        let sent = Url::parse(&sent).expect("a URL");
        let parameter = |name: &str| sent.query_pairs().find(|(other, _)| other == name).expect(name).1.into_owned();
        let (nonce, state, redirect_uri) = (parameter("nonce"), parameter("state"), parameter("redirect_uri"));
        let now = jiff::Timestamp::now().as_second();
        let asks = |name: &str, value: &str| sent.query_pairs().any(|pair| pair == (name.into(), value.into()));
        let (brings_token, by_form) = (asks("response_type", "id_token"), asks("response_mode", "form_post"));
        let attempt = Self { world, name, fake, visitor, nonce, state, redirect_uri, now, brings_token, by_form };
        attempt.behave();
        attempt
    }

    /// From now on the provider answers as it should.
    pub fn behave(&self) {
        self.give_out(&sign(&self.claims()));
        let more = json!({"sub": "mallory", "name": "Mallory of userinfo"});
        self.fake.answer(USERINFO, Reply::json(&more));
    }

    /// From now on the token endpoint gives out this ID token.
    pub fn give_out(&self, id_token: &str) {
        self.fake.answer(TOKEN, Reply::json(&self.response(id_token)));
    }

    /// The claims of an ID token as it should be. Each provider has people of its own.
    pub fn claims(&self) -> Value {
        let mut claims = self.fake.claims(&self.nonce);
        claims["email"] = format!("mallory@{}.example", self.name).into();
        claims["auth_time"] = claims["iat"].clone();
        claims
    }

    /// A token response as it should be.
    pub fn response(&self, id_token: &str) -> Value {
        json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300, "id_token": id_token})
    }

    /// The parameters of an answer as it should be: with what was asked for, and `iss` where that is announced.
    pub fn parameters(&self) -> Pairs {
        let brought = match self.brings_token {
            true => ("id_token", sign(&self.claims())),
            false => ("code", CODE.to_owned()),
        };
        let iss = self.fake.announces("authorization_response_iss_parameter_supported");
        let iss = iss.then(|| ("iss", self.fake.issuer.clone()));
        [("state", self.state.clone()), brought].into_iter().chain(iss).collect()
    }

    /// What the browser brings when all is well.
    pub fn right(&self) -> Bring {
        if self.by_form { Bring::Form(self.parameters()) } else { Bring::Query(self.parameters()) }
    }

    pub async fn bring(&self, bring: Bring) -> Answer {
        let encoded = |pairs| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        match bring {
            Bring::Query(pairs) => self.visitor.get(&format!("{}?{}", self.redirect_uri, encoded(pairs))).await,
            Bring::Form(pairs) => {
                let body = Some(encoded(pairs));
                self.visitor.request(Method::POST, &self.redirect_uri, HeaderMap::new(), body).await
            }
            Bring::Request(method, address, headers, body) => {
                let parsed = |(name, value): (&'static str, String)| {
                    (name.parse().expect("a name"), value.parse().expect("a value"))
                };
                let headers = headers.into_iter().map(parsed).collect();
                self.visitor.request(method, &address, headers, body).await
            }
        }
    }
}
