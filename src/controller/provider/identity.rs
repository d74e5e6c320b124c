//! What a provider is called in URLs.

use super::Local;
use crate::{api::IdentityProvider, domain::organization::Organization};

/// What the provider is called in URLs.
#[derive(Clone, Debug)]
pub struct Identity<'a> {
    pub organization: &'a Organization,
    pub key: &'a str,
}

impl Identity<'_> {
    /// The redirect URI: `{externalURL}/o/{org}/callback/{key}`.
    pub fn redirect_uri(&self) -> String {
        self.organization.url(&format!("callback/{}", self.key))
    }

    /// The post-logout redirect URI: `{externalURL}/o/{org}/signout-oidc/{key}`.
    pub fn post_logout_redirect_uri(&self) -> String {
        self.organization.url(&format!("signout-oidc/{}", self.key))
    }

    /// The back-channel logout URI: `{externalURL}/o/{org}/backchannel-logout/{key}`.
    pub fn backchannel_logout_uri(&self) -> String {
        self.organization.url(&format!("backchannel-logout/{}", self.key))
    }

    /// The front-channel logout URI: `{externalURL}/o/{org}/frontchannel-logout/{key}`.
    pub fn frontchannel_logout_uri(&self) -> String {
        self.organization.url(&format!("frontchannel-logout/{}", self.key))
    }

    /// Begins a login for the provider: `{externalURL}/o/{org}/initiate/{key}`.
    pub fn initiate_login_uri(&self) -> String {
        self.organization.url(&format!("initiate/{}", self.key))
    }

    /// Begins a login: `{externalURL}/o/{org}/login/{key}`.
    pub fn login_url(&self) -> String {
        self.organization.url(&format!("login/{}", self.key))
    }
}

/// What the provider is called, when its organization is there.
pub fn identity<'a>(idp: &'a IdentityProvider, local: &'a Local) -> Option<Identity<'a>> {
    let organization = local.organization.as_ref()?.as_ref().ok()?;
    Some(Identity { organization, key: idp.key() })
}
