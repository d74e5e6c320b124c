//! `latchkey check` and `latchkey simulate`: manifests that nobody serves yet.

mod conditions;
mod files;
mod live;
mod simulate;

use std::{fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{ended::Ended, latchkey};

impl Ended {
    /// Every finding as `FILE:LINE:COLUMN RULE`, the file without its directory.
    fn findings(&self) -> Vec<String> {
        let findings = self.json()["findings"].as_array().expect("findings").clone();
        let shown = |finding: &Value| {
            let text = |member: &str| finding[member].as_str().expect("text").to_owned();
            let file = text("file");
            let name = Path::new(&file).file_name().expect("a name").to_string_lossy().into_owned();
            format!("{name}:{}:{} {}", finding["line"], finding["column"], text("rule"))
        };
        findings.iter().map(shown).collect()
    }
}

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        fs::write(dir.path().join(name), text).expect("written");
    }
    dir
}

/// Runs `latchkey` with these arguments in a directory.
async fn run(dir: &Path, arguments: &[&str]) -> Ended {
    run_with_input(dir, arguments, "").await
}

async fn run_with_input(dir: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut command = latchkey::command();
    command.args(arguments).current_dir(dir);
    Ended::of(command, input).await
}

/// `latchkey check --offline --output json` of the directory itself.
async fn offline(dir: &Path) -> Ended {
    run(dir, &["check", "--offline", "--output", "json", "."]).await
}
