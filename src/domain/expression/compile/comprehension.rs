//! The loops that the parser makes of `exists`, `all`, `exists_one`, `filter` and `map`. Each turn charges the budget, where
//! no `||` can swallow that it is spent.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators};

use super::{super::error::ExpressionError, Code, Compiler, MOST_NESTED_LOOPS, inner_call, name, number};

/// What a turn of a loop costs beside what stands in it.
const TURN: usize = 4;

impl Compiler<'_> {
    pub(super) fn comprehension(&mut self, id: u64, mut comprehension: ComprehensionExpr) -> Code {
        comprehension.iter_range = self.expression(comprehension.iter_range)?;
        self.loop_name(id, &comprehension.iter_var)?;
        if self.names.len() >= MOST_NESTED_LOOPS {
            return Err(self.unusable(
                id,
                format!("a loop in {MOST_NESTED_LOOPS} others"),
                "move it out of them, or split the expression",
            ));
        }
        self.names.push(comprehension.iter_var.clone());
        let around = std::mem::replace(&mut self.weight, TURN);
        let code = self.turns(id, comprehension);
        self.weight = around;
        self.names.pop();
        code
    }

    fn turns(&mut self, id: u64, mut comprehension: ComprehensionExpr) -> Code {
        let collects = matches!(comprehension.accu_init.expr, Expr::List(_));
        let Expr::Call(CallExpr { func_name, target: None, args }) = comprehension.loop_step.expr else {
            return Err(self.not_a_loop(id));
        };
        let result = || name(id, &comprehension.accu_var);
        let step = match (func_name.as_str(), <[IdedExpr; 3]>::try_from(args)) {
            // filter, exists_one, and map with a condition
            (operators::CONDITIONAL, Ok([condition, taken, left])) => {
                let condition = self.expression(condition)?;
                let taken = self.taken(id, taken)?;
                vec![inner_call(id, "@turn", vec![number(id, self.weight), condition]), taken, left]
            }
            // map
            (operators::ADD, Err(args)) => {
                let every = IdedExpr { id, expr: Expr::Literal(LiteralValue::Boolean(true.into())) };
                let taken = self.taken(id, call(id, operators::ADD, args))?;
                vec![inner_call(id, "@turn", vec![number(id, self.weight), every]), taken, result()]
            }
            // exists and all
            (connective @ (operators::LOGICAL_OR | operators::LOGICAL_AND), Err(args)) => {
                let connective = connective.to_owned();
                let mut args = args.into_iter();
                let (Some(so_far), Some(condition)) = (args.next(), args.next()) else {
                    return Err(self.not_a_loop(id));
                };
                let condition = self.expression(condition)?;
                let more = vec![number(id, self.weight), result(), comprehension.accu_init.clone()];
                comprehension.loop_cond = inner_call(id, "@more", more);
                comprehension.loop_step = call(id, &connective, vec![so_far, condition]);
                return Ok(IdedExpr { id, expr: Expr::Comprehension(Box::new(comprehension)) });
            }
            _ => return Err(self.not_a_loop(id)),
        };
        comprehension.loop_step = call(id, operators::CONDITIONAL, step);
        let code = IdedExpr { id, expr: Expr::Comprehension(Box::new(comprehension)) };
        Ok(if collects { inner_call(id, "@collected", vec![code]) } else { code })
    }

    /// What a turn adds to the result: an item to a list, or 1. In this form the interpreter appends in place.
    fn taken(&mut self, id: u64, taken: IdedExpr) -> Code {
        let Expr::Call(CallExpr { func_name, target: None, args }) = taken.expr else {
            return Err(self.not_a_loop(id));
        };
        let Ok([so_far, added]) = <[IdedExpr; 2]>::try_from(args) else { return Err(self.not_a_loop(id)) };
        let added = match added.expr {
            Expr::List(list) => {
                let elements = self.expressions(list.elements)?;
                IdedExpr { id, expr: Expr::List(ListExpr::new(elements)) }
            }
            one => IdedExpr { id, expr: one },
        };
        Ok(call(id, &func_name, vec![so_far, added]))
    }

    fn not_a_loop(&self, id: u64) -> ExpressionError {
        self.unusable(id, "a loop like this", "write exists, all, exists_one, filter or map")
    }
}

fn call(id: u64, function: &str, args: Vec<IdedExpr>) -> IdedExpr {
    IdedExpr { id, expr: Expr::Call(CallExpr { func_name: function.into(), target: None, args }) }
}
