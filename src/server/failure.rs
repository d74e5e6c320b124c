//! Everything that can go wrong for a person, and the one place that turns it into a page.

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
    domain::{login::ClaimsError, organization::Organization},
    oidc::{AskError, ExchangeError, HttpError, PushError, TokenError, UserinfoError},
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
    Token(#[from] TokenError),
    #[error("the provider's keys are not known")]
    NoKeys,
    #[error("userinfo could not be had")]
    Userinfo(#[from] UserinfoError),
    #[error("the claims do not describe a user")]
    Claims(#[from] ClaimsError),
    #[error(
        "somebody else in the organization has this user name; let claims.userName name a claim that tells people apart"
    )]
    UserNameTaken,
    #[error("somebody else in the organization has this e-mail address")]
    EmailTaken,
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A panic, or a source of randomness that fails.
    #[error("something that should never fail did")]
    Internal,
    #[error("the return address is too long to keep")]
    TooLong,
}

/// What a person reads.
struct Advice {
    status: StatusCode,
    title: &'static str,
    what_happened: &'static str,
    what_to_do: &'static [&'static str],
}

const TRY_AGAIN: &str = "Start signing in again.";
const OTHER_ACCOUNT: &str = "Use another account.";
const ASK: &str = "If it happens again, ask your administrator and give them the reference below.";
const LATER: &str = "Wait a few minutes, then try again.";

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
            Self::MalformedRequest(_) => "malformed_request",
            Self::MalformedParameters(_) => "malformed_parameters",
            Self::NoAttempt => "no_attempt",
            Self::AttemptExpired => "attempt_expired",
            Self::AttemptUsed => "attempt_used",
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
            Self::UserNameTaken => "user_name_taken",
            Self::EmailTaken => "email_taken",
            Self::Store(_) => "store",
            Self::Internal => "internal",
            Self::TooLong => "too_long",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::NoSuchPage | Self::NoSuchProvider => Advice {
                status: StatusCode::NOT_FOUND,
                title: "There is no such page",
                what_happened: "The address leads nowhere, or the way to sign in that it names is no longer offered.",
                what_to_do: &["Check the address.", "Ask whoever gave you the link for a new one."],
            },
            Self::WrongMethod => Advice {
                status: StatusCode::METHOD_NOT_ALLOWED,
                title: "This page can't be used that way",
                what_happened: "The request was of a kind that this page does not take.",
                what_to_do: &[TRY_AGAIN],
            },
            Self::ForeignForm => Advice {
                status: StatusCode::FORBIDDEN,
                title: "This came from another site",
                what_happened: "Another site asked for something that only you may ask for here. Nothing was done.",
                what_to_do: &["Use the pages here instead."],
            },
            Self::Starting => Advice {
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "Just a moment",
                what_happened: "The sign-in service is starting.",
                what_to_do: &["Reload this page in a few seconds."],
            },
            Self::NoSuchOrganization => Advice {
                status: StatusCode::NOT_FOUND,
                title: "There is no such organization",
                what_happened: "No organization has the id in the address.",
                what_to_do: &["Check the spelling of the address.", "Ask your administrator for the right one."],
            },
            Self::ProviderSuspended | Self::ProviderUnavailable => Advice {
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "This way to sign in is not available right now",
                what_happened: "Signing in this way is switched off or not working at the moment.",
                what_to_do: &["Sign in another way, if there is one.", LATER, ASK],
            },
            Self::TooManyLogins => Advice {
                status: StatusCode::TOO_MANY_REQUESTS,
                title: "Too many sign-ins",
                what_happened: "From your network, very many sign-ins were started within a short time.",
                what_to_do: &["Wait a minute, then try again."],
            },
            Self::AttemptExpired => Advice {
                status: StatusCode::BAD_REQUEST,
                title: "That took too long",
                what_happened: "For your safety, signing in has to be finished within ten minutes.",
                what_to_do: &[TRY_AGAIN],
            },
            Self::NoAttempt | Self::AttemptUsed => Advice {
                status: StatusCode::BAD_REQUEST,
                title: "This sign-in can't be continued",
                what_happened: "It was already finished, was started in another browser, or your browser keeps no cookies for this site.",
                what_to_do: &[TRY_AGAIN, "Allow cookies for this site.", ASK],
            },
            Self::MalformedRequest(_) => Advice {
                status: StatusCode::BAD_REQUEST,
                title: "This link can't be used",
                what_happened: "The link or button that brought you here is incomplete or damaged, so signing in didn't begin.",
                what_to_do: &[TRY_AGAIN, "Ask whoever gave you the link for a new one.", ASK],
            },
            Self::MalformedParameters(_)
            | Self::AttemptOfAnotherProvider
            | Self::WrongIssuer
            | Self::MissingIssuer
            | Self::TooLong => Advice {
                status: StatusCode::BAD_REQUEST,
                title: "The answer doesn't fit",
                what_happened: "What came back from the sign-in service doesn't belong to this sign-in, so it was not accepted.",
                what_to_do: &[TRY_AGAIN, ASK],
            },
            Self::RefusedByProvider(error) => refused_by_provider(error),
            Self::Push(PushError::Ask(AskError::Refused { code, .. })) => refused_by_provider(code),
            Self::Push(PushError::Ask(AskError::Http(error)))
            | Self::Exchange(ExchangeError::Ask(AskError::Http(error)))
            | Self::Userinfo(UserinfoError::Http(error)) => Advice {
                status: if matches!(error, HttpError::Timeout { .. }) {
                    StatusCode::GATEWAY_TIMEOUT
                } else {
                    StatusCode::BAD_GATEWAY
                },
                ..PROVIDER_BROKE
            },
            Self::Push(_) | Self::Exchange(_) | Self::Token(_) | Self::NoKeys | Self::Userinfo(_) => PROVIDER_BROKE,
            Self::Claims(_) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Your account lacks something",
                what_happened: "The sign-in service did not say enough about you to sign you in here.",
                what_to_do: &[OTHER_ACCOUNT, ASK],
            },
            Self::UserNameTaken | Self::EmailTaken => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Somebody else has this name here",
                what_happened: "Another person already uses the same user name or e-mail address in this organization.",
                what_to_do: &["Sign in the way you did before.", OTHER_ACCOUNT, ASK],
            },
            Self::Store(_) | Self::Internal => Advice {
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "Signing in doesn't work right now",
                what_happened: "Something on our side is not working. Whoever is signed in stays signed in.",
                what_to_do: &[LATER, ASK],
            },
        }
    }
}

const PROVIDER_BROKE: Advice = Advice {
    status: StatusCode::BAD_GATEWAY,
    title: "The sign-in service didn't answer as it should",
    what_happened: "The service that you sign in with gave no answer, or one that can't be trusted. You are not signed in.",
    what_to_do: &[LATER, ASK],
};

/// By the errors that OpenID Connect Core 1.0, section 3.1.2.6, and RFC 6749, section 4.1.2.1, register.
fn refused_by_provider(error: &str) -> Advice {
    match error {
        "access_denied" => Advice {
            status: StatusCode::FORBIDDEN,
            title: "You were not let in",
            what_happened: "The sign-in was cancelled, or the sign-in service refused it.",
            what_to_do: &[TRY_AGAIN, OTHER_ACCOUNT, ASK],
        },
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => Advice {
            status: StatusCode::FORBIDDEN,
            title: "The sign-in service needs to ask you something",
            what_happened: "It could not sign you in without showing you a page first.",
            what_to_do: &[TRY_AGAIN, ASK],
        },
        "server_error" => PROVIDER_BROKE,
        "temporarily_unavailable" => Advice { status: StatusCode::SERVICE_UNAVAILABLE, ..PROVIDER_BROKE },
        _ => Advice {
            status: StatusCode::BAD_GATEWAY,
            title: "The sign-in service refused the request",
            what_happened: "It does not accept how this sign-in was asked for. Only an administrator can change that.",
            what_to_do: &[ASK],
        },
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
    if advice.status == StatusCode::TOO_MANY_REQUESTS || matches!(failure, Failure::Starting) {
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
    let (code, error) = (failure.code(), failure as &dyn std::error::Error);
    match failure {
        // Whoever guesses addresses is not somebody who fails to sign in.
        Failure::NoSuchPage | Failure::WrongMethod | Failure::NoSuchOrganization | Failure::ForeignForm => {
            tracing::info!(reference, code, "a request was refused");
            return;
        }
        _ if status.is_server_error() => {
            tracing::warn!(reference, code, organization, provider, error, "a login failed");
        }
        _ => tracing::info!(reference, code, organization, provider, error, "a login was refused"),
    }
    metrics::counter!("latchkey_login_failures_total", "reason" => code).increment(1);
}

/// Ten characters that are easy to read out, without those that look alike.
fn reference() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bytes = random::<10>().unwrap_or_default();
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}
