//! Regular expressions, made into automata when the expression that they stand in is compiled. Matching takes time by the
//! length of the text alone; a pattern whose automaton would be large is refused.

use std::{error::Error, sync::Arc};

use regex_automata::{
    Input,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson,
    util::syntax,
};

/// The most memory that a pattern takes, in bytes.
const LARGEST: usize = 64 * 1024;
/// The most memory that making its automaton takes, in bytes, for each of two stages.
const LARGEST_BUILD: usize = 256 * 1024;
/// How deep a pattern may be nested.
const DEEPEST: u32 = 32;

/// A pattern that texts are held against.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Arc<dense::DFA<Vec<u32>>>);

impl Pattern {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn compile(pattern: &str) -> Result<Self, String> {
        let nfa =
            thompson::Config::new().nfa_size_limit(Some(LARGEST_BUILD)).which_captures(thompson::WhichCaptures::None);
        let dfa = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .determinize_size_limit(Some(LARGEST_BUILD))
            .dfa_size_limit(Some(LARGEST));
        let built = dense::Builder::new()
            .syntax(syntax::Config::new().nest_limit(DEEPEST))
            .thompson(nfa)
            .configure(dfa)
            .build(&with_ascii_classes(pattern));
        built.map(|automaton| Self(Arc::new(automaton))).map_err(|error| {
            if is_too_large(&error) {
                return "it takes too much memory: repeat less, or write text.startsWith, endsWith or contains".into();
            }
            let problem = last_cause(&error).to_string();
            problem.lines().last().unwrap_or_default().trim_start_matches("error: ").into()
        })
    }

    /// Whether it matches anywhere in the text. None: it could not be told.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        self.0.try_search_fwd(&Input::new(text).earliest(true)).ok().map(|found| found.is_some())
    }
}

/// As CEL has it, `\w`, `\d` and `\s` mean ASCII. Their Unicode forms would make automata large, too.
fn with_ascii_classes(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            written.push(character);
            continue;
        }
        match characters.next() {
            Some('w') => written.push_str("[[:word:]]"),
            Some('W') => written.push_str("[^[:word:]]"),
            Some('d') => written.push_str("[[:digit:]]"),
            Some('D') => written.push_str("[^[:digit:]]"),
            Some('s') => written.push_str("[[:space:]]"),
            Some('S') => written.push_str("[^[:space:]]"),
            escaped => written.extend(['\\'].into_iter().chain(escaped)),
        }
    }
    written
}

/// In either of the two stages.
fn is_too_large(error: &dense::BuildError) -> bool {
    let first = error.source().and_then(|cause| cause.downcast_ref::<thompson::BuildError>());
    error.is_size_limit_exceeded() || first.is_some_and(|cause| cause.size_limit().is_some())
}

fn last_cause<'e>(mut error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    while let Some(cause) = error.source() {
        error = cause;
    }
    error
}
