//! A request as the page shows it: what differs from run to run is checked, and a word stands for it.

use aws_lc_rs::digest;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{
    assertion::verified,
    cases::{PREVIOUS_SECRET, SECRET},
    reasons,
};
use crate::support::recorded::Recorded;

/// Which of the provider's endpoints was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Authorization,
    PushedAuthorization,
    Token,
    Userinfo,
    /// Where a session is ended, by the browser or without it.
    EndSession,
    EndSessionByLatchkey,
}

/// What something that is sent belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The authorization request.
    Asked,
    /// What refers to one that was pushed.
    Reference,
    /// The headers of a form.
    Header,
    /// How the client shows who it is in a form.
    Shown,
    /// The exchange of a code.
    Grant,
    /// The request for userinfo.
    Bearer,
    /// The request that ends a session.
    SigningOut,
    AssertionHeader,
    AssertionClaims,
}

/// What is sent, and why.
#[derive(PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub value: String,
    pub why: &'static str,
    pub sections: &'static str,
}

/// A request that the provider got.
pub struct Sent {
    pub endpoint: Endpoint,
    /// Method and address.
    pub line: String,
    pub rows: Vec<Row>,
    /// What is in the client assertion, if there is one.
    pub assertion: Vec<Row>,
    /// What differs each time, as it was sent.
    random: Vec<(String, String)>,
}

impl PartialEq for Sent {
    /// Whether the page would show the same.
    fn eq(&self, other: &Self) -> bool {
        (&self.line, &self.rows, &self.assertion) == (&other.line, &other.rows, &other.assertion)
    }
}

impl Sent {
    /// `places`: addresses of this run, that of the provider first, and what stands for them.
    pub fn new(endpoint: Endpoint, request: &Recorded, places: &[(&str, &str)]) -> Self {
        let placed = |text: &str| places.iter().fold(text.to_owned(), |text, (place, word)| text.replace(place, word));
        let is_reference = request.query.iter().any(|(name, _)| name == "request_uri");
        let mut rows = Vec::new();
        for (name, value) in &request.headers {
            let part = if endpoint == Endpoint::Userinfo { Part::Bearer } else { Part::Header };
            let name = capitalized(name);
            rows.push(row(part, &name, format!("header `{name}`"), header(value)));
        }
        for (name, value) in request.query.iter().chain(&request.form) {
            let part = reasons::part(endpoint, is_reference, name);
            rows.push(row(part, name, format!("`{name}`"), placed(&parameter(part, name, value))));
        }
        let random = ["state", "nonce", "code_challenge", "code_verifier"];
        let random = random.into_iter().filter_map(|name| Some((name.to_owned(), request.parameter(name)?.to_owned())));
        let mut random: Vec<_> = random.collect();
        let mut assertion = Vec::new();
        if let Some([header, claims]) = request.parameter("client_assertion").map(verified) {
            random.push(("jti".to_owned(), text(&claims["jti"])));
            assertion.extend(members(Part::AssertionHeader, "header ", &header, &placed));
            assertion.extend(members(Part::AssertionClaims, "", &claims, &placed));
        }
        let line = placed(&format!("{} {}{}", request.method, places[0].0, request.path));
        Self { endpoint, line, rows, assertion, random }
    }
}

fn row(part: Part, name: &str, shown: String, value: String) -> Row {
    let (why, sections) = reasons::of(part, name);
    Row { name: shown, value, why, sections }
}

fn capitalized(header: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    header.split('-').map(capitalized).collect::<Vec<_>>().join("-")
}

fn header(value: &str) -> String {
    if let Some(pair) = value.strip_prefix("Basic ") {
        let pair = String::from_utf8(STANDARD.decode(pair).expect("base64")).expect("UTF-8");
        let (id, secret) = pair.split_once(':').expect("a pair");
        let decoded = form_urlencoded::parse(secret.as_bytes()).next().expect("a secret").0;
        return format!("Basic base64({id}:{})", word_for_secret(&decoded));
    }
    if value == "Bearer at" { "Bearer ACCESS-TOKEN".to_owned() } else { value.to_owned() }
}

fn word_for_secret(secret: &str) -> &'static str {
    match secret {
        SECRET => "SECRET",
        PREVIOUS_SECRET => "PREVIOUS-SECRET",
        _ => panic!("no secret of ours was sent"),
    }
}

fn parameter(part: Part, name: &str, value: &str) -> String {
    let random = |word: &str, bytes: usize| {
        assert_eq!(URL_SAFE_NO_PAD.decode(value).expect("base64url").len(), bytes, "{name}");
        word.to_owned()
    };
    match name {
        "state" if part == Part::SigningOut => "SEALED-STATE".to_owned(),
        "id_token_hint" => "ID-TOKEN".to_owned(),
        "state" => random("STATE", 16),
        "nonce" => random("NONCE", 16),
        "code_challenge" => random("CHALLENGE", 32),
        "code_verifier" => random("VERIFIER", 32),
        "code" => "CODE".to_owned(),
        "client_secret" => word_for_secret(value).to_owned(),
        "client_assertion" => "HEADER.CLAIMS.SIGNATURE".to_owned(),
        _ => value.to_owned(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn members(part: Part, prefix: &str, object: &Map<String, Value>, placed: &impl Fn(&str) -> String) -> Vec<Row> {
    let value = |name: &str, value: &Value| match name {
        "jti" => {
            assert_eq!(URL_SAFE_NO_PAD.decode(text(value)).expect("base64url").len(), 16);
            "JTI".to_owned()
        }
        "iat" => {
            let age = jiff::Timestamp::now().as_second() - value.as_i64().expect("a number");
            assert!((0..30).contains(&age), "made {age} seconds ago");
            "NOW".to_owned()
        }
        "exp" => {
            let life = value.as_i64().expect("a number") - object["iat"].as_i64().expect("a number");
            format!("NOW + {life}")
        }
        _ => placed(&text(value)),
    };
    let row = |(name, of): (&String, &Value)| row(part, name, format!("{prefix}`{name}`"), value(name, of));
    object.iter().map(row).collect()
}

/// What ties the requests of one login together: the challenge is the verifier's, and no assertion is used twice.
pub fn must_belong_together(requests: &[Sent]) {
    let of = |name: &str| {
        let all = requests.iter().flat_map(|request| &request.random);
        all.filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let hashed = |verifier: &String| URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    let (challenges, verifiers) = (of("code_challenge"), of("code_verifier"));
    assert!(verifiers.iter().all(|verifier| challenges == [hashed(verifier)]), "{challenges:?}, {verifiers:?}");
    assert_eq!(challenges.is_empty(), verifiers.is_empty());
    let mut ids = of("jti");
    let sent = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), sent, "an assertion was used twice");
}
