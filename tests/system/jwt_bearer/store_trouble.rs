//! The database takes no writes for a while: nobody gets a token, and nothing is used up.

use serde_json::json;
use sqlx::{Connection, Executor, SqliteConnection};

use super::{answers::refused, world::World};

#[tokio::test]
async fn while_the_store_is_down_there_are_no_tokens_and_afterwards_the_same_ones_are_good() {
    let world = World::start("", "").await;
    let path = world.latchkey.dir().join("latchkey.db");
    let mut held = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the database");
    held.execute("BEGIN EXCLUSIVE").await.expect("the lock");
    let (known, new) = (world.ask("somebody", json!({})), world.ask("new", json!({})));
    for ask in [&known, &new] {
        let answer = ask.clone().send(&world.latchkey).await;
        let seconds: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
        assert!((1..=120).contains(&seconds), "{seconds}");
        let seen = refused(&world.latchkey, &answer).expect("a refusal");
        assert_eq!(
            (seen.status, &*seen.error, &*seen.code),
            (503, "temporarily_unavailable", "store"),
            "{}",
            seen.line
        );
    }
    // What is wrong is wrong without the store.
    let wrong = world.ask("somebody", json!({"aud": "m4rk"}));
    wrong.gets_refused(&world.latchkey, 400, "invalid_grant", "aud_not_ours").await;
    // The keys are in memory.
    assert_eq!(world.jwks().await.status, 200);
    held.execute("ROLLBACK").await.expect("the lock is given back");
    for ask in [known, new] {
        ask.clone().gets(&world.latchkey).await;
        ask.gets_refused(&world.latchkey, 400, "invalid_grant", "token_used").await;
    }
}
