//! The segments of a path; one that cannot be read leads to no page.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::failure::{Failure, Place, page};

/// The key of a provider, as the path names it by `{key}`.
#[derive(Deserialize)]
pub struct Key {
    pub key: String,
}

/// A provider, as the path of an endpoint for machines names it.
#[derive(Deserialize)]
pub struct ProviderPath {
    pub org: String,
    pub key: String,
}

/// What `{…}` in a route stands for, decoded.
pub struct Segments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(segments)| Self(segments)).map_err(|_| page(&Failure::NoSuchPage, &Place::default()))
    }
}
