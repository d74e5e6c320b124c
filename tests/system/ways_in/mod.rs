//! Whole logins in a real browser at the certified provider, for every way of asking it.

mod client_authentication;
