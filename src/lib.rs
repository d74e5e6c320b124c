pub mod api;
pub mod domain;
pub mod server;
pub mod store;
