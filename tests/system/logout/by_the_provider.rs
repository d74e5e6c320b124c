//! Being signed out by the provider through logout tokens (OpenID Connect Back-Channel Logout 1.0).

use serde_json::{Value, json};
use sqlx::{Connection, Executor, SqliteConnection};

use super::{Registered, beside, signs_in};
use crate::support::{
    browser::{Browser, Page},
    fake::{Fake, sign, sign_with},
    latchkey::Latchkey,
    manifests,
    provider::CLIENT_ID,
    refusal::must_be_refused,
    visitor::{Answer, Visitor},
    wait_for,
};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

async fn sign_in(world: &Registered, page: &Page<'_>, name: &str) {
    page.goto(&world.latchkey.at("login/demo")).await;
    page.sign_in_at_provider(name).await;
    page.wait_for_url(&world.latchkey.path("account")).await;
}

async fn signed_in(latchkey: &Latchkey, pages: &[&Page<'_>]) -> Vec<bool> {
    let mut all = Vec::new();
    for page in pages {
        all.push(page.fetch(&latchkey.at("session")).await.0 == 200);
    }
    all
}

/// By the provider's own page.
async fn sign_out_there(world: &Registered, page: &Page<'_>) {
    page.goto(&world.end_session()).await;
    page.sign_out_at_provider().await;
    page.wait_for("h1").await;
}

#[tokio::test]
async fn who_signs_out_at_the_provider_is_signed_out_here_in_that_session_alone() {
    let world = Registered::start("").await;
    let (latchkey, browser) = (&world.latchkey, Browser::start());
    let (here, elsewhere) = (browser.open(json!({})).await, browser.open(json!({})).await);
    sign_in(&world, &here, "alice").await;
    sign_in(&world, &elsewhere, "alice").await;
    sign_out_there(&world, &here).await;
    wait_for("the session is over", async || (signed_in(latchkey, &[&here]).await == [false]).then_some(())).await;
    assert_eq!(signed_in(latchkey, &[&elsewhere]).await, [true], "the other session goes on");
    here.goto(&latchkey.at("account")).await;
    assert!(!here.text().await.contains("You are signed in"), "{}", here.url().await);
    let (_, metrics) = latchkey.management("metrics").await;
    let counted = "latchkey_logouts_total{provider=\"default/demo\",by=\"backchannel\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn a_provider_that_names_the_person_alone_ends_the_sessions_in_every_browser() {
    let world = Registered::start("").await;
    let (latchkey, browser) = (&world.latchkey, Browser::start());
    let status = latchkey.status("identityprovider", "demo").await.expect("a status");
    let client = json!({
        "client_id": CLIENT_ID, "client_secret": crate::support::provider::CLIENT_SECRET,
        "redirect_uris": [status["redirectURI"]], "backchannel_logout_uri": status["backchannelLogoutURI"],
    });
    world.provider.register_client(&client).await;
    let (here, elsewhere, bob) =
        (browser.open(json!({})).await, browser.open(json!({})).await, browser.open(json!({})).await);
    sign_in(&world, &here, "alice").await;
    sign_in(&world, &elsewhere, "alice").await;
    sign_in(&world, &bob, "bob").await;
    sign_out_there(&world, &here).await;
    wait_for("both are over", async || {
        (signed_in(latchkey, &[&here, &elsewhere]).await == [false, false]).then_some(())
    })
    .await;
    assert_eq!(signed_in(latchkey, &[&bob]).await, [true]);
    // Tokens know whole seconds: an ID token of the same one may be older than the logout.
    let over = jiff::Timestamp::now().as_second();
    wait_for("another second", async || (jiff::Timestamp::now().as_second() > over).then_some(())).await;
    sign_in(&world, &here, "alice").await;
    assert_eq!(signed_in(latchkey, &[&here]).await, [true], "whoever signs in anew is in");
}

#[tokio::test]
async fn a_provider_that_ends_everybodys_sessions_is_heard_each_time() {
    let world = Registered::start("").await;
    let latchkey = &world.latchkey;
    let (alice, bob) = (Visitor::new(), Visitor::new());
    alice.sign_in(latchkey, "demo", "alice").await;
    bob.sign_in(latchkey, "demo", "bob").await;
    let told = world.provider.control("POST", "end-sessions", &Value::Null).await;
    assert_eq!((&told["told"], &told["failed"]), (&json!(2), &json!(0)), "{told}");
    assert_eq!((alice.session(latchkey).await, bob.session(latchkey).await), (None, None));
}

/// Latchkey with a provider of the tests' own.
struct Hostile {
    latchkey: Latchkey,
    fake: Fake,
}

impl Hostile {
    async fn start(more: &str) -> Self {
        let fake = Fake::start().await;
        let latchkey = beside(&fake, more).await;
        Self { latchkey, fake }
    }

    /// Waits until logins begin: after a start, the statuses are those of the last run at first.
    async fn logins_begin(&self) {
        let login = self.latchkey.at("login/demo");
        wait_for("logins begin", async || (Visitor::new().get(&login).await.status == 303).then_some(())).await;
    }

    /// Somebody who is signed in, as this person and in this session at the provider.
    async fn signed_in(&self, sub: &str, sid: Option<&str>) -> Visitor {
        let visitor = Visitor::new();
        signs_in(&self.latchkey, &self.fake, &visitor, |claims| name(claims, sub, sid)).await;
        visitor
    }

    async fn is_in(&self, visitor: &Visitor) -> bool {
        visitor.session(&self.latchkey).await.is_some()
    }

    /// What a right logout token says besides.
    fn logout_token(&self, jti: &str, more: Value) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": self.fake.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": jti, "events": {EVENT: {}},
        });
        claims.as_object_mut().expect("claims").extend(more.as_object().expect("claims").clone());
        sign_with(&json!({"alg": "ES256", "kid": "one", "typ": "logout+jwt"}), &claims)
    }

    async fn post(&self, token: &str) -> Answer {
        Visitor::new().post(&self.latchkey.at("backchannel-logout/demo"), &[("logout_token", token)]).await
    }
}

fn name(claims: &mut Value, sub: &str, sid: Option<&str>) {
    claims["sub"] = sub.into();
    claims["email"] = format!("{sub}@example.com").into();
    if let Some(sid) = sid {
        claims["sid"] = sid.into();
    }
}

#[track_caller]
fn must_be_taken(answer: &Answer) {
    assert_eq!((answer.status, &*answer.body), (200, ""), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[track_caller]
fn must_be_bad(answer: &Answer) {
    assert_eq!((answer.status, &*answer.body), (400, "{\"error\":\"invalid_request\"}"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn by_sid_and_by_sub_the_sessions_that_are_meant_end_and_an_unknown_one_is_no_fault() {
    let world = Hostile::start("").await;
    let (first, second) = (world.signed_in("ann", Some("s1")).await, world.signed_in("ann", Some("s2")).await);
    let (without, bob) = (world.signed_in("ann", None).await, world.signed_in("bob", Some("s3")).await);
    must_be_taken(&world.post(&world.logout_token("1", json!({"sid": "nobody's"}))).await);
    must_be_taken(&world.post(&world.logout_token("2", json!({"sub": "nobody"}))).await);
    let all = async || {
        let [a, b, c, d] = [&first, &second, &without, &bob].map(|visitor| world.is_in(visitor));
        [a.await, b.await, c.await, d.await]
    };
    assert_eq!(all().await, [true; 4]);
    must_be_taken(&world.post(&world.logout_token("3", json!({"sid": "s1"}))).await);
    assert_eq!(all().await, [false, true, true, true]);
    must_be_taken(&world.post(&world.logout_token("4", json!({"sid": "s9", "sub": "ann"}))).await);
    assert_eq!(all().await, [false, true, false, true], "it could be the one without a sid");
    must_be_taken(&world.post(&world.logout_token("5", json!({"sub": "ann"}))).await);
    assert_eq!(all().await, [false, false, false, true]);
    let told = world.post(&world.logout_token("5", json!({"sub": "bob"}))).await;
    must_be_bad(&told);
    assert_eq!(all().await, [false, false, false, true], "what was used before ends nothing");
    assert!(world.latchkey.log().contains("code=\"jti_used\""), "{}", world.latchkey.log());
}

#[tokio::test]
async fn a_login_that_the_logout_has_overtaken_begins_no_session() {
    let world = Hostile::start("").await;
    let latchkey = &world.latchkey;
    let now = jiff::Timestamp::now().as_second();
    for (number, (logout, sid, iat, refused)) in [
        (json!({"sid": "s1"}), Some("s1"), now - 60, true),
        (json!({"sub": "ann"}), Some("s2"), now - 60, true),
        (json!({"sid": "s3"}), Some("s4"), now - 60, false),
    ]
    .into_iter()
    .enumerate()
    {
        let (ann, subject) = (Visitor::new(), format!("ann{number}"));
        let logout = if logout.get("sub").is_some() { json!({"sub": subject}) } else { logout };
        let begun = ann.begin(latchkey, "demo").await;
        let mut claims = world.fake.claims(&begun.nonce);
        name(&mut claims, &subject, sid);
        claims["iat"] = iat.into();
        world.fake.give_out(&sign(&claims));
        must_be_taken(&world.post(&world.logout_token(&format!("race {number}"), logout)).await);
        let answer = ann.get(&begun.callback).await;
        if refused {
            must_be_refused("overtaken", latchkey, &answer, 403, "signed_out_meanwhile");
        } else {
            assert!(answer.signs_in(), "{}", answer.body);
        }
        assert_eq!(world.is_in(&ann).await, !refused);
    }
}

#[tokio::test]
async fn what_a_provider_has_ended_stays_ended_after_a_restart_and_its_tokens_stay_used() {
    let mut world = Hostile::start("").await;
    let (ann, bob) = (world.signed_in("ann", Some("s1")).await, world.signed_in("bob", Some("s2")).await);
    let token = world.logout_token("once", json!({"sid": "s1"}));
    must_be_taken(&world.post(&token).await);
    world.latchkey.kill().await;
    world.latchkey.start_again().await;
    world.logins_begin().await;
    assert!(!world.is_in(&ann).await);
    assert!(world.is_in(&bob).await);
    must_be_bad(&world.post(&token).await);
}

#[tokio::test]
async fn while_the_store_takes_nothing_a_logout_holds_in_memory_and_is_written_later() {
    let mut world = Hostile::start("").await;
    let (ann, bob) = (world.signed_in("ann", Some("s1")).await, world.signed_in("bob", Some("s2")).await);
    assert!(world.is_in(&ann).await);
    let path = world.latchkey.dir().join("latchkey.db");
    let mut held = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the database");
    held.execute("BEGIN EXCLUSIVE").await.expect("the lock");
    let token = world.logout_token("while it is down", json!({"sid": "s1"}));
    must_be_taken(&world.post(&token).await);
    assert!(!world.is_in(&ann).await, "at once here");
    must_be_bad(&world.post(&token).await);
    drop(held);
    wait_for("it is written", async || {
        let mut reader = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.ok()?;
        let noted: i64 = sqlx::query_scalar("SELECT count(*) FROM logouts").fetch_one(&mut reader).await.ok()?;
        (noted == 1).then_some(())
    })
    .await;
    world.latchkey.stop().await;
    world.latchkey.start_again().await;
    world.logins_begin().await;
    assert!(!world.is_in(&ann).await);
    assert!(world.is_in(&bob).await);
    must_be_bad(&world.post(&token).await);
}

#[tokio::test]
async fn a_provider_that_is_suspended_or_may_not_ends_nothing() {
    let world = Hostile::start("").await;
    let latchkey = &world.latchkey;
    must_be_taken(&world.post(&world.logout_token("1", json!({"sub": "ann"}))).await);
    latchkey.edit("provider.yaml", "  displayName:", "  suspend: true\n  displayName:").await;
    latchkey.wait_for_condition("identityprovider", "demo", ["Ready", "True", "Suspended"]).await;
    must_be_bad(&world.post(&world.logout_token("2", json!({"sub": "ann"}))).await);
    let may_not = manifests::provider("demo", &world.fake.issuer, "  logout: {acceptBackchannel: false}\n");
    latchkey.write("provider.yaml", &may_not).await;
    latchkey.wait_for_condition("identityprovider", "demo", ["Ready", "True", "Succeeded"]).await;
    let bob = world.signed_in("bob", None).await;
    must_be_bad(&world.post(&world.logout_token("3", json!({"sub": "bob"}))).await);
    assert!(world.is_in(&bob).await);
    let status = latchkey.status("identityprovider", "demo").await.expect("a status");
    assert_eq!(status.get("backchannelLogoutURI"), None);
    assert!(latchkey.log().contains("code=\"not_accepted\""), "{}", latchkey.log());
}

#[tokio::test]
async fn a_request_that_is_no_logout_is_refused() {
    let world = Hostile::start("").await;
    let ann = world.signed_in("ann", None).await;
    let visitor = Visitor::new();
    let at = |key: &str| world.latchkey.at(&format!("backchannel-logout/{key}"));
    let token = |jti: &str| world.logout_token(jti, json!({"sub": "ann"}));
    let too_large = "m4rk".repeat(40 * 1024);
    for form in [
        vec![],
        vec![("logout_token", "")],
        vec![("logout_token", "m4rk")],
        vec![("id_token", &*token("1"))],
        vec![("logout_token", &token("2")), ("logout_token", &token("3"))],
        vec![("logout_token", &too_large)],
    ] {
        must_be_bad(&visitor.post(&at("demo"), &form).await);
    }
    must_be_bad(&visitor.post(&at("nobody"), &[("logout_token", &token("4"))]).await);
    let elsewhere = world.latchkey.url("o/nowhere/backchannel-logout/demo");
    must_be_bad(&visitor.post(&elsewhere, &[("logout_token", &token("5"))]).await);
    let json = reqwest::Client::new().post(at("demo")).header("content-type", "application/json");
    let answer = json.body(json!({"logout_token": token("6")}).to_string()).send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
    let in_query = format!("{}?logout_token={}", at("demo"), token("7"));
    must_be_bad(&visitor.post(&in_query, &[]).await);
    assert_eq!(visitor.get(&in_query).await.status, 405);
    assert!(world.is_in(&ann).await);
    assert!(!world.latchkey.log().contains("m4rk"), "{}", world.latchkey.log());
}
