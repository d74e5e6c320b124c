//! Wrong documents: each at a provider of its own, all of them known to one Latchkey at the same time.

use super::{
    case::{Case, Outcome, some},
    page::Row,
    world::World,
};
use crate::support::{
    fake::Fake,
    refusal::{must_be_plain, nothing_is_repeated},
    source::On,
    visitor::Visitor,
    wait_for,
};

/// Makes the provider wrong; the second is the stranger, who is to be left alone.
pub type Script = fn(&Fake, &Fake);

const IDP: &str = "identityprovider";
/// What the provider does not mend by itself.
const NEEDS_A_PERSON: [&str; 2] = ["IssuerMismatch", "Incompatible"];
/// What kstatus sees then, and what otherwise.
const STALLED: (&str, &str) = ("Stalled", "Reconciling");

/// Sees every case through, and signs somebody in where that is possible; `apply` makes the provider wrong. `provider` of
/// a case: lines of the spec.
pub async fn see<S: Copy>(on: On, cases: &[Case<S>], apply: impl Fn(&Fake, &Fake, S)) -> Vec<Row> {
    let (world, rows) = see_in(World::empty(on).await, cases, apply).await;
    world.must_get_in().await;
    rows
}

/// As `see`, but nobody signs in.
pub async fn see_only<S: Copy>(on: On, cases: &[Case<S>], apply: impl Fn(&Fake, &Fake, S)) -> Vec<Row> {
    see_in(World::empty(on).await, cases, apply).await.1
}

async fn see_in<S: Copy>(mut world: World, cases: &[Case<S>], apply: impl Fn(&Fake, &Fake, S)) -> (World, Vec<Row>) {
    let cases = some(world.on, cases);
    for (number, case) in cases.iter().enumerate() {
        let fake = Fake::start().await;
        apply(&fake, &world.stranger, case.script);
        let works = matches!(case.outcome, Outcome::Ready);
        world.add(&format!("case-{number}"), case.provider, works, fake).await;
    }
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (number, case) in cases.iter().enumerate() {
        let seen = outcome(&world, &format!("case-{number}"), case.sent).await;
        if seen != case.outcome.shown() {
            wrong.push(format!("{}: {seen} instead of {}", case.sent, case.outcome.shown()));
        }
        rows.push(Row { sent: case.sent, seen, says: case.says });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.must_keep_to_itself("the documents", |_| false);
    (world, rows)
}

async fn outcome(world: &World, name: &str, sent: &str) -> String {
    let latchkey = &world.latchkey;
    let ready = wait_for(&format!("an answer about {sent}"), async || {
        latchkey.condition(IDP, name, "Ready").await.filter(|ready| ready.status != "Unknown")
    })
    .await;
    nothing_is_repeated(latchkey, name).await;
    let login = Visitor::new().get(&latchkey.at(&format!("login/{name}"))).await;
    if ready.status == "True" {
        assert_eq!(login.status, 303, "{sent}: {}", login.body);
        return Outcome::Ready.shown();
    }
    let (kind, other) = if NEEDS_A_PERSON.contains(&&*ready.reason) { STALLED } else { (STALLED.1, STALLED.0) };
    assert_eq!(latchkey.condition(IDP, name, kind).await.expect(kind).reason, ready.reason, "{sent}");
    assert_eq!(latchkey.condition(IDP, name, other).await, None, "{sent}");
    let line = must_be_plain(sent, latchkey, &login);
    assert!(login.status == 503 && line.contains("provider_unavailable"), "{sent}: {} {line}", login.status);
    format!("`{}`", ready.reason)
}
