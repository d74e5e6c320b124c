//! An ID token is used once, however many bring it at one moment, and whatever happens to the process.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use serde_json::json;

use super::{
    answers::{given, refused},
    ask::Ask,
    id_token::{claims, now},
    signatures::other_form,
    world::{World, at_provider},
};
use crate::{
    jwt_bearer::ask::ask,
    support::{fake::sign, wait_for},
};

/// Exactly one of these gets a token, and all others are told that it was used.
async fn one_gets_it(world: &World, asks: Vec<Ask>) {
    let answers = join_all(asks.into_iter().map(|ask| ask.send(&world.latchkey))).await;
    let good = answers.iter().filter(|answer| given(answer).is_ok()).count();
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        let seen = refused(&world.latchkey, answer).expect("a refusal");
        assert_eq!((seen.status, &*seen.error, &*seen.code), (400, "invalid_grant", "token_used"), "{}", seen.line);
    }
    assert_eq!(good, 1);
}

#[tokio::test]
async fn of_fifty_at_one_moment_exactly_one_gets_a_token() {
    let world = World::start("", "").await;
    for round in 0..5 {
        // Of somebody who is known, and of somebody who is not.
        for person in ["somebody".to_owned(), format!("new-{round}")] {
            let ask = world.ask(&person, json!({}));
            one_gets_it(&world, vec![ask; 50]).await;
        }
    }
}

#[tokio::test]
async fn of_fifty_forms_of_one_token_exactly_one_gets_a_token() {
    let world = World::start("", "").await;
    let mut claims = claims(&world.main, &at_provider("desktop"), "somebody");
    claims.as_object_mut().expect("claims").shift_remove("jti");
    // Each is signed anew, and has another form besides.
    let tokens = (0..25).flat_map(|_| {
        let token = sign(&claims);
        [other_form(&token), token]
    });
    let asks = tokens.map(|token| ask("desktop", &token)).collect();
    one_gets_it(&world, asks).await;
}

#[tokio::test]
async fn fifty_tokens_of_one_person_are_fifty() {
    let world = World::start("", "").await;
    let asks: Vec<_> = (0..50).map(|_| world.ask("new", json!({}))).collect();
    let all = join_all(asks.into_iter().map(|ask| ask.gets(&world.latchkey))).await;
    let users: std::collections::BTreeSet<_> = all.iter().map(|given| given.claims()["sub"].to_string()).collect();
    let ids: std::collections::BTreeSet<_> = all.iter().map(|given| given.claims()["jti"].to_string()).collect();
    assert_eq!((users.len(), ids.len()), (1, 50));
}

#[tokio::test]
async fn what_was_used_stays_used_after_kill_9() {
    let mut world = World::start("  jwtBearer: {maxTokenAge: 1h}\n", "").await;
    let all = [("ada", json!({})), ("bea", json!({"jti": null})), ("cleo", json!({"iat": now() - 1800}))];
    let asks: Vec<_> = all.into_iter().map(|(person, changes)| world.ask(person, changes)).collect();
    for ask in &asks {
        ask.clone().gets(&world.latchkey).await;
    }
    world.latchkey.kill().await;
    world.latchkey.start_again().await;
    world.wait_until_it_works().await;
    for ask in asks {
        ask.gets_refused(&world.latchkey, 400, "invalid_grant", "token_used").await;
    }
}

#[tokio::test]
async fn kill_9_in_the_middle_leaves_each_token_used_or_good_and_never_good_twice() {
    let mut world = World::start("  jwtBearer: {maxTokenAge: 1h}\n", "").await;
    let asks: Vec<_> = (0..60).map(|number| world.ask(&format!("p{number}"), json!({}))).collect();
    let came_through = AtomicUsize::new(0);
    let before = join_all(asks.iter().map(async |ask| {
        let good = ask.clone().try_send(&world.latchkey).await.is_ok_and(|answer| answer.status == 200);
        came_through.fetch_add(1, Ordering::Relaxed);
        good
    }));
    let killed = async {
        wait_for("some have come through", async || (came_through.load(Ordering::Relaxed) > 10).then_some(())).await;
        let pid = world.latchkey.pid().to_string();
        tokio::process::Command::new("kill").args(["-KILL", &pid]).status().await.expect("kill runs")
    };
    let (before, _) = futures::join!(before, killed);
    assert!(before.contains(&true), "some got a token");
    world.latchkey.kill().await;
    world.latchkey.start_again().await;
    world.wait_until_it_works().await;
    for (ask, got) in asks.into_iter().zip(before) {
        let answer = ask.clone().send(&world.latchkey).await;
        assert!(!(got && answer.status == 200), "one token was good twice");
        assert!([200, 400].contains(&answer.status), "{} {}", answer.status, answer.body);
        ask.gets_refused(&world.latchkey, 400, "invalid_grant", "token_used").await;
    }
}
