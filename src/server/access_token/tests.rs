use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use secrecy::ExposeSecret;

use super::*;
use crate::{
    domain::{
        Claims,
        organization::TokenPolicy,
        outcome::outcome,
        table::Published,
        testing::{login, organization},
    },
    oidc::{EgressPolicy, Outbound, Remote},
    server::seal::Sealer,
    store::testing::Files,
};

async fn server(files: &Files) -> Server {
    let store = files.open().await.unwrap();
    let sealer = Arc::new(Sealer::load(&*store, Timestamp::now()).await.unwrap());
    let policy = EgressPolicy { allow: Vec::new(), allow_http: false };
    let remote = Arc::new(Remote::new(Outbound::new(policy).unwrap()));
    Server::new(Arc::new(Published::default()), store, sealer, remote, None, Vec::new(), true)
}

/// The claims of a token, as an application reads them: it knows the issuer's keys, and that the token is for itself.
fn read(
    token: &AccessToken,
    keys: &KeySet,
    audience: &str,
    now: Timestamp,
) -> Result<Claims, jsonwebtoken::errors::Error> {
    let token = token.token.expose_secret();
    let header = decode_header(token)?;
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::ES256, Some("at+jwt")));
    let set: JwkSet = serde_json::from_value(keys.published(now)).unwrap();
    let jwk = set.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.leeway = 0;
    validation.set_issuer(&["https://sso.example/o/acme"]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    Ok(decode(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation)?.claims)
}

#[tokio::test]
async fn an_access_token_says_who_somebody_is_and_no_two_are_the_same() {
    let files = Files::new();
    let server = server(&files).await;
    let tokens = TokenPolicy { audience: Some("https://api.example".into()), ..organization().tokens };
    let organization = Organization { tokens, ..organization() };
    let outcome = outcome(&login("ada").user, &[], &organization, "azure");
    let now = Timestamp::now();
    let give = || server.access_token(&organization, &outcome, "cli", Timestamp::MAX, now);
    let (token, other) = (give().await.unwrap(), give().await.unwrap());
    assert_eq!(token.expires_at.as_second(), now.as_second() + 600);

    let keys = server.signing_keys(&organization.key, now).await.unwrap();
    let claims = read(&token, &keys, "https://api.example", now).unwrap();
    assert_eq!((&claims["sub"], &claims["client_id"]), (&outcome.id.to_string().into(), &"cli".into()));
    assert_eq!(claims["exp"], token.expires_at.as_second());
    assert_ne!(claims["jti"], read(&other, &keys, "https://api.example", now).unwrap()["jti"]);
    assert!(read(&token, &keys, "https://other.example", now).is_err());
    assert!(!format!("{token:?}").contains(&token.token.expose_secret()[..10]));
}

#[tokio::test]
async fn an_access_token_is_not_good_for_longer_than_what_it_was_given_out_for() {
    let files = Files::new();
    let server = server(&files).await;
    let organization = organization();
    let outcome = outcome(&login("ada").user, &[], &organization, "azure");
    let now = Timestamp::now();
    for (not_after, expected) in [(300, 300), (-1, -1)] {
        let not_after = now + SignedDuration::from_secs(not_after);
        let token = server.access_token(&organization, &outcome, "cli", not_after, now).await.unwrap();
        assert_eq!(token.expires_at.as_second(), now.as_second() + expected);
        let keys = server.signing_keys(&organization.key, now).await.unwrap();
        assert_eq!(read(&token, &keys, "https://sso.example/o/acme", now).is_ok(), expected > 0);
    }
}

#[tokio::test]
async fn without_a_key_there_is_no_token_until_the_store_answers() {
    let files = Files::new();
    let server = server(&files).await;
    let organization = organization();
    let outcome = outcome(&login("ada").user, &[], &organization, "azure");
    let mut stranger = files.stranger().await;
    sqlx::query("ALTER TABLE keys RENAME TO away").execute(&mut stranger).await.unwrap();
    let give = || server.access_token(&organization, &outcome, "cli", Timestamp::MAX, Timestamp::now());
    assert!(give().await.is_err());
    sqlx::query("ALTER TABLE away RENAME TO keys").execute(&mut stranger).await.unwrap();
    assert!(give().await.is_ok());
}
