//! What the `run` of the example starts.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::support::{
    DEADLINE,
    access_token::python,
    ended::Ended,
    latchkey::{LOCAL, Latchkey, free_port},
    native_app::NativeApp,
    provider::{Provider, require_packages},
    visitor::{Answer, Visitor},
    wait_for,
};

/// Everything that the example's `run` starts.
pub struct Example {
    pub latchkey: Latchkey,
    pub api: String,
    provider: Provider,
    _process: Child,
}

impl Example {
    pub async fn start() -> Self {
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
        Self { latchkey, api, provider, _process: process }
    }

    pub fn issuer(&self) -> String {
        self.latchkey.url("o/default")
    }

    /// Runs the application, which is to get this from the API, and signs in as `name` at the address that it shows.
    pub async fn run(&self, what: &str, name: &str) -> Ended {
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
        let page = Visitor::new().try_to_sign_in_from(&address, name).await;
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
    pub async fn ask(&self, path: &str, authorization: &str) -> Answer {
        Visitor::new().get_with(&format!("{}{path}", self.api), &[("authorization", authorization)]).await
    }

    /// An ID token that the provider issues to the application, as nobody has brought it yet.
    pub async fn id_token(&self, name: &str) -> String {
        let app = NativeApp::new(&self.provider.issuer, "desktop-app", "http://127.0.0.1:49152/callback").await;
        let begins = app.begins(&[("scope", "openid profile email groups")]);
        let callback = Visitor::new().come_back(&begins, name).await;
        app.tokens(&callback).await["id_token"].as_str().expect("an ID token").to_owned()
    }
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/desktop-app")
}

/// The settings of the provider that the examples share.
fn demo() -> Value {
    let file = folder().join("../quickstart/provider/demo.json");
    serde_json::from_str(&fs::read_to_string(file).expect("the settings")).expect("JSON")
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
