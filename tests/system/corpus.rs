//! Every `tests/manifests/NAME.yaml` is judged alike by the directory and by the API server with strict field
//! validation. What the directory says of it is in `NAME.expected.txt`; there is no such file where all is well.
//! `UPDATE_EXPECTED=1` writes the expectations anew.

use std::{
    fs,
    path::{Path, PathBuf},
};

use http::Request;
use kube::core::Status;
use latchkey::{
    api::crds,
    source::directory::{Problem, Schemas, parse},
};
use serde_json::Value;

use crate::support::cluster::{Cluster, Namespace};

/// What never reaches an API server as it is written, and why.
const NEVER_SENT: &[(&str, &str)] = &[
    ("good-list", "clients take a List apart and send its items"),
    ("good-other-kinds", "no kind of ours"),
    ("duplicate-object-in-one-file", "an API server sees one object at a time: the second is a change of the first"),
    ("kind-misspelt", "clients find no such resource"),
    ("version-unknown", "clients find no such resource"),
    ("missing-kind", "clients do not know where to send it"),
    ("missing-api-version", "clients do not know where to send it"),
    ("not-a-mapping", "clients do not know where to send it"),
    ("syntax-half-written", "clients cannot read it"),
    ("syntax-tab", "clients cannot read it"),
    ("syntax-unclosed-quote", "clients cannot read it"),
    ("unknown-alias", "clients cannot read it"),
];

/// What both refuse with different words, and why.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("duplicate-key", "the API server's YAML reader speaks first"),
    (
        "items-too-many-algorithms",
        "the API server also counts what is there twice, as it must be where there are too many",
    ),
    ("label-boolean", "the API server speaks of the Go types of metadata"),
    ("name-of-number", "the API server speaks of the Go types of metadata"),
    ("name-too-long", "the directory cuts values that would flood a log"),
    ("namespace-with-dot", "the API server looks for the namespace first"),
    ("rule-domain-with-password", "the directory shows nothing that may hold a password"),
    ("rule-email-domain-of-an-address", "the directory shows nothing that may hold a password"),
    ("rule-email-domain-with-at", "the directory shows nothing that may hold a password"),
    ("rule-endpoint-with-password", "the directory shows nothing that may hold a password"),
    ("rule-end-session-url-with-user", "the directory shows nothing that may hold a password"),
    ("rule-icon-url-with-password", "the directory shows nothing that may hold a password"),
    ("rule-issuer-with-backslash", "the directory shows nothing that may hold a password"),
    ("rule-issuer-with-password", "the directory shows nothing that may hold a password"),
    ("rule-logout-page-of-provider-with-user", "the directory shows nothing that may hold a password"),
    ("rule-return-url-with-wildcard-host-and-user", "the directory shows nothing that may hold a password"),
    ("secret-not-base64", "the API server speaks of the Go types of a Secret"),
    ("secret-value-of-number", "the API server speaks of the Go types of a Secret"),
    ("tag-of-a-program", "the API server's YAML reader drops the tag, and finds the name wanting that is left"),
    ("type-array", "the API server also calls the fields unknown that are in the wrong place"),
    ("type-enum-of-mapping", "the API server also calls the fields unknown that are in the wrong place"),
    ("type-extra-parameters-of-mapping", "the API server also calls the fields unknown that are in the wrong place"),
    ("type-providers-of-application-of-names", "the API server also says what kind of list it is in"),
    ("type-public-key-of-mapping", "the API server also calls the fields unknown that are in the wrong place"),
    ("type-test-provider-of-reference", "the API server also calls the fields unknown that are in the wrong place"),
    ("type-update-mode-of-text", "the API server also says what kind of list it is in"),
    ("type-update-modes-of-mapping", "the API server also calls the fields unknown that are in the wrong place"),
];

/// What the directory takes and the API server does not, and why.
const DIRECTORY_ONLY: &[(&str, &str)] =
    &[("good-status-of-another-version", "status is not a manifest's to say: the directory does not look at it")];

struct Manifest {
    path: PathBuf,
    name: String,
    text: String,
}

fn manifests() -> Vec<Manifest> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    let files = fs::read_dir(dir).expect("the manifests").map(|entry| entry.expect("a file").path());
    let yaml = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let manifest = |path: PathBuf| Manifest {
        name: path.file_stem().expect("a name").to_string_lossy().into_owned(),
        text: fs::read_to_string(&path).expect("text"),
        path,
    };
    yaml.map(manifest).collect()
}

fn problems(schemas: &Schemas, text: &str) -> Vec<Problem> {
    parse(schemas, text).err().unwrap_or_default()
}

#[test]
fn the_directory_finds_in_every_manifest_what_is_expected() {
    let schemas = Schemas::new();
    let manifests = manifests();
    for Manifest { path, name, text } in &manifests {
        let finding = |problem: Problem| format!("{}\n", problem.in_file(format!("{name}.yaml")));
        let found: String = problems(&schemas, text).into_iter().map(finding).collect();
        let expected = path.with_extension("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() && !found.is_empty() {
            fs::write(&expected, &found).expect("written");
        }
        for secret in ["s3cret", "hunter2", "987654"] {
            assert!(!found.contains(secret), "{name} shows a secret: {found}");
        }
        assert_eq!(found, fs::read_to_string(&expected).unwrap_or_default(), "{name}");
        assert_eq!(found.is_empty(), name.starts_with("good-"), "{name}: what is accepted is called good");
    }
    assert!(manifests.len() >= 500, "only {} manifests", manifests.len());
}

/// All but those that compare with what was before, which are not about one manifest.
#[test]
fn every_rule_of_the_schemas_refuses_one_of_the_manifests() {
    let schemas = Schemas::new();
    let problems = manifests().into_iter().flat_map(|manifest| problems(&schemas, &manifest.text));
    let found: Vec<String> = problems.map(|problem| without_indices(&problem.message)).collect();
    let mut untried = Vec::new();
    for crd in crds() {
        let crd = serde_json::to_value(crd).expect("JSON");
        for (path, message) in rules(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], "") {
            let refuses = |found: &&String| found.starts_with(&format!("{path}: ")) && found.ends_with(&message);
            if !found.iter().any(|found| refuses(&found)) {
                untried.push(format!("{path}: {message}"));
            }
        }
    }
    assert!(untried.is_empty(), "{}", untried.join("\n"));
}

/// Each with the field that it is about.
fn rules(schema: &Value, path: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let own = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    let of_one_manifest = own.filter(|rule| !text(&rule["rule"]).contains("oldSelf"));
    let mut all: Vec<_> = of_one_manifest
        .map(|rule| (format!("{path}{}", text(&rule["fieldPath"])), text(&rule["message"])))
        .map(|(path, message)| (path.trim_start_matches('.').to_owned(), message))
        .collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        all.extend(rules(property, format!("{path}.{name}").trim_start_matches('.')));
    }
    if let Some(items) = schema.get("items") {
        all.extend(rules(items, &format!("{path}[]")));
    }
    all
}

/// `spec.roles[3].name` becomes `spec.roles[].name`.
fn without_indices(message: &str) -> String {
    let (path, rest) = message.split_once(": ").unwrap_or((message, ""));
    let digits = |character: char| character.is_ascii_digit();
    let path: Vec<_> = path.split('[').map(|part| part.trim_start_matches(digits)).collect();
    format!("{}: {rest}", path.join("["))
}

#[tokio::test]
async fn the_api_server_gives_every_manifest_the_directory_s_answer() {
    let namespace = Cluster::shared().await.namespace().await;
    let schemas = Schemas::new();
    let mut disagreements = Vec::new();
    for Manifest { name, text, .. } in manifests() {
        if reason(NEVER_SENT, &name) {
            continue;
        }
        let mut directory: Vec<String> = problems(&schemas, &text).into_iter().map(|problem| problem.message).collect();
        let mut api_server = Vec::new();
        for document in text.split("\n---\n") {
            api_server.extend(ask(&namespace, document).await);
        }
        directory.sort();
        api_server.sort();
        let as_known = match (directory.is_empty(), api_server.is_empty()) {
            (true, false) => reason(DIRECTORY_ONLY, &name),
            (false, false) if directory != api_server => reason(OTHER_WORDS, &name),
            (true, true) | (false, false) => !reason(DIRECTORY_ONLY, &name) && !reason(OTHER_WORDS, &name),
            (false, true) => false,
        };
        if !as_known {
            disagreements.push(format!("{name}\n  directory:  {directory:#?}\n  API server: {api_server:#?}"));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

fn reason(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(listed, _)| *listed == name)
}

/// What the API server has against an object. What it calls unknown hides the rest, which is asked for anew.
async fn ask(namespace: &Namespace, document: &str) -> Vec<String> {
    let Err(status) = create(namespace, document, "Strict").await else { return Vec::new() };
    let Some((_, strict)) = status.message.split_once("strict decoding error: ") else { return causes(&status) };
    let mut answer: Vec<String> = strict.split(", ").map(str::to_owned).collect();
    if let Err(status) = create(namespace, document, "Ignore").await {
        answer.extend(causes(&status));
    }
    answer
}

/// As the YAML that it is: reading it is the API server's.
async fn create(namespace: &Namespace, document: &str, validation: &str) -> Result<(), Box<Status>> {
    let kind = document.lines().find_map(|line| line.strip_prefix("kind: ")).expect("a kind");
    let resources = match kind {
        "Secret" | "ConfigMap" => format!("/api/v1/namespaces/{}/{}s", namespace.name, kind.to_lowercase()),
        kind => format!("/apis/latchkey.dev/v1alpha1/namespaces/{}/{}s", namespace.name, kind.to_lowercase()),
    };
    // The namespace that the corpus writes is not there.
    let body = document.replace("namespace: acme", &format!("namespace: {}", namespace.name));
    let request = Request::post(format!("{resources}?dryRun=All&fieldValidation={validation}"))
        .header("Content-Type", "application/yaml")
        .body(body.into_bytes())
        .expect("a request");
    match namespace.client.request::<serde_json::Value>(request).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) => Err(status),
        Err(error) => panic!("{error}: {document}"),
    }
}

/// Each as `field: message`.
fn causes(status: &Status) -> Vec<String> {
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    if causes.is_empty() {
        return vec![status.message.clone()];
    }
    // Speaks of the answer, not of the object: that rules wait until the rest is mended.
    let of_the_object = causes.iter().filter(|cause| cause.field != "<nil>");
    of_the_object.map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
}

/// A manifest that a crash, an editor or an enemy cut short or changed anywhere is judged, and never a panic.
#[test]
fn no_damage_to_a_manifest_is_a_panic() {
    let text = include_str!("../manifests/good-everything.yaml");
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
