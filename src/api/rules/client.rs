//! The rules of the client and of how it authenticates.

use kube::core::Rule;

use super::{
    matches,
    said::{ID_TOKEN, SOME_SYMMETRIC, of_client},
};

/// Whether the manifest names one of these methods.
fn method(methods: &[&str]) -> String {
    let listed: Vec<_> = methods.iter().map(|method| format!("'{method}'")).collect();
    format!("has(self.client.authMethod) && self.client.authMethod in [{}]", listed.join(", "))
}

const BY_SECRET: [&str; 3] = ["ClientSecretBasic", "ClientSecretPost", "ClientSecretJwt"];
const WITHOUT_SECRET: [&str; 2] = ["PrivateKeyJwt", "None"];

/// A client ID (RFC 6749, appendix A.1), without the spaces around it that come along when it is copied.
pub fn client_id() -> Rule {
    let message = "write the client ID as the provider shows it, in letters, digits and punctuation, without spaces around it, such as latchkey";
    matches("^([!-~]([ -~]*[!-~])?)?$", message)
}

/// Two client IDs would leave open which one counts.
pub fn one_client_id() -> Rule {
    let message = "write exactly one of client.id and client.idRef: the client ID itself, or the Secret that holds it";
    of_client("has(self.client.id) != has(self.client.idRef)", message).field_path(".client.id")
}

/// A code is exchanged by a client that shows who it is. Where there is something in another place that it may have
/// meant to show, the rules of that place say what to do.
pub fn secret_required() -> Rule {
    let message = "is required unless client.authMethod is PrivateKeyJwt or None, or authorization.responseType is IdToken: name the Secret that holds the client secret, or write authMethod: None for a public client";
    let named = method(&[&BY_SECRET[..], &WITHOUT_SECRET].concat());
    let misplaced = "has(self.client.previousSecretRef) || has(self.client.privateKeyRef)";
    of_client(format!("{named} || has(self.client.secretRef) || {ID_TOKEN} || {misplaced}"), message)
        .field_path(".client.secretRef")
}

/// A method that is named has what it needs, whatever the flow.
pub fn secret_of_method() -> Rule {
    let message = "is required by client.authMethod: name the Secret that holds the client secret, or write authMethod: None for a public client";
    of_client(format!("!({}) || has(self.client.secretRef)", method(&BY_SECRET)), message)
        .field_path(".client.secretRef")
}

/// A secret that nothing would send, and that is no key either.
pub fn no_secret_if_unsent() -> Rule {
    let message = "client.authMethod PrivateKeyJwt and None send no secret: remove client.secretRef, or choose another authMethod";
    let is_key = format!("{} && {SOME_SYMMETRIC}", method(&["PrivateKeyJwt"]));
    of_client(format!("!({} && has(self.client.secretRef)) || ({is_key})", method(&WITHOUT_SECRET)), message)
        .field_path(".client.secretRef")
}

/// Likewise.
pub fn no_previous_secret_if_unsent() -> Rule {
    let message = "client.authMethod PrivateKeyJwt and None send no secret: remove client.previousSecretRef, or choose another authMethod";
    of_client(format!("!({} && has(self.client.previousSecretRef))", method(&WITHOUT_SECRET)), message)
        .field_path(".client.previousSecretRef")
}

/// What was before belongs to what is now.
pub fn previous_beside_secret() -> Rule {
    let message = "stands beside client.secretRef, which holds the new secret: write secretRef too, or rename this field to secretRef";
    let alone = "has(self.client.previousSecretRef) && !has(self.client.secretRef)";
    of_client(format!("!({alone}) || {}", method(&WITHOUT_SECRET)), message).field_path(".client.previousSecretRef")
}

/// Assertions are signed by a key.
pub fn private_key_required() -> Rule {
    let message = "is required by client.authMethod PrivateKeyJwt: name the Secret that holds the private key";
    of_client(format!("!({}) || has(self.client.privateKeyRef)", method(&["PrivateKeyJwt"])), message)
        .field_path(".client.privateKeyRef")
}

/// A key that nothing would use.
pub fn private_key_of_method() -> Rule {
    let message = "is used by client.authMethod PrivateKeyJwt alone: write authMethod: PrivateKeyJwt, or remove client.privateKeyRef";
    of_client(format!("!has(self.client.privateKeyRef) || ({})", method(&["PrivateKeyJwt"])), message)
        .field_path(".client.privateKeyRef")
}

/// Without a secret the code alone would be enough for whoever steals it (RFC 9700, section 2.1.1).
pub fn pkce_if_public() -> Rule {
    let public = method(&["None"]);
    let disabled = "has(self.authorization) && has(self.authorization.pkce) && self.authorization.pkce == 'Disabled'";
    let message = "client.authMethod None needs PKCE: write authorization.pkce: Auto or Required";
    of_client(format!("!({public} && {disabled}) || {ID_TOKEN}"), message).field_path(".authorization.pkce")
}
