//! What a person reads about a failure, and the status that goes with it.

use axum::http::StatusCode;

use super::Failure;
use crate::domain::refusal::Refusal;
use crate::mail::SendError;
use crate::oidc::{AskError, ExchangeError, HttpError, PushError, UserinfoError};

/// What a person reads.
pub(super) struct Advice<'a> {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) what_happened: &'a str,
    pub(super) what_to_do: &'static [&'static str],
}

const TRY_AGAIN: &str = "Start signing in again.";
const OTHER_ACCOUNT: &str = "Use another account.";
const ASK: &str = "If it happens again, ask your administrator and give them the reference below.";
const LATER: &str = "Wait a few minutes, then try again.";

impl Failure {
    /// What to tell the person.
    pub(super) fn advice(&self) -> Advice<'_> {
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
            Self::NotAdmitted(Refusal::Starting) => {
                Advice { what_to_do: &["Wait a few seconds.", TRY_AGAIN], ..Self::Starting.advice() }
            }
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
            Self::TooManyRequests => Advice {
                status: StatusCode::TOO_MANY_REQUESTS,
                title: "Too many requests",
                what_happened: "From your network, this page was asked for very often within a short time.",
                what_to_do: &["Wait a minute, then try again."],
            },
            Self::AttemptExpired => Advice {
                status: StatusCode::BAD_REQUEST,
                title: "That took too long",
                what_happened: "For your safety, signing in has to be finished within ten minutes.",
                what_to_do: &[TRY_AGAIN],
            },
            Self::NoAttempt | Self::AttemptUsed | Self::TokenUsed | Self::TokenOutdated => Advice {
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
            Self::Push(PushError::Refused { code, .. } | PushError::Ask(AskError::Refused { code, .. })) => {
                refused_by_provider(code)
            }
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
            Self::NotAdmitted(Refusal::NoAddress) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Your account lacks an e-mail address",
                what_happened: "This way to sign in is for people with certain e-mail addresses, and the sign-in service named none that can be used.",
                what_to_do: &[OTHER_ACCOUNT, ASK],
            },
            Self::NotAdmitted(Refusal::AddressElsewhere) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "This is not the way in for your e-mail address",
                what_happened: "This way to sign in is for people with other e-mail addresses than that of your account.",
                what_to_do: &["Sign in another way, if there is one.", OTHER_ACCOUNT, ASK],
            },
            Self::NotAdmitted(Refusal::AddressOfAnotherProvider(_)) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "This is not the way in for your e-mail address",
                what_happened: "People with an e-mail address like yours sign in here another way.",
                what_to_do: &[
                    "Start again, and enter your e-mail address if you are asked for it.",
                    OTHER_ACCOUNT,
                    ASK,
                ],
            },
            Self::NotAdmitted(Refusal::UserNameOfAnotherProvider(_) | Refusal::AddressNameOfAnotherProvider(_)) => {
                Advice {
                    status: StatusCode::FORBIDDEN,
                    title: "Your user name can't be used here",
                    what_happened: "In this organization, user names like that of your account belong to people who sign in another way.",
                    what_to_do: &["Sign in another way, if there is one.", OTHER_ACCOUNT, ASK],
                }
            }
            Self::NotAdmitted(Refusal::ClaimRule { message, .. }) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Your account can't be used here",
                what_happened: message,
                what_to_do: &[OTHER_ACCOUNT, ASK],
            },
            Self::NotAdmitted(Refusal::NotMapped) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Your account has no access here",
                what_happened: "Only people who have been given access may sign in this way, and your account has not.",
                what_to_do: &[
                    "If you were given access just now, sign out at the sign-in service and start again.",
                    OTHER_ACCOUNT,
                    ASK,
                ],
            },
            Self::NotAdmitted(Refusal::AddressTaken { .. }) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Somebody else has this e-mail address here",
                what_happened: "Your account has the e-mail address of another user of this organization.",
                what_to_do: &["If you have signed in here before, do it the way you did then.", OTHER_ACCOUNT, ASK],
            },
            Self::NotAdmitted(Refusal::NotKnown { .. }) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "You are not known here",
                what_happened: "Only people whom an administrator has made known before may sign in this way, and your account is none of theirs.",
                what_to_do: &[
                    OTHER_ACCOUNT,
                    "Ask your administrator to make you known here, and give them the reference below.",
                ],
            },
            Self::NotAdmitted(Refusal::LinkTaken { .. }) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Your account is somebody else's here",
                what_happened: "Another way to sign in has made your account that of another user of this organization.",
                what_to_do: &["If you have signed in here before, do it the way you did then.", OTHER_ACCOUNT, ASK],
            },
            Self::NotAdmitted(Refusal::UserNameTaken { .. }) => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Somebody else has this name here",
                what_happened: "Your account has the user name of another user of this organization.",
                what_to_do: &["If you have signed in here before, do it the way you did then.", OTHER_ACCOUNT, ASK],
            },
            Self::NoAddressToVerify => Advice {
                status: StatusCode::FORBIDDEN,
                title: "Your account lacks an e-mail address",
                what_happened: "Only people with a confirmed e-mail address may sign in here, and none is known of yours.",
                what_to_do: &[OTHER_ACCOUNT, ASK],
            },
            Self::MailNotSetUp => Advice {
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "Your e-mail address can't be confirmed yet",
                what_happened: "Your e-mail address has to be confirmed first, and this installation can't send mails yet.",
                what_to_do: &["Ask your administrator to set up mail, and give them the reference below."],
            },
            Self::MailNotSent(SendError::TooMany | SendError::Stopping) => {
                Advice { status: StatusCode::SERVICE_UNAVAILABLE, what_to_do: &[LATER, ASK], ..MAIL_NOT_SENT }
            }
            Self::MailNotSent(_) => MAIL_NOT_SENT,
            Self::SignedOutMeanwhile => Advice {
                status: StatusCode::FORBIDDEN,
                title: "You were signed out meanwhile",
                what_happened: "While you were signing in here, the sign-in service ended your session there. You are not signed in.",
                what_to_do: &[TRY_AGAIN, ASK],
            },
            Self::LogoutState(_) => Advice {
                status: StatusCode::BAD_REQUEST,
                title: "This link can't be used",
                what_happened: "It does not belong to a sign-out that began here within the last hour. Nothing was done.",
                what_to_do: &["If you are still signed in, sign out from your account page.", ASK],
            },
            Self::SessionsNotEnded(_) => Advice {
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "Not all of these sessions could be ended",
                what_happened: "Something on our side is not working. Some of the sessions may go on for now.",
                what_to_do: &["Wait a few minutes, then end them again from your account page.", ASK],
            },
            Self::Raced | Self::Store(_) | Self::Internal => Advice {
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "Signing in doesn't work right now",
                what_happened: "Something on our side is not working. Whoever is signed in stays signed in.",
                what_to_do: &[LATER, ASK],
            },
        }
    }
}

const PROVIDER_BROKE: Advice<'static> = Advice {
    status: StatusCode::BAD_GATEWAY,
    title: "The sign-in service didn't answer as it should",
    what_happened: "The service that you sign in with gave no answer, or one that can't be trusted. You are not signed in.",
    what_to_do: &[LATER, ASK],
};

const MAIL_NOT_SENT: Advice<'static> = Advice {
    status: StatusCode::BAD_GATEWAY,
    title: "The mail could not be sent",
    what_happened: "We wanted to send you a mail to confirm your e-mail address, and it can't be sent.",
    what_to_do: &[
        "Check that your e-mail address is right at the sign-in service.",
        "Ask your administrator, and give them the reference below.",
    ],
};

/// By the errors that OpenID Connect Core 1.0, section 3.1.2.6, and RFC 6749, section 4.1.2.1, register.
fn refused_by_provider(error: &str) -> Advice<'static> {
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
