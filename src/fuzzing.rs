//! What the fuzzers call (`fuzz/`): one function for each of them. Each says whether anything of its input was accepted, and
//! panics where a rule is broken; the rules stand beside what they judge.
//! Never part of the program: only fuzzers and tests compile it.

mod return_url;

pub use self::return_url::return_url;
pub use crate::{
    domain::expression::fuzzing::expression,
    oidc::fuzzing::{icon, id_token, keys, logout_token, metadata},
    server::fuzzing::{callback, cookies},
};

#[cfg(test)]
mod tests;
