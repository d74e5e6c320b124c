//! The stylesheet and the icon, under names that change with their content.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::server::{
    pages::{favicon, stylesheet},
    segments::Segments,
};

pub async fn get(Segments(name): Segments<String>) -> Response {
    let path = format!("/assets/{name}");
    let Some(asset) = [stylesheet(), favicon()].into_iter().find(|asset| asset.path == path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.body).into_response()
}
