//! The proxy before the API server does what the tests of failures rely on.

use std::time::{Duration, Instant};

use futures::{StreamExt, future};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, ObjectMeta, PostParams, WatchEvent, WatchParams},
};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{
    DEADLINE,
    cluster::{Cluster, Namespace},
    fake::Reply,
    proxy::{Line, Proxy},
    wait_for,
};

const MOMENT: Duration = Duration::from_millis(300);

fn config_map(name: &str) -> ConfigMap {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    ConfigMap { metadata, ..ConfigMap::default() }
}

async fn begin() -> (Proxy, Api<ConfigMap>, Namespace) {
    let namespace = Cluster::shared().await.namespace().await;
    let proxy = Proxy::start(&namespace.access).await;
    let through = proxy.access().in_namespace(&namespace.name).client().await;
    (proxy, Api::default_namespaced(through), namespace)
}

#[tokio::test]
async fn what_passes_is_counted_and_an_answer_of_its_own_replaces_that_of_the_api_server() {
    let (proxy, through, _namespace) = begin().await;
    through.create(&PostParams::default(), &config_map("one")).await.expect("created");
    assert_eq!(proxy.count("POST", "/configmaps"), 1);
    let path = proxy.seen()[0].path.split('?').next().expect("a path").to_owned();
    let stale = proxy.answer_of_now(&path).await;
    through.create(&PostParams::default(), &config_map("two")).await.expect("created");
    let names = async || {
        let list = through.list(&ListParams::default()).await?;
        Ok::<_, kube::Error>(list.items.len())
    };
    assert_eq!(names().await.expect("a list"), 2);
    proxy.answer("GET", "/configmaps", stale);
    assert_eq!(names().await.expect("a stale list"), 1);
    let body = json!({"kind": "Status", "status": "Failure", "message": "no", "reason": "Forbidden", "code": 403});
    proxy.answer("GET", "/configmaps", Reply::status(403, &body.to_string()));
    assert!(matches!(names().await, Err(kube::Error::Api(status)) if status.code == 403));
    proxy.behave();
    assert_eq!(names().await.expect("a list"), 2);
    assert_eq!(proxy.seen().iter().filter(|seen| seen.status == Some(403)).count(), 1);
}

#[tokio::test]
async fn a_watch_passes_as_it_comes_and_can_be_held_broken_off_and_cut() {
    let (proxy, through, namespace) = begin().await;
    let directly: Api<ConfigMap> = Api::default_namespaced(namespace.client.clone());
    let watch = async || {
        let events = through.watch(&WatchParams::default().timeout(200), "0").await.expect("a watch");
        Box::pin(events.filter(|event| future::ready(!matches!(event, Ok(WatchEvent::Bookmark(_))))))
    };
    let mut events = watch().await;
    directly.create(&PostParams::default(), &config_map("one")).await.expect("created");
    let next = timeout(DEADLINE, events.next()).await.expect("an event in time");
    assert!(matches!(next, Some(Ok(WatchEvent::Added(_)))));

    proxy.set(Line::BlackHole);
    directly.create(&PostParams::default(), &config_map("two")).await.expect("created");
    assert!(timeout(MOMENT, events.next()).await.is_err(), "nothing passes");
    assert!(timeout(MOMENT, through.get("one")).await.is_err(), "nothing is answered");
    proxy.set(Line::Open);
    assert!(matches!(timeout(DEADLINE, events.next()).await, Ok(Some(Ok(WatchEvent::Added(_))))));

    proxy.break_watches();
    let after = timeout(DEADLINE, events.next()).await.expect("an end in time");
    assert!(matches!(after, None | Some(Err(_))), "{after:?}");
    let mut events = watch().await;
    proxy.set(Line::Cut);
    let rest = timeout(DEADLINE, events.by_ref().filter(|event| future::ready(event.is_err())).next()).await;
    rest.expect("an end in time");
    assert!(through.get("one").await.is_err(), "nobody listens");
    proxy.set(Line::Open);
    wait_for("somebody listens", async || through.get("one").await.ok()).await;
    proxy.set(Line::Slow(MOMENT));
    let began = Instant::now();
    through.get("one").await.expect("an answer");
    assert!(began.elapsed() >= MOMENT);
}
