use aws_lc_rs::signature::KeyPair;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::{client_key::KeyMaterial, signing_algorithm::SigningAlgorithm};

macro_rules! for_tests {
    ($name:literal) => {
        include_str!(concat!("../testdata/for-tests-", $name))
    };
}

const RSA: &str = for_tests!("rsa-pkcs8.pem");
const RSA_JWK: &str = for_tests!("rsa.jwk.json");
const CERTIFICATE: &str = for_tests!("rsa-certificate.pem");
const ED25519: &str = for_tests!("ed25519-pkcs8.pem");
const ED25519_JWK: &str = for_tests!("ed25519.jwk.json");
const P256: &str = for_tests!("p256-pkcs8.pem");
const P256_JWK: &str = for_tests!("p256.jwk.json");

fn read(text: &str) -> Result<ClientKey, ClientKeyError> {
    read_client_key(&SecretString::from(text))
}

fn good(text: &str) -> ClientKey {
    read(text).expect("a key")
}

/// A JWK with some members set, or taken away by null.
fn with(jwk: &str, members: Value) -> String {
    let mut jwk: Map<String, Value> = serde_json::from_str(jwk).expect("JSON");
    jwk.extend(members.as_object().expect("an object").clone());
    jwk.retain(|_, value| !value.is_null());
    Value::Object(jwk).to_string()
}

fn public_key(key: &ClientKey) -> Vec<u8> {
    match &*key.material {
        KeyMaterial::Rsa(key) => key.public_key().as_ref().to_vec(),
        KeyMaterial::P256(key) | KeyMaterial::P384(key) | KeyMaterial::P521(key) => key.public_key().as_ref().to_vec(),
        KeyMaterial::Ed25519(key) => key.public_key().as_ref().to_vec(),
    }
}

#[test]
fn every_form_of_a_key_is_read_as_the_same_key() {
    let forms: [(&str, &[&str], &str); 5] = [
        ("ClientKey(RSA,", &[RSA, for_tests!("rsa-pkcs1.pem")], RSA_JWK),
        ("ClientKey(P-256,", &[P256, for_tests!("p256-sec1.pem")], P256_JWK),
        ("ClientKey(P-384,", &[for_tests!("p384-sec1.pem")], for_tests!("p384.jwk.json")),
        ("ClientKey(P-521,", &[for_tests!("p521-pkcs8.pem")], for_tests!("p521.jwk.json")),
        ("ClientKey(Ed25519,", &[ED25519], ED25519_JWK),
    ];
    for (kind, pems, jwk) in forms {
        let from_jwk = good(jwk);
        assert_eq!((&from_jwk.kid, &from_jwk.certificate_sha256), (&None, &None), "{kind}");
        for pem in pems {
            let key = good(pem);
            assert!(format!("{key:?}").starts_with(kind), "{key:?}");
            assert_eq!(public_key(&key), public_key(&from_jwk), "{kind}");
            assert_eq!((&key.kid, &key.certificate_sha256), (&None, &None), "{kind}");
            let (windows, old_mac) = (pem.replace('\n', "\r\n"), pem.replace('\n', "\r"));
            assert_eq!(public_key(&good(&windows)), public_key(&key), "{kind}");
            assert_eq!(public_key(&good(&old_mac)), public_key(&key), "{kind}");
        }
    }
}

#[test]
fn a_jwk_tells_its_kid_its_algorithm_and_its_certificate() {
    let hash = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    let more = json!({"kid": "2026", "alg": "PS256", "use": "sig", "key_ops": ["sign"], "x5t#S256": hash,
        "x5c": ["not looked at"], "x5t": 1, "ext": true});
    let key = good(&with(RSA_JWK, more));
    assert_eq!(key.kid.as_deref(), Some("2026"));
    assert_eq!(key.certificate_sha256.as_deref(), Some(hash));
    assert_eq!(key.algorithms(), [SigningAlgorithm::PS256]);
    let set = format!("\n{{\"keys\": [{}]}}\n", with(ED25519_JWK, json!({"kid": "one"})));
    assert_eq!(good(&set).kid.as_deref(), Some("one"));
    let sign_octet = with(RSA_JWK, json!({"e": "AAEAAQ"}));
    assert_eq!(public_key(&good(&sign_octet)), public_key(&key));
}

#[test]
fn the_certificate_is_the_one_of_the_key() {
    let der = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).expect("a certificate");
    let hash = Some(public::sha256(&der));
    let other = rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).expect("a certificate").cert.pem();
    let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let texts = [
        format!("{RSA}{CERTIFICATE}"),
        format!("{CERTIFICATE}{RSA}"),
        format!("{CERTIFICATE}{other}{broken}{RSA}"),
        format!("{other}{RSA}{CERTIFICATE}"),
    ];
    for text in texts {
        assert_eq!(good(&text).certificate_sha256, hash);
    }
    assert_eq!(read(&format!("{other}{RSA}")).err(), Some(ClientKeyError::ForeignCertificate));
    assert_eq!(read(&format!("{RSA}{broken}{other}")).err(), Some(ClientKeyError::UnreadableCertificate));
    assert_eq!(read(&format!("{ED25519}{CERTIFICATE}")).err(), Some(ClientKeyError::ForeignCertificate));
}

#[test]
fn certificates_of_every_kind_are_known_by_their_key() {
    for pem in [P256, for_tests!("p521-pkcs8.pem"), ED25519] {
        let key = rcgen::KeyPair::from_pem(pem).expect("a key");
        let made = rcgen::CertificateParams::default().self_signed(&key).expect("a certificate");
        assert_eq!(good(&format!("{pem}{}", made.pem())).certificate_sha256, Some(public::sha256(made.der())));
    }
}

#[test]
fn pem_that_holds_no_private_key_to_sign_with_is_refused() {
    use ClientKeyError::*;
    let block = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
    let half = &RSA[..RSA.len() / 2];
    let cases = [
        (String::new(), Empty),
        (" \n\t".to_owned(), Empty),
        ("hunter2".to_owned(), UnknownForm),
        (format!("[{RSA_JWK}]"), UnknownForm),
        (for_tests!("rsa-pkcs8-encrypted.pem").to_owned(), Encrypted),
        (for_tests!("rsa-pkcs1-encrypted.pem").to_owned(), Encrypted),
        (block("OPENSSH PRIVATE KEY", "aGVsbG8="), OpenSsh),
        (for_tests!("rsa-public.pem").to_owned(), PublicKey),
        (block("RSA PUBLIC KEY", "aGVsbG8="), PublicKey),
        (CERTIFICATE.to_owned(), OnlyCertificate),
        (block("CERTIFICATE REQUEST", "aGVsbG8="), NoPrivateKey),
        (format!("{RSA}{P256}"), SeveralPrivateKeys),
        (format!("{RSA}{RSA}"), SeveralPrivateKeys),
        (format!("{}{RSA}", for_tests!("rsa-pkcs8-encrypted.pem")), SeveralPrivateKeys),
        (half.to_owned(), DamagedPem),
        (RSA.replace('M', "%"), DamagedPem),
        (format!("-----BEGIN PRIVATE KEY----\n{half}"), SeveralPrivateKeys),
        ("-----BEGIN PRIVATE KEY----".to_owned(), DamagedPem),
        (block("PRIVATE KEY", ""), Unreadable),
        (block("PRIVATE KEY", "aGVsbG8="), Unreadable),
        (block("RSA PRIVATE KEY", "aGVsbG8="), Unreadable),
        (block("EC PRIVATE KEY", "aGVsbG8="), Unreadable),
        (block("DSA PRIVATE KEY", "aGVsbG8="), Unreadable),
        (for_tests!("ed448-pkcs8.pem").to_owned(), Unreadable),
        (RSA.replace("PRIVATE", "EC PRIVATE"), Unreadable),
        (for_tests!("rsa-1024-pkcs8.pem").to_owned(), RsaSize),
        (for_tests!("rsa-8448-pkcs1.pem").to_owned(), RsaSize),
    ];
    for (text, expected) in cases {
        assert_eq!(read(&text).err(), Some(expected), "{}", text.chars().take(60).collect::<String>());
    }
}

#[test]
fn a_jwk_that_cannot_sign_is_refused() {
    use ClientKeyError::*;
    let rsa = |members: Value| with(RSA_JWK, members);
    let p256 = |members: Value| with(P256_JWK, members);
    let ed25519 = |members: Value| with(ED25519_JWK, members);
    let other_d = serde_json::from_str::<Value>(for_tests!("p384.jwk.json")).expect("JSON")["d"].clone();
    let a_zero = "A".repeat(43);
    let cases = [
        ("{".to_owned(), NotAJwk),
        (format!("{P256_JWK}{P256_JWK}"), NotAJwk),
        (P256_JWK.replace(r#""kty""#, r#""kty": "EC", "kty""#), NotAJwk),
        (p256(json!({"d": 7})), NotAJwk),
        (r#"{"keys": []}"#.to_owned(), JwkSet(0)),
        (format!(r#"{{"keys": [{P256_JWK}, {RSA_JWK}]}}"#), JwkSet(2)),
        (r#"{"kty": "oct", "k": "aGVsbG8"}"#.to_owned(), Symmetric),
        ("{}".to_owned(), MissingMember("kty")),
        (p256(json!({"crv": "secp256k1"})), UnknownKind),
        (p256(json!({"crv": null})), UnknownKind),
        (ed25519(json!({"crv": "Ed448"})), UnknownKind),
        (ed25519(json!({"crv": "X25519"})), UnknownKind),
        (rsa(json!({"kty": "AKP"})), UnknownKind),
        (rsa(json!({"oth": [{"r": "AQ"}]})), UnknownKind),
        (rsa(json!({"use": "enc"})), NotForSigning),
        (p256(json!({"key_ops": ["verify"]})), NotForSigning),
        (rsa(json!({"alg": "ES256"})), WrongAlgorithm),
        (rsa(json!({"alg": "RSA-OAEP"})), WrongAlgorithm),
        (p256(json!({"alg": "HS256"})), WrongAlgorithm),
        (rsa(json!({"d": null})), PublicKey),
        (p256(json!({"d": null})), PublicKey),
        (ed25519(json!({"d": null})), PublicKey),
        (rsa(json!({"n": null})), MissingMember("n")),
        (rsa(json!({"p": null, "q": null, "dp": null, "dq": null, "qi": null})), MissingMember("p")),
        (p256(json!({"y": null})), MissingMember("y")),
        (ed25519(json!({"x": null})), MissingMember("x")),
        (rsa(json!({"d": "a b"})), MalformedMember("d")),
        (rsa(json!({"q": "AQ=="})), MalformedMember("q")),
        (p256(json!({"d": other_d})), MalformedMember("d")),
        (p256(json!({"x": "AQ"})), MalformedMember("x")),
        (rsa(json!({"x5t#S256": "AQ"})), MalformedMember("x5t#S256")),
        (rsa(json!({"d": "AQ"})), Inconsistent),
        (rsa(json!({"e": "Aw"})), Inconsistent),
        (rsa(json!({"n": ""})), Inconsistent),
        (rsa(json!({"p": ""})), Inconsistent),
        (rsa(json!({"n": "A1".repeat(300_000)})), Inconsistent),
        (p256(json!({"d": a_zero})), Inconsistent),
        (p256(json!({"x": a_zero})), Inconsistent),
        (ed25519(json!({"d": a_zero})), Inconsistent),
        (ed25519(json!({"d": "AQ"})), Inconsistent),
        (ed25519(json!({"x": "AQ"})), Inconsistent),
        (for_tests!("rsa-1024.jwk.json").to_owned(), RsaSize),
    ];
    for (text, expected) in cases {
        let what: String = text.chars().take(60).collect();
        assert_eq!(read(&text).err(), Some(expected), "{what}");
    }
}

#[test]
fn every_refusal_says_what_to_put_there_and_nothing_of_what_stands_there() {
    use ClientKeyError::*;
    let all = [
        Empty,
        UnknownForm,
        Encrypted,
        OpenSsh,
        PublicKey,
        OnlyCertificate,
        NoPrivateKey,
        SeveralPrivateKeys,
        DamagedPem,
        Unreadable,
        RsaSize,
        UnreadableCertificate,
        ForeignCertificate,
        NotAJwk,
        JwkSet(3),
        Symmetric,
        UnknownKind,
        NotForSigning,
        WrongAlgorithm,
        MissingMember("qi"),
        MalformedMember("d"),
        Inconsistent,
    ];
    let messages: Vec<_> = all.iter().map(ToString::to_string).collect();
    insta::assert_yaml_snapshot!(messages);
    assert!(messages.iter().all(|message| message.contains(": ")), "what is wrong: what to do");
}

#[test]
fn nothing_of_a_key_is_in_what_is_printed_of_it() {
    for text in [RSA, RSA_JWK, P256, P256_JWK, ED25519, ED25519_JWK] {
        let printed = format!("{:?}", good(text));
        for secret in text.split(['\n', '"']).filter(|part| part.len() > 16) {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
    let refused = with(ED25519_JWK, json!({"d": "hunter2hunter2", "kty": 5}));
    let error = read(&refused).expect_err("no key");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
