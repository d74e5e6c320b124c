//! The second port: whether the process lives, whether it can serve, and what it counts.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use crate::{domain::table::Published, store::Store};

/// What the management endpoints look at.
#[derive(Clone)]
pub struct Management {
    pub table: Arc<Published>,
    pub store: Arc<dyn Store>,
    pub metrics: PrometheusHandle,
    /// Cancelled once the process is stopping.
    pub stopping: CancellationToken,
}

/// `GET /healthz /readyz /metrics`.
pub fn router(management: Management) -> Router {
    Router::new()
        // A task that ends ends the process, so an answer is all there is to say.
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(management)
}

async fn ready(State(management): State<Management>) -> impl IntoResponse {
    if management.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "latchkey is stopping\n");
    }
    if !management.table.load().settled {
        return (StatusCode::SERVICE_UNAVAILABLE, "the manifests have not all been looked at yet\n");
    }
    match management.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}

async fn metrics(State(management): State<Management>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], management.metrics.render())
}
