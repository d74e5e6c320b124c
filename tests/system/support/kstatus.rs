//! What the library that Flux and others wait with says of objects.

use std::process::Stdio;

use serde_json::Value;
use tokio::{io::AsyncWriteExt, process::Command};

use super::control_plane::built;

/// `InProgress`, `Current`, `Failed` and the like, one for each object.
pub async fn kstatus(objects: &[Value]) -> Vec<String> {
    let program = built("kstatus").unwrap_or_else(|problem| panic!("{problem}"));
    let mut process = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("kstatus starts");
    let mut input = process.stdin.take().expect("its input");
    let documents: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let fed = async move { input.write_all(documents.as_bytes()).await.expect("kstatus reads") };
    let ((), output) = tokio::join!(fed, process.wait_with_output());
    let output = output.expect("an output");
    assert!(output.status.success(), "kstatus ended with {}", output.status);
    let said = String::from_utf8(output.stdout).expect("text");
    said.lines().map(str::to_owned).collect()
}
