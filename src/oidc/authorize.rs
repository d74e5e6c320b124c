//! The request that a browser takes to the authorization endpoint (OpenID Connect Core 1.0, section 3.1.2.1).

use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, basic::BasicClient,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::domain::provider::Relation;

/// What is of this one login.
#[derive(Clone, Copy)]
pub struct LoginParameters<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    /// From `new_code_verifier`; its challenge is sent if the relation says so.
    pub code_verifier: &'a SecretString,
    /// The user name or e-mail address, if it is known already.
    pub login_hint: Option<&'a str>,
}

/// A fresh code verifier with 256 bits of randomness (RFC 7636, section 4.1).
pub fn new_code_verifier() -> SecretString {
    PkceCodeChallenge::new_random_sha256().1.into_secret().into()
}

/// Where to send the browser. Query parameters that the endpoint has already are kept.
pub fn authorization_url(relation: &Relation, login: &LoginParameters<'_>) -> Url {
    let client = BasicClient::new(ClientId::new(relation.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(relation.authorization_endpoint.clone()))
        .set_redirect_uri(RedirectUrl::from_url(relation.redirect_uri.clone()));
    let scopes = relation.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
    let mut request = client
        .authorize_url(|| CsrfToken::new(login.state.to_owned()))
        .add_scope(Scope::new("openid".to_owned()))
        .add_scopes(scopes)
        .add_extra_param("nonce", login.nonce);
    if relation.pkce {
        let verifier = PkceCodeVerifier::new(login.code_verifier.expose_secret().to_owned());
        request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
    if let Some(hint) = login.login_hint {
        request = request.add_extra_param("login_hint", hint);
    }
    request.url().0
}
