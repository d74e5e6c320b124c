//! Our keys come and go, and no library that checks access tokens is surprised: `jose` and PyJWT before, during and after
//! rotation. Time goes by as the keys in the database get older.

use std::time::Duration;

use serde_json::json;

use super::{
    answers::Given,
    id_token::now,
    libraries::{KEPT_FOR, Library},
    world::World,
};
use crate::support::{database::Database, visitor::Visitor, wait_within};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Organizations whose access tokens are good for as long as they can be.
async fn long_lived() -> World {
    World::start("", "  tokens: {lifetime: 24h}\n").await
}

impl World {
    async fn long_token(&self) -> String {
        self.gets("ada", json!({"exp": now() + 2 * DAY})).await.token
    }

    /// The names of the keys that are published.
    async fn kids(&self) -> Vec<String> {
        let jwks = self.jwks().await.json();
        let keys = jwks["keys"].as_array().expect("keys").iter();
        keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
    }

    /// All keys are so much older, and Latchkey was stopped meanwhile.
    async fn time_goes_by(&mut self, seconds: i64) {
        self.latchkey.stop().await;
        self.age(seconds).await;
        self.latchkey.start_again().await;
        self.wait_until_it_works().await;
    }

    /// All keys are so much older.
    async fn age(&self, seconds: i64) {
        let database = Database::of(&self.latchkey).await;
        let aged = "UPDATE keys SET made_at = made_at - CAST(?1 AS INTEGER) WHERE purpose = 'signing default/default'";
        assert!(database.run(aged, &[&(seconds * 1000).to_string()]).await > 0, "there are keys");
        database.pool.close().await;
    }
}

fn kid(token: &str) -> String {
    Given { token: token.to_owned(), expires_in: 0 }.header()["kid"].as_str().expect("a kid").to_owned()
}

#[tokio::test]
async fn who_kept_the_keys_for_as_long_as_they_may_never_fails_while_they_rotate() {
    let mut world = long_lived().await;
    let mut libraries = Library::both();
    let (mut passed, mut signers) = (0, Vec::new());
    // At each moment keys come or go: a fetch before it, and what was given out when the fetch has just become too old.
    for (number, moment) in
        [0, 30 * DAY, 31 * DAY, 32 * DAY + HOUR, 60 * DAY, 61 * DAY, 62 * DAY + HOUR].into_iter().enumerate()
    {
        let fetched = (moment - KEPT_FOR / 2).max(0);
        if fetched > passed {
            world.time_goes_by(fetched - passed).await;
        }
        let name = format!("verifier {number}");
        for library in &mut libraries {
            library.fetches(&name, &world).await;
        }
        let before = world.long_token().await;
        world.time_goes_by(KEPT_FOR - 5).await;
        passed = fetched + KEPT_FOR - 5;
        let after = world.long_token().await;
        for library in &mut libraries {
            library.fetches("fresh", &world).await;
            for (verifier, token, what) in [
                (&*name, &before, "what it might have checked at once"),
                (&*name, &after, "what came while it kept the keys"),
                ("fresh", &before, "what was given out before"),
                ("fresh", &after, "what was given out now"),
            ] {
                let verified = library.verify(verifier, &world, token).await;
                assert!(verified.is_ok(), "{} at day {}: {what}: {verified:?}", library.name, passed / DAY);
            }
        }
        signers.push(kid(&after));
    }
    signers.dedup();
    assert_eq!(signers.len(), 3, "each key signs for 30 days: {signers:?}");
}

#[tokio::test]
async fn tokens_are_good_until_their_end_and_a_retired_key_s_are_not_any_more() {
    let mut world = long_lived().await;
    let mut libraries = Library::both();
    let first = world.kids().await;
    // The next one is published a day before it signs.
    world.time_goes_by(30 * DAY + MINUTE).await;
    let both = world.kids().await;
    assert!(both.len() == 2 && both.contains(&first[0]), "{both:?}");
    world.time_goes_by(DAY - 2 * MINUTE).await;
    let last = world.long_token().await;
    assert_eq!(kid(&last), first[0]);
    world.time_goes_by(DAY).await;
    let new = world.long_token().await;
    assert!(kid(&new) != first[0] && both.contains(&kid(&new)), "a key signs for 30 days");
    for library in &mut libraries {
        library.fetches("a day later", &world).await;
        for token in [&last, &new] {
            library.verify("a day later", &world, token).await.expect(library.name);
        }
    }
    world.time_goes_by(7 * DAY).await;
    assert!(!world.kids().await.contains(&first[0]), "the old key has gone");
    for library in &mut libraries {
        library.fetches("a week later", &world).await;
        assert!(library.verify("a week later", &world, &last).await.is_err(), "{}", library.name);
        library.verify("a week later", &world, &new).await.expect(library.name);
    }
}

#[tokio::test]
async fn after_months_out_of_service_no_verifier_is_surprised_either() {
    let mut world = long_lived().await;
    let mut libraries = Library::both();
    world.time_goes_by(30 * DAY + HOUR).await;
    for library in &mut libraries {
        library.fetches("before", &world).await;
    }
    let published = world.kids().await;
    world.time_goes_by(90 * DAY).await;
    let token = world.long_token().await;
    // The newest key that has been published for a day signs, though its time is over; its successor is published.
    assert!(published.contains(&kid(&token)), "a key signs that nobody has seen yet");
    assert!(world.kids().await.iter().any(|kid| !published.contains(kid)), "the next one is published");
    for library in &mut libraries {
        library.verify("before", &world, &token).await.expect(library.name);
    }
    world.time_goes_by(DAY + HOUR).await;
    assert!(!published.contains(&kid(&world.long_token().await)), "and signs a day later");
}

#[tokio::test]
async fn keys_rotate_without_a_restart() {
    let world = long_lived().await;
    let before = world.kids().await;
    world.age(30 * DAY + HOUR).await;
    let (visitor, jwks) = (Visitor::new(), world.latchkey.at(".well-known/jwks.json"));
    // It looks every minute.
    wait_within(Duration::from_secs(150), "the next key is published", async || {
        let keys = visitor.get(&jwks).await.json();
        (keys["keys"].as_array().expect("keys").len() == 2).then_some(())
    })
    .await;
    assert!(world.kids().await.contains(&before[0]));
    assert_eq!(kid(&world.long_token().await), before[0], "the first one signs still");
}

#[tokio::test]
async fn keys_outlive_a_restart_and_are_sealed() {
    let mut world = World::start("", "").await;
    let (before, token) = (world.jwks().await, world.gets("ada", json!({})).await.token);
    world.latchkey.stop().await;
    world.latchkey.start_again().await;
    world.wait_until_it_works().await;
    assert_eq!(world.jwks().await.body, before.body);
    assert_eq!(kid(&token), world.kids().await[0]);
    let sealed: Vec<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM keys WHERE purpose LIKE 'signing %'")
        .fetch_all(&Database::of(&world.latchkey).await.pool)
        .await
        .expect("the keys");
    // PKCS#8 names the curve by these octets (RFC 5480, section 2.1.1.1).
    let p256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    assert!(!sealed.is_empty() && sealed.iter().all(|key| !key.windows(8).any(|octets| octets == p256)));
}
