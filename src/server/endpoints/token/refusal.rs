//! Why an application gets no token, and what it is told (RFC 6749, section 5.2). What is wrong with an ID token stands in
//! the log alone, under the reference that the application gets.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::json;

use crate::{
    domain::refusal::Refusal as NotLetIn,
    oidc::{BeliefError, TokenError},
    server::{
        failure::{Failure, reference, with_causes},
        respond,
    },
    store::StoreError,
};

/// When to come back after what should be over soon, in seconds.
const SOON: u64 = 5;

/// Why an application gets no token.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the client address asked for too many tokens")]
    TooManyRequests(Duration),
    #[error("too many wrong secrets came from the client address for this application")]
    TooManyGuesses(Duration),
    #[error("the method is not POST")]
    WrongMethod,
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    #[error("the query has what only the body may have: whatever stood there should be replaced")]
    InQuery,
    #[error("the request names no application: there is neither client_id nor HTTP Basic")]
    NoApplication,
    #[error("the request has credentials twice, or of two applications")]
    TwoCredentials,
    #[error("the Authorization header is no HTTP Basic with a client ID and a secret")]
    MalformedBasic,
    #[error("the application authenticates by something else than client_secret_basic and client_secret_post")]
    MethodNotSupported,
    #[error("the Organization has no application of this client ID in spec.applications")]
    UnknownApplication,
    #[error("the application shows no secret, but has secretRef")]
    NoSecret,
    #[error("the secret is not that of the application's secretRef")]
    WrongSecret,
    #[error("the application shows a secret, but has no secretRef")]
    SecretOfPublic,
    #[error("what the application's secretRef refers to cannot be used; the Organization's status says why")]
    SecretMissing,
    #[error("the grant type is not urn:ietf:params:oauth:grant-type:jwt-bearer")]
    GrantType,
    #[error("a scope is asked for, and there are none")]
    Scope,
    #[error("resource is not the Organization's tokens.audience")]
    Resource,
    #[error("iss is the issuer of no IdentityProvider of the organization")]
    UnknownIssuer,
    #[error(
        "iss is the issuer of an IdentityProvider that the application's identityProviders does not list, or that cannot be used there: see ResolvedRefs of the Organization"
    )]
    ProviderNotListed,
    #[error("the IdentityProvider has no jwtBearer")]
    NoJwtBearer,
    #[error("the IdentityProvider is suspended")]
    ProviderSuspended,
    #[error("the IdentityProvider is not ready; its status says why")]
    ProviderUnavailable,
    #[error("the provider's keys are not known")]
    NoKeys,
    #[error("the ID token was refused: {}", .0.as_str())]
    Token(#[source] TokenError),
    #[error(transparent)]
    NotLetIn(#[from] Failure),
    #[error("the organization has signIn.requireVerifiedEmail, and the address of the person is not verified yet")]
    NotVerified,
    #[error("no access token can be made: the store failed")]
    Store(#[from] StoreError),
}

impl From<BeliefError> for Refusal {
    fn from(error: BeliefError) -> Self {
        match error {
            BeliefError::NoKeys => Self::NoKeys,
            BeliefError::Token(error) => Self::Token(error),
        }
    }
}

/// Whom a request was about, as far as it is known.
#[derive(Debug, Default)]
pub struct Place {
    /// Its id.
    pub organization: Option<String>,
    /// Its client ID.
    pub application: Option<String>,
    /// `namespace/name`.
    pub provider: Option<String>,
}

/// What an application is told.
struct Told {
    status: StatusCode,
    error: &'static str,
    description: Cow<'static, str>,
}

const REQUEST: &str = "invalid_request";
const CLIENT: &str = "invalid_client";
const GRANT: &str = "invalid_grant";
const LATER: &str = "temporarily_unavailable";

impl Refusal {
    /// A stable word for metrics and the log.
    fn code(&self) -> &'static str {
        match self {
            Self::TooManyRequests(_) => "too_many_requests",
            Self::TooManyGuesses(_) => "too_many_guesses",
            Self::WrongMethod => "wrong_method",
            Self::Malformed(_) => "malformed_parameters",
            Self::InQuery => "parameters_in_query",
            Self::NoApplication => "no_application",
            Self::TwoCredentials => "two_credentials",
            Self::MalformedBasic => "malformed_basic",
            Self::MethodNotSupported => "method_not_supported",
            Self::UnknownApplication => "unknown_application",
            Self::NoSecret => "no_secret",
            Self::WrongSecret => "wrong_secret",
            Self::SecretOfPublic => "secret_of_public",
            Self::SecretMissing => "secret_missing",
            Self::GrantType => "grant_type",
            Self::Scope => "scope",
            Self::Resource => "resource",
            Self::UnknownIssuer => "unknown_issuer",
            Self::ProviderNotListed => "provider_not_listed",
            Self::NoJwtBearer => "no_jwt_bearer",
            Self::ProviderSuspended => "provider_suspended",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::NoKeys => "no_keys",
            Self::Token(error) => error.as_str(),
            Self::NotLetIn(failure) => failure.code(),
            Self::NotVerified => "not_verified",
            Self::Store(_) => "store",
        }
    }

    fn told(&self) -> Told {
        let told = |status, error, description: &'static str| Told { status, error, description: description.into() };
        let bad = |error, description| told(StatusCode::BAD_REQUEST, error, description);
        match self {
            Self::TooManyRequests(_) | Self::TooManyGuesses(_) => {
                told(StatusCode::TOO_MANY_REQUESTS, LATER, "Too many requests from this address")
            }
            Self::WrongMethod => told(StatusCode::METHOD_NOT_ALLOWED, REQUEST, "Use POST"),
            Self::Malformed(why) => {
                Told { description: format!("The request is malformed: {why}").into(), ..bad(REQUEST, "") }
            }
            Self::InQuery => bad(REQUEST, "Write parameters into the body, never into the URL"),
            Self::TwoCredentials => bad(REQUEST, "Authenticate once, either by HTTP Basic or in the body"),
            Self::NoApplication | Self::MalformedBasic | Self::MethodNotSupported => told(
                StatusCode::UNAUTHORIZED,
                CLIENT,
                "Say who the application is by client_id, and show its secret by client_secret or HTTP Basic",
            ),
            Self::UnknownApplication
            | Self::NoSecret
            | Self::WrongSecret
            | Self::SecretOfPublic
            | Self::SecretMissing => told(
                StatusCode::UNAUTHORIZED,
                CLIENT,
                "The application is not known here, or did not show that it is itself",
            ),
            Self::GrantType => {
                bad("unsupported_grant_type", "Use grant_type urn:ietf:params:oauth:grant-type:jwt-bearer")
            }
            Self::Scope => bad("invalid_scope", "There are no scopes: leave scope out"),
            Self::Resource => bad("invalid_target", "Access tokens are for another resource: leave resource out"),
            Self::UnknownIssuer
            | Self::ProviderNotListed
            | Self::NoJwtBearer
            | Self::ProviderSuspended
            | Self::Token(_) => NOT_ACCEPTED,
            Self::NotVerified => NOT_VERIFIED,
            Self::NotLetIn(failure) => of_failure(failure),
            Self::ProviderUnavailable | Self::NoKeys | Self::Store(_) => UNAVAILABLE,
        }
    }
}

/// Whatever is wrong with an ID token, and whoever is not let in: an application that brings what others gave it away learns
/// nothing.
const NOT_ACCEPTED: Told =
    Told { status: StatusCode::BAD_REQUEST, error: GRANT, description: Cow::Borrowed("The assertion is not accepted") };
const NOT_VERIFIED: Told =
    Told { description: Cow::Borrowed("The person's e-mail address has to be verified first"), ..NOT_ACCEPTED };
const UNAVAILABLE: Told = Told {
    status: StatusCode::SERVICE_UNAVAILABLE,
    error: LATER,
    description: Cow::Borrowed(
        "This does not work right now: try again in a few seconds, and with a new ID token if this one is not accepted then",
    ),
};

fn of_failure(failure: &Failure) -> Told {
    match failure {
        Failure::NoSuchOrganization => {
            Told { status: StatusCode::NOT_FOUND, error: REQUEST, description: "There is no such organization".into() }
        }
        // The manifest has the person told so.
        Failure::NotAdmitted(NotLetIn::ClaimRule { message, .. }) if is_description(message) => {
            Told { description: message.clone().into(), ..NOT_ACCEPTED }
        }
        Failure::NotAdmitted(NotLetIn::Starting)
        | Failure::Starting
        | Failure::Raced
        | Failure::Store(_)
        | Failure::Internal => UNAVAILABLE,
        Failure::MailNotSent(_) | Failure::MailNotSetUp | Failure::NoAddressToVerify => NOT_VERIFIED,
        _ => NOT_ACCEPTED,
    }
}

/// RFC 6749, section 5.2: which characters an `error_description` may have.
fn is_description(text: &str) -> bool {
    text.bytes().all(|octet| matches!(octet, 0x20..=0x7e) && !matches!(octet, b'"' | b'\\'))
}

/// Logs a refusal once and answers it. The reference is in both.
pub fn refused(refusal: &Refusal, place: &Place) -> Response {
    let (reference, Told { status, error, description }) = (reference(), refusal.told());
    log(refusal, status, &reference, place);
    let description = format!("{description} (reference {reference})");
    let mut response = respond::json(status, &json!({ "error": error, "error_description": description }));
    let answer = response.headers_mut();
    let wait = match refusal {
        Refusal::TooManyRequests(wait) | Refusal::TooManyGuesses(wait) => Some(wait.as_secs() + 1),
        _ => (status == StatusCode::SERVICE_UNAVAILABLE).then_some(SOON),
    };
    if let Some(seconds) = wait {
        answer.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        answer.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token\", charset=\"UTF-8\""));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

fn log(refusal: &Refusal, status: StatusCode, reference: &str, place: &Place) {
    let Place { organization, application, provider } = place;
    let (code, error) = (refusal.code(), with_causes(refusal));
    if status.is_server_error() {
        tracing::warn!(reference, code, organization, application, provider, error, "an application got no token");
    } else {
        tracing::info!(reference, code, organization, application, provider, error, "an application got no token");
    }
    metrics::counter!("latchkey_token_failures_total", "reason" => code).increment(1);
}
