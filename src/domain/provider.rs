//! What an identity provider is once its manifest has been accepted and its metadata is known.

use std::{collections::BTreeSet, sync::Arc};

use url::Url;

use super::{
    email::domain_of,
    expression::ProviderVariable,
    icon::Icon,
    organization::OrganizationKey,
    people::People,
    relation::{Authority, Bearer, Relation},
};
use crate::api::{ProviderType, Reason};

/// A provider as logins and sessions see it.
#[derive(Clone, Debug)]
pub struct Provider {
    pub uid: Arc<str>,
    /// metadata.namespace and metadata.name, for logs.
    pub path: String,
    pub organization: OrganizationKey,
    /// The `{key}` of every URL.
    pub key: Arc<str>,
    pub display_name: String,
    pub type_: ProviderType,
    /// The picture of its button. None: the built-in one of its type.
    pub icon: Option<Arc<Icon>>,
    /// The issuer, as far as it is known; empty: not yet.
    pub issuer: Arc<str>,
    /// What the manifest says of its people. None: it says nothing that could be read, and never did.
    pub people: Option<Arc<People>>,
    pub trust: Trust,
    pub on_sign_in_page: OnSignInPage,
    /// Between the key and every user name; None: user names stand alone.
    pub user_name_separator: Option<String>,
    /// Its sessions are over, whether or not people could sign in otherwise.
    pub suspended: bool,
    /// Where people land after signing out, when the manifest names a page; also while nobody can sign in.
    pub logout_page_url: Option<Url>,
    /// Whether people sign in here by browser at all: the manifest has a client.
    pub has_client: bool,
    pub login: LoginState,
}

/// Whom a provider may sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// People of any address.
    pub global: bool,
    /// The domains, in canonical form, whose people belong to this provider; empty: none do.
    pub domains: BTreeSet<Arc<str>>,
}

impl Trust {
    /// Whether a canonical address lies in one of the domains.
    pub fn owns(&self, address: &str) -> bool {
        self.domains.contains(domain_of(address))
    }
}

/// Whether the sign-in page has a button for a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSignInPage {
    Shown,
    /// Only on devices on which it was used last.
    IfUsedLast,
    Hidden,
}

/// Whether people can sign in through a provider.
#[derive(Clone, Debug)]
pub enum LoginState {
    /// Suspended: nobody signs in.
    Suspended,
    /// Not accepted, so that no URL leads to it: nobody signs in; its sessions go on.
    Refused(Reason),
    /// Accepted, but not reachable or not usable now: nobody signs in; its sessions go on.
    Unavailable(Reason),
    /// People sign in by this.
    Serving(Served),
}

/// The ways in that a provider has.
#[derive(Clone, Debug)]
pub struct Served {
    /// By browser.
    pub browser: Option<Arc<Relation>>,
    /// By an ID token that an application brings.
    pub bearer: Option<Arc<Bearer>>,
}

impl Served {
    /// By which tokens are checked: the stricter rules, where the ways in differ.
    pub fn authority(&self) -> Option<&Authority> {
        let bearer = self.bearer.as_ref().map(|bearer| &*bearer.authority);
        bearer.or_else(|| self.browser.as_ref().map(|relation| &*relation.authority))
    }

    /// The keys that the provider publishes count no longer.
    pub fn forget_published_keys(&mut self) {
        let forget = |authority: &mut Arc<Authority>| Arc::make_mut(authority).tokens.jwks_uri = None;
        self.browser.iter_mut().for_each(|relation| forget(&mut Arc::make_mut(relation).authority));
        self.bearer.iter_mut().for_each(|bearer| forget(&mut Arc::make_mut(bearer).authority));
    }
}

impl Provider {
    /// metadata.name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The ways to sign in through this provider that are possible now.
    pub fn served(&self) -> Option<&Served> {
        match &self.login {
            LoginState::Serving(served) => Some(served),
            LoginState::Suspended | LoginState::Refused(_) | LoginState::Unavailable(_) => None,
        }
    }

    /// How to sign in by browser through this provider, when that is possible now.
    pub fn serving(&self) -> Option<&Arc<Relation>> {
        self.served()?.browser.as_ref()
    }

    /// Whether an e-mail address can lead here.
    pub fn has_domains(&self) -> bool {
        !self.trust.domains.is_empty()
    }

    /// What all user names of its people begin with.
    pub fn user_name_prefix(&self) -> Option<String> {
        self.user_name_separator.as_ref().map(|separator| format!("{}{separator}", self.key))
    }

    /// What expressions see of the provider; `issuer`: the one that a login is by.
    pub fn variable<'a>(&'a self, issuer: &'a str) -> ProviderVariable<'a> {
        ProviderVariable { key: &self.key, issuer }
    }

    /// Whether sessions that began with this provider are still good.
    pub fn keeps_sessions(&self) -> bool {
        !self.suspended
    }
}
