//! Why each thing is sent: the paragraph that asks for it, in our own words. What has no reason here fails the test.

use super::request::{Endpoint, Part};

type Reason = (Part, &'static [&'static str], &'static str, &'static str);

/// Where, which names, why, and which sections.
const REASONS: &[Reason] = &[
    // Of every authorization request.
    (Part::Asked, &["response_type"], "the flow", "Core 3.1.2.1 and 3.2.2.1; RFC 6749 3.1.1"),
    (Part::Asked, &["client_id"], "who asks", "Core 3.1.2.1; RFC 6749 2.2"),
    (
        Part::Asked,
        &["redirect_uri"],
        "where the answer goes, exactly as it is registered",
        "Core 3.1.2.1; RFC 6749 3.1.2; RFC 9700 2.1",
    ),
    (
        Part::Asked,
        &["scope"],
        "`openid` makes it OpenID Connect; others ask for claims; parted by spaces",
        "Core 3.1.2.1 and 5.4; RFC 6749 3.3",
    ),
    (
        Part::Asked,
        &["state"],
        "ties the answer to this browser and this attempt: 16 random bytes",
        "Core 3.1.2.1; RFC 6749 10.12",
    ),
    (
        Part::Asked,
        &["nonce"],
        "ties the ID token to this attempt: 16 random bytes",
        "Core 3.1.2.1, 3.2.2.1 and 15.5.2; RFC 9700 4.5.3.2",
    ),
    (Part::Asked, &["response_mode"], "how the answer comes back", "Multiple Response Types 2.1; Form Post 2"),
    (Part::Asked, &["prompt"], "what the person is to be asked", "Core 3.1.2.1"),
    (
        Part::Asked,
        &["max_age"],
        "how many seconds ago the person may have signed in there; the ID token then has to have `auth_time`",
        "Core 3.1.2.1",
    ),
    (Part::Asked, &["acr_values"], "wanted ways of signing in, the most wanted first", "Core 3.1.2.1"),
    (Part::Asked, &["ui_locales"], "languages for the provider's pages, the most wanted first", "Core 3.1.2.1"),
    (Part::Asked, &["login_hint"], "who is expected", "Core 3.1.2.1 and 4"),
    (
        Part::Asked,
        &["code_challenge"],
        "the hash of the verifier, without which the code is worth nothing",
        "RFC 7636 4.2 and 4.3; RFC 9700 2.1.1",
    ),
    (Part::Asked, &["code_challenge_method"], "the hash is SHA-256", "RFC 7636 4.3"),
    (
        Part::Asked,
        &["domain_hint"],
        "of `extraParameters`; who doesn't know it has to ignore it",
        "RFC 6749 3.1 and 8.2",
    ),
    (Part::Asked, &["tenant"], "of the endpoint's own query, which is kept", "RFC 6749 3.1"),
    // Of one that was pushed.
    (
        Part::Reference,
        &["client_id"],
        "who asks; the only other parameter that has to stand here",
        "RFC 9126 4; RFC 9101 5",
    ),
    (Part::Reference, &["request_uri"], "the request, by the name that the provider gave it", "RFC 9126 2.2 and 4"),
    // Of every form.
    (Part::Header, &["Content-Type"], "the parameters are a form", "RFC 6749 3.2 and appendix B; RFC 9126 2.1"),
    (Part::Header, &["Accept"], "the answer is JSON", "RFC 6749 5.1; RFC 9126 2.2"),
    (
        Part::Header,
        &["Authorization"],
        "`client_secret_basic`: ID and secret, both encoded as in a form first",
        "Core 9; RFC 6749 2.3.1; RFC 9126 2",
    ),
    (
        Part::Shown,
        &["client_id"],
        "who asks; who shows a secret here or nothing at all has to say it",
        "RFC 6749 2.3.1 and 4.1.3; RFC 7521 4.2",
    ),
    (Part::Shown, &["client_secret"], "`client_secret_post`", "Core 9; RFC 6749 2.3.1"),
    (Part::Shown, &["client_assertion_type"], "the assertion is a JWT", "RFC 7521 4.2; RFC 7523 2.2"),
    (
        Part::Shown,
        &["client_assertion"],
        "`client_secret_jwt` or `private_key_jwt`",
        "Core 9; RFC 7521 4.2; RFC 7523 2.2; RFC 9126 2",
    ),
    // Of the exchange.
    (Part::Grant, &["grant_type"], "a code is brought", "Core 3.1.3.1; RFC 6749 4.1.3"),
    (Part::Grant, &["code"], "the code of the answer", "Core 3.1.3.1; RFC 6749 4.1.3"),
    (Part::Grant, &["redirect_uri"], "the same as in the authorization request", "Core 3.1.3.2; RFC 6749 4.1.3"),
    (Part::Grant, &["code_verifier"], "what the challenge is the hash of: 32 random bytes", "RFC 7636 4.1 and 4.5"),
    // Of userinfo.
    (Part::Bearer, &["Authorization"], "the access token of the exchange", "Core 5.3.1; RFC 6750 2.1"),
    (Part::Bearer, &["Accept"], "claims as JSON", "Core 5.3.2"),
    // Of the request that ends a session.
    (Part::SigningOut, &["client_id"], "who asks, also where no hint says it", "RP-Initiated Logout 2"),
    (
        Part::SigningOut,
        &["post_logout_redirect_uri"],
        "where the browser goes afterwards, exactly as it is registered",
        "RP-Initiated Logout 2 and 3",
    ),
    (Part::SigningOut, &["state"], "comes back with the browser: sealed, for an hour", "RP-Initiated Logout 2 and 3"),
    (Part::SigningOut, &["id_token_hint"], "whose session it is: the ID token of the login", "RP-Initiated Logout 2"),
    (Part::SigningOut, &["returnTo"], "of `endSessionURL`, with `{signout-oidc}` filled in", "*the provider's own*"),
    (Part::SigningOut, &["client"], "of `endSessionURL`, with `{client-id}` filled in", "*the provider's own*"),
    // Of an assertion.
    (
        Part::AssertionHeader,
        &["alg"],
        "the key's first algorithm, of those in `token_endpoint_auth_signing_alg_values_supported` where the metadata has it",
        "RFC 7515 4.1.1; Discovery 3",
    ),
    (Part::AssertionHeader, &["typ"], "it is a JWT", "RFC 7519 5.1"),
    (Part::AssertionHeader, &["kid"], "the key's name at the provider", "RFC 7515 4.1.4"),
    (Part::AssertionHeader, &["x5t#S256"], "the hash of the key's certificate", "RFC 7515 4.1.8"),
    (Part::AssertionClaims, &["iss", "sub"], "the client, about itself", "Core 9; RFC 7523 3, points 1 and 2"),
    (
        Part::AssertionClaims,
        &["aud"],
        "whom it is for: the issuer, as no other provider can pose as that, or else the URL of the endpoint that gets it",
        "Core 9; RFC 7523 3, point 3; RFC 9126 2",
    ),
    (
        Part::AssertionClaims,
        &["exp"],
        "it is used at once, and good for no longer than clocks may differ",
        "Core 9; RFC 7523 3, point 4",
    ),
    (Part::AssertionClaims, &["iat"], "when it was made", "Core 9; RFC 7523 3, point 6"),
    (Part::AssertionClaims, &["jti"], "16 random bytes, so that nobody uses it twice", "Core 9; RFC 7523 3, point 7"),
];

/// Which part of a request a parameter of the query or the form is.
pub fn part(endpoint: Endpoint, is_reference: bool, name: &str) -> Part {
    const OF_THE_CLIENT: [&str; 4] = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];
    match endpoint {
        Endpoint::Authorization if is_reference => Part::Reference,
        Endpoint::PushedAuthorization if OF_THE_CLIENT[1..].contains(&name) => Part::Shown,
        Endpoint::Authorization | Endpoint::PushedAuthorization => Part::Asked,
        Endpoint::Token if OF_THE_CLIENT.contains(&name) => Part::Shown,
        Endpoint::Token => Part::Grant,
        Endpoint::Userinfo => Part::Bearer,
        Endpoint::EndSession | Endpoint::EndSessionByLatchkey => Part::SigningOut,
    }
}

/// The reason, and the sections that ask for it.
pub fn of(part: Part, name: &str) -> (&'static str, &'static str) {
    let found = REASONS.iter().find(|(other, names, ..)| *other == part && names.contains(&name));
    let (.., why, sections) = found.unwrap_or_else(|| panic!("{name} is sent for no reason ({part:?})"));
    (why, sections)
}
