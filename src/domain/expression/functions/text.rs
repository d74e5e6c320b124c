//! Functions on text. Places are counted in characters, from 0.

use cel::ExecutionError;

use super::{
    super::{
        budget::Budget,
        value::{Datum, View},
    },
    ITEM, Outcome, failed,
};

pub(super) fn contains(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text), View::Text(part)] = *arguments else { return Ok(None) };
    budget.read(text.len() + part.len())?;
    Ok(Some(text.contains(part).into()))
}

pub(super) fn starts_with(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text), View::Text(part)] = *arguments else { return Ok(None) };
    budget.read(part.len())?;
    Ok(Some(text.starts_with(part).into()))
}

pub(super) fn ends_with(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text), View::Text(part)] = *arguments else { return Ok(None) };
    budget.read(part.len())?;
    Ok(Some(text.ends_with(part).into()))
}

/// The pattern is given by its number: it was compiled with the expression.
pub(super) fn matches(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text), View::Int(number)] = *arguments else { return Ok(None) };
    let Some(pattern) = budget.pattern(number) else { return Ok(None) };
    budget.read(2 * text.len())?;
    pattern.matches(text).map(|matches| Some(matches.into())).ok_or_else(|| failed("the pattern cannot be matched"))
}

pub(super) fn lower_ascii(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text)] = *arguments else { return Ok(None) };
    budget.make(ITEM + 2 * text.len())?;
    Ok(Some(Datum::text(&text.to_ascii_lowercase())))
}

pub(super) fn upper_ascii(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text)] = *arguments else { return Ok(None) };
    budget.make(ITEM + 2 * text.len())?;
    Ok(Some(Datum::text(&text.to_ascii_uppercase())))
}

pub(super) fn trim(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text)] = *arguments else { return Ok(None) };
    budget.make(ITEM + text.len())?;
    Ok(Some(Datum::text(text.trim())))
}

/// An empty separator parts between characters. Without a limit, or with a negative one, there are as many parts as there
/// are.
pub(super) fn split(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let (text, separator, limit) = match *arguments {
        [View::Text(text), View::Text(separator)] => (text, separator, usize::MAX),
        [View::Text(text), View::Text(separator), View::Int(limit)] => (text, separator, at_most(limit)),
        _ => return Ok(None),
    };
    budget.read(text.len() + separator.len())?;
    let pieces = text.matches(separator).count().saturating_add(1).min(limit);
    budget.steps(pieces)?;
    budget.make(pieces * ITEM + text.len())?;
    let parts = if separator.is_empty() { characters(text, limit) } else { text.splitn(limit, separator).collect() };
    Ok(Some(Datum::list(parts.into_iter().map(Datum::text).collect())))
}

/// One by one; the last of `limit` parts is the rest.
fn characters(text: &str, limit: usize) -> Vec<&str> {
    let mut starts: Vec<_> = text.char_indices().map(|(start, _)| start).take(limit).collect();
    starts.push(text.len());
    starts
        .windows(2)
        .enumerate()
        .map(|(number, bounds)| &text[bounds[0]..if number + 1 == limit { text.len() } else { bounds[1] }])
        .collect()
}

pub(super) fn replace(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let (text, old, new, limit) = match *arguments {
        [View::Text(text), View::Text(old), View::Text(new)] => (text, old, new, usize::MAX),
        [View::Text(text), View::Text(old), View::Text(new), View::Int(limit)] => (text, old, new, at_most(limit)),
        _ => return Ok(None),
    };
    budget.read(text.len() + old.len())?;
    let times = text.matches(old).count().min(limit);
    budget.steps(times)?;
    budget.make(ITEM + 2 * text.len().saturating_add(times.saturating_mul(new.len())))?;
    Ok(Some(Datum::text(&text.replacen(old, new, limit))))
}

pub(super) fn substring(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let (text, start, end) = match *arguments {
        [View::Text(text), View::Int(start)] => (text, start, None),
        [View::Text(text), View::Int(start), View::Int(end)] => (text, start, Some(end)),
        _ => return Ok(None),
    };
    budget.make(ITEM + text.len())?;
    let start = offset(text, start)?;
    let end = end.map_or(Ok(text.len()), |end| offset(text, end))?;
    let part = text.get(start..end).ok_or_else(|| failed("`substring` ends before it starts"))?;
    Ok(Some(Datum::text(part)))
}

/// Where in bytes the character with this number starts; the one after the last starts at the end.
fn offset(text: &str, number: i64) -> Result<usize, ExecutionError> {
    let number = usize::try_from(number).map_err(|_| failed("`substring` starts before the text"))?;
    let mut starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
    starts.nth(number).ok_or_else(|| failed("`substring` reads beyond the text"))
}

/// -1: it is not in there.
pub(super) fn index_of(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text), View::Text(part)] = *arguments else { return Ok(None) };
    budget.read(2 * text.len() + part.len())?;
    Ok(Some(place(text, text.find(part))))
}

/// -1: it is not in there.
pub(super) fn last_index_of(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [View::Text(text), View::Text(part)] = *arguments else { return Ok(None) };
    budget.read(2 * text.len() + part.len())?;
    Ok(Some(place(text, text.rfind(part))))
}

fn place(text: &str, found: Option<usize>) -> Datum {
    let characters = found.and_then(|offset| text.get(..offset)).map(|before| before.chars().count());
    characters.and_then(|number| i64::try_from(number).ok()).unwrap_or(-1).into()
}

pub(super) fn join(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let (items, separator) = match *arguments {
        [View::List(items)] => (items, ""),
        [View::List(items), View::Text(separator)] => (items, separator),
        _ => return Ok(None),
    };
    budget.steps(items.len())?;
    let mut parts = Vec::with_capacity(items.len());
    let mut length = 0_usize;
    for item in items {
        let View::Text(part) = item.view() else { return Err(failed("`join` needs a list of text")) };
        length = length.saturating_add(part.len()).saturating_add(separator.len());
        parts.push(part);
    }
    budget.make((16 * items.len()).saturating_add(length.saturating_mul(2)).saturating_add(ITEM))?;
    Ok(Some(Datum::text(&parts.join(separator))))
}

/// A negative limit is none.
fn at_most(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
