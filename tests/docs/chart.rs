//! The values of the Helm chart: what is there, what its schema and its README say of it, and examples of it.

use serde_yaml::{Mapping, Value};

use crate::markdown::read;

/// The chart's defaults.
pub fn values() -> Value {
    serde_yaml::from_str(&read("charts/latchkey/values.yaml")).expect("YAML")
}

/// Where every value is, such as `image.tag`; what holds no others by default is a value of its own.
pub fn paths(values: &Value) -> Vec<String> {
    let inner = |(name, value): (&Value, &Value)| {
        let name = name.as_str().expect("a name").to_owned();
        match value.as_mapping() {
            // Its members are Kubernetes', not the chart's.
            Some(_) if name == "resources" => vec![name],
            Some(map) if !map.is_empty() => {
                paths(value).into_iter().map(|path| format!("{name}.{path}")).collect::<Vec<_>>()
            }
            _ => vec![name],
        }
    };
    values.as_mapping().into_iter().flatten().flat_map(inner).collect()
}

/// The first value of an example that the chart does not have.
pub fn unknown(example: &Mapping, values: &Value) -> Option<String> {
    example.iter().find_map(|(name, value)| {
        let name = name.as_str().expect("a name");
        match (values.get(name), value.as_mapping()) {
            (None, _) => Some(name.to_owned()),
            (Some(Value::Mapping(defaults)), Some(_)) if defaults.is_empty() => None,
            (Some(defaults), Some(inner)) => unknown(inner, defaults).map(|path| format!("{name}.{path}")),
            (Some(_), None) => None,
        }
    })
}

#[test]
fn every_value_of_the_chart_is_in_its_readme_and_in_its_schema() {
    let readme = read("charts/latchkey/README.md");
    let schema: serde_json::Value = serde_json::from_str(&read("charts/latchkey/values.schema.json")).expect("JSON");
    let paths = paths(&values());
    assert!(paths.len() > 30, "only {} values were found", paths.len());
    for path in &paths {
        assert!(readme.contains(&format!("| `{path}` |")), "charts/latchkey/README.md says nothing of {path}");
        let pointer = format!("/properties/{}", path.replace('.', "/properties/"));
        assert!(schema.pointer(&pointer).is_some(), "charts/latchkey/values.schema.json does not know {path}");
    }
    for row in readme.lines().filter_map(|line| line.strip_prefix("| `")) {
        let path = row.split('`').next().expect("a name");
        assert!(paths.iter().any(|known| known == path), "the chart has no {path}, but its README has");
    }
}
