//! Everything that can go wrong for a person, and the one place that turns it into a page.

mod advice;

use std::error::Error;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use super::{
    pages::{ENGLISH, ErrorPage, Forms},
    respond,
    seal::random,
};
use crate::{
    domain::{organization::Organization, person::ClaimsError, refusal::Refusal},
    mail::SendError,
    oidc::{BeliefError, ExchangeError, PushError, TokenError, UserinfoError},
    store::StoreError,
};

/// What went wrong. The cause is logged; the person reads what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("there is no such page")]
    NoSuchPage,
    #[error("the method is not allowed here")]
    WrongMethod,
    #[error("another site sent this form")]
    ForeignForm,
    #[error("the manifests have not all been looked at yet")]
    Starting,
    #[error("no organization has this id")]
    NoSuchOrganization,
    #[error("the organization has no provider of this key")]
    NoSuchProvider,
    #[error("the provider is suspended")]
    ProviderSuspended,
    #[error("the provider is not ready")]
    ProviderUnavailable,
    #[error("the client address began too many logins")]
    TooManyLogins,
    #[error("the client address asked for too much")]
    TooManyRequests,
    #[error("what a login was to begin with is malformed: {0}")]
    MalformedRequest(&'static str),
    #[error("the parameters of the answer are malformed: {0}")]
    MalformedParameters(&'static str),
    #[error("this browser has no login attempt for the state")]
    NoAttempt,
    #[error("the login attempt has expired")]
    AttemptExpired,
    #[error("the login attempt was used before")]
    AttemptUsed,
    #[error("the ID token was used before")]
    TokenUsed,
    #[error("the provider has said something newer of the person than this ID token; bring one that is new")]
    TokenOutdated,
    #[error("the login attempt began with another provider, or the provider has changed since")]
    AttemptOfAnotherProvider,
    #[error("the iss parameter is not the issuer's")]
    WrongIssuer,
    #[error("the provider announces the iss parameter but did not send it")]
    MissingIssuer,
    #[error("the provider answered with the error {0:?}")]
    RefusedByProvider(&'static str),
    #[error("the authorization request could not be pushed")]
    Push(#[from] PushError),
    #[error("the code could not be exchanged")]
    Exchange(#[from] ExchangeError),
    #[error("the ID token was refused: {}", .0.as_str())]
    Token(#[source] TokenError),
    #[error("the provider's keys are not known")]
    NoKeys,
    #[error("userinfo could not be had")]
    Userinfo(#[from] UserinfoError),
    #[error("the claims do not describe a user")]
    Claims(#[from] ClaimsError),
    #[error("the provider may not sign this person in")]
    NotAdmitted(#[from] Refusal),
    #[error("other logins changed the same person again and again meanwhile")]
    Raced,
    #[error("the provider ended its session while the login was under way")]
    SignedOutMeanwhile,
    #[error("the state of the post-logout redirect is refused: {0}")]
    LogoutState(&'static str),
    #[error("the sessions could not be ended in the store")]
    SessionsNotEnded(#[source] StoreError),
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A panic, or a source of randomness that fails.
    #[error("something that should never fail did")]
    Internal,
    #[error("the return address is too long to keep")]
    TooLong,
    #[error(
        "the organization has signIn.requireVerifiedEmail, and the user has no e-mail address: let claims.email name a claim that has one; where users.provisioning is ReadOnly, or users.updateModes keeps email, no login writes it: make the user known with one, by latchkey users create --email"
    )]
    NoAddressToVerify,
    #[error(
        "the e-mail address has to be verified, and no mail can be sent: give latchkey serve --smtp-url and --mail-from"
    )]
    MailNotSetUp,
    #[error("the mail that verifies an e-mail address could not be sent")]
    MailNotSent(#[source] SendError),
}

impl Failure {
    /// A stable word for metrics and the log.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPage => "no_such_page",
            Self::WrongMethod => "wrong_method",
            Self::ForeignForm => "foreign_form",
            Self::Starting => "starting",
            Self::NoSuchOrganization => "no_such_organization",
            Self::NoSuchProvider => "no_such_provider",
            Self::ProviderSuspended => "provider_suspended",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::TooManyLogins => "too_many_logins",
            Self::TooManyRequests => "too_many_requests",
            Self::MalformedRequest(_) => "malformed_request",
            Self::MalformedParameters(_) => "malformed_parameters",
            Self::NoAttempt => "no_attempt",
            Self::AttemptExpired => "attempt_expired",
            Self::AttemptUsed => "attempt_used",
            Self::TokenUsed => "token_used",
            Self::TokenOutdated => "token_outdated",
            Self::AttemptOfAnotherProvider => "attempt_of_another_provider",
            Self::WrongIssuer => "wrong_issuer",
            Self::MissingIssuer => "missing_issuer",
            Self::RefusedByProvider(_) => "refused_by_provider",
            Self::Push(_) => "pushed_request",
            Self::Exchange(_) => "code_exchange",
            Self::Token(_) => "id_token",
            Self::NoKeys => "no_keys",
            Self::Userinfo(_) => "userinfo",
            Self::Claims(_) => "claims",
            Self::NotAdmitted(refusal) => match refusal {
                Refusal::NoAddress => "no_address",
                Refusal::AddressElsewhere => "address_elsewhere",
                Refusal::AddressOfAnotherProvider(_) => "address_of_another_provider",
                Refusal::AddressTaken { .. } => "email_taken",
                Refusal::UserNameTaken { .. } => "user_name_taken",
                Refusal::LinkTaken { .. } => "link_taken",
                Refusal::NotKnown { .. } => "not_known",
                Refusal::UserNameOfAnotherProvider(_) => "user_name_of_another_provider",
                Refusal::AddressNameOfAnotherProvider(_) => "address_name_of_another_provider",
                Refusal::ClaimRule { .. } => "claim_rule",
                Refusal::NotMapped => "not_mapped",
                Refusal::Starting => "starting",
            },
            Self::Raced => "raced",
            Self::SignedOutMeanwhile => "signed_out_meanwhile",
            Self::LogoutState(_) => "logout_state",
            Self::SessionsNotEnded(_) => "sessions_not_ended",
            Self::Store(_) => "store",
            Self::Internal => "internal",
            Self::TooLong => "too_long",
            Self::NoAddressToVerify => "no_address_to_verify",
            Self::MailNotSetUp => "mail_not_set_up",
            Self::MailNotSent(_) => "mail_not_sent",
        }
    }
}

impl From<BeliefError> for Failure {
    fn from(error: BeliefError) -> Self {
        match error {
            BeliefError::NoKeys => Self::NoKeys,
            BeliefError::Token(error) => Self::Token(error),
        }
    }
}

/// Where a failure happened, for the log and for the way on.
#[derive(Default)]
pub struct Place<'a> {
    pub organization: Option<&'a Organization>,
    /// The provider's `namespace/name`.
    pub provider: Option<&'a str>,
}

/// Logs a failure once and shows the page. The reference is in both.
pub fn page(failure: &Failure, place: &Place<'_>) -> Response {
    page_with(failure, place, HeaderMap::new())
}

/// The same, with headers besides.
pub fn page_with(failure: &Failure, place: &Place<'_>, mut extra: HeaderMap) -> Response {
    let advice = failure.advice();
    let reference = reference();
    let organization = place.organization.map(|organization| &*organization.id);
    log(failure, advice.status, &reference, organization, place.provider);
    if advice.status == StatusCode::TOO_MANY_REQUESTS
        || matches!(failure, Failure::Starting | Failure::NotAdmitted(Refusal::Starting))
    {
        extra.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    let sign_in = organization.map(|id| format!("/o/{id}/login"));
    let page = ErrorPage {
        language: &ENGLISH,
        status: advice.status,
        title: advice.title,
        what_happened: advice.what_happened,
        what_to_do: advice.what_to_do,
        reference: &reference,
        try_again: sign_in.as_deref(),
        home: None,
    };
    respond::page(advice.status, &page, extra, Forms::LeadHere)
}

fn log(failure: &Failure, status: StatusCode, reference: &str, organization: Option<&str>, provider: Option<&str>) {
    let (code, error) = (failure.code(), with_causes(failure));
    match failure {
        // Whoever guesses addresses is not somebody who fails to sign in.
        Failure::NoSuchPage
        | Failure::WrongMethod
        | Failure::NoSuchOrganization
        | Failure::ForeignForm
        | Failure::LogoutState(_) => {
            tracing::info!(reference, code, organization, provider, error, "a request was refused");
            return;
        }
        Failure::MailNotSetUp | Failure::MailNotSent(_) => {
            tracing::warn!(reference, code, organization, provider, error, "an e-mail address could not be verified");
        }
        _ if status.is_server_error() => {
            tracing::warn!(reference, code, organization, provider, error, "a login failed");
        }
        _ => tracing::info!(reference, code, organization, provider, error, "a login was refused"),
    }
    metrics::counter!("latchkey_login_failures_total", "reason" => code).increment(1);
}

/// A failure and why, in one line: as a JSON field, an error is written without its causes.
pub(super) fn with_causes(failure: &dyn Error) -> String {
    let mut told = failure.to_string();
    let mut next = failure.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some say it themselves.
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        next = cause.source();
    }
    told
}

/// Ten characters that are easy to read out, without those that look alike.
pub(super) fn reference() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bytes = random::<10>().unwrap_or_default();
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_why_to_the_last_cause() {
        let failure = Failure::Token(TokenError::Expired);
        let told = with_causes(&failure);
        assert!(told.starts_with("the ID token was refused: exp_over: exp is over;"), "{told}");
        assert!(told.contains("tokens.allowedClockSkew"), "{told}");
    }
}
