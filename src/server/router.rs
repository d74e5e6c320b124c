//! Which path leads to which endpoint.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, header::STRICT_TRANSPORT_SECURITY},
    response::Response,
    routing::{any, get, post},
};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

use super::{
    endpoints::{
        account, assets, auth, authorization_server, backchannel_logout, callback, discover, frontchannel_logout, home,
        icon, initiate, jwks, login, logout, session, sign_in, signout_oidc, token, verify_email,
    },
    failure::{Failure, Place, page},
    state::Server,
};

/// A year: browsers come back by https alone (RFC 6797).
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

async fn wrong_method() -> Response {
    page(&Failure::WrongMethod, &Place::default())
}

/// The login endpoints (design, section 3). How much of a body is read, whoever reads it says (`parameters`): an ingress that
/// asks forward auth about a large upload must not be told 413.
pub fn router(server: Arc<Server>) -> Router {
    let https = server.https;
    let router = Router::new()
        .route("/", get(home::get))
        .route("/discover", get(discover::get).post(discover::post))
        .route("/assets/{name}", get(assets::get))
        .route("/o/{org}/login", get(sign_in::get))
        .route("/o/{org}/login/{key}", get(login::get))
        .route("/o/{org}/icon/{key}/{hash}", get(icon::get))
        // To look at it must not use up the login attempt.
        .route("/o/{org}/callback/{key}", get(callback::answer).post(callback::answer).head(wrong_method))
        .route("/o/{org}/initiate/{key}", get(initiate::initiate).post(initiate::initiate))
        .route("/o/{org}/logout", get(logout::get).post(logout::post))
        .route("/o/{org}/signout-oidc/{key}", get(signout_oidc::get))
        .route("/o/{org}/backchannel-logout/{key}", post(backchannel_logout::post))
        // To look at it must not end a session.
        .route("/o/{org}/frontchannel-logout/{key}", get(frontchannel_logout::get).head(wrong_method))
        .route("/o/{org}/session", get(session::get))
        .route("/o/{org}/token", post(token::post).fallback(token::wrong_method))
        .route("/o/{org}/account", get(account::get).post(account::post))
        .route("/o/{org}/verify-email", get(verify_email::get).post(verify_email::post))
        .route("/o/{org}/.well-known/jwks.json", get(jwks::get))
        .route("/.well-known/oauth-authorization-server/o/{org}", get(authorization_server::get))
        .route("/o/{org}/auth", any(auth::any))
        .route("/o/{org}/auth/", any(auth::any))
        .route("/o/{org}/auth/{*rest}", any(auth::any))
        .fallback(|| async { page(&Failure::NoSuchPage, &Place::default()) })
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| -> Response {
            tracing::error!("a request ended in a panic");
            page(&Failure::Internal, &Place::default())
        }))
        .with_state(server);
    if https {
        router.layer(SetResponseHeaderLayer::overriding(STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT))
    } else {
        router
    }
}
