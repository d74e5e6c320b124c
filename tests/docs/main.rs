//! The documentation keeps step with the code: what it shows is valid, what it names exists, what is generated is
//! up to date. `UPDATE_EXPECTED=1` writes the generated parts anew.

mod chart;
mod command_line;
mod commands;
mod examples;
mod markdown;
mod products;
mod resources;

use std::path::Path;

use clap::Parser;
use latchkey::{
    cli::{Arguments, serve},
    source::directory::{Schemas, parse},
};
use regex::Regex;

use markdown::{assert_generated, documents, read, root};

#[test]
fn the_reference_of_the_manifests_is_that_of_the_schemas() {
    assert_generated("docs/reference/resources.md", &resources::render());
}

#[test]
fn the_reference_of_the_command_line_is_that_of_its_definition() {
    assert_generated("docs/reference/command-line.md", &command_line::render());
    assert_generated("docs/reference/settings.md", &command_line::render_settings());
}

/// A block of YAML is a manifest, or else a file of settings or values of the chart.
#[test]
fn every_yaml_in_the_documentation_is_valid() {
    let schemas = Schemas::new();
    let mut judged = 0;
    for document in documents() {
        for block in document.blocks().into_iter().filter(|block| block.language == "yaml") {
            let place = format!("{}:{}", document.path.display(), block.line);
            if block.text.contains("apiVersion:") {
                let problems = parse(&schemas, &block.text).err().unwrap_or_default();
                let found: Vec<_> = problems.into_iter().map(|problem| problem.in_file(&place).to_string()).collect();
                assert!(found.is_empty(), "{}", found.join("\n"));
            } else if let Err(error) = serde_yaml::from_str::<serve::Arguments>(&block.text) {
                let example = serde_yaml::from_str(&block.text).expect("a mapping");
                if let Some(unknown) = chart::unknown(&example, &chart::values()) {
                    panic!("{place}: no manifest; no settings: {error}; no values of the chart: {unknown}");
                }
            }
            judged += 1;
        }
    }
    assert!(judged >= 5, "only {judged} blocks were found");
}

#[test]
fn every_command_in_the_documentation_can_be_run_as_it_is_written() {
    let mut tried = 0;
    for document in documents() {
        for block in document.blocks().into_iter().filter(|block| block.language == "sh") {
            for line in block.text.replace("\\\n", " ").lines().filter(|line| line.starts_with("latchkey ")) {
                if let Err(error) = Arguments::try_parse_from(line.split_whitespace()) {
                    panic!("{}:{}: {line}\n{error}", document.path.display(), block.line);
                }
                tried += 1;
            }
        }
    }
    assert!(tried >= 3, "only {tried} commands were found");
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    let code = Regex::new("`[^`]*`").expect("a pattern");
    for document in documents() {
        let prose = document.prose();
        let dir = root().join(document.path.parent().expect("a directory"));
        for target in link.captures_iter(&code.replace_all(&prose, "")).map(|found| found[1].to_owned()) {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || target.contains("://");
            assert!(elsewhere || dir.join(file).exists(), "{}: {target} is not there", document.path.display());
        }
    }
}

#[test]
fn every_file_and_folder_that_is_named_exists() {
    let named = Regex::new(r"`((?:src|tests|docs|crds|charts|examples)/[^`\s]*)`").expect("a pattern");
    for document in documents() {
        let named = named.captures_iter(&document.prose()).map(|found| found[1].to_owned()).collect::<Vec<_>>();
        // What the quickstart makes is not there before it has run.
        for path in named.into_iter().filter(|path| !path.contains("/.state/")) {
            assert!(root().join(&path).exists(), "{}: {path} is not there", document.path.display());
        }
    }
}

#[test]
fn every_condition_and_every_reason_is_explained() {
    let explained = read("docs/explanation/conditions.md");
    let word = Regex::new(r#"Self::\w+ => "(\w+)""#).expect("a pattern");
    let source = read("src/api/condition.rs");
    let words: Vec<_> = word.captures_iter(&source).map(|found| found[1].to_owned()).collect();
    assert!(words.len() > 30, "only {} words were found", words.len());
    for word in words {
        assert!(explained.contains(&format!("`{word}`")), "docs/explanation/conditions.md says nothing of {word}");
    }
}

#[test]
fn every_reason_why_an_application_gets_no_token_is_explained() {
    let page = read("docs/how-to/let-applications-sign-in.md");
    let word = Regex::new(r#"Self::\w+(?:\(_\))? => "(\w+)""#).expect("a pattern");
    let source = read("src/server/endpoints/token/refusal.rs");
    let words: Vec<_> = word.captures_iter(&source).map(|found| found[1].to_owned()).collect();
    assert!(words.len() > 20, "only {} words were found", words.len());
    for word in words {
        assert!(page.contains(&format!("`{word}`")), "docs/how-to/let-applications-sign-in.md says nothing of {word}");
    }
}

#[test]
fn every_route_is_in_the_reference() {
    let reference = read("docs/reference/endpoints.md");
    let route = Regex::new(r#"\.route\("([^"]+)""#).expect("a pattern");
    for file in ["src/server/router.rs", "src/server/management.rs"] {
        for path in route.captures_iter(&read(file)).map(|found| found[1].replace("{*rest}", "…")) {
            assert!(reference.contains(&format!("{path}`")), "docs/reference/endpoints.md says nothing of {path}");
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let reasons = read("docs/dependencies.md");
    let crates = read("Cargo.toml").lines().scan(false, in_dependencies).flatten().collect::<Vec<_>>();
    let packages = [
        "examples/desktop-app/app",
        "examples/desktop-app/checks/node",
        "examples/quickstart/provider",
        "tests/browser",
        "tests/verifiers",
    ]
    .into_iter()
    .flat_map(packages);
    for name in crates.into_iter().chain(packages) {
        assert!(reasons.contains(&format!("`{name}`")), "docs/dependencies.md says nothing of {name}");
    }
}

fn in_dependencies(inside: &mut bool, line: &str) -> Option<Option<String>> {
    if line.starts_with('[') {
        *inside = line.ends_with("dependencies]");
    }
    Some(line.split_once(" = ").filter(|_| *inside).map(|(name, _)| name.to_owned()))
}

fn packages(dir: &str) -> Vec<String> {
    let file = Path::new(dir).join("package.json");
    let package: serde_json::Value = serde_json::from_str(&read(&file.to_string_lossy())).expect("JSON");
    package["dependencies"].as_object().expect("dependencies").keys().cloned().collect()
}
