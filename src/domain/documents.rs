//! One set of claims about a person, of the documents that a provider gives.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Claims,
    expression::ProviderVariable,
    mapper::{self, Mapper},
    people::{People, Readings},
    person::{self, Address},
    reading::Reading,
    trace::Trace,
};

/// What one or several documents say of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    pub claims: Claims,
    /// The address and whether it is verified, which always come from the same document. None: as the claims say.
    pub address: Option<Address>,
}

impl From<Claims> for Merged {
    fn from(claims: Claims) -> Self {
        Self { claims, address: None }
    }
}

/// How the documents of a provider are read.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub people: &'a People,
    pub provider: ProviderVariable<'a>,
}

impl Reader<'_> {
    /// Whether userinfo has to be asked: something that the provider's manifest or its mappers read is missing.
    pub fn is_incomplete(self, id_token: &Claims, mappers: &[Arc<Mapper>]) -> bool {
        let People { readings, rules, validation, .. } = self.people;
        readings.wanted().chain(rules.iter().map(|(_, rule)| rule)).any(|reading| reading.may_lack(id_token))
            || validation.iter().any(|rule| rule.expression.reads_claims())
            || mapper::readings(mappers).any(|reading| reading.may_lack(id_token))
    }

    /// Lays one document's claims over another's. What is null above says nothing (OpenID Connect Core 1.0, section 5.3.2).
    pub fn overlay(self, mut upper: Claims, lower: Claims) -> Merged {
        upper.retain(|_, value| !value.is_null());
        let Readings { email, email_verified, .. } = &self.people.readings;
        let both_are_claims = matches!((email, email_verified), (Reading::Claim(_), Reading::Claim(_)));
        let told = || self.address(&upper).unwrap_or_else(|| self.address(&lower).unwrap_or_default());
        let address = (!both_are_claims).then(told);
        let (email, verified) =
            (email.claim_or("email").to_owned(), email_verified.claim_or("email_verified").to_owned());
        let mut claims = lower;
        if upper.contains_key(&email) {
            claims.remove(&verified);
        }
        let address_from_below = !upper.contains_key(&email) && claims.contains_key(&email);
        for (name, value) in upper {
            if !(address_from_below && name == verified) {
                claims.insert(name, value);
            }
        }
        Merged { claims, address }
    }

    /// Userinfo, which is about the person of the ID token, with the user name of the ID token if a claim has that.
    pub fn of_userinfo(self, mut id_token: Claims, userinfo: Claims) -> Merged {
        let readings = &self.people.readings;
        let is_user_name = |claim: &str| readings.user_name().is_some_and(|reading| reading.is_claim(claim));
        // An address that is the user name, too, brings along whether it is verified.
        let verified = match (&readings.email, &readings.email_verified) {
            (Reading::Claim(email), Reading::Claim(verified)) if is_user_name(email) => Some(verified.as_str()),
            _ => None,
        };
        id_token.retain(|claim, _| is_user_name(claim) || verified == Some(claim));
        self.overlay(id_token, userinfo)
    }

    /// The members of the token response, under the claims of the access token if that is known to be about the person of
    /// the ID token; and always the `sub` of the ID token, by which the person is known.
    pub fn of_access_token(self, id_token: &Claims, members: Claims, access_token: Option<Claims>) -> Merged {
        let mut merged = self.overlay(access_token.unwrap_or_default(), members);
        merged.claims.insert("sub".to_owned(), id_token.get("sub").cloned().unwrap_or(Value::Null));
        merged
    }

    /// The address of a document, if it has one.
    fn address(self, document: &Claims) -> Option<Address> {
        let address = person::address(self.people, document, self.provider, &mut Trace::of_problems());
        address.email.is_some().then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::testing::{PROVIDER, claims, people};

    fn overlay(upper: Claims, lower: Claims) -> Claims {
        Reader { people: &people(), provider: PROVIDER }.overlay(upper, lower).claims
    }

    #[test]
    fn the_id_token_wins_over_userinfo() {
        let merged = overlay(claims(json!({"sub": "1", "name": "A"})), claims(json!({"name": "B", "x": 1})));
        assert_eq!(merged, claims(json!({"sub": "1", "name": "A", "x": 1})));
    }

    #[test]
    fn an_address_is_never_verified_by_another_document() {
        let unverified = overlay(
            claims(json!({"sub": "1", "email": "a@example.com"})),
            claims(json!({"email": "b@example.com", "email_verified": true})),
        );
        assert_eq!(unverified, claims(json!({"sub": "1", "email": "a@example.com"})));
        let other =
            overlay(claims(json!({"sub": "1", "email_verified": true})), claims(json!({"email": "b@example.com"})));
        assert_eq!(other, claims(json!({"sub": "1", "email": "b@example.com"})));
    }

    #[test]
    fn of_an_id_token_only_the_user_name_goes_before_userinfo() {
        let id_token =
            || claims(json!({"sub": "1", "name": "A", "preferred_username": "ann", "email": "a@example.com"}));
        let userinfo = || claims(json!({"sub": "1", "name": "B", "preferred_username": "bob", "email_verified": true}));
        let expected = json!({"sub": "1", "name": "B", "preferred_username": "ann", "email_verified": true});
        assert_eq!(
            Reader { people: &people(), provider: PROVIDER }.of_userinfo(id_token(), userinfo()).claims,
            claims(expected)
        );
        let mut by_address = people();
        by_address.readings.user_name = Some(Reading::claim("email"));
        let expected = json!({"sub": "1", "name": "B", "preferred_username": "bob", "email": "a@example.com"});
        assert_eq!(
            Reader { people: &by_address, provider: PROVIDER }.of_userinfo(id_token(), userinfo()).claims,
            claims(expected),
            "not verified by userinfo"
        );
    }

    #[test]
    fn whoever_an_access_token_names_the_person_stays_that_of_the_id_token() {
        let id_token = claims(json!({"sub": "1", "name": "A"}));
        let members = || claims(json!({"sub": "2", "team": "x", "scope": "openid"}));
        let people = people();
        let reader = Reader { people: &people, provider: PROVIDER };
        let opaque = reader.of_access_token(&id_token, members(), None).claims;
        assert_eq!(opaque, claims(json!({"sub": "1", "team": "x", "scope": "openid"})));
        let token = claims(json!({"sub": "1", "scope": "more"}));
        let jwt = reader.of_access_token(&id_token, members(), Some(token)).claims;
        assert_eq!(jwt, claims(json!({"sub": "1", "team": "x", "scope": "more"})));
    }
}
