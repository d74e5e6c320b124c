//! What wrong answers come to: a hostile provider, or a browser, gives each of them over HTTP, and what has to come of it
//! is written down beforehand. `docs/reference/refusals.md` is made of what was seen; `UPDATE_EXPECTED=1` writes it anew.

mod access_token;
mod attempt;
mod bodies;
mod callback;
mod case;
mod claims;
mod discovery;
mod documents;
mod forgery;
mod form;
mod keys;
mod logout_token;
mod page;
mod rotation;
mod token_response;
mod userinfo;
mod without_end;
mod world;

/// In the order of the page.
const FAMILIES: &[page::Family] = &[
    discovery::FAMILY,
    keys::FAMILY,
    callback::FAMILY,
    token_response::FAMILY,
    claims::FAMILY,
    form::FAMILY,
    rotation::FAMILY,
    userinfo::FAMILY,
    access_token::FAMILY,
    logout_token::FAMILY,
    without_end::FAMILY,
];
