//! Why somebody is not let in, or not as who they seem to be.

use super::{expression::EvaluationError, user::UserId};

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

/// Why an address, or a user name, does not lead to the user who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmatched {
    #[error(
        "this provider may not lead to existing users by their address; if these are two people, correct the address of one at the provider; if they are one, only trust.assignedEmailDomains or trust.global lets this provider sign in as whoever has an address"
    )]
    NotTrusted,
    #[error("the provider does not say that the address is verified; check claims.emailVerified and trustEmail")]
    NotVerifiedThere,
    #[error("that user's own address is not verified, so anybody may have claimed it")]
    NotVerifiedHere,
    #[error("the person who signs in is linked to a user already, who is not that one")]
    LinkedToAnother,
    #[error("the person who signs in is found to be another user before, by the order of users.match")]
    FoundAsAnother,
    #[error("users.match of this provider does not have Email, so that addresses lead to nobody")]
    NotMatchedByAddress,
    #[error(
        "users.match of this provider does not have UserName; if these are two people, give this provider users.userNameSeparator, if it has none, or let claims.userName name a claim that tells people apart"
    )]
    NotMatchedByName,
    #[error(
        "the provider gives no user name for the person who signs in: the e-mail address or the user ID stands for it, and neither leads to anybody as a user name; let claims.userName name a claim"
    )]
    NoNameGiven,
    #[error(
        "that user is known at this issuer by another user ID; where user IDs do not tell people apart, leave ExternalID out of users.match"
    )]
    LinkedByAnotherId,
    #[error(
        "another provider is linked to that user, so that only a provider with trust.global is led there by the name; if these are two people, give this provider users.userNameSeparator, if it has none"
    )]
    OtherProviderLinked,
}
