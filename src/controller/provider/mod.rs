//! Identity providers: observe, decide, apply.

mod accept;
mod claims;
mod client_auth;
mod decide;
mod endpoints;
mod logout;
mod observe;
mod offers;
mod reconcile;
mod relation;
mod status;
mod tokens;
mod wish;

pub use accept::Identity;
pub use decide::{Observed, Remote, Rotated, decide};
pub use observe::{accepted_organization, local};
pub use reconcile::{reconcile, remove};
pub use wish::{Local, Question, Wish, wish};
