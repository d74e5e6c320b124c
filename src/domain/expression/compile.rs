//! From text to what is evaluated: parsed, held to the limits, and rewritten so that whatever takes time or memory charges
//! the budget first. What is not known here cannot be called or read.

mod call;
mod comprehension;
mod name;

use std::sync::Arc;

use cel::{
    IdedExpr, ParseErrors,
    common::ast::{CallExpr, EntryExpr, Expr, ListExpr, LiteralValue, MapExpr, SelectExpr, SourceInfo},
    parser::Parser,
};

use super::{
    LONGEST_EXPRESSION,
    error::{ExpressionError, Place},
    pattern::Pattern,
};

/// How deep an expression may be nested.
const DEEPEST: u16 = 32;
/// The most parts that an expression has: names, literals, operators and calls.
const MOST_PARTS: usize = 300;
/// How many loops may stand in one another.
const MOST_NESTED_LOOPS: usize = 2;

/// What compiling makes of an expression.
pub(super) struct Compiled {
    pub(super) code: IdedExpr,
    pub(super) patterns: Arc<[Pattern]>,
    pub(super) reads: Reads,
}

/// What an expression looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reads {
    pub(super) claims: bool,
    pub(super) person: bool,
}

pub(super) fn compile(source: &str) -> Result<Compiled, ExpressionError> {
    if source.len() > LONGEST_EXPRESSION {
        return Err(ExpressionError::TooLong { length: source.len(), limit: LONGEST_EXPRESSION });
    }
    let parser = Parser::new().max_recursion_depth(DEEPEST);
    let (parsed, places) = parser.parse_with_source_info(source).map_err(|errors| syntax(&errors))?;
    let mut compiler = Compiler {
        source,
        places,
        names: Vec::new(),
        patterns: Vec::new(),
        reads: Reads::default(),
        parts: 0,
        weight: 0,
        depth: 0,
    };
    let code = compiler.expression(parsed)?;
    Ok(Compiled { code, patterns: compiler.patterns.into(), reads: compiler.reads })
}

fn syntax(errors: &ParseErrors) -> ExpressionError {
    let Some(error) = errors.errors.first() else {
        return ExpressionError::Syntax { place: Place { line: 1, column: 1 }, problem: "it cannot be read".into() };
    };
    let place = Place { line: at_least_1(error.pos.0), column: at_least_1(error.pos.1) };
    if error.msg.contains("Recursion limit") {
        return ExpressionError::TooDeep { place, limit: DEEPEST.into() };
    }
    let problem = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    ExpressionError::Syntax { place, problem: in_words(problem).chars().take(200).collect() }
}

/// The parser speaks of its grammar, and lists every token that it would have taken.
fn in_words(problem: &str) -> String {
    const STUMBLED: [&str; 4] =
        ["mismatched input ", "extraneous input ", "no viable alternative at input ", "token recognition error at: "];
    let problem = problem.split_once(" expecting ").map_or(problem, |(problem, _)| problem);
    match STUMBLED.iter().find_map(|words| problem.strip_prefix(words)) {
        Some("'<EOF>'") => "it ends too early".to_owned(),
        Some(input) if input.trim_matches(['\'', ' ']) == "=" => format!("{input} cannot stand here: equal is =="),
        Some(input) if input.trim_matches(['\'', ' ']) == "&" => format!("{input} cannot stand here: and is &&"),
        Some(input) if input.trim_matches(['\'', ' ']) == "<>" => format!("{input} cannot stand here: unequal is !="),
        Some(input) => format!("{input} cannot stand here"),
        None => problem.replace("'<EOF>'", "the end"),
    }
}

fn at_least_1(position: isize) -> usize {
    usize::try_from(position).unwrap_or_default().max(1)
}

struct Compiler<'s> {
    source: &'s str,
    places: SourceInfo,
    /// The names of the loops around what is compiled.
    names: Vec<String>,
    patterns: Vec<Pattern>,
    reads: Reads,
    parts: usize,
    /// The steps that one evaluation of what is compiled takes, but for what loops and functions charge themselves.
    weight: usize,
    depth: usize,
}

type Code = Result<IdedExpr, ExpressionError>;

impl Compiler<'_> {
    fn expression(&mut self, part: IdedExpr) -> Code {
        self.parts += 1;
        self.weight += 1;
        if self.parts > MOST_PARTS {
            return Err(ExpressionError::TooManyParts { place: self.place(part.id), limit: MOST_PARTS });
        }
        if self.depth >= DEEPEST.into() {
            return Err(ExpressionError::TooDeep { place: self.place(part.id), limit: DEEPEST.into() });
        }
        self.depth += 1;
        let IdedExpr { id, expr } = part;
        let code = match expr {
            Expr::Literal(LiteralValue::Bytes(_)) => Err(self.unusable(id, "a literal of bytes", "write text")),
            Expr::Literal(literal) => Ok(IdedExpr { id, expr: Expr::Literal(literal) }),
            Expr::Ident(name) => self.name(id, name),
            Expr::Select(select) => self.select(id, select),
            Expr::Call(call) => self.call(id, call),
            Expr::List(list) => self.list(id, list),
            Expr::Map(map) => self.map(id, map),
            Expr::Comprehension(comprehension) => self.comprehension(id, *comprehension),
            Expr::Struct(_) => Err(self.unusable(id, "a message", "write a map: {\"name\": value}")),
            Expr::Unspecified => Err(self.unusable(id, "nothing", "write a value")),
        };
        self.depth -= 1;
        code
    }

    fn expressions(&mut self, parts: Vec<IdedExpr>) -> Result<Vec<IdedExpr>, ExpressionError> {
        parts.into_iter().map(|part| self.expression(part)).collect()
    }

    fn select(&mut self, id: u64, select: SelectExpr) -> Code {
        self.check_field(id, &select)?;
        let operand = Box::new(self.expression(*select.operand)?);
        Ok(IdedExpr { id, expr: Expr::Select(SelectExpr { operand, ..select }) })
    }

    fn list(&mut self, id: u64, list: ListExpr) -> Code {
        let elements = self.expressions(list.elements)?;
        self.weight += elements.len();
        Ok(inner_call(id, "@collected", vec![IdedExpr { id, expr: Expr::List(ListExpr::new(elements)) }]))
    }

    /// A map is made of a list of its keys and values, in turn.
    fn map(&mut self, id: u64, map: MapExpr) -> Code {
        let mut elements = Vec::with_capacity(2 * map.entries.len());
        for entry in map.entries {
            let EntryExpr::MapEntry(entry) = entry.expr else {
                return Err(self.unusable(id, "a message", "write a map: {\"name\": value}"));
            };
            elements.push(self.expression(entry.key)?);
            elements.push(self.expression(entry.value)?);
        }
        self.weight += elements.len();
        Ok(inner_call(id, "@map", vec![IdedExpr { id, expr: Expr::List(ListExpr::new(elements)) }]))
    }

    fn unusable(&self, id: u64, what: impl Into<String>, instead: impl Into<String>) -> ExpressionError {
        ExpressionError::Unusable { place: self.place(id), what: what.into(), instead: instead.into() }
    }

    fn place(&self, id: u64) -> Place {
        let offset = self.places.offset_for(id).map_or(0, |(start, _)| start as usize);
        let before: String = self.source.chars().take(offset).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place { line, column }
    }
}

/// Calls a function of ours, which gets the budget before its arguments.
fn inner_call(id: u64, function: &str, mut arguments: Vec<IdedExpr>) -> IdedExpr {
    arguments.insert(0, name(id, "@budget"));
    IdedExpr { id, expr: Expr::Call(CallExpr { func_name: function.into(), target: None, args: arguments }) }
}

fn name(id: u64, name: &str) -> IdedExpr {
    IdedExpr { id, expr: Expr::Ident(name.into()) }
}

fn number(id: u64, number: usize) -> IdedExpr {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    IdedExpr { id, expr: Expr::Literal(LiteralValue::Int(number.into())) }
}
