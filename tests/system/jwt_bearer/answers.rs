//! What the token endpoint answers, and whether it is said as RFC 6749 has it.

use base64::Engine;
use serde_json::Value;

use crate::support::{latchkey::Latchkey, visitor::Answer};

/// An access token that was given out.
#[derive(Clone, Debug)]
pub struct Given {
    pub token: String,
    pub expires_in: i64,
}

impl Given {
    /// What it says, whoever signed it.
    pub fn claims(&self) -> Value {
        self.part(1)
    }

    pub fn header(&self) -> Value {
        self.part(0)
    }

    fn part(&self, number: usize) -> Value {
        let part = self.token.split('.').nth(number).expect("a token has three parts");
        let octets = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&octets).expect("JSON")
    }
}

/// The access token of an answer, which is as RFC 6749, section 5.1, has it and begins no session.
pub fn given(answer: &Answer) -> Result<Given, String> {
    if answer.status != 200 {
        return Err("no access token".to_owned());
    }
    must_be_private(answer)?;
    let mut body = answer.json();
    let members = body.as_object_mut().ok_or("no object")?;
    let token = members.remove("access_token").and_then(|token| Some(token.as_str()?.to_owned())).ok_or("no token")?;
    let expires_in = members.remove("expires_in").and_then(|seconds| seconds.as_i64()).ok_or("no expires_in")?;
    let type_ = members.remove("token_type").ok_or("no token_type")?;
    if type_ != "Bearer" || !members.is_empty() {
        return Err(format!("{type_} and {members:?}"));
    }
    Ok(Given { token, expires_in })
}

/// A refusal, and the line of the log that its reference leads to.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub error: String,
    /// Without the reference.
    pub description: String,
    pub code: String,
    pub line: String,
}

/// The refusal of an answer, which is as RFC 6749, section 5.2, has it and gives nothing away.
pub fn refused(latchkey: &Latchkey, answer: &Answer) -> Result<Refused, String> {
    if answer.status < 400 {
        return Err("not refused".to_owned());
    }
    must_be_private(answer)?;
    let body: Value = serde_json::from_str(&answer.body).map_err(|_| "no JSON")?;
    let members = body.as_object().ok_or("no object")?;
    if members.len() != 2 {
        return Err("not error and error_description alone".to_owned());
    }
    let text = |name: &str| body[name].as_str().map(str::to_owned).ok_or(format!("no {name}"));
    let (error, description) = (text("error")?, text("error_description")?);
    let (said, reference) = description.split_once(" (reference ").ok_or("no reference")?;
    let reference = reference.strip_suffix(')').ok_or("no end of the reference")?;
    let log = latchkey.log();
    let mut lines = log.lines().filter(|line| line.contains(reference));
    let line = lines.next().ok_or("the log does not know the reference")?.to_owned();
    if lines.next().is_some() {
        return Err("the reference is logged twice".to_owned());
    }
    let code = line.split_once("code=\"").and_then(|(_, rest)| rest.split_once('"')).ok_or("no code in the log")?.0;
    let refused = Refused { status: answer.status, error, description: said.to_owned(), code: code.to_owned(), line };
    must_be_in_the_words_of_the_rfc(&refused)?;
    Ok(refused)
}

/// RFC 6749, section 5.2: the characters of `error_description`; section 5.1: nobody keeps the answer.
fn must_be_in_the_words_of_the_rfc(refused: &Refused) -> Result<(), String> {
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    match refused.description.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(format!("{c:?} in error_description")),
        None => Ok(()),
    }
}

fn must_be_private(answer: &Answer) -> Result<(), String> {
    let wanted = [("cache-control", "no-store"), ("x-content-type-options", "nosniff")];
    for (name, value) in wanted {
        if answer.header(name) != Some(value) {
            return Err(format!("{name}: {:?}", answer.header(name)));
        }
    }
    if !answer.header("content-type").is_some_and(|is| is == "application/json" || is.starts_with("application/json;"))
    {
        return Err(format!("content-type: {:?}", answer.header("content-type")));
    }
    match answer.set_cookies().as_slice() {
        [] => Ok(()),
        cookies => Err(format!("cookies: {cookies:?}")),
    }
}
