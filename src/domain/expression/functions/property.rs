//! Properties of a person by name: the standard ones, else the claim of exactly this name.

use super::{
    super::{
        budget::Budget,
        value::{Datum, View},
    },
    ITEM, Outcome,
    collection::COMPARISONS,
};

pub(super) fn has_property(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Map(properties), View::Map(claims), View::Text(name)] = *arguments else { return Ok(None) };
    budget.read(2 * COMPARISONS * name.len())?;
    Ok(Some(present(properties.get(name).or_else(|| claims.get(name))).is_some().into()))
}

pub(super) fn get_property(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Map(properties), View::Map(claims), View::Text(name), default] = *arguments else { return Ok(None) };
    budget.read(2 * COMPARISONS * name.len())?;
    let copied = match default {
        View::Text(text) => text.len() / ITEM,
        View::List(items) => items.len(),
        View::Map(entries) => entries.len(),
        _ => 0,
    };
    budget.steps(copied)?;
    budget.make(ITEM * (1 + copied))?;
    let found = present(properties.get(name).or_else(|| claims.get(name)));
    Ok(Some(found.cloned().unwrap_or_else(|| default.to_datum())))
}

fn present(value: Option<&Datum>) -> Option<&Datum> {
    value.filter(|value| !matches!(value, Datum::Null))
}
