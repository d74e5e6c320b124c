//! The rules of tokens and of where claims come from.

use kube::core::Rule;

use super::{
    DURATION, rule,
    said::{ID_TOKEN, JWT_BEARER, SOME_SYMMETRIC, UNCHECKED, endpoint_by_hand, of_client, source_is},
};

/// Longer than that, and tokens would live on that have long been over.
pub fn clock_skew() -> Rule {
    rule(
        format!("!self.matches('{DURATION}') || duration(self) <= duration('10m')"),
        "write at most 10m, and set the clocks right if they differ by more",
    )
}

/// Whoever can read the manifest could sign tokens. What rules of its items refuse is repeated in the answer, so these are
/// rules of the list.
pub fn no_private_key() -> Rule {
    rule(
        "self.all(key, !key.contains('PRIVATE KEY'))",
        "holds a private key, which must not leave the provider: make a new one there, and write its public key",
    )
}

/// The form that only RSA has, and that few programs write. A private key beside it is the other rule's to refuse.
pub fn no_pkcs1() -> Rule {
    rule(
        "self.all(key, key.contains('PRIVATE KEY') || !key.contains('-----BEGIN RSA PUBLIC KEY-----'))",
        "holds a key in the form of PKCS#1: convert it with openssl rsa -RSAPublicKey_in -in key.pem -pubout, and write what begins with -----BEGIN PUBLIC KEY-----",
    )
}

/// What cannot be a public key at first sight. What has a rule of its own is left to it.
pub fn pem() -> Rule {
    let begin = r"-----BEGIN (PUBLIC KEY|CERTIFICATE)-----[ \t]*\r?\n";
    let end = "-----END (PUBLIC KEY|CERTIFICATE)-----";
    let message = "holds something else than a public key in PEM: write it from -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE----- to its END line, with line breaks as they are, as a YAML block that begins with |";
    let others = "key.contains('PRIVATE KEY') || key.contains('-----BEGIN RSA PUBLIC KEY-----')";
    rule(format!("self.all(key, {others} || (key.matches(r'{begin}') && key.matches('{end}')))"), message)
}

/// TLS vouches only for what comes from the token endpoint (OpenID Connect Core 1.0, section 3.1.3.7, point 6). Where
/// applications bring tokens, the rule of these says more.
pub fn unchecked_only_with_code() -> Rule {
    let message = "false is for authorization.responseType Code alone, whose tokens come straight from the provider: remove it, or write responseType: Code";
    rule(format!("{JWT_BEARER} || !({UNCHECKED}) || !({ID_TOKEN})"), message).field_path(".tokens.validateSignatures")
}

/// The key of the symmetric algorithms. Without a client the rules of what applications bring say more.
pub fn secret_of_algorithm() -> Rule {
    let message = "HS256, HS384 and HS512 need the client secret as their key: write client.secretRef, and another client.authMethod than None, or remove them";
    of_client(format!("!({SOME_SYMMETRIC}) || has(self.client.secretRef)"), message)
        .field_path(".tokens.allowedAlgorithms")
}

/// Only the token endpoint gives an access token. Where applications bring tokens, the rule of these says more.
pub fn source_of_code() -> Rule {
    let message = "UserInfo and AccessToken need the access token that only authorization.responseType Code brings: write responseType: Code, or source: IdToken";
    let source = source_is(&["UserInfo", "AccessToken"]);
    rule(format!("{JWT_BEARER} || !({source}) || !({ID_TOKEN})"), message).field_path(".claims.source")
}

/// Userinfo has to be asked somewhere. Where applications bring tokens, it cannot be.
pub fn manual_userinfo_endpoint() -> Rule {
    let message = "discovery.mode Manual needs endpoints.userInfo where claims.source is UserInfo: write the userinfo URL of the provider's documentation";
    endpoint_by_hand("userInfo", &format!("{JWT_BEARER} || !({}) || ", source_is(&["UserInfo"])), message)
}
