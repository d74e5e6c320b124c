//! The login endpoints: what browsers, applications and ingresses talk to. It must never import the controllers.

pub mod pages;
