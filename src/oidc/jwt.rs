//! The signature of a JSON Web Token (RFC 7515, 7519, 8725): is it one of the issuer's, of the right kind?
//! Says nothing of what the claims mean, and never trusts a key or an algorithm on the token's word.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    json::{JsonError, parse_object},
    keys::KeySet,
};
use crate::domain::{Claims, relation::SigningAlgorithm};

/// The longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// What the caller demands of a token's header.
pub(super) struct JwsRules<'a> {
    pub(super) algorithms: &'a [SigningAlgorithm],
    /// Whether a `typ` is right: in lower case and without `application/`, or None when absent.
    pub(super) type_fits: fn(Option<&str>) -> bool,
}

/// A token whose signature is the issuer's.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) claims: Claims,
    pub(super) algorithm: SigningAlgorithm,
}

/// Which rule a token breaks before its claims count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    #[error("the token is longer than 64 KiB")]
    TooLarge,
    #[error("the token is not a JWS in compact form: three parts, parted by dots")]
    NotCompact,
    #[error("a part of the token is not canonical base64url without padding")]
    NotBase64Url,
    #[error("the token's header cannot be read: {0}")]
    Header(JsonError),
    #[error("alg is not among the algorithms allowed for this provider")]
    AlgorithmRefused,
    #[error("the header demands extensions (crit), and none is understood")]
    Critical,
    #[error("typ says that the token is of another kind")]
    WrongType,
    #[error("kid is not a string")]
    MalformedKeyId,
    /// The provider may have changed its keys since they were fetched.
    #[error("none of the issuer's keys fits: by kid, kty, alg and use, or without kid by the signature")]
    UnknownKey,
    #[error("the signature is wrong")]
    BadSignature,
    #[error("the token's claims cannot be read: {0}")]
    Payload(JsonError),
}

impl JwsError {
    /// A stable code for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "token_too_large",
            Self::NotCompact => "token_not_compact",
            Self::NotBase64Url => "token_not_base64url",
            Self::Header(JsonError::Duplicate) => "header_duplicate_member",
            Self::Header(_) => "header_unreadable",
            Self::AlgorithmRefused => "alg_refused",
            Self::Critical => "crit_refused",
            Self::WrongType => "typ_wrong",
            Self::MalformedKeyId => "kid_malformed",
            Self::UnknownKey => "key_unknown",
            Self::BadSignature => "signature_wrong",
            Self::Payload(JsonError::Duplicate) => "claims_duplicate_member",
            Self::Payload(_) => "claims_unreadable",
        }
    }
}

/// Checks form, header and signature of a token, and reads its claims.
pub(super) fn verify_signature(raw: &str, keys: &KeySet, rules: &JwsRules<'_>) -> Result<Signed, JwsError> {
    if raw.len() > MAX_TOKEN_BYTES {
        return Err(JwsError::TooLarge);
    }
    let [header, payload, signature] = three_parts(raw)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::NotBase64Url);
    let (header_json, payload_json) = (decode(header)?, decode(payload)?);
    decode(signature)?;
    let (algorithm, kid) = check_header(&parse_object(&header_json).map_err(JwsError::Header)?, rules)?;
    let input = &raw.as_bytes()[..header.len() + 1 + payload.len()];
    let candidates = keys.candidates(kid.as_deref(), algorithm);
    if !candidates.iter().any(|key| key.verifies(signature, input, algorithm)) {
        let named_key_exists = kid.is_some() && !candidates.is_empty();
        return Err(if named_key_exists { JwsError::BadSignature } else { JwsError::UnknownKey });
    }
    let claims = parse_object(&payload_json).map_err(JwsError::Payload)?;
    Ok(Signed { claims, algorithm })
}

fn three_parts(raw: &str) -> Result<[&str; 3], JwsError> {
    let mut parts = raw.split('.');
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(header), Some(payload), Some(signature), None] => Ok([header, payload, signature]),
        _ => Err(JwsError::NotCompact),
    }
}

/// The algorithm and the key's ID. `jku`, `x5u`, `jwk`, `x5c` are not looked at (RFC 8725, section 3.10).
fn check_header(
    header: &Map<String, Value>,
    rules: &JwsRules<'_>,
) -> Result<(SigningAlgorithm, Option<String>), JwsError> {
    let algorithm = header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(SigningAlgorithm::from_name)
        .filter(|algorithm| rules.algorithms.contains(algorithm))
        .ok_or(JwsError::AlgorithmRefused)?;
    if header.contains_key("crit") {
        return Err(JwsError::Critical);
    }
    let typ = match header.get("typ") {
        None => None,
        Some(typ) => Some(typ.as_str().ok_or(JwsError::WrongType)?.to_ascii_lowercase()),
    };
    // RFC 7515, section 4.1.9: "application/" may be left out.
    let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    if !(rules.type_fits)(typ) {
        return Err(JwsError::WrongType);
    }
    match header.get("kid") {
        None => Ok((algorithm, None)),
        Some(Value::String(kid)) => Ok((algorithm, Some(kid.clone()))),
        Some(_) => Err(JwsError::MalformedKeyId),
    }
}
