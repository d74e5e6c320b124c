//! The claims that `simulate` is given. No message holds any of them.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, bail};

use crate::domain::Claims;

/// No provider says more of a person.
const MAX_BYTES: u64 = 1 << 20;

/// Reads an object of claims, in JSON or YAML; `-` is standard input.
///
/// # Errors
/// There is none, with what to write instead.
pub fn read(path: &Path) -> anyhow::Result<Claims> {
    let flag = || format!("--claims {}", path.display());
    let mut bytes = Vec::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)),
    };
    read.with_context(flag)?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("{}: larger than {MAX_BYTES} bytes", flag());
    }
    let text = String::from_utf8(bytes).with_context(flag)?;
    parse(&text).with_context(flag)
}

fn parse(text: &str) -> anyhow::Result<Claims> {
    if is_jwt(text.trim()) {
        bail!(
            "this is a token, not its claims: write the claims as a JSON object, which stands between the two dots in base64url"
        );
    }
    // Of YAML, which JSON is a part of, no message is passed on: it could quote a claim.
    let document: Result<serde_json::Value, _> = serde_json::from_str(text).or_else(|_| serde_yaml::from_str(text));
    match document {
        Ok(serde_json::Value::Object(claims)) => Ok(claims),
        Ok(_) => bail!("this is no object: write the claims by their names, such as {{\"sub\": \"1\"}}"),
        Err(error) => {
            let place = error.location().map(|at| format!(" in line {}, column {}", at.line(), at.column()));
            bail!("this is neither JSON nor YAML{}", place.unwrap_or_default())
        }
    }
}

/// JWS Compact Serialization (RFC 7515, section 3.1).
fn is_jwt(text: &str) -> bool {
    let is_base64url = |part: &str| part.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
    let parts: Vec<_> = text.split('.').collect();
    matches!(parts.len(), 3 | 5) && text.starts_with("ey") && parts.into_iter().all(is_base64url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    #[test]
    fn claims_are_an_object_in_json_or_yaml() {
        for text in ["{\"sub\": \"1\", \"n\": 12345678901234567890}", "sub: \"1\"\nn: 12345678901234567890\n"] {
            let claims = parse(text).expect(text);
            assert_eq!((claims["sub"].as_str(), claims["n"].as_u64()), (Some("1"), Some(12_345_678_901_234_567_890)));
        }
    }

    #[test]
    fn what_is_no_object_of_claims_is_refused_with_what_to_write_and_without_what_stands_there() {
        for (text, expected) in [
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2VjcmV0\n", "this is a token"),
            ("[1]", "no object"),
            ("secret", "no object"),
            ("", "no object"),
            ("{\"a\": secret\n b: [", "neither JSON nor YAML in line"),
        ] {
            let said = refused(text);
            assert!(said.contains(expected) && !said.contains("secret"), "{said}");
        }
    }
}
