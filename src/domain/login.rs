//! From verified claims to a user: each step a pure function over the one before.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Claims,
    email::canonical_address,
    mapper::{self, Mapper},
    organization::OrganizationKey,
    provider::{ClaimNames, Provider},
    provider_session::ProviderSession,
    table::LoginTable,
    trust::{self, Found, Known, Refusal},
    user::{Grant, IdToken, IdpUser, Link, LoginRecord, Session, SessionId, User, UserId},
};

/// The longest identifier or name that is taken from a claim, in bytes.
const MAX_TEXT: usize = 255;
/// More groups than this are not looked at.
const MAX_GROUPS: usize = 10_000;

/// Why claims do not make a user. Messages name the claim, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    #[error(
        "the claim {claim:?}, which claims.userID names, is absent, empty, longer than 255 bytes, has control characters, or is neither text nor a whole number"
    )]
    UserId { claim: String },
    #[error(
        "the claim {claim:?}, which claims.userName names, is absent, empty, longer than 255 bytes, has control characters, or is not text"
    )]
    UserName { claim: String },
}

/// Reads a person from the claims.
///
/// # Errors
/// When there is no usable user ID, or no text in the claim that is to be the user name.
pub fn identify(claims: &Claims, names: &ClaimNames) -> Result<IdpUser, ClaimsError> {
    let external_id = claims
        .get(&names.user_id)
        .and_then(identifier)
        .ok_or_else(|| ClaimsError::UserId { claim: names.user_id.clone() })?;
    let email = text(claims, &names.email).and_then(|address| canonical_address(&address));
    let user_name = match &names.user_name {
        Some(claim) => text(claims, claim).ok_or_else(|| ClaimsError::UserName { claim: claim.clone() })?,
        None => {
            let preferred = names.preferred_user_name.as_ref().and_then(|claim| text(claims, claim));
            preferred.or_else(|| email.clone()).unwrap_or_else(|| external_id.clone())
        }
    };
    Ok(IdpUser {
        email_verified: email.is_some() && claims.get(&names.email_verified).is_some_and(is_true),
        full_name: text(claims, &names.full_name),
        groups: names.groups.as_ref().and_then(|claim| claims.get(claim)).map(group_names).unwrap_or_default(),
        external_id,
        user_name,
        email,
    })
}

/// Identifies a person as it is: white space around it is a part of it.
fn identifier(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => fits(text).then(|| text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// Text with something in it, without white space around it and control characters.
fn text(claims: &Claims, name: &str) -> Option<String> {
    let text = claims.get(name)?.as_str()?.trim();
    fits(text).then(|| text.to_owned())
}

fn fits(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

/// Some providers send the text "true".
fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("true")
}

fn group_names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => {
            let names: BTreeSet<_> = names.iter().take(MAX_GROUPS).filter_map(Value::as_str).collect();
            names.into_iter().map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// What a login knows once the provider's answer is verified.
pub struct Verified<'a> {
    pub table: &'a LoginTable,
    pub provider: &'a Provider,
    pub issuer: &'a str,
    pub claims: Claims,
    pub person: IdpUser,
    /// The session at the provider, and the ID token that tells of it.
    pub at_provider: ProviderSession,
    pub id_token: IdToken,
}

/// What only the caller can make: identifiers from randomness, and the time.
pub struct Fresh {
    /// The ID of the user, should the person be new.
    pub user_id: UserId,
    pub session_id: SessionId,
    pub now: Timestamp,
}

/// The link by which a person is known.
pub fn link(organization: &OrganizationKey, issuer: &str, person: &IdpUser) -> Link {
    Link { organization: organization.clone(), issuer: issuer.to_owned(), external_id: person.external_id.clone() }
}

/// What a provider's mappers give to the person of these claims; None when the claims describe nobody.
pub fn grants(names: &ClaimNames, mappers: &[Arc<Mapper>], claims: &Claims) -> Option<Vec<Grant>> {
    let person = identify(claims, names).ok()?;
    Some(mapper::evaluate(mappers, claims, &person))
}

/// Decides what a login writes.
///
/// # Errors
/// The provider may not sign this person in, or not as who they are there.
pub fn decide(verified: Verified<'_>, known: Known, fresh: Fresh) -> Result<LoginRecord, Refusal> {
    let Verified { table, provider, issuer, claims, person, at_provider, id_token } = verified;
    trust::admit(&person, provider, table)?;
    if let Some(linked) = &known.linked {
        trust::admit_linked(linked, provider, table)?;
    }
    let found = trust::find(&person, &provider.trust, known)?;
    let organization = &provider.organization;
    let user = User {
        organization: organization.clone(),
        user_name: trust::user_name(&person.user_name, provider, table)?,
        full_name: person.full_name.clone(),
        email: person.email.clone(),
        email_verified: person.email_verified,
        id: match &found {
            Found::New => fresh.user_id,
            Found::Linked(user) | Found::ByAddress(user) => user.id,
        },
    };
    let session = Session {
        id: fresh.session_id,
        organization: organization.clone(),
        user: user.id,
        provider_uid: provider.uid.clone(),
        provider_key: provider.key.clone(),
        started_at: fresh.now,
        last_used_at: fresh.now,
        at_provider: Some(at_provider),
    };
    Ok(LoginRecord {
        user,
        link: link(organization, issuer, &person),
        found_by_address: matches!(found, Found::ByAddress(_)),
        grants: mapper::evaluate(table.mappers_of(&provider.uid), &claims, &person),
        claims,
        keep: table.keep(&provider.uid),
        mark: table.mark(&provider.uid).unwrap_or_default(),
        session,
        id_token,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::testing::{claim_names as names, claims};

    #[test]
    fn the_user_name_falls_back_to_the_address_and_then_to_the_user_id() {
        for (given, expected) in [
            (json!({"sub": "1", "preferred_username": "ann", "email": "a@example.com"}), "ann"),
            (json!({"sub": "1", "email": "A@Example.com"}), "a@example.com"),
            (json!({"sub": "1", "email": "nonsense"}), "1"),
        ] {
            assert_eq!(identify(&claims(given), &names()).expect("a person").user_name, expected);
        }
    }

    #[test]
    fn a_person_without_a_usable_user_id_is_refused() {
        for given in
            [json!({}), json!({"sub": ""}), json!({"sub": ["1"]}), json!({"sub": 1.5}), json!({"sub": "x".repeat(256)})]
        {
            assert_eq!(identify(&claims(given), &names()), Err(ClaimsError::UserId { claim: "sub".into() }));
        }
    }

    #[test]
    fn control_characters_make_no_user_id_name_or_address() {
        for control in ["\u{0}", "\n", "\t", "\u{7f}", "\u{85}"] {
            let odd = format!("an{control}n");
            let refused = identify(&claims(json!({ "sub": odd })), &names());
            assert_eq!(refused, Err(ClaimsError::UserId { claim: "sub".into() }), "{odd:?}");

            let by_login = ClaimNames { user_name: Some("login".into()), ..names() };
            let refused = identify(&claims(json!({"sub": "1", "login": odd})), &by_login);
            assert_eq!(refused, Err(ClaimsError::UserName { claim: "login".into() }), "{odd:?}");

            let given = json!({
                "sub": "1", "preferred_username": odd, "name": odd, "email": format!("{odd}@example.com"),
            });
            let person = identify(&claims(given), &names()).expect("a person");
            assert_eq!((&*person.user_name, person.full_name, person.email), ("1", None, None), "{odd:?}");

            let domain = json!({"sub": "1", "email": format!("ann@exam{control}ple.com")});
            assert_eq!(identify(&claims(domain), &names()).expect("a person").email, None, "{odd:?}");
        }
    }

    #[test]
    fn a_user_id_keeps_the_white_space_that_makes_it_another() {
        for id in ["ann", " ann", "ann "] {
            assert_eq!(identify(&claims(json!({ "sub": id })), &names()).expect("a person").external_id, id);
        }
    }

    #[test]
    fn a_configured_user_name_claim_must_be_there() {
        let names = ClaimNames { user_name: Some("login".into()), ..names() };
        let refused = identify(&claims(json!({"sub": "1", "preferred_username": "ann"})), &names);
        assert_eq!(refused, Err(ClaimsError::UserName { claim: "login".into() }));
    }

    #[test]
    fn groups_are_an_array_or_one_name() {
        for (given, expected) in [
            (json!({"sub": "1", "groups": ["b", "a", "b", 7]}), vec!["a", "b"]),
            (json!({"sub": "1", "groups": "a"}), vec!["a"]),
            (json!({"sub": "1", "groups": {"a": true}}), vec![]),
        ] {
            assert_eq!(identify(&claims(given), &names()).expect("a person").groups, expected);
        }
    }

    #[test]
    fn verified_means_true_or_the_text_true() {
        for (flag, expected) in [(json!(true), true), (json!("true"), true), (json!("yes"), false), (json!(1), false)] {
            let person =
                identify(&claims(json!({"sub": "1", "email": "a@b.example", "email_verified": flag})), &names());
            assert_eq!(person.expect("a person").email_verified, expected);
        }
    }
}
