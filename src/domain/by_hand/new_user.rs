//! What a user who is written by hand may be called, and have noted: what logins are held to, and why something is not.

use serde_json::Value;

use crate::{
    api::NO_ATTRIBUTE,
    domain::{
        email::canonical_address,
        field::{Field, Maker, Unusable, usable},
        person::fits,
    },
};

/// Why a new user cannot be so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUsable {
    #[error(
        "{what} is empty, longer than 255 bytes, has control characters, or begins or ends with white space: write it as the provider says it"
    )]
    Text { what: &'static str },
    #[error("{address:?} is no e-mail address that can be used: {why}")]
    Address { address: String, why: String },
    #[error(
        "{name:?} is no field: write fullName, givenName, familyName, locale, language, timeZone, culture, picture, profile or gender, or the name of a custom attribute: a letter, then letters, digits, dots, dashes and underscores; the address, roles, groups and administrator have options of their own"
    )]
    NoField { name: String },
    #[error("the field {name} cannot be noted: {why}")]
    Field { name: String, why: Unusable },
    #[error("the field {name} is empty")]
    EmptyField { name: String },
}

/// A user name, as it stands.
///
/// # Errors
/// `Text`.
pub fn user_name(name: &str) -> Result<String, NotUsable> {
    let plain = fits(name) && name.trim() == name;
    if plain { Ok(name.to_owned()) } else { Err(NotUsable::Text { what: "the user name" }) }
}

/// What a provider knows somebody by, as it stands; white space is a part of it.
///
/// # Errors
/// `Text`.
pub fn external_id(id: &str) -> Result<String, NotUsable> {
    if fits(id) { Ok(id.to_owned()) } else { Err(NotUsable::Text { what: "the external ID" }) }
}

/// An address in canonical form.
///
/// # Errors
/// `Address`, which says what is odd.
pub fn address(text: &str) -> Result<String, NotUsable> {
    let why = || NotUsable::Address { address: text.to_owned(), why: what_is_odd(text) };
    canonical_address(text).ok_or_else(why)
}

/// A field by hand.
///
/// # Errors
/// `NoField`, `Field`, `EmptyField`.
pub fn field(name: &str, text: &str) -> Result<Field, NotUsable> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(fits) && name.len() <= 63;
    let name = || name.to_owned();
    if !is_name || NO_ATTRIBUTE.contains(&&*name()) {
        return Err(NotUsable::NoField { name: name() });
    }
    match usable(&name(), &Value::from(text)) {
        Ok(Some(value)) => Ok(Field { value, by: Maker::by_hand() }),
        Ok(None) => Err(NotUsable::EmptyField { name: name() }),
        Err(why) => Err(NotUsable::Field { name: name(), why }),
    }
}

/// What was seen in a text that is no everyday address.
fn what_is_odd(text: &str) -> String {
    let signs = text.matches('@').count();
    if signs > 1 {
        return format!("it has {signs} @");
    }
    let Some((local, domain)) = text.split_once('@') else {
        let alike = text.chars().find(|c| matches!(c, '\u{ff20}' | '\u{fe6b}'));
        return match alike {
            Some(sign) => format!("its {} only looks like an @", shown(sign)),
            None => "it has no @".to_owned(),
        };
    };
    if local.is_empty() || domain.is_empty() {
        return format!("there is nothing {} the @", if local.is_empty() { "before" } else { "after" });
    }
    if let Some(odd) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return format!("it has {}, which is white space or a control character", shown(odd));
    }
    if let Some(odd) = local.chars().find(|c| !c.is_ascii_graphic() || r#""(),:;<>[]\"#.contains(*c)) {
        return format!("{} before the @ is nothing that everyday addresses have", shown(odd));
    }
    if canonical_address(&format!("a@{domain}")).is_some() {
        return "it is longer than 254 bytes".to_owned();
    }
    format!("{domain:?} is no domain of addresses, such as example.com")
}

fn shown(c: char) -> String {
    format!("{c:?} (U+{:04X})", u32::from(c))
}
