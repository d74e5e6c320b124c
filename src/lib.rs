pub mod api;
pub mod controller;
pub mod domain;
pub mod oidc;
pub mod server;
pub mod source;
pub mod store;
