//! Whether a provider's manifest is valid by itself and among its siblings, and what it is called.

use std::sync::Arc;

use super::{
    Local,
    endpoints::{PinnedEndpoints, metadata_request},
    tokens::public_keys,
};
use crate::{
    api::{Fact, IdentityProvider, IdentityProviderSpec, Reason, ResourceMeta, age_order},
    domain::organization::Organization,
};

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

/// The `Accepted` condition.
pub fn accepted(idp: &IdentityProvider, local: &Local) -> Fact {
    let checks =
        [organization(idp, local), urls_and_keys(&idp.spec), key_conflict(idp, local), name_conflict(idp, local)];
    checks.into_iter().flatten().next().unwrap_or_else(|| Fact::holds("The manifest is valid."))
}

fn organization(idp: &IdentityProvider, local: &Local) -> Option<Fact> {
    let name = idp.organization_name();
    let message = match &local.organization {
        None => format!(
            "spec.organizationRef.name: there is no Organization {name:?} in this namespace: create it, or create this IdentityProvider anew with the right name"
        ),
        Some(Err(fact)) => {
            format!("spec.organizationRef.name: the Organization {name:?} is not accepted: {}", fact.message)
        }
        Some(Ok(_)) => return None,
    };
    Some(Fact::fails(Reason::OrganizationNotFound, message))
}

/// Which hosts are valid (IDNA, addresses, ports), and what is a key, is more than a rule of the CRD can say.
fn urls_and_keys(spec: &IdentityProviderSpec) -> Option<Fact> {
    let pinned = PinnedEndpoints::of(&spec.endpoints);
    let urls = pinned.and_then(|pinned| metadata_request(spec, &pinned, None));
    let malformed = urls.err().or_else(|| public_keys(&spec.tokens).err())?;
    Some(Fact::fails(Reason::InvalidCombination, malformed))
}

fn key_conflict(idp: &IdentityProvider, local: &Local) -> Option<Fact> {
    let older = older_contender(idp, local, |other| other.key() == idp.key())?;
    let message = format!(
        "spec.key: {:?} belongs to the IdentityProvider {}, which came first: create this one anew with another key",
        idp.key(),
        older.path()
    );
    Some(Fact::fails(Reason::KeyConflict, message))
}

fn name_conflict(idp: &IdentityProvider, local: &Local) -> Option<Fact> {
    let name = &idp.spec.display_name;
    let older = older_contender(idp, local, |other| other.spec.display_name == *name)?;
    let message = format!(
        "spec.displayName: the IdentityProvider {}, which came first, is called {name:?} too, and people could not tell them apart: choose another name",
        older.path()
    );
    Some(Fact::fails(Reason::DisplayNameConflict, message))
}

fn older_contender<'a>(
    idp: &IdentityProvider,
    local: &'a Local,
    same: impl Fn(&IdentityProvider) -> bool,
) -> Option<&'a Arc<IdentityProvider>> {
    local.contenders.iter().find(|other| {
        other.name_str() != idp.name_str()
            && other.organization_name() == idp.organization_name()
            && same(other)
            && age_order(&***other, idp).is_lt()
    })
}
