//! Whole logins in a real browser at the certified provider, for every way of asking it.

mod across_sites;
mod authorization_request;
mod begun_by_the_provider;
mod client_authentication;
mod endpoints;
mod people;
mod rotation;

use serde_json::{Value, json};

/// What the provider sees that is not as in the code flow: no token endpoint is asked, so nothing shows who asks.
fn seen_of_an_id_token() -> Value {
    json!({
        "response_type": "id_token", "response_mode": "form_post", "code_challenge_method": null, "pushed by": null,
        "exchanged by": null, "code_verifier": null,
    })
}
