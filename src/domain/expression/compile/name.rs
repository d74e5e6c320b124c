//! The names that expressions know.

use cel::common::ast::{Expr, IdedExpr, SelectExpr};

use super::{super::error::ExpressionError, Code, Compiler};

const VARIABLES: [&str; 3] = ["claims", "idpUser", "provider"];
const PERSON: [&str; 6] = ["id", "name", "fullName", "email", "emailVerified", "groups"];
const PROVIDER: [&str; 2] = ["key", "issuer"];

impl Compiler<'_> {
    pub(super) fn name(&mut self, id: u64, name: String) -> Code {
        match name.as_str() {
            "claims" => self.reads.claims = true,
            "idpUser" => self.reads.person = true,
            "provider" => {}
            other if self.names.iter().any(|known| known == other) => {}
            other => {
                let known = VARIABLES.into_iter().chain(self.names.iter().map(String::as_str));
                let hint = meant(other, known)
                    .unwrap_or_else(|| format!("text is written \"{other}\", and a claim is claims.{other}"));
                return Err(ExpressionError::Unknown {
                    place: self.place(id),
                    what: format!("`{other}`"),
                    hint: Some(hint),
                });
            }
        }
        Ok(IdedExpr { id, expr: Expr::Ident(name) })
    }

    /// `idpUser` and `provider` have what they have; claims can have anything.
    pub(super) fn check_field(&self, id: u64, select: &SelectExpr) -> Result<(), ExpressionError> {
        let field = select.field.as_str();
        let (variable, fields) = match &select.operand.expr {
            Expr::Ident(name) if name == "idpUser" => ("idpUser", &PERSON[..]),
            Expr::Ident(name) if name == "provider" => ("provider", &PROVIDER[..]),
            _ => return Ok(()),
        };
        if fields.contains(&field) {
            return Ok(());
        }
        let called = |name: &str| format!("did you mean `{name}`?");
        let hint = match meant(field, fields.iter().copied()) {
            // So the manifest calls what makes them.
            _ if variable == "idpUser" && field == "userName" => called("name"),
            _ if variable == "idpUser" && field == "userID" => called("id"),
            Some(hint) => hint,
            None if variable == "idpUser" => format!("write idpUser.getProperty(\"{field}\", \"\")"),
            None => format!("it has {}", fields.join(" and ")),
        };
        Err(ExpressionError::Unknown { place: self.place(id), what: format!("`{variable}.{field}`"), hint: Some(hint) })
    }

    /// The name that a loop gives its items.
    pub(super) fn loop_name(&self, id: u64, name: &str) -> Result<(), ExpressionError> {
        if VARIABLES.contains(&name) || self.names.iter().any(|known| known == name) {
            return Err(self.unusable(id, format!("`{name}` for the items of a loop"), "take another name"));
        }
        Ok(())
    }
}

/// The known name that is nearest to one that is not.
pub(super) fn meant<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    let alike = known.map(|known| {
        (known, strsim::normalized_damerau_levenshtein(&known.to_ascii_lowercase(), &name.to_ascii_lowercase()))
    });
    let nearest = alike.filter(|(_, likeness)| *likeness > 0.6).max_by(|a, b| a.1.total_cmp(&b.1));
    nearest.map(|(known, _)| format!("did you mean `{known}`?"))
}
