//! What manifests of providers may say, as the rules of several fields ask for it, and the forms of rules that they share.

use kube::core::Rule;

use super::rule;

/// Nothing is fetched but keys and userinfo.
pub(super) const MANUAL: &str = "has(self.discovery) && has(self.discovery.mode) && self.discovery.mode == 'Manual'";

/// Applications may bring ID tokens.
pub(super) const JWT_BEARER: &str = "has(self.jwtBearer)";

/// The flow without a token endpoint.
pub(super) const ID_TOKEN: &str =
    "has(self.authorization) && has(self.authorization.responseType) && self.authorization.responseType == 'IdToken'";

/// What holds of providers by which people sign in. Of the others no field of the client may be read.
pub(super) fn of_client(holds: impl AsRef<str>, message: &str) -> Rule {
    rule(format!("!has(self.client) || ({})", holds.as_ref()), message)
}

/// Signatures are not checked.
pub(super) const UNCHECKED: &str =
    "has(self.tokens) && has(self.tokens.validateSignatures) && !self.tokens.validateSignatures";
/// Keys are in the manifest.
pub(super) const PUBLIC_KEYS: &str =
    "has(self.tokens) && has(self.tokens.publicKeys) && size(self.tokens.publicKeys) > 0";
/// An algorithm that is keyed by the client secret.
pub(super) const SOME_SYMMETRIC: &str = "has(self.tokens) && has(self.tokens.allowedAlgorithms) && self.tokens.allowedAlgorithms.exists(name, name.startsWith('HS'))";
/// No other algorithm than those that are keyed by the client secret.
pub(super) const SYMMETRIC: &str = "has(self.tokens) && has(self.tokens.allowedAlgorithms) && size(self.tokens.allowedAlgorithms) > 0 && self.tokens.allowedAlgorithms.all(name, name.startsWith('HS'))";

/// Whether the manifest names one of these sources.
pub(super) fn source_is(sources: &[&str]) -> String {
    let listed: Vec<_> = sources.iter().map(|source| format!("'{source}'")).collect();
    format!("has(self.claims) && has(self.claims.source) && self.claims.source in [{}]", listed.join(", "))
}

pub(super) fn by_hand(endpoint: &str) -> String {
    format!("!({MANUAL}) || (has(self.endpoints) && has(self.endpoints.{endpoint}))")
}

/// An endpoint that only people who sign in by browser need.
pub(super) fn endpoint_by_hand(endpoint: &str, unless: &str, message: &str) -> Rule {
    of_client(format!("{unless}{}", by_hand(endpoint)), message).field_path(format!(".endpoints.{endpoint}"))
}
