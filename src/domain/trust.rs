//! Whom a provider may sign in, and which names its people may have. Pure over the provider and the login table.

use std::sync::Arc;

use super::{
    email::{canonical_address, domain_of},
    expression::EvaluationError,
    idp_user::IdpUser,
    provider::{Provider, Trust},
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

fn why(failure: &Option<EvaluationError>) -> String {
    failure.as_ref().map(|failure| format!(": {failure}")).unwrap_or_default()
}

/// Why an address does not lead to the user who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmatched {
    #[error(
        "this provider may not lead to existing users by their address; if these are two people, correct the address of one at the provider; if they are one, only trust.assignedEmailDomains or trust.global lets this provider sign in as whoever has an address"
    )]
    NotTrusted,
    #[error("the provider does not say that the address is verified; check claims.emailVerified")]
    NotVerifiedThere,
    #[error("that user's own address is not verified, so anybody may have claimed it")]
    NotVerifiedHere,
    #[error("the person who signs in is linked to a user already, who is not that one")]
    LinkedToAnother,
}

/// How a person of a provider relates to the users who are here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The user whom issuer and user ID lead to.
    pub linked: Option<User>,
    /// The user who has the address.
    pub holder: Option<User>,
}

/// Which user a login is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    New,
    Linked(User),
    /// Becomes linked by this login.
    ByAddress(User),
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::New => "is new here",
            Self::Linked(_) => "is known by issuer and user ID",
            Self::ByAddress(_) => "is known by the address, and is linked by this login",
        })
    }
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

/// Whether a provider may still sign in a user who is linked to it: the address that the user has counts, too, or a
/// provider could go round the rule by naming none.
///
/// # Errors
/// `AddressOfAnotherProvider`.
pub fn admit_linked(user: &User, provider: &Provider, table: &LoginTable) -> Result<(), Refusal> {
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

/// Finds the user of a person who has been let in: by the link, else by the address.
///
/// # Errors
/// `AddressTaken`.
pub fn find(person: &IdpUser, trust: &Trust, known: Known) -> Result<Found, Refusal> {
    let taken = |holder: User, why| Err(Refusal::AddressTaken { holder: holder.id, why });
    match (known.linked, known.holder) {
        (Some(linked), Some(holder)) if linked.id != holder.id => taken(holder, Unmatched::LinkedToAnother),
        (Some(linked), _) => Ok(Found::Linked(linked)),
        (None, None) => Ok(Found::New),
        // Who was let in by a domain has an address in it.
        (None, Some(holder)) if !trust.global && trust.domains.is_empty() => taken(holder, Unmatched::NotTrusted),
        (None, Some(holder)) if !person.email_verified => taken(holder, Unmatched::NotVerifiedThere),
        (None, Some(holder)) if !holder.email_verified => taken(holder, Unmatched::NotVerifiedHere),
        (None, Some(holder)) => Ok(Found::ByAddress(holder)),
    }
}

/// The user name of a provider's person here.
///
/// # Errors
/// `UserNameOfAnotherProvider` or `AddressNameOfAnotherProvider`.
pub fn user_name(name: &str, provider: &Provider, table: &LoginTable) -> Result<String, Refusal> {
    let mine = provider.user_name_prefix();
    let whole = format!("{}{name}", mine.as_deref().unwrap_or_default());
    // Applications may not tell capitals from small letters.
    let folded = whole.to_lowercase();
    let others = table.providers_of(&provider.organization).filter(|other| other.uid != provider.uid);
    // Of two that fit, the name is of the one that says more: azure-eu- before azure-.
    let says_more = |prefix: String| {
        prefix.len() > mine.as_ref().map_or(0, String::len) && folded.starts_with(&prefix.to_lowercase())
    };
    let mut by_prefix = others.filter(|other| other.user_name_prefix().is_some_and(says_more));
    if let Some(owner) = by_prefix.next() {
        return Err(Refusal::UserNameOfAnotherProvider(owner.path.clone()));
    }
    let address = canonical_address(&whole).filter(|_| !provider.trust.global);
    match address.and_then(|address| owner_of(&address, provider, table)) {
        Some(owner) => Err(Refusal::AddressNameOfAnotherProvider(owner.path.clone())),
        None => Ok(whole),
    }
}

#[cfg(test)]
mod tests;
