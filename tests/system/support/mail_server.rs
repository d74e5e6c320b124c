//! A mail server (aiosmtpd) as a process of the test's own, which shows what it gets.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
    time::timeout,
};

use super::DEADLINE;

pub const USER: &str = "latchkey@mail.test";
/// With what has a meaning in URLs.
pub const PASSWORD: &str = "hunter2/&:?%";
const PASSWORD_IN_URL: &str = "hunter2%2F&%3A%3F%25";

/// How mails get there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    FromTheStart,
    Start,
    Never,
}

/// A running mail server, which demands `USER` and `PASSWORD`.
pub struct MailServer {
    tls: Tls,
    port: u16,
    talk: Mutex<Talk>,
    process: Mutex<Child>,
    /// Holds the certificate.
    dir: TempDir,
}

struct Talk {
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    unread: VecDeque<Value>,
}

/// A mail as it came.
#[derive(Debug)]
pub struct Mail(Value);

impl MailServer {
    pub async fn start(tls: Tls) -> Self {
        Self::start_at(tls, 0).await
    }

    /// On this port.
    pub async fn start_at(tls: Tls, port: u16) -> Self {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let python = home.join(".cache/python/bin/python");
        assert!(python.exists(), "run `make test` once, which installs aiosmtpd");
        let dir = certified();
        let mut process = Command::new(python)
            .arg(home.join("mail/server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python starts");
        let stdin = process.stdin.take().expect("its input");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut talk = Talk { stdin, lines, unread: VecDeque::new() };
        let how = match tls {
            Tls::FromTheStart => "wrapper",
            Tls::Start => "start",
            Tls::Never => "none",
        };
        let file = |name: &str| dir.path().join(name);
        talk.say(&json!({
            "tls": how, "port": port, "user": USER, "password": PASSWORD,
            "certificate": file("certificate.pem"), "key": file("key.pem"),
        }))
        .await;
        let said = talk.hear().await;
        let port = said["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        Self { tls, port, talk: Mutex::new(talk), process: Mutex::new(process), dir }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// For `--smtp-url`.
    pub fn url(&self) -> String {
        self.url_with(PASSWORD_IN_URL)
    }

    /// The same with another password.
    pub fn url_with(&self, password: &str) -> String {
        let (scheme, query) = match self.tls {
            Tls::FromTheStart => ("smtps", ""),
            Tls::Start => ("smtp", ""),
            Tls::Never => ("smtp", "?tls=none"),
        };
        format!("{scheme}://latchkey%40mail.test:{password}@127.0.0.1:{}{query}", self.port)
    }

    /// For `SSL_CERT_FILE`.
    pub fn certificate(&self) -> PathBuf {
        self.dir.path().join("certificate.pem")
    }

    /// From now on it answers to recipients with `rcpt` instead of 250, after `pause` seconds; with `{}` as usual.
    pub async fn answer(&self, how: &Value) {
        let mut talk = self.talk.lock().await;
        talk.say(how).await;
        loop {
            let said = talk.hear().await;
            if said["ready"] == true {
                return;
            }
            talk.unread.push_back(said);
        }
    }

    /// The next mail.
    pub async fn next(&self) -> Mail {
        let mut talk = self.talk.lock().await;
        match talk.unread.pop_front() {
            Some(mail) => Mail(mail),
            None => Mail(talk.hear().await),
        }
    }

    /// Whether no mail has come that was not looked at.
    pub async fn has_nothing_more(&self) -> bool {
        self.answer(&json!({})).await;
        self.talk.lock().await.unread.is_empty()
    }

    /// Ends it at once.
    pub async fn kill(&self) {
        self.process.lock().await.kill().await.expect("killed");
    }
}

impl Talk {
    async fn say(&mut self, what: &Value) {
        self.stdin.write_all(format!("{what}\n").as_bytes()).await.expect("the mail server listens");
    }

    async fn hear(&mut self) -> Value {
        let line = timeout(DEADLINE, self.lines.next_line()).await.expect("a mail in time").expect("a line");
        serde_json::from_str(&line.expect("the mail server goes on")).expect("JSON")
    }
}

/// A directory with a key and a certificate for 127.0.0.1.
fn certified() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(dir.path().join("key.pem"), key.serialize_pem()).expect("written");
    std::fs::write(dir.path().join("certificate.pem"), certificate.pem()).expect("written");
    dir
}

impl Mail {
    pub fn to(&self) -> &Value {
        &self.0["to"]
    }

    pub fn came_by_tls(&self) -> bool {
        self.0["tls"] == true
    }

    pub fn user(&self) -> &str {
        self.0["user"].as_str().unwrap_or_default()
    }

    /// The only header of a name.
    pub fn header(&self, name: &str) -> &str {
        let all = self.0["headers"].as_array().expect("headers").iter();
        let values: Vec<_> =
            all.filter(|pair| pair[0].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name))).collect();
        assert_eq!(values.len(), 1, "{name}: {values:?}");
        values[0][1].as_str().expect("text")
    }

    pub fn header_names(&self) -> Vec<String> {
        let all = self.0["headers"].as_array().expect("headers").iter();
        all.map(|pair| pair[0].as_str().expect("a name").to_ascii_lowercase()).collect()
    }

    /// Text and HTML of a mail that has both, in this order, and in which a parser finds no fault.
    pub fn text_and_html(&self) -> [&str; 2] {
        assert_eq!((&self.0["type"], &self.0["defects"]), (&json!("multipart/alternative"), &json!([])));
        let parts = self.0["parts"].as_array().expect("parts");
        assert_eq!(parts.len(), 2);
        assert_eq!((&parts[0][0], &parts[1][0]), (&json!("text/plain"), &json!("text/html")));
        [0, 1].map(|part| parts[part][1].as_str().expect("text"))
    }

    /// The link that both parts have.
    pub fn link(&self) -> String {
        let [text, html] = self.text_and_html();
        let mut links = text.lines().filter(|line| line.contains("/verify-email?token="));
        let link = links.next().expect("a link").trim().to_owned();
        assert!(links.next().is_none() && html.contains(&format!("href=\"{link}\"")), "{html}");
        link
    }
}
