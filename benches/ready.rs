//! How soon a saved manifest counts: until a new provider is Ready in its status file, and until a mapper's change is
//! seen in the session of somebody who is signed in. Latchkey, provider and browser run on this machine.

#[allow(dead_code, reason = "a benchmark uses its part")]
#[path = "../tests/system/support/mod.rs"]
mod support;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use support::{
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_SECRET, Provider},
    visitor::Visitor,
    world::World,
};
use tokio::time::sleep;

const TIMES: usize = 50;
/// How exactly the end of each is seen.
const LOOK: Duration = Duration::from_millis(1);
/// Every change finds Latchkey at rest, as an edit by a person does.
const REST: Duration = Duration::from_millis(300);

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (ready, in_effect) = runtime.block_on(async { (provider_until_ready().await, mapper_until_in_effect().await) });
    println!("\nfrom a saved manifest, {TIMES} times each\n");
    println!("{:<44}{:>10}{:>10}{:>14}", "", "median", "p95", "median's goal");
    print("to Ready in the provider's status file", ready, 300);
    print("to a mapper's effect in /o/default/session", in_effect, 100);
    Ok(())
}

/// Every time a provider that Latchkey has never asked before, so that discovery and keys are fetched.
async fn provider_until_ready() -> Vec<Duration> {
    let secret = manifests::usual_secret();
    let latchkey = Latchkey::start(&[("organization.yaml", manifests::ORGANIZATION), ("secret.yaml", &secret)]).await;
    let mut took = Vec::with_capacity(TIMES);
    for number in 0..TIMES {
        let name = format!("provider-{number}");
        let provider = Provider::start().await;
        provider.register(CLIENT_SECRET, &[&latchkey.url(&format!("o/default/callback/{name}"))]).await;
        let manifest = manifests::provider(&name, &provider.issuer, "");
        sleep(REST).await;
        let began = Instant::now();
        latchkey.write(&format!("{name}.yaml"), &manifest).await;
        let ready =
            async || latchkey.condition("identityprovider", &name, "Ready").await.is_some_and(|it| it.status == "True");
        while !ready().await {
            give_up_late(began, "a provider that is Ready");
            sleep(LOOK).await;
        }
        took.push(began.elapsed());
    }
    took
}

/// The mapper's group changes to and fro, and with it whether alice is an administrator.
async fn mapper_until_in_effect() -> Vec<Duration> {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    let mut groups = ["engineering", "sales"];
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        sleep(REST).await;
        let began = Instant::now();
        latchkey.edit("mappers.yaml", groups[0], groups[1]).await;
        groups.reverse();
        let wanted = groups[0] == "engineering";
        while alice.session(latchkey).await.expect("alice is signed in")["administrator"] != wanted {
            give_up_late(began, "a mapper's effect");
            sleep(LOOK).await;
        }
        took.push(began.elapsed());
    }
    took
}

fn give_up_late(began: Instant, what: &str) {
    assert!(began.elapsed() < support::DEADLINE, "not within {:?}: {what}", support::DEADLINE);
}

fn print(what: &str, mut took: Vec<Duration>, goal: u32) {
    took.sort();
    let at = |percent: usize| took[took.len() * percent / 100].as_secs_f64() * 1e3;
    println!("{what:<44}{:>7.0} ms{:>7.0} ms{goal:>11} ms", at(50), at(95));
}
