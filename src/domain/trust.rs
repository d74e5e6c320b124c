//! Whom a provider may sign in, and which names its people may have. Pure over the provider and the login table.

use std::sync::Arc;

use super::{
    email::{canonical_address, domain_of},
    expression::EvaluationError,
    idp_user::IdpUser,
    matching::Unmatched,
    provider::Provider,
    table::LoginTable,
    user::{User, UserId},
};

/// Why somebody whom the provider vouches for is not let in. Messages name fields and providers, never an address or name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "the provider has assigned e-mail domains, and the claims have no usable address; check claims.email and authorization.scopes"
    )]
    NoAddress,
    #[error("the address lies in none of the provider's trust.assignedEmailDomains")]
    AddressElsewhere,
    #[error(
        "the address lies in the trust.assignedEmailDomains of the provider {0}; people of this domain sign in there"
    )]
    AddressOfAnotherProvider(String),
    #[error("the user {holder} of the organization has the address, and {why}")]
    AddressTaken { holder: UserId, why: Unmatched },
    #[error("the user {holder} of the organization has the user name, and {why}")]
    UserNameTaken { holder: UserId, why: Unmatched },
    #[error(
        "the user {holder} of the organization is linked to this user ID of this issuer, through another provider; add ExternalID to users.match, so that both lead to the same user"
    )]
    LinkTaken { holder: UserId },
    #[error(
        "the provider has users.provisioning ReadOnly, and users.match leads to nobody{}; make the user known before, by latchkey users create, or write users.provisioning CreateOrReplace",
        by_a_hair(.nearly)
    )]
    NotKnown {
        /// Who was nearly found, and why it is not enough.
        nearly: Option<Box<Refusal>>,
    },
    #[error(
        "the user name begins as those of the provider {0} do, by its users.userNameSeparator; let claims.userName name another claim, or give this provider users.userNameSeparator"
    )]
    UserNameOfAnotherProvider(String),
    #[error(
        "the user name is an address in the trust.assignedEmailDomains of the provider {0}; let claims.userName name another claim, or give this provider users.userNameSeparator"
    )]
    AddressNameOfAnotherProvider(String),
    #[error("claimValidationRules[{index}] of the provider does not hold{}", why(.failure))]
    ClaimRule {
        index: usize,
        /// What the manifest has the person told.
        message: String,
        /// None: the expression is false.
        failure: Option<EvaluationError>,
    },
    #[error("the provider has users.access MappedOnly, and no served IdpMapper with when and grant is for this person")]
    NotMapped,
    /// Who owns which domain is not known before everything has been looked at.
    #[error("the manifests have not all been looked at yet")]
    Starting,
}

fn by_a_hair(refusal: &Option<Box<Refusal>>) -> String {
    refusal.as_ref().map(|refusal| format!(": {refusal}")).unwrap_or_default()
}

fn why(failure: &Option<EvaluationError>) -> String {
    failure.as_ref().map(|failure| format!(": {failure}")).unwrap_or_default()
}

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
