//! Whether a provider's manifest is valid by itself and among its siblings, and what it is called.

use std::sync::Arc;

use super::{Local, wish::metadata_request};
use crate::{
    api::{AuthMethod, Fact, IdentityProvider, IdentityProviderSpec, Pkce, Reason, ResourceMeta, age_order},
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
        [organization(idp, local), combination(&idp.spec), key_conflict(idp, local), name_conflict(idp, local)];
    checks.into_iter().flatten().next().unwrap_or_else(|| Fact::holds("The manifest is valid."))
}

fn organization(idp: &IdentityProvider, local: &Local) -> Option<Fact> {
    let name = idp.organization_name();
    let message = match &local.organization {
        None => format!(
            "spec.organizationRef.name: there is no Organization {name:?} in this namespace: create it, or correct the name"
        ),
        Some(Err(fact)) => {
            format!("spec.organizationRef.name: the Organization {name:?} is not accepted: {}", fact.message)
        }
        Some(Ok(_)) => return None,
    };
    Some(Fact::fails(Reason::OrganizationNotFound, message))
}

/// What one field demands of another. The CRD's rules say the same; an object stored before a rule existed
/// is held to it here.
fn combination(spec: &IdentityProviderSpec) -> Option<Fact> {
    let public = spec.client.auth_method == AuthMethod::None;
    let discovery = &spec.discovery;
    let interval_too_short = discovery.interval.is_some_and(|interval| interval.get().as_secs() < 1);
    let message = if spec.issuer.is_none() && discovery.url.is_none() {
        "spec.issuer: required for type Generic unless discovery.url is given"
    } else if spec.client.secret_ref.is_none() && !public {
        "spec.client.secretRef: required unless client.authMethod is None"
    } else if spec.client.secret_ref.is_some() && public {
        "spec.client.secretRef: client.authMethod None sends no secret: remove it, or choose another authMethod"
    } else if public && spec.authorization.pkce == Pkce::Disabled {
        "spec.authorization.pkce: client.authMethod None needs PKCE: write Auto or Required"
    } else if interval_too_short {
        "spec.discovery.interval: must be at least 1s"
    } else {
        let malformed = metadata_request(spec, None).err()?;
        return Some(Fact::fails(Reason::InvalidCombination, malformed));
    };
    Some(Fact::fails(Reason::InvalidCombination, message))
}

fn key_conflict(idp: &IdentityProvider, local: &Local) -> Option<Fact> {
    let older = older_contender(idp, local, |other| other.key() == idp.key())?;
    let message = format!(
        "spec.key: {:?} belongs to the IdentityProvider {}, which came first: choose another key",
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
