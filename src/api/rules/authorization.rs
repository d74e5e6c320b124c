//! The rules of the authorization request.

use kube::core::Rule;

use super::{
    DURATION, matches, rule,
    said::{ID_TOKEN, of_client},
};

/// The parameters of which Latchkey makes the request, and those that would make it another one (OpenID Connect Core
/// 1.0, sections 3.1.2.1, 6 and 7.2.1; RFC 6749, 7521, 7636, 9101, 9126 and 9449).
const OF_THE_PROTOCOL: [&str; 27] = [
    "acr_values",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "dpop_jkt",
    "grant_type",
    "id_token_hint",
    "iss",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
    "user_code",
];

/// One scope or several (RFC 6749, section 3.3), parted by commas or spaces, which are therefore in none.
pub fn scopes() -> Rule {
    let message = "write scopes without quotes and backslashes, one an item or several parted by commas or spaces, such as email or \"profile email\"";
    matches(r"^[ ,]*[!#-+\--\[\]-~]+([ ,]+[!#-+\--\[\]-~]+)*[ ,]*$", message)
}

/// None beside another prompt contradicts it (OpenID Connect Core 1.0, section 3.1.2.1).
pub fn prompt() -> Rule {
    rule(
        "!('None' in self) || size(self) == 1",
        "None stands alone, as it asks for no page at all: remove None, or the others",
    )
}

/// `max_age` counts seconds, and what is left of less than one is 0.
pub fn zero_or_a_second() -> Rule {
    let zero_or_more = "duration(self) == duration('0s') || duration(self) >= duration('1s')";
    rule(
        format!("!self.matches('{DURATION}') || {zero_or_more}"),
        "write 0s, so that people sign in every time, or at least 1s",
    )
}

/// A value of `acr_values`, which spaces part.
pub fn context_class() -> Rule {
    matches(
        "^[!-~]+$",
        "write one authentication context class an item, without spaces, such as urn:mace:incommon:iap:silver",
    )
}

/// A language tag (BCP 47).
pub fn language_tag() -> Rule {
    matches("^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", "write a language tag, such as de or pt-BR")
}

/// The name of a parameter (RFC 6749, appendix A.2 and section 8.2).
pub fn parameter_name() -> Rule {
    matches("^[A-Za-z0-9._-]+$", "write letters, digits, dots, dashes and underscores, such as domain_hint")
}

/// What the manifest has fields for, what is made anew for each login, and what would replace the request. Some
/// providers take parameters in any case.
pub fn no_protocol_parameter() -> Rule {
    let names: Vec<_> = OF_THE_PROTOCOL.iter().map(|name| format!("'{name}'")).collect();
    let message = "belongs to the protocol, and Latchkey makes the request itself: use the fields of authorization and client, such as scopes, prompt, maxAge, acrValues, uiLocales, responseMode and sendLoginHint, or remove it";
    rule(format!("!(self.lowerAscii() in [{}])", names.join(", ")), message)
}

/// Text, as forms carry it.
pub fn parameter_value() -> Rule {
    matches(r"^[^\x00-\x1f\x7f]*$", "write text without control characters and line breaks")
}

/// There is no code that a verifier would belong to.
pub fn pkce_of_code() -> Rule {
    let required = "has(self.authorization.pkce) && self.authorization.pkce == 'Required'";
    let message = "PKCE protects codes, and responseType IdToken has none: remove pkce, or write responseType: Code";
    of_client(format!("!({ID_TOKEN} && {required})"), message).field_path(".authorization.pkce")
}

/// An ID token in a URL would stand in histories and logs (OAuth 2.0 Multiple Response Type Encoding Practices,
/// section 3).
pub fn form_post_of_id_token() -> Rule {
    let query = "has(self.authorization.responseMode) && self.authorization.responseMode == 'Query'";
    let message = "responseType IdToken comes by FormPost alone, as tokens have no place in a URL: remove responseMode, or write FormPost";
    of_client(format!("!({ID_TOKEN} && {query})"), message).field_path(".authorization.responseMode")
}
