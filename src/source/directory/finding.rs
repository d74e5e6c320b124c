//! What is wrong with a manifest, and where. Never holds a value out of a Secret.

use std::{fmt, path::PathBuf};

/// A place in a file. Lines and columns count from 1; columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// How many characters a message may have.
const MAX_MESSAGE: usize = 1000;

/// Something wrong in a file: a [`Finding`] that does not know its file yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub at: Position,
    pub rule: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    /// A message that quotes too much of the file is cut.
    pub fn new(at: Position, rule: &'static str, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
            message.truncate(end);
            message.push_str("...");
        }
        Self { at, rule, message, hint: None }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says which file it is in.
    pub fn in_file(self, file: impl Into<PathBuf>) -> Finding {
        let Self { at, rule, message, hint } = self;
        Finding { file: file.into(), line: at.line, column: at.column, rule, message, hint }
    }
}

/// Something wrong with a manifest. Prints as `file:line:column: message (hint) [rule]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Finding {
    /// The file, below the directory that was named by the user.
    pub file: PathBuf,
    /// From 1; 0 when the finding is about the file as a whole.
    pub line: usize,
    /// From 1; 0 when the finding is about the file as a whole.
    pub column: usize,
    /// Stable: people filter by it.
    pub rule: &'static str,
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        write!(f, " [{}]", self.rule)
    }
}

/// A value as messages may show it: a URL can hold a password, and a log line must not be flooded.
pub fn shown(text: &str) -> String {
    if text.contains('@') {
        "(not shown, it may hold a password)".to_owned()
    } else if text.chars().count() > 100 {
        quoted(text.chars().take(100).chain("...".chars()))
    } else {
        quoted(text.chars())
    }
}

/// As the API server quotes: what nobody would see is shown by its number.
fn quoted(text: impl Iterator<Item = char>) -> String {
    let escaped = |char: char| match (char, u32::from(char)) {
        ('\n' | '\r' | '\t' | '"' | '\\', _) => char.escape_default().to_string(),
        ('\'', _) => char.to_string(),
        (_, number) if char.is_ascii_control() => format!("\\x{number:02x}"),
        (_, number) if char.escape_debug().len() > 1 => format!("\\u{number:04x}"),
        _ => char.to_string(),
    };
    format!("\"{}\"", text.map(escaped).collect::<String>())
}

/// A value that is no text, likewise.
pub fn shown_json(value: &serde_json::Value) -> String {
    let text = value.to_string();
    if text.contains('@') || text.chars().count() > 100 { shown(&text) } else { text }
}

/// What somebody who wrote `word` may have meant.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Words of a manifest are short; what is longer is no slip of a finger and would cost time to compare.
    if word.len() > 64 {
        return None;
    }
    let likeness = |known: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &known.to_lowercase());
    let (distance, known) = known.into_iter().map(|known| (likeness(known), known)).min()?;
    (distance <= 1 + word.len() / 4).then(|| format!("did you mean {known:?}?"))
}
