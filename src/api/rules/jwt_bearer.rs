//! The rules of the ID tokens that applications bring, and of providers by which nobody signs in by browser.

use kube::core::Rule;

use super::{
    DURATION, rule,
    said::{JWT_BEARER, SOME_SYMMETRIC, SYMMETRIC, UNCHECKED, source_is},
};

/// One that does neither would be served in vain.
pub fn client_or_jwt_bearer() -> Rule {
    let message = "write client (people sign in by browser), jwtBearer: {} (applications bring ID tokens), or both";
    rule(format!("has(self.client) || {JWT_BEARER}"), message).field_path(".client")
}

/// A field, or one within a field, that is about people who sign in by browser.
pub fn only_with_client(field: &str) -> Rule {
    let outer = field.split_once('.').map(|(outer, _)| format!("has(self.{outer}) && "));
    let written = format!("{}has(self.{field})", outer.unwrap_or_default());
    let message =
        "is for people who sign in by browser, and nobody does so here without client: write client, or remove it";
    rule(format!("has(self.client) || !{JWT_BEARER} || !({written})"), message).field_path(format!(".{field}"))
}

/// How old an ID token may be. What was used is remembered a little longer than that.
pub fn assertion_age() -> Rule {
    let bounds = "duration(self) >= duration('1s') && duration(self) <= duration('1h')";
    rule(format!("!self.matches('{DURATION}') || ({bounds})"), "write at least 1s and at most 1h, such as 5m")
}

/// No TLS of the provider vouches for what an application brings.
pub fn signatures_of_bearer_tokens() -> Rule {
    let message = "false is for tokens that come straight from the provider, and with jwtBearer applications bring them: remove it, or remove jwtBearer";
    rule(format!("!{JWT_BEARER} || !({UNCHECKED})"), message).field_path(".tokens.validateSignatures")
}

/// What applications bring was issued to their clients, and is not keyed by the secret of ours.
pub fn algorithms_of_bearer_tokens() -> Rule {
    let message = "ID tokens that applications bring with jwtBearer are checked by the provider's public keys, never by a client secret as HS256, HS384 and HS512 are: add an algorithm such as RS256, or remove them";
    rule(format!("!{JWT_BEARER} || !({SYMMETRIC})"), message).field_path(".tokens.allowedAlgorithms")
}

/// Beside algorithms that count, those that never could.
pub fn symmetric_algorithms_of_client() -> Rule {
    let message = "HS256, HS384 and HS512 have the client secret as their key, and there is no client: remove them, or write client with secretRef";
    rule(format!("has(self.client) || !{JWT_BEARER} || !({SOME_SYMMETRIC}) || ({SYMMETRIC})"), message)
        .field_path(".tokens.allowedAlgorithms")
}

/// What an application brings is an ID token, and nothing to ask for more with.
pub fn source_of_bearer_tokens() -> Rule {
    let message = "with jwtBearer applications bring an ID token alone, with which neither UserInfo nor AccessToken can be had: write Default or IdToken, or remove jwtBearer";
    rule(format!("!{JWT_BEARER} || !({})", source_is(&["UserInfo", "AccessToken"])), message)
        .field_path(".claims.source")
}
