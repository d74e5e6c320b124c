//! The form of a token, its header and its signature (RFC 7515). Says nothing of what the claims mean.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{JwsError, Proof, kind::Kind};
use crate::{
    domain::{Claims, signing_algorithm::SigningAlgorithm},
    oidc::json::{parse_object, parse_small_object},
};

/// The longest token that is looked at.
pub(super) const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// How many values a header may hold, which is read before its signature is checked. With a chain of certificates and a key,
/// which nobody needs, there are two dozen.
const MAX_HEADER_VALUES: usize = 64;

/// A token that is the issuer's.
pub(super) struct Signed {
    pub(super) claims: Claims,
    pub(super) algorithm: SigningAlgorithm,
}

/// Checks form, header and signature of a token, and reads its claims.
pub(super) fn read(
    raw: &str,
    kind: &Kind,
    proof: &Proof<'_>,
    allowed: &[SigningAlgorithm],
) -> Result<Signed, JwsError> {
    let (payload, algorithm) = open(raw, kind, proof, allowed)?;
    let claims = parse_object(&payload).map_err(JwsError::Payload)?;
    Ok(Signed { claims, algorithm })
}

/// The payload of a token that is the issuer's.
pub(super) fn open(
    raw: &str,
    kind: &Kind,
    proof: &Proof<'_>,
    allowed: &[SigningAlgorithm],
) -> Result<(Vec<u8>, SigningAlgorithm), JwsError> {
    if raw.len() > MAX_TOKEN_BYTES {
        return Err(JwsError::TooLarge);
    }
    let [header, payload, signature] = three_parts(raw)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::NotBase64Url);
    let (header_json, payload_octets, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
    let header_members = parse_small_object(&header_json, MAX_HEADER_VALUES).map_err(JwsError::Header)?;
    let (algorithm, kid) = check_header(header_members, kind, allowed)?;
    if let Proof::Signature(keys) = proof {
        let input = &raw.as_bytes()[..header.len() + 1 + payload.len()];
        keys.verify(algorithm, kid.as_deref(), input, &signature)?;
    }
    Ok((payload_octets, algorithm))
}

pub(super) fn three_parts(raw: &str) -> Result<[&str; 3], JwsError> {
    let mut parts = raw.split('.');
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(header), Some(payload), Some(signature), None] => Ok([header, payload, signature]),
        // RFC 7516, section 3.1: one more comes after these.
        [_, _, _, Some(_)] if parts.count() == 1 => Err(JwsError::Encrypted),
        _ => Err(JwsError::NotCompact),
    }
}

/// The algorithm and the key's ID. `jku`, `x5u`, `jwk`, `x5c` are not looked at (RFC 8725, section 3.10).
fn check_header(
    mut header: Map<String, Value>,
    kind: &Kind,
    allowed: &[SigningAlgorithm],
) -> Result<(SigningAlgorithm, Option<String>), JwsError> {
    let named = header.get("alg").and_then(Value::as_str).and_then(SigningAlgorithm::from_name);
    let is_allowed = |algorithm: &SigningAlgorithm| allowed.contains(algorithm);
    let algorithm = named.filter(is_allowed).ok_or(JwsError::AlgorithmRefused(named))?;
    if header.contains_key("crit") {
        return Err(JwsError::Critical);
    }
    let typ = match header.get("typ") {
        None => None,
        Some(typ) => Some(typ.as_str().ok_or(JwsError::WrongType)?.to_ascii_lowercase()),
    };
    // RFC 7515, section 4.1.9: "application/" may be left out.
    let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    if !kind.has_typ(typ) {
        return Err(JwsError::WrongType);
    }
    match header.remove("kid") {
        None => Ok((algorithm, None)),
        Some(Value::String(kid)) => Ok((algorithm, Some(kid))),
        Some(_) => Err(JwsError::MalformedKeyId),
    }
}
