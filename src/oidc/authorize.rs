//! The request that a browser takes to the authorization endpoint (OpenID Connect Core 1.0, section 3.1.2.1).

use std::borrow::Cow;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::domain::relation::{Flow, Relation};

/// What is of this one login.
#[derive(Clone, Copy)]
pub struct LoginParameters<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    /// 43 to 128 unreserved characters (RFC 7636, section 4.1); its challenge is sent if the relation says so.
    pub code_verifier: &'a SecretString,
    /// The user name or e-mail address, if it is known already.
    pub login_hint: Option<&'a str>,
}

/// The parameters of a request, in the order in which they are sent, each once.
pub(super) type Parameters = Vec<(Cow<'static, str>, String)>;

/// The authorization endpoint with these parameters. Those that the endpoint has already are kept, unless they would
/// stand there twice.
pub(super) fn authorization_url(relation: &Relation, parameters: &Parameters) -> Url {
    let mut url = relation.authorization_endpoint.clone();
    let is_ours = |name: &str| parameters.iter().any(|(ours, _)| ours == name);
    let kept: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| !is_ours(name)).collect();
    url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(parameters);
    url
}

/// Everything that is asked of the provider.
pub(super) fn parameters(relation: &Relation, login: &LoginParameters<'_>) -> Parameters {
    let asked = &relation.request;
    let list = |name: &'static str, values: &[String]| (!values.is_empty()).then(|| (name, values.join(" ")));
    let always = [
        ("response_type", response_type(&relation.flow).to_owned()),
        ("client_id", relation.client_id.clone()),
        ("redirect_uri", relation.redirect_uri.to_string()),
        ("scope", ["openid"].into_iter().chain(asked.scopes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")),
        ("state", login.state.to_owned()),
        ("nonce", login.nonce.to_owned()),
    ];
    let sometimes = [
        relation.flow.response_mode().map(|mode| ("response_mode", mode.as_str().to_owned())),
        (!asked.prompt.is_empty()).then(|| ("prompt", asked.prompt.join(" "))),
        asked.max_age.map(|seconds| ("max_age", seconds.to_string())),
        list("acr_values", &asked.acr_values),
        list("ui_locales", &asked.ui_locales),
        login.login_hint.filter(|_| asked.login_hint).map(|hint| ("login_hint", hint.to_owned())),
    ];
    let ours = always.into_iter().chain(sometimes.into_iter().flatten()).chain(challenge(relation, login));
    let ours = ours.map(|(name, value)| (Cow::Borrowed(name), value));
    ours.chain(asked.extra.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.clone()))).collect()
}

fn response_type(flow: &Flow) -> &'static str {
    match flow {
        Flow::Code { .. } => "code",
        Flow::IdToken => "id_token",
    }
}

/// RFC 7636, section 4.3.
fn challenge(relation: &Relation, login: &LoginParameters<'_>) -> Vec<(&'static str, String)> {
    if !matches!(relation.flow, Flow::Code { pkce: true, .. }) {
        return Vec::new();
    }
    let hash = digest::digest(&digest::SHA256, login.code_verifier.expose_secret().as_bytes());
    vec![("code_challenge", URL_SAFE_NO_PAD.encode(hash)), ("code_challenge_method", "S256".to_owned())]
}

#[cfg(test)]
mod tests;
