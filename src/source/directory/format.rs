//! The string formats that schemas here name. Faults never show the value, which may be a secret's.

use base64::{Engine, engine::general_purpose::STANDARD};

/// What is wrong with a string that should have a format; `None` also for a format that restricts nothing.
pub fn fault(format: &str, text: &str) -> Option<String> {
    match format {
        "byte" if STANDARD.decode(without_line_breaks(text)).is_err() => {
            Some("must be base64: write plain text under stringData instead".into())
        }
        _ => None,
    }
}

/// Kubernetes takes base64 with or without line breaks.
pub fn without_line_breaks(text: &str) -> String {
    text.chars().filter(|char| !matches!(char, '\n' | '\r')).collect()
}
