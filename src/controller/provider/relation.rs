//! Whether a provider's metadata can carry what the manifest asks, and the relation that follows from both.

use secrecy::SecretString;
use url::Url;

use super::{Identity, Wish};
use crate::{
    api::{AuthMethod, Fact, IdentityProvider, Pkce, Reason},
    domain::provider::{ClientAuth, Metadata, Relation, SigningAlgorithm},
};

/// The relation between a provider and us.
///
/// # Errors
/// `Discovered=False` with `Incompatible`, naming the field and both sides.
pub fn relation(
    idp: &IdentityProvider,
    identity: &Identity<'_>,
    wish: &Wish,
    metadata: &Metadata,
) -> Result<Relation, Fact> {
    if !metadata.response_types.is_empty() && !metadata.response_types.iter().any(|kind| kind == "code") {
        return Err(incompatible(
            "spec.authorization.responseType",
            "Code",
            "response_types_supported",
            &metadata.response_types,
        ));
    }
    let redirect_uri = Url::parse(&identity.redirect_uri()).map_err(|error| {
        Fact::fails(
            Reason::InvalidCombination,
            format!("spec.key: makes no URL ({error}): create this IdentityProvider anew with another key"),
        )
    })?;
    Ok(Relation {
        issuer: metadata.issuer.clone(),
        authorization_endpoint: metadata.authorization_endpoint.clone(),
        token_endpoint: metadata.token_endpoint.clone(),
        userinfo_endpoint: metadata.userinfo_endpoint.clone(),
        jwks_uri: metadata.jwks_uri.clone(),
        trust_roots: wish.metadata.roots.clone(),
        client_id: idp.spec.client.id.clone(),
        client_auth: client_auth(idp.spec.client.auth_method, wish.client_secret.as_ref(), metadata)?,
        redirect_uri,
        scopes: idp.spec.authorization.scopes.iter().filter(|scope| *scope != "openid").cloned().collect(),
        pkce: pkce(idp, metadata)?,
        algorithms: algorithms(metadata)?,
        iss_parameter: metadata.iss_parameter_supported,
    })
}

fn client_auth(method: AuthMethod, secret: Option<&SecretString>, metadata: &Metadata) -> Result<ClientAuth, Fact> {
    // Silence means client_secret_basic (OpenID Connect Discovery 1.0, section 3).
    let offers = |name: &str| {
        let offered = &metadata.auth_methods;
        (offered.is_empty() && name == "client_secret_basic") || offered.iter().any(|method| method == name)
    };
    let refused = |asked: &str| {
        Err(incompatible(
            "spec.client.authMethod",
            asked,
            "token_endpoint_auth_methods_supported",
            &metadata.auth_methods,
        ))
    };
    let Some(secret) = secret else { return Ok(ClientAuth::None) };
    match method {
        AuthMethod::Auto | AuthMethod::ClientSecretBasic if offers("client_secret_basic") => {
            Ok(ClientAuth::Basic(secret.clone()))
        }
        AuthMethod::Auto | AuthMethod::ClientSecretPost if offers("client_secret_post") => {
            Ok(ClientAuth::Post(secret.clone()))
        }
        AuthMethod::Auto => refused("Auto (client_secret_basic or client_secret_post)"),
        AuthMethod::ClientSecretBasic => refused("ClientSecretBasic"),
        AuthMethod::ClientSecretPost => refused("ClientSecretPost"),
        AuthMethod::None => Ok(ClientAuth::None),
    }
}

/// S256 also where the metadata is silent (RFC 9700, section 2.1.1).
fn pkce(idp: &IdentityProvider, metadata: &Metadata) -> Result<bool, Fact> {
    let announced = metadata.pkce_methods.as_deref();
    let s256 = announced.is_some_and(|methods| methods.iter().any(|method| method == "S256"));
    let needed = idp.spec.client.auth_method == AuthMethod::None;
    match idp.spec.authorization.pkce {
        Pkce::Disabled => Ok(false),
        Pkce::Required if !s256 => Err(incompatible(
            "spec.authorization.pkce",
            "Required (S256)",
            "code_challenge_methods_supported",
            announced.unwrap_or_default(),
        )),
        Pkce::Required => Ok(true),
        Pkce::Auto if announced.is_some() && !s256 && needed => Err(incompatible(
            "spec.client.authMethod",
            "None (with S256)",
            "code_challenge_methods_supported",
            announced.unwrap_or_default(),
        )),
        Pkce::Auto => Ok(announced.is_none() || s256),
    }
}

fn algorithms(metadata: &Metadata) -> Result<Vec<SigningAlgorithm>, Fact> {
    let announced = &metadata.signing_algorithms;
    let known: Vec<_> = announced.iter().filter_map(|name| SigningAlgorithm::from_name(name)).collect();
    if known.is_empty() {
        let message = format!(
            "the provider's id_token_signing_alg_values_supported says {}, but an ID token must be signed with one of {}: let the provider's administrator choose one of those for this client",
            names(announced),
            SigningAlgorithm::ALL.map(SigningAlgorithm::as_str).join(", ")
        );
        return Err(Fact::fails(Reason::Incompatible, message));
    }
    Ok(known)
}

fn incompatible(field: &str, asked: &str, member: &str, offered: &[String]) -> Fact {
    let offered = names(offered);
    let message =
        format!("{field}: {asked} is asked for, but the provider's {member} says {offered}: change one or the other");
    Fact::fails(Reason::Incompatible, message)
}

/// The provider's words, so only what such names are made of, and few of them.
fn names(offered: &[String]) -> String {
    match offered {
        [] => "nothing".to_owned(),
        some => some.iter().take(12).map(|name| printable(name)).collect::<Vec<_>>().join(", "),
    }
}

fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || " -_.:".contains(*c)).take(40).collect()
}
