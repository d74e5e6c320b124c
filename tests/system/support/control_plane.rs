//! etcd and kube-apiserver as processes of the tests' own, in a directory that goes when they end.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::{access::Access, latchkey::free_port};

/// Three seconds on a machine that does nothing else.
const STARTS_WITHIN: Duration = Duration::from_secs(120);

/// Runs the built control plane; removes its directory when it has ended, which it does when its standard input is
/// closed. Arguments: directory, command.
const BUILT: &str = r#"directory="$1"; shift; "$@"; rm -rf "$directory""#;

/// As `BUILT`, for the binaries of KUBEBUILDER_ASSETS, which know nothing of standard input. Arguments: directory,
/// directory of the binaries, flags of kube-apiserver.
const ASSETS: &str = r#"directory="$1"; binaries="$2"; shift 2
cd "$directory"
"$binaries/etcd" --data-dir etcd --unsafe-no-fsync --log-level error \
  --listen-client-urls unix://localhost:1 --advertise-client-urls unix://localhost:1 \
  --listen-peer-urls unix://localhost:2 --initial-advertise-peer-urls unix://localhost:2 \
  --initial-cluster default=unix://localhost:2 &
etcd=$!
"$binaries/kube-apiserver" --etcd-servers unix://localhost:1 "$@" &
apiserver=$!
cat >/dev/null
kill -9 $apiserver $etcd
rm -rf "$directory""#;

/// A control plane that is ready.
pub struct ControlPlane {
    /// Of somebody who may do everything.
    pub access: Access,
    // Everything ends when its standard input closes: with the test process, however that ends.
    _process: Child,
}

impl ControlPlane {
    /// # Errors
    /// Why there is none, with the log of the control plane.
    pub async fn start() -> Result<Self, String> {
        let directory = TempDir::with_prefix("latchkey-control-plane-").map_err(|error| error.to_string())?.keep();
        let (token, port) = (uuid::Uuid::new_v4().to_string(), free_port());
        let key = rcgen::KeyPair::generate().expect("a key");
        // kube-apiserver finds no public key in a private one of this form.
        let both = key.serialize_pem() + &key.public_key_pem();
        fs::write(directory.join("service-account.pem"), both).expect("written");
        fs::write(directory.join("token-auth.csv"), format!("{token},admin,admin,\"system:masters\"\n"))
            .expect("written");
        let log = directory.join("log");
        let output = File::create(&log).expect("a log");
        // Open from the start, as it is readable then even when the directory has gone.
        let mut log = File::open(&log).expect("the log");
        let mut process = command(&directory, port)?
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("a log"))
            .stderr(output)
            // Ctrl-C is for the tests alone; what they started ends with them.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("the control plane does not start: {error}"))?;
        let url = format!("https://127.0.0.1:{port}");
        let started = tokio::time::timeout(STARTS_WITHIN, started(&directory, &url, &token, &mut process));
        match started.await.unwrap_or_else(|_| Err(format!("not ready within {STARTS_WITHIN:?}"))) {
            Ok(access) => Ok(Self { access, _process: process }),
            Err(problem) => {
                let mut said = String::new();
                let _ = log.read_to_string(&mut said);
                Err(format!("the control plane: {problem}\n---- its log:\n{said}----"))
            }
        }
    }
}

fn command(directory: &Path, port: u16) -> Result<Command, String> {
    let mut command = Command::new("sh");
    command.arg("-c");
    if let Some(binaries) = std::env::var_os("KUBEBUILDER_ASSETS") {
        let binaries = fs::canonicalize(binaries).map_err(|error| format!("KUBEBUILDER_ASSETS: {error}"))?;
        let file = |name: &str| directory.join(name).display().to_string();
        command.args([ASSETS, "sh"]).arg(directory).arg(binaries).args([
            "--bind-address=127.0.0.1",
            &format!("--secure-port={port}"),
            &format!("--cert-dir={}", file("certificates")),
            &format!("--token-auth-file={}", file("token-auth.csv")),
            "--service-account-issuer=https://kubernetes.default.svc",
            &format!("--service-account-key-file={}", file("service-account.pem")),
            &format!("--service-account-signing-key-file={}", file("service-account.pem")),
            "--service-cluster-ip-range=10.0.0.0/24",
            "--authorization-mode=RBAC",
        ]);
    } else {
        let binary = built("control-plane")?;
        command.args([BUILT, "sh"]).arg(directory).arg(binary).arg(directory).arg(port.to_string());
    }
    Ok(command)
}

/// A program that `make test` builds.
///
/// # Errors
/// How to get it when it is not there.
pub fn built(program: &str) -> Result<PathBuf, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/bin").join(program);
    if path.is_file() { Ok(path) } else { Err(format!("there is no {}: run `make test` once", path.display())) }
}

/// kubectl, where `make test` found or put it.
pub fn kubectl() -> PathBuf {
    built("kubectl").unwrap_or_else(|_| "kubectl".into())
}

/// How to reach the API server, once it says that it is ready.
async fn started(directory: &Path, url: &str, token: &str, process: &mut Child) -> Result<Access, String> {
    loop {
        if let Some(status) = process.try_wait().map_err(|error| error.to_string())? {
            return Err(format!("it ended, {status}"));
        }
        if let Ok(certificate) = fs::read(directory.join("certificates/apiserver.crt")) {
            let access = Access::new(url, &certificate, token);
            let ready = http::Request::get("/readyz").body(Vec::new()).expect("a request");
            if access.client().await.request_text(ready).await.is_ok() {
                return Ok(access);
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
