//! Many issuers of the tests' own at one address, over real HTTP. Whoever signs in is who the code says, so that many
//! logins at one moment do not mix.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use super::{
    fake::{Reply, keys, sign, tokens},
    latchkey::Latchkey,
    provider::CLIENT_ID,
    recorded::Recorded,
    visitor::{Answer, Visitor},
};

/// The issuers, each at a path of its own.
pub struct Issuers {
    base: String,
    codes: Arc<Codes>,
}

#[derive(Default)]
struct Codes {
    given_out: Mutex<HashMap<String, Coded>>,
    next: AtomicU32,
}

/// What a code is good for.
#[derive(Clone)]
struct Coded {
    id_token: String,
    held: Option<(watch::Sender<bool>, watch::Receiver<bool>)>,
}

/// A login whose ID token is not given out yet.
pub struct Held {
    asked: watch::Receiver<bool>,
    release: watch::Sender<bool>,
}

impl Held {
    /// Waits until Latchkey has brought the code.
    pub async fn asked(&mut self) {
        self.asked.wait_for(|asked| *asked).await.expect("the issuers run");
    }

    /// Gives out the ID token.
    pub fn release(&self) {
        self.release.send_replace(true);
    }
}

impl Issuers {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let codes = Arc::<Codes>::default();
        let router = Router::new().fallback(answer).with_state((base.clone(), codes.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, codes }
    }

    /// The issuer of this name, which is a segment of a path.
    pub fn issuer(&self, name: &str) -> String {
        format!("{}/{name}", self.base)
    }

    /// A login at an issuer by the provider `key`, up to the answer of the issuer, which the visitor has still to bring.
    pub async fn prepared(
        &self,
        visitor: &Visitor,
        latchkey: &Latchkey,
        key: &str,
        issuer: &str,
        claims: &Value,
    ) -> String {
        self.coded(visitor, latchkey, key, issuer, claims, None).await
    }

    /// As `prepared`; the token endpoint answers only once it may.
    pub async fn prepared_to_be_held(
        &self,
        visitor: &Visitor,
        latchkey: &Latchkey,
        key: &str,
        issuer: &str,
        claims: &Value,
    ) -> (String, Held) {
        let (asks, asked) = watch::channel(false);
        let (release, released) = watch::channel(false);
        let callback = self.coded(visitor, latchkey, key, issuer, claims, Some((asks, released))).await;
        (callback, Held { asked, release })
    }

    async fn coded(
        &self,
        visitor: &Visitor,
        latchkey: &Latchkey,
        key: &str,
        issuer: &str,
        claims: &Value,
        held: Option<(watch::Sender<bool>, watch::Receiver<bool>)>,
    ) -> String {
        let begun = visitor.begin(latchkey, key).await;
        let now = jiff::Timestamp::now().as_second();
        let mut all = json!({
            "iss": self.issuer(issuer), "aud": CLIENT_ID, "nonce": begun.nonce, "iat": now, "exp": now + 300
        });
        let told = claims.as_object().expect("claims").clone();
        all.as_object_mut().expect("claims").extend(told.into_iter().filter(|(_, value)| !value.is_null()));
        let code = format!("code-{}", self.codes.next.fetch_add(1, Ordering::Relaxed));
        let coded = Coded { id_token: sign(&all), held };
        self.codes.given_out.lock().expect("the codes").insert(code.clone(), coded);
        begun.callback.replace("code=m4rk", &format!("code={code}"))
    }

    /// A whole login; answers with what the callback said.
    pub async fn login(
        &self,
        visitor: &Visitor,
        latchkey: &Latchkey,
        key: &str,
        issuer: &str,
        claims: &Value,
    ) -> Answer {
        let callback = self.prepared(visitor, latchkey, key, issuer, claims).await;
        visitor.get(&callback).await
    }

    /// As `login`, by somebody without cookies, and it must succeed; who is signed in now, and the session.
    pub async fn signed_in(&self, latchkey: &Latchkey, key: &str, issuer: &str, claims: &Value) -> (Visitor, Value) {
        let visitor = Visitor::new();
        let answer = self.login(&visitor, latchkey, key, issuer, claims).await;
        assert!(answer.signs_in(), "{key}: {} {}", answer.status, answer.body);
        let session = visitor.session(latchkey).await.expect("a session");
        (visitor, session)
    }
}

async fn answer(State((base, codes)): State<(String, Arc<Codes>)>, request: Request) -> Response {
    let request = Recorded::read(request).await;
    let (issuer, endpoint) = request.path.rsplit_once('/').unwrap_or_default();
    let reply = match (issuer.split_once("/.well-known"), endpoint) {
        (Some((issuer, _)), "openid-configuration") => Reply::json(&discovery(&format!("{base}{issuer}"))),
        (None, "keys") => Reply::json(&keys()),
        (None, "token") => token(&request, &codes).await,
        _ => Reply::status(404, ""),
    };
    reply.into_response().expect("an answer")
}

async fn token(request: &Recorded, codes: &Codes) -> Reply {
    let code = request.form.iter().find(|(name, _)| name == "code").map(|(_, code)| code.as_str()).unwrap_or_default();
    let coded = codes.given_out.lock().expect("the codes").get(code).cloned();
    let Some(coded) = coded else { return Reply::status(400, r#"{"error":"invalid_grant"}"#) };
    if let Some((asked, mut released)) = coded.held {
        asked.send_replace(true);
        // Also when nobody is there any more who could release it.
        let _ = released.wait_for(|released| *released).await;
    }
    tokens(&coded.id_token)
}

fn discovery(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"]
    })
}
