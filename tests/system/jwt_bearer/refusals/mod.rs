//! Everything that must bring no access token, as `refusals.txt` has it, each beside the same done right. No answer
//! tells more than `error`, but for the reference and what a manifest has a person told.

mod application;
mod assertion;
mod court;
mod person;
mod provider;
mod request;
mod table;

use super::ask::Ask;

/// One thing is wrong.
struct Case {
    /// What is done before; it must be right.
    before: Vec<Ask>,
    wrong: Ask,
    right: Ask,
}

impl Case {
    fn new(wrong: Ask, right: Ask) -> Self {
        Self { before: Vec::new(), wrong, right }
    }
}
