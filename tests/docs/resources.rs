//! The reference of the manifests, from the schemas of the CRDs.

use latchkey::api::crds;
use serde_json::Value;

use crate::markdown::cell;

/// A table of the spec and one of the status for each kind.
pub fn render() -> String {
    crds().iter().map(|crd| kind(&serde_json::to_value(crd).expect("JSON"))).collect::<Vec<_>>().join("\n\n")
}

fn kind(crd: &Value) -> String {
    let names = &crd["spec"]["names"];
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut text = format!(
        "## {}\n\nShort name `{}`. {}\n",
        names["kind"].as_str().expect("a kind"),
        names["shortNames"][0].as_str().expect("a short name"),
        one_line(schema),
    );
    for part in ["spec", "status"] {
        let part_schema = &schema["properties"][part];
        text +=
            &format!("\n### {part}\n\n{}\n\n| field | type | meaning |\n| --- | --- | --- |\n", one_line(part_schema));
        let mut rules = Vec::new();
        rows(part_schema, "", &mut text, &mut rules);
        if part == "spec" {
            rules.extend(rules_of(schema, "").map(|rule| rule.replacen("`spec.", "`", 1)));
            rules.sort();
            text += &format!("\nRules:\n\n{}\n", rules.join("\n"));
        }
    }
    text.trim_end().to_owned()
}

/// A row for each property, each followed by those within it.
fn rows(schema: &Value, path: &str, text: &mut String, rules: &mut Vec<String>) {
    rules.extend(rules_of(schema, path));
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let field = format!("{path}{name}");
        let mark = if required.contains(&name.as_str()) { ", required" } else { "" };
        *text += &format!("| `{field}` | {}{mark} | {} |\n", type_of(property), cell(&meaning(&field, property)));
        if field == "conditions" {
            continue;
        }
        let (inner, within) = match property.get("items") {
            Some(items) => {
                rules.extend(rules_of(property, &field));
                (items, format!("{field}[]."))
            }
            None => (property, format!("{field}.")),
        };
        rows(inner, &within, text, rules);
    }
}

/// Each with the field that it is about.
fn rules_of(schema: &Value, path: &str) -> impl Iterator<Item = String> {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules.map(move |rule| {
        let within = rule["fieldPath"].as_str().unwrap_or_default().trim_start_matches('.');
        let field = format!("{path}{within}");
        format!("- `{}`: {}.", field.trim_end_matches('.'), rule["message"].as_str().expect("a message"))
    })
}

fn meaning(field: &str, property: &Value) -> String {
    let link = if field == "conditions" { " See [conditions](../explanation/conditions.md)." } else { "" };
    format!("{}{link}", one_line(property))
}

fn one_line(schema: &Value) -> String {
    cell(schema["description"].as_str().unwrap_or_default())
}

fn type_of(property: &Value) -> String {
    if let Some(choices) = property["enum"].as_array() {
        let choices: Vec<_> = choices.iter().filter_map(Value::as_str).map(|choice| format!("`{choice}`")).collect();
        return choices.join(" or ");
    }
    match (property["type"].as_str().unwrap_or_default(), property.get("items")) {
        ("array", Some(items)) => match bounds(property, "minItems", "maxItems", "") {
            none if none.is_empty() => format!("list of {}", type_of(items)),
            some => format!("list ({}) of {}", some.trim_start_matches(", "), type_of(items)),
        },
        ("string", _) if property["x-kubernetes-validations"][0]["rule"].as_str().is_some_and(is_of_durations) => {
            "duration".to_owned()
        }
        ("string", _) => format!("string{}", bounds(property, "minLength", "maxLength", " characters")),
        (other, _) => other.to_owned(),
    }
}

fn is_of_durations(rule: &str) -> bool {
    rule.contains("(h|m|s|ms)")
}

fn bounds(property: &Value, min: &str, max: &str, unit: &str) -> String {
    match (property[min].as_u64(), property[max].as_u64()) {
        (Some(min), Some(max)) => format!(", {min} to {max}{unit}"),
        (None, Some(max)) => format!(", at most {max}{unit}"),
        (Some(min), None) => format!(", at least {min}{unit}"),
        (None, None) => String::new(),
    }
}
