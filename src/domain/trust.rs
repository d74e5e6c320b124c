//! Whom a provider may sign in, and which names its people may have. Pure over the provider and the login table.

use std::sync::Arc;

use super::{
    email::{canonical_address, domain_of},
    idp_user::IdpUser,
    provider::Provider,
    refusal::Refusal,
    table::LoginTable,
    user::User,
};

/// Lets a person in by their address, or not.
///
/// # Errors
/// `NoAddress`, `AddressElsewhere`, `AddressOfAnotherProvider` or `Starting`.
pub fn admit(person: &IdpUser, provider: &Provider, table: &LoginTable) -> Result<(), Refusal> {
    let trust = &provider.trust;
    match person.email.as_deref() {
        _ if trust.global => Ok(()),
        _ if !table.settled => Err(Refusal::Starting),
        None if trust.domains.is_empty() => Ok(()),
        None => Err(Refusal::NoAddress),
        Some(address) if trust.owns(address) => Ok(()),
        Some(_) if !trust.domains.is_empty() => Err(Refusal::AddressElsewhere),
        Some(address) => match owner_of(address, provider, table) {
            Some(owner) => Err(Refusal::AddressOfAnotherProvider(owner.path.clone())),
            None => Ok(()),
        },
    }
}

/// Whether a provider may sign in a user who was found: the address that the user has counts, too, or a provider could
/// go round the rule by naming none.
///
/// # Errors
/// `AddressOfAnotherProvider`.
pub fn admit_found(user: &User, provider: &Provider, table: &LoginTable) -> Result<(), Refusal> {
    let address = user.email.as_deref().filter(|_| !provider.trust.global);
    match address.and_then(|address| owner_of(address, provider, table)) {
        Some(owner) => Err(Refusal::AddressOfAnotherProvider(owner.path.clone())),
        None => Ok(()),
    }
}

/// The other provider of the organization that an address belongs to.
fn owner_of<'a>(address: &str, provider: &Provider, table: &'a LoginTable) -> Option<&'a Arc<Provider>> {
    let owner = table.provider_by_domain(&provider.organization, domain_of(address));
    owner.filter(|owner| owner.uid != provider.uid)
}

/// The user name of a provider's person here.
///
/// # Errors
/// `UserNameOfAnotherProvider` or `AddressNameOfAnotherProvider`.
pub fn user_name(name: &str, provider: &Provider, table: &LoginTable) -> Result<String, Refusal> {
    let whole = format!("{}{name}", provider.user_name_prefix().unwrap_or_default());
    may_be_called(&whole, provider, table)?;
    Ok(whole)
}

/// Whether a person of a provider may have a user name, its prefix included.
///
/// # Errors
/// `UserNameOfAnotherProvider` or `AddressNameOfAnotherProvider`.
pub fn may_be_called(whole: &str, provider: &Provider, table: &LoginTable) -> Result<(), Refusal> {
    // Applications may not tell capitals from small letters.
    let folded = whole.to_lowercase();
    let begins = |prefix: &String| folded.starts_with(&prefix.to_lowercase());
    let mine = provider.user_name_prefix().filter(begins).map_or(0, |prefix| prefix.len());
    let others = table.providers_of(&provider.organization).filter(|other| other.uid != provider.uid);
    // Of two that fit, the name is of the one that says more: azure-eu- before azure-.
    let says_more = |prefix: String| prefix.len() > mine && begins(&prefix);
    let mut by_prefix = others.filter(|other| other.user_name_prefix().is_some_and(says_more));
    if let Some(owner) = by_prefix.next() {
        return Err(Refusal::UserNameOfAnotherProvider(owner.path.clone()));
    }
    let address = canonical_address(whole).filter(|_| !provider.trust.global);
    match address.and_then(|address| owner_of(&address, provider, table)) {
        Some(owner) => Err(Refusal::AddressNameOfAnotherProvider(owner.path.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests;
