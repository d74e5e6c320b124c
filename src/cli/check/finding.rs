//! What `check` says about one place of a manifest: an error of the files, a condition that does not hold, or a note.

use std::path::PathBuf;

use serde::Serialize;

use crate::{
    api::{ConditionType, Fact, Reason, Status},
    cli::{absent::Absent, manifests::Manifests},
    controller::dry_run::{DryRun, Judged},
    source::directory::{self, Key, Position, Tree},
};

/// Something to know about a place of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(flatten)]
    pub place: Place,
    pub severity: Severity,
    /// Stable: people filter by it.
    pub rule: String,
    /// The object that it is about; None: what stands there is no valid object.
    pub object: Option<Named>,
    pub message: String,
    /// What to do, where the message does not say so itself.
    pub hint: Option<String>,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub file: PathBuf,
    /// From 1; 0 when it is about the file as a whole. So is the column.
    pub line: usize,
    pub column: usize,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It has to be mended.
    Error,
    /// It cannot be told here whether it is right.
    Note,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
}

impl From<&Key> for Named {
    fn from(key: &Key) -> Self {
        Self { kind: key.kind, namespace: key.namespace.clone(), name: key.name.clone() }
    }
}

/// The rule of what is referred to and not there to be looked at.
const ABSENT: &str = "reference/not-among-manifests";

/// Everything that was found, in the order of the files.
pub fn findings(manifests: &Manifests, run: &DryRun) -> Vec<Finding> {
    let tree = &manifests.tree;
    let mut findings: Vec<_> = tree.findings().iter().map(of_file).collect();
    // What a broken file declares exists for whoever refers to it.
    let complete = findings.is_empty();
    let told = |fact: &Fact| fact.status == Status::False && fact.reason != Reason::SecretNotFound;
    for judged in &run.judged {
        let facts = judged.facts().filter(|(type_, fact)| type_.is_a_check() && told(fact));
        let facts = facts.filter(|(_, fact)| complete || !fact.reason.is_of_something_absent());
        findings.extend(facts.filter_map(|(type_, fact)| of_condition(tree, judged, type_, fact)));
    }
    if complete {
        findings.extend(manifests.absent.iter().filter_map(|absent| of_absent(tree, absent)));
    }
    findings.sort_by(|one, other| one.place.cmp(&other.place));
    findings
}

fn of_file(finding: &directory::Finding) -> Finding {
    let directory::Finding { file, line, column, rule, message, hint } = finding.clone();
    let place = Place { file, line, column };
    Finding { place, severity: Severity::Error, rule: rule.to_owned(), object: None, message, hint }
}

fn of_condition(tree: &Tree, judged: &Judged, type_: ConditionType, fact: &Fact) -> Option<Finding> {
    let object = Key { kind: judged.kind, namespace: judged.namespace.clone(), name: judged.name.clone() };
    let (field, item) = spoken_of(&fact.message).unwrap_or_else(|| (field_behind(tree, &object, type_), None));
    Some(Finding {
        // An Organization that nobody declares is always accepted and refers to nothing, so that every condition has a
        // place.
        place: place(tree, &object, field, item)?,
        severity: Severity::Error,
        rule: format!("condition/{}/{}", type_.as_str(), fact.reason.as_str()),
        object: Some(Named::from(&object)),
        message: fact.message.clone(),
        hint: hint(fact.reason).map(str::to_owned),
    })
}

fn of_absent(tree: &Tree, absent: &Absent) -> Option<Finding> {
    let Absent { object, field, message } = absent;
    Some(Finding {
        place: place(tree, object, field, None)?,
        severity: Severity::Note,
        rule: ABSENT.to_owned(),
        object: Some(Named::from(object)),
        message: message.clone(),
        hint: Some("to have it looked at too, name a file with it beside the others".to_owned()),
    })
}

fn place(tree: &Tree, object: &Key, field: &str, item: Option<&str>) -> Option<Place> {
    let (path, Position { line, column }) = tree.place(object, field, item)?;
    Some(Place { file: path.to_owned(), line, column })
}

/// The field that a message begins with, and what it quotes of it.
fn spoken_of(message: &str) -> Option<(&str, Option<&str>)> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '[' | ']');
    let (field, said) = message.split_at(message.find(|c| !is_path(c)).unwrap_or(message.len()));
    let quoted = said.strip_prefix(": \"").and_then(|said| said.split_once('"')).map(|(quoted, _)| quoted);
    field.starts_with("spec.").then_some((field, quoted))
}

/// The field that a condition rests on whose message speaks of what a provider said.
fn field_behind(tree: &Tree, object: &Key, type_: ConditionType) -> &'static str {
    let own: &[&str] = match type_ {
        ConditionType::Discovered => &["spec.discovery.url"],
        ConditionType::KeysUsable => &["spec.endpoints.jwks", "spec.discovery.url"],
        _ => return "",
    };
    let issuer = ["spec.issuer", "spec.domain", "spec.tenantID", "spec.realm", "spec.type"];
    own.iter().copied().chain(issuer).find(|field| tree.has(object, field)).unwrap_or_default()
}

/// What else can be done where a message speaks of the provider.
fn hint(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::DnsFailed | Reason::ConnectFailed | Reason::Timeout => {
            Some("to leave out what only the provider can tell, add --offline")
        }
        Reason::TestsFailed => Some("latchkey simulate shows each step from claims to a user"),
        Reason::InsecureEndpoint => Some("for development, add --allow-http"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_begins_with_its_field_and_what_stands_there() {
        for (message, expected) in [
            ("spec.grant.roles: \"a\" is not in", Some(("spec.grant.roles", Some("a")))),
            ("spec.tests[2] \"a name\": roles", Some(("spec.tests[2]", None))),
            ("spec.client.secretRef: the Secret \"s\" has", Some(("spec.client.secretRef", None))),
            ("spec.key: \"unended", Some(("spec.key", None))),
            ("specials are.gone", None),
            ("issuer.example: no connection", None),
            ("", None),
        ] {
            assert_eq!(spoken_of(message), expected, "{message}");
        }
    }
}
