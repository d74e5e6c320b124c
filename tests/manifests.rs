//! Every `manifests/NAME.yaml` yields exactly the findings in `NAME.expected.txt`, or none where there is no such
//! file. `UPDATE_EXPECTED=1` writes the expectations anew.

use std::{fs, path::Path};

use latchkey::source::directory::{Schemas, parse};

#[test]
fn every_manifest_is_judged_as_expected() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let schemas = Schemas::new();
    let mut judged = 0;
    for entry in fs::read_dir(dir).expect("the manifests") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().expect("a name").to_owned();
        let problems = parse(&schemas, &fs::read_to_string(&path).expect("text")).err().unwrap_or_default();
        let found: String = problems.into_iter().map(|problem| format!("{}\n", problem.in_file(&name))).collect();
        let expected = path.with_extension("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() && !found.is_empty() {
            fs::write(&expected, &found).expect("written");
        }
        for secret in ["s3cret", "hunter2", "987654"] {
            assert!(!found.contains(secret), "{} shows a secret: {found}", name.display());
        }
        assert_eq!(found, fs::read_to_string(&expected).unwrap_or_default(), "{}", name.display());
        judged += 1;
    }
    assert!(judged >= 30, "only {judged} manifests");
}

/// A manifest that a crash, an editor or an enemy cut short or changed anywhere is judged, and never a panic.
#[test]
fn no_damage_to_a_manifest_is_a_panic() {
    let text = include_str!("manifests/good-everything.yaml");
    let schemas = Schemas::new();
    let damage =
        ["", ":", "\n", "\t", "&a ", "*a ", "- ", "{", "]", "\"", "|", "\u{feff}", "!!int ", "0x", "\u{0}", "<<: "];
    for (position, _) in text.char_indices() {
        let (before, after) = text.split_at(position);
        let _ = parse(&schemas, before);
        let instead = damage[position % damage.len()];
        let _ = parse(&schemas, &format!("{before}{instead}{after}"));
        let _ = parse(&schemas, &format!("{before}{instead}{}", after.get(1..).unwrap_or_default()));
    }
}
