//! The rules of where a provider is.

use kube::core::Rule;

use super::{
    ORIGIN, PATH, QUERY, matches, rule,
    said::{ID_TOKEN, MANUAL, PUBLIC_KEYS, SYMMETRIC, UNCHECKED, by_hand, endpoint_by_hand},
};

/// Something besides the type says where the provider is.
const LOCATED: &str = "has(self.issuer) || (has(self.discovery) && has(self.discovery.url))";

fn is_of_type(type_: &str) -> String {
    format!("(has(self.type) ? self.type : 'Generic') == '{type_}'")
}

/// An issuer (OpenID Connect Discovery 1.0, section 3).
pub fn issuer() -> Rule {
    let message = "write an http or https URL without user name, query and fragment, exactly as the provider announces it, such as https://login.example.com";
    matches(&format!("{ORIGIN}{PATH}$"), message)
}

/// What people find in a provider's documentation is often the other one.
pub fn no_configuration_url() -> Rule {
    let message =
        "is the configuration URL: write it into discovery.url, or leave out /.well-known/openid-configuration";
    rule("!self.endsWith('/.well-known/openid-configuration')", message)
}

/// Where a provider's metadata is.
pub fn configuration_url() -> Rule {
    let message = "write an http or https URL without user name and fragment, such as https://login.example.com/.well-known/openid-configuration";
    matches(&format!("{ORIGIN}{PATH}{QUERY}$"), message)
}

/// An endpoint of a provider.
pub fn endpoint() -> Rule {
    let message =
        "write an http or https URL without user name and fragment, such as https://login.example.com/oauth2/token";
    matches(&format!("{ORIGIN}{PATH}{QUERY}$"), message)
}

/// A host with, for Keycloak, a path.
pub fn domain() -> Rule {
    let message = "write the host, and for type Keycloak its base path if there is one, without https:// and without a slash at the end, such as contoso.okta.com or sso.example.com/auth";
    let host = ORIGIN.trim_start_matches("^https?://");
    matches(&format!(r"^{host}(/[^\p{{Z}}\p{{Cc}}\p{{Cf}}/?#@\\]+)*$"), message)
}

/// The realm has a field of its own, which the issuer is made of, too.
pub fn domain_without_realm() -> Rule {
    let message =
        "holds the realm, which is a field of its own: write what stands before /realms/ here, and the rest into realm";
    rule("!self.contains('/realms/')", message)
}

/// Administrators have the other address before them.
pub fn domain_of_people_at_okta() -> Rule {
    let message = "is the address of the admin console: write the one where people sign in, without -admin, such as contoso.okta.com";
    rule("!self.matches('(?i)-admin\\\\.okta(preview|-emea)?\\\\.com$')", message)
}

/// The ID of an authorization server at Okta.
pub fn authorization_server_id() -> Rule {
    matches("^[A-Za-z0-9._~-]*$", "write the ID as Okta shows it under Security > API, such as default")
}

/// A tenant at Microsoft Entra ID.
pub fn tenant_id() -> Rule {
    let message = "write the tenant's GUID, which Entra shows as Directory (tenant) ID, or one of its domains";
    matches("^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", message)
}

/// Strangers could sign in, and the issuer in their tokens would be that of any tenant.
pub fn one_tenant() -> Rule {
    let message = "is not one tenant, so that people of every company, or with any personal account, could sign in: write the GUID of your tenant, which Entra shows as Directory (tenant) ID";
    rule("!self.matches('^(?i)(common|organizations|consumers)$')", message)
}

/// A realm at Keycloak, as it stands in the issuer.
pub fn realm() -> Rule {
    let message = "write the realm's name as it stands in the issuer after /realms/, such as acme; if it has other characters than letters, digits, dots, dashes, underscores and tildes, write issuer instead of domain and realm";
    matches("^[A-Za-z0-9._~-]+$", message)
}

/// A provider has to be found somehow.
pub fn issuer_or_configuration_url() -> Rule {
    let message = "type Generic needs issuer or discovery.url: write the issuer as the provider's documentation gives it, such as issuer: https://login.example.com";
    rule(format!("!({}) || {MANUAL} || {LOCATED}", is_of_type("Generic")), message).field_path(".issuer")
}

/// Manual needs the issuer itself, and says so.
fn needed(type_: &str, field: &str, message: &str) -> Rule {
    rule(format!("!({}) || {MANUAL} || has(self.{field}) || {LOCATED}", is_of_type(type_)), message)
        .field_path(format!(".{field}"))
}

/// What Okta's issuer is made of.
pub fn okta_domain() -> Rule {
    needed("Okta", "domain", "type Okta needs domain: write your Okta domain, such as domain: contoso.okta.com")
}

/// What Auth0's issuer is made of.
pub fn auth0_domain() -> Rule {
    let message = "type Auth0 needs domain: write the domain of your tenant, or your custom domain, such as domain: contoso.eu.auth0.com";
    needed("Auth0", "domain", message)
}

/// What Entra's issuer is made of.
pub fn entra_tenant() -> Rule {
    let message = "type Entra needs tenantID: write the tenant's GUID, which Entra shows as Directory (tenant) ID, or one of its domains";
    needed("Entra", "tenantID", message)
}

/// What Keycloak's issuer is made of.
pub fn keycloak_domain() -> Rule {
    let message = "type Keycloak needs domain: write its host, with the base path if there is one, such as domain: sso.example.com";
    needed("Keycloak", "domain", message)
}

/// What Keycloak's issuer is made of.
pub fn keycloak_realm() -> Rule {
    needed("Keycloak", "realm", "type Keycloak needs realm: write the realm's name, such as realm: acme")
}

fn only_of(types: &[&str], field: &str, message: &str) -> Rule {
    let types: Vec<_> = types.iter().map(|type_| is_of_type(type_)).collect();
    rule(format!("!has(self.{field}) || {}", types.join(" || ")), message).field_path(format!(".{field}"))
}

/// Other types have another place, or a fixed one.
pub fn domain_of_whom() -> Rule {
    let message =
        "is for types Okta, Auth0 and Keycloak: remove it, or write the type; for other providers write issuer";
    only_of(&["Okta", "Auth0", "Keycloak"], "domain", message)
}

/// The others' issuers have no base path. A scheme and a slash at the end are the other rule's.
pub fn base_path_of_keycloak() -> Rule {
    let message = "only type Keycloak has a base path: write the host alone, such as contoso.okta.com, or write issuer for an issuer with another path";
    let (okta, auth0) = (is_of_type("Okta"), is_of_type("Auth0"));
    rule(format!("!({okta} || {auth0}) || !has(self.domain) || !self.domain.matches('^[^/]+/[^/]')"), message)
        .field_path(".domain")
}

/// Only Okta has several authorization servers.
pub fn authorization_server_of_okta() -> Rule {
    only_of(&["Okta"], "authorizationServerID", "is for type Okta: remove it, or write type: Okta")
}

/// Only Entra has tenants by that name.
pub fn tenant_of_entra() -> Rule {
    only_of(&["Entra"], "tenantID", "is for type Entra: remove it, or write type: Entra")
}

/// Only Keycloak has realms.
pub fn realm_of_keycloak() -> Rule {
    only_of(&["Keycloak"], "realm", "is for type Keycloak: remove it, or write type: Keycloak")
}

/// Tokens are checked against it, and nothing is fetched that would say it.
pub fn manual_issuer() -> Rule {
    let message =
        "discovery.mode Manual needs issuer: write it exactly as it stands in iss of the provider's ID tokens";
    rule(format!("!({MANUAL}) || has(self.issuer)"), message).field_path(".issuer")
}

/// Nothing is fetched from there.
pub fn manual_without_url() -> Rule {
    let message = "discovery.mode Manual fetches no metadata: remove discovery.url, or write mode: Auto";
    rule(format!("!({MANUAL}) || !has(self.discovery.url)"), message).field_path(".discovery.url")
}

/// The browser has to be sent somewhere.
pub fn manual_authorization_endpoint() -> Rule {
    let message = "discovery.mode Manual needs endpoints.authorization: write the authorization URL of the provider's documentation";
    endpoint_by_hand("authorization", "", message)
}

/// Only a code has to be exchanged.
pub fn manual_token_endpoint() -> Rule {
    let message = "discovery.mode Manual needs endpoints.token, where codes are exchanged: write the token URL of the provider's documentation";
    endpoint_by_hand("token", &format!("({ID_TOKEN}) || "), message)
}

/// Signatures are checked by the keys there.
pub fn manual_jwks() -> Rule {
    let message = "discovery.mode Manual needs endpoints.jwks, where the provider's signing keys are: write the JWKS URL of the provider's documentation, or the keys themselves into tokens.publicKeys";
    let others = format!("({PUBLIC_KEYS}) || ({UNCHECKED}) || ({SYMMETRIC})");
    rule(format!("{others} || {}", by_hand("jwks")), message).field_path(".endpoints.jwks")
}

/// What must be pushed has to be pushed somewhere, and no metadata says where.
pub fn manual_pushed_authorization_endpoint() -> Rule {
    let message = "discovery.mode Manual needs endpoints.pushedAuthorization where authorization.pushedAuthorizationRequests is Required: write the URL of the provider's documentation, or remove pushedAuthorizationRequests";
    let required = "has(self.authorization) && has(self.authorization.pushedAuthorizationRequests) && self.authorization.pushedAuthorizationRequests == 'Required'";
    endpoint_by_hand("pushedAuthorization", &format!("!({required}) || "), message)
}
