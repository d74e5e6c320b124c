//! What is written into a provider's status.

use url::Url;

use super::{Identity, Observed};
use crate::{
    api::{
        Conditions, Discovered, DiscoveryMode, IdentityProvider, IdentityProviderSpec, IdentityProviderStatus, Issuer,
        ResourceMeta, SigningKey,
    },
    domain::{metadata::Metadata, provider::LoginState},
};

/// The status of a provider, its conditions merged into those that it has.
pub fn status(
    idp: &IdentityProvider,
    identity: Option<&Identity<'_>>,
    observed: &Observed,
    login: &LoginState,
    conditions: &Conditions,
) -> IdentityProviderStatus {
    let generation = idp.generation_number();
    let metadata = observed.remote.metadata.good.as_ref().map(|(metadata, _)| &**metadata);
    let logout = &idp.spec.logout;
    let browser = identity.filter(|_| idp.spec.client.is_some());
    let backchannel = browser.filter(|_| logout.accepts_backchannel() && !is_keyless(&idp.spec, metadata));
    let frontchannel = browser.filter(|_| logout.accept_frontchannel);
    let previous = idp.status.as_ref().map_or(&[][..], |status| &status.conditions);
    IdentityProviderStatus {
        observed_generation: Some(generation),
        serving_generation: matches!(login, LoginState::Serving(_)).then_some(generation),
        key: Some(idp.key().to_owned()),
        organization_id: identity.map(|identity| identity.organization.id.to_string()),
        redirect_uri: browser.map(Identity::redirect_uri),
        post_logout_redirect_uri: browser.map(Identity::post_logout_redirect_uri),
        backchannel_logout_uri: backchannel.map(Identity::backchannel_logout_uri),
        frontchannel_logout_uri: frontchannel.map(Identity::frontchannel_logout_uri),
        initiate_login_uri: browser.map(Identity::initiate_login_uri),
        login_url: browser.map(Identity::login_url),
        issuer: metadata.map(|metadata| metadata.issuer.clone()).or_else(|| configured_issuer(idp)),
        discovered: metadata.map(summary),
        keys: known_keys(observed),
        mappers: Some(observed.local.mappers),
        last_handled_reconcile_at: observed.handled.clone(),
        conditions: conditions.merge(previous, generation, observed.now),
    }
}

/// Those that the provider publishes, and those of the manifest.
fn known_keys(observed: &Observed) -> Vec<SigningKey> {
    let published = observed.remote.keys.good.iter().flat_map(|(keys, _)| keys.iter().cloned());
    let pinned = observed.wish.iter().flat_map(|wish| &wish.public_keys).map(|key| key.summary().clone());
    published.chain(pinned).collect()
}

/// Whether logout tokens can never be checked: signatures aren't validated, and nothing says where keys would be.
fn is_keyless(spec: &IdentityProviderSpec, metadata: Option<&Metadata>) -> bool {
    let without = match spec.discovery.mode {
        DiscoveryMode::Auto => metadata.is_some_and(|metadata| metadata.jwks_uri.is_none()),
        DiscoveryMode::Manual => true,
    };
    let tokens = &spec.tokens;
    let written = spec.endpoints.jwks.is_some() || !tokens.public_keys.is_empty();
    !tokens.validates_signatures() && !tokens.is_symmetric() && !written && without
}

pub fn configured_issuer(idp: &IdentityProvider) -> Option<String> {
    match idp.spec.issuer()? {
        Issuer::Exactly(issuer) => Some(issuer),
        Issuer::NamedAt(_) => None,
    }
}

fn summary(metadata: &Metadata) -> Discovered {
    let endpoint = |url: &Option<Url>| url.as_ref().map(ToString::to_string);
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    Discovered {
        authorization_endpoint: endpoint(&metadata.authorization_endpoint),
        token_endpoint: endpoint(&metadata.token_endpoint),
        user_info_endpoint: endpoint(&metadata.userinfo_endpoint),
        jwks_endpoint: endpoint(&metadata.jwks_uri),
        pushed_authorization_endpoint: endpoint(&metadata.pushed_authorization_endpoint),
        end_session_endpoint: endpoint(&metadata.end_session_endpoint),
        response_types: list(&metadata.response_types),
        response_modes: list(&metadata.response_modes),
        auth_methods: list(&metadata.auth_methods),
        auth_signing_algorithms: list(&metadata.auth_signing_algorithms),
        signing_algorithms: list(&metadata.signing_algorithms),
        pkce_methods: list(&metadata.pkce_methods),
        iss_parameter_supported: metadata.iss_parameter_supported,
        backchannel_logout_supported: metadata.backchannel_logout_supported,
    }
}
