//! What `check` reads, what it makes of files that cannot be read, and that it touches nothing.

use std::fs;

use super::{directory, offline, run, run_with_input};
use crate::support::manifests;

fn provider() -> String {
    manifests::provider("demo", "https://issuer.example.com", "")
}

#[tokio::test]
async fn good_manifests_are_told_in_one_line() {
    let dir = directory(&[
        ("organization.yaml", manifests::ORGANIZATION),
        ("mappers.yaml", manifests::MAPPERS),
        ("provider.yml", &provider()),
        ("secret.yaml", &manifests::usual_secret()),
        ("notes.txt", "no manifest"),
        ("other.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\n"),
    ]);
    let ended = run(dir.path(), &["check", "--offline", "."]).await;
    assert_eq!((ended.status, &*ended.err), (0, ""));
    assert_eq!(ended.out, "4 objects, 0 tests, 0 findings; no provider was asked\n");
    let left: Vec<_> = fs::read_dir(dir.path()).expect("the directory").collect();
    assert_eq!(left.len(), 6, "something was written");
}

#[tokio::test]
async fn all_paths_are_one_set_of_manifests() {
    let dir = directory(&[("provider", &provider()), ("secret.yaml", &manifests::usual_secret())]);
    fs::create_dir(dir.path().join("more")).expect("a directory");
    fs::write(dir.path().join("more/mappers.yaml"), manifests::MAPPERS).expect("written");
    fs::write(dir.path().join("more/organization.yaml"), manifests::ORGANIZATION).expect("written");
    let paths = ["check", "--offline", "provider", "more", "secret.yaml", "more/mappers.yaml"];
    let ended = run(dir.path(), &paths).await;
    assert_eq!((ended.status, &*ended.out), (0, "4 objects, 0 tests, 0 findings; no provider was asked\n"));
}

#[tokio::test]
async fn manifests_may_come_by_standard_input() {
    let dir = directory(&[]);
    let ended = run_with_input(dir.path(), &["check", "--offline", "-"], manifests::ORGANIZATION).await;
    assert_eq!((ended.status, &*ended.out), (0, "1 object, 0 tests, 0 findings; no provider was asked\n"));
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_no_finding() {
    let dir = directory(&[("secret.yaml", &manifests::usual_secret())]);
    for (arguments, expected) in [
        (&["check", "nowhere"][..], "nowhere: No such file or directory"),
        (&["check", "."], "there is nothing to look at: 1 files were read"),
        (&["check"], "<PATH>"),
        (&["check", "--external-url", "https://a.example/b", "."], "there is nothing to look at"),
    ] {
        let ended = run(dir.path(), arguments).await;
        assert_eq!((ended.status, &*ended.out), (2, ""), "{arguments:?}");
        assert!(ended.err.contains(expected), "{arguments:?}: {}", ended.err);
    }
}

#[tokio::test]
async fn every_fault_of_a_file_is_told_where_it_stands() {
    for (text, expected) in [
        (provider().replace("spec:", "spec: {"), "a.yaml:6:9 yaml/syntax"),
        (provider().replace("  issuer:", "  isuer:"), "a.yaml:6:3 schema/unknown-field"),
        (format!("{}  suspend: perhaps\n", provider()), "a.yaml:9:12 schema/type"),
        (provider().replace("name: demo}", "name: Demo}"), "a.yaml:3:18 metadata/invalid"),
        (provider().replace("kind: IdentityProvider", "kind: IdentityProvidr"), "a.yaml:2:7 object/kind"),
    ] {
        let ended = offline(directory(&[("a.yaml", &text)]).path()).await;
        assert_eq!(ended.status, 1, "{expected}: {}", ended.err);
        let findings = ended.findings();
        assert!(findings.iter().any(|finding| finding == expected), "{expected}: {findings:?}");
    }
}

#[tokio::test]
async fn an_object_that_is_there_twice_is_told_in_both_places() {
    let dir = directory(&[("a.yaml", manifests::ORGANIZATION), ("b.yaml", manifests::ORGANIZATION)]);
    let ended = offline(dir.path()).await;
    assert_eq!(ended.findings(), ["a.yaml:1:1 object/duplicate", "b.yaml:1:1 object/duplicate"]);
    assert_eq!(ended.status, 1);
}

/// Who refers to it has made no fault.
#[tokio::test]
async fn what_a_broken_file_declares_is_not_missed_elsewhere() {
    let broken = manifests::ORGANIZATION.replace("  roles:", "  rolls:");
    let dir = directory(&[
        ("mappers.yaml", manifests::MAPPERS),
        ("organization.yaml", &broken),
        ("provider.yaml", &provider()),
    ]);
    let ended = offline(dir.path()).await;
    assert_eq!(ended.findings(), ["organization.yaml:6:3 schema/unknown-field"]);
}

#[tokio::test]
async fn every_example_is_fine_as_far_as_can_be_told_here() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut checked = 0;
    for entry in fs::read_dir(&examples).expect("the examples") {
        let entry = entry.expect("an example");
        let mut path = entry.path();
        if path.join("manifests").is_dir() {
            path = path.join("manifests");
        }
        if path.is_dir() {
            let ended = run(&path, &["check", "--offline", "."]).await;
            assert_eq!(ended.status, 0, "{}: {}{}", path.display(), ended.out, ended.err);
            checked += 1;
        }
    }
    assert!(checked >= 4, "only {checked} examples were found");
}
