//! The example manifests: each is valid, and what a page shows of one is the file.

use std::fs;

use latchkey::source::directory::{Schemas, parse};
use regex::Regex;

use crate::markdown::{documents, read, root};

/// The files of a folder below the repository, such as `examples/providers/okta.yaml`.
fn files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder").map(|entry| entry.expect("a file"));
    let mut files: Vec<_> = entries.map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy())).collect();
    files.sort();
    files
}

#[test]
fn every_example_is_valid() {
    let schemas = Schemas::new();
    let folders = [
        "examples/desktop-app/manifests",
        "examples/known-in-advance",
        "examples/kubernetes",
        "examples/mapped-groups",
        "examples/mappers",
        "examples/providers",
        "examples/quickstart/manifests",
        "examples/response-attributes",
        "examples/two-providers",
        "examples/update-modes",
        "examples/verified-addresses",
    ];
    let examples: Vec<_> = folders.into_iter().flat_map(files).collect();
    assert!(examples.len() > 30, "only {} examples were found", examples.len());
    for example in examples {
        let problems = parse(&schemas, &read(&example)).err().unwrap_or_default();
        let found: Vec<_> = problems.into_iter().map(|problem| problem.in_file(&example).to_string()).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// A block after a line that ends with such a name in parentheses is that file.
#[test]
fn what_a_page_shows_of_an_example_is_the_example() {
    let announced = Regex::new(r"\(`(examples/[^`]+)`\)$").expect("a pattern");
    let mut shown = Vec::new();
    for document in documents() {
        let lines: Vec<_> = document.text.lines().collect();
        for block in document.blocks() {
            let before = lines[..block.line - 1].iter().rev().find(|line| !line.trim().is_empty());
            let Some(file) = before.and_then(|line| announced.captures(line)).map(|found| found[1].to_owned()) else {
                continue;
            };
            let place = format!("{}:{}", document.path.display(), block.line);
            assert!(block.text == read(&file), "{place} is not {file}: copy the one over the other");
            shown.push(file);
        }
    }
    let named = documents().into_iter().map(|document| document.text).collect::<String>();
    let folders = [
        "examples/known-in-advance",
        "examples/mapped-groups",
        "examples/mappers",
        "examples/providers",
        "examples/response-attributes",
        "examples/two-providers",
        "examples/update-modes",
        "examples/verified-addresses",
    ];
    for example in folders.into_iter().flat_map(files) {
        assert!(shown.contains(&example) || named.contains(&format!("`{example}`")), "no page has {example}");
    }
    for code in ["api/access_token.py", "checks/node/access-token.mjs", "checks/go/access_token.go"] {
        assert!(shown.contains(&format!("examples/desktop-app/{code}")), "no page shows {code}");
    }
    assert!(shown.len() >= 28, "only {} examples are shown", shown.len());
}

/// Every how-to of a provider tells where its URIs are, by a command for the example that it shows.
#[test]
fn every_how_to_of_a_provider_asks_for_the_uris_of_its_own_example() {
    for provider in ["okta", "entra", "auth0", "google", "keycloak", "dex"] {
        let page = read(&format!("docs/how-to/{provider}.md"));
        assert!(page.contains(&format!("kubectl get idp {provider} --output jsonpath=")), "{provider}");
        assert!(page.contains("status.redirectURI"), "{provider}");
        let example = read(&format!("examples/providers/{provider}.yaml"));
        assert!(example.contains(&format!("kind: IdentityProvider\nmetadata:\n  name: {provider}\n")), "{provider}");
    }
}
