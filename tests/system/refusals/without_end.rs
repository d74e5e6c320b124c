//! Answers that come slowly, or that have no end. While each of them is under way, people sign in elsewhere.

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::{
    attempt::{Attempt, USERINFO},
    case::{Case, Outcome, some},
    documents::see_only,
    page::{Family, Row, must_say},
    world::World,
};
use crate::support::{
    fake::{DISCOVERY, Fake, KEYS, OddBody, Reply, TOKEN},
    raw::{Says, serve},
    source::On,
};

pub const FAMILY: Family = Family {
    title: "Answers without end",
    about: "What comes slowly or never ends, at each of the endpoints. Latchkey waits 10 seconds in all for an answer. The bodies without end of the sections above are cut off at 1 MiB.",
};

/// An endpoint whose answer is wrong, and how.
#[derive(Clone, Copy)]
enum Wrong {
    Answers(&'static str, fn() -> Reply),
    /// Somebody else than the provider itself answers there.
    Raw(&'static str, Says),
}

const NEVER: fn() -> Reply = || Reply::Held;
const DRIP: fn() -> Reply = || Reply::odd(OddBody::Drip);

#[rustfmt::skip]
const LOGINS: &[Case<Wrong>] = &[
    Case::new("token endpoint: no answer", Wrong::Answers(TOKEN, NEVER), late("code_exchange"), "*ours*"),
    Case::new("token endpoint: a byte now and then", Wrong::Answers(TOKEN, DRIP), late("code_exchange"), "*ours*"),
    Case::new("token endpoint: headers without end", Wrong::Raw("token_endpoint", Says::HeadersWithoutEnd), broken("code_exchange"), "RFC 9110 5.4; *ours*"),
    Case::new("token endpoint: a header without end", Wrong::Raw("token_endpoint", Says::LineWithoutEnd), broken("code_exchange"), "RFC 9110 5.4; *ours*"),
    Case::new("token endpoint: that the answer is to come, without end", Wrong::Raw("token_endpoint", Says::HintsWithoutEnd), late("code_exchange"), "RFC 9110 15.2"),
    Case::new("token endpoint: another protocol", Wrong::Raw("token_endpoint", Says::Text("SSH-2.0-m4rk\r\n")), broken("code_exchange"), "RFC 9112 4"),
    Case::new("token endpoint: nothing, and the connection ends", Wrong::Raw("token_endpoint", Says::Text("")), broken("code_exchange"), "RFC 9112 8"),
    Case::new("token endpoint: less than `Content-Length` says", Wrong::Raw("token_endpoint", Says::Text("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"m4rk\":1}")), broken("code_exchange"), "RFC 9112 8"),
    Case::new("token endpoint: two lengths", Wrong::Raw("token_endpoint", Says::Text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 10\r\n\r\n{\"m4rk\":1}")), broken("code_exchange"), "RFC 9112 6.3"),
    Case::new("token endpoint: chunks that are none", Wrong::Raw("token_endpoint", Says::Text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nm4rk\r\n{}\r\n")), broken("code_exchange"), "RFC 9112 7.1"),
    Case::new("userinfo endpoint: no answer", Wrong::Answers(USERINFO, NEVER), late("userinfo"), "*ours*"),
    Case::new("userinfo endpoint: a byte now and then", Wrong::Answers(USERINFO, DRIP), late("userinfo"), "*ours*"),
    Case::new("userinfo endpoint: headers without end", Wrong::Raw("userinfo_endpoint", Says::HeadersWithoutEnd), broken("userinfo"), "RFC 9110 5.4; *ours*"),
];

#[rustfmt::skip]
const DOCUMENTS: &[Case<Wrong>] = &[
    Case::new("metadata: no answer", Wrong::Answers(DISCOVERY, NEVER), Outcome::HeldBack("Timeout"), "*ours*"),
    Case::new("metadata: a byte now and then", Wrong::Answers(DISCOVERY, DRIP), Outcome::HeldBack("Timeout"), "*ours*"),
    Case::new("keys: no answer", Wrong::Answers(KEYS, NEVER), Outcome::HeldBack("Timeout"), "*ours*"),
    Case::new("keys: a byte now and then", Wrong::Answers(KEYS, DRIP), Outcome::HeldBack("Timeout"), "*ours*"),
    Case::new("keys: headers without end", Wrong::Raw("jwks_uri", Says::HeadersWithoutEnd), Outcome::HeldBack("ConnectFailed"), "RFC 9110 5.4; *ours*"),
    Case::new("keys: that the answer is to come, without end", Wrong::Raw("jwks_uri", Says::HintsWithoutEnd), Outcome::HeldBack("Timeout"), "RFC 9110 15.2"),
    Case::new("keys: another protocol", Wrong::Raw("jwks_uri", Says::Text("220 m4rk ESMTP\r\n")), Outcome::HeldBack("ConnectFailed"), "RFC 9112 4"),
];

const fn late(code: &'static str) -> Outcome {
    Outcome::Refused { status: 504, code, detail: "no complete answer within 10 seconds" }
}

const fn broken(code: &'static str) -> Outcome {
    Outcome::Refused { status: 502, code, detail: super::bodies::NOT_HTTP }
}

/// What is wrong with a provider from now on.
fn spoil(fake: &Fake, wrong: Wrong) {
    match wrong {
        Wrong::Answers(path, reply) => fake.answer(path, reply()),
        Wrong::Raw(member, says) => fake.announce(member, serve(says)),
    }
}

/// A provider for each case, `case-NUMBER`, and `other`, which is well.
async fn world(on: On, cases: &[Case<Wrong>]) -> World {
    let mut world = World::empty(on).await;
    for (number, case) in cases.iter().enumerate() {
        let fake = Fake::start().await;
        if matches!(case.script, Wrong::Answers(USERINFO, _)) {
            fake.announce("userinfo_endpoint", format!("{}{USERINFO}", fake.issuer));
        }
        if matches!(case.script, Wrong::Raw(..)) {
            spoil(&fake, case.script);
        }
        world.add(&format!("case-{number}"), "", false, fake).await;
    }
    world.add("other", "", true, Fake::start().await).await;
    for provider in &world.providers {
        world.latchkey.wait_until_ready(&provider.name).await;
    }
    world
}

async fn login(world: &World, case: &Case<Wrong>, name: &str) -> Row {
    let attempt = Attempt::begin(world, name).await;
    if matches!(case.script, Wrong::Answers(..)) {
        spoil(attempt.fake, case.script);
    }
    let answer = attempt.bring(attempt.right()).await;
    Row { sent: case.sent, seen: world.outcome(case, &attempt.visitor, &answer).await, says: case.says }
}

/// People sign in at another provider, again and again; how long that took in all.
async fn sign_in_elsewhere(world: &World) -> Duration {
    let began = Instant::now();
    for _ in 0..3 {
        let began = Instant::now();
        let attempt = Attempt::begin(world, "other").await;
        assert!(attempt.bring(attempt.right()).await.signs_in());
        assert!(began.elapsed() < Duration::from_secs(5), "others wait, too: {:?}", began.elapsed());
    }
    began.elapsed()
}

on_both_sources!(an_answer_without_end_is_given_up_and_delays_nobody_else);

async fn an_answer_without_end_is_given_up_and_delays_nobody_else(on: On) {
    let cases = some(on, LOGINS);
    let world = world(on, &cases).await;
    let names: Vec<_> = (0..cases.len()).map(|number| format!("case-{number}")).collect();
    let slow = join_all(cases.iter().zip(&names).map(|(case, name)| login(&world, case, name)));
    let documents = see_only(on, DOCUMENTS, |fake, _, wrong| spoil(fake, wrong));
    let (mut rows, documents, elsewhere) = tokio::join!(slow, documents, sign_in_elsewhere(&world));
    assert!(elsewhere < Duration::from_secs(9), "nobody else signed in while the slow ones were under way");
    let wrong = rows.iter().zip(&cases).filter(|(row, case)| row.seen != case.outcome.shown());
    let wrong: Vec<_> = wrong.map(|(row, _)| format!("{}: {}", row.sent, row.seen)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.must_keep_to_itself("all of them", |_| true);
    rows.extend(documents);
    must_say(on, &FAMILY, &rows);
}
