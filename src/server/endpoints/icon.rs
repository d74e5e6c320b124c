//! `GET /o/{org}/icon/{key}/{hash}`: the picture on a provider's button. The hash names one picture for ever.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    domain::{organization::Organization, provider::Provider},
    server::{current::View, segments::Segments},
};

/// Whatever a picture holds that is opened by itself, it does nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

#[derive(Deserialize)]
pub struct Picture {
    key: String,
    hash: String,
}

pub async fn get(view: View, Segments(Picture { key, hash }): Segments<Picture>) -> Response {
    let provider = view.table.provider(&view.organization.key, &key);
    let icon = provider.and_then(|provider| provider.icon.as_ref());
    let Some(icon) = icon.filter(|icon| icon.hash() == hash) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, icon.media_type.content_type()),
        (header::CONTENT_DISPOSITION, icon.media_type.content_disposition()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (RESOURCE_POLICY, "same-origin"),
    ];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), icon.bytes.clone()).into_response()
}

/// Where the picture of a provider is served; None: it has none.
pub fn path(organization: &Organization, provider: &Provider) -> Option<String> {
    let icon = provider.icon.as_ref()?;
    Some(format!("/o/{}/icon/{}/{}", organization.id, provider.key, icon.hash()))
}
