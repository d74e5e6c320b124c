//! Whole logins in a real browser at the certified provider, for every way of asking it.

mod across_sites;
mod authorization_request;
mod begun_by_the_provider;
mod client_authentication;
mod endpoints;
mod people;
mod rotation;
