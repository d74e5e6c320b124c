//! How much memory a token can make Latchkey take before it is refused. Allocations are counted, not timed.
//! What the crypto library allocates for itself, in C, is not counted; it does not grow with the token.

mod hostile;
#[allow(dead_code, reason = "the benchmark uses all of it")]
mod issuer;

use hostile::{CAP, Hostile, LENGTHS};
use issuer::Issuer;
use latchkey::domain::signing_algorithm::SigningAlgorithm;

#[test]
fn no_token_takes_more_memory_than_its_length_allows() {
    let issuer = Issuer::new(SigningAlgorithm::ES256);
    for length in LENGTHS {
        for hostile in hostile::tokens(&issuer, length) {
            let took = allocation_counter::measure(|| drop(issuer.verify(&hostile.token))).bytes_max;
            let Hostile { what, token, signed } = &hostile;
            assert!(took <= hostile.bound(), "{what} in {} octets, signed: {signed}: {took}", token.len());
            assert!((length - 64..=length).contains(&token.len()), "{what} in {} octets: not {length}", token.len());
        }
    }
}

/// The issuer may say as much as fits, so that the bound above is that of a token which is read to its end.
#[test]
fn an_everyday_token_and_one_that_is_full_are_believed() {
    let issuer = Issuer::new(SigningAlgorithm::ES256);
    let everyday = issuer.sign(&issuer.header().to_string(), &issuer.claims().to_string());
    assert!(issuer.verify(&everyday).is_ok());
    let full = hostile::tokens(&issuer, CAP).into_iter().filter(|hostile| hostile.signed && hostile.what != "depth");
    for hostile in full {
        assert!(issuer.verify(&hostile.token).is_ok(), "{}", hostile.what);
    }
}
