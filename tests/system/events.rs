//! What an API server is told about objects beside their statuses, how seldom, and what may be asked for.

use std::{sync::Arc, time::Duration};

use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::support::{
    AT_ONCE, DEADLINE,
    cluster::Cluster,
    fake::{Fake, Reply},
    latchkey::{LOCAL, Latchkey},
    manifests,
    proxy::Proxy,
    source::{On, Source},
    wait_for, wait_within,
};

on_both_sources! { a_reconciliation_can_be_asked_for }

async fn a_reconciliation_can_be_asked_for(on: On) {
    let fake = Fake::start().await;
    let demo = manifests::provider("demo", &fake.issuer, "");
    let files = [("provider.yaml", &*demo), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_on(on, &files).await;
    latchkey.wait_until_ready("demo").await;
    for token in ["2026-11-22T12:00:00Z", "again"] {
        let asked = fake.count("/.well-known/openid-configuration");
        let annotated = format!("{{name: demo, annotations: {{latchkey.dev/reconcile-requested-at: \"{token}\"}}}}");
        latchkey.write("provider.yaml", &demo.replace("{name: demo}", &annotated)).await;
        wait_within(AT_ONCE, "the status echoes what was asked for", async || {
            let status = latchkey.status("identityprovider", "demo").await?;
            (status["lastHandledReconcileAt"] == token).then_some(())
        })
        .await;
        assert_eq!(fake.count("/.well-known/openid-configuration"), asked + 1, "the provider was asked");
    }
}

struct World {
    latchkey: Latchkey,
    proxy: Proxy,
    namespace: Arc<crate::support::cluster::Namespace>,
}

impl World {
    async fn start(files: &[(&str, &str)]) -> Self {
        let namespace = Arc::new(Cluster::shared().await.namespace().await);
        let proxy = Proxy::start(&namespace.access).await;
        let source = Source::in_namespace(namespace.clone(), proxy.access());
        Self { latchkey: Latchkey::start_from(source, LOCAL, files).await, proxy, namespace }
    }

    /// Of the provider `demo`: type, reason and note, oldest first.
    async fn events(&self) -> Vec<Value> {
        let list = self.namespace.api("event").list(&ListParams::default()).await.expect("the Events");
        let mut events: Vec<_> = list.items.into_iter().map(|event| event.data).collect();
        events.retain(|event| event["regarding"]["name"] == "demo");
        events.sort_by_key(|event| event["eventTime"].to_string());
        events
    }

    async fn wait_for_events(&self, reasons: &[&str]) -> Vec<Value> {
        wait_for(&format!("the Events {reasons:?}"), async || {
            let events = self.events().await;
            (events.iter().map(|event| event["reason"].as_str().unwrap_or_default()).eq(reasons.iter().copied()))
                .then_some(events)
        })
        .await
    }

    /// Requests that change something, the renewals of the Lease aside.
    fn writes(&self) -> usize {
        self.proxy.seen().iter().filter(|seen| seen.method != "GET" && !seen.path.contains("/leases")).count()
    }
}

#[tokio::test]
async fn each_turn_of_ready_is_one_event_with_its_reason() {
    let fake = Fake::start().await;
    let demo = manifests::provider("demo", &fake.issuer, "  discovery: {interval: 1s}\n");
    let world = World::start(&[("provider.yaml", &demo)]).await;
    world.wait_for_events(&["SecretNotFound"]).await;
    world.latchkey.write("secret.yaml", &manifests::usual_secret()).await;
    world.wait_for_events(&["SecretNotFound", "Succeeded"]).await;
    fake.answer("/.well-known/openid-configuration", Reply::status(500, ""));
    world.wait_for_events(&["SecretNotFound", "Succeeded", "HTTPStatus"]).await;
    fake.behave("/.well-known/openid-configuration");
    let events = world.wait_for_events(&["SecretNotFound", "Succeeded", "HTTPStatus", "Succeeded"]).await;
    let [missing, ready, stale, _] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!([&missing["type"], &ready["type"], &stale["type"]], ["Warning", "Normal", "Warning"]);
    assert!(missing["note"].as_str().is_some_and(|note| note.contains("demo-client")), "{missing}");
    assert_eq!(missing["regarding"]["kind"], "IdentityProvider");
    assert_eq!(missing["reportingController"], "latchkey.dev/latchkey");
}

#[tokio::test]
async fn a_status_that_somebody_else_changed_is_written_anew() {
    let fake = Fake::start().await;
    let demo = manifests::provider("demo", &fake.issuer, "  discovery: {interval: 1s}\n");
    let world = World::start(&[("provider.yaml", &demo), ("secret.yaml", &manifests::usual_secret())]).await;
    world.latchkey.wait_until_ready("demo").await;
    let before = world.latchkey.status("identityprovider", "demo").await.expect("a status");
    let providers = world.namespace.api("identityprovider");
    let forged = json!({"status": {"redirectURI": "https://evil.example/"}});
    let patch = Patch::Merge(&forged);
    providers.patch_status("demo", &PatchParams::default(), &patch).await.expect("patched");
    let as_before = async || {
        wait_within(DEADLINE, "the status is as it was", async || {
            (world.latchkey.status("identityprovider", "demo").await? == before).then_some(())
        })
        .await;
    };
    as_before().await;
    // As a backup does that restores statuses: what it put there is its own.
    let restored = json!({
        "apiVersion": "latchkey.dev/v1alpha1", "kind": "IdentityProvider", "metadata": {"name": "demo"},
        "status": {"conditions": [{
            "type": "Stalled", "status": "True", "reason": "KeyConflict", "message": "", "observedGeneration": 1,
            "lastTransitionTime": "2026-11-22T05:57:10Z"
        }]}
    });
    providers.patch_status("demo", &PatchParams::apply("velero"), &Patch::Apply(&restored)).await.expect("applied");
    as_before().await;
    let writes = world.writes();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.writes(), writes, "once is enough");
}

#[tokio::test]
async fn while_nothing_changes_nothing_is_written_however_often_the_providers_are_asked() {
    const PROVIDERS: usize = 40;
    let fake = Fake::start().await;
    let mut all = manifests::usual_secret();
    for number in 0..PROVIDERS {
        let more = "  discovery: {interval: 1s}\n";
        all += &format!("---\n{}", manifests::provider(&format!("demo{number}"), &fake.issuer, more));
        all += &format!(
            "---\napiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: demo{number}}}\nspec:\n  \
             identityProviderRefs: [{{name: demo{number}}}]\n  grant: {{administrator: true}}\n"
        );
    }
    let mut world = World::start(&[("all.yaml", &all)]).await;
    for number in 0..PROVIDERS {
        world.latchkey.wait_until_ready(&format!("demo{number}")).await;
    }
    let quiet = async |world: &World| {
        let mut before = usize::MAX;
        wait_for("it is quiet", async || {
            tokio::time::sleep(Duration::from_secs(2)).await;
            (std::mem::replace(&mut before, world.writes()) == world.writes()).then_some(())
        })
        .await;
    };
    quiet(&world).await;
    let (writes, asked) = (world.writes(), fake.count("/.well-known/openid-configuration"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(fake.count("/.well-known/openid-configuration") >= asked + 5, "it is awake");
    assert_eq!(world.writes(), writes, "while idle");
    world.latchkey.stop().await;
    world.latchkey.start_again().await;
    world.latchkey.wait_until_offered("demo0").await;
    quiet(&world).await;
    assert_eq!(world.writes(), writes, "after a restart");
}
