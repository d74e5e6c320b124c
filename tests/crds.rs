//! `crds/` and the chart hold exactly what the types say. `make crds` writes both anew.

use std::{collections::BTreeMap, fs, path::Path};

use kube::ResourceExt;

#[test]
fn the_crds_in_the_repository_are_those_of_the_types() {
    let generated: BTreeMap<String, String> = latchkey::api::crds()
        .into_iter()
        .map(|crd| (format!("{}.yaml", crd.name_any()), serde_yaml::to_string(&crd).expect("YAML")))
        .collect();
    for dir in ["crds", "charts/latchkey/files/crds"] {
        let kept = files(dir);
        assert_eq!(kept.keys().collect::<Vec<_>>(), generated.keys().collect::<Vec<_>>(), "{dir}: run `make crds`");
        for (name, text) in &generated {
            let same = kept[name] == *text;
            assert!(same, "{dir}/{name} is not what the types say: run `make crds` and read the difference");
        }
    }
}

/// The files of a directory by their names.
fn files(dir: &str) -> BTreeMap<String, String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(dir));
    let file = |entry: fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).expect("text"))
    };
    entries.expect(dir).map(|entry| file(entry.expect("a file"))).collect()
}
