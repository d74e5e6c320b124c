//! Regular expressions, compiled with the expression that they stand in. Matching takes time by the length of the text
//! alone, and their size is limited, so that none can stall.

use regex::{Regex, RegexBuilder};

/// The most memory that a compiled pattern takes, in bytes.
const LARGEST_PATTERN: usize = 64 * 1024;
/// How many bytes of text a pattern reads in the time of a step, at the worst.
const BYTES_A_STEP: usize = 1;

/// A pattern that texts are held against.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn compile(pattern: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN).build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it is too large when compiled: repeat less".into(),
            error => error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").into(),
        })
    }

    /// What matching this text costs at the worst.
    pub(super) fn steps(&self, text: &str) -> usize {
        text.len() / BYTES_A_STEP
    }

    /// Whether it matches anywhere in the text.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}
