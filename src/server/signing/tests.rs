use std::collections::HashSet;

use futures::future::join_all;
use jiff::SignedDuration;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet, ThumbprintHash},
};
use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::{
    domain::{
        Claims,
        testing::{at, organization_key},
    },
    store::testing::Files,
};

const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;

async fn opened() -> (Files, Arc<dyn Store>) {
    let files = Files::new();
    let store = files.open().await.unwrap();
    (files, store)
}

fn acme() -> OrganizationKey {
    organization_key("acme")
}

/// What the keys say at a time: which signs, and which are published.
fn said(keys: &KeySet, now: Timestamp) -> (String, Vec<String>) {
    let published: JwkSet = serde_json::from_value(keys.published(now)).unwrap();
    let kids = published.keys.into_iter().map(|jwk| jwk.common.key_id.unwrap()).collect();
    (keys.signer(now).unwrap().kid.clone(), kids)
}

fn signed(keys: &KeySet, now: Timestamp) -> SecretString {
    let claims = Claims::from_iter([("sub".to_owned(), json!("ada"))]);
    keys.signer(now).unwrap().sign(&claims).unwrap()
}

/// As a library that is not ours verifies it, from the published keys alone.
fn verifies(token: &SecretString, published: Value) -> bool {
    let token = token.expose_secret();
    let header = decode_header(token).unwrap();
    let set: JwkSet = serde_json::from_value(published).unwrap();
    let Some(jwk) = set.find(&header.kid.unwrap()) else { return false };
    let mut validation = Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    decode::<Claims>(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation).is_ok()
}

#[tokio::test]
async fn another_library_verifies_what_a_key_signs_by_its_published_half() {
    let (_files, store) = opened().await;
    let keys = SigningKeys::default().of(&*store, &acme(), at(0)).await.unwrap();
    let published = keys.published(at(0));
    let jwk: Jwk = serde_json::from_value(published["keys"][0].clone()).unwrap();
    assert_eq!(jwk.common.key_id.as_ref(), jwk.thumbprint(ThumbprintHash::SHA256).ok().as_ref());
    assert_eq!(published["keys"][0].as_object().unwrap().len(), 7, "nothing of the private key: {published}");
    let token = signed(&keys, at(0));
    let header = decode_header(token.expose_secret()).unwrap();
    assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), Algorithm::ES256));
    assert!(verifies(&token, published));
}

#[tokio::test]
async fn keys_are_made_at_first_use_for_one_organization_and_stay_across_restarts() {
    let (_files, store) = opened().await;
    let ours = SigningKeys::default();
    ours.rotate(&*store, at(0)).await.unwrap();
    assert!(ours.known(&acme()).is_none(), "nobody has needed one");
    let first = ours.of(&*store, &acme(), at(0)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &ours.of(&*store, &acme(), at(1)).await.unwrap()));
    let other = ours.of(&*store, &organization_key("globex"), at(1)).await.unwrap();
    assert_ne!(said(&first, at(1)), said(&other, at(1)));

    let restarted = SigningKeys::default();
    restarted.rotate(&*store, at(2)).await.unwrap();
    assert_eq!(said(&restarted.known(&acme()).unwrap(), at(2)), said(&first, at(2)));
    assert!(verifies(&signed(&first, at(1)), restarted.known(&acme()).unwrap().published(at(2))));
}

#[tokio::test]
async fn replicas_that_make_the_first_key_at_once_sign_with_the_same_one() {
    let (files, store) = opened().await;
    let replicas: Vec<_> = (0..8).map(|_| SigningKeys::default()).collect();
    let stores: Vec<_> = join_all((0..8).map(|_| files.open())).await.into_iter().map(Result::unwrap).collect();
    let acme = acme();
    let first = replicas.iter().zip(&stores).map(|(replica, store)| replica.of(&**store, &acme, at(0)));
    let all: HashSet<_> = join_all(first).await.into_iter().map(|keys| said(&keys.unwrap(), at(0))).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(store.keys(&KeyPurpose::Signing(acme)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_key_is_published_a_day_before_it_signs_and_an_old_one_a_day_after() {
    let (_files, store) = opened().await;
    let (ours, theirs) = (SigningKeys::default(), SigningKeys::default());
    let first = ours.of(&*store, &acme(), at(0)).await.unwrap();
    let token = signed(&first, at(0));
    for (hours, published, by_the_first, good) in [
        (30 * 24 - 1, 1, true, true),
        (30 * 24, 2, true, true),
        (31 * 24 - 1, 2, true, true),
        (31 * 24, 2, false, true),
        (32 * 24, 2, false, true),
        (32 * 24 + 1, 1, false, false),
    ] {
        let now = at(hours * HOUR);
        ours.rotate(&*store, now).await.unwrap();
        theirs.rotate(&*store, now).await.unwrap();
        let (keys, others) = (ours.known(&acme()).unwrap(), theirs.known(&acme()).unwrap());
        let (signer, kids) = said(&keys, now);
        assert_eq!((&signer, &kids), (&said(&others, now).0, &said(&others, now).1), "hour {hours}");
        assert_eq!(kids.len(), published, "hour {hours}");
        assert_eq!(store.keys(&KeyPurpose::Signing(acme())).await.unwrap().len(), published, "hour {hours}");
        assert_eq!(signer == said(&first, at(0)).0, by_the_first, "hour {hours}");
        assert_eq!(verifies(&token, others.published(now)), good, "hour {hours}");
        assert!(verifies(&signed(&keys, now), others.published(now)), "hour {hours}");
    }
}

#[tokio::test]
async fn while_the_store_is_down_what_is_known_goes_on_and_first_use_fails() {
    let (files, store) = opened().await;
    let keys = SigningKeys::default();
    let first = keys.of(&*store, &acme(), at(0)).await.unwrap();
    sqlx::query("DROP TABLE keys").execute(&mut files.stranger().await).await.unwrap();
    assert!(keys.rotate(&*store, at(30 * DAY)).await.is_err());
    let known = keys.of(&*store, &acme(), at(40 * DAY)).await.unwrap();
    assert_eq!(said(&known, at(40 * DAY)), said(&first, at(0)));
    assert!(keys.of(&*store, &organization_key("globex"), at(40 * DAY)).await.is_err());
}

#[tokio::test]
async fn a_clock_that_is_set_back_leaves_a_key_that_signs_and_is_published() {
    let (_files, store) = opened().await;
    let keys = SigningKeys::default();
    for days in [0, 30, 31, 25, 0, -10, 31, 62] {
        let now = at(0) + SignedDuration::from_hours(24 * days);
        keys.of(&*store, &acme(), now).await.unwrap();
        keys.rotate(&*store, now).await.unwrap();
        let (signer, kids) = said(&keys.known(&acme()).unwrap(), now);
        assert!(kids.contains(&signer), "day {days}");
    }
    assert!(store.keys(&KeyPurpose::Signing(acme())).await.unwrap().len() <= 3);
}
