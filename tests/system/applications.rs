//! The applications of organizations: what they refer to may be missing, late or changed, and nobody else waits for it.

use crate::support::{AT_ONCE, fake::Fake, latchkey::Latchkey, manifests, source::On, visitor::Visitor, wait_within};

on_both_sources! {
    an_application_is_resolved_once_its_secret_and_its_provider_are_there,
    only_a_provider_of_the_organization_that_takes_id_tokens_counts,
}

const ORGANIZATION: &str = "organization";
const READY: [&str; 3] = ["Ready", "True", "Succeeded"];
const RESOLVED: [&str; 3] = ["ResolvedRefs", "True", "Succeeded"];
const NO_SECRET: &str = "SecretNotFound";
const NO_PROVIDER: &str = "IdentityProviderNotFound";
const VALUE: &str = "what-an-application-shows";

fn with_applications(applications: &str) -> String {
    format!("{}  applications:\n{applications}", manifests::ORGANIZATION)
}

fn secret() -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: reports, labels: {{latchkey.dev/usable: \"true\"}}}}\nstringData: {{secret: {VALUE}}}\n"
    )
}

/// Waits until this is what the condition says; `Ready` says the same.
async fn unresolved(latchkey: &Latchkey, reason: &str, told: &[&str]) {
    let message = wait_within(AT_ONCE, &format!("{reason} {told:?}"), async || {
        let resolved = latchkey.condition(ORGANIZATION, "default", "ResolvedRefs").await?;
        let as_told = told.iter().all(|told| resolved.message.contains(told));
        (resolved.status == "False" && resolved.reason == reason && as_told).then_some(resolved.message)
    })
    .await;
    assert!(!message.contains(VALUE), "{message}");
    let ready = latchkey.condition(ORGANIZATION, "default", "Ready").await.expect("Ready");
    assert_eq!((&*ready.status, &*ready.reason, ready.message), ("False", reason, message));
}

async fn is_served(latchkey: &Latchkey) {
    assert_eq!(Visitor::new().get(&latchkey.at("logout")).await.status, 200, "the organization is served");
}

async fn an_application_is_resolved_once_its_secret_and_its_provider_are_there(on: On) {
    let fake = Fake::start().await;
    let applications = "    - {clientID: reports, secretRef: {name: reports, key: secret}, identityProviders: [{name: demo, audiences: [reports]}]}\n";
    let latchkey = Latchkey::start_on(on, &[("organization.yaml", &with_applications(applications))]).await;
    latchkey.wait_for_condition(ORGANIZATION, "default", ["ResolvedRefs", "False", NO_SECRET]).await;
    let both = [
        "spec.applications[0].secretRef: there is no Secret \"reports\"",
        "spec.applications[0].identityProviders[0].name: there is no IdentityProvider \"demo\"",
    ];
    unresolved(&latchkey, NO_SECRET, &both).await;
    assert!(latchkey.condition(ORGANIZATION, "default", "Reconciling").await.is_some(), "they may come later");
    is_served(&latchkey).await;
    let status = latchkey.status(ORGANIZATION, "default").await.expect("a status");
    assert_eq!(status["tokenURL"], latchkey.at("token"));
    assert_eq!(status["jwksURI"], latchkey.at(".well-known/jwks.json"));

    let good = secret();
    for (secret, reason) in [
        (good.replace("labels:", "annotations:"), "SecretNotUsable"),
        (good.replace(" {secret:", " {other:"), "SecretKeyMissing"),
        (good.replace(VALUE, "\"\""), "SecretNotUsable"),
    ] {
        latchkey.write("secret.yaml", &secret).await;
        unresolved(&latchkey, reason, &["spec.applications[0].secretRef", "\"reports\""]).await;
    }
    latchkey.write("secret.yaml", &good).await;
    unresolved(&latchkey, NO_PROVIDER, &both[1..]).await;

    let demo = manifests::provider("demo", &fake.issuer, "");
    latchkey.write("client.yaml", &manifests::usual_secret()).await;
    latchkey.write("demo.yaml", &demo).await;
    let without =
        ["spec.applications[0].identityProviders[0].name: the IdentityProvider \"demo\" has no spec.jwtBearer"];
    latchkey.wait_until_ready("demo").await;
    unresolved(&latchkey, NO_PROVIDER, &without).await;
    let bearer = format!("{demo}  jwtBearer: {{}}\n");
    latchkey.write("demo.yaml", &bearer).await;
    latchkey.wait_within_for_condition(AT_ONCE, ORGANIZATION, "default", RESOLVED).await;
    latchkey.wait_within_for_condition(AT_ONCE, ORGANIZATION, "default", READY).await;

    latchkey.write("demo.yaml", &demo).await;
    unresolved(&latchkey, NO_PROVIDER, &without).await;
    latchkey.write("demo.yaml", &bearer).await;
    latchkey.wait_within_for_condition(AT_ONCE, ORGANIZATION, "default", READY).await;
    latchkey.remove("secret.yaml").await;
    unresolved(&latchkey, NO_SECRET, &both[..1]).await;
    latchkey.write("secret.yaml", &good).await;
    latchkey.remove("demo.yaml").await;
    unresolved(&latchkey, NO_PROVIDER, &both[1..]).await;
    is_served(&latchkey).await;
    assert!(!latchkey.log().contains(VALUE), "the secret is in the log");
}

async fn only_a_provider_of_the_organization_that_takes_id_tokens_counts(on: On) {
    let fake = Fake::start().await;
    let named = |name: &str| format!("{{name: {name}, audiences: [desktop]}}");
    let providers = ["theirs", "ours", "missing"].map(named).join(", ");
    let applications = format!("    - {{clientID: desktop, identityProviders: [{providers}]}}\n");
    let bearer =
        |name: &str, more: &str| manifests::provider(name, &fake.issuer, &format!("  jwtBearer: {{}}\n{more}"));
    let files = [
        ("organization.yaml", &*with_applications(&applications)),
        ("globex.yaml", crate::home_realm::GLOBEX),
        ("secret.yaml", &manifests::usual_secret()),
        ("ours.yaml", &bearer("ours", "")),
        ("theirs.yaml", &bearer("theirs", crate::home_realm::AT_GLOBEX)),
    ];
    let latchkey = Latchkey::start_on(on, &files).await;
    latchkey.wait_for_condition(ORGANIZATION, "default", ["ResolvedRefs", "False", NO_PROVIDER]).await;
    let told = [
        "spec.applications[0].identityProviders[0].name: the IdentityProvider \"theirs\" belongs to the Organization \"globex\"",
        "spec.applications[0].identityProviders[2].name: there is no IdentityProvider \"missing\"",
    ];
    unresolved(&latchkey, NO_PROVIDER, &told).await;
    latchkey.wait_for_condition(ORGANIZATION, "globex", READY).await;
    latchkey.write("missing.yaml", &bearer("missing", "")).await;
    // It belongs to one organization for ever: another one is another provider.
    latchkey.remove("theirs.yaml").await;
    unresolved(&latchkey, NO_PROVIDER, &["there is no IdentityProvider \"theirs\""]).await;
    latchkey.write("theirs.yaml", &bearer("theirs", "")).await;
    latchkey.wait_within_for_condition(AT_ONCE, ORGANIZATION, "default", READY).await;
}
