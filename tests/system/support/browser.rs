//! A real browser, by way of `tests/browser/driver.mjs`.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
    time::timeout,
};

use super::{DEADLINE, provider::require_packages};

/// A browser; each page that it opens has cookies of its own. It starts when the first one does.
pub struct Browser {
    driver: Mutex<Option<Driver>>,
}

/// The driver, and the browser with it, ends when its standard input closes.
struct Driver {
    _process: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    last_id: u64,
}

impl Browser {
    pub fn start() -> Self {
        Self { driver: Mutex::new(None) }
    }

    /// A page with cookies of its own.
    pub async fn open(&self, options: Value) -> Page<'_> {
        let mut request = options;
        request["op"] = "open".into();
        let id = self.ask(request).await.as_str().expect("a page").to_owned();
        Page { browser: self, id }
    }

    async fn ask(&self, mut request: Value) -> Value {
        let mut driver = self.driver.lock().await;
        let driver = driver.get_or_insert_with(Driver::start);
        driver.last_id += 1;
        request["id"] = driver.last_id.into();
        driver.stdin.write_all(format!("{request}\n").as_bytes()).await.expect("the driver listens");
        let line = timeout(DEADLINE, driver.lines.next_line()).await.expect("the browser answers in time");
        let answer: Value =
            serde_json::from_str(&line.expect("a line").expect("the driver answers")).expect("JSON of the driver");
        assert_eq!(answer["ok"], true, "{request}: {}", answer["error"].as_str().unwrap_or_default());
        answer["value"].clone()
    }
}

impl Driver {
    fn start() -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        require_packages(&home, "playwright-core");
        let mut process = Command::new("node")
            .arg(home.join("driver.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts; `make test` installs it");
        let stdin = process.stdin.take().expect("its input");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        Self { _process: process, stdin, lines, last_id: 0 }
    }
}

/// A page of the browser.
pub struct Page<'a> {
    browser: &'a Browser,
    id: String,
}

impl Page<'_> {
    async fn ask(&self, mut request: Value) -> Value {
        request["page"] = self.id.as_str().into();
        self.browser.ask(request).await
    }

    /// Goes to an address; answers with the status of what is there in the end.
    pub async fn goto(&self, url: &str) -> u64 {
        self.ask(json!({"op": "goto", "url": url})).await["status"].as_u64().expect("a status")
    }

    pub async fn click(&self, selector: &str) {
        self.ask(json!({"op": "click", "selector": selector})).await;
    }

    pub async fn fill(&self, selector: &str, value: &str) {
        self.ask(json!({"op": "fill", "selector": selector, "value": value})).await;
    }

    pub async fn press(&self, key: &str) {
        self.ask(json!({"op": "press", "key": key})).await;
    }

    pub async fn wait_for_url(&self, part: &str) {
        self.ask(json!({"op": "waitURL", "contains": part})).await;
    }

    pub async fn wait_for(&self, selector: &str) {
        self.ask(json!({"op": "waitFor", "selector": selector})).await;
    }

    pub async fn text(&self) -> String {
        self.ask(json!({"op": "text"})).await.as_str().expect("a text").to_owned()
    }

    pub async fn url(&self) -> String {
        self.ask(json!({"op": "url"})).await.as_str().expect("a URL").to_owned()
    }

    /// An attribute of an element; None when it has none of that name.
    pub async fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        self.ask(json!({"op": "attribute", "selector": selector, "name": name})).await.as_str().map(str::to_owned)
    }

    pub async fn count(&self, selector: &str) -> u64 {
        self.ask(json!({"op": "count", "selector": selector})).await.as_u64().expect("a number")
    }

    /// How many pixels wide a picture is that has been loaded; none before, and when it cannot be shown.
    pub async fn picture_width(&self, selector: &str) -> u64 {
        self.ask(json!({"op": "pictureWidth", "selector": selector})).await.as_u64().expect("a number")
    }

    pub async fn cookies(&self) -> Vec<Value> {
        self.ask(json!({"op": "cookies"})).await.as_array().expect("cookies").clone()
    }

    /// What an address answers to this browser: status and body.
    pub async fn fetch(&self, url: &str) -> (u64, String) {
        let answer = self.ask(json!({"op": "fetch", "url": url, "maxRedirects": 0})).await;
        (answer["status"].as_u64().expect("a status"), answer["body"].as_str().unwrap_or_default().to_owned())
    }

    /// axe finds nothing on this page.
    pub async fn must_be_accessible(&self) {
        let violations = self.ask(json!({"op": "axe"})).await;
        assert_eq!(violations, json!([]), "{} is not accessible", self.url().await);
    }

    /// Nobody has to scroll sideways to read this page.
    pub async fn must_fit(&self) {
        let overflow = self.ask(json!({"op": "overflow"})).await.as_i64().expect("a number");
        assert!(overflow <= 0, "{} is {overflow} pixels too wide", self.url().await);
    }

    /// Writes a picture of the whole page.
    pub async fn screenshot(&self, path: &Path) {
        self.ask(json!({"op": "screenshot", "path": path})).await;
    }

    /// This page is accessible, and nothing was blocked or failed in this tab until now.
    pub async fn must_be_in_order(&self) {
        self.must_be_accessible().await;
        let problems = self.ask(json!({"op": "problems"})).await;
        assert_eq!(problems, json!([]), "{}", self.url().await);
    }

    /// Fills in the provider's sign-in form, which must be what is shown.
    pub async fn sign_in_at_provider(&self, name: &str) {
        self.wait_for("#login").await;
        self.fill("#login", name).await;
        self.fill("#password", &format!("{name}-password")).await;
        self.click("#submit").await;
    }

    /// Says yes on the provider's sign-out page, which must be what is shown.
    pub async fn sign_out_at_provider(&self) {
        self.wait_for("#sign-out").await;
        self.click("#sign-out").await;
    }
}
