//! What a stop, a crash and a start leave as it was, and what happened meanwhile.

use crate::support::{AT_ONCE, latchkey::Latchkey, visitor::Visitor, wait_for, wait_within, world::World};
use serde_json::json;

async fn alice_in(world: &World) -> Visitor {
    let alice = Visitor::new();
    alice.sign_in(&world.latchkey, "demo", "alice").await;
    let session = alice.session(&world.latchkey).await.expect("alice is signed in");
    assert_eq!(session["roles"], json!(["admin", "viewer"]));
    alice
}

async fn restart(latchkey: &mut Latchkey, meanwhile: impl FnOnce(&Latchkey)) {
    latchkey.stop().await;
    meanwhile(latchkey);
    latchkey.start_again().await;
}

async fn wait_for_nobody(visitor: &Visitor, latchkey: &Latchkey) {
    wait_within(AT_ONCE, "the session is over", async || visitor.session(latchkey).await.is_none().then_some(())).await;
}

#[tokio::test]
async fn sessions_logins_under_way_and_times_of_transition_outlive_a_restart() {
    let mut world = World::start().await;
    let alice = alice_in(&world).await;
    let before = alice.session(&world.latchkey).await;
    let bob = Visitor::new();
    let callback = bob.come_back(&world.latchkey.url("o/default/login/demo"), "bob").await;
    let transitions = |latchkey: &Latchkey| {
        let kinds = [("identityprovider", "demo"), ("idpmapper", "engineers"), ("organization", "default")];
        kinds.map(|(kind, name)| latchkey.status_file(kind, name).expect("a status"))
    };
    let statuses = transitions(&world.latchkey);
    // Conditions count whole seconds: only after the next one could a restart be seen in them.
    let second = jiff::Timestamp::now().as_second();
    wait_for("the next second", async || (jiff::Timestamp::now().as_second() > second).then_some(())).await;
    restart(&mut world.latchkey, |_| {}).await;
    assert_eq!(alice.session(&world.latchkey).await, before);
    world.latchkey.wait_until_offered("demo").await;
    assert!(bob.get(&callback).await.signs_in(), "a login that was under way can be finished");
    wait_for("the statuses are as before", async || (transitions(&world.latchkey) == statuses).then_some(())).await;
}

#[tokio::test]
async fn a_mapper_that_changed_while_latchkey_was_stopped_counts_for_who_is_signed_in() {
    let mut world = World::start().await;
    let alice = alice_in(&world).await;
    restart(&mut world.latchkey, |latchkey| latchkey.edit("mappers.yaml", "group: engineering", "group: sales")).await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "roles", &["viewer"]).await;
    restart(&mut world.latchkey, |latchkey| latchkey.edit("mappers.yaml", "group: sales", "group: engineering")).await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "roles", &["admin", "viewer"]).await;
    restart(&mut world.latchkey, |latchkey| latchkey.remove("mappers.yaml")).await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "roles", &[]).await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "groups", &[]).await;
}

#[tokio::test]
async fn a_mapper_whose_file_is_broken_at_the_start_takes_nothing_away() {
    let mut world = World::start().await;
    let alice = alice_in(&world).await;
    restart(&mut world.latchkey, |latchkey| latchkey.edit("mappers.yaml", "when: {group", "when: {gruop")).await;
    world.latchkey.wait_until_offered("demo").await;
    let session = alice.session(&world.latchkey).await.expect("alice is signed in");
    assert_eq!(session["roles"], json!(["admin", "viewer"]));
    // Whoever signs in anew loses nothing by it either.
    alice.sign_in(&world.latchkey, "demo", "alice").await;
    let session = alice.session(&world.latchkey).await.expect("alice is signed in");
    assert_eq!(session["roles"], json!(["admin", "viewer"]));
    world.latchkey.edit("mappers.yaml", "when: {gruop: engineering", "when: {group: sales");
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "roles", &["viewer"]).await;
}

#[tokio::test]
async fn a_provider_that_was_suspended_while_latchkey_was_stopped_has_no_sessions() {
    let mut world = World::start().await;
    let alice = alice_in(&world).await;
    restart(&mut world.latchkey, |latchkey| latchkey.edit("provider.yaml", "spec:", "spec:\n  suspend: true")).await;
    wait_for_nobody(&alice, &world.latchkey).await;
    world.latchkey.edit("provider.yaml", "  suspend: true\n", "");
    world.latchkey.wait_until_offered("demo").await;
    assert_eq!(alice.session(&world.latchkey).await, None, "the old session comes back");
}

#[tokio::test]
async fn a_provider_that_was_deleted_while_latchkey_was_stopped_has_no_sessions() {
    let mut world = World::start().await;
    let alice = alice_in(&world).await;
    let text = std::fs::read_to_string(world.latchkey.manifests().join("provider.yaml")).expect("the manifest");
    restart(&mut world.latchkey, |latchkey| latchkey.remove("provider.yaml")).await;
    wait_for_nobody(&alice, &world.latchkey).await;
    restart(&mut world.latchkey, |latchkey| latchkey.write("provider.yaml", &text)).await;
    world.latchkey.wait_until_offered("demo").await;
    assert_eq!(alice.session(&world.latchkey).await, None, "the old session comes back");
}

#[tokio::test]
async fn a_session_that_ended_a_moment_before_a_stop_does_not_come_back_with_its_provider() {
    let mut world = World::start().await;
    for _ in 0..3 {
        let alice = alice_in(&world).await;
        world.latchkey.edit("provider.yaml", "spec:", "spec:\n  suspend: true");
        wait_for_nobody(&alice, &world.latchkey).await;
        restart(&mut world.latchkey, |latchkey| latchkey.edit("provider.yaml", "  suspend: true\n", "")).await;
        world.latchkey.wait_until_offered("demo").await;
        assert_eq!(alice.session(&world.latchkey).await, None, "the old session comes back");
    }
}

#[tokio::test]
async fn after_kill_9_who_was_signed_in_is_and_who_signed_out_is_not() {
    let mut world = World::start().await;
    let (alice, gone) = (alice_in(&world).await, alice_in(&world).await);
    let cookies = gone.cookie_header(&world.latchkey.url("").parse().expect("a URL"));
    let bob = Visitor::new();
    bob.sign_in(&world.latchkey, "demo", "bob").await;
    assert_eq!(gone.post(&world.latchkey.url("o/default/logout"), &[]).await.status, 303);
    world.latchkey.kill().await;
    world.latchkey.start_again().await;
    assert_eq!(alice.session(&world.latchkey).await.expect("alice is signed in")["userName"], "alice");
    assert_eq!(bob.session(&world.latchkey).await.expect("bob is signed in")["userName"], "bob");
    let answer = Visitor::new().get_with(&world.latchkey.url("o/default/session"), &[("cookie", &cookies)]).await;
    assert_eq!(answer.status, 401, "a session that was ended is back");
    world.latchkey.wait_until_offered("demo").await;
    // In the middle of logins, again and again.
    for _ in 0..3 {
        let visitor = Visitor::new();
        let callback = visitor.come_back(&world.latchkey.url("o/default/login/demo"), "bob").await;
        let killed = async {
            tokio::task::yield_now().await;
            let pid = world.latchkey.pid().to_string();
            let sent = tokio::process::Command::new("kill").args(["-KILL", &pid]).status().await;
            assert!(sent.expect("kill runs").success());
        };
        let (_, ()) = tokio::join!(visitor.try_get(&callback), killed);
        world.latchkey.ended().await;
        world.latchkey.start_again().await;
        world.latchkey.wait_until_offered("demo").await;
        visitor.sign_in(&world.latchkey, "demo", "bob").await;
        let session = visitor.session(&world.latchkey).await.expect("bob is signed in");
        assert_eq!((&session["roles"], &session["fullName"]), (&json!(["viewer"]), &json!("Bob Baker")));
    }
    assert!(alice.session(&world.latchkey).await.is_some());
}
