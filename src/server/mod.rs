//! The login endpoints: what browsers, applications and ingresses talk to. It must never import the controllers.

mod access_token;
mod attempt;
mod confirmation;
mod cookies;
mod current;
mod endpoints;
mod failure;
mod foreign;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod identity;
mod limit;
mod logout_state;
mod management;
pub mod pages;
mod parameters;
mod pending;
mod record;
mod respond;
mod router;
mod seal;
mod segments;
mod sessions;
mod signing;
mod state;
mod verify;

pub use management::{Management, router as management_router};
pub use router::router;
pub use seal::Sealer;
pub use sessions::Sessions;
pub use state::Server;
