//! What forward auth costs: CPU time per request of Latchkey, of a bare server that opens a cookie of the same size,
//! and of oauth2-proxy where `OAUTH2_PROXY` names its binary. Needs Linux and `wrk`.

mod bare;
mod load;
mod oauth2_proxy;
#[allow(dead_code, reason = "a benchmark uses its part")]
#[path = "../../tests/system/support/mod.rs"]
mod support;

use std::{error::Error, time::Duration};

use support::{provider::Provider, visitor::Visitor, world::World};

use self::{bare::BareServer, load::Sample, oauth2_proxy::Oauth2Proxy};

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(2);
/// Forward auth may cost so many times what the bare server costs.
const GOAL: f64 = 1.25;

/// A server under load.
struct Contender {
    name: &'static str,
    pid: u32,
    url: String,
    /// Of somebody who is signed in, as the browser sends it.
    cookie: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match bare::asked_for() {
        Some(cookie) => runtime.block_on(bare::serve(cookie)),
        None => runtime.block_on(compare()),
    }
}

async fn compare() -> Result<(), Box<dyn Error>> {
    load::require_wrk().await?;
    let world = World::start().await;
    let latchkey = latchkey(&world).await;
    let (name, value) = latchkey.cookie.split_once('=').ok_or("Latchkey's cookie has no value")?;
    let bare = BareServer::start(name, value.len()).await?;
    let bare_contender =
        Contender { name: "bare axum server", pid: bare.pid(), url: bare.url.clone(), cookie: bare.cookie.clone() };
    let mut contenders = vec![bare_contender, latchkey];
    let peer_provider = Provider::start().await;
    let peer = Oauth2Proxy::start(&peer_provider).await?;
    contenders.extend(peer.as_ref().map(Oauth2Proxy::contender));
    print(&contenders, &rounds(&contenders).await?);
    Ok(())
}

async fn latchkey(world: &World) -> Contender {
    let visitor = Visitor::new();
    visitor.sign_in(&world.latchkey, "demo", "alice").await;
    let url = world.latchkey.url("o/default/auth");
    let cookie = visitor.cookie_header(&url.parse().expect("a URL"));
    Contender { name: "latchkey", pid: world.latchkey.pid(), url, cookie }
}

/// All samples, by round and contender. Everybody takes turns, so that what else the machine does meets all.
async fn rounds(contenders: &[Contender]) -> Result<Vec<Vec<Sample>>, Box<dyn Error>> {
    for contender in contenders {
        load::sample(contender, WARM_UP).await?;
    }
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let mut round = Vec::with_capacity(contenders.len());
        for contender in contenders {
            round.push(load::sample(contender, ROUND).await?);
        }
        rounds.push(round);
    }
    Ok(rounds)
}

fn print(contenders: &[Contender], rounds: &[Vec<Sample>]) {
    println!("\nforward auth, medians of {ROUNDS} rounds of {} s each by {}\n", ROUND.as_secs(), load::DESCRIPTION);
    println!("{:<20}{:>16}{:>14}{:>14}{:>14}", "", "CPU µs/request", "of it user", "requests/s", "times bare");
    for (index, contender) in contenders.iter().enumerate() {
        let of = |value: fn(&Sample) -> f64| median(rounds.iter().map(|round| value(&round[index])));
        let times = median(rounds.iter().map(|round| round[index].cpu_micros / round[0].cpu_micros));
        let (cpu, user) = (of(|sample| sample.cpu_micros), of(|sample| sample.user_micros));
        let rate = of(|sample| sample.requests_per_second);
        println!("{:<20}{cpu:>16.1}{user:>14.1}{rate:>14.0}{times:>14.2}", contender.name);
    }
    println!("\nThe goal for latchkey is at most {GOAL} times the bare server.");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
