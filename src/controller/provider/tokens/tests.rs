use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::domain::metadata::Metadata;

fn spec(tokens: Value) -> TokensSpec {
    serde_json::from_value(tokens).expect("a spec")
}

fn metadata(algorithms: &[&str]) -> Metadata {
    let named = |name: &&str| (*name).to_owned();
    Metadata {
        issuer: "https://idp.example".to_owned(),
        authorization_endpoint: None,
        token_endpoint: None,
        userinfo_endpoint: None,
        jwks_uri: None,
        pushed_authorization_endpoint: None,
        end_session_endpoint: None,
        pushed_authorization_required: false,
        response_types: None,
        response_modes: None,
        auth_methods: None,
        auth_signing_algorithms: None,
        signing_algorithms: Some(algorithms.iter().map(named).collect()),
        pkce_methods: None,
        iss_parameter_supported: false,
        backchannel_logout_supported: false,
    }
}

fn rules(tokens: Value, announced: Option<&[&str]>) -> Result<TokenRules, Fact> {
    let metadata = announced.map(metadata);
    let secrets = [SecretSlice::from(b"current".to_vec()), SecretSlice::from(b"previous".to_vec())];
    let jwks_uri = Url::parse("https://idp.example/jwks").ok();
    token_rules(&spec(tokens), &[], secrets.into_iter(), jwks_uri, &Offers(metadata.as_ref()))
}

fn algorithms(tokens: Value, announced: Option<&[&str]>) -> String {
    let rules = rules(tokens, announced).expect("rules");
    rules.algorithms.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_manifest_lists_counts_and_else_what_the_provider_announces_and_is_asymmetric() {
    let nothing = || json!({});
    assert_eq!(algorithms(nothing(), Some(&["none", "HS256", "ES256", "RS256", "ES256K"])), "ES256 RS256");
    assert_eq!(algorithms(json!({"allowedAlgorithms": []}), Some(&["RS256"])), "RS256", "an empty list is none");
    assert_eq!(algorithms(nothing(), Some(&["EdDSA"])), "EdDSA Ed25519");
    assert_eq!(algorithms(nothing(), Some(&["Ed25519", "RS256"])), "Ed25519 RS256 EdDSA");
    let every_asymmetric = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519";
    assert_eq!(algorithms(nothing(), None), every_asymmetric, "nothing says what else there is");
    let listed = || json!({"allowedAlgorithms": ["PS256", "HS256"]});
    assert_eq!(algorithms(listed(), Some(&["RS256", "PS256"])), "PS256 HS256");
    assert_eq!(algorithms(listed(), None), "PS256 HS256");
    let eddsa = json!({"allowedAlgorithms": ["EdDSA"]});
    assert_eq!(algorithms(eddsa, Some(&["Ed25519"])), "EdDSA Ed25519");
}

#[test]
fn an_algorithm_that_is_not_announced_or_not_safe_is_incompatible_and_both_sides_are_named() {
    let cases = [
        (json!({"allowedAlgorithms": ["ES256", "HS256"]}), &["RS256"][..], "ES256 or HS256 is asked for"),
        (json!({"allowedAlgorithms": ["ES256"]}), &[], "says nothing"),
        (json!({}), &["HS384", "none"], "or write spec.tokens.allowedAlgorithms: [HS384]"),
        (json!({}), &["none", "RS1<script>"], "says none, RS1script, but"),
        (json!({}), &["none"], "must be signed with one of RS256, "),
    ];
    for (tokens, announced, said) in cases {
        let fact = rules(tokens, Some(announced)).map(|_| ()).expect_err("incompatible");
        assert_eq!(fact.reason, Reason::Incompatible);
        assert!(fact.message.contains(said), "{}", fact.message);
    }
    let none = rules(json!({}), Some(&["none"])).map(|_| ()).expect_err("incompatible").message;
    assert!(!none.contains("allowedAlgorithms"), "none cannot be allowed: {none}");
}

#[test]
fn client_secrets_are_keys_only_where_the_manifest_says_so() {
    let secrets = |tokens| rules(tokens, None).expect("rules").secrets.len();
    assert_eq!(secrets(json!({})), 0);
    assert_eq!(secrets(json!({"validateSignatures": false})), 0, "though every algorithm is taken");
    assert_eq!(secrets(json!({"allowedAlgorithms": ["RS256"]})), 0);
    assert_eq!(secrets(json!({"allowedAlgorithms": ["RS256", "HS256"]})), 2);
}

#[test]
fn without_a_look_at_signatures_the_same_algorithms_count() {
    let tokens = || json!({"validateSignatures": false});
    assert_eq!(algorithms(tokens(), Some(&["none", "HS256", "PS256"])), "PS256");
    assert!(rules(tokens(), Some(&["none", "HS256"])).is_err(), "not listed");
    let short = SecretString::from("short");
    let hs256 = |validated: bool| spec(json!({"validateSignatures": validated, "allowedAlgorithms": ["HS256"]}));
    assert!(long_enough(&hs256(true), Some(&short)).is_err());
    assert!(long_enough(&hs256(false), Some(&short)).is_ok(), "nobody checks by it");
    assert!(rules(tokens(), Some(&["RS256"])).expect("rules").unsigned_from_token_endpoint);
    assert!(rules(tokens(), Some(&["none"])).is_err());
    let listed = json!({"validateSignatures": false, "allowedAlgorithms": ["RS256"]});
    assert_eq!(algorithms(listed, Some(&["RS256"])), "RS256");
    assert!(!rules(json!({"validateSignatures": true}), None).expect("rules").unsigned_from_token_endpoint);
}

#[test]
fn keys_are_looked_for_only_where_they_could_verify_something() {
    let jwks = |tokens| rules(tokens, None).expect("rules").jwks_uri.is_some();
    assert!(jwks(json!({})));
    assert!(jwks(json!({"validateSignatures": false})), "logout tokens are always checked");
    assert!(jwks(json!({"allowedAlgorithms": ["HS256", "RS256"]})));
    assert!(!jwks(json!({"allowedAlgorithms": ["HS256"]})));
}

#[test]
fn keys_that_fit_no_allowed_algorithm_are_not_usable_where_tokens_rest_on_them() {
    let p256 = read_public_keys(include_str!("../../../oidc/testdata/for-tests-p256-public.pem")).expect("a key");
    let rsa = Fetched {
        good: Some((
            Arc::new(vec![SigningKey { kty: "RSA".to_owned(), ..SigningKey::default() }]),
            Timestamp::UNIX_EPOCH,
        )),
        ..Fetched::default()
    };
    let usable = |tokens: Value, published: &Fetched<Vec<SigningKey>>| {
        let spec = spec(tokens);
        let rules = token_rules(&spec, &p256, std::iter::empty(), None, &Offers(None)).expect("rules");
        keys_usable(&spec, published, false, Some(&rules))
    };
    let pinned = |algorithms: Value| json!({"allowedAlgorithms": algorithms, "publicKeys": ["P-256"]});
    let none = Fetched::default();
    assert!(usable(pinned(json!([])), &none).is_true());
    assert!(usable(pinned(json!(["RS256", "ES256"])), &none).is_true());
    assert!(usable(pinned(json!(["RS256"])), &rsa).is_true(), "the published one fits");
    assert!(usable(pinned(json!(["RS256", "HS256"])), &none).is_true(), "the secret is a key");
    assert!(usable(json!({"allowedAlgorithms": ["RS256"], "validateSignatures": false}), &none).is_true());
    let fact = usable(pinned(json!(["RS256", "EdDSA"])), &none);
    assert_eq!((fact.status, fact.reason), (Status::False, Reason::NoUsableKeys));
    assert!(
        fact.message.contains("RS256, EdDSA may sign tokens, but the provider's keys are for EC"),
        "{}",
        fact.message
    );
}

#[test]
fn no_token_makes_us_try_more_keys_of_the_manifest_than_a_few() {
    let p256 = include_str!("../../../oidc/testdata/for-tests-p256-public.pem");
    let of = |keys: usize| public_keys(&spec(json!({"publicKeys": [p256.repeat(keys)]}))).map(|keys| keys.len());
    assert_eq!(of(16), Ok(16));
    assert!(of(17).expect_err("too many").contains("spec.tokens.publicKeys: holds 17 keys"));
}

#[test]
fn a_secret_is_at_least_as_long_as_the_longest_hash_that_it_is_to_be_the_key_of() {
    let fits = |algorithms: Value, length: usize| {
        let secret = SecretString::from("s".repeat(length));
        long_enough(&spec(json!({"allowedAlgorithms": algorithms})), Some(&secret)).map_err(|fact| fact.message)
    };
    assert_eq!(fits(json!([]), 1), Ok(()));
    assert_eq!(fits(json!(["RS256", "EdDSA"]), 1), Ok(()));
    for (name, length) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        assert_eq!(fits(json!(["RS256", name]), length), Ok(()));
        let message = fits(json!(["RS256", name]), length - 1).expect_err("too short");
        assert!(message.contains(&format!("{name} needs a client secret of at least {length} bytes")), "{message}");
    }
    assert!(fits(json!(["HS256", "HS512"]), 63).expect_err("too short for one").contains("HS512"));
    assert!(long_enough(&spec(json!({"allowedAlgorithms": ["HS256"]})), None).is_ok(), "the schema demands one");
}

fn known(good: bool, failing: bool) -> Fetched<Vec<SigningKey>> {
    let failure = FetchFailure {
        reason: Reason::HttpStatus,
        message: "idp.example: 404".to_owned(),
        since: Timestamp::UNIX_EPOCH,
    };
    let good = good.then(|| (Arc::new(vec![SigningKey::default()]), Timestamp::UNIX_EPOCH));
    Fetched { good, failure: failing.then_some(failure), attempted_at: None }
}

#[test]
fn keys_are_usable_where_there_are_some_or_none_are_needed() {
    use Reason::*;
    let (plain, pinned) = (json!({}), json!({"publicKeys": ["any"]}));
    let (unchecked, symmetric) = (json!({"validateSignatures": false}), json!({"allowedAlgorithms": ["HS256"]}));
    // In turn: nothing is known yet, fetched, failing, failing since and in grace, failing for too long.
    let states = [
        (known(false, false), false),
        (known(true, false), false),
        (known(false, true), false),
        (known(true, true), true),
        (known(true, true), false),
    ];
    let (fails, holds, idle) = ((Status::False, HttpStatus), (Status::True, Succeeded), (Status::True, NotNeeded));
    let cases = [
        (plain, [(Status::Unknown, Pending), holds, fails, holds, fails]),
        (pinned, [holds; 5]),
        (unchecked, [idle, holds, idle, holds, idle]),
        (symmetric, [idle; 5]),
    ];
    for (tokens, expected) in cases {
        for ((published, stale), expected) in states.iter().zip(expected) {
            let fact = keys_usable(&spec(tokens.clone()), published, *stale, None);
            assert_eq!((fact.status, fact.reason), expected, "{tokens}: {}", fact.message);
        }
    }
    for tokens in [json!({"publicKeys": ["any"]}), json!({"validateSignatures": false})] {
        let failing = keys_usable(&spec(tokens), &known(false, true), false, None).message;
        assert!(failing.ends_with("could not be had: idp.example: 404"), "what fails is said: {failing}");
    }
}
