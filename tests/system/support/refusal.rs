//! What every page that refuses a login has in common.

use super::{latchkey::Latchkey, provider::CLIENT_SECRET, visitor::Answer};

/// Stands in whatever hostile input there is; neither a page nor the log may repeat it.
pub const MARK: &str = "<b>m4rk</b>";

/// A plain page with this status and a reference, under which the log has this code; nobody is signed in, nothing of
/// the input is repeated, and nothing panicked.
#[track_caller]
pub fn must_be_refused(name: &str, latchkey: &Latchkey, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{name}: {}", answer.body);
    assert!(!answer.signs_in(), "{name} sets a session cookie");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{name}: {policy}");
    let (log, reference) = (latchkey.log(), answer.reference());
    let line = log.lines().find(|line| line.contains(&reference)).unwrap_or_else(|| panic!("{name}: {log}"));
    assert!(line.contains(&format!("code=\"{code}\"")), "{name}: {line}");
    for text in [&answer.body, &log] {
        assert!(!text.contains("m4rk"), "{name}: what came in is repeated: {text}");
        assert!(!text.contains("panic"), "{name}: {text}");
        assert!(!text.contains(CLIENT_SECRET), "{name}: a secret is told: {text}");
    }
}

/// Nothing of what a provider sent is in the log or in a status.
pub async fn nothing_is_repeated(latchkey: &Latchkey, name: &str) {
    let status = latchkey.status("identityprovider", name).await.expect("a status").to_string();
    for text in [latchkey.log(), status] {
        assert!(!text.contains("m4rk"), "{name}: {text}");
    }
}
