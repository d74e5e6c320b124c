//! A running Latchkey with manifests of its own, in a directory or on the API server.

use std::{
    fs::{self, File, OpenOptions},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{
    DEADLINE,
    ended::Ended,
    source::{On, Source},
    visitor::Visitor,
    wait_for, wait_within,
};

/// The flags that let Latchkey talk to providers on this machine.
pub const LOCAL: &[&str] = &["--allow-http", "--egress-allow", "127.0.0.0/8"];

/// As `LOCAL`, for many visitors: they come from addresses of their own, so that together they do not begin too many
/// logins.
pub const MANY_VISITORS: &[&str] =
    &["--allow-http", "--egress-allow", "127.0.0.0/8", "--trusted-proxies", "127.0.0.1/32"];

const BINARY: &str = env!("CARGO_BIN_EXE_latchkey");
const EXTERNAL_URL: &str = "--external-url";

/// Latchkey, its manifests, statuses, database and log.
pub struct Latchkey {
    source: Source,
    dir: TempDir,
    flags: Vec<String>,
    /// Variables of the environment, beside the usual ones.
    environment: Vec<(&'static str, String)>,
    /// A limit to the size of its files, where a test sets one, fails its writes and does not end it.
    outlives_full_disks: bool,
    listen: u16,
    management: u16,
    process: Option<Child>,
    http: reqwest::Client,
}

impl Latchkey {
    /// Starts it with a directory of these files and waits until it is ready.
    pub async fn start(files: &[(&str, &str)]) -> Self {
        Self::start_with(LOCAL, files).await
    }

    /// As `start`, with these flags instead of `LOCAL`. Unless they have an `--external-url`, it is where Latchkey
    /// listens; without `--allow-http` with https.
    pub async fn start_with(flags: &[&str], files: &[(&str, &str)]) -> Self {
        Self::start_from(Source::Directory, flags, files).await
    }

    /// As `start`, with a directory of the files or with what they hold on the API server.
    pub async fn start_on(on: On, files: &[(&str, &str)]) -> Self {
        Self::start_from(Source::new(on).await, LOCAL, files).await
    }

    /// As `start_with`, from this source.
    pub async fn start_from(source: Source, flags: &[&str], files: &[(&str, &str)]) -> Self {
        Self::start_in(&[], source, flags, files).await
    }

    /// As `start_from`, with these variables of the environment.
    pub async fn start_in(
        environment: &[(&'static str, &str)],
        source: Source,
        flags: &[&str],
        files: &[(&str, &str)],
    ) -> Self {
        Self::start_as(environment, false, source, flags, files).await
    }

    /// As `start_with`; `limit_files` then does as a full disk does.
    pub async fn start_for_full_disk(flags: &[&str], files: &[(&str, &str)]) -> Self {
        Self::start_as(&[], true, Source::Directory, flags, files).await
    }

    async fn start_as(
        environment: &[(&'static str, &str)],
        outlives_full_disks: bool,
        source: Source,
        flags: &[&str],
        files: &[(&str, &str)],
    ) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("manifests")).expect("a directory");
        let mut latchkey = Self {
            source,
            dir,
            flags: flags.iter().map(ToString::to_string).collect(),
            environment: environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            outlives_full_disks,
            listen: 0,
            management: 0,
            process: None,
            http: reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().expect("a client"),
        };
        for (file, text) in files {
            latchkey.write(file, text).await;
        }
        for _ in 0..10 {
            (latchkey.listen, latchkey.management) = (free_port(), free_port());
            latchkey.spawn();
            match latchkey.ready_or_ended().await {
                None => return latchkey,
                Some(_) if latchkey.log().contains("cannot be listened on") => {}
                Some(status) => panic!("latchkey ended at its start, {status}"),
            }
        }
        panic!("no two ports are free");
    }

    /// The process again, on the same ports, with the same database.
    pub async fn start_again(&mut self) {
        self.spawn();
        if let Some(status) = self.ready_or_ended().await {
            panic!("latchkey ended at its second start, {status}");
        }
    }

    fn spawn(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log");
        let mut command = if self.outlives_full_disks { deaf_to_limits() } else { command() };
        command.arg("serve");
        self.source.configure(&mut command, self.dir.path());
        command
            .args(["--database-url", &self.database_url()])
            .args(["--listen", &self.listens_at().to_string()])
            .args(["--management-listen", &format!("127.0.0.1:{}", self.management)])
            .args(&self.flags);
        if !self.flags.iter().any(|flag| flag == EXTERNAL_URL) {
            command.args([EXTERNAL_URL, &self.url("")]);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().expect("latchkey starts"));
    }

    fn database_url(&self) -> String {
        format!("sqlite:{}", self.dir.path().join("latchkey.db").display())
    }

    /// Runs another command of Latchkey beside it, with its settings as variables, as in its pod.
    pub async fn run_beside(&self, arguments: &[&str]) -> Ended {
        let mut command = command();
        command.args(arguments);
        self.source.configure_beside(&mut command, self.dir.path());
        command.env("LATCHKEY_DATABASE_URL", self.database_url()).env("LATCHKEY_EXTERNAL_URL", self.url(""));
        command.env("LATCHKEY_ALLOW_HTTP", "true");
        Ended::of(command, "").await
    }

    /// None once it is ready, or how it ended before.
    async fn ready_or_ended(&mut self) -> Option<ExitStatus> {
        let ready = format!("http://127.0.0.1:{}/readyz", self.management);
        let (http, process) = (self.http.clone(), self.process.as_mut().expect("a process"));
        wait_for("latchkey is ready", async || {
            if let Some(status) = process.try_wait().expect("a status") {
                return Some(Some(status));
            }
            http.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200).then_some(None)
        })
        .await
    }

    /// Where it listens, whatever its external URL is.
    pub fn listens_at(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.listen).into()
    }

    /// An address here; the path without a leading slash. The external URL with an empty path.
    pub fn url(&self, path: &str) -> String {
        if let Some(external_url) = self.flags.iter().skip_while(|flag| *flag != EXTERNAL_URL).nth(1) {
            return format!("{external_url}/{path}");
        }
        let scheme = if self.flags.iter().any(|flag| flag == "--allow-http") { "http" } else { "https" };
        format!("{scheme}://127.0.0.1:{}/{path}", self.listen)
    }

    /// The id of the organization `default`, which is the name of the namespace.
    pub fn organization(&self) -> &str {
        self.source.namespace()
    }

    /// A path of the organization `default`; `rest` without a leading slash.
    pub fn path(&self, rest: &str) -> String {
        format!("/o/{}/{rest}", self.organization())
    }

    /// An address of the organization `default`; `rest` as for `path`.
    pub fn at(&self, rest: &str) -> String {
        self.url(&self.path(rest)[1..])
    }

    /// An answer of the management port: status and body.
    pub async fn management(&self, path: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}/{path}", self.management);
        let answer = self.http.get(url).send().await.expect("an answer of the management port");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().and_then(Child::id).expect("a running process")
    }

    /// Ends it as `kill -9` does, in the middle of whatever it is doing.
    pub async fn kill(&mut self) {
        self.process.take().expect("a process").kill().await.expect("killed");
    }

    /// Asks it to stop, as an init system does.
    pub async fn terminate(&self) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill runs");
        assert!(sent.success());
    }

    /// Makes all writes fail that lie behind so many bytes of a file; `None`: there is room again.
    pub async fn limit_files(&self, bytes: Option<u64>) {
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let (pid, limit) = (self.pid().to_string(), format!("--fsize={limit}:"));
        let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status().await.expect("prlimit runs");
        assert!(set.success());
    }

    /// How it ended, once it has.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("a process");
        tokio::time::timeout(DEADLINE, process.wait()).await.expect("latchkey ends in time").expect("a status")
    }

    /// Stops it gracefully.
    pub async fn stop(&mut self) {
        self.terminate().await;
        let status = self.ended().await;
        assert!(status.success(), "latchkey ended with {status}");
    }

    pub fn manifests(&self) -> PathBuf {
        self.dir.path().join("manifests")
    }

    /// Writes a manifest at once and whole, as editors and deployments do.
    pub async fn write(&self, file: &str, text: &str) {
        let unfinished = self.dir.path().join("unfinished");
        fs::write(&unfinished, text).expect("written");
        fs::rename(unfinished, self.manifests().join(file)).expect("renamed");
        self.source.changed(file, Some(text)).await;
    }

    /// Replaces a text in a manifest, which must be there once.
    pub async fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.manifests().join(file)).expect("the manifest");
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
        self.write(file, &text.replacen(from, to, 1)).await;
    }

    pub async fn remove(&self, file: &str) {
        fs::remove_file(self.manifests().join(file)).expect("removed");
        self.source.changed(file, None).await;
    }

    /// The status of an object; None while there is none.
    pub async fn status(&self, kind: &str, name: &str) -> Option<Value> {
        self.source.status(self.dir.path(), kind, name).await
    }

    /// A condition of an object: its status, reason and message.
    pub async fn condition(&self, kind: &str, name: &str, type_: &str) -> Option<Condition> {
        let status = self.status(kind, name).await?;
        let condition = status["conditions"].as_array()?.iter().find(|one| one["type"] == type_)?.clone();
        let text = |member: &str| condition[member].as_str().unwrap_or_default().to_owned();
        Some(Condition {
            status: text("status"),
            reason: text("reason"),
            message: text("message"),
            last_transition_time: text("lastTransitionTime"),
        })
    }

    /// Waits until a condition has this status and reason; answers with its message.
    pub async fn wait_for_condition(&self, kind: &str, name: &str, wanted: [&str; 3]) -> String {
        self.wait_within_for_condition(DEADLINE, kind, name, wanted).await
    }

    /// As `wait_for_condition`, within `limit`. `wanted`: type, status and reason.
    pub async fn wait_within_for_condition(
        &self,
        limit: Duration,
        kind: &str,
        name: &str,
        [type_, status, reason]: [&str; 3],
    ) -> String {
        let what = format!("{kind} {name}: {type_}={status} {reason}");
        wait_within(limit, &what, async || {
            let condition = self.condition(kind, name, type_).await?;
            (condition.status == status && condition.reason == reason).then_some(condition.message)
        })
        .await
    }

    /// Waits until people can sign in through a provider.
    pub async fn wait_until_ready(&self, provider: &str) {
        self.wait_for_condition("identityprovider", provider, ["Ready", "True", "Succeeded"]).await;
    }

    /// Waits until the sign-in page offers a provider, or leads straight to it. After a start, the statuses are those of
    /// the last run at first.
    pub async fn wait_until_offered(&self, key: &str) {
        let (somebody, login) = (Visitor::new(), format!("login/{key}"));
        let (to, link) = (self.at(&login), format!("href=\"{}\"", self.path(&login)));
        wait_for(&format!("{key} is offered"), async || {
            let answer = somebody.try_get(&self.at("login")).await?;
            (answer.location().as_ref() == Some(&to) || answer.body.contains(&link)).then_some(())
        })
        .await;
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("latchkey.log")
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        read(&self.log_path())
    }

    /// A directory for what a test makes besides.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Latchkey {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- the log of latchkey:\n{}----", self.log());
            eprintln!("{}----", self.source.statuses(self.dir.path()));
        }
    }
}

/// A condition of a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub status: String,
    pub reason: String,
    pub message: String,
    pub last_transition_time: String,
}

/// The binary, with no setting and no cluster from the environment, ended with the test.
pub fn command() -> Command {
    bare(Command::new(BINARY))
}

/// As `command`, without the signal by which a process ends that writes too large a file.
fn deaf_to_limits() -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", BINARY]);
    bare(shell)
}

fn bare(mut command: Command) -> Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LATCHKEY_")) {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent").env_remove("KUBECONFIG").env_remove("KUBERNETES_SERVICE_HOST");
    command.env_remove("RUST_LOG").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A port that nobody listens on. Below those that the system gives away by itself, so that no connection of
/// another test takes it before Latchkey does, or while Latchkey is stopped.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Each test process begins elsewhere.
        let next = std::process::id().wrapping_mul(7).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(20_000 + next % 12_000).expect("a port");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    let _ = File::open(path).and_then(|mut file| std::io::Read::read_to_end(&mut file, &mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
