//! What those see who apply, wait and compare: kstatus, `kubectl diff` and the owners of fields.

use std::sync::Arc;

use futures::TryStreamExt;
use kube::api::{WatchEvent, WatchParams};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::{
    cluster::{Cluster, Namespace},
    fake::{DISCOVERY, Fake, Reply},
    kstatus::kstatus,
    kubectl::kubectl,
    latchkey::{LOCAL, Latchkey},
    manifests,
    proxy::{Proxy, Seen},
    source::Source,
    wait_for,
};

const IDP: &str = "identityprovider";
const OBJECTS: [(&str, &str); 4] =
    [("organization", "default"), (IDP, "demo"), ("idpmapper", "engineers"), ("idpmapper", "everyone")];

/// One object of each kind, and what they need.
async fn write_all(latchkey: &Latchkey, fake: &Fake) {
    latchkey.write("secret.yaml", &manifests::usual_secret()).await;
    latchkey.write("organization.yaml", manifests::ORGANIZATION).await;
    latchkey.write("mappers.yaml", manifests::MAPPERS).await;
    let more = "  discovery: {interval: 1s}\n";
    latchkey.write("provider.yaml", &manifests::provider("demo", &fake.issuer, more)).await;
}

async fn all(namespace: &Namespace) -> Vec<Value> {
    let mut objects = Vec::new();
    for (kind, name) in OBJECTS {
        objects.push(namespace.get(kind, name).await.unwrap_or_else(|| panic!("there is no {kind} {name}")));
    }
    objects
}

async fn wait_until_all_are(namespace: &Namespace, status: &str) {
    wait_for(&format!("every object is {status}"), async || {
        kstatus(&all(namespace).await).await.iter().all(|one| one == status).then_some(())
    })
    .await;
}

/// Every version of every object from now on.
async fn versions(namespace: &Namespace) -> UnboundedReceiver<Value> {
    let (seen, versions) = unbounded_channel();
    for kind in ["organization", IDP, "idpmapper"] {
        let (api, seen) = (namespace.api(kind), seen.clone());
        let events = api.watch(&WatchParams::default().timeout(280), "0").await.expect("a watch");
        tokio::spawn(async move {
            let mut events = Box::pin(events);
            while let Some(event) = events.try_next().await.expect("an event") {
                if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event {
                    // Nobody listens at the end of the test.
                    let _ = seen.send(serde_json::to_value(object).expect("JSON"));
                }
            }
        });
    }
    versions
}

fn condition<'a>(object: &'a Value, type_: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == type_)
}

#[tokio::test]
async fn kstatus_calls_current_only_what_is_ready_in_its_present_generation() {
    let fake = Fake::start().await;
    let namespace = Arc::new(Cluster::shared().await.namespace().await);
    let mut versions = versions(&namespace).await;
    let source = Source::in_namespace(namespace.clone(), namespace.access.clone());
    let mut latchkey = Latchkey::start_from(source, LOCAL, &[]).await;
    latchkey.stop().await;

    write_all(&latchkey, &fake).await;
    assert_eq!(kstatus(&all(&namespace).await).await, ["InProgress"; 4], "nobody has seen them");
    latchkey.start_again().await;
    wait_until_all_are(&namespace, "Current").await;

    latchkey.stop().await;
    latchkey.edit("organization.yaml", "title: Sign in", "title: Please sign in").await;
    latchkey.edit("provider.yaml", "displayName: ", "displayName: Another ").await;
    latchkey.write("mappers.yaml", &manifests::MAPPERS.replace("grant: {", "grant: {administrator: true, ")).await;
    assert_eq!(kstatus(&all(&namespace).await).await, ["InProgress"; 4], "nobody has seen the edits");
    latchkey.start_again().await;
    wait_until_all_are(&namespace, "Current").await;

    let broken = Fake::start().await;
    broken.announce("issuer", "https://elsewhere.example");
    latchkey.write("broken.yaml", &manifests::provider("broken", &broken.issuer, "")).await;
    wait_for("what only a person can mend has failed", async || {
        let object = namespace.get(IDP, "broken").await?;
        (kstatus(&[object]).await == ["Failed"]).then_some(())
    })
    .await;
    broken.behave(DISCOVERY);
    wait_for("what has mended itself is current", async || {
        let object = namespace.get(IDP, "broken").await?;
        (kstatus(&[object]).await == ["Current"]).then_some(())
    })
    .await;

    let mut seen = Vec::new();
    while let Ok(version) = versions.try_recv() {
        seen.push(version);
    }
    let mut current = 0;
    for (version, status) in seen.iter().zip(kstatus(&seen).await) {
        let stalled_and_reconciling =
            condition(version, "Stalled").is_some() && condition(version, "Reconciling").is_some();
        assert!(!stalled_and_reconciling, "{version:#}");
        if status == "Current" {
            current += 1;
            let generation = &version["metadata"]["generation"];
            assert_eq!(&version["status"]["observedGeneration"], generation, "{version:#}");
            let ready = condition(version, "Ready").unwrap_or_else(|| panic!("no Ready: {version:#}"));
            assert_eq!((&ready["status"], &ready["observedGeneration"]), (&json!("True"), generation), "{version:#}");
        }
    }
    assert!(current >= 9, "only {current} of {} versions are current", seen.len());
}

/// The last status that was sent for an object.
fn sent(seen: &[Seen], kind: &str, name: &str) -> Value {
    let path = format!("/{kind}s/{name}/status?");
    let written = seen.iter().rev().find(|one| one.method == "PATCH" && one.path.contains(&path));
    let body = &written.unwrap_or_else(|| panic!("no status of {kind} {name} was written")).body;
    serde_json::from_str::<Value>(body).expect("JSON")["status"].take()
}

#[tokio::test]
async fn a_status_is_kept_as_it_was_written_and_nothing_else_is_written() {
    let fake = Fake::start().await;
    let namespace = Arc::new(Cluster::shared().await.namespace().await);
    let proxy = Proxy::start(&namespace.access).await;
    let source = Source::in_namespace(namespace.clone(), proxy.access());
    let latchkey = Latchkey::start_from(source, LOCAL, &[]).await;
    write_all(&latchkey, &fake).await;
    wait_until_all_are(&namespace, "Current").await;
    fake.answer(DISCOVERY, Reply::status(500, ""));
    latchkey.wait_for_condition(IDP, "demo", ["ServingStale", "True", "HTTPStatus"]).await;
    let metadata = "metadata: {annotations: {latchkey.dev/reconcile-requested-at: now}, ";
    latchkey.edit("provider.yaml", "metadata: {", metadata).await;
    wait_for("the request is echoed", async || {
        (latchkey.status(IDP, "demo").await?["lastHandledReconcileAt"] == "now").then_some(())
    })
    .await;

    let objects = all(&namespace).await;
    let seen = proxy.seen();
    for ((kind, name), object) in OBJECTS.iter().zip(&objects) {
        assert_eq!(object["status"], sent(&seen, kind, name), "{kind} {name}");
        assert_eq!(object["metadata"]["generation"], 1, "{kind} {name}: its spec was written");
    }
    let secret = namespace.get("secret", "demo-client").await.expect("the Secret");
    assert!(owners(&secret).iter().all(|owner| owner["manager"] != "latchkey"), "{secret:#}");
    for object in &objects {
        let ours: Vec<_> = owners(object).iter().filter(|owner| owner["manager"] == "latchkey").collect();
        let [ours] = ours.as_slice() else { panic!("one owner of the status: {object:#}") };
        assert_eq!((&ours["operation"], &ours["subresource"]), (&json!("Apply"), &json!("status")));
        let fields: Vec<_> = ours["fieldsV1"].as_object().expect("fields").keys().collect();
        assert_eq!(fields, ["f:status"], "{object:#}");
    }
    for Seen { method, path, .. } in &seen {
        let may_be_written = ["/status?", "/events?", "/leases"].iter().any(|part| path.contains(part));
        assert!(method == "GET" || may_be_written, "{method} {path}");
    }
}

fn owners(object: &Value) -> &[Value] {
    object["metadata"]["managedFields"].as_array().expect("owners of fields")
}

#[tokio::test]
async fn applying_the_same_manifests_again_would_change_nothing() {
    let fake = Fake::start().await;
    let namespace = Arc::new(Cluster::shared().await.namespace().await);
    let source = Source::in_namespace(namespace.clone(), namespace.access.clone());
    let latchkey = Latchkey::start_from(source, LOCAL, &[]).await;
    write_all(&latchkey, &fake).await;
    wait_until_all_are(&namespace, "Current").await;
    // As people do, as Argo CD does by default, and as Flux does.
    for server_side in [&[][..], &["--server-side", "--force-conflicts"]] {
        let files = latchkey.manifests().display().to_string();
        kubectl(&namespace.access, &[&["apply", "--filename", &files], server_side].concat()).await;
        wait_until_all_are(&namespace, "Current").await;
        let difference = kubectl(&namespace.access, &[&["diff", "--filename", &files], server_side].concat()).await;
        assert_eq!(difference, "");
    }
}
