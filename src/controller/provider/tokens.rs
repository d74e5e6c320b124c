//! Which tokens are believed: what the manifest allows and has, within what the provider announces. Pure.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use url::Url;

use super::offers::{Offers, incompatible, names};
use crate::{
    api::{AllowedAlgorithm, Fact, Reason, SigningKey, Status, TokensSpec},
    domain::{
        metadata::{FetchFailure, Fetched},
        relation::TokenRules,
        signing_algorithm::{SigningAlgorithm, SigningAlgorithm::*},
        verification_key::VerificationKey,
    },
    oidc::read_public_keys,
};

const ALLOWED: &str = "spec.tokens.allowedAlgorithms";
const ANNOUNCED: &str = "id_token_signing_alg_values_supported";

/// So many keys of a manifest can be tried for every token.
const MAX_PUBLIC_KEYS: usize = 16;

/// The keys of spec.tokens.publicKeys.
///
/// # Errors
/// Names the entry that holds none, or says that there are too many.
pub fn public_keys(spec: &TokensSpec) -> Result<Vec<VerificationKey>, String> {
    let mut keys = Vec::new();
    for (index, text) in spec.public_keys.iter().enumerate() {
        let read = read_public_keys(text);
        keys.extend(read.map_err(|error| format!("spec.tokens.publicKeys[{index}]: {error}"))?);
    }
    if keys.len() > MAX_PUBLIC_KEYS {
        let found = keys.len();
        return Err(format!("spec.tokens.publicKeys: holds {found} keys: keep the newest {MAX_PUBLIC_KEYS} at most"));
    }
    Ok(keys)
}

/// A secret that is to be the key of symmetric algorithms is at least as long as their hash (RFC 7518, section 3.2).
///
/// # Errors
/// `ResolvedRefs=False`, naming the algorithm.
pub fn long_enough(spec: &TokensSpec, secret: Option<&SecretString>) -> Result<(), Fact> {
    let Some(secret) = secret.filter(|_| spec.validates_signatures()) else { return Ok(()) };
    let length = secret.expose_secret().len();
    let allowed = allowed(spec);
    let Some(algorithm) = allowed.iter().find(|name| name.is_symmetric() && length < name.hash().output_len()) else {
        return Ok(());
    };
    let (name, needed) = (algorithm.as_str(), algorithm.hash().output_len());
    let message = format!(
        "spec.client.secretRef: {name} needs a client secret of at least {needed} bytes, and this one is shorter: let the provider make a longer one, or take {name} out of {ALLOWED}"
    );
    Err(Fact::fails(Reason::SecretNotUsable, message))
}

/// What tokens are checked by. `jwks_uri`: where the provider publishes keys.
///
/// # Errors
/// `Discovered=False` with `Incompatible`, naming the field and both sides.
pub fn token_rules(
    spec: &TokensSpec,
    public_keys: &[VerificationKey],
    secrets: impl Iterator<Item = SecretSlice<u8>>,
    jwks_uri: Option<Url>,
    offers: &Offers<'_>,
) -> Result<TokenRules, Fact> {
    let algorithms = algorithms(spec, offers)?;
    let by_secret = algorithms.iter().any(|algorithm| algorithm.is_symmetric());
    Ok(TokenRules {
        algorithms,
        skew: spec.allowed_clock_skew.map_or_else(Default::default, |skew| skew.get()),
        unsigned_from_token_endpoint: !spec.validates_signatures(),
        jwks_uri: jwks_uri.filter(|_| !spec.is_symmetric()),
        public_keys: public_keys.to_vec(),
        secrets: secrets.filter(|_| by_secret).collect(),
    })
}

/// What the manifest lists. EdDSA has two names.
fn allowed(spec: &TokensSpec) -> Vec<SigningAlgorithm> {
    let listed = spec.allowed_algorithms.iter().flat_map(|algorithm| match algorithm {
        AllowedAlgorithm::RS256 => &[RS256][..],
        AllowedAlgorithm::RS384 => &[RS384],
        AllowedAlgorithm::RS512 => &[RS512],
        AllowedAlgorithm::PS256 => &[PS256],
        AllowedAlgorithm::PS384 => &[PS384],
        AllowedAlgorithm::PS512 => &[PS512],
        AllowedAlgorithm::ES256 => &[ES256],
        AllowedAlgorithm::ES384 => &[ES384],
        AllowedAlgorithm::ES512 => &[ES512],
        AllowedAlgorithm::EdDSA => &[EdDSA, Ed25519],
        AllowedAlgorithm::HS256 => &[HS256],
        AllowedAlgorithm::HS384 => &[HS384],
        AllowedAlgorithm::HS512 => &[HS512],
    });
    listed.copied().collect()
}

fn algorithms(spec: &TokensSpec, offers: &Offers<'_>) -> Result<Vec<SigningAlgorithm>, Fact> {
    let listed = allowed(spec);
    let announced = offers.signing_algorithms();
    // Silence means the one that every provider has (OpenID Connect Discovery 1.0, section 3).
    let known: Vec<_> = match announced {
        None => vec![RS256],
        Some(names) => names.iter().filter_map(|name| SigningAlgorithm::from_name(name)).collect(),
    };
    if !listed.is_empty() {
        if announced.is_none() || listed.iter().any(|algorithm| known.contains(algorithm)) {
            return Ok(listed);
        }
        let asked: Vec<_> = spec.allowed_algorithms.iter().map(|algorithm| format!("{algorithm:?}")).collect();
        return Err(incompatible(ALLOWED, &asked.join(" or "), ANNOUNCED, announced.unwrap_or_default()));
    }
    if offers.0.is_none() {
        return Ok(SigningAlgorithm::ASYMMETRIC.to_vec());
    }
    let mut asymmetric: Vec<_> = known.iter().copied().filter(|algorithm| !algorithm.is_symmetric()).collect();
    match (asymmetric.contains(&EdDSA), asymmetric.contains(&Ed25519)) {
        (true, false) => asymmetric.push(Ed25519),
        (false, true) => asymmetric.push(EdDSA),
        _ => {}
    }
    if asymmetric.is_empty() { Err(none_in_common(&known, announced.unwrap_or_default())) } else { Ok(asymmetric) }
}

fn none_in_common(known: &[SigningAlgorithm], announced: &[String]) -> Fact {
    let instead = match known.first() {
        Some(symmetric) => {
            format!(", or write {ALLOWED}: [{}] if the client secret is long and kept well", symmetric.as_str())
        }
        None => String::new(),
    };
    // EdDSA stands for its other name, too.
    let others = SigningAlgorithm::ASYMMETRIC.into_iter().filter(|algorithm| *algorithm != Ed25519);
    let message = format!(
        "the provider's {ANNOUNCED} says {}, but an ID token must be signed with one of {}: let the provider's administrator choose one of those for this client{instead}",
        names(announced),
        others.map(SigningAlgorithm::as_str).collect::<Vec<_>>().join(", ")
    );
    Fact::fails(Reason::Incompatible, message)
}

/// The `KeysUsable` condition. `published`: what is known of the keys that the provider publishes; `stale`: those that were
/// good still serve although they cannot be had now; `rules`: what tokens are checked by, where that is known.
pub fn keys_usable(
    spec: &TokensSpec,
    published: &Fetched<Vec<SigningKey>>,
    stale: bool,
    rules: Option<&TokenRules>,
) -> Fact {
    let found = usable(spec, published, stale);
    let serving = published.good.iter().filter(|_| published.failure.is_none() || stale);
    let keys = || serving.clone().flat_map(|(keys, _)| keys.iter());
    match rules {
        Some(rules) if found.reason == Reason::Succeeded && rests_on_keys(rules) => {
            let pinned = rules.public_keys.iter().map(VerificationKey::summary);
            let fit = |key: &SigningKey| rules.algorithms.iter().any(|algorithm| may_fit(key, *algorithm));
            if keys().chain(pinned.clone()).any(fit) { found } else { none_fits(keys().chain(pinned), rules) }
        }
        _ => found,
    }
}

/// Whether nobody can sign in without a key.
fn rests_on_keys(rules: &TokenRules) -> bool {
    !rules.unsigned_from_token_endpoint && !rules.algorithms.iter().any(|algorithm| algorithm.is_symmetric())
}

/// As far as `status.keys` says.
fn may_fit(key: &SigningKey, algorithm: SigningAlgorithm) -> bool {
    let kty = match algorithm {
        RS256 | RS384 | RS512 | PS256 | PS384 | PS512 => "RSA",
        ES256 | ES384 | ES512 => "EC",
        EdDSA | Ed25519 => "OKP",
        HS256 | HS384 | HS512 => return false,
    };
    let bound = key.alg.as_deref().and_then(SigningAlgorithm::from_name);
    key.kty == kty && bound.is_none_or(|bound| kty == "OKP" || bound == algorithm)
}

fn none_fits<'a>(keys: impl Iterator<Item = &'a SigningKey>, rules: &TokenRules) -> Fact {
    let kinds: BTreeSet<_> = keys.map(|key| key.alg.as_deref().unwrap_or(&key.kty)).collect();
    // EdDSA stands for its other name, too.
    let allowed =
        rules.algorithms.iter().filter(|algorithm| **algorithm != Ed25519).map(|algorithm| algorithm.as_str());
    let message = format!(
        "{ALLOWED}: {} may sign tokens, but the provider's keys are for {}: change one or the other",
        allowed.collect::<Vec<_>>().join(", "),
        kinds.into_iter().collect::<Vec<_>>().join(", ")
    );
    Fact::fails(Reason::NoUsableKeys, message)
}

fn usable(spec: &TokensSpec, published: &Fetched<Vec<SigningKey>>, stale: bool) -> Fact {
    const PINNED: &str = "The keys of tokens.publicKeys are used";
    const NO_KEYS: &str = "Without keys, only what comes straight from the token endpoint is believed (tokens.validateSignatures is false)";
    let but = |said: &str, failure: &FetchFailure| {
        format!("{said}; those of the JWKS URL could not be had: {}", failure.message)
    };
    let (pinned, needed) = (!spec.public_keys.is_empty(), spec.validates_signatures());
    match (&published.good, &published.failure) {
        _ if spec.is_symmetric() => not_needed("Tokens are signed with the client secret (tokens.allowedAlgorithms)."),
        (Some(_), None) if !needed => Fact::holds(
            "The provider's signing keys were fetched; what comes straight from the token endpoint is believed without them (tokens.validateSignatures is false).",
        ),
        (Some(_), None) => Fact::holds("The provider's signing keys were fetched."),
        (Some(_), Some(failure)) if stale => {
            Fact::holds(format!("The provider's last good signing keys are used: {}", failure.message))
        }
        (_, Some(failure)) if pinned => Fact::holds(but(PINNED, failure)),
        (None, None) if pinned => Fact::holds(format!("{PINNED}.")),
        (_, Some(failure)) if !needed => not_needed(but(NO_KEYS, failure)),
        (None, None) if !needed => not_needed(format!("{NO_KEYS}.")),
        (_, Some(failure)) => Fact::fails(failure.reason, &failure.message),
        (None, None) => Fact::unknown("The provider's keys have not been fetched yet."),
    }
}

fn not_needed(message: impl Into<String>) -> Fact {
    Fact { status: Status::True, reason: Reason::NotNeeded, message: message.into() }
}

#[cfg(test)]
mod tests;
