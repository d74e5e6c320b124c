//! How findings are written: as a compiler does, or as one JSON document.

use std::fmt::Write;

use serde::Serialize;

use super::finding::{Finding, Place, Severity};
use crate::{cli::manifests::is_ours, controller::dry_run::DryRun, source::directory::Tree};

/// What `check` prints. The shape of its JSON is in the reference of the command line.
#[derive(Debug, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub summary: Summary,
}

/// How much was looked at, and how much was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Organizations, IdentityProviders and IdpMappers that are valid by themselves.
    pub objects: usize,
    /// The tests of mappers that were run.
    pub tests: u32,
    /// Whether the providers were asked.
    pub live: bool,
    pub findings: usize,
    pub notes: usize,
}

impl Summary {
    pub fn of(tree: &Tree, run: &DryRun, findings: &[Finding], live: bool) -> Self {
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        Self {
            objects: tree.objects().filter(|object| is_ours(object)).count(),
            tests: run.tests,
            live,
            findings: count(Severity::Error),
            notes: count(Severity::Note),
        }
    }
}

impl Report {
    /// For people: a paragraph for each finding, then a line that sums up.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            text += &paragraph(finding);
            text.push('\n');
        }
        let Summary { objects, tests, live, findings, notes } = &self.summary;
        let mut parts = vec![count(*objects, "object"), count(*tests as usize, "test"), count(*findings, "finding")];
        if *notes > 0 {
            parts.push(count(*notes, "note"));
        }
        let asked = if *live { "" } else { "; no provider was asked" };
        text + &format!("{}{asked}\n", parts.join(", "))
    }

    /// For programs.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

fn paragraph(finding: &Finding) -> String {
    let Finding { place, severity, rule, object, message, hint } = finding;
    let Place { file, line, column } = place;
    let severity = match severity {
        Severity::Error => "error",
        Severity::Note => "note",
    };
    let mut text = format!("{}:{line}:{column}: {severity}: {message} [{rule}]\n", file.display());
    if let Some(object) = object {
        let _ = writeln!(text, "  in: {} {}/{}", object.kind, object.namespace, object.name);
    }
    if let Some(hint) = hint {
        let _ = writeln!(text, "  hint: {hint}");
    }
    text
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;
    use crate::cli::check::finding::Named;

    fn report() -> Report {
        let finding = Finding {
            place: Place { file: PathBuf::from("manifests/mappers.yaml"), line: 7, column: 18 },
            severity: Severity::Error,
            rule: "condition/ResolvedRefs/RoleNotFound".into(),
            object: Some(Named { kind: "IdpMapper", namespace: "default".into(), name: "admins".into() }),
            message: "spec.grant.roles: \"admn\" is not there".into(),
            hint: None,
        };
        let of_file = Finding {
            place: Place { file: PathBuf::from("manifests"), line: 0, column: 0 },
            severity: Severity::Note,
            rule: "a/rule".into(),
            object: None,
            hint: Some("do this".into()),
            message: "something".into(),
        };
        let summary = Summary { objects: 1, tests: 2, live: false, findings: 1, notes: 1 };
        Report { findings: vec![finding, of_file], summary }
    }

    #[test]
    fn for_people_each_finding_is_a_paragraph_that_begins_with_its_place() {
        let expected = "\
manifests/mappers.yaml:7:18: error: spec.grant.roles: \"admn\" is not there [condition/ResolvedRefs/RoleNotFound]
  in: IdpMapper default/admins

manifests:0:0: note: something [a/rule]
  hint: do this

1 object, 2 tests, 1 finding, 1 note; no provider was asked
";
        assert_eq!(report().text(), expected);
    }

    #[test]
    fn programs_read_these_names() {
        let json: serde_json::Value = serde_json::from_str(&report().json().expect("JSON")).expect("JSON");
        let of_condition = json!({
            "file": "manifests/mappers.yaml", "line": 7, "column": 18, "severity": "error",
            "rule": "condition/ResolvedRefs/RoleNotFound",
            "object": {"kind": "IdpMapper", "namespace": "default", "name": "admins"},
            "message": "spec.grant.roles: \"admn\" is not there", "hint": null,
        });
        let of_file = json!({
            "file": "manifests", "line": 0, "column": 0, "severity": "note", "rule": "a/rule",
            "object": null, "message": "something", "hint": "do this",
        });
        let summary = json!({"objects": 1, "tests": 2, "live": false, "findings": 1, "notes": 1});
        assert_eq!(json, json!({"findings": [of_condition, of_file], "summary": summary}));
    }
}
