//! Whether a provider's manifest is valid by itself and among its siblings.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Local,
    endpoints::{PinnedEndpoints, icon_request, metadata_request},
    logout::{end_session_url, page_url},
    tokens::public_keys,
};
use crate::{
    api::{Fact, IdentityProvider, IdentityProviderSpec, Reason, ResourceMeta, TrustSpec, age_order},
    domain::{
        email::{canonical_domain, shared_by_strangers},
        people::People,
    },
};

/// The `Accepted` condition; `owned`: the e-mail domains that belong to the provider.
pub fn accepted(
    idp: &IdentityProvider,
    local: &Local,
    owned: &BTreeSet<Arc<str>>,
    people: &Result<People, Fact>,
) -> Fact {
    let checks = [
        organization(idp, local),
        key_conflict(idp, local),
        name_conflict(idp, local),
        domain_conflict(idp, local, owned),
        // Last: who is only malformed keeps its key, which must therefore be its own.
        malformed(&idp.spec),
        people.as_ref().err().cloned(),
    ];
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

/// Which hosts are valid (IDNA, addresses, ports), whose domains are whose, and what is a key, is more than a rule of the
/// CRD can say.
fn malformed(spec: &IdentityProviderSpec) -> Option<Fact> {
    let pinned = PinnedEndpoints::of(&spec.endpoints);
    let urls = pinned.and_then(|pinned| metadata_request(spec, &pinned, None));
    let logout = || end_session_url(&spec.logout).err().or_else(|| page_url(&spec.logout).err());
    let icon = || icon_request(spec, None).err();
    let keys = || public_keys(&spec.tokens).err();
    let domains = || email_domains(&spec.trust).find_map(Result::err);
    let malformed = urls.err().or_else(logout).or_else(icon).or_else(keys).or_else(domains)?;
    Some(Fact::fails(Reason::InvalidCombination, malformed))
}

fn key_conflict(idp: &IdentityProvider, local: &Local) -> Option<Fact> {
    let older = oldest(idp, local, |other| other.key() == idp.key())?;
    let message = format!(
        "spec.key: {:?} belongs to the IdentityProvider {}, which came first: create this one anew with another key",
        idp.key(),
        older.path()
    );
    Some(Fact::fails(Reason::KeyConflict, message))
}

fn name_conflict(idp: &IdentityProvider, local: &Local) -> Option<Fact> {
    let name = &idp.spec.display_name;
    let older = oldest(idp, local, |other| other.spec.display_name == *name)?;
    let message = format!(
        "spec.displayName: the IdentityProvider {}, which came first, is called {name:?} too, and people could not tell them apart: choose another name",
        older.path()
    );
    Some(Fact::fails(Reason::DisplayNameConflict, message))
}

/// Each of the assigned e-mail domains in canonical form, or why it cannot be assigned.
fn email_domains(trust: &TrustSpec) -> impl Iterator<Item = Result<Arc<str>, String>> {
    const FIELD: &str = "spec.trust.assignedEmailDomains";
    trust.assigned_email_domains.iter().map(|written| {
        let domain = canonical_domain(written).ok_or_else(|| {
            format!("{FIELD}: {written:?} is no domain that an address can have: write it such as contoso.com")
        })?;
        match shared_by_strangers(&domain) {
            Some(why) => Err(format!(
                "{FIELD}: {written:?} {why}: write the domains of your own people, or remove it; trust.showOnSignInPage offers the provider to everybody"
            )),
            None => Ok(domain.into()),
        }
    })
}

/// The e-mail domains that belong to a provider: those that no older one asks for, whatever else is wrong with either.
pub fn owned_domains(idp: &IdentityProvider, local: &Local) -> BTreeSet<Arc<str>> {
    let mut mine: BTreeSet<_> = email_domains(&idp.spec.trust).filter_map(Result::ok).collect();
    if !mine.is_empty() {
        let theirs = older_contenders(idp, local).flat_map(|older| &older.spec.trust.assigned_email_domains);
        theirs.filter_map(|domain| canonical_domain(domain)).for_each(|domain| _ = mine.remove(&*domain));
    }
    mine
}

fn domain_conflict(idp: &IdentityProvider, local: &Local, owned: &BTreeSet<Arc<str>>) -> Option<Fact> {
    let domain = email_domains(&idp.spec.trust).filter_map(Result::ok).find(|domain| !owned.contains(domain))?;
    let older = oldest(idp, local, |other| {
        let theirs = &other.spec.trust.assigned_email_domains;
        theirs.iter().any(|theirs| canonical_domain(theirs).as_deref() == Some(&*domain))
    })?;
    let message = format!(
        "spec.trust.assignedEmailDomains: {domain:?} belongs to the IdentityProvider {}, which came first: remove it here or there",
        older.path()
    );
    Some(Fact::fails(Reason::DomainConflict, message))
}

fn oldest<'a>(
    idp: &'a IdentityProvider,
    local: &'a Local,
    same: impl Fn(&IdentityProvider) -> bool,
) -> Option<&'a Arc<IdentityProvider>> {
    older_contenders(idp, local).filter(|other| same(other)).min_by(|one, other| age_order(&***one, &***other))
}

fn older_contenders<'a>(
    idp: &'a IdentityProvider,
    local: &'a Local,
) -> impl Iterator<Item = &'a Arc<IdentityProvider>> {
    local.contenders.iter().filter(|other| {
        other.name_str() != idp.name_str()
            && other.organization_name() == idp.organization_name()
            && age_order(&***other, idp).is_lt()
    })
}
