//! The Dockerfile, as far as it can be checked where no image can be built.

use std::{fs, path::Path, process::Command};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What is copied from the repository into the image that builds.
fn copied() -> Vec<String> {
    let dockerfile = read("Dockerfile");
    let copies =
        dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|copy| !copy.starts_with("--"));
    copies.flat_map(|copy| copy.rsplit_once(' ').expect("a target").0.split(' ').map(str::to_owned)).collect()
}

#[test]
fn what_the_image_is_built_from_is_there_and_not_held_back() {
    let let_through = read(".dockerignore");
    let copied = copied();
    for path in &copied {
        assert!(root().join(path).exists(), "{path} is not there");
        assert!(let_through.lines().any(|line| line == format!("!{path}")), ".dockerignore holds {path} back");
    }
    for path in let_through.lines().filter_map(|line| line.strip_prefix('!')) {
        assert!(copied.iter().any(|copied| copied == path), "{path} is let through for nothing");
    }
}

/// cargo takes a manifest only when the files of all its targets are there.
#[test]
fn what_the_image_is_built_from_is_enough_for_cargo() {
    let dir = tempfile::tempdir().expect("a directory");
    let paths = copied();
    let done = Command::new("cp").arg("-r").args(&paths).arg(dir.path()).current_dir(root()).status();
    assert!(done.expect("cp runs").success());
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(dir.path())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_image_is_built_with_the_version_of_rust_that_is_asked_for() {
    let manifest = read("Cargo.toml");
    let wanted = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("a version");
    let from = format!("FROM rust:{}-", wanted.trim_matches('"'));
    assert!(read("Dockerfile").lines().any(|line| line.starts_with(&from)), "the Dockerfile has no {from}");
}
