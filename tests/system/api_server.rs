//! The API server slow, refusing, cut off, silent: logins go on, nothing is written twice, and everything converges.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    cluster::Cluster,
    fake::{Fake, Reply},
    latchkey::{LOCAL, Latchkey},
    manifests,
    provider::{CLIENT_SECRET, Provider},
    proxy::{Line, Proxy},
    source::Source,
    visitor::Visitor,
    wait_for, wait_within,
};

/// What was missed is noticed within the longest wait of a watch, and what a busy machine takes.
const CONVERGES: Duration = Duration::from_secs(75);
/// A connection that leads nowhere is noticed within this time.
const NOTICED: Duration = Duration::from_secs(210);

struct World {
    latchkey: Latchkey,
    proxy: Proxy,
}

/// Latchkey behind a proxy to the API server, where these files are applied before.
async fn start(files: &[(&str, &str)], before: impl FnOnce(&Proxy)) -> World {
    let namespace = Arc::new(Cluster::shared().await.namespace().await);
    let proxy = Proxy::start(&namespace.access).await;
    before(&proxy);
    let source = Source::in_namespace(namespace, proxy.access());
    World { latchkey: Latchkey::start_from(source, LOCAL, files).await, proxy }
}

/// As `start`, with the provider `demo` of a fake, and `more` in its spec.
async fn start_with_demo(more: &str, before: impl FnOnce(&Proxy)) -> (Fake, World) {
    let fake = Fake::start().await;
    let demo = manifests::provider("demo", &fake.issuer, more);
    let files = [("provider.yaml", &*demo), ("secret.yaml", &manifests::usual_secret())];
    let world = start(&files, before).await;
    (fake, world)
}

fn refusal(code: u16, reason: &str) -> Reply {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "as the test says",
        "reason": reason, "code": code
    });
    let Reply::With { status, body, .. } = Reply::status(code, &status.to_string()) else { unreachable!() };
    let headers = vec![("content-type", "application/json".to_owned()), ("retry-after", "86400".to_owned())];
    Reply::With { status, headers, body }
}

/// What a watch is told whose version the API server no longer knows: it has to list again.
fn expired() -> Reply {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "too old",
        "reason": "Expired", "code": 410
    });
    Reply::text("application/json", &format!("{}\n", json!({"type": "ERROR", "object": status})))
}

impl World {
    fn status_writes(&self, kind: &str) -> usize {
        self.proxy
            .seen()
            .iter()
            .filter(|seen| seen.method == "PATCH" && seen.path.contains(kind) && seen.status == Some(200))
            .count()
    }

    async fn wait_until_observed(&self, generation: i64) {
        wait_within(CONVERGES, &format!("generation {generation} is observed"), async || {
            let status = self.latchkey.status("identityprovider", "demo").await?;
            (status["observedGeneration"] == generation).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_kind_that_may_not_be_watched_delays_no_other() {
    let fake = Fake::start().await;
    let public = manifests::provider("public", &fake.issuer, "")
        .replace("secretRef: {name: demo-client, key: client-secret}", "authMethod: None");
    let private = manifests::provider("private", &fake.issuer, "");
    let files = [("public.yaml", &*public), ("private.yaml", &*private), ("secret.yaml", &manifests::usual_secret())];
    let began = Instant::now();
    let world = start(&files, |proxy| proxy.answer("GET", "/secrets", refusal(403, "Forbidden"))).await;
    world.latchkey.wait_until_ready("public").await;
    assert!(began.elapsed() < Duration::from_secs(20), "it waited for {:?}", began.elapsed());
    assert!(world.latchkey.log().contains("secrets cannot be watched: grant"), "the log says what to do");
    let asked = || world.proxy.count("GET", "/secrets");
    let before = asked();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(asked() - before <= 10, "two watches asked {} times in ten seconds", asked() - before);
    assert!(!world.latchkey.log().contains("can be watched again"), "nothing is well yet");
    world.proxy.behave();
    world
        .latchkey
        .wait_within_for_condition(CONVERGES, "identityprovider", "private", ["Ready", "True", "Succeeded"])
        .await;
}

#[tokio::test]
async fn without_its_kinds_it_waits_for_them() {
    let cluster = Cluster::empty().await;
    let proxy = Proxy::start(&cluster.access).await;
    let namespace = Arc::new(cluster.namespace().await);
    let source = Source::in_namespace(namespace.clone(), proxy.access());
    let latchkey = Latchkey::start_from(source, LOCAL, &[]).await;
    assert!(latchkey.log().contains("install the CustomResourceDefinitions"), "{}", latchkey.log());
    cluster.install_crds().await;
    let fake = Fake::start().await;
    latchkey.write("secret.yaml", &manifests::usual_secret()).await;
    latchkey.write("provider.yaml", &manifests::provider("demo", &fake.issuer, "")).await;
    latchkey.wait_within_for_condition(CONVERGES, "identityprovider", "demo", ["Ready", "True", "Succeeded"]).await;
}

#[tokio::test]
async fn a_listing_of_secrets_that_is_cut_short_is_not_logged() {
    let cut = r#"{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"data":{"k":"aHVudGVyMg=="#;
    let (_fake, world) = start_with_demo("", |_| {}).await;
    world.latchkey.wait_until_ready("demo").await;
    world.proxy.answer("GET", "/secrets?&labelSelector=", Reply::text("application/json", cut));
    world.proxy.answer("GET", "/secrets?&watch=", expired());
    world.proxy.break_watches();
    wait_for("the failure is logged", async || {
        world.latchkey.log().contains("the secrets cannot be watched").then_some(())
    })
    .await;
    let lists = || world.proxy.count("GET", "/secrets?&labelSelector=");
    let before = lists();
    wait_within(CONVERGES, "the listing is tried again", async || (lists() > before + 1).then_some(())).await;
    assert!(!world.latchkey.log().contains("aHVudGVyMg"), "{}", world.latchkey.log());
    world.proxy.behave();
    let another = manifests::secret("the-second-client-secret-of-a-test");
    world.latchkey.write("secret.yaml", &another.replace("client-secret:", "other:")).await;
    let missing = ["Ready", "False", "SecretKeyMissing"];
    world.latchkey.wait_within_for_condition(CONVERGES, "identityprovider", "demo", missing).await;
}

#[tokio::test]
async fn retry_after_a_day_does_not_make_it_wait_a_day() {
    let too_many = || refusal(429, "TooManyRequests");
    let (_fake, world) = start_with_demo("", |proxy| proxy.answer("PATCH", "/status", too_many())).await;
    wait_for("the status is refused", async || {
        world.proxy.seen().iter().any(|seen| seen.status == Some(429)).then_some(())
    })
    .await;
    world.proxy.behave();
    world.latchkey.wait_until_ready("demo").await;
    world.proxy.answer("GET", "/identityproviders", too_many());
    world.proxy.break_watches();
    wait_for("the watch is refused", async || {
        world.proxy.seen().iter().any(|seen| seen.method == "GET" && seen.status == Some(429)).then_some(())
    })
    .await;
    world.latchkey.edit("provider.yaml", "  displayName:", "  suspend: true\n  displayName:").await;
    world.proxy.behave();
    let suspended = ["Ready", "True", "Suspended"];
    world.latchkey.wait_within_for_condition(CONVERGES, "identityprovider", "demo", suspended).await;
}

#[tokio::test]
async fn a_status_that_is_refused_is_written_later_and_once() {
    let (_fake, world) = start_with_demo("", |_| {}).await;
    world.latchkey.wait_until_ready("demo").await;
    let mut edit = (String::new(), "  description: number 0\n".to_owned());
    for (number, code) in [409, 403, 500, 503].into_iter().enumerate() {
        let refused = || world.proxy.seen().iter().filter(|seen| seen.status == Some(code)).count();
        world.proxy.answer("PATCH", "/status", refusal(code, "AsTheTestSays"));
        let (from, to) = (format!("{}  displayName:", edit.0), format!("{}  displayName:", edit.1));
        world.latchkey.edit("provider.yaml", &from, &to).await;
        wait_for("the status is refused", async || (refused() > 1).then_some(())).await;
        let written = world.status_writes("/identityproviders/demo");
        world.proxy.behave();
        world.wait_until_observed(number as i64 + 2).await;
        // The proxy notes an answer a moment after the API server has given it.
        wait_for("the answer is noted", async || {
            (world.status_writes("/identityproviders/demo") > written).then_some(())
        })
        .await;
        assert_eq!(world.status_writes("/identityproviders/demo"), written + 1, "after {code}");
        edit = (edit.1, format!("  description: number {}\n", number + 1));
    }
}

#[tokio::test]
async fn while_the_api_server_is_cut_off_logins_go_on_and_afterwards_what_was_missed_counts() {
    let provider = Provider::start().await;
    let demo = manifests::provider("demo", &provider.issuer, "");
    let other = manifests::provider("other", &provider.issuer, "");
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("mappers.yaml", manifests::MAPPERS),
        ("provider.yaml", &demo),
        ("other.yaml", &other),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let world = start(&files, |_| {}).await;
    let callbacks = ["demo", "other"].map(|key| world.latchkey.at(&format!("callback/{key}")));
    provider.register(CLIENT_SECRET, &[&callbacks[0], &callbacks[1]]).await;
    world.latchkey.wait_until_ready("demo").await;
    world.latchkey.wait_until_ready("other").await;
    let alice = Visitor::new();
    alice.sign_in(&world.latchkey, "other", "alice").await;
    let written = world.status_writes("/identityproviders/demo");

    world.proxy.set(Line::Cut);
    let bob = Visitor::new();
    bob.sign_in(&world.latchkey, "demo", "bob").await;
    world.latchkey.edit("provider.yaml", "  displayName:", "  description: a\n  displayName:").await;
    world.latchkey.edit("provider.yaml", "  description: a\n", "  description: b\n").await;
    world.latchkey.remove("other.yaml").await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(alice.session(&world.latchkey).await.is_some(), "what nobody can know has not happened");
    assert!(bob.session(&world.latchkey).await.is_some());

    world.proxy.set(Line::Open);
    world.wait_until_observed(3).await;
    wait_within(CONVERGES, "the sessions of the deleted provider are over", async || {
        alice.session(&world.latchkey).await.is_none().then_some(())
    })
    .await;
    assert!(bob.session(&world.latchkey).await.is_some());
    assert_eq!(
        world.status_writes("/identityproviders/demo"),
        written + 1,
        "two edits that were missed are one status"
    );
}

#[tokio::test]
async fn watches_that_break_off_again_and_again_miss_nothing() {
    let (_fake, world) = start_with_demo("  description: number 0\n", |_| {}).await;
    world.latchkey.wait_until_ready("demo").await;
    for number in 1..=5 {
        world.proxy.break_watches();
        let [before, now] = [number - 1, number].map(|number| format!("number {number}"));
        world.latchkey.edit("provider.yaml", &before, &now).await;
        world.proxy.break_watches();
    }
    world.wait_until_observed(6).await;
}

#[tokio::test]
async fn an_api_server_that_takes_its_time_is_waited_for() {
    let (_fake, world) = start_with_demo("", |proxy| proxy.set(Line::Slow(Duration::from_millis(1500)))).await;
    world
        .latchkey
        .wait_within_for_condition(CONVERGES, "identityprovider", "demo", ["Ready", "True", "Succeeded"])
        .await;
    assert_eq!(world.status_writes("/identityproviders/demo"), 1, "nothing is written twice");
}

#[tokio::test]
async fn a_listing_of_what_was_before_its_own_writes_is_corrected() {
    let (_fake, world) = start_with_demo("", |_| {}).await;
    world.latchkey.wait_until_ready("demo").await;
    let list = format!("/apis/latchkey.dev/v1alpha1/namespaces/{}/identityproviders", world.latchkey.organization());
    let stale = world.proxy.answer_of_now(&format!("{list}?")).await;
    world.latchkey.edit("provider.yaml", "  displayName:", "  suspend: true\n  displayName:").await;
    let suspended = ["Ready", "True", "Suspended"];
    world.latchkey.wait_for_condition("identityprovider", "demo", suspended).await;
    // The API server no longer knows the version that is to be watched from, and lists what was before.
    let lists = || world.proxy.count("GET", "/identityproviders?&limit=");
    let before = lists();
    world.proxy.answer("GET", "/identityproviders?&limit=", stale);
    world.proxy.answer("GET", "/identityproviders?&watch=", expired());
    world.proxy.break_watches();
    wait_within(CONVERGES, "it lists again", async || (lists() > before).then_some(())).await;
    world.proxy.behave();
    world.latchkey.wait_within_for_condition(CONVERGES, "identityprovider", "demo", suspended).await;
    wait_within(CONVERGES, "the provider is suspended here, too", async || {
        (Visitor::new().get(&world.latchkey.at("login/demo")).await.status == 503).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_leads_nowhere_is_noticed_and_replaced() {
    let (_fake, world) = start_with_demo("", |_| {}).await;
    world.latchkey.wait_until_ready("demo").await;
    world.proxy.set(Line::BlackHole);
    let before = world.proxy.count("GET", "/identityproviders");
    wait_within(NOTICED, "the providers are watched anew", async || {
        (world.proxy.count("GET", "/identityproviders") > before).then_some(())
    })
    .await;
    assert_eq!(world.latchkey.management("healthz").await.0, 200);
    world.proxy.set(Line::Open);
    world.latchkey.edit("provider.yaml", "  displayName:", "  suspend: true\n  displayName:").await;
    let suspended = ["Ready", "True", "Suspended"];
    world.latchkey.wait_within_for_condition(CONVERGES, "identityprovider", "demo", suspended).await;
}
