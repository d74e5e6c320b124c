//! Who asks too often waits for as long as the answer says; others don't.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;

use super::{
    answers::refused,
    ask::{Ask, client, own_address},
    world::World,
};
use crate::support::visitor::Answer;

/// More than anybody may ask at one moment.
const TOO_OFTEN: usize = 5000;

/// Asks without an assertion until it was too often.
async fn until_refused(world: &World, ask: &Ask) -> Answer {
    let http = client();
    for _ in 0..TOO_OFTEN / 100 {
        let answers = join_all((0..100).map(|_| ask.clone().send_over(&http, &world.latchkey))).await;
        if let Some(answer) = answers.into_iter().find(|answer| answer.status == 429) {
            return answer;
        }
    }
    panic!("{TOO_OFTEN} requests of one address are not too many");
}

#[tokio::test]
async fn who_asks_too_often_waits_as_long_as_told_and_nobody_else_does() {
    let world = World::start("", "").await;
    let address = own_address();
    let wrong = world.ask("somebody", json!({})).without("assertion").from(&address);
    until_refused(&world, &wrong).await;
    // What would be right is refused, too, and is not used up.
    let right = world.ask("somebody", json!({})).from(&address);
    let (mut answer, began) = (right.clone().send(&world.latchkey).await, Instant::now());
    if answer.status == 200 {
        // A moment was enough for one more.
        answer = until_refused(&world, &wrong).await;
    }
    let seconds: u64 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    let seen = refused(&world.latchkey, &answer).expect("a refusal");
    assert_eq!((seen.status, &*seen.code), (429, "too_many_requests"), "{}", seen.line);
    world.gets("elsewhere", json!({})).await;
    // That this is enough is what is to be seen.
    tokio::time::sleep(Duration::from_secs(seconds).saturating_sub(began.elapsed())).await;
    world.ask("somebody", json!({})).from(&address).gets(&world.latchkey).await;
}

#[tokio::test]
async fn an_address_that_no_trusted_proxy_says_does_not_count() {
    let flags = crate::support::latchkey::LOCAL;
    let world = World::start_with(flags, "", "").await;
    let wrong = world.ask("somebody", json!({})).without("assertion");
    until_refused(&world, &wrong).await;
    // All come from one address, whatever they say.
    let http = client();
    let from_anywhere = || wrong.clone().from(&own_address());
    let answers = join_all((0..100).map(|_| from_anywhere().send_over(&http, &world.latchkey))).await;
    assert!(answers.iter().any(|answer| answer.status == 429));
}
