//! The database takes no writes for a while, as when a disk is full or another process holds it.

use sqlx::{Connection, Executor, SqliteConnection};

use crate::support::{latchkey::Latchkey, refusal::must_be_refused, visitor::Visitor, wait_for, world::World};

/// Keeps every other writer out until it is dropped.
async fn lock(latchkey: &Latchkey) -> SqliteConnection {
    let path = latchkey.dir().join("latchkey.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the database");
    connection.execute("BEGIN EXCLUSIVE").await.expect("the lock");
    connection
}

#[tokio::test]
async fn sessions_go_on_logouts_hold_and_new_logins_get_a_plain_page() {
    let mut world = World::start().await;
    let latchkey = &world.latchkey;
    let (alice, bob, late) = (Visitor::new(), Visitor::new(), Visitor::new());
    alice.sign_in(latchkey, "demo", "alice").await;
    bob.sign_in(latchkey, "demo", "bob").await;
    let cookies = bob.cookie_header(&latchkey.url("").parse().expect("a URL"));
    let callback = late.come_back(&latchkey.url("o/default/login/demo"), "alice").await;

    let held = lock(latchkey).await;
    must_be_refused("a new login", latchkey, &late.get(&callback).await, 503, "store");
    assert!(alice.session(latchkey).await.is_some());
    assert_eq!(alice.get(&latchkey.url("o/default/auth?role=admin")).await.status, 200);
    assert_eq!(bob.post(&latchkey.url("o/default/logout"), &[]).await.status, 303);
    let ask = async |latchkey: &Latchkey| {
        Visitor::new().get_with(&latchkey.url("o/default/session"), &[("cookie", &cookies)]).await.status
    };
    assert_eq!(ask(latchkey).await, 401, "the logout holds in memory");
    // A mapper that changes meanwhile takes effect later rather than never.
    latchkey.edit("mappers.yaml", "group: engineering", "group: sales").await;

    drop(held);
    alice.wait_within_for_session(crate::support::DEADLINE, latchkey, "roles", &["viewer"]).await;
    wait_for("logins work again without a restart", async || {
        Visitor::new().try_to_sign_in(latchkey, "demo", "alice").await.signs_in().then_some(())
    })
    .await;
    world.latchkey.stop().await;
    world.latchkey.start_again().await;
    assert_eq!(ask(&world.latchkey).await, 401, "the logout was written");
    assert!(alice.session(&world.latchkey).await.is_some());
}
