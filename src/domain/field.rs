//! What is noted of users beside who they are: names, language and the like, and custom attributes; and who said so.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{keep::Keep, locale};

/// The fields that have a meaning here; all others are custom attributes.
pub const STANDARD: [&str; 10] =
    [FULL_NAME, GIVEN_NAME, FAMILY_NAME, LOCALE, LANGUAGE, TIME_ZONE, CULTURE, PICTURE, PROFILE, GENDER];
pub const FULL_NAME: &str = "fullName";
pub const GIVEN_NAME: &str = "givenName";
pub const FAMILY_NAME: &str = "familyName";
pub const LOCALE: &str = "locale";
pub const LANGUAGE: &str = "language";
pub const TIME_ZONE: &str = "timeZone";
pub const CULTURE: &str = "culture";
pub const PICTURE: &str = "picture";
pub const PROFILE: &str = "profile";
pub const GENDER: &str = "gender";

/// The longest text of a standard field, in bytes; of one that is a language, culture or time zone; of one that is a URL;
/// and of a custom attribute.
const MAX_TEXT: usize = 255;
const MAX_TAG: usize = 63;
const MAX_URL: usize = 2048;
const MAX_ATTRIBUTE: usize = 1024;
/// The longest list that is a custom attribute.
const MAX_ITEMS: usize = 100;

/// What is noted of a user under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub value: Value,
    pub by: Maker,
}

/// Who said something of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    /// The UID of the provider on whose word it is; empty: by hand.
    pub provider: Arc<str>,
    /// The UID of the mapper; None: the provider's own claims, rules or defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapper: Option<Arc<str>>,
}

impl Maker {
    /// An administrator.
    pub fn by_hand() -> Self {
        Self { provider: Arc::default(), mapper: None }
    }

    pub fn is_by_hand(&self) -> bool {
        self.provider.is_empty()
    }
}

/// All that is noted of a user, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, Field>);

/// What a provider and its mappers say of somebody now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said(BTreeMap<String, Word>);

/// What is said under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    This(Field),
    /// Mappers of one provider that say different things.
    Several(Vec<Field>),
}

impl Said {
    /// Somebody says this.
    pub fn say(&mut self, name: &str, value: Value, by: Maker) {
        self.0.insert(name.to_owned(), Word::This(Field { value, by }));
    }

    /// Mappers of one provider say these different things: what is noted stays, unless it was another mapper of this
    /// provider that said it and nobody says it any more.
    pub fn leave(&mut self, name: &str, said: Vec<Field>) {
        self.0.insert(name.to_owned(), Word::Several(said));
    }

    /// What is said under a name.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)?.field().map(|field| &field.value)
    }
}

impl Word {
    fn field(&self) -> Option<&Field> {
        match self {
            Self::This(field) => Some(field),
            Self::Several(_) => None,
        }
    }
}

impl Fields {
    /// What an administrator notes of somebody who is new.
    pub fn by_hand(values: impl IntoIterator<Item = (String, Value)>) -> Self {
        let field = |(name, value)| (name, Field { value, by: Maker::by_hand() });
        Self(values.into_iter().map(field).collect())
    }

    /// Everything that is noted, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Field)> {
        self.0.iter()
    }

    /// What is noted under a name.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.0.get(name)
    }

    /// The text under a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.value.as_str()
    }

    /// The custom attributes, by name.
    pub fn custom(&self) -> impl Iterator<Item = (&String, &Value)> {
        let custom = self.0.iter().filter(|(name, _)| !STANDARD.contains(&name.as_str()));
        custom.map(|(name, field)| (name, &field.value))
    }

    /// What is noted while it is not known what is said: all that was, but for what mappers have said that are not in
    /// `keep`.
    pub fn kept(&self, keep: &Keep) -> Self {
        let stays = |field: &Field| field.by.mapper.as_ref().is_none_or(|mapper| keep.keeps(mapper));
        let kept = self.0.iter().filter(|(_, field)| stays(field));
        Self(kept.map(|(name, field)| (name.clone(), field.clone())).collect())
    }

    /// What is noted once somebody has said something new: it replaces all that was, but for what is left as it was, and
    /// for what mappers in `keep` have said, of whom it is not known what they say now.
    pub fn replaced_by(&self, said: &Said, keep: &Keep) -> Self {
        let is_kept = |field: &Field| field.by.mapper.as_ref().is_some_and(|mapper| keep.keeps(mapper));
        let stays = |name: &String, field: &Field| match said.0.get(name) {
            // What a provider says of itself is what is said where no mapper says anything.
            Some(Word::This(new)) => new.by.mapper.is_none() && is_kept(field),
            Some(Word::Several(said)) => {
                let of_another = said.iter().all(|said| said.by.provider != field.by.provider);
                let is_said = said.iter().any(|said| said.by == field.by || said.value == field.value);
                field.by.mapper.is_none() || of_another || is_said || is_kept(field)
            }
            None => is_kept(field),
        };
        let new = said.0.iter().filter_map(|(name, word)| Some((name, word.field()?)));
        let kept = self.0.iter().filter(|(name, field)| stays(name, field));
        Self(new.chain(kept).map(|(name, field)| (name.clone(), field.clone())).collect())
    }
}

impl FromIterator<(String, Field)> for Fields {
    fn from_iter<T: IntoIterator<Item = (String, Field)>>(fields: T) -> Self {
        Self(fields.into_iter().collect())
    }
}

/// Why a value cannot be noted. Never says the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("it is not text")]
    NotText,
    #[error("it is neither text, a number, a boolean, nor a list of these")]
    NotFlat,
    #[error("it is too long, or has control characters")]
    NotPlain,
    #[error("it is no language tag (BCP 47), such as en or de-CH")]
    NoLanguageTag,
    #[error("it is neither the IANA name of a time zone nor a Windows ID")]
    NoTimeZone,
}

/// A value as it is noted under a name; None when there is nothing in it.
///
/// # Errors
/// The value does not fit the name.
pub fn usable(name: &str, value: &Value) -> Result<Option<Value>, Unusable> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        _ if !STANDARD.contains(&name) => attribute(value).map(Some),
        Value::String(text) => standard(name, text.trim()).map(|text| Some(Value::String(text))),
        _ => Err(Unusable::NotText),
    }
}

fn standard(name: &str, text: &str) -> Result<String, Unusable> {
    match name {
        LANGUAGE | CULTURE => locale::language_tag(&plain(text, MAX_TAG)?).ok_or(Unusable::NoLanguageTag),
        TIME_ZONE => locale::time_zone(&plain(text, MAX_TAG)?).ok_or(Unusable::NoTimeZone),
        PICTURE | PROFILE => plain(text, MAX_URL),
        _ => plain(text, MAX_TEXT),
    }
}

fn plain(text: &str, longest: usize) -> Result<String, Unusable> {
    let fits = text.len() <= longest && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(Unusable::NotPlain) }
}

fn attribute(value: &Value) -> Result<Value, Unusable> {
    match value {
        Value::Array(items) if items.len() > MAX_ITEMS => Err(Unusable::NotPlain),
        Value::Array(items) => items.iter().map(single).collect(),
        _ => single(value),
    }
}

fn single(value: &Value) -> Result<Value, Unusable> {
    match value {
        Value::String(text) => plain(text.trim(), MAX_ATTRIBUTE).map(Value::String),
        Value::Number(_) | Value::Bool(_) => Ok(value.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Unusable::NotFlat),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by(mapper: Option<&str>) -> Maker {
        Maker { provider: "p1".into(), mapper: mapper.map(Arc::from) }
    }

    fn fields(said: &[(&str, &str, Option<&str>)]) -> Fields {
        let field = |value: &str, mapper| Field { value: json!(value), by: by(mapper) };
        Fields(said.iter().map(|(name, value, mapper)| ((*name).to_owned(), field(value, *mapper))).collect())
    }

    fn nobody() -> Keep {
        Keep::Mappers(Vec::new())
    }

    #[test]
    fn what_nobody_says_any_more_is_not_noted_any_more() {
        let before = fields(&[("title", "CTO", Some("m1")), ("fullName", "Ann", None)]);
        let mut said = Said::default();
        said.say("fullName", json!("Ann B"), by(None));
        assert_eq!(before.replaced_by(&said, &nobody()), fields(&[("fullName", "Ann B", None)]));
    }

    #[test]
    fn where_mappers_differ_what_is_noted_stays_unless_its_mapper_says_nothing_any_more() {
        let differ = |one: &str, other: &str| {
            let each = || {
                vec![
                    Field { value: json!("one"), by: by(Some(one)) },
                    Field { value: json!("other"), by: by(Some(other)) },
                ]
            };
            let mut said = Said::default();
            said.leave("title", each());
            said.leave("other", each());
            said
        };
        let before = fields(&[("title", "CTO", Some("m1"))]);
        assert_eq!(before.replaced_by(&differ("m1", "m2"), &nobody()), before);
        assert_eq!(before.replaced_by(&differ("m2", "m3"), &nobody()), fields(&[]));
        let keep = Keep::Mappers(vec!["m1".into()]);
        assert_eq!(before.replaced_by(&differ("m2", "m3"), &keep), before);
        let said_still = fields(&[("title", "other", Some("m1"))]);
        assert_eq!(said_still.replaced_by(&differ("m2", "m3"), &nobody()), said_still);
        let own = fields(&[("title", "CTO", None)]);
        assert_eq!(own.replaced_by(&differ("m2", "m3"), &nobody()), own);
        let elsewhere = Maker { provider: "p2".into(), mapper: Some("m9".into()) };
        let of_another = Fields([("title".to_owned(), Field { value: json!("CTO"), by: elsewhere })].into());
        assert_eq!(of_another.replaced_by(&differ("m2", "m3"), &nobody()), of_another);
    }

    #[test]
    fn what_a_mapper_said_that_is_not_known_now_stays_until_somebody_says_something_else() {
        let before = fields(&[("title", "CTO", Some("m1")), ("room", "12", Some("m2"))]);
        let keep = Keep::Mappers(vec!["m1".into()]);
        let after = before.replaced_by(&Said::default(), &keep);
        assert_eq!(after, fields(&[("title", "CTO", Some("m1"))]));
        let mut said = Said::default();
        said.say("title", json!("CEO"), by(Some("m3")));
        assert_eq!(after.replaced_by(&said, &keep), fields(&[("title", "CEO", Some("m3"))]));
    }

    #[test]
    fn while_it_is_not_known_what_is_said_only_mappers_that_are_gone_say_nothing() {
        let before = fields(&[("title", "CTO", Some("m1")), ("room", "12", Some("m2")), ("fullName", "Ann", None)]);
        let without = before.kept(&Keep::Mappers(vec!["m1".into()]));
        assert_eq!(without, fields(&[("title", "CTO", Some("m1")), ("fullName", "Ann", None)]));
    }

    #[test]
    fn what_a_mapper_said_that_is_not_known_now_goes_before_what_the_provider_says_of_itself() {
        let before = fields(&[("language", "en", Some("m1"))]);
        let mut said = Said::default();
        said.say("language", json!("de"), by(None));
        assert_eq!(before.replaced_by(&said, &Keep::Mappers(vec!["m1".into()])), before);
        assert_eq!(before.replaced_by(&said, &nobody()), fields(&[("language", "de", None)]));
    }

    #[test]
    fn each_name_takes_what_fits_it() {
        for (name, given, expected) in [
            ("fullName", json!(" Ann "), Ok(Some(json!("Ann")))),
            ("fullName", json!(7), Err(Unusable::NotText)),
            ("fullName", json!("a\nb"), Err(Unusable::NotPlain)),
            ("fullName", json!("x".repeat(256)), Err(Unusable::NotPlain)),
            ("picture", json!("x".repeat(256)), Ok(Some(json!("x".repeat(256))))),
            ("language", json!("DE_ch"), Ok(Some(json!("de-CH")))),
            ("language", json!("German"), Err(Unusable::NoLanguageTag)),
            ("language", json!(format!("de-u{}", "-zzzz".repeat(100_000))), Err(Unusable::NotPlain)),
            ("timeZone", json!("W. Europe Standard Time"), Ok(Some(json!("Europe/Berlin")))),
            ("timeZone", json!("Mars"), Err(Unusable::NoTimeZone)),
            ("culture", json!("en_us"), Ok(Some(json!("en-US")))),
            ("title", json!("CTO"), Ok(Some(json!("CTO")))),
            ("title", json!(42), Ok(Some(json!(42)))),
            ("title", json!(["a", 1, true]), Ok(Some(json!(["a", 1, true])))),
            ("title", json!([["a"]]), Err(Unusable::NotFlat)),
            ("title", json!({"a": 1}), Err(Unusable::NotFlat)),
            ("title", json!("\u{0}"), Err(Unusable::NotPlain)),
            ("title", json!(vec!["a"; 101]), Err(Unusable::NotPlain)),
            ("title", json!("x".repeat(1025)), Err(Unusable::NotPlain)),
            ("title", json!("  "), Ok(None)),
            ("title", json!(null), Ok(None)),
        ] {
            assert_eq!(usable(name, &given), expected, "{name} {given}");
        }
    }
}
