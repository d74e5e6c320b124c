//! Calls and operators.

use cel::common::{
    ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators},
    types::CelString,
};

use super::{
    super::{
        error::ExpressionError,
        functions::{FUNCTIONS, Function, Style, inner_name},
        pattern::Pattern,
    },
    Code, Compiler, inner_call, name,
    name::meant,
    number,
};

/// The most patterns in an expression.
const MOST_PATTERNS: usize = 8;

/// What the parser makes loops and `has` of, how it is written right.
const MACROS: [(&str, &str); 7] = [
    ("has", "has(claims.name)"),
    ("exists", "list.exists(item, condition)"),
    ("all", "list.all(item, condition)"),
    ("exists_one", "list.exists_one(item, condition)"),
    ("existsOne", "list.existsOne(item, condition)"),
    ("filter", "list.filter(item, condition)"),
    ("map", "list.map(item, value)"),
];

/// Those of an operator that the interpreter may evaluate: they work on numbers and flags alone.
fn is_plain(operator: &str) -> bool {
    use operators::{CONDITIONAL, DIVIDE, LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR, MODULO, MULTIPLY, NEGATE, SUBSTRACT};
    [CONDITIONAL, DIVIDE, LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR, MODULO, MULTIPLY, NEGATE, SUBSTRACT].contains(&operator)
}

/// The function of ours that stands for an operator.
fn charged(operator: &str) -> Option<&'static str> {
    Some(match operator {
        operators::ADD => "@add",
        operators::EQUALS => "@equals",
        operators::NOT_EQUALS => "@differs",
        operators::LESS => "@less",
        operators::LESS_EQUALS => "@at_most",
        operators::GREATER => "@greater",
        operators::GREATER_EQUALS => "@at_least",
        operators::IN => "@in",
        operators::INDEX => "@index",
        _ => return None,
    })
}

/// What functions of other languages are here.
const IN_OTHER_WORDS: [(&str, &str); 9] = [
    ("if", "condition ? value : otherwise"),
    ("iif", "condition ? value : otherwise"),
    ("and", "one && other"),
    ("or", "one || other"),
    ("not", "!condition"),
    ("lower", "text.lowerAscii()"),
    ("toLowerCase", "text.lowerAscii()"),
    ("upper", "text.upperAscii()"),
    ("concat", "one + other"),
];

fn property_usage(called: &str) -> &'static str {
    if called.eq_ignore_ascii_case("hasProperty") {
        "idpUser.hasProperty(\"locale\")"
    } else {
        "idpUser.getProperty(\"locale\", \"en\"), with what holds where there is none"
    }
}

impl Compiler<'_> {
    pub(super) fn call(&mut self, id: u64, call: CallExpr) -> Code {
        let CallExpr { func_name, target, args } = call;
        match (target, func_name.as_str()) {
            (None, operator) if is_plain(operator) => {
                let args = self.expressions(args)?;
                Ok(IdedExpr { id, expr: Expr::Call(CallExpr { func_name, target: None, args }) })
            }
            (None, operator) if let Some(function) = charged(operator) => {
                Ok(inner_call(id, function, self.expressions(args)?))
            }
            (Some(target), "hasProperty" | "getProperty") => self.property(id, &func_name, &target, args),
            (None, "hasProperty" | "getProperty") => Err(self.property_like_this(id, &func_name)),
            (target, function) => self.function(id, function, target.map(|target| *target), args),
        }
    }

    fn function(&mut self, id: u64, called: &str, target: Option<IdedExpr>, args: Vec<IdedExpr>) -> Code {
        let function = self.known(id, called)?;
        let fits = match function.style {
            Style::Member => target.is_some(),
            Style::Global => target.is_none(),
            Style::Both => true,
            Style::Inner => false,
        };
        let arguments: Vec<_> = target.into_iter().chain(args).collect();
        if !fits || !function.arities.contains(&arguments.len()) {
            return Err(self.unusable(id, format!("`{called}` like this"), format!("write {}", function.usage)));
        }
        let arguments =
            if called == "matches" { self.with_pattern(id, arguments)? } else { self.expressions(arguments)? };
        Ok(inner_call(id, &inner_name(function), arguments))
    }

    fn known(&self, id: u64, called: &str) -> Result<&'static Function, ExpressionError> {
        if let Some((_, usage)) = MACROS.into_iter().find(|(name, _)| *name == called) {
            return Err(self.unusable(id, format!("`{called}` like this"), format!("write {usage}")));
        }
        let mut written = FUNCTIONS.iter().filter(|function| function.style != Style::Inner);
        written.clone().find(|function| function.name == called).ok_or_else(|| {
            let names = written.by_ref().map(|function| function.name).chain(MACROS.map(|(name, _)| name));
            let property = |name: &&str| name.eq_ignore_ascii_case(called);
            let elsewhere = IN_OTHER_WORDS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(called));
            let usage = ["hasProperty", "getProperty"].into_iter().find(property).map(property_usage);
            let usage = usage.or_else(|| Some(elsewhere?.1)).map(|usage| format!("write {usage}"));
            let hint = usage.or_else(|| meant(called, names));
            ExpressionError::Unknown { place: self.place(id), what: format!("the function `{called}`"), hint }
        })
    }

    /// The pattern must stand in the expression, so that it is compiled once. The function gets its number.
    fn with_pattern(&mut self, id: u64, mut arguments: Vec<IdedExpr>) -> Result<Vec<IdedExpr>, ExpressionError> {
        let pattern = arguments.pop();
        let Some(Expr::Literal(LiteralValue::String(pattern))) = pattern.as_ref().map(|pattern| &pattern.expr) else {
            return Err(self.unusable(id, "a pattern that is computed", "write it as text: matches(\"^a.*z$\")"));
        };
        if self.patterns.len() >= MOST_PATTERNS {
            return Err(self.unusable(id, format!("more than {MOST_PATTERNS} patterns"), "split the expression"));
        }
        let pattern = Pattern::compile(CelString::inner(pattern))
            .map_err(|problem| self.unusable(id, "this pattern", problem))?;
        let mut arguments = self.expressions(arguments)?;
        arguments.push(number(id, self.patterns.len()));
        self.patterns.push(pattern);
        Ok(arguments)
    }

    fn property_like_this(&self, id: u64, called: &str) -> ExpressionError {
        self.unusable(id, format!("`{called}` like this"), format!("write {}", property_usage(called)))
    }

    fn property(&mut self, id: u64, called: &str, target: &IdedExpr, args: Vec<IdedExpr>) -> Code {
        let is_person = matches!(&target.expr, Expr::Ident(name) if name == "idpUser");
        let (function, arity) = if called == "hasProperty" { ("@has_property", 1) } else { ("@get_property", 2) };
        if !is_person || args.len() != arity {
            return Err(self.property_like_this(id, called));
        }
        self.reads.claims = true;
        self.reads.person = true;
        let mut arguments = vec![name(id, "@properties"), name(id, "claims")];
        arguments.extend(self.expressions(args)?);
        Ok(inner_call(id, function, arguments))
    }
}
