//! The checks of a token that the how-to shows: each takes Latchkey's access tokens, and nothing else.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::process::Command;

use super::example::{Example, folder};
use crate::support::{
    access_token::python,
    ended::Ended,
    fake::{Fake, Reply, keys, sign_with},
    provider::require_packages,
};

/// What the API calls itself.
const AUDIENCE: &str = "https://api.example.com";

/// Reads an access token and shows what it says, by the check in Python.
fn in_python(issuer: &str, audience: &str) -> Command {
    const SHOW: &str = "\
        import json, sys\n\
        folder, issuer, audience = sys.argv[1:]\n\
        sys.path.insert(0, folder)\n\
        from access_token import AccessTokens\n\
        print(json.dumps(AccessTokens(issuer, audience).claims(sys.stdin.read())))";
    let mut command = Command::new(python());
    command.args(["-c", SHOW]).arg(folder().join("api")).args([issuer, audience]);
    command
}

/// As `in_python`, by the one in Node.js.
fn in_node(issuer: &str, audience: &str) -> Command {
    const SHOW: &str = "\
        import { text } from 'node:stream/consumers';\
        import { pathToFileURL } from 'node:url';\
        const [file, issuer, audience] = process.argv.slice(1);\
        const { accessTokens } = await import(pathToFileURL(file));\
        console.log(JSON.stringify(await accessTokens(issuer, audience)(await text(process.stdin))));";
    let home = folder().join("checks/node");
    require_packages(&home, "jose");
    let mut command = Command::new("node");
    command.args(["--input-type=module", "--eval", SHOW, "--"]).arg(home.join("access-token.mjs"));
    command.args([issuer, audience]);
    command
}

/// As `in_python`, by the one in Go.
fn in_go(issuer: &str, audience: &str) -> Command {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/bin/access-token");
    assert!(program.exists(), "run `make test` once, which builds it");
    let mut command = Command::new(program);
    command.args([issuer, audience]);
    command
}

/// The command that starts an API, by the issuer and the audience that it takes.
type Check = fn(&str, &str) -> Command;

/// The checks that the how-to shows.
const CHECKS: [(&str, Check); 3] = [("Python", in_python), ("Node.js", in_node), ("Go", in_go)];

#[tokio::test]
async fn the_checks_in_three_languages_take_an_access_token_as_it_was_given_out_alone() {
    let example = Example::start().await;
    let token = example.run("token", "alice").await.out.trim().to_owned();
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let other_signature = signature.chars().rev().collect::<String>();
    let (tampered, id_token) = (format!("{signed}.{other_signature}"), example.id_token("alice").await);
    for (language, check) in CHECKS {
        let taken = Ended::of(check(&example.issuer(), AUDIENCE), &token).await;
        assert_eq!(taken.status, 0, "{language}: {taken:?}");
        assert_eq!(taken.json()["roles"], json!(["admin", "viewer"]), "{language}");
        for (what, audience, token) in [
            ("another audience", "https://other.example.com", &token),
            ("another signature", AUDIENCE, &tampered),
            ("the provider's own ID token", AUDIENCE, &id_token),
        ] {
            must_not_pass(&format!("{language}, {what}"), check(&example.issuer(), audience), token).await;
        }
    }
}

#[tokio::test]
async fn the_checks_in_three_languages_take_nothing_else_that_is_signed_with_the_same_key() {
    let fake = Fake::start().await;
    fake.answer("/.well-known/jwks.json", Reply::json(&keys()));
    let now = Timestamp::now().as_second();
    let good = json!({"iss": fake.issuer, "aud": AUDIENCE, "sub": "1", "iat": now, "exp": now + 300, "roles": []});
    let with = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        claims
    };
    let header = |typ: &str| json!({"alg": "ES256", "kid": "one", "typ": typ});
    let token = sign_with(&header("at+jwt"), &good);
    let without = |member: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().expect("claims").shift_remove(member);
        claims
    };
    let wrong = [
        ("another type", sign_with(&header("JWT"), &good)),
        ("over", sign_with(&header("at+jwt"), &with("exp", json!(now - 5)))),
        ("without end", sign_with(&header("at+jwt"), &without("exp"))),
        ("of nobody", sign_with(&header("at+jwt"), &without("sub"))),
        ("of another issuer", sign_with(&header("at+jwt"), &with("iss", json!("https://other.example.com")))),
    ];
    for (language, check) in CHECKS {
        let taken = Ended::of(check(&fake.issuer, AUDIENCE), &token).await;
        assert_eq!(taken.status, 0, "{language}: {taken:?}");
        for (what, token) in &wrong {
            must_not_pass(&format!("{language}, {what}"), check(&fake.issuer, AUDIENCE), token).await;
        }
    }
}

async fn must_not_pass(what: &str, check: Command, token: &str) {
    let refused = Ended::of(check, token).await;
    assert!(refused.status == 1 && refused.out.is_empty(), "{what}: {refused:?}");
}
