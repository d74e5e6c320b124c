//! Which rule a token breaks. Never what it says.

use crate::{domain::signing_algorithm::SigningAlgorithm, oidc::json::JsonError};

/// Which rule a token breaks before its claims count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    #[error("the token is longer than 64 KiB")]
    TooLarge,
    #[error("the token is not a JWS in compact form: three parts, parted by dots")]
    NotCompact,
    #[error("the token is encrypted; set the client to tokens that are only signed at the provider")]
    Encrypted,
    #[error("a part of the token is not canonical base64url without padding")]
    NotBase64Url,
    #[error("the token's header cannot be read: {0}")]
    Header(JsonError),
    /// With the algorithm, if it is a known one.
    #[error("alg is not among the algorithms allowed for this provider{}", told(*.0))]
    AlgorithmRefused(Option<SigningAlgorithm>),
    #[error("the header demands extensions (crit), and none is understood")]
    Critical,
    #[error("typ says that the token is of another kind")]
    WrongType,
    #[error("kid is not a string")]
    MalformedKeyId,
    /// The provider may have changed its keys since they were fetched.
    #[error(
        "none of the issuer's keys fits: by kid, kty, alg and use, or without kid by the signature; nor any of \
         tokens.publicKeys"
    )]
    UnknownKey,
    #[error("the signature is wrong")]
    BadSignature,
    #[error("the signature is not made with the client secret")]
    BadMac,
    #[error("the token's claims cannot be read: {0}")]
    Payload(JsonError),
}

/// Which rule a token breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error(transparent)]
    Jws(#[from] JwsError),
    #[error("it has the claim {claim}, which only tokens of another kind have")]
    OfAnotherKind { claim: &'static str },
    #[error("iss is not the configured issuer")]
    Issuer,
    #[error("aud is absent, empty, or not a string or an array of strings")]
    AudienceMalformed,
    #[error("aud does not name this client, or none of the audiences that the Organization lists for the application")]
    AudienceNotOurs,
    #[error(
        "aud names others beside this client, or beside the audiences that the Organization lists for the application"
    )]
    AudienceStranger,
    #[error(
        "azp, or client_id, is not this client, or none of the audiences that the Organization lists for the application"
    )]
    AuthorizedParty,
    #[error("exp is absent or not a number")]
    ExpiryMalformed,
    #[error("exp is over; check the clocks, or allow for them by tokens.allowedClockSkew")]
    Expired,
    #[error("nbf is not a number")]
    NotBeforeMalformed,
    #[error("nbf is still to come; check the clocks, or allow for them by tokens.allowedClockSkew")]
    NotYetValid,
    #[error("iat is absent or not a number")]
    IssuedAtMalformed,
    #[error("iat is still to come; check the clocks, or allow for them by tokens.allowedClockSkew")]
    IssuedInFuture,
    #[error("iat is longer ago than an hour, or than jwtBearer.maxTokenAge where an application brings the token")]
    IssuedTooLongAgo,
    #[error("nonce is absent or not a string")]
    NonceMissing,
    #[error("nonce is not the one of this login")]
    NonceMismatch,
    #[error("auth_time is absent or not a number, though max_age was asked for")]
    AuthTimeMissing,
    #[error("auth_time is still to come; check the clocks, or allow for them by tokens.allowedClockSkew")]
    AuthTimeInFuture,
    #[error("auth_time is longer ago than the max_age that was asked for")]
    AuthTimeTooLongAgo,
    #[error("at_hash does not fit the access token")]
    AccessTokenHash,
    #[error("c_hash does not fit the code")]
    CodeHash,
    #[error("sub is not a string of 1 to 255 characters")]
    Subject,
    /// The tokens may have been swapped.
    #[error("sub is not the ID token's")]
    OtherSubject,
    #[error("events names no logout")]
    NoLogoutEvent,
    #[error("there is neither sub nor sid, or sid is not a string of 1 to 255 characters")]
    SessionId,
    #[error("jti is not a string of 1 to 255 characters")]
    TokenId,
}

/// What to do about a refused algorithm. Whether a client secret is to be a key is not for a token to suggest.
fn told(algorithm: Option<SigningAlgorithm>) -> String {
    match algorithm.map(|algorithm| (algorithm.as_str(), algorithm.is_symmetric())) {
        None => String::new(),
        Some((name, true)) => format!(": it is {name}"),
        Some((name, false)) => format!(
            ": it is {name}; let the provider sign by another one for this client, or write {name} into tokens.allowedAlgorithms"
        ),
    }
}

impl JwsError {
    /// A stable code for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "token_too_large",
            Self::NotCompact => "token_not_compact",
            Self::Encrypted => "token_encrypted",
            Self::NotBase64Url => "token_not_base64url",
            Self::Header(JsonError::Duplicate) => "header_duplicate_member",
            Self::Header(_) => "header_unreadable",
            Self::AlgorithmRefused(_) => "alg_refused",
            Self::Critical => "crit_refused",
            Self::WrongType => "typ_wrong",
            Self::MalformedKeyId => "kid_malformed",
            Self::UnknownKey => "key_unknown",
            Self::BadSignature | Self::BadMac => "signature_wrong",
            Self::Payload(JsonError::Duplicate) => "claims_duplicate_member",
            Self::Payload(_) => "claims_unreadable",
        }
    }
}

impl TokenError {
    /// A stable code for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jws(error) => error.as_str(),
            Self::OfAnotherKind { .. } => "kind_wrong",
            Self::Issuer => "iss_wrong",
            Self::AudienceMalformed => "aud_malformed",
            Self::AudienceNotOurs => "aud_not_ours",
            Self::AudienceStranger => "aud_stranger",
            Self::AuthorizedParty => "azp_wrong",
            Self::ExpiryMalformed => "exp_malformed",
            Self::Expired => "exp_over",
            Self::NotBeforeMalformed => "nbf_malformed",
            Self::NotYetValid => "nbf_to_come",
            Self::IssuedAtMalformed => "iat_malformed",
            Self::IssuedInFuture => "iat_to_come",
            Self::IssuedTooLongAgo => "iat_too_old",
            Self::NonceMissing => "nonce_missing",
            Self::NonceMismatch => "nonce_wrong",
            Self::AuthTimeMissing => "auth_time_missing",
            Self::AuthTimeInFuture => "auth_time_to_come",
            Self::AuthTimeTooLongAgo => "auth_time_too_old",
            Self::AccessTokenHash => "at_hash_wrong",
            Self::CodeHash => "c_hash_wrong",
            Self::Subject => "sub_malformed",
            Self::OtherSubject => "sub_of_another",
            Self::NoLogoutEvent => "events_wrong",
            Self::SessionId => "sid_malformed",
            Self::TokenId => "jti_malformed",
        }
    }

    /// Whether newer keys of the issuer might verify the token: it may have changed them since they were fetched, also
    /// under a name that it used before.
    pub fn asks_for_newer_keys(self) -> bool {
        matches!(self, Self::Jws(JwsError::UnknownKey | JwsError::BadSignature))
    }
}
