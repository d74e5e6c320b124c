pub mod api;
pub mod domain;
pub mod source;
pub mod store;
