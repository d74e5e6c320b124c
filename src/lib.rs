//! Latchkey: single sign-on that lives in Git.
//!
//! The map, and what may use what (a test holds the code to it):
//! `api` ← `domain` ← {`oidc` `store` `source` `mail` `controller` `server` `cli`} ← `run`.
//! `oidc`, `store`, `source` and `mail` use none of their neighbours; `controller` uses the first three; `server` uses
//! `oidc`, `store` and `mail`; `cli` reads the settings of `mail`. The server and the controllers share the login table (`domain::table`) alone.
//! `fuzzing`, which only tests and fuzzers compile, calls `domain`, `oidc` and `server`; nothing uses it.

#[expect(clippy::duplicated_attributes, reason = "kube repeats printcolumn, one for each column")]
pub mod api;
pub mod cli;
pub mod controller;
pub mod domain;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod mail;
pub mod oidc;
pub mod run;
pub mod server;
pub mod source;
pub mod store;
pub mod telemetry;
