use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::{
    domain::signing_algorithm::{SigningAlgorithm, SigningAlgorithm::*},
    oidc::{
        assertion::{Signer, client_assertion},
        read_client_key,
    },
};

macro_rules! for_tests {
    ($name:literal) => {
        include_str!(concat!("../../testdata/for-tests-", $name, ".pem"))
    };
}

const RSA: &str = for_tests!("rsa-public");
const CERTIFICATE: &str = for_tests!("rsa-certificate");
const P256: &str = for_tests!("p256-public");
const ED25519: &str = for_tests!("ed25519-public");

/// The base64 alone, on one line.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn kinds(text: &str) -> Vec<String> {
    let keys = read_public_keys(text).expect("keys");
    keys.iter().map(|key| key.summary().kty.clone()).collect()
}

fn refused(text: &str) -> PublicKeysError {
    let error = read_public_keys(text).expect_err("no key");
    for line in text.lines().filter(|line| line.len() > 16 && !line.starts_with("-----")) {
        assert!(!format!("{error} {error:?}").contains(line), "{error:?}");
    }
    error
}

/// A JWS of a private key: what is signed, and the signature.
fn signed(private_key: &str, algorithm: SigningAlgorithm) -> (String, Vec<u8>) {
    let key = read_client_key(&SecretString::from(private_key)).expect("a key");
    let token = client_assertion(&Signer::Key(&key, algorithm), "a", "b", Timestamp::UNIX_EPOCH, "c").expect("a token");
    let (input, signature) = token.expose_secret().rsplit_once('.').expect("three parts");
    let signature = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature);
    (input.to_owned(), signature.expect("base64url"))
}

#[test]
fn a_public_key_of_every_kind_verifies_what_its_private_key_signs_and_nothing_else() {
    const RSA_ALGORITHMS: &[SigningAlgorithm] = &[RS256, RS384, RS512, PS256, PS384, PS512];
    let cases: [(&str, &str, &str, &[SigningAlgorithm]); 8] = [
        (RSA, for_tests!("rsa-pkcs8"), "RSA", RSA_ALGORITHMS),
        (CERTIFICATE, for_tests!("rsa-pkcs8"), "RSA", RSA_ALGORITHMS),
        (P256, for_tests!("p256-pkcs8"), "EC", &[ES256]),
        (for_tests!("p256-compressed-public"), for_tests!("p256-pkcs8"), "EC", &[ES256]),
        (for_tests!("p256-explicit-public"), for_tests!("p256-pkcs8"), "EC", &[ES256]),
        (for_tests!("p384-public"), for_tests!("p384-sec1"), "EC", &[ES384]),
        (for_tests!("p521-public"), for_tests!("p521-pkcs8"), "EC", &[ES512]),
        (ED25519, for_tests!("ed25519-pkcs8"), "OKP", &[EdDSA, Ed25519]),
    ];
    for (public, private, kty, algorithms) in cases {
        let [key] = &read_public_keys(public).expect("a key")[..] else { panic!("one key: {public}") };
        let of_kty = SigningKey { kty: kty.to_owned(), ..SigningKey::default() };
        assert_eq!(*key.summary(), of_kty, "what a PEM does not say is not made up");
        for algorithm in SigningAlgorithm::ASYMMETRIC {
            assert_eq!(key.fits(algorithm), algorithms.contains(&algorithm), "{kty} {algorithm:?}");
        }
        for algorithm in algorithms {
            let (input, signature) = signed(private, *algorithm);
            assert!(key.verifies(*algorithm, input.as_bytes(), &signature), "{kty} {algorithm:?}");
            assert!(!key.verifies(*algorithm, b"another input", &signature), "{kty} {algorithm:?}");
            assert!(!key.verifies(*algorithm, input.as_bytes(), &signature[1..]), "{kty} {algorithm:?}");
        }
    }
}

#[test]
fn several_keys_in_one_text_are_all_read() {
    assert_eq!(kinds(&format!("{RSA}{CERTIFICATE}\n\n{P256}{ED25519}")), ["RSA", "RSA", "EC", "OKP"]);
    let spoken = format!("Subject: CN=idp.example\nsince March\n{P256}the next one:\n{ED25519}that is all");
    assert_eq!(kinds(&spoken), ["EC", "OKP"]);
}

#[test]
fn rsa_keys_of_unusual_make_are_read() {
    assert_eq!(kinds(for_tests!("rsa-exponent-3-public")), ["RSA"], "small, and in use");
    assert_eq!(kinds(for_tests!("rsa-8192-public")), ["RSA"], "the longest");
    // That it is meant for PSS alone is for allowedAlgorithms to say.
    assert_eq!(kinds(for_tests!("rsa-pss-public")), ["RSA"]);
}

#[test]
fn line_breaks_of_every_system_are_read() {
    for text in [P256.replace('\n', "\r\n"), P256.replace('\n', " \n"), P256.trim().to_owned(), format!("\n{P256}")] {
        assert_eq!(kinds(&text), ["EC"], "{text:?}");
    }
    assert_eq!(kinds(&format!("{ED25519}\u{feff}")), ["OKP"]);
}

/// Nobody asks a certificate here but for its key.
#[test]
fn a_certificate_counts_whoever_issued_it_to_whom_and_until_when() {
    for pem in [for_tests!("p256-pkcs8"), for_tests!("p521-pkcs8"), for_tests!("ed25519-pkcs8")] {
        let key = rcgen::KeyPair::from_pem(pem).expect("a key");
        let mut certificate = rcgen::CertificateParams::default();
        certificate.not_before = rcgen::date_time_ymd(2001, 1, 1);
        certificate.not_after = rcgen::date_time_ymd(2002, 1, 1);
        let expired = certificate.self_signed(&key).expect("a certificate").pem();
        assert_eq!(kinds(&expired), kinds(&key.public_key_pem()));
    }
}

#[test]
fn a_private_key_is_refused_in_every_form_and_wherever_it_stands() {
    let forms = [
        for_tests!("rsa-pkcs8"),
        for_tests!("rsa-pkcs1"),
        for_tests!("rsa-pkcs8-encrypted"),
        for_tests!("rsa-pkcs1-encrypted"),
        for_tests!("p256-sec1"),
        for_tests!("ed25519-pkcs8"),
        "-----BEGIN OPENSSH PRIVATE KEY-----\naGVsbG8=\n-----END OPENSSH PRIVATE KEY-----\n",
    ];
    for private in forms {
        for text in [private.to_owned(), format!("{private}{CERTIFICATE}"), format!("{P256}{private}")] {
            assert_eq!(refused(&text), PublicKeysError::PrivateKey);
        }
    }
}

#[test]
fn a_key_in_the_form_of_pkcs1_is_refused_with_what_converts_it() {
    let error = refused(for_tests!("rsa-pkcs1-public"));
    assert_eq!(error, PublicKeysError::Pkcs1);
    assert!(error.to_string().contains("openssl rsa -RSAPublicKey_in -in key.pem -pubout"), "{error}");
    assert_eq!(refused(&format!("{P256}{}", for_tests!("rsa-pkcs1-public"))), PublicKeysError::Pkcs1);
}

/// Whoever could choose the generator of a curve could make a private key for any point (CVE-2020-0601).
#[test]
fn a_key_that_is_weak_or_of_another_kind_is_refused() {
    let keys = [
        for_tests!("rsa-1024-public"),
        for_tests!("rsa-8448-public"),
        for_tests!("secp256k1-public"),
        for_tests!("x25519-public"),
        for_tests!("ed448-public"),
        for_tests!("p256-own-generator-public"),
    ];
    for key in keys {
        assert_eq!(refused(key), PublicKeysError::Unusable, "{key}");
        assert_eq!(refused(&format!("{P256}{key}")), PublicKeysError::Unusable, "beside a good one: {key}");
    }
}

#[test]
fn what_is_damaged_is_refused_as_such() {
    let block = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
    let (rsa, ed25519) = (body(RSA), body(ED25519));
    let damaged = [
        RSA[..RSA.len() / 2].to_owned(),
        block("PUBLIC KEY", &format!("!{}", &ed25519[1..])),
        format!("{P256}-----BEGIN PUBLIC KEY-----\n{ed25519}\n"),
        format!("-----BEGIN PUBLIC KEY-----\n{ed25519}\n-----END CERTIFICATE-----\n"),
        block("PUBLIC KEY", &rsa[..rsa.len() - 40]),
        block("PUBLIC KEY", &ed25519[..ed25519.len() - 4]),
        block("PUBLIC KEY", "AAAA"),
    ];
    for text in damaged {
        assert_eq!(refused(&text), PublicKeysError::Damaged, "{text}");
    }
    assert_eq!(refused(&block("PUBLIC KEY", &body(CERTIFICATE))), PublicKeysError::Unusable);
    for text in [block("CERTIFICATE", &rsa), block("CERTIFICATE", &body(CERTIFICATE)[..400])] {
        assert_eq!(refused(&text), PublicKeysError::UnreadableCertificate, "{text}");
    }
}

#[test]
fn what_is_no_public_key_in_pem_is_refused() {
    let one_line = P256.trim().replace('\n', " ");
    let texts = [
        "",
        "\n",
        "hunter2",
        "https://idp.example/keys.pem",
        r#"{"kty":"OKP","crv":"Ed25519","x":"65PptIjYm-Xl4D4CDaQZYmiM5wDUqnJmAbn79l2rPmQ"}"#,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOuT6bSI2Jvl5eA+Ag2kGWJojOcA1KpyZgG5+/Zdqz5k",
        &body(P256),
        &one_line,
        for_tests!("certificate-request"),
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\naGVsbG8=\n-----END PGP PUBLIC KEY BLOCK-----\n",
    ];
    for text in texts {
        let error = refused(text);
        assert!([PublicKeysError::NoKey, PublicKeysError::Damaged].contains(&error), "{error:?}: {text}");
    }
    assert_eq!(refused("hunter2"), PublicKeysError::NoKey);
    assert_eq!(refused(for_tests!("certificate-request")), PublicKeysError::NoKey);
}
