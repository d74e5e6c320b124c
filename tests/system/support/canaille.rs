//! Canaille, another OpenID provider than the certified one, as a process of the test's own.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    time::timeout,
};

use super::{DEADLINE, browser::Page, provider::people};

/// A running Canaille with the people of the certified provider, and without clients.
pub struct Canaille {
    pub issuer: String,
    // Canaille ends when this closes.
    _stdin: ChildStdin,
    _process: Child,
    // Its log is here.
    _dir: TempDir,
}

/// A client as Canaille registered it.
pub struct Registered {
    pub id: String,
    /// Empty for a client that has none.
    pub secret: String,
}

impl Canaille {
    pub async fn start() -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let dir = tempfile::tempdir().expect("a directory");
        let log = dir.path().join("canaille.log");
        let mut process = Command::new(python(&home))
            .arg(home.join("canaille/server.py"))
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log"))
            .kill_on_drop(true)
            .spawn()
            .expect("Python starts");
        let mut stdin = process.stdin.take().expect("its input");
        stdin.write_all(format!("{}\n", people()).as_bytes()).await.expect("canaille listens");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let line = timeout(DEADLINE, lines.next_line()).await.expect("canaille listens in time").expect("a line");
        let line = line.unwrap_or_else(|| panic!("canaille: {}", std::fs::read_to_string(&log).unwrap_or_default()));
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let issuer = said["issuer"].as_str().expect("an issuer").to_owned();
        Self { issuer, _stdin: stdin, _process: process, _dir: dir }
    }

    /// Registers a client for the code flow, as OpenID Connect Dynamic Client Registration has it. `more`: how it shows
    /// who it is.
    pub async fn register(&self, redirect_uri: &str, more: &Value) -> Registered {
        let mut metadata = json!({
            "client_name": "Latchkey", "redirect_uris": [redirect_uri], "scope": "openid profile email groups",
            "grant_types": ["authorization_code"], "response_types": ["code"],
        });
        metadata.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let request = reqwest::Client::new().post(format!("{}/oauth/register", self.issuer));
        let request = request.header("content-type", "application/json").body(metadata.to_string());
        let answer = request.send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        assert_eq!(status, 201, "{text}");
        let client: Value = serde_json::from_str(&text).expect("JSON");
        let member = |name: &str| client[name].as_str().unwrap_or_default().to_owned();
        Registered { id: member("client_id"), secret: member("client_secret") }
    }
}

/// Fills in Canaille's forms: the name, then the password.
pub async fn sign_in_at_canaille(page: &Page<'_>, name: &str) {
    page.wait_for("#login").await;
    page.fill("#login", name).await;
    page.click("button.primary").await;
    page.wait_for("#password").await;
    page.fill("#password", &format!("{name}-password")).await;
    page.click("button.primary").await;
}

/// Lets Latchkey know what it asks for. In memory Canaille holds this for all applications: it asks everybody once.
pub async fn consent_at_canaille(page: &Page<'_>) {
    page.wait_for("#accept").await;
    page.click("#accept").await;
}

fn python(home: &Path) -> PathBuf {
    let python = home.join(".cache/python/bin/python");
    assert!(python.exists(), "run `make test` once, which installs Canaille");
    python
}
