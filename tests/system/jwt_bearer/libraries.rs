//! What APIs and applications do with libraries that aren't ours: `jose` and PyJWT check access tokens by `jwks.json`;
//! `oauth4webapi` reads the metadata and gets them.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::{
    id_token::{id_token, now},
    world::{SECRET, World, at_provider},
};
use crate::support::{DEADLINE, access_token::python, provider::require_packages, signer::STRANGERS, wait_for};

const DAY: i64 = 24 * 3600;
/// For how long `jwks.json` says that it may be kept.
pub const KEPT_FOR: i64 = 15 * 60;

/// A program of `tests/verifiers`.
pub struct Library {
    pub name: &'static str,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Library {
    pub fn both() -> [Self; 2] {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifiers");
        require_packages(&home, "jose");
        let mut node = Command::new("node");
        node.arg(home.join("verify.mjs"));
        let mut pyjwt = Command::new(python());
        pyjwt.arg(home.join("verify.py"));
        [("jose", node), ("PyJWT", pyjwt)].map(|(name, command)| Self::start(name, command))
    }

    fn start(name: &'static str, mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("it starts; `make test` installs it");
        let stdin = process.stdin.take().expect("its input");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        Self { name, stdin, lines, _process: process }
    }

    async fn ask(&mut self, request: Value) -> Result<Value, String> {
        self.stdin.write_all(format!("{request}\n").as_bytes()).await.expect("it listens");
        let line = timeout(DEADLINE, self.lines.next_line()).await.expect("an answer in time").expect("a line");
        let mut answer: Value = serde_json::from_str(&line.expect("it goes on")).expect("JSON");
        if answer["ok"] == true { Ok(answer["value"].take()) } else { Err(answer.to_string()) }
    }

    /// A verifier that has fetched the keys just now, and keeps them for as long as it may.
    pub async fn fetches(&mut self, verifier: &str, world: &World) {
        let jwks = world.latchkey.at(".well-known/jwks.json");
        self.ask(json!({"op": "verifier", "name": verifier, "jwks": jwks, "keptFor": KEPT_FOR}))
            .await
            .expect("the keys");
    }

    pub async fn verify(&mut self, verifier: &str, world: &World, token: &str) -> Result<Value, String> {
        let issuer = issuer(world);
        let request =
            json!({"op": "verify", "verifier": verifier, "token": token, "issuer": issuer, "audience": issuer});
        self.ask(request).await
    }
}

fn issuer(world: &World) -> String {
    world.latchkey.at("").trim_end_matches('/').to_owned()
}

#[tokio::test]
async fn access_tokens_are_good_to_jose_and_py_jwt_and_changed_ones_are_not() {
    let world = World::start("", "").await;
    let mut libraries = Library::both();
    let given = world.gets("ada", json!({})).await;
    let [header, payload, signature] = given.token.split('.').collect::<Vec<_>>()[..] else { panic!("{given:?}") };
    let b64 = |value: Value| crate::support::signer::b64(value.to_string());
    let mut raised = given.claims();
    raised["administrator"] = true.into();
    let mut longer = given.claims();
    longer["exp"] = (now() + DAY).into();
    let (input, other) = (format!("{header}.{payload}"), world.gets("ada", json!({})).await.token);
    let stranger = crate::support::signer::b64(STRANGERS.signature("ES256", input.as_bytes()));
    let wrong = [
        ("an administrator", format!("{header}.{}.{signature}", b64(raised))),
        ("longer", format!("{header}.{}.{signature}", b64(longer))),
        ("another's signature", format!("{input}.{}", other.rsplit_once('.').expect("parts").1)),
        ("a stranger's signature", format!("{input}.{stranger}")),
        ("no signature", format!("{input}.")),
        ("none", format!("{}.{payload}.", b64(json!({"alg": "none", "typ": "at+jwt"})))),
        ("the ID token", world.id_token("ada", json!({}))),
    ];
    for library in &mut libraries {
        library.fetches("now", &world).await;
        let said = library.verify("now", &world, &given.token).await.expect(library.name);
        assert_eq!(said, given.claims(), "{}", library.name);
        for (what, token) in &wrong {
            let verified = library.verify("now", &world, token).await;
            assert!(verified.is_err(), "{} takes {what}: {verified:?}", library.name);
        }
    }
}

#[tokio::test]
async fn oauth4webapi_finds_the_token_endpoint_and_gets_access_tokens() {
    let world = World::start("", "").await;
    let [mut node, mut python] = Library::both();
    for (id, method) in [("desktop", ""), ("backend", "ClientSecretBasic"), ("backend", "ClientSecretPost")] {
        let assertion = || id_token(&world.main, &at_provider(id), "ada", &json!({}));
        let mut client = json!({"id": id});
        if !method.is_empty() {
            client["method"] = method.into();
            client["secret"] = SECRET.into();
        }
        let request = |assertion: &str| json!({"op": "exchange", "issuer": issuer(&world), "client": client, "assertion": assertion});
        let good = assertion();
        let got = wait_for("the application is known", async || node.ask(request(&good)).await.ok()).await;
        let token = got["tokens"]["access_token"].as_str().expect("a token").to_owned();
        python.fetches("now", &world).await;
        let claims = python.verify("now", &world, &token).await.expect("a good token");
        assert_eq!(claims["client_id"], id);
        // It understands what it is told, too.
        let told = node.ask(request(&good)).await.expect_err("it was used");
        assert!(told.contains("invalid_grant"), "{told}");
        if !method.is_empty() {
            client["secret"] = "wrong".into();
            let request =
                json!({"op": "exchange", "issuer": issuer(&world), "client": client, "assertion": assertion()});
            let told = node.ask(request).await.expect_err("the secret is wrong");
            assert!(told.contains("invalid_client") || told.contains("WWW_AUTHENTICATE_CHALLENGE"), "{told}");
        }
    }
}
