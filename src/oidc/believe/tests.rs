use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{Json, Router, extract::State, http::HeaderMap, routing::get};
use serde_json::{Value, json};

use super::*;
use crate::{
    domain::{signing_algorithm::SigningAlgorithm::RS256, testing::claims},
    oidc::testing::{ISSUER, Issuer, keys_of, outbound, relation, secret, serve},
};

const NONCE: &str = "n-0S6_WzA2Mj";

/// A provider that counts who asks for its keys, and has a signed userinfo that takes a while.
struct Provider {
    keys_asked: AtomicUsize,
    keys: Vec<Value>,
}

impl Provider {
    async fn start(keys: Vec<Value>) -> (Arc<Self>, Relation) {
        let provider = Arc::new(Self { keys_asked: AtomicUsize::new(0), keys });
        let router = Router::new()
            .route("/jwks", get(Self::answer_keys))
            .route("/userinfo", get(Self::userinfo))
            .with_state(provider.clone());
        let base = serve(router).await;
        let relation = relation(&base, crate::domain::relation::Credential::None);
        (provider, relation)
    }

    async fn answer_keys(State(provider): State<Arc<Self>>) -> Json<Value> {
        provider.keys_asked.fetch_add(1, Ordering::SeqCst);
        Json(json!({"keys": provider.keys}))
    }

    /// Issued more than a second after it was asked for.
    async fn userinfo(headers: HeaderMap) -> impl axum::response::IntoResponse {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let issuer = format!("http://{}/", headers["host"].to_str().expect("text"));
        let iat = Timestamp::now().as_second();
        let said = json!({"iss": issuer, "aud": "s6BhdRkqt3", "sub": "24400320", "name": "Jane", "iat": iat});
        ([("content-type", "application/jwt")], signed(&ISSUER, "rsa", said))
    }

    fn keys_asked(&self) -> usize {
        self.keys_asked.load(Ordering::SeqCst)
    }
}

fn signed(issuer: &Issuer, kid: &str, claims: Value) -> String {
    issuer.sign(RS256, &json!({"alg": "RS256", "kid": kid}).to_string(), &claims.to_string())
}

/// By which tokens are believed, to be changed.
fn tokens_of(relation: &mut Relation) -> &mut TokenRules {
    &mut Arc::make_mut(&mut relation.authority).tokens
}

fn usual(relation: &Relation) -> Value {
    let now = Timestamp::now().as_second();
    json!({"iss": relation.authority.issuer, "aud": relation.client_id, "sub": "24400320", "nonce": NONCE, "iat": now, "exp": now + 60})
}

fn id_token() -> Claims {
    claims(json!({"sub": "24400320", "nonce": NONCE}))
}

async fn verify(remote: &Remote, relation: &Relation, raw: String) -> Result<Claims, BeliefError> {
    let login = AtLogin { nonce: NONCE, access_token: None, code: None, authenticated_since: None };
    remote.id_token(relation, &raw.into(), Via::TokenEndpoint, &login).await
}

#[tokio::test]
async fn signed_userinfo_is_not_from_the_future_however_long_it_took() {
    let (_provider, relation) = Provider::start(ISSUER.jwks()).await;
    let remote = Remote::new(outbound());
    let endpoint = relation.authority.tokens.jwks_uri.as_ref().expect("a URL").join("userinfo").expect("a URL");
    let claims = remote.userinfo(&relation, &endpoint, &secret("at"), &id_token()).await.expect("claims");
    assert_eq!(claims["name"], "Jane");
}

#[tokio::test]
async fn what_the_keys_of_the_manifest_verify_waits_for_no_others() {
    let (provider, mut relation) = Provider::start(ISSUER.jwks()).await;
    let thief = Issuer::new();
    tokens_of(&mut relation).public_keys = keys_of(&thief).into_iter().take(1).collect();
    let remote = Remote::new(outbound());
    verify(&remote, &relation, signed(&thief, "whatever", usual(&relation))).await.expect("believed");
    assert_eq!(provider.keys_asked(), 0);
    verify(&remote, &relation, signed(&ISSUER, "rsa", usual(&relation))).await.expect("believed");
    assert_eq!(provider.keys_asked(), 1, "asked for what those do not verify");
}

#[tokio::test]
async fn where_there_are_no_keys_nothing_is_believed_but_what_comes_straight_if_that_is_allowed() {
    let (_provider, mut relation) = Provider::start(ISSUER.jwks()).await;
    tokens_of(&mut relation).jwks_uri = None;
    let remote = Remote::new(outbound());
    let token = signed(&ISSUER, "rsa", usual(&relation));
    assert_eq!(verify(&remote, &relation, token.clone()).await, Err(BeliefError::NoKeys));
    tokens_of(&mut relation).unsigned_from_token_endpoint = true;
    assert!(verify(&remote, &relation, token.clone()).await.is_ok());
    let login = AtLogin { nonce: NONCE, access_token: None, code: None, authenticated_since: None };
    let posted = remote.id_token(&relation, &token.into(), Via::Browser, &login).await;
    assert_eq!(posted, Err(BeliefError::NoKeys), "a browser can bring anything");
}

#[tokio::test]
async fn keys_are_asked_for_anew_only_for_an_access_token_that_could_count() {
    let (provider, relation) = Provider::start(ISSUER.jwks()).await;
    let remote = Remote::new(outbound());
    let access_token = async |raw: String| remote.access_token(&relation, &raw.into(), &id_token()).await;
    let others = claims(usual(&relation)).into_iter().chain([("iss".to_owned(), json!("https://graph.example"))]);
    for raw in ["opaque".to_owned(), signed(&ISSUER, "new", others.collect::<Claims>().into())] {
        assert!(access_token(raw).await.is_err());
    }
    assert_eq!(provider.keys_asked(), 0);
    assert!(access_token(signed(&ISSUER, "rsa", usual(&relation))).await.is_ok());
    assert_eq!(provider.keys_asked(), 1);
    assert!(access_token(signed(&ISSUER, "new", usual(&relation))).await.is_err());
    assert_eq!(provider.keys_asked(), 2);
}
