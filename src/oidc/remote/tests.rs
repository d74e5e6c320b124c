use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::*;
use crate::oidc::testing::{ISSUER, NEEDS_ALL, at, outbound, serve, serve_raw, url};

const HOURLY: Freshness = Freshness { max_age: Duration::from_secs(3600), retry_after: Duration::from_secs(60) };

/// A provider that counts, that answers what it is told to, and that holds answers back while told to.
struct Provider {
    requests: AtomicUsize,
    answer: Mutex<Option<Value>>,
    held: Mutex<bool>,
    asked: Notify,
    released: Notify,
}

impl Provider {
    async fn start(answer: Value) -> (Arc<Self>, KeysRequest) {
        let provider = Arc::new(Self {
            requests: AtomicUsize::new(0),
            answer: Mutex::new(Some(answer)),
            held: Mutex::new(false),
            asked: Notify::new(),
            released: Notify::new(),
        });
        let base = serve(Router::new().route("/", get(Self::serve)).with_state(provider.clone())).await;
        (provider, KeysRequest { jwks_uri: base, roots: None })
    }

    async fn serve(State(provider): State<Arc<Self>>) -> axum::response::Response {
        provider.requests.fetch_add(1, Ordering::SeqCst);
        provider.asked.notify_one();
        if *provider.held.lock().expect("no panic") {
            provider.released.notified().await;
        }
        match provider.answer.lock().expect("no panic").clone() {
            Some(answer) => Json(answer).into_response(),
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }

    fn answers(&self, answer: Option<Value>) {
        *self.answer.lock().expect("no panic") = answer;
    }

    fn holds(&self, held: bool) {
        *self.held.lock().expect("no panic") = held;
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn jwks() -> Value {
    json!({"keys": ISSUER.jwks()})
}

fn kids(fetched: &Fetched<KeySet>) -> usize {
    fetched.good.as_ref().map_or(0, |(keys, _)| keys.keys().len())
}

#[tokio::test]
async fn five_hundred_who_ask_at_once_cost_one_fetch_per_window() {
    let (provider, request) = Provider::start(jwks()).await;
    let remote = Remote::new(outbound());
    let all = join_all((0..500).map(|index| remote.keys(&request, HOURLY, at(1000 + index % 3)))).await;
    assert!(all.iter().all(|fetched| kids(fetched) == 5));
    assert_eq!(provider.requests(), 1);
    remote.keys(&request, HOURLY, at(4599)).await;
    assert_eq!(provider.requests(), 1);
    remote.keys(&request, HOURLY, at(4700)).await;
    assert_eq!(provider.requests(), 2);
}

#[tokio::test]
async fn metadata_is_fetched_once_per_request_and_cached() {
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);
    let metadata = async || {
        REQUESTS.fetch_add(1, Ordering::SeqCst);
        let endpoint = "http://127.0.0.1/";
        Json(
            json!({"issuer": endpoint, "authorization_endpoint": endpoint, "token_endpoint": endpoint, "jwks_uri": endpoint}),
        )
    };
    let base = serve(Router::new().route("/", get(metadata))).await;
    let remote = Remote::new(outbound());
    let right =
        MetadataRequest { url: base, issuer: Some("http://127.0.0.1/".to_owned()), roots: None, needs: NEEDS_ALL };
    let wrong = MetadataRequest { issuer: Some("http://127.0.0.1".to_owned()), ..right.clone() };
    assert!(remote.cached_metadata(&right).good.is_none());
    for _ in 0..3 {
        assert!(remote.metadata(&right, HOURLY, at(0)).await.failure.is_none());
        let failure = remote.metadata(&wrong, HOURLY, at(0)).await.failure.expect("a failure");
        assert_eq!(failure.reason, Reason::IssuerMismatch);
    }
    assert_eq!(REQUESTS.load(Ordering::SeqCst), 2);
    assert!(remote.cached_metadata(&right).good.is_some());
}

#[tokio::test]
async fn a_bad_answer_keeps_the_good_keys_and_says_since_when_it_fails() {
    let (provider, request) = Provider::start(jwks()).await;
    let remote = Remote::new(outbound());
    remote.keys(&request, HOURLY, at(0)).await;
    provider.answers(Some(json!({"keys": []})));
    let failing = remote.keys(&request, HOURLY, at(3600)).await;
    let failure = failing.failure.clone().expect("a failure");
    assert_eq!((kids(&failing), failure.reason, failure.since), (5, Reason::NoUsableKeys, at(3600)));
    provider.answers(None);
    remote.keys(&request, HOURLY, at(3659)).await;
    assert_eq!(provider.requests(), 2, "not tried again before the back-off");
    let failing = remote.keys(&request, HOURLY, at(3660)).await;
    let failure = failing.failure.clone().expect("a failure");
    assert_eq!((kids(&failing), failure.reason, failure.since), (5, Reason::HttpStatus, at(3600)));
    assert_eq!(failing.good.expect("keys").1, at(0));
    provider.answers(Some(jwks()));
    let mended = remote.keys(&request, HOURLY, at(3720)).await;
    assert!(mended.failure.is_none());
    assert_eq!(mended.good.expect("keys").1, at(3720));
}

#[tokio::test]
async fn unknown_kids_cost_one_fetch_in_thirty_seconds_and_nobody_waits_for_those() {
    let (provider, request) = Provider::start(jwks()).await;
    let remote = Remote::new(outbound());
    remote.keys(&request, HOURLY, at(0)).await;
    let began = Instant::now();
    join_all((0..100).map(|_| remote.refresh_keys(&request, at(1)))).await;
    assert_eq!(provider.requests(), 2, "one refresh, also right after a fetch in turn");
    assert_eq!(kids(&remote.refresh_keys(&request, at(30)).await), 5);
    assert_eq!(provider.requests(), 2);
    remote.refresh_keys(&request, at(31)).await;
    assert_eq!(provider.requests(), 3);
    provider.answers(None);
    let failing = remote.refresh_keys(&request, at(61)).await;
    assert_eq!((kids(&failing), failing.failure.is_some(), provider.requests()), (5, true, 4));
    remote.refresh_keys(&request, at(62)).await;
    assert_eq!(provider.requests(), 4, "a failed refresh counts as well");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_caller_who_goes_away_takes_nobody_elses_answer_along() {
    let (provider, request) = Provider::start(jwks()).await;
    provider.holds(true);
    let remote = Remote::new(outbound());
    let mut first = Box::pin(remote.refresh_keys(&request, at(0)));
    tokio::select! {
        _ = &mut first => panic!("the answer is held back"),
        () = provider.asked.notified() => {}
    }
    let mut second = Box::pin(remote.refresh_keys(&request, at(0)));
    assert!(futures::poll!(&mut second).is_pending());
    drop(first);
    provider.released.notify_one();
    assert_eq!(kids(&second.await), 5);
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn callers_who_all_go_away_leave_their_answer_to_the_next_one() {
    let (provider, request) = Provider::start(jwks()).await;
    provider.holds(true);
    let remote = Remote::new(outbound());
    tokio::select! {
        _ = remote.refresh_keys(&request, at(0)) => panic!("the answer is held back"),
        () = provider.asked.notified() => {}
    }
    provider.released.notify_one();
    assert_eq!(kids(&remote.refresh_keys(&request, at(1)).await), 5, "the cooldown is not spent on nothing");
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn one_provider_that_hangs_delays_no_other() {
    let hangs = serve_raw(|stream| async move {
        let _keep = stream;
        std::future::pending().await
    })
    .await;
    let hanging = KeysRequest { jwks_uri: url(&format!("http://{hangs}/")), roots: None };
    let (_provider, request) = Provider::start(jwks()).await;
    let remote = Remote::new(outbound());
    let mut waiting = Box::pin(remote.keys(&hanging, HOURLY, at(0)));
    assert!(futures::poll!(&mut waiting).is_pending());
    assert_eq!(kids(&remote.keys(&request, HOURLY, at(0)).await), 5);
    assert!(futures::poll!(&mut waiting).is_pending());
}

#[tokio::test]
async fn what_is_cached_is_known_without_the_network() {
    let (provider, request) = Provider::start(jwks()).await;
    let remote = Remote::new(outbound());
    assert!(remote.cached_keys(&request).good.is_none());
    assert_eq!(provider.requests(), 0);
    remote.keys(&request, HOURLY, at(0)).await;
    assert_eq!((kids(&remote.cached_keys(&request)), provider.requests()), (5, 1));
}
