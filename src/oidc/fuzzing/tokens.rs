//! ID tokens and logout tokens: one that is accepted keeps every rule; one that the issuer has not signed is accepted by
//! nobody; none is of two kinds.

use std::{sync::LazyLock, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::issuer::Issuer;
use crate::{
    domain::{Claims, signing_algorithm::SigningAlgorithm},
    oidc::token::{
        AtLogin, KeyRing, Parties, Proof, TokenError, verify_access_token, verify_assertion, verify_id_token,
        verify_logout_token, verify_userinfo,
    },
};

const ISSUER: &str = "https://issuer.example.org";
const CLIENT: &str = "s6BhdRkqt3";
const SUBJECT: &str = "24400320";
const NOW: i64 = 1_800_000_000;
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const ALGORITHMS: [&str; 5] = ["RS256", "ES256", "EdDSA", "Ed25519", "HS256"];
const PARTIES: Parties<'static> = Parties {
    issuer: ISSUER,
    clients: &[CLIENT],
    algorithms: &[
        SigningAlgorithm::RS256,
        SigningAlgorithm::ES256,
        SigningAlgorithm::EdDSA,
        SigningAlgorithm::Ed25519,
        SigningAlgorithm::HS256,
    ],
    now: Timestamp::constant(NOW, 0),
    skew: Duration::ZERO,
};
const LOGIN: AtLogin<'static> = AtLogin {
    nonce: "n-0S6_WzA2Mj",
    access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
    code: Some("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"),
    authenticated_since: None,
};
/// The left halves of the SHA-256 and SHA-512 of those (OpenID Connect Core 1.0, section 3.1.3.6).
const AT_HASHES: [&str; 2] = ["77QmUPtjPfzWtF2AnpK9RQ", "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"];
const C_HASHES: [&str; 2] = ["LDktKdoQak3Pk0cnXxCltA", "E9z1C-c0Az4eTEzE0Nm3OQ3BS2BhMgxuP7x5JAQj1_4"];
/// How long ago the person may have signed in, in seconds, where that is asked for.
const MAX_AGE: i64 = 600;
/// How long ago an ID token may have been issued that an application brings.
const BROUGHT_WITHIN: Duration = Duration::from_secs(300);

static OURS: LazyLock<Issuer> = LazyLock::new(Issuer::new);
/// Another issuer: its keys have the same names.
static ANOTHER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

/// An input as a token.
enum Token {
    /// After an `r`: the token itself. After a `c`: a line of header and a payload, under each HMAC whose key everybody
    /// knows. The issuer has signed none of them.
    Unsigned(Vec<String>),
    /// Any other line of header and payload, as the issuer signs it.
    Signed { raw: String, verifies: bool },
}

impl Token {
    fn read(data: &[u8]) -> Option<Self> {
        if let Some(raw) = data.strip_prefix(b"r") {
            return Some(Self::Unsigned(vec![str::from_utf8(raw).ok()?.to_owned()]));
        }
        let (confused, rest) = data.strip_prefix(b"c").map_or((false, data), |rest| (true, rest));
        let line = rest.iter().position(|byte| *byte == b'\n')?;
        let (header, payload) = (&rest[..line], &rest[line + 1..]);
        if confused {
            return Some(Self::Unsigned(OURS.confused(header, payload)));
        }
        let (raw, verifies) = OURS.sign(header, payload);
        Some(Self::Signed { raw, verifies })
    }
}

/// The input is a `Token`; as an ID token, it came straight from the token endpoint or by form post.
pub fn id_token(data: &[u8]) -> bool {
    match Token::read(data) {
        None => false,
        Some(Token::Unsigned(tokens)) => {
            tokens.iter().for_each(|raw| nobody_accepts(raw, OURS.keys()));
            tokens.iter().filter(|raw| by_channel(raw).is_ok()).count() > 0
        }
        Some(Token::Signed { raw, verifies }) => {
            assert!(verify_id_token(&raw, &ANOTHER.proof(), &PARTIES, &LOGIN).is_err(), "another issuer's");
            let (channel, signed) = (by_channel(&raw), verify_id_token(&raw, &OURS.proof(), &PARTIES, &LOGIN));
            if verifies {
                assert_eq!(signed, channel, "a right signature changes nothing");
            } else {
                assert!(matches!(signed, Err(TokenError::Jws(_))), "a wrong signature is told from wrong claims");
            }
            is_of_one_kind(&raw);
            signed.is_ok()
        }
    }
}

/// The input is a `Token`; as a logout token, anybody may have sent it.
pub fn logout_token(data: &[u8]) -> bool {
    match Token::read(data) {
        None => false,
        Some(Token::Unsigned(tokens)) => {
            tokens.iter().for_each(|raw| nobody_accepts(raw, OURS.keys()));
            false
        }
        Some(Token::Signed { raw, verifies }) => {
            assert!(verify_logout_token(&raw, ANOTHER.keys(), &PARTIES).is_err(), "another issuer's");
            is_of_one_kind(&raw);
            let Ok(logout) = verify_logout_token(&raw, OURS.keys(), &PARTIES) else { return false };
            assert!(verifies);
            let claims = reread(&raw, "logout+jwt");
            keeps_the_rules_of_a_logout_token(&claims);
            let said = |claim: &str| claims.get(claim).and_then(Value::as_str);
            assert_eq!((logout.sub.as_deref(), logout.sid.as_deref()), (said("sub"), said("sid")));
            assert_eq!(Some(&*logout.jti), said("jti"));
            true
        }
    }
}

/// An ID token that came straight from the token endpoint: only its claims count.
fn by_channel(raw: &str) -> Result<Claims, TokenError> {
    let verdict = verify_id_token(raw, &Proof::Channel, &PARTIES, &LOGIN);
    if let Ok(claims) = &verdict {
        let reread = reread(raw, "JWT");
        assert_eq!(reread.as_object(), Some(claims), "what is handed out is what it says");
        keeps_the_rules_of_an_id_token(&reread);
    }
    let since = Timestamp::constant(NOW - MAX_AGE, 0);
    let aged = AtLogin { authenticated_since: Some(since), ..LOGIN };
    if let Ok(claims) = verify_id_token(raw, &Proof::Channel, &PARTIES, &aged) {
        let at = claims["auth_time"].as_f64().expect("a number");
        assert!(((NOW - MAX_AGE) as f64..=NOW as f64).contains(&at), "the person signed in lately");
        assert_eq!(verdict.as_ref(), Ok(&claims), "to ask for more refuses more");
    }
    verdict
}

/// Without the issuer's signature a token is nothing, whatever it is taken for.
fn nobody_accepts(raw: &str, keys: KeyRing<'_>) {
    let proof = Proof::Signature(keys);
    let refused = |verdict: Option<TokenError>| matches!(verdict, Some(TokenError::Jws(_)));
    assert!(refused(verify_id_token(raw, &proof, &PARTIES, &LOGIN).err()));
    assert!(refused(verify_logout_token(raw, keys, &PARTIES).err()));
    assert!(refused(verify_userinfo(raw, keys, &PARTIES, SUBJECT).err()));
    assert!(refused(verify_assertion(raw, keys, &PARTIES, BROUGHT_WITHIN).err()));
    assert!(refused(verify_access_token(raw, &proof, &PARTIES, &beside(LOGIN.nonce)).err()));
}

/// The claims that count of the ID token that an access token came with.
fn beside(nonce: &str) -> Claims {
    Claims::from_iter([("sub".to_owned(), SUBJECT.into()), ("nonce".to_owned(), nonce.into())])
}

/// An ID token, a logout token and an access token are never taken for one another (RFC 8725, sections 3.11 and 3.12). Of
/// the ID token of the very login to which an access token belongs, whoever has both tells it by the letter.
fn is_of_one_kind(raw: &str) {
    let id = verify_id_token(raw, &OURS.proof(), &PARTIES, &LOGIN);
    let logout = verify_logout_token(raw, OURS.keys(), &PARTIES);
    let access = verify_access_token(raw, &OURS.proof(), &PARTIES, &beside("n-of-another-login"));
    let kinds = [id.is_ok(), logout.is_ok(), access.is_ok()];
    assert!(kinds.iter().filter(|accepted| **accepted).count() <= 1, "{kinds:?}");
    if let Ok(assertion) = verify_assertion(raw, OURS.keys(), &PARTIES, BROUGHT_WITHIN) {
        assert!(logout.is_err(), "a logout token is nothing to bring");
        let claims = reread(raw, "JWT");
        assert_eq!(claims.as_object(), Some(&assertion.claims));
        keeps_the_rules_of_an_assertion(&claims);
    }
    if let Ok(claims) = access {
        let reread = reread(raw, "at+jwt");
        assert_eq!(reread.as_object(), Some(&claims));
        keeps_the_rules_of_all(&reread);
        assert_eq!(reread["sub"], SUBJECT);
        assert!(reread.get("client_id").is_none_or(|client| client == CLIENT));
    }
    if let Ok(claims) = verify_userinfo(raw, OURS.keys(), &PARTIES, SUBJECT) {
        assert!(logout.is_err(), "a logout token says nothing about a person");
        assert_eq!((&claims["iss"], &claims["sub"]), (&ISSUER.into(), &SUBJECT.into()));
        assert!(audiences(&claims["aud"]).contains(&CLIENT));
    }
}

/// The claims as anybody reads them, of a token in canonical form whose header is right for its kind.
fn reread(raw: &str, typ: &str) -> Value {
    let parts: Vec<_> = raw.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url")).collect();
    let again: Vec<_> = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
    assert!(parts.len() == 3 && again.join(".") == raw && raw.len() <= 64 * 1024);
    let header: Value = serde_json::from_slice(&parts[0]).expect("JSON");
    assert!(header["alg"].as_str().is_some_and(|algorithm| ALGORITHMS.contains(&algorithm)));
    assert!(header.get("crit").is_none());
    assert!(header.get("kid").is_none_or(Value::is_string));
    if let Some(said) = header.get("typ") {
        let said = said.as_str().expect("a string").to_ascii_lowercase();
        let is_of_another_kind = said.ends_with("+jwt") && said.trim_start_matches("application/") != typ;
        assert!(!is_of_another_kind, "{said}");
    }
    serde_json::from_slice(&parts[1]).expect("JSON")
}

fn audiences(aud: &Value) -> Vec<&str> {
    match aud {
        Value::Array(audiences) => audiences.iter().map(|audience| audience.as_str().expect("a string")).collect(),
        audience => vec![audience.as_str().expect("a string")],
    }
}

fn is_id(text: &str) -> bool {
    (1..=255).contains(&text.chars().count())
}

/// RFC 7519, section 4.1.
fn keeps_the_rules_of_all(claims: &Value) {
    assert_eq!(claims["iss"], ISSUER);
    assert!(claims.get("azp").is_none_or(|azp| azp == CLIENT));
    assert!(claims["exp"].as_f64().expect("a number") > NOW as f64);
    assert!(claims.get("nbf").is_none_or(|nbf| nbf.as_f64().expect("a number") <= NOW as f64));
    assert!(claims.get("iat").is_none_or(|iat| iat.as_f64().expect("a number") <= NOW as f64));
    if let Some(sub) = claims.get("sub") {
        let sub = sub.as_str().expect("a string");
        assert!(is_id(sub) && !sub.contains(char::is_control));
    }
}

/// Of tokens that are for us alone, and fresh.
fn keeps_the_rules_at_home(claims: &Value) {
    keeps_the_rules_of_all(claims);
    let audiences = audiences(&claims["aud"]);
    assert!(!audiences.is_empty() && audiences.iter().all(|audience| *audience == CLIENT));
    let hour = SignedDuration::from_hours(1).as_secs();
    assert!(claims["iat"].as_f64().expect("a number") >= (NOW - hour) as f64);
}

/// OpenID Connect Core 1.0, section 3.1.3.7.
fn keeps_the_rules_of_an_id_token(claims: &Value) {
    keeps_the_rules_at_home(claims);
    assert!(claims["sub"].is_string() && claims.get("events").is_none());
    assert_eq!(claims["nonce"], LOGIN.nonce);
    let one_of =
        |hashes: [&str; 2], claim| claims.get(claim).is_none_or(|hash| hashes.iter().any(|right| hash == right));
    assert!(one_of(AT_HASHES, "at_hash") && one_of(C_HASHES, "c_hash"));
}

/// RFC 7523, section 3.
fn keeps_the_rules_of_an_assertion(claims: &Value) {
    keeps_the_rules_at_home(claims);
    assert!(claims["iat"].as_f64().expect("a number") >= NOW as f64 - BROUGHT_WITHIN.as_secs_f64());
    assert!(claims["sub"].is_string() && ["events", "scope", "scp"].iter().all(|claim| claims.get(claim).is_none()));
    assert!(claims.get("typ").is_none_or(|typ| typ.as_str().is_some_and(|typ| typ.eq_ignore_ascii_case("id"))));
}

/// OpenID Connect Back-Channel Logout 1.0, section 2.6.
fn keeps_the_rules_of_a_logout_token(claims: &Value) {
    keeps_the_rules_at_home(claims);
    assert!(claims.get("nonce").is_none() && claims["events"][EVENT].is_object());
    assert!(claims["jti"].as_str().is_some_and(is_id));
    assert!(claims.get("sid").is_none_or(|sid| sid.as_str().is_some_and(is_id)));
    assert!(claims.get("sub").is_some() || claims.get("sid").is_some());
}
