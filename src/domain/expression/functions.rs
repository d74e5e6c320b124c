//! What expressions can call, operators included. Each function charges the budget before it works, for as much as it
//! reads and makes.

mod collection;
mod convert;
mod operator;
mod property;
mod text;

use std::sync::{Arc, LazyLock};

use cel::{
    Env, ExecutionError,
    common::{
        functions::Function as Overload,
        types::{DYN_TYPE, Type},
        value::CowVal,
    },
};

use super::{
    budget::Budget,
    value::{Datum, View},
};

/// The most arguments that a function has, the value before its dot included.
const MOST_ARGUMENTS: usize = 4;
/// What an item of a list costs in memory, beside what it is.
const ITEM: usize = 64;

/// None: the arguments are of other types than it takes.
type Outcome = Result<Option<Datum>, ExecutionError>;

/// How a function is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `value.function(…)`
    Member,
    /// `function(…)`
    Global,
    Both,
    /// By nobody: it stands for an operator or a part of the language.
    Inner,
}

/// A function as expressions know it.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) style: Style,
    /// How many arguments it may have, the value before its dot included.
    pub(super) arities: &'static [usize],
    /// How it is written, for those who wrote it in another way.
    pub(super) usage: &'static str,
    overload: Overload,
}

/// A function that looks at its arguments and makes a value.
macro_rules! function {
    ($name:literal, $style:ident, $arities:expr, $usage:literal, $function:path) => {
        Function {
            name: $name,
            style: Style::$style,
            arities: &$arities,
            usage: $usage,
            overload: |arguments| call(&arguments, $name, $function),
        }
    };
}

/// A part of the language that handles the interpreter's own values.
macro_rules! part {
    ($name:literal, $arity:literal, $overload:path) => {
        Function { name: $name, style: Style::Inner, arities: &[$arity], usage: "", overload: $overload }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    function!("contains", Member, [2], "text.contains(part)", text::contains),
    function!("startsWith", Member, [2], "text.startsWith(part)", text::starts_with),
    function!("endsWith", Member, [2], "text.endsWith(part)", text::ends_with),
    function!("matches", Both, [2], "text.matches(\"pattern\")", text::matches),
    function!("lowerAscii", Member, [1], "text.lowerAscii()", text::lower_ascii),
    function!("upperAscii", Member, [1], "text.upperAscii()", text::upper_ascii),
    function!("trim", Member, [1], "text.trim()", text::trim),
    function!("split", Member, [2, 3], "text.split(separator) or text.split(separator, limit)", text::split),
    function!("replace", Member, [3, 4], "text.replace(old, new) or text.replace(old, new, limit)", text::replace),
    function!("substring", Member, [2, 3], "text.substring(start) or text.substring(start, end)", text::substring),
    function!("indexOf", Member, [2], "text.indexOf(part)", text::index_of),
    function!("lastIndexOf", Member, [2], "text.lastIndexOf(part)", text::last_index_of),
    function!("join", Member, [1, 2], "list.join() or list.join(separator)", text::join),
    function!("size", Both, [1], "value.size()", collection::size),
    function!("string", Global, [1], "string(value)", convert::string),
    function!("int", Global, [1], "int(value)", convert::int),
    function!("double", Global, [1], "double(value)", convert::double),
    function!("bool", Global, [1], "bool(value)", convert::bool),
    function!("@add", Inner, [2], "", operator::add),
    function!("@equals", Inner, [2], "", operator::equals),
    function!("@differs", Inner, [2], "", operator::differs),
    function!("@less", Inner, [2], "", operator::less),
    function!("@at_most", Inner, [2], "", operator::at_most),
    function!("@greater", Inner, [2], "", operator::greater),
    function!("@at_least", Inner, [2], "", operator::at_least),
    function!("@in", Inner, [2], "", collection::is_in),
    function!("@index", Inner, [2], "", collection::index),
    function!("@has_property", Inner, [3], "", property::has_property),
    function!("@get_property", Inner, [4], "", property::get_property),
    part!("@collected", 1, collection::collected),
    part!("@map", 1, collection::map),
    part!("@turn", 2, collection::turn),
    part!("@more", 3, collection::more),
];

/// The name that the interpreter knows a function by.
pub(super) fn inner_name(function: &Function) -> String {
    if function.style == Style::Inner { function.name.into() } else { format!("@{}", function.name) }
}

/// All of them, and nothing of the crate's library: what is not here cannot be called.
pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::default().with_optional_support(false);
    for function in FUNCTIONS {
        let name = inner_name(function);
        for arity in function.arities {
            // The budget comes before the arguments.
            env.add_overload(&name, &format!("{name}/{arity}"), any(arity + 1), function.overload)
                .expect("each name and arity is listed once");
        }
    }
    Arc::new(env)
});

fn any(arguments: usize) -> Vec<Type> {
    (0..arguments).map(|_| DYN_TYPE).collect()
}

fn budget_of<'x, 'b, 'v>(
    arguments: &'x [CowVal<'b, 'v>],
) -> Result<(&'x Budget, &'x [CowVal<'b, 'v>]), ExecutionError> {
    let (budget, rest) = arguments.split_first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    Ok((budget.downcast_ref::<Budget>().ok_or_else(ExecutionError::missing_argument_or_target)?, rest))
}

fn call<'b, 'v>(
    arguments: &[CowVal<'b, 'v>],
    name: &str,
    function: fn(&Budget, &[View<'_>]) -> Outcome,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let (budget, arguments) = budget_of(arguments)?;
    budget.steps(1)?;
    let mut views = [View::Null; MOST_ARGUMENTS];
    for (view, argument) in views.iter_mut().zip(arguments) {
        *view = View::of(&**argument).ok_or_else(|| failed("a value of this type cannot be used"))?;
    }
    let views = &views[..arguments.len().min(MOST_ARGUMENTS)];
    match function(budget, views)? {
        Some(value) => Ok(value.into_val()),
        None => Err(unfit(name, views)),
    }
}

/// Why a function gave nothing. Whoever calls it puts no value into it.
fn failed(what: impl Into<String>) -> ExecutionError {
    ExecutionError::FunctionError { function: String::new(), message: what.into() }
}

fn unfit(name: &str, arguments: &[View<'_>]) -> ExecutionError {
    let types: Vec<_> = arguments.iter().map(|argument| argument.type_name()).collect();
    failed(format!("`{}` cannot take {}", shown(name), types.join(" and ")))
}

/// An operator as it is written.
fn shown(name: &str) -> &str {
    match name {
        "@add" => "+",
        "@less" => "<",
        "@at_most" => "<=",
        "@greater" => ">",
        "@at_least" => ">=",
        "@in" => "in",
        "@index" => "[ ]",
        "@has_property" => "hasProperty",
        "@get_property" => "getProperty",
        name => name,
    }
}
