//! What an organization is once its manifest has been accepted.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;

/// Identifies an organization across restarts, and whether or not it is declared: `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrganizationKey(Arc<str>);

impl OrganizationKey {
    pub fn new(namespace: &str, name: &str) -> Self {
        Self(format!("{namespace}/{name}").into())
    }

    /// Reads back what `as_str` gave.
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }

    /// `namespace/name`, as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrganizationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An organization as logins see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    pub key: OrganizationKey,
    /// What people type, and the `{org}` of every URL.
    pub id: Arc<str>,
    pub display_name: String,
    /// Scheme, host and port; the path is `/`.
    pub external_url: Url,
    pub roles: Vec<Role>,
    pub groups: Vec<Group>,
    /// What holds of people of whom nothing else is known, by the name of the field.
    pub defaults: Vec<(&'static str, String)>,
    /// The heading of the sign-in page, when the manifest names one.
    pub title: Option<String>,
    /// Where people may be sent after signing in, besides this origin.
    pub allowed_return_urls: Vec<Url>,
    /// Where people land after signing out, when the manifest names a page.
    pub logout_page_url: Option<Url>,
    /// Nobody is signed in before their address is verified.
    pub require_verified_email: bool,
    pub session: SessionLimits,
    pub tokens: TokenPolicy,
    /// Who may bring ID tokens to the token endpoint.
    pub applications: Vec<Application>,
}

/// What access tokens say, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPolicy {
    /// `aud`; None: the organization's own URL.
    pub audience: Option<String>,
    pub lifetime: Duration,
}

/// An application that signs people in at a provider itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub client_id: String,
    pub secret: ApplicationSecret,
    /// Those of the manifest that are there.
    pub providers: Vec<ApplicationProvider>,
}

/// What an application shows, to be known as itself.
#[derive(Clone, PartialEq, Eq)]
pub enum ApplicationSecret {
    /// Nothing: it can keep no secret.
    Public,
    /// What has this SHA-256.
    Hashed([u8; 32]),
    /// What the manifest refers to is not there: nobody is the application.
    Missing,
}

/// A provider whose ID tokens an application may bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationProvider {
    pub uid: Arc<str>,
    /// The clients of the provider to which they may have been issued.
    pub audiences: Vec<String>,
}

/// A role that can be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    pub display_name: String,
    /// Whoever has the role is an administrator.
    pub administrator: bool,
}

/// A user group that can be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub display_name: String,
    /// What kind of group it is.
    pub type_: Option<String>,
}

impl fmt::Debug for ApplicationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "Public",
            Self::Hashed(_) => "Hashed",
            Self::Missing => "Missing",
        })
    }
}

/// When a session ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Unused for so long.
    pub idle_timeout: Duration,
    /// So long after signing in.
    pub lifetime: Duration,
}

impl Organization {
    /// An absolute URL below this organization: `{externalURL}/o/{id}/{path}`.
    pub fn url(&self, path: &str) -> String {
        format!("{}o/{}/{path}", self.external_url, self.id)
    }

    /// Who issues the access tokens of this organization (RFC 8414, section 2): `{externalURL}/o/{id}`.
    pub fn issuer(&self) -> String {
        format!("{}o/{}", self.external_url, self.id)
    }

    /// Whom access tokens are for.
    pub fn audience(&self) -> Cow<'_, str> {
        self.tokens.audience.as_deref().map_or_else(|| self.issuer().into(), Cow::from)
    }

    /// The application of a client ID.
    pub fn application(&self, client_id: &str) -> Option<&Application> {
        self.applications.iter().find(|application| application.client_id == client_id)
    }

    /// The role of a name.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The names that mappers may find in it: roles, and groups with their types.
    pub fn names(&self) -> impl Serialize + use<> {
        let roles: Vec<_> = self.roles.iter().map(|role| role.name.clone()).collect();
        let groups: Vec<_> = self.groups.iter().map(|group| (group.name.clone(), group.type_.clone())).collect();
        (roles, groups)
    }

    /// The group of a name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }
}
