//! ID tokens that say what they should, in a form, with a header or with a signature that they should not have.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    attempt::Attempt,
    bodies::{nested, with},
    case::{Case, IN, Outcome, id_token},
    forgery::{
        HEADER, ORDER, changed, deflated, elsewhere, es256, flattened, general, hs256, in_der, in_the_other_alphabet,
        modulus, of_length, relabelled, strange, swapped, unencoded, usual, utf16, with_large_s, with_spare_bits,
    },
    page::{Family, must_say},
    world::{Setup, USUAL, World},
};
use crate::support::{
    fake::sign,
    provider::CLIENT_SECRET,
    refusal::MARK,
    signer::{ED25519, P256, RSA, STRANGERS, b64, maced, unsigned},
    source::On,
};

pub const FAMILY: Family = Family {
    title: "ID token: header, signature and form",
    about: "An ID token from the token endpoint, with claims that are right. The provider announces ES256, RS256, PS256 and EdDSA, and publishes a key on P-256 (`kid` `one`), one on Curve25519, and an RSA key whose `alg` is RS256. `symmetric` stands for a provider with `tokens.allowedAlgorithms: [ES256, RS256, HS256]`, `unchecked` for one with `tokens.validateSignatures: false`.",
};

const SETUPS: &[Setup] = &[
    USUAL,
    Setup { name: "symmetric", spec: "tokens: {allowedAlgorithms: [ES256, RS256, HS256]}\n", ..USUAL },
    Setup { name: "unchecked", spec: "tokens: {validateSignatures: false}\n", ..USUAL },
];

type Row = Case<fn(&Attempt<'_>, Value) -> String>;

#[rustfmt::skip]
const ALGORITHM: &[Row] = &[
    Row::new("alg `none`, unsigned", |_, c| unsigned(&json!({"alg": "none"}), &c) + ".", NO_ALG, NONE),
    Row::new("alg `none`, with a good signature", |_, c| es256(json!({"alg": "none", "kid": "one"}), &c), NO_ALG, NONE),
    Row::new("alg `None`", |_, c| unsigned(&json!({"alg": "None"}), &c) + ".", NO_ALG, NONE),
    Row::new("alg `NONE`", |_, c| unsigned(&json!({"alg": "NONE"}), &c) + ".", NO_ALG, NONE),
    Row::new("alg `nOnE`", |_, c| unsigned(&json!({"alg": "nOnE"}), &c) + ".", NO_ALG, NONE),
    Row::new("alg `none` and a space", |_, c| unsigned(&json!({"alg": "none "}), &c) + ".", NO_ALG, NONE),
    Row::new("no `alg`", |_, c| es256(json!({"kid": "one"}), &c), NO_ALG, "RFC 7515 4.1.1"),
    Row::new("`alg` is null", |_, c| es256(json!({"alg": null, "kid": "one"}), &c), NO_ALG, "RFC 7515 4.1.1"),
    Row::new("`alg` is empty", |_, c| es256(json!({"alg": "", "kid": "one"}), &c), NO_ALG, "RFC 7515 4.1.1"),
    Row::new("`alg` is a list", |_, c| es256(json!({"alg": ["ES256"], "kid": "one"}), &c), NO_ALG, "RFC 7515 4.1.1"),
    Row::new("`alg` in small letters", |_, c| es256(json!({"alg": "es256", "kid": "one"}), &c), NO_ALG, "RFC 7515 4.1.1"),
    Row::new("an algorithm that is not announced", |_, c| RSA.token(r#"{"alg":"RS512","kid":"rsa"}"#, c.to_string()), NO_ALG, ALG),
    Row::new("an algorithm of another curve", |_, c| es256(json!({"alg": "ES384", "kid": "one"}), &c), NO_ALG, ALG),
    Row::new("an algorithm that nobody knows", |_, c| es256(json!({"alg": MARK, "kid": "one"}), &c), NO_ALG, ALG),
    Row::new("HS256 with the client secret, not allowed", |_, c| hs256(&c, CLIENT_SECRET), NO_ALG, ALG),
    Row::new("HS256 with the public key in PEM, not allowed", |_, c| hs256(&c, RSA.pem()), NO_ALG, CONFUSION),
    Row::new("symmetric: HS256 with the RSA key in PEM", |_, c| hs256(&c, RSA.pem()), WRONG, CONFUSION).at("symmetric"),
    Row::new("symmetric: the same without the last line break", |_, c| hs256(&c, RSA.pem().trim_end()), WRONG, CONFUSION).at("symmetric"),
    Row::new("symmetric: HS256 with the EC key in PEM", |_, c| hs256(&c, P256.pem()), WRONG, CONFUSION).at("symmetric"),
    Row::new("symmetric: HS256 with the RSA key as JWK", |_, c| hs256(&c, RSA.jwk().to_string()), WRONG, CONFUSION).at("symmetric"),
    Row::new("symmetric: HS256 with the modulus", |_, c| hs256(&c, modulus()), WRONG, CONFUSION).at("symmetric"),
    Row::new("symmetric: HS256 with the modulus in base64url", |_, c| hs256(&c, b64(modulus())), WRONG, CONFUSION).at("symmetric"),
    Row::new("symmetric: HS256 with the RSA key's `kid`", |_, c| maced(&json!({"alg": "HS256", "kid": "rsa"}), &c, RSA.pem().as_bytes()), WRONG, CONFUSION).at("symmetric"),
    Row::new("symmetric: HS256 with an empty key", |_, c| hs256(&c, ""), WRONG, "RFC 7518 3.2").at("symmetric"),
    Row::new("symmetric: HS256 with the client ID", |_, c| hs256(&c, "latchkey"), WRONG, "Core 10.1").at("symmetric"),
    Row::new("symmetric: an empty MAC", |_, c| unsigned(&json!({"alg": "HS256"}), &c) + ".", WRONG, "RFC 7518 3.2").at("symmetric"),
    Row::new("symmetric: half of a good MAC", |_, c| changed(&hs256(&c, CLIENT_SECRET), |mac| mac.truncate(16)), WRONG, "RFC 7518 3.2").at("symmetric"),
    Row::new("unchecked: alg `none`", |_, c| unsigned(&json!({"alg": "none"}), &c) + ".", NO_ALG, NONE).at("unchecked"),
    Row::new("unchecked: another client's token", |_, mut c| { c["aud"] = "m4rk".into(); sign(&c) }, id_token("aud_not_ours"), "Core 3.1.3.7 (3)").at("unchecked"),
    Row::new("unchecked: another `nonce`", |_, mut c| { c["nonce"] = "m4rk".into(); sign(&c) }, id_token("nonce_wrong"), "Core 3.1.3.7 (11)").at("unchecked"),
    Row::new("RS256", |_, c| RSA.token(r#"{"alg":"RS256","kid":"rsa"}"#, c.to_string()), IN, ALG),
    Row::new("EdDSA", |_, c| ED25519.token(r#"{"alg":"EdDSA","kid":"ed25519"}"#, c.to_string()), IN, "RFC 8037 3.1"),
    Row::new("EdDSA under its other name", |_, c| ED25519.token(r#"{"alg":"Ed25519","kid":"ed25519"}"#, c.to_string()), IN, "RFC 9864 2.2"),
    Row::new("symmetric: HS256 with the client secret", |_, c| hs256(&c, CLIENT_SECRET), IN, "Core 10.1").at("symmetric"),
    Row::new("unchecked: a signature of somebody else's, on a token straight from the token endpoint", |_, c| STRANGERS.token(HEADER, c.to_string()), IN, "Core 3.1.3.7 (6)").at("unchecked"),
];

#[rustfmt::skip]
const HEADERS: &[Row] = &[
    Row::new("an unknown `kid`", |_, c| es256(json!({"alg": "ES256", "kid": MARK}), &c), UNKNOWN, KID),
    Row::new("`kid` of the RSA key", |_, c| es256(json!({"alg": "ES256", "kid": "rsa"}), &c), UNKNOWN, KID),
    Row::new("`kid` in capitals", |_, c| es256(json!({"alg": "ES256", "kid": "ONE"}), &c), UNKNOWN, KID),
    Row::new("an empty `kid`", |_, c| es256(json!({"alg": "ES256", "kid": ""}), &c), UNKNOWN, KID),
    Row::new("`kid` is a path", |_, c| es256(json!({"alg": "ES256", "kid": "../../../dev/null"}), &c), UNKNOWN, "RFC 8725 3.10"),
    Row::new("`kid` is SQL", |_, c| es256(json!({"alg": "ES256", "kid": "' UNION SELECT 'm4rk"}), &c), UNKNOWN, "RFC 8725 3.10"),
    Row::new("`kid` is a number", |_, c| es256(json!({"alg": "ES256", "kid": 1}), &c), id_token("kid_malformed"), KID),
    Row::new("`kid` is null", |_, c| es256(json!({"alg": "ES256", "kid": null}), &c), id_token("kid_malformed"), KID),
    Row::new("`jwk` with the key that signed", |_, c| strange(json!({"alg": "ES256", "jwk": STRANGERS.jwk()}), &c), UNKNOWN, "RFC 8725 3.10"),
    Row::new("`jwk`, under the `kid` of the right one", |_, c| strange(json!({"alg": "ES256", "kid": "one", "jwk": STRANGERS.jwk()}), &c), WRONG, "RFC 8725 3.10"),
    Row::new("`jku` where the key that signed is", |a, c| strange(json!({"alg": "ES256", "jku": elsewhere(a, "/keys")}), &c), UNKNOWN, "RFC 8725 3.10"),
    Row::new("`x5u` somewhere else", |a, c| strange(json!({"alg": "ES256", "kid": "one", "x5u": elsewhere(a, "/certificate")}), &c), WRONG, "RFC 8725 3.10"),
    Row::new("`x5c` with the key that signed", |_, c| strange(json!({"alg": "ES256", "x5c": [STANDARD.encode(STRANGERS.pem())]}), &c), UNKNOWN, "RFC 8725 3.10"),
    Row::new("`crit` with an unknown extension", |_, c| es256(json!({"alg": "ES256", "kid": "one", "crit": [MARK], MARK: 1}), &c), CRITICAL, CRIT),
    Row::new("`crit` with `exp`", |_, c| es256(json!({"alg": "ES256", "kid": "one", "crit": ["exp"], "exp": 9_999_999_999_i64}), &c), CRITICAL, CRIT),
    Row::new("an empty `crit`", |_, c| es256(json!({"alg": "ES256", "kid": "one", "crit": []}), &c), CRITICAL, CRIT),
    Row::new("`crit` is null", |_, c| es256(json!({"alg": "ES256", "kid": "one", "crit": null}), &c), CRITICAL, CRIT),
    Row::new("`b64` is false, and critical", |_, c| unencoded(json!({"alg": "ES256", "kid": "one", "b64": false, "crit": ["b64"]}), &c), CRITICAL, "RFC 7797 6"),
    Row::new("`b64` is false, with the signature over what is not encoded", |_, c| unencoded(json!({"alg": "ES256", "kid": "one", "b64": false}), &c), WRONG, "RFC 7797 6"),
    Row::new("`zip`, with a payload that is compressed", |_, c| P256.token(r#"{"alg":"ES256","kid":"one","zip":"DEF"}"#, deflated(&c)), id_token("claims_unreadable"), "RFC 7516 4.1.3"),
    Row::new("`typ` `at+jwt`", |_, c| es256(json!({"alg": "ES256", "kid": "one", "typ": "at+jwt"}), &c), TYP, "RFC 9068 2.1"),
    Row::new("`typ` `application/AT+JWT`", |_, c| es256(json!({"alg": "ES256", "kid": "one", "typ": "application/AT+JWT"}), &c), TYP, "RFC 7515 4.1.9"),
    Row::new("`typ` `logout+jwt`", |_, c| es256(json!({"alg": "ES256", "kid": "one", "typ": "logout+jwt"}), &c), TYP, "Back-Channel 2.4"),
    Row::new("`typ` `dpop+jwt`", |_, c| es256(json!({"alg": "ES256", "kid": "one", "typ": "dpop+jwt"}), &c), TYP, "RFC 8725 3.11"),
    Row::new("`typ` is a number", |_, c| es256(json!({"alg": "ES256", "kid": "one", "typ": 1}), &c), TYP, "RFC 7515 4.1.9"),
    Row::new("`alg` twice", |_, c| P256.token(r#"{"alg":"ES256","alg":"ES256","kid":"one"}"#, c.to_string()), id_token("header_duplicate_member"), "RFC 7515 4"),
    Row::new("`alg` twice, once as `\\u0061lg`", |_, c| P256.token(r#"{"alg":"ES256","\u0061lg":"none","kid":"one"}"#, c.to_string()), id_token("header_duplicate_member"), "RFC 7515 4"),
    Row::new("a header that is no JSON", |_, c| P256.token("alg=ES256", c.to_string()), id_token("header_unreadable"), "RFC 7515 5.2 (3)"),
    Row::new("a header that is a list", |_, c| P256.token(r#"[{"alg":"ES256"}]"#, c.to_string()), id_token("header_unreadable"), "RFC 7515 5.2 (3)"),
    Row::new("a header with a byte order mark", |_, c| P256.token("\u{feff}{\"alg\":\"ES256\",\"kid\":\"one\"}", c.to_string()), id_token("header_unreadable"), "RFC 8259 8.1"),
    Row::new("a header nested 33 deep", |_, c| P256.token(&format!(r#"{{"alg":"ES256","kid":"one","x":{}}}"#, nested(32)), c.to_string()), id_token("header_unreadable"), "*ours*"),
    Row::new("no `kid`, with one key that fits", |_, c| es256(json!({"alg": "ES256"}), &c), IN, "Core 10.1"),
    Row::new("no `typ`", |_, c| es256(json!({"alg": "ES256", "kid": "one"}), &c), IN, "RFC 7515 4.1.9"),
    Row::new("`typ` `application/jwt`", |_, c| es256(json!({"alg": "ES256", "kid": "one", "typ": "application/jwt"}), &c), IN, "RFC 7515 4.1.9"),
    Row::new("`jku`, `x5u` and `jwk` beside a good signature, none of them looked at", |a, c| es256(json!({"alg": "ES256", "kid": "one", "jku": elsewhere(a, "/keys"), "x5u": elsewhere(a, "/x"), "jwk": STRANGERS.jwk()}), &c), IN, "RFC 8725 3.10"),
    Row::new("header members that nobody knows", |_, c| es256(json!({"alg": "ES256", "kid": "one", MARK: [MARK]}), &c), IN, "RFC 7515 4"),
    Row::new("members in another order, with white space", |_, c| P256.token("{ \"kid\" : \"one\" ,\n\t\"alg\" : \"ES256\" }", c.to_string()), IN, "RFC 8259 2"),
];

#[rustfmt::skip]
const SIGNATURES: &[Row] = &[
    Row::new("an empty signature", |_, c| unsigned(&json!({"alg": "ES256", "kid": "one"}), &c) + ".", WRONG, SIGNATURE),
    Row::new("another last octet of the signature", |_, c| changed(&sign(&c), |octets| *octets.last_mut().expect("one") ^= 1), WRONG, SIGNATURE),
    Row::new("the signature of another token", |_, c| swapped(&sign(&json!({"sub": "m4rk"})), &sign(&c)), WRONG, SIGNATURE),
    Row::new("a key of another provider, of the same name", |_, c| STRANGERS.token(HEADER, c.to_string()), WRONG, SIGNATURE),
    Row::new("r and s are 0", |_, c| changed(&sign(&c), |octets| octets.fill(0)), WRONG, "RFC 7518 3.4"),
    Row::new("r and s are the order of the curve", |_, c| changed(&sign(&c), |octets| *octets = [ORDER, ORDER].concat()), WRONG, "RFC 7518 3.4"),
    Row::new("an ECDSA signature in DER", in_der, WRONG, "RFC 7518 3.4"),
    Row::new("an ECDSA signature with an octet more", |_, c| changed(&sign(&c), |octets| octets.push(0)), WRONG, "RFC 7518 3.4"),
    Row::new("an ECDSA signature with an octet less", |_, c| changed(&sign(&c), |octets| octets.truncate(63)), WRONG, "RFC 7518 3.4"),
    Row::new("an RSA signature, said to be of ES256", |_, c| RSA.token(HEADER, c.to_string()), WRONG, SIGNATURE),
    Row::new("an RSA signature by PKCS#1, said to be of PS256", |_, c| relabelled("PS256", "RS256", &c), UNKNOWN, "RFC 7517 4.4"),
    Row::new("PS256 by the key that is for RS256", |_, c| RSA.token(r#"{"alg":"PS256","kid":"rsa"}"#, c.to_string()), UNKNOWN, "RFC 7517 4.4"),
    Row::new("a PSS signature, said to be of RS256", |_, c| relabelled("RS256", "PS256", &c), WRONG, "RFC 7518 3.3"),
    Row::new("an RSA signature with NUL before it", |_, c| changed(&RSA.token(r#"{"alg":"RS256","kid":"rsa"}"#, c.to_string()), |octets| octets.insert(0, 0)), WRONG, "RFC 7518 3.3"),
    Row::new("an RSA signature of zeros", |_, c| changed(&RSA.token(r#"{"alg":"RS256","kid":"rsa"}"#, c.to_string()), |octets| octets.fill(0)), WRONG, "RFC 7518 3.3"),
    Row::new("an Ed25519 signature whose S is too large", |_, c| changed(&ED25519.token(r#"{"alg":"EdDSA","kid":"ed25519"}"#, c.to_string()), |octets| with_large_s(octets)), WRONG, "RFC 8032 5.1.7"),
];

#[rustfmt::skip]
const FORMS: &[Row] = &[
    Row::new("no token", |_, _| MARK.to_owned(), PARTS, COMPACT),
    Row::new("dots alone", |_, _| "..".to_owned(), id_token("header_unreadable"), COMPACT),
    Row::new("two parts", |_, c| unsigned(&json!({"alg": "ES256", "kid": "one"}), &c), PARTS, COMPACT),
    Row::new("four parts", |_, c| sign(&c) + ".m4rk", PARTS, COMPACT),
    Row::new("five parts, as encrypted ones have", |_, c| format!("{}.m4rk.m4rk", sign(&c)), id_token("token_encrypted"), "RFC 7516 3.1"),
    Row::new("JSON serialization, flattened", |_, c| flattened(&sign(&c)), PARTS, "RFC 7519 1"),
    Row::new("JSON serialization, general", |_, c| general(&sign(&c)), PARTS, "RFC 7519 1"),
    Row::new("padding", |_, c| sign(&c) + "==", BASE64, "RFC 7515 2"),
    Row::new("a line break at the end", |_, c| sign(&c) + "\n", BASE64, "RFC 7515 2"),
    Row::new("a space before", |_, c| format!(" {}", sign(&c)), BASE64, "RFC 7515 2"),
    Row::new("a line break within", |_, c| sign(&c).replacen('.', "\r\n.", 1), BASE64, "RFC 7515 2"),
    Row::new("NUL at the end", |_, c| sign(&c) + "\0", BASE64, "RFC 7515 2"),
    Row::new("the other alphabet of base64", in_the_other_alphabet, BASE64, "RFC 7515 2"),
    Row::new("bits that are left over are not 0", |_, c| with_spare_bits(&sign(&c)), BASE64, "RFC 7515 2"),
    Row::new("letters that look alike", |_, c| sign(&c).replacen('e', "е", 1), BASE64, "RFC 7515 2"),
    Row::new("a token of 64 KiB and an octet", |_, c| of_length(&c, 64 * 1024 + 1), id_token("token_too_large"), "*ours*"),
    Row::new("claims that are no JSON", |_, _| usual("m4rk"), UNREADABLE, JWT),
    Row::new("claims in a list", |_, c| usual(json!([c]).to_string()), UNREADABLE, JWT),
    Row::new("no claims", |_, _| usual(""), UNREADABLE, JWT),
    Row::new("a token within the token", |_, c| usual(sign(&c)), UNREADABLE, JWT),
    Row::new("claims, and more", |_, c| usual(format!("{c}{{\"sub\":\"m4rk\"}}")), UNREADABLE, JWT),
    Row::new("a claim twice", |_, c| usual(with(&c, r#""sub":"m4rk""#)), id_token("claims_duplicate_member"), "RFC 7519 4"),
    Row::new("a claim twice, once as `s\\u0075b`", |_, c| usual(with(&c, r#""s\u0075b":"m4rk""#)), id_token("claims_duplicate_member"), "RFC 7519 4"),
    Row::new("a member twice within a claim", |_, c| usual(with(&c, r#""address":{"country":"a","country":"m4rk"}"#)), id_token("claims_duplicate_member"), "RFC 7519 4"),
    Row::new("claims nested 33 deep", |_, c| usual(with(&c, &format!(r#""x":{}"#, nested(32)))), UNREADABLE, "RFC 8259 9; *ours*"),
    Row::new("claims nested 20,000 deep", |_, c| usual(with(&c, &format!(r#""x":{}"#, nested(20_000)))), UNREADABLE, "RFC 8259 9; *ours*"),
    Row::new("`exp` is 1e999", |_, c| usual(c.to_string().replace(&c["exp"].to_string(), "1e999")), UNREADABLE, "RFC 8259 6"),
    Row::new("`exp` is NaN", |_, c| usual(c.to_string().replace(&c["exp"].to_string(), "NaN")), UNREADABLE, "RFC 8259 6"),
    Row::new("`exp` has a zero before it", |_, c| usual(c.to_string().replace(&c["exp"].to_string(), "09999999999")), UNREADABLE, "RFC 8259 6"),
    Row::new("`exp` is hexadecimal", |_, c| usual(c.to_string().replace(&c["exp"].to_string(), "0xFFFFFFFF")), UNREADABLE, "RFC 8259 6"),
    Row::new("a byte order mark before the claims", |_, c| usual(format!("\u{feff}{c}")), UNREADABLE, "RFC 8259 8.1"),
    Row::new("claims in UTF-16", |_, c| P256.token(HEADER, utf16(&c.to_string())), UNREADABLE, "RFC 8259 8.1"),
    Row::new("octets that are no UTF-8", |_, c| P256.token(HEADER, [with(&c, r#""x":"?"#).trim_end_matches(['}', '?']).as_bytes(), b"\xff\"}"].concat()), UNREADABLE, "RFC 8259 8.1"),
    Row::new("half of a surrogate pair", |_, c| usual(with(&c, r#""x":"\ud800""#)), UNREADABLE, "RFC 8259 8.2"),
    Row::new("a control character that is not escaped", |_, c| usual(with(&c, "\"x\":\"\u{0}\"")), UNREADABLE, "RFC 8259 7"),
    Row::new("a comment within the claims", |_, c| usual(c.to_string().replacen('{', "{/*m4rk*/", 1)), UNREADABLE, "RFC 8259 2"),
    Row::new("a comma too many", |_, c| usual(c.to_string().replace("\"]", "\",]")), UNREADABLE, "RFC 8259 4"),
    Row::new("a token of 64 KiB", |_, c| of_length(&c, 64 * 1024), IN, "*ours*"),
    Row::new("claims nested 32 deep", |_, c| usual(with(&c, &format!(r#""x":{}"#, nested(31)))), IN, "*ours*"),
    Row::new("a claim whose name is escaped, once", |_, c| usual(c.to_string().replace("\"sub\"", r#""s\u0075b""#)), IN, "RFC 8259 8.3"),
];

const NO_ALG: Outcome = id_token("alg_refused");
const WRONG: Outcome = id_token("signature_wrong");
const UNKNOWN: Outcome = id_token("key_unknown");
const CRITICAL: Outcome = id_token("crit_refused");
const TYP: Outcome = id_token("typ_wrong");
const PARTS: Outcome = id_token("token_not_compact");
const BASE64: Outcome = id_token("token_not_base64url");
const UNREADABLE: Outcome = id_token("claims_unreadable");

const NONE: &str = "RFC 8725 3.2";
const ALG: &str = "Core 3.1.3.7 (7)";
const CONFUSION: &str = "RFC 8725 2.1, 3.1";
const KID: &str = "RFC 7515 4.1.4";
const CRIT: &str = "RFC 7515 4.1.11";
const SIGNATURE: &str = "Core 3.1.3.7 (6)";
const COMPACT: &str = "RFC 7515 7.1";
const JWT: &str = "RFC 7519 7.2 (10)";

on_both_sources!(an_id_token_that_is_not_signed_as_it_should_be_signs_nobody_in);

async fn an_id_token_that_is_not_signed_as_it_should_be_signs_nobody_in(on: On) {
    let world = World::start(on, SETUPS).await;
    let cases = [ALGORITHM, HEADERS, SIGNATURES, FORMS].concat();
    let rows = world.see(&cases, async |attempt, forge| {
        attempt.give_out(&forge(attempt, attempt.claims()));
        attempt.right()
    });
    must_say(on, &FAMILY, &rows.await);
}
