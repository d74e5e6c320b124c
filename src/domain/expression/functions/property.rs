//! Properties of a person by name: the standard ones, else the claim of exactly this name.

use super::{
    super::{
        budget::Budget,
        value::{Datum, View},
    },
    Outcome,
};

pub(super) fn has_property(_: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Map(properties), View::Map(claims), View::Text(name)] = *arguments else { return Ok(None) };
    Ok(Some(present(properties.get(name).or_else(|| claims.get(name))).is_some().into()))
}

pub(super) fn get_property(_: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Map(properties), View::Map(claims), View::Text(name), default] = *arguments else { return Ok(None) };
    let found = present(properties.get(name).or_else(|| claims.get(name)));
    Ok(Some(found.cloned().unwrap_or_else(|| default.to_datum())))
}

fn present(value: Option<&Datum>) -> Option<&Datum> {
    value.filter(|value| !matches!(value, Datum::Null))
}
