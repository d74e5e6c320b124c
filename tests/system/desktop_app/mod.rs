//! The example of a desktop application, by its own files: the application in Node, the API in Python, and the manifests,
//! with the certified provider and somebody who signs in there.

mod checks;
mod example;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use self::example::{Example, folder};
use crate::support::{ended::Ended, latchkey::command, visitor::Visitor};

/// What the API must say to a token that does not count.
async fn must_not_count(what: &str, example: &Example, token: &str) {
    let answer = example.ask("/me", &format!("Bearer {token}")).await;
    assert_eq!((answer.status, answer.json()), (401, json!({"error": "invalid_token"})), "{what}");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{what}");
}

#[tokio::test]
async fn the_application_signs_people_in_and_the_api_knows_who_they_are_and_what_they_may() {
    let example = Example::start().await;
    let alice = example.run("/me", "alice").await;
    assert_eq!(alice.status, 0, "{alice:?}");
    let me = alice.json();
    assert_eq!(
        (&me["fullName"], &me["roles"], &me["client_id"]),
        (&json!("Alice Archer"), &json!(["admin", "viewer"]), &json!("desktop-app"))
    );
    let again = example.run("/me", "alice").await.json();
    assert_eq!(again["sub"], me["sub"], "she is the same person");
    let admin = example.run("/admin", "alice").await;
    assert_eq!(admin.json(), json!({"message": "Hello alice, this is for administrators."}));
    let bob = example.run("/me", "bob").await.json();
    assert_eq!((&bob["fullName"], &bob["roles"]), (&json!("Bob Baker"), &json!(["viewer"])));
    let refused = example.run("/admin", "bob").await;
    assert!(refused.status == 1 && refused.out.is_empty(), "{refused:?}");
    assert!(refused.err.contains("the API answers with 403: {\"error\":\"insufficient_scope\"}"), "{refused:?}");
}

#[tokio::test]
async fn the_api_takes_nothing_but_an_access_token_as_it_was_given_out() {
    let example = Example::start().await;
    let none = Visitor::new().get(&format!("{}/me", example.api)).await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Bearer")));
    let token = example.run("token", "alice").await.out.trim().to_owned();
    let answer = example.ask("/me", &format!("Bearer {token}")).await;
    assert_eq!((answer.status, &answer.json()["fullName"]), (200, &json!("Alice Archer")));
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts: {}", parts.len()) };
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON");
    claims["fullName"] = json!("Mallory");
    let other = URL_SAFE_NO_PAD.encode(claims.to_string());
    must_not_count("a token with another name", &example, &format!("{header}.{other}.{signature}")).await;
    let unsigned = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt"}).to_string());
    must_not_count("a token without a signature", &example, &format!("{unsigned}.{payload}.")).await;
    must_not_count("half a token", &example, &token[..token.len() / 2]).await;
    must_not_count("the provider's own ID token", &example, &example.id_token("alice").await).await;
    must_not_count("no token at all", &example, "").await;
}

#[tokio::test]
async fn what_latchkey_refuses_the_application_shows_with_the_reference_that_the_log_has() {
    let example = Example::start().await;
    example.latchkey.edit("provider.yaml", "spec:\n", "spec:\n  suspend: true\n").await;
    example.latchkey.wait_for_condition("identityprovider", "demo", ["Ready", "True", "Suspended"]).await;
    let refused = example.run("/me", "alice").await;
    assert!(refused.status == 1 && refused.out.is_empty(), "{refused:?}");
    let (_, rest) = refused.err.split_once("(reference ").unwrap_or_else(|| panic!("{refused:?}"));
    let reference = rest.split_once(')').expect("the end of the reference").0;
    assert!(refused.err.contains("Refused, invalid_grant: "), "{refused:?}");
    assert!(example.latchkey.log().contains(reference), "{reference}");
}

#[tokio::test]
async fn nothing_is_wrong_with_the_manifests_and_their_tests_pass() {
    let mut check = command();
    check.args(["check", "--offline"]).arg(folder().join("manifests"));
    let checked = Ended::of(check, "").await;
    assert_eq!(checked.status, 0, "{checked:?}");
}
