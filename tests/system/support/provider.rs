//! The certified OpenID provider of the quickstart, as a process of the test's own.

use std::{fs, path::Path, process::Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::DEADLINE;

/// The client that the tests register.
pub const CLIENT_ID: &str = "latchkey";
pub const CLIENT_SECRET: &str = "the-first-client-secret-of-a-test";

/// A running provider without clients, with the people alice (engineering) and bob (sales).
pub struct Provider {
    pub issuer: String,
    // Its standard input is open for as long as this is held; the provider ends when it closes.
    _process: Child,
    // It writes warnings there, and would end if nobody held the other end.
    _output: Lines<BufReader<ChildStdout>>,
    _dir: TempDir,
    http: reqwest::Client,
}

impl Provider {
    pub async fn start() -> Self {
        Self::start_with(json!({})).await
    }

    /// With further settings, by the names of its README.
    pub async fn start_with(settings: Value) -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/provider");
        require_packages(&home, "oidc-provider");
        let dir = tempfile::tempdir().expect("a directory");
        let config = dir.path().join("provider.json");
        let mut all = json!({"control": true, "people": people()});
        all.as_object_mut().expect("settings").extend(settings.as_object().expect("settings").clone());
        fs::write(&config, all.to_string()).expect("written");
        let mut process = Command::new("node")
            .arg(home.join("provider.mjs"))
            .arg("--config")
            .arg(config)
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts; `make test` installs it");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let line = timeout(DEADLINE, lines.next_line()).await.expect("the provider listens in time");
        let line = line.expect("a line").expect("the provider listens");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let issuer = said["issuer"].as_str().expect("an issuer").to_owned();
        Self { issuer, _process: process, _output: lines, _dir: dir, http: reqwest::Client::new() }
    }

    /// Registers the client with these redirect URIs, and Latchkey's post-logout redirect URIs beside its own, instead of
    /// all that were registered before.
    pub async fn register(&self, secret: &str, redirect_uris: &[&str]) {
        let afterwards = redirect_uris.iter().filter(|uri| uri.contains("/callback/"));
        let afterwards: Vec<_> = afterwards.map(|uri| uri.replace("/callback/", "/signout-oidc/")).collect();
        let client = json!({
            "client_id": CLIENT_ID, "client_secret": secret, "redirect_uris": redirect_uris,
            "post_logout_redirect_uris": afterwards,
        });
        self.register_client(&client).await;
    }

    /// Registers this client, with the metadata of OpenID Connect Dynamic Client Registration, instead of all others.
    pub async fn register_client(&self, client: &Value) {
        self.control("PUT", "clients", &json!([client])).await;
    }

    /// What was asked of an endpoint until now, the oldest first. The README of the provider says what each has.
    pub async fn requests(&self, endpoint: &str) -> Vec<Value> {
        let log = self.control("GET", "requests", &Value::Null).await;
        let all = log["requests"].as_array().expect("requests").iter();
        all.filter(|request| request["endpoint"] == endpoint).cloned().collect()
    }

    /// An operation of the control API.
    pub async fn control(&self, method: &str, name: &str, body: &Value) -> Value {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}/control/{name}", self.issuer)).body(body.to_string());
        let answer = request.send().await.expect("the provider answers");
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        assert_eq!(status, 200, "{name}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// The people of the provider; the password is the name and "-password".
pub fn people() -> Value {
    let person = |sub: &str, name: &str, full_name: &str, group: &str| {
        json!({
            "sub": sub, "preferred_username": name, "password": format!("{name}-password"), "name": full_name,
            "email": format!("{name}@example.com"), "email_verified": true, "groups": [group]
        })
    };
    json!([person("7c9e6679", "alice", "Alice Archer", "engineering"), person("f47ac10b", "bob", "Bob Baker", "sales")])
}

/// Says how to get the Node packages when they are not there.
pub fn require_packages(directory: &Path, package: &str) {
    let installed = directory.join("node_modules").join(package).is_dir();
    assert!(installed, "run `make test` once, or `npm ci` in {}", directory.display());
}
