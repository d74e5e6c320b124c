//! Which layer may use which, and what the domain does without. The map is in src/lib.rs and ARCHITECTURE.md.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every layer, and the layers that it may use besides itself.
const LAYERS: [(&str, &[&str]); 12] = [
    ("api", &[]),
    ("domain", &["api"]),
    ("oidc", &["api", "domain"]),
    ("store", &["api", "domain"]),
    ("source", &["api", "domain"]),
    ("mail", &["api", "domain"]),
    ("controller", &["api", "domain", "oidc", "store", "source", "telemetry"]),
    ("server", &["api", "domain", "oidc", "store", "mail", "telemetry"]),
    // Only tests and fuzzers compile it, so nothing uses it.
    ("fuzzing", &["api", "domain", "oidc", "server"]),
    ("telemetry", &["api", "domain"]),
    ("cli", &["api", "domain", "oidc", "store", "source", "mail", "controller", "telemetry"]),
    ("run", &["api", "domain", "oidc", "store", "source", "mail", "controller", "server", "cli", "telemetry"]),
];

/// What has no place in a pure rule.
const IMPURE: [&str; 10] = [
    "async ",
    ".await",
    "tokio",
    "std::fs",
    "std::net::Tcp",
    "std::time::Instant",
    "SystemTime",
    "Timestamp::now",
    "rand::",
    "sqlx",
];

fn rust_files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let files = entries.flat_map(|entry| rust_files(&entry.expect("an entry").path()));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn files_of(layer: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = rust_files(&src.join(layer));
    files.extend(rust_files(&src.join(format!("{layer}.rs"))));
    assert!(!files.is_empty(), "the layer {layer} has no files");
    files
}

/// The layers that a text names after `crate::`, also in a grouped `use crate::{…}`.
fn named(text: &str) -> Vec<String> {
    let word = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => names.push(word(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut start = true;
                for (index, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && c.is_alphabetic() => {
                            names.push(word(&group[index..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

#[test]
fn every_layer_uses_only_what_is_below_it() {
    let layers: Vec<_> = LAYERS.iter().map(|(layer, _)| *layer).collect();
    for (layer, below) in LAYERS {
        for file in files_of(layer) {
            let text = fs::read_to_string(&file).expect("a source file");
            for name in named(&text).iter().filter(|name| layers.contains(&name.as_str())) {
                let allowed = name == layer || below.contains(&name.as_str());
                assert!(allowed, "{} uses {name}, which {layer} must not", file.display());
            }
        }
    }
}

#[test]
fn every_file_belongs_to_a_layer() {
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let belongs = LAYERS.iter().any(|(layer, _)| files_of(layer).contains(&file));
        let root = file.ends_with("src/lib.rs") || file.ends_with("src/main.rs");
        assert!(belongs || root, "{} belongs to no layer", file.display());
    }
}

#[test]
fn the_domain_has_no_async_no_io_no_clock_and_no_randomness() {
    for file in files_of("domain") {
        let text = fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for impure in IMPURE {
            let line = code.lines().find(|line| !line.trim_start().starts_with("//") && line.contains(impure));
            assert!(line.is_none(), "{}: {}", file.display(), line.unwrap_or_default().trim());
        }
    }
}

#[test]
fn names_are_found_alone_and_in_groups() {
    let text = "use crate::{api::{self, Fact}, domain::provider, oidc};\nfn f(_: crate::store::Store) {}";
    assert_eq!(named(text), ["api", "domain", "oidc", "store"]);
}
