//! What verifying an ID token costs in memory, also for tokens that are made to take much of it. Fails where one takes more
//! than its length allows.

#[path = "../tests/allocations/hostile.rs"]
mod hostile;
#[allow(dead_code, reason = "a benchmark uses its part")]
#[path = "../tests/allocations/issuer.rs"]
mod issuer;

use std::error::Error;

use hostile::LENGTHS;
use issuer::Issuer;
use latchkey::domain::signing_algorithm::SigningAlgorithm::{ES256, RS256};

fn main() -> Result<(), Box<dyn Error>> {
    println!("\nverifying one ID token with 1 KB of claims\n");
    println!("{:<8}{:>16}{:>16}{:>16}", "", "allocations", "bytes", "bytes at once");
    for algorithm in [RS256, ES256] {
        let issuer = Issuer::new(algorithm);
        let token = issuer.sign(&issuer.header().to_string(), &issuer.claims().to_string());
        issuer.verify(&token)?;
        let took = allocation_counter::measure(|| drop(issuer.verify(&token)));
        println!("{:<8}{:>16}{:>16}{:>16}", algorithm.as_str(), took.count_total, took.bytes_total, took.bytes_max);
    }
    println!("\nbytes at once for hostile tokens; signed: by the issuer itself, so that the claims are read\n");
    hostile_tokens(&Issuer::new(ES256))
}

fn hostile_tokens(issuer: &Issuer) -> Result<(), Box<dyn Error>> {
    let heading: String = LENGTHS.iter().map(|length| format!("{length:>10}")).collect();
    println!("{:<26}{heading}", "bytes of the token");
    let by_length: Vec<_> = LENGTHS.iter().map(|length| hostile::tokens(issuer, *length)).collect();
    let mut above = 0;
    for sort in 0..by_length[0].len() {
        let first = &by_length[0][sort];
        print!("{:<18}{:<8}", first.what, if first.signed { "signed" } else { "" });
        for hostile in by_length.iter().map(|tokens| &tokens[sort]) {
            let took = allocation_counter::measure(|| drop(issuer.verify(&hostile.token))).bytes_max;
            print!("{took:>10}");
            above += usize::from(took > hostile.bound());
        }
        println!();
    }
    if above > 0 { Err(format!("{above} take more than their length allows").into()) } else { Ok(()) }
}
