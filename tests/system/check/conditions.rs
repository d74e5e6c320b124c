//! What `check` finds between objects: references, conflicts, expressions and tests.

use super::{directory, offline, run};
use crate::support::manifests;

const MAPPER: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: admins}
spec:
  identityProviderRefs:
    - name: demo
  when: {group: Administrators}
  grant:
    roles:
      - viewer
      - admin
  attributes:
    - target: title
      from: {claim: jobTitle}
  tests:
    - name: an administrator
      claims: {sub: \"1\", groups: [Administrators], jobTitle: CTO}
      expect: {matches: true, roles: [admin, viewer], administrator: true, attributes: {title: CTO}}
    - name: somebody else
      claims: {sub: \"1\", groups: [Others]}
      expect: {matches: false, roles: []}
";

fn provider(name: &str, more: &str) -> String {
    manifests::provider(name, "https://issuer.example.com", more)
}

/// What is found in these files, with the usual organization, provider, mapper and Secret beside them, and one text
/// replaced by another.
async fn found(from: &str, to: &str, more: &[(&str, &str)]) -> Vec<String> {
    let (provider, secret) = (provider("demo", ""), manifests::usual_secret());
    let files = [
        ("mapper.yaml", MAPPER),
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &provider),
        ("secret.yaml", &secret),
    ];
    let with = files.map(|(name, text)| (name, text.replace(from, to)));
    let all: Vec<_> = with.iter().map(|(name, text)| (*name, text.as_str())).chain(more.iter().copied()).collect();
    let ended = offline(directory(&all).path()).await;
    let findings = ended.findings();
    assert_eq!(ended.status, i32::from(!findings.is_empty()), "{}{}", ended.out, ended.err);
    findings
}

#[tokio::test]
async fn what_is_referred_to_must_exist() {
    for (from, to, expected) in [
        ("      - admin\n", "      - admn\n", "mapper.yaml:11:9 condition/ResolvedRefs/RoleNotFound"),
        (
            "    roles:\n",
            "    groups: [builders, all]\n    roles:\n",
            "mapper.yaml:9:24 condition/ResolvedRefs/GroupNotFound",
        ),
        ("- name: demo\n", "- name: other\n", "mapper.yaml:6:7 condition/ResolvedRefs/IdentityProviderNotFound"),
        (
            "  displayName: Provider demo",
            "  organizationRef: {name: other}\n  displayName: Provider demo",
            "provider.yaml:5:21 condition/Accepted/OrganizationNotFound",
        ),
        ("latchkey.dev/usable: \"true\"", "a: b", "provider.yaml:7:26 condition/ResolvedRefs/SecretNotUsable"),
        (
            "stringData: {client-secret:",
            "stringData: {other:",
            "provider.yaml:7:26 condition/ResolvedRefs/SecretKeyMissing",
        ),
    ] {
        let findings = found(from, to, &[]).await;
        assert!(findings.contains(&expected.to_owned()), "{expected}: {findings:?}");
    }
}

#[tokio::test]
async fn two_cannot_have_what_only_one_can() {
    let domains = "  trust: {assignedEmailDomains: [a.example.com, contoso.com]}\n";
    let other_attribute = MAPPER.replace("name: admins", "name: later").replace("claim: jobTitle", "claim: title");
    let other_attribute = other_attribute.split("  tests:").next().expect("a mapper").to_owned();
    let organization = |name: &str| manifests::ORGANIZATION.replace("name: default", name);
    for (from, to, more, expected) in [
        ("nothing", "", provider("zulu", "  key: demo\n"), "zz.yaml:9:3 condition/Accepted/KeyConflict"),
        (
            "nothing",
            "",
            provider("zulu", "").replace("Provider zulu", "Provider demo"),
            "zz.yaml:5:3 condition/Accepted/DisplayNameConflict",
        ),
        (
            "  authorization:",
            &format!("{domains}  authorization:"),
            provider("zulu", domains),
            "zz.yaml:9:34 condition/Accepted/DomainConflict",
        ),
        (
            "nothing",
            "",
            organization("name: default, namespace: b") + "  id: x\n---\n" + &organization("name: x"),
            "zz.yaml:20:1 condition/Accepted/IDConflict",
        ),
        ("nothing", "", other_attribute, "zz.yaml:13:7 condition/Accepted/Conflict"),
    ] {
        let findings = found(from, to, &[("zz.yaml", &more)]).await;
        assert!(findings.iter().any(|finding| finding == expected), "{expected}: {findings:?}");
    }
}

#[tokio::test]
async fn an_expression_must_compile() {
    for (from, to, expected) in [
        (
            "when: {group: Administrators}",
            "when: {expression: 'idpUser.groups.exists('}",
            "mapper.yaml:7:10 condition/Accepted/InvalidExpression",
        ),
        (
            "  authorization:",
            "  rules: {language: '\"de'}\n  authorization:",
            "provider.yaml:8:11 condition/Accepted/InvalidExpression",
        ),
    ] {
        let findings = found(from, to, &[]).await;
        assert!(findings.contains(&expected.to_owned()), "{expected}: {findings:?}");
    }
}

#[tokio::test]
async fn every_test_that_fails_is_told_with_what_was_expected() {
    let failing = MAPPER.replace("roles: []", "roles: [viewer]").replace("title: CTO}", "title: CEO}");
    let (provider, secret) = (provider("demo", ""), manifests::usual_secret());
    let dir = directory(&[
        ("mapper.yaml", &failing),
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &provider),
        ("secret.yaml", &secret),
    ]);
    let ended = run(dir.path(), &["check", "--offline", "."]).await;
    assert_eq!(ended.status, 1, "{}", ended.err);
    for expected in [
        "./mapper.yaml:16:7: error: spec.tests[0] \"an administrator\": attributes.title: expected \"CEO\", got \"CTO\"",
        "./mapper.yaml:19:7: error: spec.tests[1] \"somebody else\": roles: expected [viewer], got []",
        "[condition/TestsPassed/TestsFailed]\n  in: IdpMapper default/admins\n  hint: latchkey simulate",
        "3 objects, 2 tests, 2 findings; no provider was asked\n",
    ] {
        assert!(ended.out.contains(expected), "{expected}\n{}", ended.out);
    }
    assert_eq!(found("nothing", "", &[]).await, [""; 0], "the mapper as it is");
}

#[tokio::test]
async fn a_secret_that_is_elsewhere_is_a_note_and_fails_nothing() {
    let dir = directory(&[("provider.yaml", &provider("demo", ""))]);
    let ended = offline(dir.path()).await;
    assert_eq!(
        (ended.status, ended.findings()),
        (0, vec!["provider.yaml:7:26 reference/not-among-manifests".to_owned()])
    );
    let report = ended.json();
    assert_eq!(report["findings"][0]["severity"], "note");
    assert_eq!(report["summary"]["notes"], 1);
    let message = report["findings"][0]["message"].as_str().expect("a message");
    assert!(message.contains("\"demo-client\"") && message.contains("latchkey.dev/usable"), "{message}");
}

#[tokio::test]
async fn every_reference_of_an_application_that_leads_nowhere_is_told_where_it_stands() {
    const APPLICATIONS: &str = "
  applications:
    - clientID: reports
      secretRef: {name: elsewhere, key: secret}
      identityProviders:
        - name: demo
          audiences: [reports]
        - {name: missing, audiences: [reports]}
    - clientID: desktop
      identityProviders: [{name: theirs, audiences: [desktop]}]
    - clientID: batch
      secretRef: {name: demo-client, key: other}
      identityProviders: [{name: bearer, audiences: [batch]}]
";
    let theirs = provider("theirs", "  organizationRef: {name: globex}\n  jwtBearer: {}\n");
    let files = [
        ("organization.yaml", &*(manifests::ORGANIZATION.trim_end().to_owned() + APPLICATIONS)),
        ("globex.yaml", crate::home_realm::GLOBEX),
        ("demo.yaml", &provider("demo", "")),
        ("theirs.yaml", &theirs),
        ("bearer.yaml", &provider("bearer", "  jwtBearer: {}\n")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let ended = offline(directory(&files).path()).await;
    let expected = [
        "organization.yaml:17:7 reference/not-among-manifests",
        "organization.yaml:19:11 condition/ResolvedRefs/IdentityProviderNotFound",
        "organization.yaml:21:12 condition/ResolvedRefs/IdentityProviderNotFound",
        "organization.yaml:23:28 condition/ResolvedRefs/IdentityProviderNotFound",
        "organization.yaml:25:7 condition/ResolvedRefs/SecretKeyMissing",
    ];
    assert_eq!((ended.status, ended.findings()), (1, expected.map(str::to_owned).to_vec()));
    let findings = ended.json()["findings"].as_array().expect("findings").clone();
    let severities: Vec<_> = findings.iter().map(|finding| finding["severity"].as_str().expect("text")).collect();
    assert_eq!(severities, ["note", "error", "error", "error", "error"]);
}

#[tokio::test]
async fn organizations_may_have_external_urls_unless_the_operator_names_those_that_may_be() {
    let organization = manifests::ORGANIZATION.replace("spec:", "spec:\n  externalURL: https://login.acme.example");
    let dir = directory(&[("a.yaml", &organization)]);
    for (allowed, status) in [(None, 0), (Some("https://acme.example"), 0), (Some("https://other.example"), 1)] {
        let flag = allowed.map(|url| format!("--allowed-external-url={url}"));
        let arguments: Vec<_> = ["check", "--offline", "."].into_iter().chain(flag.as_deref()).collect();
        let ended = run(dir.path(), &arguments).await;
        assert_eq!(ended.status, status, "{allowed:?}: {}{}", ended.out, ended.err);
    }
}
