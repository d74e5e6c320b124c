//! Whether a provider can carry what the manifest asks, and the ways in that follow from both. Pure.

use std::{sync::Arc, time::Duration};

use url::Url;

use super::{
    Identity, Wish,
    client_auth::credentials,
    endpoints::insecure,
    logout::logout_rules,
    offers::{Offers, has, incompatible},
    tokens::token_rules,
    wish::Client,
};
use crate::{
    api::{
        self, AuthMethod, AuthorizationSpec, Fact, IdentityProvider, JwtBearerSpec, Prompt, Reason, ResponseMode,
        ResponseType, Usage,
    },
    domain::{
        metadata::Metadata,
        provider::Served,
        relation::{AnswerMode, Authority, Bearer, ClaimsSource, Flow, Pushing, Relation, RequestOptions},
    },
};

/// An ID token that an application brings was issued as long ago as this at most, where the manifest is silent.
const DEFAULT_TOKEN_AGE: Duration = Duration::from_secs(5 * 60);

/// The ways in that a provider has. Without metadata, all that the provider offers is in the manifest.
///
/// # Errors
/// `Discovered=False`: with `Incompatible`, naming the field and both sides; or with the reason for which an endpoint
/// cannot be used.
pub fn served(
    idp: &IdentityProvider,
    identity: &Identity<'_>,
    wish: &Wish,
    metadata: Option<&Metadata>,
    allow_http: bool,
) -> Result<Served, Fact> {
    secure(idp, wish, allow_http)?;
    let authority = Arc::new(authority(idp, wish, metadata)?);
    let bearer = idp.spec.jwt_bearer.as_ref().map(|asked| Arc::new(bearer(asked, &authority)));
    let relation = |client| relation(idp, identity, (wish, client), metadata, (authority, allow_http));
    Ok(Served { browser: wish.client.as_ref().map(relation).transpose()?.map(Arc::new), bearer })
}

/// Whose word counts.
fn authority(idp: &IdentityProvider, wish: &Wish, metadata: Option<&Metadata>) -> Result<Authority, Fact> {
    let spec = &idp.spec;
    let issuer = metadata.map(|metadata| metadata.issuer.clone()).or_else(|| spec.issuer.clone());
    let discovered = metadata.and_then(|metadata| metadata.jwks_uri.clone());
    let jwks = wish.pinned.jwks.clone().or(discovered);
    if jwks.is_none() && spec.tokens.needs_published_keys() {
        return Err(missing("jwks_uri", "spec.endpoints.jwks"));
    }
    let secrets = wish.client.iter().flat_map(Client::secrets);
    Ok(Authority {
        issuer: issuer.ok_or_else(|| missing("issuer", "spec.issuer"))?,
        trust_roots: wish.question.roots.clone(),
        tokens: token_rules(&spec.tokens, &wish.public_keys, secrets, jwks, &Offers(metadata))?,
    })
}

/// Whose ID tokens applications may bring. They are for other clients, whose secrets are not known here, so that none of
/// them can be signed with a secret.
fn bearer(asked: &JwtBearerSpec, authority: &Authority) -> Bearer {
    let mut authority = authority.clone();
    authority.tokens.algorithms.retain(|algorithm| !algorithm.is_symmetric());
    authority.tokens.secrets.clear();
    let max_token_age = asked.max_token_age.map_or(DEFAULT_TOKEN_AGE, api::Duration::get);
    Bearer { authority: Arc::new(authority), max_token_age }
}

/// The relation between a provider and us.
fn relation(
    idp: &IdentityProvider,
    identity: &Identity<'_>,
    (wish, client): (&Wish, &Client),
    metadata: Option<&Metadata>,
    (authority, allow_http): (Arc<Authority>, bool),
) -> Result<Relation, Fact> {
    let spec = &idp.spec;
    let redirect_uri = Url::parse(&identity.redirect_uri()).map_err(|error| {
        let message = format!("spec.key: makes no URL ({error}): create this IdentityProvider anew with another key");
        Fact::fails(Reason::InvalidCombination, message)
    })?;
    let discovered = |endpoint: fn(&Metadata) -> &Option<Url>| metadata.and_then(|metadata| endpoint(metadata).clone());
    let pinned = &wish.pinned;
    let authorization =
        pinned.authorization.clone().or_else(|| discovered(|metadata| &metadata.authorization_endpoint));
    let userinfo = pinned.user_info.clone().or_else(|| discovered(|metadata| &metadata.userinfo_endpoint));
    let (credentials, previous) = credentials(spec, client, &Offers(metadata))?;
    Ok(Relation {
        authority,
        authorization_endpoint: authorization
            .ok_or_else(|| missing("authorization_endpoint", "spec.endpoints.authorization"))?,
        pushing: pushing(&spec.authorization, (wish, client), metadata)?,
        client_id: client.id.clone(),
        credentials,
        previous: client.rotation(idp).map(|rotation| (rotation, previous)),
        redirect_uri,
        flow: flow(idp, (wish, client), metadata)?,
        request: request(&spec.authorization),
        claims_source: claims_source(spec.claims.source, userinfo)?,
        iss_parameter: metadata.is_some_and(|metadata| metadata.iss_parameter_supported),
        logout: logout_rules(&spec.logout, identity, wish.end_session.clone(), metadata, allow_http)?,
    })
}

/// What the manifest names itself is held to https as what metadata names.
fn secure(idp: &IdentityProvider, wish: &Wish, allow_http: bool) -> Result<(), Fact> {
    let by_hand = wish.question.metadata.is_none();
    let issuer = idp.spec.issuer.as_deref().filter(|issuer| by_hand && issuer.starts_with("http:"));
    let endpoint = wish.pinned.all().find(|(_, url)| url.scheme() == "http").map(|(field, _)| field);
    match issuer.map(|_| "spec.issuer").or(endpoint).filter(|_| !allow_http) {
        Some(field) => Err(insecure(field)),
        None => Ok(()),
    }
}

/// Metadata that lacks it was refused when it was fetched, and the schema demands it where there is none.
fn missing(member: &str, field: &str) -> Fact {
    let message = format!("{field}: the provider's metadata has no {member}: write it here");
    Fact::fails(Reason::InvalidDocument, message)
}

fn flow(idp: &IdentityProvider, (wish, client): (&Wish, &Client), metadata: Option<&Metadata>) -> Result<Flow, Fact> {
    let asked = &idp.spec.authorization;
    let offers = Offers(metadata);
    let (kind, name) = match asked.response_type {
        ResponseType::Code => ("Code", "code"),
        ResponseType::IdToken => ("IdToken", "id_token"),
    };
    if !offers.response_type(name) {
        let types = metadata.and_then(|metadata| metadata.response_types.as_deref()).unwrap_or_default();
        let asked = format!("{kind} ({name})");
        return Err(incompatible("spec.authorization.responseType", &asked, "response_types_supported", types));
    }
    let response_mode = response_mode(asked, &offers)?;
    if asked.response_type == ResponseType::IdToken {
        return Ok(Flow::IdToken);
    }
    let discovered = metadata.and_then(|metadata| metadata.token_endpoint.clone());
    let token_endpoint = wish.pinned.token.clone().or(discovered);
    Ok(Flow::Code {
        token_endpoint: token_endpoint.ok_or_else(|| missing("token_endpoint", "spec.endpoints.token"))?,
        pkce: pkce(idp.spec.authorization.pkce, client, &offers)?,
        response_mode,
    })
}

/// The mode to ask for; None: none.
fn response_mode(asked: &AuthorizationSpec, offers: &Offers<'_>) -> Result<Option<AnswerMode>, Fact> {
    const FIELD: &str = "spec.authorization.responseMode";
    let announced = offers.response_modes();
    let possible = |mode: AnswerMode| announced.is_none_or(|modes| modes.is_empty() || has(modes, mode.as_str()));
    let refused = |asked| Err(incompatible(FIELD, asked, "response_modes_supported", announced.unwrap_or_default()));
    match (asked.response_type, asked.response_mode) {
        (ResponseType::IdToken, _) if possible(AnswerMode::FormPost) => Ok(Some(AnswerMode::FormPost)),
        (ResponseType::IdToken, _) => refused("FormPost (form_post), by which an ID token comes,"),
        (_, ResponseMode::Query) if possible(AnswerMode::Query) => Ok(Some(AnswerMode::Query)),
        (_, ResponseMode::Query) => refused("Query (query)"),
        (_, ResponseMode::FormPost) if possible(AnswerMode::FormPost) => Ok(Some(AnswerMode::FormPost)),
        (_, ResponseMode::FormPost) => refused("FormPost (form_post)"),
        (_, ResponseMode::Auto) if possible(AnswerMode::Query) => Ok(None),
        (_, ResponseMode::Auto) if possible(AnswerMode::FormPost) => Ok(Some(AnswerMode::FormPost)),
        (_, ResponseMode::Auto) => refused("Auto (query or form_post)"),
    }
}

/// S256 also where the metadata is silent (RFC 9700, section 2.1.1).
fn pkce(asked: Usage, client: &Client, offers: &Offers<'_>) -> Result<bool, Fact> {
    const MEMBER: &str = "code_challenge_methods_supported";
    let announced = offers.pkce_methods();
    let s256 = announced.is_some_and(|methods| has(methods, "S256"));
    let by_hand = offers.0.is_none();
    let refused = |field, asked| Err(incompatible(field, asked, MEMBER, announced.unwrap_or_default()));
    match asked {
        Usage::Disabled => Ok(false),
        Usage::Required if s256 || by_hand => Ok(true),
        Usage::Required => refused("spec.authorization.pkce", "Required (S256)"),
        Usage::Auto if announced.is_none() || s256 => Ok(true),
        Usage::Auto if client.auth_method == AuthMethod::None => refused("spec.client.authMethod", "None (with S256)"),
        Usage::Auto => Ok(false),
    }
}

/// Where authorization requests are pushed, if they are.
fn pushing(
    asked: &AuthorizationSpec,
    (wish, client): (&Wish, &Client),
    metadata: Option<&Metadata>,
) -> Result<Option<Pushing>, Fact> {
    const FIELD: &str = "spec.authorization.pushedAuthorizationRequests";
    let discovered = metadata.and_then(|metadata| metadata.pushed_authorization_endpoint.clone());
    let endpoint = wish.pinned.pushed_authorization.clone().or(discovered);
    let demanded = metadata.is_some_and(|metadata| metadata.pushed_authorization_required);
    // Who needs to show nothing for the flow cannot be taken to have something to show here.
    let shows_nothing = asked.response_type == ResponseType::IdToken && client.shows_nothing();
    let to = |endpoint: Option<Url>, demanded| Ok(endpoint.map(|endpoint| Pushing { endpoint, demanded }));
    let refused = |message: &str| Err(Fact::fails(Reason::Incompatible, format!("{FIELD}: {message}")));
    match asked.pushed_authorization_requests {
        Usage::Auto if shows_nothing && !demanded => Ok(None),
        Usage::Auto if demanded && endpoint.is_none() => refused(
            "the provider's require_pushed_authorization_requests says true, but its metadata has no pushed_authorization_request_endpoint: write it into spec.endpoints.pushedAuthorization",
        ),
        Usage::Auto => to(endpoint, demanded),
        Usage::Required if endpoint.is_none() => refused(
            "Required is asked for, but the provider's metadata has no pushed_authorization_request_endpoint: write it into spec.endpoints.pushedAuthorization if there is one, or write Auto",
        ),
        Usage::Required => to(endpoint, true),
        Usage::Disabled if demanded => refused(
            "Disabled is asked for, but the provider's require_pushed_authorization_requests says true: change one or the other",
        ),
        Usage::Disabled => Ok(None),
    }
}

/// What the manifest asks for, in the words of the request.
fn request(asked: &AuthorizationSpec) -> RequestOptions {
    let mut scopes: Vec<String> = Vec::new();
    for scope in asked.scopes.iter().flat_map(|some| some.split([',', ' '])) {
        if !scope.is_empty() && scope != "openid" && !has(&scopes, scope) {
            scopes.push(scope.to_owned());
        }
    }
    let prompt = |prompt: &Prompt| match prompt {
        Prompt::None => "none",
        Prompt::Login => "login",
        Prompt::Consent => "consent",
        Prompt::SelectAccount => "select_account",
    };
    RequestOptions {
        scopes,
        prompt: asked.prompt.iter().map(prompt).collect(),
        max_age: asked.max_age.map(|age| age.get().as_secs()),
        acr_values: asked.acr_values.clone(),
        ui_locales: asked.ui_locales.clone(),
        extra: asked.extra_parameters.iter().map(|extra| (extra.name.clone(), extra.value.clone())).collect(),
        login_hint: asked.send_login_hint.unwrap_or(true),
    }
}

fn claims_source(asked: api::ClaimsSource, userinfo: Option<Url>) -> Result<ClaimsSource, Fact> {
    Ok(match asked {
        api::ClaimsSource::Default => ClaimsSource::Default { userinfo },
        api::ClaimsSource::IdToken => ClaimsSource::IdToken,
        api::ClaimsSource::UserInfo => ClaimsSource::UserInfo {
            endpoint: userinfo.ok_or_else(|| missing("userinfo_endpoint", "spec.endpoints.userInfo"))?,
        },
        api::ClaimsSource::AccessToken => ClaimsSource::AccessToken,
    })
}
