//! What verifying an ID token costs in time, against the bare check of its signature. What it costs in memory,
//! `id_token_memory` says: an allocator that counts takes time of its own.

#[path = "../tests/allocations/issuer.rs"]
mod issuer;

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use issuer::Issuer;
use latchkey::domain::signing_algorithm::SigningAlgorithm::{ES256, ES384, EdDSA, PS256, RS256};

const ROUNDS: usize = 1001;
/// Of one contender: so short that most are not interrupted by what else the machine does.
const ROUND: Duration = Duration::from_millis(1);
/// Verifying may take so many times what the check of the signature takes.
const GOAL: f64 = 1.3;

fn main() -> Result<(), Box<dyn Error>> {
    println!("\nverifying one ID token with 1 KB of claims, medians of {ROUNDS} rounds of {ROUND:?} each\n");
    println!("{:<8}{:>16}{:>16}{:>16}", "", "signature, µs", "latchkey, µs", "times signature");
    for algorithm in [RS256, ES256, PS256, ES384, EdDSA] {
        compare(&Issuer::new(algorithm))?;
    }
    println!("\nThe goal is at most {GOAL} times the signature.");
    Ok(())
}

/// Both take turns, so that what else the machine does meets both.
fn compare(issuer: &Issuer) -> Result<(), Box<dyn Error>> {
    let token = issuer.sign(&issuer.header().to_string(), &issuer.claims().to_string());
    let (input, signature) = token.rsplit_once('.').ok_or("three parts")?;
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    issuer.verify(&token)?;
    let bare = || issuer.bare.verify_sig(black_box(input.as_bytes()), black_box(&signature)).is_ok();
    let latchkey = || issuer.verify(black_box(&token)).is_ok();
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (micros(bare), micros(latchkey))).collect();
    let signature = median(rounds.iter().map(|(bare, _)| *bare));
    let whole = median(rounds.iter().map(|(_, latchkey)| *latchkey));
    let times = median(rounds.iter().map(|(bare, latchkey)| latchkey / bare));
    println!("{:<8}{signature:>16.1}{whole:>16.1}{times:>16.2}", issuer.algorithm.as_str());
    Ok(())
}

fn micros(verifies: impl Fn() -> bool) -> f64 {
    let (began, mut times) = (Instant::now(), 0_u32);
    while began.elapsed() < ROUND {
        assert!(verifies());
        times += 1;
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
