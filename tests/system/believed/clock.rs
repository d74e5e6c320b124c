//! A provider whose clock is off.

use serde_json::json;

use crate::support::{
    source::On,
    ways_in::{Way, WaysIn},
};

#[tokio::test]
async fn a_clock_that_is_off_by_less_than_the_manifest_allows_stops_no_login() {
    // So that what a clock that is 20 seconds behind has signed is over already.
    let world = WaysIn::start(On::Directory, json!({"lifetimes": {"IdToken": 10}})).await;
    let lenient = "  tokens: {allowedClockSkew: 30s}\n".to_owned();
    world
        .open(&[Way { name: "strict", ..Way::default() }, Way { name: "lenient", more: lenient, ..Way::default() }])
        .await;
    for (ahead, rule) in [(-20, "exp is over"), (20, "iat is still to come")] {
        world.provider.control("POST", "clock", &json!({"ahead": ahead})).await;
        let hint = format!("{rule}; check the clocks, or allow for them by tokens.allowedClockSkew");
        world.refuses_alice("strict", "id_token", &hint).await;
        assert_eq!(world.session_of("alice", "lenient").await["userName"], "alice", "{ahead} s ahead");
    }
    for (ahead, rule) in [(-60, "exp_over"), (60, "iat_to_come")] {
        world.provider.control("POST", "clock", &json!({"ahead": ahead})).await;
        world.refuses_alice("lenient", "id_token", rule).await;
    }
    world.provider.control("POST", "clock", &json!({"ahead": 0})).await;
    assert_eq!(world.session_of("alice", "strict").await["userName"], "alice");
}
