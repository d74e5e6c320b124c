//! What signing out means between a provider and us, as manifest and metadata say it. Pure.

use url::Url;

use super::{
    Identity,
    endpoints::{insecure, no_url, parsed},
};
use crate::{
    api::{Fact, LogoutMode, LogoutSpec, Reason},
    domain::{
        logout::{EndSession, EndSessionUrl, EndedBy, LogoutRules},
        metadata::Metadata,
    },
};

const END_SESSION_URL: &str = "spec.logout.endSessionURL";

/// What the manifest says of where a session at the provider is ended.
///
/// # Errors
/// Names the field that holds no URL.
pub fn end_session_url(logout: &LogoutSpec) -> Result<Option<EndSessionUrl>, String> {
    let parse = |text: &String| EndSessionUrl::parse(text).map_err(|error| no_url(END_SESSION_URL, error, "/logout"));
    logout.end_session_url.as_ref().map(parse).transpose()
}

/// Where people land after signing out, if the manifest says so.
///
/// # Errors
/// Names the field that holds no URL.
pub fn page_url(logout: &LogoutSpec) -> Result<Option<Url>, String> {
    logout.page_url.as_ref().map(|text| parsed("spec.logout.pageURL", text, "/goodbye")).transpose()
}

/// The rules of a provider that is served; `written` is what the manifest says of where sessions are ended.
///
/// # Errors
/// `Discovered=False`: where Latchkey is to end sessions at the provider, and nothing says where; or http is refused.
pub fn logout_rules(
    logout: &LogoutSpec,
    identity: &Identity<'_>,
    written: Option<EndSessionUrl>,
    metadata: Option<&Metadata>,
    allow_http: bool,
) -> Result<LogoutRules, Fact> {
    if written.as_ref().is_some_and(EndSessionUrl::is_insecure) && !allow_http {
        return Err(insecure(END_SESSION_URL));
    }
    let discovered = metadata.and_then(|metadata| metadata.end_session_endpoint.clone());
    Ok(LogoutRules {
        end_session: end_session(logout, written.or(discovered.map(EndSessionUrl::Plain)))?,
        post_logout_redirect_uri: identity.post_logout_redirect_uri(),
        accepts_backchannel: logout.accepts_backchannel(),
        accepts_frontchannel: logout.accept_frontchannel,
    })
}

fn end_session(logout: &LogoutSpec, url: Option<EndSessionUrl>) -> Result<Option<EndSession>, Fact> {
    match (logout.mode, url) {
        (LogoutMode::Local, _) | (LogoutMode::Redirect, None) => Ok(None),
        (LogoutMode::Redirect, Some(url)) => {
            Ok(Some(EndSession { by: EndedBy::Browser, url, sends_hint: logout.send_id_token_hint }))
        }
        (LogoutMode::Backchannel, Some(url)) => Ok(Some(EndSession { by: EndedBy::Latchkey, url, sends_hint: true })),
        (LogoutMode::Backchannel, None) => {
            let message = "spec.logout.mode: Backchannel is asked for, but the provider's metadata has no end_session_endpoint: write the logout URL of the provider's documentation into spec.logout.endSessionURL, or write Redirect or Local";
            Err(Fact::fails(Reason::Incompatible, message.to_owned()))
        }
    }
}
