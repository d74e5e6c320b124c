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
    /// 43 to 128 unreserved characters (RFC 7636, section 4.1); its challenge is sent if the relation says so.
    pub code_verifier: &'a SecretString,
    /// The user name or e-mail address, if it is known already.
    pub login_hint: Option<&'a str>,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        domain::provider::ClientAuth,
        oidc::testing::{relation, secret, url},
    };

    fn query(relation: &Relation, login_hint: Option<&str>) -> BTreeMap<String, String> {
        // The verifier and the challenge of RFC 7636, appendix B.
        let code_verifier = &secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let login = LoginParameters { state: "af0ifjsldkj", nonce: "n-0S6_WzA2Mj", code_verifier, login_hint };
        let url = authorization_url(relation, &login);
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let unique: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(unique.len(), pairs.len(), "no parameter twice: {url}");
        unique
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_authorization_url_holds_what_a_code_flow_needs() {
        let mut relation = relation(&url("https://server.example.com/"), ClientAuth::None);
        relation.authorization_endpoint = url("https://server.example.com/authorize?tenant=a%20b");
        let parameters = query(&relation, Some("jane+x@example.org"));
        for (name, value) in [
            ("tenant", "a b"),
            ("response_type", "code"),
            ("client_id", "s6BhdRkqt3"),
            ("redirect_uri", "https://login.example.org/o/acme/callback/azure"),
            ("scope", "openid profile email"),
            ("state", "af0ifjsldkj"),
            ("nonce", "n-0S6_WzA2Mj"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("login_hint", "jane+x@example.org"),
        ] {
            assert_eq!(parameters.get(name).cloned(), some(value), "{name}");
        }
        assert_eq!(parameters.len(), 10);
    }

    #[test]
    fn without_pkce_no_challenge_is_sent_and_openid_is_sent_once() {
        let mut relation = relation(&url("https://server.example.com/"), ClientAuth::None);
        relation.pkce = false;
        relation.scopes = vec!["openid".to_owned(), "groups".to_owned()];
        let parameters = query(&relation, None);
        assert_eq!(parameters.get("scope").cloned(), some("openid groups"));
        assert!(!parameters.keys().any(|name| name.starts_with("code_challenge") || name == "login_hint"));
    }
}
