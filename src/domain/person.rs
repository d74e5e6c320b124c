//! From verified claims to the person whom they describe.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Claims,
    email::canonical_address,
    expression::{ProviderVariable, Variables},
    field::{self, FULL_NAME, usable},
    idp_user::IdpUser,
    people::{OtherReading, People, Readings},
    reading::Reading,
    trace::{Problem, Stage, Trace},
};

/// The longest identifier or name that is taken from a claim, in bytes.
const MAX_TEXT: usize = 255;
/// More groups than this are not looked at.
const MAX_GROUPS: usize = 10_000;

/// Why claims do not make a user. Messages name the claim or expression, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    #[error(
        "{from}, which claims.userID names, gives nothing, text that is longer than 255 bytes or has control characters, or what is neither text nor a whole number"
    )]
    UserId { from: String },
    #[error(
        "{from}, which claims.userName names, gives nothing, what is not text, or text that is longer than 255 bytes or has control characters"
    )]
    UserName { from: String },
}

/// An e-mail address and whether the provider has verified it, of one document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// In canonical form.
    pub email: Option<String>,
    pub verified: bool,
}

/// Reads the person whom claims describe. `address`: of the document that it comes from, where that is not told by the
/// claims.
///
/// # Errors
/// When there is no usable user ID, or no text where the user name is to come from.
pub fn identify(
    people: &People,
    claims: &Claims,
    address: Option<Address>,
    provider: ProviderVariable<'_>,
    trace: &mut Trace,
) -> Result<IdpUser, ClaimsError> {
    let readings = &people.readings;
    let mut reader = Reader { claims, variables: Variables::new(claims, None, provider), trace };
    let external_id = reader.identifier(&readings.user_id)?;
    let Address { email, verified } = address.unwrap_or_else(|| reader.address(readings));
    let given_name = reader.user_name(readings)?;
    let user_name_is_made_up = given_name.is_none();
    let user_name = given_name.unwrap_or_else(|| reader.in_place_of_user_name(email.as_deref(), &external_id));
    let full_name = reader.field(FULL_NAME, &readings.full_name);
    let groups = readings.groups.as_ref().map(|reading| reader.groups(reading)).unwrap_or_default();
    let mut other = |name| {
        let found = readings.others.iter().find(|other| other.name == name);
        found.and_then(|OtherReading { reading, .. }| reader.field(name, reading))
    };
    Ok(IdpUser {
        external_id,
        user_name,
        user_name_is_made_up,
        full_name,
        email_verified: email.is_some() && (verified || people.trust_email),
        email,
        groups,
        given_name: other(field::GIVEN_NAME),
        family_name: other(field::FAMILY_NAME),
        picture: other(field::PICTURE),
        profile: other(field::PROFILE),
        gender: other(field::GENDER),
        locale: other(field::LOCALE),
    })
}

/// The address that one document gives.
pub fn address(people: &People, document: &Claims, provider: ProviderVariable<'_>, trace: &mut Trace) -> Address {
    let variables = Variables::new(document, None, provider);
    Reader { claims: document, variables, trace }.address(&people.readings)
}

struct Reader<'a> {
    claims: &'a Claims,
    variables: Variables<'a>,
    trace: &'a mut Trace,
}

impl<'a> Reader<'a> {
    /// Identifies a person as it is: white space around it is a part of it.
    fn identifier(&mut self, reading: &Reading) -> Result<String, ClaimsError> {
        let id = self.value("userID", reading).and_then(|value| match &*value {
            Value::String(text) => fits(text).then(|| text.clone()),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            _ => None,
        });
        self.read("userID", reading, id.as_deref());
        id.ok_or_else(|| ClaimsError::UserId { from: reading.to_string() })
    }

    fn address(&mut self, readings: &Readings) -> Address {
        let email = self.text("email", &readings.email).and_then(|text| {
            let address = canonical_address(&text);
            if address.is_none() {
                let said = "it is no e-mail address that can be used";
                self.trace.problem(Stage::Person, &"email", Problem::ResultNotUsable, &said);
            }
            address
        });
        self.read("email", &readings.email, email.as_deref());
        let verified = email.is_some()
            && self.value("emailVerified", &readings.email_verified).is_some_and(|value| is_true(&value));
        self.trace.step(Stage::Person, &"emailVerified", || {
            (format!("from {}", readings.email_verified), Some(Value::Bool(verified)))
        });
        Address { email, verified }
    }

    fn user_name(&mut self, readings: &Readings) -> Result<Option<String>, ClaimsError> {
        if let Some(reading) = &readings.user_name {
            let name = self.text("userName", reading);
            self.read("userName", reading, name.as_deref());
            return name.map(Some).ok_or_else(|| ClaimsError::UserName { from: reading.to_string() });
        }
        let Some(reading) = &readings.preferred_user_name else { return Ok(None) };
        let name = self.text("userName", reading);
        if name.is_some() {
            self.read("userName", reading, name.as_deref());
        }
        Ok(name)
    }

    /// What stands for a user name where the provider gives none.
    fn in_place_of_user_name(&mut self, email: Option<&str>, id: &str) -> String {
        let (name, said) = match email {
            Some(email) => (email, "the e-mail address, because there is no user name"),
            None => (id, "the user ID, because there is neither a user name nor an e-mail address"),
        };
        self.trace.step(Stage::Person, &"userName", || (said, Some(Value::from(name))));
        name.to_owned()
    }

    /// The text of a standard field.
    fn field(&mut self, name: &'static str, reading: &Reading) -> Option<String> {
        let value = self.value(name, reading);
        let usable = value.and_then(|value| {
            let usable = usable(name, &value);
            usable.unwrap_or_else(|why| {
                self.trace.problem(Stage::Person, &name, Problem::ResultNotUsable, &format!("{reading}: {why}"));
                None
            })
        });
        let text = usable.as_ref().and_then(Value::as_str);
        self.read(name, reading, text);
        text.map(str::to_owned)
    }

    fn groups(&mut self, reading: &Reading) -> Vec<String> {
        let value = self.value("groups", reading);
        let (groups, all) = value.as_deref().map(names).unwrap_or((BTreeSet::new(), true));
        if !all {
            let said = format!("{reading}: only texts count, and of more than {MAX_GROUPS} groups the first");
            self.trace.problem(Stage::Person, &"groups", Problem::ResultNotUsable, &said);
        }
        self.trace
            .step(Stage::Person, &"groups", || (format!("{} from {reading}", groups.len()), value.as_deref().cloned()));
        groups.into_iter().map(str::to_owned).collect()
    }

    /// Text with something in it, without white space around it and control characters.
    fn text(&mut self, field: &'static str, reading: &Reading) -> Option<String> {
        let value = self.value(field, reading)?;
        let text = value.as_str().map(str::trim);
        match text {
            Some("") => None,
            Some(text) if fits(text) => Some(text.to_owned()),
            _ => {
                let said =
                    format!("{reading}: it is not text, longer than {MAX_TEXT} bytes, or has control characters");
                self.trace.problem(Stage::Person, &field, Problem::ResultNotUsable, &said);
                None
            }
        }
    }

    fn value(&mut self, field: &'static str, reading: &Reading) -> Option<Cow<'a, Value>> {
        reading.read(self.claims, &self.variables).unwrap_or_else(|error| {
            self.trace.problem(Stage::Person, &field, Problem::ExpressionFailed, &format!("{reading}: {error}"));
            None
        })
    }

    fn read(&mut self, field: &'static str, reading: &Reading, value: Option<&str>) {
        self.trace.step(Stage::Person, &field, || {
            let said = if value.is_some() { "from" } else { "nothing in" };
            (format!("{said} {reading}"), value.map(Value::from))
        });
    }
}

/// The names of a list, or the one name; false when something else was among them, or too many.
pub(super) fn names(value: &Value) -> (BTreeSet<&str>, bool) {
    match value {
        Value::String(name) => (BTreeSet::from([&**name]), true),
        Value::Array(items) => {
            let names: BTreeSet<_> = items.iter().take(MAX_GROUPS).filter_map(Value::as_str).collect();
            let all = items.len() <= MAX_GROUPS && items.iter().all(Value::is_string);
            (names, all)
        }
        _ => (BTreeSet::new(), false),
    }
}

pub(super) fn fits(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

/// Some providers send the text "true".
fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("true")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::testing::{PROVIDER, claims, people};

    fn identified(given: Value) -> Result<IdpUser, ClaimsError> {
        identify(&people(), &claims(given), None, PROVIDER, &mut Trace::of_problems())
    }

    #[test]
    fn the_user_name_falls_back_to_the_address_and_then_to_the_user_id() {
        for (given, expected) in [
            (json!({"sub": "1", "preferred_username": "ann", "email": "a@example.com"}), "ann"),
            (json!({"sub": "1", "email": "A@Example.com"}), "a@example.com"),
            (json!({"sub": "1", "email": "nonsense"}), "1"),
        ] {
            assert_eq!(identified(given).expect("a person").user_name, expected);
        }
    }

    #[test]
    fn a_person_without_a_usable_user_id_is_refused() {
        for given in
            [json!({}), json!({"sub": ""}), json!({"sub": ["1"]}), json!({"sub": 1.5}), json!({"sub": "x".repeat(256)})]
        {
            assert_eq!(identified(given), Err(ClaimsError::UserId { from: "the claim \"sub\"".into() }));
        }
    }

    #[test]
    fn control_characters_make_no_user_id_name_or_address() {
        for control in ["\u{0}", "\n", "\t", "\u{7f}", "\u{85}"] {
            let odd = format!("an{control}n");
            let refused = identified(json!({ "sub": odd }));
            assert_eq!(refused, Err(ClaimsError::UserId { from: "the claim \"sub\"".into() }), "{odd:?}");

            let mut by_login = people();
            by_login.readings.user_name = Some(Reading::claim("login"));
            let given = claims(json!({"sub": "1", "login": odd}));
            let refused = identify(&by_login, &given, None, PROVIDER, &mut Trace::of_problems());
            assert_eq!(refused, Err(ClaimsError::UserName { from: "the claim \"login\"".into() }), "{odd:?}");

            let given = json!({
                "sub": "1", "preferred_username": odd, "name": odd, "email": format!("{odd}@example.com"),
            });
            let person = identified(given).expect("a person");
            assert_eq!((&*person.user_name, person.full_name, person.email), ("1", None, None), "{odd:?}");

            let domain = json!({"sub": "1", "email": format!("ann@exam{control}ple.com")});
            assert_eq!(identified(domain).expect("a person").email, None, "{odd:?}");
        }
    }

    #[test]
    fn a_user_id_keeps_the_white_space_that_makes_it_another() {
        for id in ["ann", " ann", "ann "] {
            assert_eq!(identified(json!({ "sub": id })).expect("a person").external_id, id);
        }
    }

    #[test]
    fn a_configured_user_name_claim_must_be_there() {
        let mut people = people();
        people.readings.user_name = Some(Reading::claim("login"));
        let given = claims(json!({"sub": "1", "preferred_username": "ann"}));
        let refused = identify(&people, &given, None, PROVIDER, &mut Trace::of_problems());
        assert_eq!(refused, Err(ClaimsError::UserName { from: "the claim \"login\"".into() }));
    }

    #[test]
    fn groups_are_an_array_or_one_name() {
        for (given, expected) in [
            (json!({"sub": "1", "groups": ["b", "a", "b", 7]}), vec!["a", "b"]),
            (json!({"sub": "1", "groups": "a"}), vec!["a"]),
            (json!({"sub": "1", "groups": {"a": true}}), vec![]),
        ] {
            assert_eq!(identified(given).expect("a person").groups, expected);
        }
    }

    #[test]
    fn verified_means_true_or_the_text_true() {
        for (flag, expected) in [(json!(true), true), (json!("true"), true), (json!("yes"), false), (json!(1), false)] {
            let person = identified(json!({"sub": "1", "email": "a@b.example", "email_verified": flag}));
            assert_eq!(person.expect("a person").email_verified, expected);
        }
    }
}
