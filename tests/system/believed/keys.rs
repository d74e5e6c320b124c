//! Keys of a provider that publishes them badly, late or for several: good keys survive, and nobody waits for them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{
    fake::{DISCOVERY, Fake, KEYS, Reply, sign_with},
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    provider::Provider,
    refusal::{MARK, must_be_refused, nothing_is_repeated},
    source::{On, Source},
    visitor::{Answer, Visitor},
    wait_for,
};

const IDP: &str = "identityprovider";

on_both_sources! {
    the_status_shows_the_keys_and_follows_them_when_they_are_looked_at_again,
    keys_that_were_good_stay_whatever_comes_later,
}

async fn latchkey_with(source: Source, providers: &[(&str, &str)]) -> Latchkey {
    let mut files = vec![("secret.yaml".to_owned(), manifests::usual_secret())];
    files
        .extend(providers.iter().map(|(name, issuer)| (format!("{name}.yaml"), manifests::provider(name, issuer, ""))));
    let files: Vec<_> = files.iter().map(|(file, text)| (&**file, &**text)).collect();
    let latchkey = Latchkey::start_from(source, MANY_VISITORS, &files).await;
    for (name, _) in providers {
        latchkey.wait_until_ready(name).await;
    }
    latchkey
}

/// A login at which the fake signs the ID token with the usual key, and calls it so. Each issuer has people of its own.
async fn login(fake: &Fake, latchkey: &Latchkey, provider: &str, kid: &str) -> Answer {
    let visitor = Visitor::new();
    let begun = visitor.begin(latchkey, provider).await;
    let mut claims = fake.claims(&begun.nonce);
    claims["email"] = format!("mallory@{provider}.example.com").into();
    fake.give_out(&sign_with(&json!({"alg": "ES256", "kid": kid}), &claims));
    visitor.get(&begun.callback).await
}

/// Has a provider looked at now, whenever it would be looked at by itself.
async fn look_again(latchkey: &Latchkey, name: &str) {
    let annotated = format!("metadata: {{name: {name}, annotations: {{latchkey.dev/reconcile-requested-at: now}}}}");
    latchkey.edit(&format!("{name}.yaml"), &format!("metadata: {{name: {name}}}"), &annotated).await;
    wait_for("it was looked at again", async || {
        (latchkey.status(IDP, name).await?["lastHandledReconcileAt"] == "now").then_some(())
    })
    .await;
}

async fn the_status_shows_the_keys_and_follows_them_when_they_are_looked_at_again(on: On) {
    let provider = Provider::start().await;
    let latchkey = latchkey_with(Source::new(on).await, &[("demo", &provider.issuer)]).await;
    let published = async || {
        let mut keys = Visitor::new().get(&format!("{}/jwks", provider.issuer)).await.json()["keys"].take();
        for key in keys.as_array_mut().expect("keys") {
            key.as_object_mut().expect("a key").retain(|name, _| ["kid", "kty", "alg", "use"].contains(&&**name));
        }
        keys
    };
    let shown = async || latchkey.status(IDP, "demo").await.expect("a status")["keys"].take();
    let before = published().await;
    assert_eq!(shown().await, before);
    let kinds: Vec<_> = before.as_array().expect("keys").iter().map(|key| (&key["kty"], &key["use"])).collect();
    assert!(kinds.contains(&(&json!("RSA"), &json!("sig"))) && kinds.contains(&(&json!("OKP"), &json!("sig"))));
    provider.control("POST", "rotate-keys", &json!({"keepOld": true})).await;
    look_again(&latchkey, "demo").await;
    let after = published().await;
    assert_eq!(after.as_array().map(Vec::len), before.as_array().map(|keys| keys.len() * 2));
    assert_eq!(shown().await, after);
}

async fn keys_that_were_good_stay_whatever_comes_later(on: On) {
    let html = format!("<html>{MARK}</html>");
    let bad = [
        ("down", Reply::status(503, &html), "HTTPStatus"),
        ("rubbish", Reply::text("application/json", &html), "InvalidDocument"),
        ("empty", Reply::json(&json!({"keys": []})), "NoUsableKeys"),
        ("useless", Reply::json(&json!({"keys": [{"kty": "oct", "k": "m4rk"}]})), "NoUsableKeys"),
    ];
    let fakes = [Fake::start().await, Fake::start().await, Fake::start().await, Fake::start().await];
    let providers: Vec<_> = bad.iter().zip(&fakes).map(|((name, ..), fake)| (*name, &*fake.issuer)).collect();
    let latchkey = latchkey_with(Source::new(on).await, &providers).await;
    let keys = json!([{"kid": "one", "kty": "EC", "alg": "ES256", "use": "sig"}]);
    let usable = async |name| latchkey.condition(IDP, name, "KeysUsable").await.expect("KeysUsable");
    for ((name, reply, reason), fake) in bad.into_iter().zip(&fakes) {
        assert_eq!(latchkey.status(IDP, name).await.expect("a status")["keys"], keys, "{name}");
        fake.answer(KEYS, reply);
        look_again(&latchkey, name).await;
        let usable = usable(name).await;
        assert_eq!(usable.status, "True", "{name}: {}", usable.message);
        assert!(usable.message.starts_with("The provider's last good signing keys are used: "), "{}", usable.message);
        let stale = latchkey.condition(IDP, name, "ServingStale").await.expect("ServingStale");
        assert_eq!((&*stale.status, &*stale.reason), ("True", reason), "{}", stale.message);
        assert_eq!(latchkey.status(IDP, name).await.expect("a status")["keys"], keys, "{name}");
        latchkey.wait_until_ready(name).await;
        let answer = login(fake, &latchkey, name, "one").await;
        assert!(answer.signs_in(), "{name}: {}", answer.body);
        let answer = login(fake, &latchkey, name, "two").await;
        must_be_refused(name, &latchkey, &answer, 502, "id_token");
        let answer = login(fake, &latchkey, name, "one").await;
        assert!(answer.signs_in(), "{name}, after they were asked for again: {}", answer.body);
        nothing_is_repeated(&latchkey, name).await;
    }
    fakes.iter().for_each(|fake| fake.behave(KEYS));
    for (name, _) in providers {
        wait_for("nothing fails any more", async || {
            (usable(name).await.message == "The provider's signing keys were fetched.").then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn keys_that_were_good_stop_with_the_grace_and_their_provider_alone() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey_with(Source::Directory, &[("over", &fake.issuer), ("other", &other.issuer)]).await;
    let grace = manifests::provider("over", &fake.issuer, "  discovery: {staleGracePeriod: 1s}\n");
    latchkey.write("over.yaml", &grace).await;
    fake.answer(KEYS, Reply::status(503, ""));
    look_again(&latchkey, "over").await;
    latchkey.wait_for_condition(IDP, "over", ["KeysUsable", "False", "HTTPStatus"]).await;
    let answer = Visitor::new().get(&latchkey.at("login/over")).await;
    must_be_refused("over", &latchkey, &answer, 503, "provider_unavailable");
    let answer = login(&other, &latchkey, "other", "one").await;
    assert!(answer.signs_in(), "{}", answer.body);
    fake.behave(KEYS);
    latchkey.wait_until_ready("over").await;
    let answer = login(&fake, &latchkey, "over", "one").await;
    assert!(answer.signs_in(), "{}", answer.body);
}

/// Also what a login makes them fetch.
#[tokio::test]
async fn providers_of_one_issuer_fetch_its_metadata_and_keys_once_for_all() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(Source::Directory, &[("one", &fake.issuer), ("other", &fake.issuer)]).await;
    assert_eq!((fake.count(DISCOVERY), fake.count(KEYS)), (1, 1));
    for provider in ["one", "other", "one"] {
        let answer = login(&fake, &latchkey, provider, "unknown").await;
        must_be_refused(provider, &latchkey, &answer, 502, "id_token");
    }
    assert_eq!((fake.count(DISCOVERY), fake.count(KEYS)), (1, 2));
    let answer = login(&fake, &latchkey, "other", "one").await;
    assert!(answer.signs_in(), "{}", answer.body);
}

#[tokio::test]
async fn while_keys_are_fetched_for_an_unknown_one_nobody_with_a_known_one_waits() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(Source::Directory, &[("rogue", &fake.issuer)]).await;
    fake.answer(KEYS, Reply::Held);
    let stranger = Visitor::new();
    let begun = stranger.begin(&latchkey, "rogue").await;
    fake.give_out(&sign_with(&json!({"alg": "ES256", "kid": "unknown"}), &fake.claims(&begun.nonce)));
    let (refused, ()) = tokio::join!(stranger.get(&begun.callback), async {
        wait_for("the keys are being fetched", async || (fake.count(KEYS) == 2).then_some(())).await;
        let began = Instant::now();
        let answer = login(&fake, &latchkey, "rogue", "one").await;
        assert!(answer.signs_in() && began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        fake.behave(KEYS);
    });
    must_be_refused("unknown", &latchkey, &refused, 502, "id_token");
    let again = login(&fake, &latchkey, "rogue", "unknown").await;
    must_be_refused("unknown again", &latchkey, &again, 502, "id_token");
    assert_eq!(fake.count(KEYS), 2, "once in 30 seconds");
}
