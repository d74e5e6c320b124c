//! What the parts of an exchange cost, each by itself and within the benchmark: CPU time of all its threads.

use std::{error::Error, hint::black_box, time::Duration};

use jiff::Timestamp;
use latchkey::{
    domain::{
        matching::Known,
        signing_algorithm::SigningAlgorithm,
        user::{LoginRecord, OneUse},
    },
    oidc::{KeyRing, KeySet, Parties, verify_assertion},
    store::{self, Store},
};
use uuid::Uuid;

use crate::{
    login::{Login, with_groups},
    median,
    minted::{AUDIENCE, Algorithm, Who},
    support::signer::P256,
    usage::Usage,
};

const ISSUER: &str = "https://issuer.example";
const ROUNDS: usize = 5;
/// So many times that a round takes a good part of a second: CPU time is counted in hundredths.
const CHEAP: u32 = 20_000;
const WRITES: u32 = 1000;
/// Access tokens are about so long, without their signature.
const SIGNED_BYTES: usize = 900;

/// Prints the parts of whole exchanges that cost this much.
pub async fn measure(whole: &[(Algorithm, f64)]) -> Result<(), Box<dyn Error>> {
    println!("\nof it, CPU µs an exchange of somebody known before, medians of {ROUNDS} rounds\n");
    println!("{:<44}{:>12}{:>12}", "", "RS256", "ES256");
    let mut verified = Vec::new();
    for (algorithm, _) in whole {
        verified.push(verify(*algorithm)?);
    }
    let login = Login::new(2, 0, &with_groups(20))?;
    let decided = micros(CHEAP, || {
        black_box(black_box(&login).decide(Known::default(), None)?);
        Ok(())
    })?;
    let stored = stored(&login).await?;
    let signed = micros(CHEAP, || {
        black_box(P256.signature("ES256", black_box(&[b'e'; SIGNED_BYTES])));
        Ok(())
    })?;
    print("the ID token is verified", &verified);
    print("who it is and what they get is decided", &[decided; 2]);
    print("known is read and the login written: SQLite", &[stored; 2]);
    print("the access token is signed: ES256", &[signed; 2]);
    let rest = whole.iter().zip(&verified).map(|((_, whole), verified)| whole - verified - decided - stored - signed);
    print("the rest: HTTP, form, log, tasks", &rest.collect::<Vec<_>>());
    print("the whole", &whole.iter().map(|(_, whole)| *whole).collect::<Vec<_>>());
    Ok(())
}

fn print(what: &str, micros: &[f64]) {
    let cells: String = micros.iter().map(|micros| format!("{micros:>12.0}")).collect();
    println!("{what:<44}{cells}");
}

fn verify(algorithm: Algorithm) -> Result<f64, Box<dyn Error>> {
    let (token, keys) = (algorithm.token(ISSUER, Who::Known), KeySet::from_entries(&[algorithm.jwk()]));
    let allowed = [SigningAlgorithm::RS256, SigningAlgorithm::ES256];
    let parties = Parties {
        issuer: ISSUER,
        clients: &[AUDIENCE],
        algorithms: &allowed,
        now: Timestamp::now(),
        skew: Duration::ZERO,
    };
    micros(CHEAP, || {
        let keys = KeyRing { published: keys.keys(), ..KeyRing::default() };
        black_box(verify_assertion(black_box(&token), keys, &parties, Duration::from_secs(3600))?);
        Ok(())
    })
}

/// CPU time of one in the median of rounds of so many.
fn micros(times: u32, mut once: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let before = own_cpu()?;
        for _ in 0..times {
            once()?;
        }
        rounds.push((own_cpu()? - before) * 1e6 / f64::from(times));
    }
    Ok(median(rounds.into_iter()))
}

/// What the store takes for somebody who has been there before: to say who is known, and to write.
async fn stored(login: &Login) -> Result<f64, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let store = store::open(&format!("sqlite:{}", directory.path().join("latchkey.db").display()), None).await?;
    let mut first = login.decide(Known::default(), Some(one_use()))?;
    first.user.id.0 = Uuid::now_v7();
    first.session.user = first.user.id;
    store.record_login(&first).await?;
    let known = known(&*store, &first).await?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let before = own_cpu()?;
        for _ in 0..WRITES {
            black_box(self::known(&*store, &first).await?);
            store.record_login(&login.decide(known.clone(), Some(one_use()))?).await?;
        }
        rounds.push((own_cpu()? - before) * 1e6 / f64::from(WRITES));
    }
    let decided = micros(CHEAP, || {
        black_box(login.decide(known.clone(), Some(one_use()))?);
        Ok(())
    })?;
    Ok(median(rounds.into_iter()) - decided)
}

async fn known(store: &dyn Store, record: &LoginRecord) -> Result<Known, Box<dyn Error>> {
    Ok(store.known(&record.link, record.user.email.as_deref(), &record.user.user_name).await?)
}

fn one_use() -> OneUse {
    OneUse { id: *Uuid::new_v4().as_bytes(), until: Timestamp::MAX }
}

/// CPU time of this process, in seconds.
fn own_cpu() -> Result<f64, Box<dyn Error>> {
    Ok(Usage::of(std::process::id())?.cpu)
}
