//! What expressions see: converted once for all expressions about a person, and only if one of them looks.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use cel::{common::value::CowVal, context::VariableResolver};
use serde_json::Value;

use super::{
    budget::{Budget, STEPS_OF_ALL},
    error::EvaluationError,
    value::{Datum, Text},
};
use crate::domain::{Claims, idp_user::IdpUser};

/// The longest claims that expressions read, in bytes of JSON: as many as are kept.
pub const LONGEST_CLAIMS: usize = 64 * 1024;
/// How deep claims may be nested.
const DEEPEST_CLAIMS: usize = 32;
/// The most groups of a person that expressions read.
pub const MOST_GROUPS: usize = 10_000;
/// The longest names of all groups together, in bytes.
const LONGEST_GROUPS: usize = 1024 * 1024;

type Converted = Result<Datum, EvaluationError>;

/// What expressions see of one person. Made once for all of them; nothing is converted before an expression reads it.
pub struct Variables<'a> {
    claims: &'a Claims,
    person: Option<&'a IdpUser>,
    provider: ProviderVariable<'a>,
    converted_claims: OnceLock<Converted>,
    converted_person: OnceLock<Converted>,
    converted_provider: OnceLock<Datum>,
    properties: OnceLock<Datum>,
    /// The steps that all expressions together have taken.
    steps: AtomicU32,
}

/// What expressions see of the provider.
#[derive(Clone, Copy, Debug)]
pub struct ProviderVariable<'a> {
    pub key: &'a str,
    pub issuer: &'a str,
}

impl<'a> Variables<'a> {
    /// `person`: None where expressions make the person.
    pub fn new(claims: &'a Claims, person: Option<&'a IdpUser>, provider: ProviderVariable<'a>) -> Self {
        Self {
            claims,
            person,
            provider,
            converted_claims: OnceLock::new(),
            converted_person: OnceLock::new(),
            converted_provider: OnceLock::new(),
            properties: OnceLock::new(),
            steps: AtomicU32::new(0),
        }
    }

    /// Adds the steps of one expression to those of all.
    ///
    /// # Errors
    /// All together have taken more than they may.
    pub(super) fn charge(&self, steps: u32) -> Result<(), EvaluationError> {
        let before = self.steps.fetch_add(steps, Relaxed);
        if before.saturating_add(steps) > STEPS_OF_ALL { Err(EvaluationError::BudgetOfAll) } else { Ok(()) }
    }

    pub(super) fn claims(&self) -> &Converted {
        self.converted_claims.get_or_init(|| {
            let too_large = || EvaluationError::InputTooLarge { what: "`claims`" };
            if !is_short(self.claims) {
                return Err(too_large());
            }
            object(self.claims, DEEPEST_CLAIMS).ok_or_else(too_large)
        })
    }

    pub(super) fn person(&self) -> &Converted {
        self.converted_person.get_or_init(|| {
            let Some(person) = self.person else {
                return Err(EvaluationError::Failed { what: "`idpUser` does not exist here".into() });
            };
            if person.groups.len() > MOST_GROUPS
                || person.groups.iter().map(String::len).sum::<usize>() > LONGEST_GROUPS
            {
                return Err(EvaluationError::InputTooLarge { what: "`idpUser.groups`" });
            }
            Ok(Datum::map(fields(person).map(|(name, value)| (Text::from(name), value)).collect()))
        })
    }

    fn provider(&self) -> &Datum {
        self.converted_provider.get_or_init(|| {
            let entries = [("key", self.provider.key), ("issuer", self.provider.issuer)];
            Datum::map(entries.map(|(name, value)| (Text::from(name), Datum::text(value))).into())
        })
    }

    /// The properties that the person has by their own names.
    fn properties(&self) -> &Datum {
        self.properties.get_or_init(|| {
            let (Ok(Datum::Map(fields)), Some(person)) = (self.person(), self.person) else {
                return Datum::map(BTreeMap::new());
            };
            let fields = fields.entries().iter().map(|(name, value)| (name.clone(), value.clone()));
            let standard = standard(person).map(|(name, value)| (Text::from(name), Datum::text(value)));
            Datum::map(fields.chain(standard).filter(|(_, value)| !value.is_empty()).collect())
        })
    }
}

/// What `idpUser` has. Text that is absent is empty.
fn fields(person: &IdpUser) -> impl Iterator<Item = (&'static str, Datum)> {
    let text = |text: &Option<String>| Datum::text(text.as_deref().unwrap_or_default());
    [
        ("id", Datum::text(&person.external_id)),
        ("name", Datum::text(&person.user_name)),
        ("fullName", text(&person.full_name)),
        ("email", text(&person.email)),
        ("emailVerified", person.email_verified.into()),
        ("groups", Datum::list(person.groups.iter().map(|group| Datum::text(group)).collect())),
    ]
    .into_iter()
}

/// What only `getProperty` and `hasProperty` know.
fn standard(person: &IdpUser) -> impl Iterator<Item = (&'static str, &str)> {
    [
        ("givenName", &person.given_name),
        ("familyName", &person.family_name),
        ("picture", &person.picture),
        ("profile", &person.profile),
        ("gender", &person.gender),
        ("locale", &person.locale),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.as_deref()?)))
}

/// Whether the claims have at most [`LONGEST_CLAIMS`]; looks at no more of them.
fn is_short(claims: &Claims) -> bool {
    struct Rest(usize);
    impl Write for Rest {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::OutOfMemory)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Rest(LONGEST_CLAIMS), claims).is_ok()
}

/// None: it is nested too deep.
fn object(members: &Claims, depth: usize) -> Option<Datum> {
    let depth = depth.checked_sub(1)?;
    let entries = members.iter().map(|(name, value)| Some((Text::from(name.as_str()), datum(value, depth)?)));
    entries.collect::<Option<_>>().map(Datum::map)
}

fn datum(value: &Value, depth: usize) -> Option<Datum> {
    Some(match value {
        Value::Null => Datum::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => Datum::UInt(number.into()),
            (None, None) => number.as_f64()?.into(),
        },
        Value::String(text) => Datum::text(text),
        Value::Array(items) => {
            let depth = depth.checked_sub(1)?;
            Datum::list(items.iter().map(|item| datum(item, depth)).collect::<Option<_>>()?)
        }
        Value::Object(members) => object(members, depth)?,
    })
}

/// What an evaluation reads by name.
pub(super) struct Scope<'x> {
    pub(super) variables: &'x Variables<'x>,
    pub(super) budget: &'x Budget,
}

impl VariableResolver for Scope<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let datum = match variable {
            "@budget" => return Some(CowVal::Borrowed(self.budget)),
            "claims" => self.variables.claims().as_ref().ok()?,
            "idpUser" => self.variables.person().as_ref().ok()?,
            "provider" => self.variables.provider(),
            "@properties" => self.variables.properties(),
            _ => return None,
        };
        Some(CowVal::Borrowed(datum.as_val()))
    }
}
