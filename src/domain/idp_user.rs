//! The person whom the claims of a provider describe.

/// What a provider says about a person, read from the claims as the provider's manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdpUser {
    /// Identifies the person at the issuer.
    pub external_id: String,
    pub user_name: String,
    /// The provider gives no user name: the address or the user ID stands for it.
    pub user_name_is_made_up: bool,
    pub full_name: Option<String>,
    pub email: Option<String>,
    pub email_verified: bool,
    /// The groups at the provider, in the provider's words.
    pub groups: Vec<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub picture: Option<String>,
    pub profile: Option<String>,
    pub gender: Option<String>,
    pub locale: Option<String>,
}
