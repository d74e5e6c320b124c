//! What a stop, a crash and a start leave as it was, and what happened meanwhile.

use serde_json::json;

use crate::support::{AT_ONCE, latchkey::Latchkey, source::On, visitor::Visitor, wait_for, wait_within, world::World};

on_both_sources! {
    sessions_logins_under_way_and_times_of_transition_outlive_a_restart,
    a_mapper_that_changed_while_latchkey_was_stopped_counts_for_who_is_signed_in,
    a_provider_that_was_suspended_while_latchkey_was_stopped_has_no_sessions,
    a_provider_that_was_deleted_while_latchkey_was_stopped_has_no_sessions,
    a_session_that_ended_a_moment_before_a_stop_does_not_come_back_with_its_provider,
    after_kill_9_who_was_signed_in_is_and_who_signed_out_is_not,
}

async fn alice_in(world: &World) -> Visitor {
    let alice = Visitor::new();
    alice.sign_in(&world.latchkey, "demo", "alice").await;
    let session = alice.session(&world.latchkey).await.expect("alice is signed in");
    assert_eq!(session["roles"], json!(["admin", "viewer"]));
    alice
}

async fn restart(latchkey: &mut Latchkey, meanwhile: impl AsyncFnOnce(&Latchkey)) {
    latchkey.stop().await;
    meanwhile(latchkey).await;
    latchkey.start_again().await;
}

async fn wait_for_nobody(visitor: &Visitor, latchkey: &Latchkey) {
    wait_within(AT_ONCE, "the session is over", async || visitor.session(latchkey).await.is_none().then_some(())).await;
}

async fn sessions_logins_under_way_and_times_of_transition_outlive_a_restart(on: On) {
    let mut world = World::start_on(on).await;
    let alice = alice_in(&world).await;
    let before = alice.session(&world.latchkey).await;
    let bob = Visitor::new();
    let callback = bob.come_back(&world.latchkey.at("login/demo"), "bob").await;
    let transitions = async |latchkey: &Latchkey| {
        let mut statuses = Vec::new();
        for (kind, name) in [("identityprovider", "demo"), ("idpmapper", "engineers"), ("organization", "default")] {
            statuses.push(latchkey.status(kind, name).await.expect("a status"));
        }
        statuses
    };
    let statuses = transitions(&world.latchkey).await;
    // Conditions count whole seconds: only after the next one could a restart be seen in them.
    let second = jiff::Timestamp::now().as_second();
    wait_for("the next second", async || (jiff::Timestamp::now().as_second() > second).then_some(())).await;
    restart(&mut world.latchkey, async |_| {}).await;
    assert_eq!(alice.session(&world.latchkey).await, before);
    world.latchkey.wait_until_offered("demo").await;
    assert!(bob.get(&callback).await.signs_in(), "a login that was under way can be finished");
    wait_for("the statuses are as before", async || (transitions(&world.latchkey).await == statuses).then_some(()))
        .await;
}

async fn a_mapper_that_changed_while_latchkey_was_stopped_counts_for_who_is_signed_in(on: On) {
    let mut world = World::start_on(on).await;
    let alice = alice_in(&world).await;
    restart(&mut world.latchkey, async |latchkey| {
        latchkey.edit("mappers.yaml", "group: engineering", "group: sales").await
    })
    .await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "roles", &["viewer"]).await;
    restart(&mut world.latchkey, async |latchkey| {
        latchkey.edit("mappers.yaml", "group: sales", "group: engineering").await
    })
    .await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "roles", &["admin", "viewer"]).await;
    restart(&mut world.latchkey, async |latchkey| latchkey.remove("mappers.yaml").await).await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "roles", &[]).await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "groups", &[]).await;
}

#[tokio::test]
async fn a_mapper_whose_file_is_broken_at_the_start_takes_nothing_away() {
    let mut world = World::start().await;
    let alice = alice_in(&world).await;
    restart(&mut world.latchkey, async |latchkey| latchkey.edit("mappers.yaml", "when: {group", "when: {gruop").await)
        .await;
    world.latchkey.wait_until_offered("demo").await;
    let session = alice.session(&world.latchkey).await.expect("alice is signed in");
    assert_eq!(session["roles"], json!(["admin", "viewer"]));
    // Whoever signs in anew loses nothing by it either.
    alice.sign_in(&world.latchkey, "demo", "alice").await;
    let session = alice.session(&world.latchkey).await.expect("alice is signed in");
    assert_eq!(session["roles"], json!(["admin", "viewer"]));
    world.latchkey.edit("mappers.yaml", "when: {gruop: engineering", "when: {group: sales").await;
    alice.wait_within_for_session(AT_ONCE, &world.latchkey, "roles", &["viewer"]).await;
}

async fn a_provider_that_was_suspended_while_latchkey_was_stopped_has_no_sessions(on: On) {
    let mut world = World::start_on(on).await;
    let alice = alice_in(&world).await;
    restart(&mut world.latchkey, async |latchkey| {
        latchkey.edit("provider.yaml", "spec:", "spec:\n  suspend: true").await
    })
    .await;
    wait_for_nobody(&alice, &world.latchkey).await;
    world.latchkey.edit("provider.yaml", "  suspend: true\n", "").await;
    world.latchkey.wait_until_offered("demo").await;
    assert_eq!(alice.session(&world.latchkey).await, None, "the old session comes back");
}

async fn a_provider_that_was_deleted_while_latchkey_was_stopped_has_no_sessions(on: On) {
    let mut world = World::start_on(on).await;
    let alice = alice_in(&world).await;
    let text = std::fs::read_to_string(world.latchkey.manifests().join("provider.yaml")).expect("the manifest");
    restart(&mut world.latchkey, async |latchkey| latchkey.remove("provider.yaml").await).await;
    wait_for_nobody(&alice, &world.latchkey).await;
    restart(&mut world.latchkey, async |latchkey| latchkey.write("provider.yaml", &text).await).await;
    world.latchkey.wait_until_offered("demo").await;
    assert_eq!(alice.session(&world.latchkey).await, None, "the old session comes back");
}

async fn a_session_that_ended_a_moment_before_a_stop_does_not_come_back_with_its_provider(on: On) {
    let mut world = World::start_on(on).await;
    for _ in 0..3 {
        let alice = alice_in(&world).await;
        world.latchkey.edit("provider.yaml", "spec:", "spec:\n  suspend: true").await;
        wait_for_nobody(&alice, &world.latchkey).await;
        restart(&mut world.latchkey, async |latchkey| latchkey.edit("provider.yaml", "  suspend: true\n", "").await)
            .await;
        world.latchkey.wait_until_offered("demo").await;
        assert_eq!(alice.session(&world.latchkey).await, None, "the old session comes back");
    }
}

async fn after_kill_9_who_was_signed_in_is_and_who_signed_out_is_not(on: On) {
    let mut world = World::start_on(on).await;
    let (alice, gone) = (alice_in(&world).await, alice_in(&world).await);
    let cookies = gone.cookie_header(&world.latchkey.url("").parse().expect("a URL"));
    let bob = Visitor::new();
    bob.sign_in(&world.latchkey, "demo", "bob").await;
    assert_eq!(gone.post(&world.latchkey.at("logout"), &[]).await.status, 303);
    world.latchkey.kill().await;
    world.latchkey.start_again().await;
    assert_eq!(alice.session(&world.latchkey).await.expect("alice is signed in")["userName"], "alice");
    assert_eq!(bob.session(&world.latchkey).await.expect("bob is signed in")["userName"], "bob");
    let answer = Visitor::new().get_with(&world.latchkey.at("session"), &[("cookie", &cookies)]).await;
    assert_eq!(answer.status, 401, "a session that was ended is back");
    world.latchkey.wait_until_offered("demo").await;
    // In the middle of logins, again and again.
    for _ in 0..3 {
        let visitor = Visitor::new();
        let callback = visitor.come_back(&world.latchkey.at("login/demo"), "bob").await;
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
