//! The page that says what settings of other products are called here names fields that exist.

use latchkey::api::crds;
use regex::Regex;
use serde_json::Value;

use crate::markdown::read;

const PAGE: &str = "docs/how-to/settings-of-other-products.md";

/// Whether a kind's manifest, or the status that it gets, has a field, such as `status.redirectURI`. What is below `spec`
/// of an IdentityProvider is named without `spec` and kind.
fn exists(field: &str) -> bool {
    if field.starts_with("metadata.") {
        return true;
    }
    let (kind, path) = match field.split_once(".spec.") {
        Some((kind, path)) => (kind, format!("spec.{path}")),
        None if field.starts_with("status.") => ("IdentityProvider", field.to_owned()),
        None => ("IdentityProvider", format!("spec.{field}")),
    };
    let crds: Vec<Value> = crds().iter().map(|crd| serde_json::to_value(crd).expect("JSON")).collect();
    let crd = crds.iter().find(|crd| crd["spec"]["names"]["kind"] == kind).expect("a kind");
    let pointer = format!("/properties/{}", path.replace('.', "/properties/"));
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].pointer(&pointer).is_some()
}

#[test]
fn a_setting_of_another_product_leads_to_a_field_that_exists() {
    let field = Regex::new("`([^`]+)`").expect("a pattern");
    let page = read(PAGE);
    let mut rows = 0;
    for row in
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| they") && !line.contains("---"))
    {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        let [names, here, _note] = cells[..] else { panic!("{PAGE}: {row}") };
        for field in field.captures_iter(here).map(|found| found[1].to_owned()) {
            assert!(exists(&field), "{PAGE}: {names}: there is no {field}");
        }
        rows += 1;
    }
    assert!(rows > 60, "only {rows} settings were found");
}

#[test]
fn every_field_of_a_provider_is_what_another_product_calls_something() {
    let page = read(PAGE);
    let crds: Vec<Value> = crds().iter().map(|crd| serde_json::to_value(crd).expect("JSON")).collect();
    let idp = crds.iter().find(|crd| crd["spec"]["names"]["kind"] == "IdentityProvider").expect("a kind");
    let spec = &idp["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    for (name, property) in spec.as_object().expect("fields") {
        let inner = property["properties"].as_object().into_iter().flatten();
        let leaves: Vec<_> = inner.map(|(inner, _)| format!("{name}.{inner}")).collect();
        let known = |field: &String| page.contains(&format!("`{field}`"));
        let missing: Vec<_> = leaves.iter().filter(|leaf| !known(leaf)).collect();
        assert!(known(name) || (!leaves.is_empty() && missing.is_empty()), "{PAGE} says nothing of {name} {missing:?}");
    }
}
