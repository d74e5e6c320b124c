//! Killed right after a write, before it can know of it: the next process goes on where the last one was.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;

use crate::support::{
    cluster::Cluster,
    fake::Fake,
    latchkey::{LOCAL, Latchkey},
    manifests,
    proxy::Proxy,
    source::Source,
    wait_for, wait_within,
};

const OBJECTS: [(&str, &str); 4] =
    [("organization", "default"), ("identityprovider", "demo"), ("idpmapper", "engineers"), ("idpmapper", "everyone")];
/// The Lease of who was killed ends first; and several do this at a time.
const CONVERGES: Duration = Duration::from_secs(90);

#[tokio::test]
async fn killed_after_any_of_its_writes_it_goes_on_where_it_was() {
    // The Lease, a status for each object, and an Event.
    join_all((1..=2 + OBJECTS.len()).map(kill_after)).await;
}

/// Kills Latchkey after so many writes, and starts it again.
async fn kill_after(writes: usize) {
    let fake = Fake::start().await;
    let namespace = Arc::new(Cluster::shared().await.namespace().await);
    let proxy = Proxy::start(&namespace.access).await;
    proxy.hold_after_writes(writes);
    let files = [
        ("secret.yaml", manifests::usual_secret()),
        ("organization.yaml", manifests::ORGANIZATION.to_owned()),
        ("mappers.yaml", manifests::MAPPERS.to_owned()),
        ("provider.yaml", manifests::provider("demo", &fake.issuer, "")),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let source = Source::in_namespace(namespace, proxy.access());
    let mut latchkey = Latchkey::start_from(source, LOCAL, &files).await;
    wait_for("the last write is made", async || proxy.holds_writes().then_some(())).await;
    latchkey.kill().await;
    proxy.behave();
    latchkey.start_again().await;
    for (kind, name) in OBJECTS {
        let what = format!("{kind} {name} is ready, {writes} writes before the crash");
        wait_within(CONVERGES, &what, async || {
            (latchkey.condition(kind, name, "Ready").await?.status == "True").then_some(())
        })
        .await;
        // Once before the crash, and once after it, for those who did not get through or know more now.
        let written = proxy.count("PATCH", &format!("/{kind}s/{name}/status"));
        assert!(written <= 2, "{kind} {name}: its status was written {written} times");
    }
}
