//! Userinfo as a JWT (OpenID Connect Core 1.0, section 5.3.2).

use serde_json::{Value, json};

use crate::support::{
    fake::{Fake, Reply, USERINFO, sign},
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_SECRET, people},
    source::On,
    visitor::Visitor,
    wait_for,
    ways_in::{Way, WaysIn},
};

/// At userinfo alice has another name than in her ID token.
async fn world() -> WaysIn {
    let mut people = people();
    people[0]["atUserinfo"] = json!({"name": "Alice of Userinfo"});
    WaysIn::start(On::Directory, json!({"people": people})).await
}

fn signed_by(name: &'static str, algorithm: &str, tokens: &Value) -> Way {
    let registered = json!({"client_secret": CLIENT_SECRET, "userinfo_signed_response_alg": algorithm});
    let more = format!("  claims: {{source: UserInfo}}\n  tokens: {tokens}\n");
    Way { name, registered, more, ..Way::default() }
}

#[tokio::test]
async fn signed_userinfo_is_held_to_the_same_keys_and_algorithms_as_tokens() {
    let world = world().await;
    let believed = [
        signed_by("rs256", "RS256", &json!({})),
        signed_by("es512", "ES512", &json!({})),
        signed_by("listed", "HS256", &json!({"allowedAlgorithms": ["RS256", "HS256"]})),
    ];
    let refused = [
        signed_by("unlisted", "HS256", &json!({})),
        signed_by("narrow", "ES256", &json!({"allowedAlgorithms": ["RS256"]})),
    ];
    let all: Vec<_> = believed.into_iter().chain(refused).collect();
    world.open(&all).await;
    let (believed, refused) = all.split_at(3);
    for way in believed {
        assert_eq!(world.session_of("alice", way.name).await["fullName"], "Alice of Userinfo", "{}", way.name);
    }
    for way in refused {
        world.refuses_alice(way.name, "userinfo", "alg is not among the algorithms allowed").await;
    }
}

/// What comes from the userinfo endpoint does not come from the token endpoint.
#[tokio::test]
async fn where_signatures_of_id_tokens_are_not_checked_that_of_userinfo_is_also_by_keys_of_this_moment() {
    let world = world().await;
    let unsigned = json!({"validateSignatures": false});
    world.open(&[signed_by("demo", "RS256", &unsigned)]).await;
    let rotate = async || world.provider.control("POST", "rotate-keys", &json!({"keepOld": false})).await;
    let alice = Visitor::new();
    let callback = alice.come_back(&world.login("demo"), "alice").await;
    rotate().await;
    assert!(alice.get(&callback).await.signs_in(), "by keys that are fetched during the login");
    let session = alice.session(&world.latchkey).await.expect("alice is signed in");
    assert_eq!(session["fullName"], "Alice of Userinfo");
    // Not again within 30 seconds.
    rotate().await;
    world.refuses_alice("demo", "userinfo", "none of the issuer's keys fits").await;
}

#[tokio::test]
async fn userinfo_that_is_signed_while_it_is_waited_for_is_not_of_the_future() {
    let fake = Fake::start().await;
    fake.announce("userinfo_endpoint", format!("{}{USERINFO}", fake.issuer));
    let manifest = manifests::provider("rogue", &fake.issuer, "  claims: {source: UserInfo}\n");
    let files = [("provider.yaml", &*manifest), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("rogue").await;
    fake.answer(USERINFO, Reply::Held);
    let visitor = Visitor::new();
    let begun = visitor.begin(&latchkey, "rogue").await;
    let claims = fake.claims(&begun.nonce);
    fake.give_out(&sign(&claims));
    let (answer, ()) = tokio::join!(visitor.get(&begun.callback), async {
        wait_for("userinfo is asked", async || (fake.count(USERINFO) == 1).then_some(())).await;
        let second = || jiff::Timestamp::now().as_second();
        let asked_in = second();
        wait_for("another second", async || (second() > asked_in).then_some(())).await;
        let mut said = claims.clone();
        said["iat"] = second().into();
        fake.answer(USERINFO, Reply::text("application/jwt", &sign(&said)));
    });
    assert!(answer.signs_in(), "{}", answer.body);
}
