//! One set of claims about a person, of the documents that a provider gives.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Claims,
    mapper::{self, Mapper},
    provider::ClaimNames,
};

/// Whether userinfo has to be asked: a claim that the provider's manifest or its mappers read is missing.
pub fn is_incomplete(id_token: &Claims, names: &ClaimNames, mappers: &[Arc<Mapper>]) -> bool {
    [&names.user_id, &names.full_name, &names.email]
        .into_iter()
        .chain(user_name(names))
        .chain(&names.groups)
        .map(String::as_str)
        .chain(mapper::claims_read(mappers))
        .any(|name| id_token.get(name).is_none_or(Value::is_null))
}

/// Lays one document's claims over another's. The address and whether it is verified always come from the same
/// document. What is null above says nothing (OpenID Connect Core 1.0, section 5.3.2).
pub fn overlay(mut upper: Claims, lower: Claims, names: &ClaimNames) -> Claims {
    upper.retain(|_, value| !value.is_null());
    let mut merged = lower;
    if upper.contains_key(&names.email) {
        merged.remove(&names.email_verified);
    }
    let address_from_below = !upper.contains_key(&names.email) && merged.contains_key(&names.email);
    for (name, value) in upper {
        if !(address_from_below && name == names.email_verified) {
            merged.insert(name, value);
        }
    }
    merged
}

/// Userinfo, which is about the person of the ID token, with the user name of the ID token if that has one.
pub fn of_userinfo(mut id_token: Claims, userinfo: Claims, names: &ClaimNames) -> Claims {
    id_token.retain(|claim, _| {
        // An address that is the user name, too, brings along whether it is verified.
        let with_it = user_name(names) == Some(&names.email) && *claim == names.email_verified;
        user_name(names) == Some(claim) || with_it
    });
    overlay(id_token, userinfo, names)
}

/// The members of the token response, under the claims of the access token if that is known to be about the person of the
/// ID token; and always the `sub` of the ID token, by which the person is known.
pub fn of_access_token(id_token: &Claims, members: Claims, access_token: Option<Claims>, names: &ClaimNames) -> Claims {
    let mut claims = overlay(access_token.unwrap_or_default(), members, names);
    claims.insert("sub".to_owned(), id_token.get("sub").cloned().unwrap_or(Value::Null));
    claims
}

/// The claim that the user name comes from before all others.
fn user_name(names: &ClaimNames) -> Option<&String> {
    names.user_name.as_ref().or(names.preferred_user_name.as_ref())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::testing::{claim_names as names, claims};

    #[test]
    fn the_id_token_wins_over_userinfo() {
        let merged = overlay(claims(json!({"sub": "1", "name": "A"})), claims(json!({"name": "B", "x": 1})), &names());
        assert_eq!(merged, claims(json!({"sub": "1", "name": "A", "x": 1})));
    }

    #[test]
    fn an_address_is_never_verified_by_another_document() {
        let unverified = overlay(
            claims(json!({"sub": "1", "email": "a@example.com"})),
            claims(json!({"email": "b@example.com", "email_verified": true})),
            &names(),
        );
        assert_eq!(unverified, claims(json!({"sub": "1", "email": "a@example.com"})));
        let other = overlay(
            claims(json!({"sub": "1", "email_verified": true})),
            claims(json!({"email": "b@example.com"})),
            &names(),
        );
        assert_eq!(other, claims(json!({"sub": "1", "email": "b@example.com"})));
    }

    #[test]
    fn of_an_id_token_only_the_user_name_goes_before_userinfo() {
        let id_token =
            || claims(json!({"sub": "1", "name": "A", "preferred_username": "ann", "email": "a@example.com"}));
        let userinfo = || claims(json!({"sub": "1", "name": "B", "preferred_username": "bob", "email_verified": true}));
        let expected = json!({"sub": "1", "name": "B", "preferred_username": "ann", "email_verified": true});
        assert_eq!(of_userinfo(id_token(), userinfo(), &names()), claims(expected));
        let by_address = ClaimNames { user_name: Some("email".into()), ..names() };
        let expected = json!({"sub": "1", "name": "B", "preferred_username": "bob", "email": "a@example.com"});
        assert_eq!(of_userinfo(id_token(), userinfo(), &by_address), claims(expected), "not verified by userinfo");
    }

    #[test]
    fn whoever_an_access_token_names_the_person_stays_that_of_the_id_token() {
        let id_token = claims(json!({"sub": "1", "name": "A"}));
        let members = || claims(json!({"sub": "2", "team": "x", "scope": "openid"}));
        let opaque = of_access_token(&id_token, members(), None, &names());
        assert_eq!(opaque, claims(json!({"sub": "1", "team": "x", "scope": "openid"})));
        let token = claims(json!({"sub": "1", "scope": "more"}));
        let jwt = of_access_token(&id_token, members(), Some(token), &names());
        assert_eq!(jwt, claims(json!({"sub": "1", "team": "x", "scope": "more"})));
    }
}
