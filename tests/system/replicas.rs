//! Several replicas of one installation: all serve, one writes, and never two at a time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use tokio::process::Command;

use crate::support::{
    cluster::{Cluster, Namespace},
    fake::Fake,
    latchkey::{LOCAL, Latchkey},
    manifests,
    proxy::{Line, Proxy},
    source::Source,
    wait_for, wait_within,
};

/// A replica that is gone without a word is followed within its Lease, a turn, and what a busy machine takes.
const SUCCESSION: Duration = Duration::from_secs(25);
/// A replica that cannot renew its Lease stops writing within this time.
const WRITES: Duration = Duration::from_secs(10);

struct Replica {
    latchkey: Latchkey,
    proxy: Proxy,
}

/// One installation in a namespace of its own, with a provider that is ready.
struct Installation {
    fake: Fake,
    namespace: Arc<Namespace>,
}

impl Installation {
    async fn new() -> Self {
        let namespace = Arc::new(Cluster::shared().await.namespace().await);
        let installation = Self { fake: Fake::start().await, namespace };
        let secret = serde_yaml::from_str(&manifests::usual_secret()).expect("YAML");
        installation.namespace.apply(secret).await;
        installation.describe("first").await;
        installation
    }

    /// Applies the provider with another description: a new generation, which somebody has to write a status for.
    async fn describe(&self, description: &str) {
        let more = format!("  description: {description}\n");
        let provider = manifests::provider("demo", &self.fake.issuer, &more);
        self.namespace.apply(serde_yaml::from_str(&provider).expect("YAML")).await;
    }

    async fn replica(&self) -> Replica {
        let proxy = Proxy::start(&self.namespace.access).await;
        let source = Source::in_namespace(self.namespace.clone(), proxy.access());
        Replica { latchkey: Latchkey::start_from(source, LOCAL, &[]).await, proxy }
    }

    async fn wait_until_written(&self, limit: Duration) {
        wait_within(limit, "the status says what the last generation is", async || {
            let object = self.namespace.get("identityprovider", "demo").await?;
            (object["status"]["observedGeneration"] == object["metadata"]["generation"]).then_some(())
        })
        .await;
    }

    async fn holder(&self) -> Option<String> {
        let leases: Api<Lease> = Api::namespaced(self.namespace.client.clone(), &self.namespace.name);
        let lease = leases.get_opt("latchkey").await.expect("an answer of the API server")?;
        lease.spec?.holder_identity
    }
}

impl Replica {
    /// When it sent each of its writes, the renewals of the Lease aside.
    fn writes(&self) -> Vec<Instant> {
        let is_write = |method: &str, path: &str| method != "GET" && !path.contains("/leases");
        self.proxy.seen().iter().filter(|seen| is_write(&seen.method, &seen.path)).map(|seen| seen.at).collect()
    }

    async fn signal(&self, signal: &str) {
        let pid = self.latchkey.pid().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.expect("kill runs").success());
    }

    async fn wait_until_it_serves(&self) {
        self.latchkey.wait_until_offered("demo").await;
    }
}

#[tokio::test]
async fn one_replica_writes_all_serve_and_the_next_one_writes_nothing_that_is_there() {
    let installation = Installation::new().await;
    let mut first = installation.replica().await;
    installation.wait_until_written(SUCCESSION).await;
    let second = installation.replica().await;
    second.wait_until_it_serves().await;
    installation.describe("second").await;
    installation.wait_until_written(SUCCESSION).await;
    assert!(!first.writes().is_empty());
    assert!(second.writes().is_empty(), "the second only watches");

    let before = installation.holder().await;
    let stopped = Instant::now();
    first.latchkey.stop().await;
    wait_within(Duration::from_secs(5), "the second takes the Lease that the first let go", async || {
        let holder = installation.holder().await;
        (holder.is_some() && holder != before).then_some(())
    })
    .await;
    installation.describe("third").await;
    installation.wait_until_written(SUCCESSION).await;
    second.wait_until_it_serves().await;
    installation.describe("fourth").await;
    installation.wait_until_written(SUCCESSION).await;
    let [third, _] = second.writes()[..] else { panic!("a status each, no Event, and nothing that was there") };
    assert!(third > stopped);
}

#[tokio::test]
async fn a_leader_that_is_killed_is_followed_and_the_other_replica_serves_all_the_time() {
    let installation = Installation::new().await;
    let mut first = installation.replica().await;
    installation.wait_until_written(SUCCESSION).await;
    let second = installation.replica().await;
    second.wait_until_it_serves().await;
    first.latchkey.kill().await;
    second.wait_until_it_serves().await;
    installation.describe("second").await;
    installation.wait_until_written(SUCCESSION).await;
    assert!(!second.writes().is_empty());
}

#[tokio::test]
async fn a_leader_that_was_frozen_finds_itself_followed_and_writes_nothing() {
    let installation = Installation::new().await;
    let first = installation.replica().await;
    installation.wait_until_written(SUCCESSION).await;
    let second = installation.replica().await;
    second.wait_until_it_serves().await;
    first.signal("-STOP").await;
    let before = first.writes().len();
    installation.describe("second").await;
    installation.wait_until_written(SUCCESSION).await;
    assert!(!second.writes().is_empty());
    first.signal("-CONT").await;
    installation.describe("third").await;
    installation.wait_until_written(SUCCESSION).await;
    first.wait_until_it_serves().await;
    wait_for("the first looks at the Lease again", async || {
        first.latchkey.log().contains("no longer leading").then_some(())
    })
    .await;
    assert_eq!(first.writes().len(), before, "what it had begun is too late");
}

#[tokio::test]
async fn a_leader_that_is_cut_off_stops_writing_before_another_begins_and_serves_on() {
    let installation = Installation::new().await;
    let first = installation.replica().await;
    installation.wait_until_written(SUCCESSION).await;
    let second = installation.replica().await;
    second.wait_until_it_serves().await;
    // Renewals fail; everything else would pass.
    for method in ["GET", "PUT"] {
        first.proxy.answer(method, "/leases", crate::support::fake::Reply::Held);
    }
    let cut = Instant::now();
    let mut generation = 1;
    while second.writes().is_empty() {
        assert!(cut.elapsed() < SUCCESSION, "nobody follows");
        generation += 1;
        installation.describe(&format!("number {generation}")).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let last = *first.writes().last().expect("the first has written");
    assert!(last < second.writes()[0], "writes overlap");
    assert!(last < cut + WRITES + Duration::from_secs(1), "it wrote on for {:?}", last - cut);
    first.proxy.behave();
    installation.describe("last").await;
    installation.wait_until_written(SUCCESSION).await;
    first.wait_until_it_serves().await;
    assert_eq!(*first.writes().last().expect("writes"), last, "the first only watches");
}

#[tokio::test]
async fn a_line_that_was_cut_for_longer_than_the_lease_makes_nobody_write_what_is_there() {
    let installation = Installation::new().await;
    let only = installation.replica().await;
    installation.wait_until_written(SUCCESSION).await;
    wait_for("the Event is written", async || (only.writes().len() >= 2).then_some(())).await;
    let before = only.writes().len();
    only.proxy.set(Line::Cut);
    tokio::time::sleep(WRITES + Duration::from_secs(2)).await;
    only.wait_until_it_serves().await;
    installation.describe("while it was away").await;
    only.proxy.set(Line::Open);
    installation.wait_until_written(Duration::from_secs(60)).await;
    assert_eq!(only.writes().len(), before + 1, "one status for the generation that was missed");
}
