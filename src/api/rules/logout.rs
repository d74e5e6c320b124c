//! The rules of logout.

use kube::core::Rule;

use super::{
    ORIGIN, PATH, QUERY, matches, rule,
    said::{MANUAL, of_client},
};

/// Where a session at the provider is ended; what it takes is in path and query.
pub fn end_session_url() -> Rule {
    let message = "write an http or https URL without user name and fragment, and placeholders only after the host, such as https://login.example.com/logout?returnTo={signout-oidc}";
    rule(format!(r"self.matches(r'{ORIGIN}{PATH}{QUERY}$') && self.matches(r'^https?://[^/?{{}}]+([/?]|$)')"), message)
}

/// What is misspelt would be sent as it stands.
pub fn placeholders() -> Rule {
    let message = "the placeholders are {signout-oidc}, {signout-oidc-with-state}, {client-id} and {id-token-hint}: write one of these, or %7B and %7D for braces";
    matches(r"^([^{}]|\{(signout-oidc|signout-oidc-with-state|client-id|id-token-hint)\})*$", message)
}

/// Nothing else tells the provider whose session is over.
pub fn hint_of_backchannel() -> Rule {
    let template = "has(self.endSessionURL) && self.endSessionURL.contains('{')";
    let message = "mode Backchannel tells the provider by the ID token whose session is over: write {id-token-hint} where the URL takes it, or no placeholder at all, so that it is added";
    let hint = "self.endSessionURL.contains('{id-token-hint}')";
    let backchannel = "has(self.mode) && self.mode == 'Backchannel'";
    rule(format!("!({backchannel}) || !({template}) || {hint}"), message).field_path(".endSessionURL")
}

/// Where metadata says nothing, the manifest has to.
pub fn manual_end_session_url() -> Rule {
    let backchannel = "has(self.logout) && has(self.logout.mode) && self.logout.mode == 'Backchannel'";
    let message = "discovery.mode Manual needs logout.endSessionURL where logout.mode is Backchannel: write the logout URL of the provider's documentation";
    of_client(format!("!({MANUAL}) || !({backchannel}) || has(self.logout.endSessionURL)"), message)
        .field_path(".logout.endSessionURL")
}
