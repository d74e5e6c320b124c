//! Which path leads to which endpoint.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawPathParams, Request, rejection::RawPathParamsRejection},
    middleware::{Next, from_fn},
    response::Response,
    routing::{any, get},
};
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer};

use super::{
    endpoints::{account, assets, auth, callback, home, login, logout, session, sign_in},
    failure::{Failure, Place, page},
    state::Server,
};

/// Forms are small, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The login endpoints (design, section 3).
pub fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/", get(home::get))
        .route("/assets/{name}", get(assets::get))
        .route("/o/{org}/login", get(sign_in::get))
        .route("/o/{org}/login/{key}", get(login::get))
        .route("/o/{org}/callback/{key}", get(callback::get))
        .route("/o/{org}/logout", get(logout::get).post(logout::post))
        .route("/o/{org}/session", get(session::get))
        .route("/o/{org}/account", get(account::get))
        .layer(from_fn(refuse_unreadable_paths))
        // Forward auth refuses such a path itself: with 403, as ingresses want it.
        .route("/o/{org}/auth", any(auth::any))
        .route("/o/{org}/auth/", any(auth::any))
        .route("/o/{org}/auth/{*rest}", any(auth::any))
        .fallback(|| async { page(&Failure::NoSuchPage, &Place::default()) })
        .method_not_allowed_fallback(|| async { page(&Failure::WrongMethod, &Place::default()) })
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| -> Response {
            tracing::error!("a request ended in a panic");
            page(&Failure::Internal, &Place::default())
        }))
        .with_state(server)
}

/// A path that is not UTF-8 names nothing here.
async fn refuse_unreadable_paths(
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    match path {
        Ok(_) => next.run(request).await,
        Err(_) => page(&Failure::NoSuchPage, &Place::default()),
    }
}
