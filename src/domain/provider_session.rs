//! Sessions at a provider, and which sessions here end with them (OpenID Connect Back-Channel Logout 1.0, section 2.6;
//! Front-Channel Logout 1.0, section 3). Pure.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::Claims;

/// The longest name of a session at a provider that is kept, in characters; a longer one is as good as none.
const MAX_SID_CHARS: usize = 255;

/// The session at a provider that a session here began with, as its ID token tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSession {
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `sid`, which not every provider sends.
    pub sid: Option<String>,
}

impl ProviderSession {
    /// By a verified ID token, which always has a `sub`.
    pub fn of(issuer: &str, id_token: &Claims) -> Option<Self> {
        let subject = id_token.get("sub")?.as_str()?.to_owned();
        let sid = id_token.get("sid").and_then(Value::as_str);
        let sid = sid.filter(|sid| (1..=MAX_SID_CHARS).contains(&sid.chars().count()));
        Some(Self { issuer: issuer.to_owned(), subject, sid: sid.map(str::to_owned) })
    }
}

/// When a verified ID token was issued.
pub fn issued_at(id_token: &Claims) -> Option<Timestamp> {
    let seconds = id_token.get("iat")?.as_f64()?;
    Timestamp::UNIX_EPOCH.checked_add(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}

/// What a provider says is over: one session there, or all of a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderLogout {
    pub provider_uid: Arc<str>,
    pub issuer: String,
    /// The session at the provider; None: all of the subject's.
    pub sid: Option<String>,
    /// Whose it was, where that was said.
    pub subject: Option<String>,
}

impl ProviderLogout {
    /// Whether it ends a session here that began with `session` at the provider. One that began without `sid` ends with any
    /// of its person's: it could be that one.
    pub fn ends(&self, provider_uid: &str, session: &ProviderSession) -> bool {
        let is_the_one = match (&self.sid, &session.sid) {
            (Some(ended), Some(sid)) => ended == sid,
            (None, _) | (_, None) => self.subject.as_ref() == Some(&session.subject),
        };
        is_the_one && *self.provider_uid == *provider_uid && self.issuer == session.issuer
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::testing::claims;

    const ISSUER: &str = "https://issuer.example";

    fn session(subject: &str, sid: Option<&str>) -> ProviderSession {
        ProviderSession { issuer: ISSUER.into(), subject: subject.into(), sid: sid.map(str::to_owned) }
    }

    fn logout(sid: Option<&str>, subject: Option<&str>) -> ProviderLogout {
        let text = |text: Option<&str>| text.map(str::to_owned);
        ProviderLogout { provider_uid: "p1".into(), issuer: ISSUER.into(), sid: text(sid), subject: text(subject) }
    }

    #[test]
    fn by_sid_ends_that_session_and_by_sub_all_of_the_persons() {
        for (ended, of, ends) in [
            (logout(Some("1"), None), session("ann", Some("1")), true),
            (logout(Some("1"), None), session("ann", Some("2")), false),
            (logout(Some("1"), Some("ann")), session("ann", Some("2")), false),
            (logout(Some("1"), None), session("ann", None), false),
            (logout(Some("1"), Some("ann")), session("ann", None), true),
            (logout(Some("1"), Some("bob")), session("ann", None), false),
            (logout(None, Some("ann")), session("ann", Some("1")), true),
            (logout(None, Some("ann")), session("ann", None), true),
            (logout(None, Some("bob")), session("ann", Some("1")), false),
            (logout(None, None), session("ann", Some("1")), false),
            (logout(None, None), session("ann", None), false),
        ] {
            assert_eq!(ended.ends("p1", &of), ends, "{ended:?} {of:?}");
        }
    }

    #[test]
    fn another_provider_or_issuer_ends_nothing() {
        let ended = logout(Some("1"), Some("ann"));
        assert!(!ended.ends("p2", &session("ann", Some("1"))));
        let elsewhere = ProviderSession { issuer: format!("{ISSUER}/"), ..session("ann", Some("1")) };
        assert!(!ended.ends("p1", &elsewhere));
    }

    #[test]
    fn a_sid_that_is_no_text_or_too_long_is_none() {
        let of =
            |sid: Value| ProviderSession::of(ISSUER, &claims(json!({"sub": "ann", "sid": sid}))).expect("a sub").sid;
        assert_eq!(of(json!("1")), Some("1".to_owned()));
        for odd in [json!(1), json!(""), json!(null), json!(["1"]), json!("x".repeat(256))] {
            assert_eq!(of(odd.clone()), None, "{odd}");
        }
        assert_eq!(ProviderSession::of(ISSUER, &claims(json!({"sub": "ann"}))).expect("a sub").sid, None);
    }

    #[test]
    fn the_time_of_issue_may_have_fractions() {
        let of = |iat: Value| issued_at(&claims(json!({ "iat": iat }))).map(Timestamp::as_millisecond);
        assert_eq!(of(json!(1_760_000_000)), Some(1_760_000_000_000));
        assert_eq!(of(json!(1_760_000_000.5)), Some(1_760_000_000_500));
        assert_eq!(of(json!(1e300)), None);
    }
}
