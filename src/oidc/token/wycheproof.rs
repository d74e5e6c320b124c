//! Every case of Project Wycheproof that bears on tokens and their keys, by the code that logins use (`tests/wycheproof`).

use std::{collections::BTreeSet, fs};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretSlice;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{KeyRing, Proof, jws, kind};
use crate::{
    domain::signing_algorithm::{SigningAlgorithm, SigningAlgorithm::*},
    oidc::{KeySet, read_public_keys},
};

/// A case that is decided otherwise here, and why.
type Difference = (u32, &'static str);

const MIXED: &str = "symmetric keys are client secrets and never come out of a set, so there is no mixed one";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors<Group> {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct TokenGroup {
    public: Option<Value>,
    private: Value,
    tests: Vec<TokenCase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenCase {
    tc_id: u32,
    result: Expected,
    #[serde(alias = "jwe")]
    jws: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureGroup {
    #[serde(alias = "keyJwk")]
    public_key_jwk: Option<Value>,
    public_key_pem: String,
    tests: Vec<SignatureCase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureCase {
    tc_id: u32,
    result: Expected,
    msg: String,
    sig: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Valid,
    /// Wrong, but nobody gains anything by it: refused here.
    Acceptable,
    Invalid,
}

fn read<Group: DeserializeOwned>(name: &str) -> Vectors<Group> {
    let path = format!("{}/tests/wycheproof/{name}_test.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).expect("the file")).expect("vectors")
}

/// Compares every case's outcome with what is expected of it, but for the differences.
fn assert_outcomes(cases: usize, outcomes: &[(u32, Expected, bool)], differences: &[Difference]) {
    assert_eq!(outcomes.len(), cases, "every case is run");
    let differs = outcomes.iter().filter(|(_, expected, accepted)| (*expected == Expected::Valid) != *accepted);
    let differs: BTreeSet<u32> = differs.map(|(id, ..)| *id).collect();
    assert_eq!(differs, differences.iter().map(|(id, _)| *id).collect(), "exactly those listed differ");
}

/// One key, or a set of them, without private halves: published ones are left out when keys are read.
fn public_keys(keys: &Value) -> Vec<Value> {
    let mut keys = keys["keys"].as_array().cloned().unwrap_or_else(|| vec![keys.clone()]);
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        keys.iter_mut().filter_map(Value::as_object_mut).for_each(|key: &mut Map<_, _>| drop(key.remove(private)));
    }
    keys
}

/// The symmetric keys among them, as client secrets are.
fn secrets(keys: &[Value]) -> Vec<SecretSlice<u8>> {
    let octets = |key: &Value| URL_SAFE_NO_PAD.decode(key["k"].as_str()?).ok();
    keys.iter().filter(|key| key["kty"] == "oct").filter_map(octets).map(SecretSlice::from).collect()
}

fn check_tokens(name: &str, differences: &[Difference]) {
    let allowed: Vec<_> = [&SigningAlgorithm::ASYMMETRIC[..], &SigningAlgorithm::SYMMETRIC].concat();
    let Vectors { number_of_tests, test_groups } = read::<TokenGroup>(name);
    let mut outcomes = Vec::with_capacity(number_of_tests);
    for group in test_groups {
        let keys = public_keys(group.public.as_ref().unwrap_or(&group.private));
        let (published, secrets) = (KeySet::from_entries(&keys), secrets(&keys));
        let proof = Proof::Signature(KeyRing { published: published.keys(), pinned: &[], secrets: &secrets });
        outcomes.extend(group.tests.iter().map(|case| {
            let raw = case.jws.as_str().map_or_else(|| case.jws.to_string(), str::to_owned);
            (case.tc_id, case.result, jws::open(&raw, &kind::ID_TOKEN, &proof, &allowed).is_ok())
        }));
    }
    assert_outcomes(number_of_tests, &outcomes, differences);
}

fn check_signatures(name: &str, algorithm: SigningAlgorithm, differences: &[Difference]) {
    let Vectors { number_of_tests, test_groups } = read::<SignatureGroup>(name);
    let octets = |hex: &str| -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hex"));
        digits.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
    };
    let mut outcomes = Vec::with_capacity(number_of_tests);
    for group in test_groups {
        let mut keys = read_public_keys(&group.public_key_pem).unwrap_or_default();
        keys.extend_from_slice(KeySet::from_entries(&Vec::from_iter(group.public_key_jwk)).keys());
        outcomes.extend(group.tests.iter().map(|case| {
            let verifies = keys.iter().map(|key| key.verifies(algorithm, &octets(&case.msg), &octets(&case.sig)));
            let accepted: BTreeSet<bool> = verifies.collect();
            assert!(accepted.len() < 2, "case {}: the same key in both forms says the same", case.tc_id);
            (case.tc_id, case.result, accepted.contains(&true))
        }));
    }
    assert_outcomes(number_of_tests, &outcomes, differences);
}

#[test]
fn json_web_signatures_are_decided_on_as_wycheproof_does() {
    const OTHER_ALG: &str = "the key is for PS256 and the token of PS384: a key with an alg is for that alone";
    const NO_SUCH_ALG: &str = "the key is for ES521, which no registry knows; RFC 7520 has it without alg";
    const UNCHANGED: &str =
        "to the letter the token of case 357, which is valid: what should be wrong is not in the file";
    const NOT_BASE64URL: &str = "a question mark is no base64url (RFC 7515, section 2)";
    check_tokens(
        "json_web_signature",
        &[
            (346, OTHER_ALG),
            (347, NO_SUCH_ALG),
            (350, OTHER_ALG),
            (351, NO_SUCH_ALG),
            (367, UNCHANGED),
            (370, UNCHANGED),
            (372, NOT_BASE64URL),
            (373, NOT_BASE64URL),
        ],
    );
}

#[test]
fn json_web_keys_are_decided_on_as_wycheproof_does() {
    const ALG: &str = "a client secret has no alg: whether HS256 counts, the manifest says";
    check_tokens(
        "json_web_key",
        &[(1, MIXED), (4, "client secrets have no kid, so none is there twice"), (25, ALG), (26, ALG)],
    );
}

#[test]
fn json_web_crypto_is_decided_on_as_wycheproof_does() {
    const ENCRYPTED: &str = "an encrypted token: none is read";
    check_tokens("json_web_crypto", &[(47, MIXED), (50, ENCRYPTED), (67, ENCRYPTED)]);
}

#[test]
fn bare_signatures_are_decided_on_as_wycheproof_does() {
    check_signatures("rsa_signature_2048_sha256", RS256, &[]);
    check_signatures("rsa_pss_2048_sha256_mgf1_32", PS256, &[]);
    check_signatures("ecdsa_secp256r1_sha256_p1363", ES256, &[]);
    check_signatures("ecdsa_secp384r1_sha384_p1363", ES384, &[]);
    check_signatures("ed25519", EdDSA, &[]);
}
