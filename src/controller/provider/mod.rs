//! Identity providers: observe, decide, apply.

mod accept;
mod client_auth;
mod decide;
mod endpoints;
mod identity;
mod logout;
mod observe;
mod offers;
mod people;
mod reconcile;
mod relation;
mod status;
mod tokens;
mod wish;

pub use decide::{Observed, Remote, Rotated, decide};
pub use identity::Identity;
pub use observe::{accepted_organization, local};
pub use people::{defaults_of, people};
pub use reconcile::{reconcile, remove};
pub use status::configured_issuer;
pub use wish::{Local, Question, Wish, wish};
