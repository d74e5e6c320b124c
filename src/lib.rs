pub mod api;
pub mod domain;
pub mod oidc;
pub mod store;
