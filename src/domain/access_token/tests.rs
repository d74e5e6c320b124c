use std::time::Duration;

use serde_json::json;

use super::*;
use crate::domain::{
    grant::Granted,
    organization::TokenPolicy,
    outcome::outcome,
    testing::{at, login, organization},
};

const SECOND: i64 = 1000;

fn with(audience: Option<&str>, lifetime: u64) -> Organization {
    let tokens = TokenPolicy { audience: audience.map(str::to_owned), lifetime: Duration::from_secs(lifetime) };
    Organization { tokens, ..organization() }
}

fn told(organization: &Organization, outcome: &Outcome) -> Claims {
    let (client_id, id) = ("cli", Uuid::from_u128(7));
    let issue = Issue { organization, client_id, issued_at: at(1500), expires_at: at(600 * SECOND), id };
    claims(&issue, outcome)
}

#[test]
fn a_token_is_good_for_as_long_as_the_organization_has_it_and_never_past_what_it_comes_from() {
    let organization = with(None, 600);
    for (now, not_after, expected) in [
        (0, 3600 * SECOND, 600 * SECOND),
        (1999, 3600 * SECOND, 601 * SECOND),
        (0, 600 * SECOND, 600 * SECOND),
        (0, 599 * SECOND + 999, 599 * SECOND),
        (0, 1, 0),
        (10 * SECOND, 5 * SECOND, 5 * SECOND),
    ] {
        assert_eq!(expires_at(&organization, at(not_after), at(now)), at(expected), "{now} {not_after}");
    }
    assert_eq!(expires_at(&organization, Timestamp::MAX, Timestamp::MAX).as_second(), Timestamp::MAX.as_second());
}

#[test]
fn it_is_for_whom_the_organization_says_else_for_the_organization_itself() {
    let outcome = outcome(&login("ada").user, &[], &organization(), "azure");
    for (audience, expected) in
        [(None, "https://sso.example/o/acme"), (Some("https://api.example"), "https://api.example")]
    {
        let claims = told(&with(audience, 600), &outcome);
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://sso.example/o/acme"), &json!(expected)));
    }
}

#[test]
fn of_somebody_of_whom_little_is_known_little_is_told() {
    let user = login("ada").user;
    let claims = told(&organization(), &outcome(&user, &[Granted::Role("viewer".into())], &organization(), "azure"));
    let expected = json!({
        "iss": "https://sso.example/o/acme",
        "sub": user.id,
        "aud": "https://sso.example/o/acme",
        "client_id": "cli",
        "iat": at(0).as_second() + 1,
        "exp": at(0).as_second() + 600,
        "jti": "00000000-0000-0000-0000-000000000007",
        "id": user.id,
        "preferred_username": "ada",
        "userName": "ada",
        "email": "ada@example.com",
        "email_verified": true,
        "emailVerified": true,
        "organization": "acme",
        "provider": "azure",
        "roles": ["viewer"],
        "groups": [],
        "administrator": false,
        "attributes": {},
    });
    assert_eq!(Value::Object(claims), expected);
}

#[test]
fn every_outcome_is_told_under_its_own_name_and_the_registered_one() {
    let known = Outcome {
        full_name: Some("Ada Lovelace".into()),
        given_name: Some("Ada".into()),
        family_name: Some("Lovelace".into()),
        language: Some("en".into()),
        time_zone: Some("Europe/London".into()),
        culture: Some("en-GB".into()),
        locale: Some("en-GB".into()),
        picture: Some("https://example.com/ada.png".into()),
        profile: Some("https://example.com/ada".into()),
        gender: Some("female".into()),
        attributes: [("title".to_owned(), json!("Countess")), ("iss".to_owned(), json!("https://evil.example"))].into(),
        ..outcome(&login("ada").user, &[Granted::Group("staff".into())], &organization(), "azure")
    };
    let claims = told(&organization(), &known);
    let Ok(Value::Object(outcome)) = serde_json::to_value(&known) else { panic!("an object") };
    for (name, value) in &outcome {
        assert_eq!(claims.get(name), Some(value), "{name}");
    }
    for (ours, registered) in REGISTERED {
        assert_eq!(claims.get(registered), Some(&outcome[ours]), "{registered}");
    }
    assert_eq!(claims["iss"], "https://sso.example/o/acme", "an attribute is no claim of its own");
    assert_eq!(claims.len(), 7 + outcome.len() + REGISTERED.len());
}
