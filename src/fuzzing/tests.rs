use std::{fs, path::Path};

use super::*;

type Target = fn(&[u8]) -> bool;

/// Every target, by the name of its folder in `fuzz/corpus/`.
const TARGETS: [(&str, Target); 9] = [
    ("callback", callback),
    ("cookies", cookies),
    ("expression", expression),
    ("icon", icon),
    ("id_token", id_token),
    ("keys", keys),
    ("logout_token", logout_token),
    ("metadata", metadata),
    ("return_url", return_url),
];

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// What its name says is right must be accepted, so that rules about what is accepted are put to the test at all.
fn is_right(input: &Path) -> bool {
    input.file_name().is_some_and(|name| name.to_string_lossy().starts_with("right"))
}

#[test]
fn whatever_fuzzing_has_found_keeps_every_rule() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut broken = Vec::new();
    for (target, check) in TARGETS {
        let folder = corpus.join(target);
        let inputs = names_in(&folder);
        assert!(!inputs.is_empty(), "{} is empty", folder.display());
        for input in inputs.iter().map(|name| folder.join(name)) {
            let data = fs::read(&input).expect("an input");
            let Ok(accepted) = std::panic::catch_unwind(|| check(&data)) else {
                broken.push(input);
                continue;
            };
            assert!(accepted || !is_right(&input), "{} is refused", input.display());
        }
        assert!(inputs.iter().any(|name| is_right(Path::new(name))), "nothing in {} is right", folder.display());
    }
    assert!(broken.is_empty(), "these break a rule, as is said above: {broken:#?}");
}

#[test]
fn every_target_has_a_fuzzer_and_a_corpus() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let targets = TARGETS.map(|(target, _)| target.to_owned());
    assert_eq!(names_in(&fuzz.join("corpus")), targets);
    assert_eq!(names_in(&fuzz.join("fuzz_targets")), targets.map(|target| format!("{target}.rs")));
}
