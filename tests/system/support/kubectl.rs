//! kubectl, as people run it.

use tokio::process::Command;

use super::{DEADLINE, access::Access, control_plane};

/// What kubectl says; it must be content.
pub async fn kubectl(access: &Access, arguments: &[&str]) -> String {
    let kubeconfig = tempfile::NamedTempFile::new().expect("a file");
    access.write(kubeconfig.path());
    let mut command = Command::new(control_plane::kubectl());
    command.arg("--kubeconfig").arg(kubeconfig.path()).args(arguments).kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output()).await;
    let output = output.expect("kubectl ends in time").expect("kubectl runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}
