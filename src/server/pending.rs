//! Who has come from their provider and may not sign in before their address is verified, carried by the browser in a sealed
//! cookie. It signs nobody in.

use axum::http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{cookies, seal::Sealer};
use crate::domain::{
    organization::Organization,
    user::{User, UserId},
};

/// As long as a link works.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// Where to go afterwards is forgotten where it is longer, in bytes: proxies take no more than 8 KiB of cookies.
const MAX_RETURN_TO: usize = 512;

/// Somebody whose address has to be verified first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub user: UserId,
    pub address: String,
    /// The display name of the provider that they came from.
    pub provider: String,
    /// Where to go once they are signed in, already resolved.
    pub return_to: Option<String>,
    expires_at: i64,
}

impl Pending {
    /// Somebody who comes from a provider now. None without an address.
    pub fn new(user: &User, provider: &str, return_to: Option<&str>, now: Timestamp) -> Option<Self> {
        Some(Self {
            user: user.id,
            address: user.email.clone()?,
            provider: provider.to_owned(),
            return_to: return_to.filter(|target| target.len() <= MAX_RETURN_TO).map(str::to_owned),
            expires_at: now.checked_add(LIFETIME).ok()?.as_second(),
        })
    }

    /// Whether this is about a user's address as it is.
    pub fn is_of(&self, user: &User) -> bool {
        self.user == user.id && user.email.as_deref() == Some(self.address.as_str())
    }

    /// The cookie that carries it; None when the random source fails.
    pub fn cookie(&self, organization: &Organization, sealer: &Sealer) -> Option<HeaderValue> {
        let sealed = sealer.seal(&purpose(organization), &postcard::to_stdvec(self).ok()?)?;
        Some(cookies::set_pending(organization, sealed, cookie::time::Duration::seconds(LIFETIME.as_secs())))
    }

    /// Takes the browser's cookie away, if there is one.
    pub fn gone(headers: &HeaderMap, organization: &Organization) -> Option<HeaderValue> {
        let name = cookies::pending_name(organization);
        cookies::values(headers, &name).next()?;
        Some(cookies::remove(organization, name))
    }

    /// Whom the browser's cookie tells of.
    pub fn find(headers: &HeaderMap, organization: &Organization, sealer: &Sealer, now: Timestamp) -> Option<Self> {
        let name = cookies::pending_name(organization);
        let opened = cookies::values(headers, &name).take(2).find_map(|sealed| {
            let pending: Self = postcard::from_bytes(&sealer.open(&purpose(organization), sealed)?).ok()?;
            Some(pending)
        });
        opened.filter(|pending| now.as_second() < pending.expires_at)
    }
}

fn purpose(organization: &Organization) -> String {
    format!("pending verification\n{}", organization.key)
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;
    use crate::{
        domain::testing::{at, login, organization, organization_key, written},
        store::testing::Files,
    };

    const DAY: i64 = 24 * 60 * 60 * 1000;

    #[tokio::test]
    async fn the_cookie_tells_for_a_day_who_waits_in_this_organization_alone() {
        let files = Files::new();
        let store = files.open().await.expect("a store");
        let sealer = Sealer::load(&*store, at(0)).await.expect("keys");
        let (acme, globex) = (organization(), Organization { key: organization_key("globex"), ..organization() });
        let user = User { email: Some("jo@acme.example".to_owned()), ..written(&login("jo")) };
        let pending = Pending::new(&user, "Contoso", Some("https://app.example/"), at(0)).expect("an address");
        let set = pending.cookie(&acme, &sealer).expect("randomness");
        let set = set.to_str().expect("ASCII");
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Secure"), "{set}");
        let pair = set.split(';').next().expect("a pair").parse().expect("a header");
        let headers = HeaderMap::from_iter([(header::COOKIE, pair)]);
        assert_eq!(Pending::find(&headers, &acme, &sealer, at(DAY - 1)), Some(pending.clone()));
        assert_eq!(Pending::find(&headers, &acme, &sealer, at(DAY)), None);
        assert_eq!(
            Pending::find(&headers, &globex, &sealer, at(0)),
            None,
            "the same name, but not the same organization"
        );
        assert!(pending.is_of(&user));
        let moved = User { email: Some("jo@globex.example".to_owned()), ..user.clone() };
        assert!(!pending.is_of(&moved) && !pending.is_of(&User { email: None, ..user }));
    }

    #[test]
    fn what_would_make_the_cookie_too_long_is_forgotten() {
        let user = User { email: Some("jo@acme.example".to_owned()), ..written(&login("jo")) };
        let long = format!("https://app.example/{}", "a".repeat(MAX_RETURN_TO));
        let pending = Pending::new(&user, "Contoso", Some(&long), at(0)).expect("an address");
        assert_eq!(pending.return_to, None);
        assert_eq!(Pending::new(&User { email: None, ..user }, "Contoso", None, at(0)), None);
    }
}
