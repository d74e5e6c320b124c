//! The page for everything that goes wrong in front of a person.

use askama::Template;
use http::StatusCode;

use super::{assets, text::Language};

/// Says what happened, what to do, and a reference that the log also has.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    pub language: &'a Language,
    /// The status that the page is sent with.
    pub status: StatusCode,
    pub title: &'a str,
    pub what_happened: &'a str,
    /// One sentence each.
    pub what_to_do: &'a [&'a str],
    pub reference: &'a str,
    /// Where the person can start over.
    pub try_again: Option<&'a str>,
    pub home: Option<&'a str>,
}
