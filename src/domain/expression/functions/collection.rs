//! Lists and maps, and the loops over them.

use std::collections::BTreeMap;

use cel::{
    ExecutionError,
    common::{types::CelBool, value::CowVal},
};

use super::{
    super::{
        budget::Budget,
        value::{Datum, View},
    },
    ITEM, Outcome, budget_of, failed,
    operator::are_equal,
};

/// How often a key is compared when it is looked for.
pub(super) const COMPARISONS: usize = 8;

type Part<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

pub(super) fn size(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let size = match *arguments {
        [View::Text(text)] => {
            budget.read(text.len())?;
            text.chars().count()
        }
        [View::List(items)] => items.len(),
        [View::Map(entries)] => entries.len(),
        _ => return Ok(None),
    };
    Ok(i64::try_from(size).ok().map(Datum::from))
}

pub(super) fn is_in(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    match *arguments {
        [wanted, View::List(items)] => {
            for item in items {
                budget.steps(1)?;
                if are_equal(budget, item.view(), wanted)? {
                    return Ok(Some(true.into()));
                }
            }
            Ok(Some(false.into()))
        }
        [View::Text(key), View::Map(entries)] => {
            budget.read(COMPARISONS * key.len())?;
            Ok(Some(entries.contains_key(key).into()))
        }
        _ => Ok(None),
    }
}

pub(super) fn index(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let found = match *arguments {
        [View::List(items), View::Int(number)] => usize::try_from(number).ok().and_then(|number| items.get(number)),
        [View::Map(entries), View::Text(key)] => {
            budget.read(COMPARISONS * key.len())?;
            entries.get(key)
        }
        _ => return Ok(None),
    };
    found.cloned().map(Some).ok_or_else(|| failed("there is nothing at an index in `[ ]`"))
}

/// Makes one of our lists of one of the interpreter's, which is a literal or what a loop has collected.
pub(super) fn collected<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Part<'b, 'v> {
    let (budget, rest) = budget_of(&arguments)?;
    Ok(Datum::list(items(budget, rest)?).into_val())
}

/// Makes a map of a list of keys and values, in turn.
pub(super) fn map<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Part<'b, 'v> {
    let (budget, rest) = budget_of(&arguments)?;
    let mut entries = BTreeMap::new();
    let mut items = items(budget, rest)?.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        let Datum::Text(key) = key else { return Err(failed("the keys of a map must be text")) };
        budget.read(COMPARISONS * key.as_str().len())?;
        if entries.insert(key, value).is_some() {
            return Err(failed("a map has the same key twice"));
        }
    }
    Ok(Datum::map(entries).into_val())
}

fn items(budget: &Budget, arguments: &[CowVal<'_, '_>]) -> Result<Vec<Datum>, ExecutionError> {
    let list = arguments.first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let mut source = list.as_iterable().ok_or_else(|| failed("this is no list"))?.iter();
    let length = list.as_sizer().map_or(0, |list| usize::try_from(*list.size().inner()).unwrap_or_default());
    budget.steps(length)?;
    budget.make(ITEM * (1 + length))?;
    let mut items = Vec::with_capacity(length);
    while let Some(item) = source.next() {
        if let Some(View::Text(text)) = View::of(item) {
            budget.make(text.len())?;
        }
        items.push(Datum::of(item).ok_or_else(|| failed("a list cannot hold a value of this type"))?);
    }
    Ok(items)
}

/// A turn of a loop that collects or counts: its weight, and whether it takes the item.
pub(super) fn turn<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Part<'b, 'v> {
    let takes = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let (budget, rest) = budget_of(&arguments)?;
    charge(budget, rest)?;
    budget.make(ITEM)?;
    Ok(takes)
}

/// Before a turn of a loop that looks for something: its weight, what it has come to, and whether that is where it began,
/// so that it goes on.
pub(super) fn more<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Part<'b, 'v> {
    let (budget, rest) = budget_of(&arguments)?;
    charge(budget, rest)?;
    let flag = |argument: Option<&CowVal<'_, '_>>| {
        argument.and_then(|argument| argument.downcast_ref::<CelBool>().map(|flag| *flag.inner()))
    };
    Ok(CowVal::owned(CelBool::from(flag(rest.get(1)) == flag(rest.get(2)))))
}

fn charge(budget: &Budget, arguments: &[CowVal<'_, '_>]) -> Result<(), ExecutionError> {
    match arguments.first().and_then(|weight| View::of(&**weight)) {
        Some(View::Int(weight)) => budget.steps(usize::try_from(weight).unwrap_or(usize::MAX)),
        _ => Err(ExecutionError::missing_argument_or_target()),
    }
}
