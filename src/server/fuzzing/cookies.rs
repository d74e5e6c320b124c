//! The Cookie header: nothing opens but what we have sealed, for this organization and this use alone.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::browser::{BROWSER, Browser, NOW, SESSION, STATE};
use crate::server::{
    attempt::{Attempt, AttemptError, MAX_TOGETHER},
    cookies::{all, attempt_name, attempt_prefix, session_name},
    current::sessions_in,
};

/// What an attempt that begins now will take, in bytes.
const NEWEST: usize = 300;

/// More of the states that names begin with are not looked for, or long inputs would take all the time.
const MAX_STATES: usize = 4;

/// The input is one Cookie header a line, in which `{session}`, `{attempt}`, `{old}`, `{session elsewhere}` and
/// `{attempt elsewhere}` stand for what we have sealed.
pub fn cookies(data: &[u8]) -> bool {
    let Some(headers) = headers(data) else { return false };
    for (name, value) in all(&headers) {
        assert!(!name.contains(['=', ';']) && !value.contains(';'), "one pair is one cookie");
    }
    sweeping(&headers);
    sessions(&headers) | attempts(&headers)
}

fn headers(data: &[u8]) -> Option<HeaderMap> {
    let browser = &*BROWSER;
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let value = match str::from_utf8(line) {
            Err(_) => HeaderValue::from_bytes(line),
            Ok(line) => HeaderValue::from_bytes(
                line.replace("{session}", &browser.session)
                    .replace("{session elsewhere}", &browser.session_elsewhere)
                    .replace("{attempt}", &browser.attempt)
                    .replace("{attempt elsewhere}", &browser.attempt_elsewhere)
                    .replace("{old}", &browser.attempt_of_old)
                    .as_bytes(),
            ),
        };
        headers.append(header::COOKIE, value.ok()?);
    }
    Some(headers)
}

fn sessions(headers: &HeaderMap) -> bool {
    let Browser { acme, sealer, session, .. } = &*BROWSER;
    let found = sessions_in(headers, acme, sealer);
    assert!(found.len() <= 2);
    for id in &found {
        assert_eq!(id.0, SESSION);
        assert!(Browser::brings(headers, &session_name(acme), session), "under its own name");
    }
    !found.is_empty()
}

fn attempts(headers: &HeaderMap) -> bool {
    let Browser { acme, sealer, attempt, attempt_of_old, .. } = &*BROWSER;
    let prefix = attempt_prefix(acme);
    let ours = URL_SAFE_NO_PAD.encode(STATE);
    let named = all(headers).filter_map(|(name, _)| name.strip_prefix(&prefix)).take(MAX_STATES);
    let mut accepted = false;
    for state in named.chain([&*ours]) {
        let name = attempt_name(acme, state);
        match Attempt::find(state, headers, acme, sealer, NOW) {
            Ok(found) => {
                assert_eq!((found.state, state), (STATE, &*ours), "by its whole state");
                assert!(Browser::brings(headers, &name, attempt), "under its own name");
                accepted = true;
            }
            Err(AttemptError::Expired) => assert!(Browser::brings(headers, &name, attempt_of_old)),
            Err(AttemptError::Missing) => {}
        }
    }
    accepted
}

fn sweeping(headers: &HeaderMap) {
    let Browser { acme, sealer, attempt, .. } = &*BROWSER;
    let prefix = attempt_prefix(acme);
    let sent: Vec<_> = all(headers).filter(|(name, _)| name.starts_with(&prefix)).collect();
    let mut kept = sent.clone();
    for removal in Attempt::sweep(headers, acme, sealer, NEWEST, NOW) {
        let removal = str::from_utf8(removal.as_bytes()).expect("UTF-8");
        let name = removal.split_once('=').expect("a name").0;
        assert!(sent.iter().any(|(sent, _)| *sent == name), "nothing is taken away but attempts");
        assert!(removal.contains("; Max-Age=0"));
        kept.retain(|(sent, _)| *sent != name);
    }
    assert!(kept.iter().all(|(_, value)| value == attempt), "what is no attempt of now goes");
    let together: usize = kept.iter().map(|(name, value)| name.len() + value.len() + "=; ".len()).sum();
    assert!(kept.is_empty() || NEWEST + together <= MAX_TOGETHER);
}
