//! How the client authenticates: what the manifest asks for and has, within what the provider announces. Pure.

use secrecy::SecretString;

use super::{
    offers::{Offers, incompatible},
    wish::Client,
};
use crate::{
    api::{AuthMethod, Fact, IdentityProviderSpec, ProviderType},
    domain::{
        client_key::{choose, choose_hmac},
        relation::{Audience, Credential},
    },
};

const FIELD: &str = "spec.client.authMethod";

/// What is shown to the provider, in the order in which it is tried: by the secret or the key, and then by the
/// previous secret.
///
/// # Errors
/// `Discovered=False` with `Incompatible`, naming the field and both sides.
pub fn credentials(
    spec: &IdentityProviderSpec,
    client: &Client,
    offers: &Offers<'_>,
) -> Result<(Vec<Credential>, Vec<Credential>), Fact> {
    let method = method(client.auth_method, client, offers)?;
    let by_secret = |credential: fn(SecretString) -> Credential| {
        let by = |secret: &Option<SecretString>| secret.iter().cloned().map(credential).collect();
        Ok((by(&client.secret), by(&client.previous_secret)))
    };
    match method {
        AuthMethod::ClientSecretBasic => by_secret(Credential::Basic),
        AuthMethod::ClientSecretPost => by_secret(Credential::Post),
        AuthMethod::ClientSecretJwt => by_secret_jwt(spec.type_, client, offers),
        AuthMethod::PrivateKeyJwt => Ok((by_private_key_jwt(spec.type_, client, offers)?, Vec::new())),
        AuthMethod::Auto | AuthMethod::None => Ok((vec![Credential::None], Vec::new())),
    }
}

/// The method that is meant: never `Auto` where there is a secret.
fn method(asked: AuthMethod, client: &Client, offers: &Offers<'_>) -> Result<AuthMethod, Fact> {
    const BY_SECRET: [AuthMethod; 3] =
        [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::ClientSecretJwt];
    let is_offered = |method: AuthMethod| name(method).is_none_or(|name| offers.auth_method(name));
    let refused = |asked: &str| {
        const MEMBER: &str = "token_endpoint_auth_methods_supported";
        match offers.auth_methods() {
            Some(methods @ [_, ..]) => Err(incompatible(FIELD, asked, MEMBER, methods)),
            _ => {
                Err(incompatible(FIELD, asked, &format!("silence about {MEMBER}"), &["client_secret_basic".to_owned()]))
            }
        }
    };
    match asked {
        AuthMethod::Auto if client.secret.is_none() => Ok(AuthMethod::None),
        AuthMethod::Auto => match BY_SECRET.into_iter().find(|method| is_offered(*method)) {
            Some(method) => Ok(method),
            None => refused("Auto (client_secret_basic, client_secret_post or client_secret_jwt)"),
        },
        asked if is_offered(asked) => Ok(asked),
        asked => refused(&format!("{asked:?} ({})", name(asked).unwrap_or_default())),
    }
}

/// What metadata calls a method. Public clients are often supported without being announced.
fn name(method: AuthMethod) -> Option<&'static str> {
    match method {
        AuthMethod::ClientSecretBasic => Some("client_secret_basic"),
        AuthMethod::ClientSecretPost => Some("client_secret_post"),
        AuthMethod::ClientSecretJwt => Some("client_secret_jwt"),
        AuthMethod::PrivateKeyJwt => Some("private_key_jwt"),
        AuthMethod::Auto | AuthMethod::None => None,
    }
}

fn by_secret_jwt(
    type_: ProviderType,
    client: &Client,
    offers: &Offers<'_>,
) -> Result<(Vec<Credential>, Vec<Credential>), Fact> {
    let algorithm = choose_hmac(offers.auth_signing_algorithms())
        .ok_or_else(|| unsigned("ClientSecretJwt, which signs with HS256, HS384 or HS512,", FIELD, offers))?;
    let by = |secret: &Option<SecretString>| {
        let with = |(secret, audience): (&SecretString, &Audience)| {
            Credential::SecretJwt(secret.clone(), algorithm, *audience)
        };
        secret.iter().flat_map(|secret| audiences(type_).iter().map(move |audience| with((secret, audience)))).collect()
    };
    Ok((by(&client.secret), by(&client.previous_secret)))
}

fn by_private_key_jwt(type_: ProviderType, client: &Client, offers: &Offers<'_>) -> Result<Vec<Credential>, Fact> {
    // The schema demands a key.
    let Some(key) = &client.key else { return Ok(vec![Credential::None]) };
    let algorithm = choose(key, offers.auth_signing_algorithms()).ok_or_else(|| {
        let able: Vec<_> = key.algorithms().iter().map(|algorithm| algorithm.as_str()).collect();
        let able = format!("PrivateKeyJwt with a key that signs with {}", able.join(", "));
        unsigned(&able, "spec.client.privateKeyRef", offers)
    })?;
    let credential = |audience| Credential::PrivateKeyJwt(key.clone(), algorithm, audience);
    Ok(audiences(type_).iter().copied().map(credential).collect())
}

fn unsigned(able: &str, field: &str, offers: &Offers<'_>) -> Fact {
    let member = "token_endpoint_auth_signing_alg_values_supported";
    incompatible(field, able, member, offers.auth_signing_algorithms().unwrap_or_default())
}

/// Whom assertions are for, in the order in which it is tried. Okta and Entra want the URL of the endpoint. Others
/// should take their issuer, the only audience that no other provider can pose as; many that are older take but the
/// endpoint's URL (OpenID Connect Core 1.0, section 9), and it is the endpoint itself that gets to see that one.
fn audiences(type_: ProviderType) -> &'static [Audience] {
    match type_ {
        ProviderType::Okta | ProviderType::Entra => &[Audience::Endpoint],
        _ => &[Audience::Issuer, Audience::Endpoint],
    }
}
