//! `simulate` tells from which claim everything comes, and what becomes of the person.

use std::path::Path;

use serde_json::{Value, json};

use super::{Ended, directory, run, run_with_input};

const ORGANIZATION: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: default}
spec:
  roles: [{name: admin, administrator: true}]
  groups: [{name: us-users}]
  defaults: {timeZone: Europe/Berlin}
";

const PROVIDER: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdentityProvider
metadata: {name: contoso}
spec:
  displayName: Contoso
  issuer: https://login.contoso.com
  client: {id: latchkey, secretRef: {name: contoso, key: client-secret}}
  claims:
    userID: {claim: Id}
    userName: {claim: Username}
    email: {claim: Mail}
    groups: {claim: UserGroups}
  users: {access: MappedOnly}
  defaults: {culture: de-DE}
  rules: {language: '\"US Users\" in idpUser.groups ? \"en\" : \"de\"'}
  claimValidationRules:
    - {expression: 'claims.Id != \"0\"', message: Guests stay outside.}
";

const MAPPERS: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: administrators}
spec:
  identityProviderRefs: [{name: contoso}]
  when: {group: Administrators}
  grant: {administrator: true}
---
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: us-users}
spec:
  identityProviderRefs: [{name: contoso}]
  when: {group: US Users}
  grant: {groups: [us-users]}
  attributes: [{target: title, from: {claim: JobTitle}}]
";

fn bob() -> Value {
    json!({
        "Id": "4711", "Username": "bob.adams", "Mail": "Bob.Adams@contoso.com",
        "UserGroups": ["US Users", "Sales"], "JobTitle": "Clerk",
    })
}

async fn simulated(claims: &Value, edit: impl Fn(String) -> String) -> Ended {
    let (organization, provider, mappers) = (edit(ORGANIZATION.into()), edit(PROVIDER.into()), edit(MAPPERS.into()));
    let files = [("organization.yaml", &*organization), ("provider.yaml", &provider), ("mappers.yaml", &mappers)];
    let dir = directory(&files);
    simulate(dir.path(), claims, &["--output", "json"]).await
}

async fn simulate(dir: &Path, claims: &Value, more: &[&str]) -> Ended {
    let arguments = ["simulate", "--provider", "contoso", "--claims", "-", "."];
    let arguments: Vec<_> = arguments.into_iter().chain(more.iter().copied()).collect();
    run_with_input(dir, &arguments, &claims.to_string()).await
}

#[tokio::test]
async fn whom_an_application_brings_becomes_the_same_as_who_signs_in() {
    const CLIENT: &str = "client: {id: latchkey, secretRef: {name: contoso, key: client-secret}}";
    let by_browser = simulated(&bob(), |text| text).await;
    let brought = simulated(&bob(), |text| text.replace(CLIENT, "jwtBearer: {}")).await;
    assert_eq!((brought.status, brought.json()), (0, by_browser.json()), "{}", brought.err);
}

#[tokio::test]
async fn bob_becomes_what_his_groups_say_and_each_step_tells_why() {
    let ended = simulated(&bob(), |text| text).await;
    assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
    let report = ended.json();
    let user = &report["user"];
    for (name, expected) in [
        ("userName", json!("bob.adams")),
        ("email", json!("bob.adams@contoso.com")),
        ("organization", json!("default")),
        ("provider", json!("contoso")),
        ("groups", json!(["us-users"])),
        ("roles", json!([])),
        ("administrator", json!(false)),
        ("language", json!("en")),
        ("culture", json!("de-DE")),
        ("timeZone", json!("Europe/Berlin")),
        ("attributes", json!({"title": "Clerk"})),
    ] {
        assert_eq!(user[name], expected, "{name}");
    }
    assert_eq!((&report["refused"], user.get("id")), (&Value::Null, None));
    let steps = report["steps"].as_array().expect("steps");
    let said = |stage: &str, subject: &str| {
        let step = steps.iter().find(|step| step["stage"] == stage && step["subject"] == subject);
        step.map(|step| step["said"].as_str().expect("text")).unwrap_or_else(|| panic!("{subject}: {}", ended.out))
    };
    assert_eq!(said("person", "userID"), "from the claim \"Id\"");
    assert_eq!(said("person", "fullName"), "nothing in the claim \"name\"");
    assert_eq!(said("claimValidationRules", "claimValidationRules[0]"), "holds");
    assert_eq!(said("mappers", "default/us-users"), "is for this person");
    assert_eq!(said("mappers", "default/administrators"), "the person is not in the group \"Administrators\"");
    assert_eq!(said("fields", "language"), "by the rule");
    assert_eq!(said("fields", "culture"), "the provider's default");
    assert_eq!(said("fields", "timeZone"), "the organization's default");
}

#[tokio::test]
async fn people_read_the_steps_by_their_stages_and_the_user_last() {
    let dir = directory(&[("a.yaml", &format!("{ORGANIZATION}---\n{PROVIDER}---\n{MAPPERS}"))]);
    let ended = simulate(dir.path(), &bob(), &[]).await;
    assert_eq!((ended.status, &*ended.err), (0, ""));
    let parts = [
        "Person: what the claims say\n  userID = \"4711\": from the claim \"Id\"\n",
        "\n\nMappers\n",
        "\n\nNames, language and the like\n",
        "\nAssumed: the claims are all that the provider says, and verified; the person signs in for the first time;",
        "\nThe person would be signed in as\n{\n  \"userName\": \"bob.adams\"",
    ];
    let places: Vec<_> =
        parts.iter().map(|part| ended.out.find(part).unwrap_or_else(|| panic!("{part}: {}", ended.out))).collect();
    assert!(places.is_sorted(), "{}", ended.out);
}

#[tokio::test]
async fn whoever_would_not_get_in_is_told_why() {
    let mut nobody = bob();
    nobody["UserGroups"] = json!(["Sales"]);
    let mut guest = bob();
    guest["Id"] = json!("0");
    let mut nameless = bob();
    nameless.as_object_mut().expect("claims").remove("Username");
    type Edit = fn(String) -> String;
    let as_it_is: Edit = |text| text;
    let suspended: Edit = |text| text.replace("  users:", "  suspend: true\n  users:");
    let broken: Edit = |text| text.replace("Users\\\" in", "Users\\\" in in").replace("claims.Id !=", "claims.Id =!");
    for (claims, edit, expected) in [
        (&nobody, as_it_is, "MappedOnly"),
        (
            &guest,
            as_it_is,
            "claimValidationRules[0] of the provider does not hold; people are told: Guests stay outside.",
        ),
        (&nameless, as_it_is, "the claim \"Username\""),
        (&bob(), suspended, "spec.suspend is true"),
        (&bob(), broken, "the provider is not accepted: spec.claimValidationRules[0]"),
    ] {
        let ended = simulated(claims, edit).await;
        assert_eq!(ended.status, 1, "{expected}: {}{}", ended.out, ended.err);
        let report = ended.json();
        let refused = report["refused"].as_str().expect("a reason");
        assert!(refused.contains(expected), "{expected}: {refused}");
        assert_eq!(report["user"], Value::Null);
    }
}

#[tokio::test]
async fn a_mapper_that_is_not_served_says_why() {
    let ended =
        simulated(&bob(), |text| text.replace("grant: {groups: [us-users]}", "grant: {groups: [uk-users]}")).await;
    assert_eq!(ended.status, 1, "the only mapper that would let him in is not served");
    let notes = ended.json()["notes"].clone();
    let note = notes[0].as_str().expect("a note");
    assert!(
        note.starts_with("the IdpMapper default/us-users is not served: spec.grant.groups: \"uk-users\""),
        "{note}"
    );
}

#[tokio::test]
async fn what_cannot_be_simulated_says_what_to_write() {
    let dir = directory(&[("a.yaml", PROVIDER), ("token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2VjcmV0")]);
    for (arguments, expected) in [
        (&["--provider", "azure", "--claims", "-", "."][..], "a namespace"),
        (&["--provider", "azure", "--claims", "-", "."], "default/contoso"),
        (&["--provider", "contoso", "--claims", "token", "."], "this is a token, not its claims"),
        (&["--provider", "contoso", "--claims", "nowhere", "."], "--claims nowhere"),
        (&["--provider", "contoso", "--claims", "-", "nowhere"], "nowhere: No such file"),
        (&["--provider", "contoso", "--claims", "-", "-"], "standard input can be only one of the two"),
    ] {
        let arguments: Vec<_> = ["simulate"].iter().chain(arguments).copied().collect();
        let ended = run_with_input(dir.path(), &arguments, "{}").await;
        assert_eq!((ended.status, &*ended.out), (2, ""), "{arguments:?}");
        let expected = expected.replace("a namespace", "--namespace");
        assert!(ended.err.contains(&expected) && !ended.err.contains("c2VjcmV0"), "{arguments:?}: {}", ended.err);
    }
}

#[tokio::test]
async fn a_file_that_is_broken_is_told_beside() {
    let dir = directory(&[("a.yaml", PROVIDER), ("b.yaml", "a: ["), ("bob.yaml.txt", "Id: '1'\nUsername: bob\n")]);
    let arguments = ["simulate", "--provider", "contoso", "--claims", "bob.yaml.txt", "."];
    let ended = run(dir.path(), &arguments).await;
    assert!(ended.err.contains("b.yaml:2:1: cannot be read as YAML"), "{}", ended.err);
    assert_eq!(ended.status, 1, "{}", ended.out);
    let arguments = ["simulate", "--provider", "contoso", "--claims", "bob.yaml.txt", "--output", "json", "."];
    let notes = run(dir.path(), &arguments).await.json()["notes"].to_string();
    assert!(
        notes.contains("left out: ./b.yaml:2:1: cannot be read as YAML") || notes.contains("left out: b.yaml:2:1"),
        "{notes}"
    );
}

/// The example in other products' own words.
#[tokio::test]
async fn bob_adams_of_the_example_has_english_and_his_group() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mapped-groups");
    let of = |name: &str, groups: &[&str]| json!({"Id": "1017", "Username": name, "UserGroups": groups});
    for (claims, expected) in [
        (of("bob.adams", &["US Users"]), Some(json!([false, ["us-users"], "en"]))),
        (of("ada", &["Administrators"]), Some(json!([true, [], "de"]))),
        (of("stranger", &["Sales"]), None),
    ] {
        let ended = simulate(&example, &claims, &["--output", "json"]).await;
        let user = ended.json()["user"].clone();
        let found = user.is_object().then(|| json!([user["administrator"], user["groups"], user["language"]]));
        assert_eq!((found, ended.status), (expected.clone(), i32::from(expected.is_none())), "{}", ended.out);
    }
}
