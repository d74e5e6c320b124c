//! Identity providers: observe, decide, apply.

mod accept;
mod claims;
mod client_auth;
mod decide;
mod endpoints;
mod identity;
mod logout;
mod observe;
mod offers;
mod reconcile;
mod relation;
mod status;
mod tokens;
mod wish;

pub use decide::{Observed, Remote, Rotated, decide};
pub use identity::Identity;
pub use observe::{accepted_organization, local};
pub use reconcile::{reconcile, remove};
pub use wish::{Local, Question, Wish, wish};
