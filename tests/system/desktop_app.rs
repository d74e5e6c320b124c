//! The example of a desktop application, by its own files: the application in Node, the API in Python, and the manifests,
//! with the certified provider and somebody who signs in there.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::support::{
    DEADLINE,
    ended::Ended,
    fake::{Fake, Reply, keys, sign_with},
    latchkey::{LOCAL, Latchkey, command, free_port},
    provider::{Provider, require_packages},
    visitor::{Answer, Visitor},
    wait_for,
};

/// What the API calls itself.
const AUDIENCE: &str = "https://api.example.com";

/// Everything that the example's `run` starts.
struct Example {
    provider: Provider,
    latchkey: Latchkey,
    api: String,
    _process: Child,
}

impl Example {
    async fn start() -> Self {
        let provider = Provider::start_with(json!({"clients": demo()["clients"]})).await;
        let latchkey = Latchkey::start_with(LOCAL, &[]).await;
        for entry in fs::read_dir(folder().join("manifests")).expect("the manifests") {
            let path = entry.expect("a file").path();
            let text =
                fs::read_to_string(&path).expect("a manifest").replace("http://127.0.0.1:9400", &provider.issuer);
            latchkey.write(&path.file_name().expect("a name").to_string_lossy(), &text).await;
        }
        latchkey.wait_until_ready("demo").await;
        latchkey.wait_for_condition("organization", "default", ["Ready", "True", "Succeeded"]).await;
        let (process, api) = start_api(&latchkey).await;
        Self { provider, latchkey, api, _process: process }
    }

    fn issuer(&self) -> String {
        self.latchkey.url("o/default")
    }

    /// Runs the application, which is to get this from the API, and signs in as `name` at the address that it shows.
    async fn run(&self, what: &str, name: &str) -> Ended {
        require_packages(&folder().join("app"), "openid-client");
        let mut process = Command::new("node")
            .arg(folder().join("app/app.mjs"))
            .arg(what)
            .env("PROVIDER", &self.provider.issuer)
            .env("LATCHKEY", self.issuer())
            .env("API", &self.api)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let mut said = BufReader::new(process.stderr.take().expect("its messages"));
        let address = timeout(DEADLINE, address_in(&mut said)).await.expect("it shows an address in time");
        let page = sign_in(&address, name).await;
        assert!(page.body.contains("go back to the application"), "{}: {}", page.url, page.body);
        let mut err = String::new();
        let output = timeout(DEADLINE, async {
            said.read_to_string(&mut err).await.expect("text");
            process.wait_with_output().await.expect("its output")
        });
        let output = output.await.expect("the application ends in time");
        let out = String::from_utf8(output.stdout).expect("text");
        Ended { status: output.status.code().expect("it was not killed"), out, err }
    }

    /// What the API answers at a path to who shows this.
    async fn ask(&self, path: &str, authorization: &str) -> Answer {
        Visitor::new().get_with(&format!("{}{path}", self.api), &[("authorization", authorization)]).await
    }

    /// An ID token that the provider issues to the application, as nobody has brought it yet.
    async fn id_token(&self, name: &str) -> String {
        let verifier = "a-code-verifier-of-forty-three-characters-or-more";
        let challenge =
            URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()));
        let redirect_uri = format!("http://127.0.0.1:{}/callback", free_port());
        let mut address: Url = format!("{}/auth", self.provider.issuer).parse().expect("a URL");
        address.query_pairs_mut().extend_pairs([
            ("client_id", "desktop-app"),
            ("response_type", "code"),
            ("scope", "openid profile email groups"),
            ("redirect_uri", &redirect_uri),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let back = go_until(&Visitor::new(), address.as_str(), name, &redirect_uri).await;
        let back: Url = back.parse().expect("a URL");
        let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "desktop-app"),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", verifier),
            ("code", &code),
        ];
        let answer = Visitor::new().post(&format!("{}/token", self.provider.issuer), &form).await.json();
        answer["id_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/desktop-app")
}

/// The settings of the provider that the examples share.
fn demo() -> Value {
    let file = folder().join("../quickstart/provider/demo.json");
    serde_json::from_str(&fs::read_to_string(file).expect("the settings")).expect("JSON")
}

/// Python with the packages of the API.
fn python() -> PathBuf {
    let python = folder().join("api/.venv/bin/python");
    assert!(python.exists(), "run `make test` once, which installs Flask and PyJWT");
    python
}

/// The API, once it answers, and where.
async fn start_api(latchkey: &Latchkey) -> (Child, String) {
    let (port, log) = (free_port(), latchkey.dir().join("api.log"));
    let process = Command::new(python())
        .arg(folder().join("api/api.py"))
        .env("ISSUER", latchkey.url("o/default"))
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log).expect("a log"))
        .kill_on_drop(true)
        .spawn()
        .expect("Python starts");
    let url = format!("http://127.0.0.1:{port}");
    let (somebody, me) = (Visitor::new(), format!("{url}/me"));
    wait_for("the API answers", async || somebody.try_get(&me).await.map(|_| ())).await;
    (process, url)
}

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
    let home = folder().join("api-in-node");
    require_packages(&home, "jose");
    let mut command = Command::new("node");
    command.args(["--input-type=module", "--eval", SHOW, "--"]).arg(home.join("access-token.mjs"));
    command.args([issuer, audience]);
    command
}

/// As `in_python`, by the one in Go.
fn in_go(issuer: &str, audience: &str) -> Command {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/bin/api-in-go");
    assert!(program.exists(), "run `make test` once, which builds it");
    let mut command = Command::new(program);
    command.args([issuer, audience]);
    command
}

/// The first address that the application shows.
async fn address_in(said: &mut (impl AsyncBufReadExt + Unpin)) -> String {
    let mut all = String::new();
    while said.read_line(&mut all).await.expect("text") > 0 {
        let line = all.lines().next_back().unwrap_or_default().trim();
        if line.starts_with("http") {
            return line.to_owned();
        }
    }
    panic!("the application ended: {all}");
}

/// Follows an address of the provider through its form to where it ends, with an answer at all.
async fn sign_in(address: &str, name: &str) -> Answer {
    let visitor = Visitor::new();
    let back = go_until(&visitor, address, name, "http://127.0.0.1:").await;
    visitor.get(&back).await
}

/// As `sign_in`, but does not go to the address of the application, which begins with this; answers with it.
async fn go_until(visitor: &Visitor, address: &str, name: &str, redirect_uri: &str) -> String {
    let mut answer = visitor.get(address).await;
    for _ in 0..10 {
        match answer.location() {
            Some(url) if url.starts_with(redirect_uri) && url.contains("/callback?") => return url,
            Some(url) => answer = visitor.get(&url).await,
            None => {
                let (url, password) = (answer.url.to_string(), format!("{name}-password"));
                assert!(url.contains("/interaction/"), "{url}: {} {}", answer.status, answer.body);
                answer = visitor.post(&url, &[("login", name), ("password", &password)]).await;
            }
        }
    }
    panic!("{address} goes round in circles");
}

/// What the API must say to a token that does not count.
async fn must_not_count(what: &str, example: &Example, token: &str) {
    let answer = example.ask("/me", &format!("Bearer {token}")).await;
    assert_eq!((answer.status, answer.json()), (401, json!({"error": "invalid_token"})), "{what}");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{what}");
}

#[tokio::test]
async fn the_application_signs_people_in_and_the_api_knows_who_they_are_and_what_they_may() {
    let example = Example::start().await;
    let alice = example.run("/me", "alice").await;
    assert_eq!(alice.status, 0, "{alice:?}");
    let me = alice.json();
    assert_eq!(
        (&me["fullName"], &me["roles"], &me["client_id"]),
        (&json!("Alice Archer"), &json!(["admin", "viewer"]), &json!("desktop-app"))
    );
    let again = example.run("/me", "alice").await.json();
    assert_eq!(again["sub"], me["sub"], "she is the same person");
    let admin = example.run("/admin", "alice").await;
    assert_eq!(admin.json(), json!({"message": "Hello alice, this is for administrators."}));
    let bob = example.run("/me", "bob").await.json();
    assert_eq!((&bob["fullName"], &bob["roles"]), (&json!("Bob Baker"), &json!(["viewer"])));
    let refused = example.run("/admin", "bob").await;
    assert!(refused.status == 1 && refused.out.is_empty(), "{refused:?}");
    assert!(refused.err.contains("the API answers with 403: {\"error\":\"insufficient_scope\"}"), "{refused:?}");
}

#[tokio::test]
async fn the_api_takes_nothing_but_an_access_token_as_it_was_given_out() {
    let example = Example::start().await;
    let none = Visitor::new().get(&format!("{}/me", example.api)).await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Bearer")));
    let token = example.run("token", "alice").await.out.trim().to_owned();
    let answer = example.ask("/me", &format!("Bearer {token}")).await;
    assert_eq!((answer.status, &answer.json()["fullName"]), (200, &json!("Alice Archer")));
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts: {}", parts.len()) };
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON");
    claims["fullName"] = json!("Mallory");
    let other = URL_SAFE_NO_PAD.encode(claims.to_string());
    must_not_count("a token with another name", &example, &format!("{header}.{other}.{signature}")).await;
    let unsigned = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt"}).to_string());
    must_not_count("a token without a signature", &example, &format!("{unsigned}.{payload}.")).await;
    must_not_count("half a token", &example, &token[..token.len() / 2]).await;
    must_not_count("the provider's own ID token", &example, &example.id_token("alice").await).await;
    must_not_count("no token at all", &example, "").await;
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
    let without_exp = good.as_object().expect("claims").iter().filter(|(name, _)| *name != "exp");
    let without_exp: Value = without_exp.map(|(name, value)| (name.clone(), value.clone())).collect();
    let wrong = [
        ("another type", sign_with(&header("JWT"), &good)),
        ("over", sign_with(&header("at+jwt"), &with("exp", json!(now - 5)))),
        ("without end", sign_with(&header("at+jwt"), &without_exp)),
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

#[tokio::test]
async fn what_latchkey_refuses_the_application_shows_with_the_reference_that_the_log_has() {
    let example = Example::start().await;
    example.latchkey.edit("provider.yaml", "spec:\n", "spec:\n  suspend: true\n").await;
    example.latchkey.wait_for_condition("identityprovider", "demo", ["Ready", "True", "Suspended"]).await;
    let refused = example.run("/me", "alice").await;
    assert!(refused.status == 1 && refused.out.is_empty(), "{refused:?}");
    let (_, rest) = refused.err.split_once("(reference ").unwrap_or_else(|| panic!("{refused:?}"));
    let reference = rest.split_once(')').expect("the end of the reference").0;
    assert!(refused.err.contains("Refused, invalid_grant: "), "{refused:?}");
    assert!(example.latchkey.log().contains(reference), "{reference}");
}

#[tokio::test]
async fn nothing_is_wrong_with_the_manifests_and_their_tests_pass() {
    let mut check = command();
    check.args(["check", "--offline"]).arg(folder().join("manifests"));
    let checked = Ended::of(check, "").await;
    assert_eq!(checked.status, 0, "{checked:?}");
}
