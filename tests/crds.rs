//! `crds/` holds exactly what the types say. `make crds` writes it anew.

use std::{collections::BTreeMap, fs, path::Path};

use kube::ResourceExt;

#[test]
fn the_crds_in_the_repository_are_those_of_the_types() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let generated: BTreeMap<String, String> = latchkey::api::crds()
        .into_iter()
        .map(|crd| (format!("{}.yaml", crd.name_any()), serde_yaml::to_string(&crd).expect("YAML")))
        .collect();
    let kept: BTreeMap<String, String> = fs::read_dir(dir)
        .expect("crds/")
        .map(|entry| {
            let path = entry.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("text"))
        })
        .collect();
    assert_eq!(kept.keys().collect::<Vec<_>>(), generated.keys().collect::<Vec<_>>(), "run `make crds`");
    for (name, text) in &generated {
        assert!(kept[name] == *text, "crds/{name} is not what the types say: run `make crds` and read the difference");
    }
}
