//! The string formats that schemas here name. Faults never show the value, which may be a secret's.

use base64::{Engine, engine::general_purpose::STANDARD};

/// What is wrong with a string that should have a format; `None` also for a format that restricts nothing.
pub fn fault(format: &str, text: &str) -> Option<String> {
    match format {
        "byte" if STANDARD.decode(without_line_breaks(text)).is_err() => {
            Some("must be base64: write plain text under stringData instead".into())
        }
        "dns1123label" if text.len() > 63 || !is_part(text) => Some(format!(
            "{text:?}: a lowercase RFC 1123 label must consist of at most 63 lower case alphanumeric characters or '-', and \
             must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc')"
        )),
        "dns1123subdomain" if text.len() > 253 || !text.split('.').all(is_part) => Some(format!(
            "{text:?}: a lowercase RFC 1123 subdomain must consist of at most 253 lower case alphanumeric characters, '-' or \
             '.', and must start and end with an alphanumeric character (e.g. 'example.com')"
        )),
        _ => None,
    }
}

/// Lower case letters, digits and inner dashes.
fn is_part(part: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    part.bytes().all(|byte| inner(byte) || byte == b'-')
        && part.bytes().next().is_some_and(inner)
        && part.bytes().next_back().is_some_and(inner)
}

/// Kubernetes takes base64 with or without line breaks.
pub fn without_line_breaks(text: &str) -> String {
    text.chars().filter(|char| !matches!(char, '\n' | '\r')).collect()
}
