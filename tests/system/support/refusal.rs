//! What every page that refuses a login has in common.

use super::{latchkey::Latchkey, provider::CLIENT_SECRET, visitor::Answer};

/// Stands in whatever hostile input there is; neither a page nor the log may repeat it.
pub const MARK: &str = "<b>m4rk</b>";

/// A plain page with this status and a reference, under which the log has this code; nobody is signed in, nothing of
/// the input is repeated, and nothing panicked.
#[track_caller]
pub fn must_be_refused(name: &str, latchkey: &Latchkey, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{name}: {}", answer.body);
    let line = must_be_plain(name, latchkey, answer);
    assert!(line.contains(&format!("code=\"{code}\"")), "{name}: {line}");
}

/// As `must_be_refused`, whatever the status and the code; answers with the line of the log.
#[track_caller]
pub fn must_be_plain(name: &str, latchkey: &Latchkey, answer: &Answer) -> String {
    assert!(!answer.signs_in(), "{name} sets a session cookie");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{name}: {policy}");
    let (log, reference) = (latchkey.log(), answer.reference());
    must_repeat_nothing(name, &answer.body);
    must_repeat_nothing(name, &log);
    let line = log.lines().find(|line| line.contains(&reference));
    line.unwrap_or_else(|| panic!("{name}: {log}")).to_owned()
}

/// A page, a log or a status without anything that came in, without a secret and without a panic.
#[track_caller]
pub fn must_repeat_nothing(name: &str, text: &str) {
    assert!(!text.contains("m4rk"), "{name}: what came in is repeated: {text}");
    assert!(!text.contains("panic"), "{name}: {text}");
    assert!(!text.contains(CLIENT_SECRET), "{name}: a secret is told: {text}");
}

/// Nothing of what a provider sent is in the log or in a status.
pub async fn nothing_is_repeated(latchkey: &Latchkey, name: &str) {
    let status = latchkey.status("identityprovider", name).await.expect("a status").to_string();
    must_repeat_nothing(name, &latchkey.log());
    must_repeat_nothing(name, &status);
}
