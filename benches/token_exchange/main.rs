//! What it costs to give an application an access token for an ID token: the whole process over HTTP, with SQLite on disk,
//! and what of it is spent where. Needs Linux.

mod load;
#[allow(dead_code, reason = "a benchmark uses its part")]
#[path = "../mapping/login.rs"]
mod login;
mod minted;
mod parts;
#[allow(dead_code, reason = "a benchmark uses its part")]
#[path = "../../tests/system/support/mod.rs"]
mod support;
#[allow(dead_code, reason = "a benchmark uses its part")]
#[path = "../reconcile/usage.rs"]
mod usage;

use std::error::Error;

use self::{
    load::{Exchanges, Sample},
    minted::{Algorithm, Who},
};

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let known = whole().await?;
        parts::measure(&known).await
    })
}

/// Prints what whole exchanges cost. For those of people who are known, one at a time: CPU time in µs by algorithm.
async fn whole() -> Result<Vec<(Algorithm, f64)>, Box<dyn Error>> {
    let exchanges = Exchanges::start().await?;
    println!("\naccess tokens for ID tokens, medians of {ROUNDS} rounds of {} exchanges each\n", load::COUNT);
    println!("{:<34}{:>10}{:>18}{:>14}{:>12}", "", "at once", "CPU µs/exchange", "exchanges/s", "p50 ms");
    let mut known = Vec::new();
    for (who, what) in [(Who::Known, "known before"), (Who::New, "first login")] {
        for algorithm in [Algorithm::RS256, Algorithm::ES256] {
            for at_once in [1, 16] {
                let mut samples = Vec::with_capacity(ROUNDS);
                for _ in 0..ROUNDS {
                    samples.push(exchanges.sample(algorithm, who, at_once).await?);
                }
                let of = |value: fn(&Sample) -> f64| median(samples.iter().map(value));
                let (cpu, rate, latency) = (of(|one| one.cpu_micros), of(|one| one.per_second), of(|one| one.millis));
                println!("{:<34}{at_once:>10}{cpu:>18.0}{rate:>14.0}{latency:>12.2}", format!("{algorithm:?}, {what}"));
                if (who, at_once) == (Who::Known, 1) {
                    known.push((algorithm, cpu));
                }
            }
        }
    }
    Ok(known)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
