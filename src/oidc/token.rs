//! Whether a JSON Web Token is to be believed (RFC 7515, 7519, 8725). One verifier for all kinds of tokens; what differs
//! between them stands in `kind.rs`.
//! Pure: keys and clock come in as values. Trusts no key and no algorithm on a token's word.

mod assertion;
mod checks;
mod error;
mod id_token;
mod jws;
mod key_ring;
mod kind;
mod logout_token;
mod subject;
#[cfg(test)]
mod wycheproof;

use std::time::Duration;

use jiff::Timestamp;

use self::{
    jws::{Signed, read},
    kind::Kind,
};
use crate::domain::signing_algorithm::SigningAlgorithm;

pub use assertion::{Assertion, Claimed, claimed, verify_assertion};
pub use error::{JwsError, TokenError};
pub use id_token::{AtLogin, verify_id_token};
pub use key_ring::{KeyRing, Proof};
pub use logout_token::{LogoutToken, verify_logout_token};
pub use subject::{subject_of, verify_access_token, verify_userinfo};

/// Whose tokens are believed, whom they have to be for, and when.
#[derive(Clone, Copy)]
pub struct Parties<'a> {
    /// `iss`, to the letter.
    pub issuer: &'a str,
    /// `aud`: the clients that the tokens are for; one, but for what applications bring.
    pub clients: &'a [&'a str],
    /// The only algorithms that count.
    pub algorithms: &'a [SigningAlgorithm],
    pub now: Timestamp,
    /// How far the provider's clock may be off, either way.
    pub skew: Duration,
}

/// Checks what tokens of all kinds have in common.
fn verify(raw: &str, kind: &Kind, proof: &Proof<'_>, parties: &Parties<'_>) -> Result<Signed, TokenError> {
    let signed = read(raw, kind, proof, parties.algorithms)?;
    checks::kind(&signed.claims, kind)?;
    checks::parties(&signed.claims, kind, parties)?;
    checks::times(&signed.claims, kind, parties)?;
    checks::subject(&signed.claims, kind)?;
    Ok(signed)
}
