//! The rules that what a browser sends must keep, however it is made.

mod browser;
mod callback;
mod cookies;

pub use callback::callback;
pub use cookies::cookies;
