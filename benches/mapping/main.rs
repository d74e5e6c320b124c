//! What it costs to get from somebody's claims to what a login writes of them, with many mappers.

mod login;

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use latchkey::domain::matching::Known;

use self::login::{Login, with_groups};

const ROUNDS: usize = 1001;
/// So short that most are not interrupted by what else the machine does.
const ROUND: Duration = Duration::from_millis(2);
/// With 100 mappers, of which 20 have expressions.
const GOAL: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    let claims = with_groups(20);
    let size = serde_json::to_string(&claims)?.len();
    println!("\nfrom {size} octets of claims with 20 groups to what a login writes, medians of {ROUNDS} rounds\n");
    println!("{:<52}{:>14}", "", "decided, µs");
    for (mappers, expressions) in [(0, 0), (10, 2), (100, 0), (100, 20), (100, 100), (1000, 200)] {
        let whole = micros(&Login::new(mappers, expressions, &claims)?)?;
        println!("{:<52}{whole:>14.1}", format!("{mappers} mappers, {expressions} with expressions"));
    }
    let whole = micros(&Login::new(100, 20, &with_groups(10_000))?)?;
    println!("{:<52}{whole:>14.1}", "100 mappers, 20 with expressions, 10,000 groups");
    println!("\nThe goal with 100 mappers, 20 with expressions, is at most {GOAL} µs.");
    Ok(())
}

fn micros(login: &Login) -> Result<f64, Box<dyn Error>> {
    login.decide(Known::default(), None)?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let (began, mut times) = (Instant::now(), 0_u32);
        while began.elapsed() < ROUND {
            black_box(black_box(login).decide(Known::default(), None)?);
            times += 1;
        }
        rounds.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(times));
    }
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[rounds.len() / 2])
}
