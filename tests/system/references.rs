//! What manifests refer to: Secrets that are missing, unlabelled, late or changed, and providers, roles, groups and
//! organizations that are not there, or there twice.

use crate::support::{
    AT_ONCE,
    fake::Fake,
    latchkey::{LOCAL, Latchkey},
    manifests,
    provider::CLIENT_SECRET,
    source::{On, Source},
    visitor::Visitor,
    wait_for,
    world::World,
};

on_both_sources! {
    a_secret_counts_once_it_is_there_labelled_and_has_the_key,
    a_changed_secret_is_what_the_provider_is_shown_next,
    of_two_providers_with_one_key_or_name_the_first_serves_until_it_leaves,
    an_organization_that_is_not_there_holds_back_its_providers_alone,
    a_mapper_that_names_what_is_not_there_says_so_and_the_others_go_on,
    what_is_in_another_namespace_is_not_there,
}

const IDP: &str = "identityprovider";
const READY: [&str; 3] = ["Ready", "True", "Succeeded"];

async fn a_secret_counts_once_it_is_there_labelled_and_has_the_key(on: On) {
    let fake = Fake::start().await;
    let latchkey = Latchkey::start_on(on, &[("provider.yaml", &manifests::provider("demo", &fake.issuer, ""))]).await;
    let not_found = latchkey.wait_for_condition(IDP, "demo", ["ResolvedRefs", "False", "SecretNotFound"]).await;
    assert!(not_found.contains("spec.client.secretRef") && not_found.contains("demo-client"), "{not_found}");
    assert!(latchkey.condition(IDP, "demo", "Reconciling").await.is_some(), "a Secret may come later");
    assert_eq!(fake.count(crate::support::fake::DISCOVERY), 0, "nobody is asked before");

    let good = manifests::usual_secret();
    let cases = [
        (good.replace("labels:", "annotations:"), "SecretNotUsable"),
        (good.replace("\"true\"", "\"false\""), "SecretNotUsable"),
        (good.replace("client-secret:", "another:"), "SecretKeyMissing"),
        (good.replace(CLIENT_SECRET, "\"\""), "SecretNotUsable"),
        (good.replace("name: demo-client,", "name: demo-client, namespace: elsewhere,"), "SecretNotFound"),
    ];
    for (secret, reason) in cases {
        latchkey.write("secret.yaml", &secret).await;
        let message = latchkey.wait_within_for_condition(AT_ONCE, IDP, "demo", ["ResolvedRefs", "False", reason]).await;
        assert!(!message.contains(CLIENT_SECRET), "{message}");
    }
    latchkey.write("secret.yaml", &good).await;
    latchkey.wait_within_for_condition(AT_ONCE, IDP, "demo", READY).await;
    latchkey.remove("secret.yaml").await;
    latchkey.wait_within_for_condition(AT_ONCE, IDP, "demo", ["Ready", "False", "SecretNotFound"]).await;
    assert_eq!(Visitor::new().get(&latchkey.at("login/demo")).await.status, 503);
    assert!(!latchkey.log().contains(CLIENT_SECRET), "the secret is in the log");
}

async fn a_changed_secret_is_what_the_provider_is_shown_next(on: On) {
    let World { latchkey, provider } = World::start_on(on).await;
    let redirect_uri = latchkey.at("callback/demo");
    let (visitor, login) = (Visitor::new(), latchkey.at("login/demo"));
    for secret in ["a-second-secret-of-a-test", "a third: with \"marks\" & signs+%41", CLIENT_SECRET] {
        provider.register(secret, &[&redirect_uri]).await;
        // The provider takes pushed requests, so it is there that it sees the secret first.
        let refused = visitor.get(&login).await;
        crate::support::refusal::must_be_refused("the old secret", &latchkey, &refused, 502, "pushed_request");
        latchkey.write("secret.yaml", &manifests::secret(&serde_json::json!(secret).to_string())).await;
        crate::support::wait_within(AT_ONCE, "a login with the new secret", async || {
            (visitor.get(&login).await.status == 303).then_some(())
        })
        .await;
        visitor.sign_in(&latchkey, "demo", "alice").await;
    }
}

async fn of_two_providers_with_one_key_or_name_the_first_serves_until_it_leaves(on: On) {
    let fake = Fake::start().await;
    let secret = manifests::usual_secret();
    let first = manifests::provider("alpha", &fake.issuer, "  key: same\n");
    let latchkey = Latchkey::start_on(on, &[("secret.yaml", &secret), ("alpha.yaml", &first)]).await;
    latchkey.wait_for_condition(IDP, "alpha", READY).await;

    latchkey.write("beta.yaml", &manifests::provider("beta", &fake.issuer, "  key: same\n")).await;
    let message = latchkey.wait_for_condition(IDP, "beta", ["Accepted", "False", "KeyConflict"]).await;
    assert!(
        message.contains("spec.key") && message.contains(&format!("{}/alpha", latchkey.organization())),
        "{message}"
    );
    assert!(latchkey.condition(IDP, "beta", "Stalled").await.is_some());
    let namesake = manifests::provider("gamma", &fake.issuer, "").replace("Provider gamma", "Provider alpha");
    latchkey.write("gamma.yaml", &namesake).await;
    let message = latchkey.wait_for_condition(IDP, "gamma", ["Accepted", "False", "DisplayNameConflict"]).await;
    assert!(
        message.contains("spec.displayName") && message.contains(&format!("{}/alpha", latchkey.organization())),
        "{message}"
    );
    // Keys are case-sensitive, so this one is another.
    latchkey.write("delta.yaml", &manifests::provider("delta", &fake.issuer, "  key: SAME\n")).await;
    latchkey.wait_for_condition(IDP, "delta", READY).await;

    assert_eq!(latchkey.condition(IDP, "alpha", "Ready").await.expect("Ready").status, "True", "the older goes on");
    let page = Visitor::new().get(&latchkey.at("login")).await.body;
    assert_eq!((page.matches("Provider alpha").count(), page.matches("Provider beta").count()), (1, 0), "{page}");
    latchkey.remove("alpha.yaml").await;
    latchkey.wait_within_for_condition(AT_ONCE, IDP, "beta", READY).await;
    latchkey.wait_within_for_condition(AT_ONCE, IDP, "gamma", READY).await;
}

async fn an_organization_that_is_not_there_holds_back_its_providers_alone(on: On) {
    let fake = Fake::start().await;
    let secret = manifests::usual_secret();
    let of_acme = manifests::provider("of-acme", &fake.issuer, "  organizationRef: {name: acme}\n");
    let own = manifests::provider("own", &fake.issuer, "");
    let latchkey =
        Latchkey::start_on(on, &[("secret.yaml", &secret), ("acme.yaml", &of_acme), ("own.yaml", &own)]).await;
    latchkey.wait_for_condition(IDP, "own", READY).await;
    let message = latchkey.wait_for_condition(IDP, "of-acme", ["Accepted", "False", "OrganizationNotFound"]).await;
    assert!(message.contains("\"acme\""), "{message}");
    let acme = |name: &str, id: &str| {
        format!(
            "apiVersion: latchkey.dev/v1alpha1\nkind: Organization\nmetadata: {{name: {name}}}\n\
             spec: {{displayName: {name}, id: {id}}}\n"
        )
    };
    // That is the id of the organization that nobody declared.
    latchkey.write("organization.yaml", &acme("acme", latchkey.organization())).await;
    latchkey.wait_for_condition("organization", "acme", ["Accepted", "False", "IDConflict"]).await;
    latchkey.wait_for_condition(IDP, "of-acme", ["Accepted", "False", "OrganizationNotFound"]).await;
    // Immutable: another id is another Organization.
    latchkey.remove("organization.yaml").await;
    latchkey.write("organization.yaml", &acme("acme", "acme-inc")).await;
    latchkey.wait_for_condition(IDP, "of-acme", READY).await;
    let status = latchkey.status(IDP, "of-acme").await.expect("a status").clone();
    assert_eq!(status["redirectURI"], latchkey.url("o/acme-inc/callback/of-acme"));
    latchkey.write("other.yaml", &acme("other", "acme-inc")).await;
    let message = latchkey.wait_for_condition("organization", "other", ["Accepted", "False", "IDConflict"]).await;
    assert!(message.contains(&format!("{}/acme", latchkey.organization())), "{message}");
    // Two organizations: whoever comes is asked for theirs.
    let home = Visitor::new().get(&latchkey.url("")).await;
    assert!(home.status == 200 && home.body.contains("Which organization do you belong to?"), "{}", home.body);
    let discover = latchkey.url("discover");
    let chosen = Visitor::new().post(&discover, &[("identifier", "Acme-Inc")]).await;
    assert_eq!(chosen.location(), Some(latchkey.url("o/acme-inc/login")));
    let wrong = Visitor::new().post(&discover, &[("identifier", "<b>m4rk</b>")]).await;
    assert!(wrong.status == 404 && !wrong.body.contains("<b>m4rk"), "{}", wrong.body);
}

async fn a_mapper_that_names_what_is_not_there_says_so_and_the_others_go_on(on: On) {
    let World { latchkey, provider: _provider } = World::start_on(on).await;
    let mapper = |name: &str, provider: &str, grant: &str| {
        format!(
            "apiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: {name}}}\n\
             spec: {{identityProviderRefs: [{{name: {provider}}}], grant: {grant}}}\n"
        )
    };
    let cases = [
        ("no-role", "demo", "{roles: [amdin]}", "RoleNotFound", "amdin"),
        ("no-group", "demo", "{groups: [nobody]}", "GroupNotFound", "nobody"),
        ("no-provider", "dmeo", "{roles: [admin]}", "IdentityProviderNotFound", "dmeo"),
    ];
    for (name, provider, grant, reason, said) in cases {
        latchkey.write(&format!("{name}.yaml"), &mapper(name, provider, grant)).await;
        let message = latchkey.wait_for_condition("idpmapper", name, ["Ready", "False", reason]).await;
        assert!(message.contains(said) && message.contains("spec."), "{message}");
    }
    let alice = Visitor::new();
    alice.sign_in(&latchkey, "demo", "alice").await;
    let session = alice.session(&latchkey).await.expect("alice is signed in");
    assert_eq!(session["roles"], serde_json::json!(["admin", "viewer"]), "the others go on");

    latchkey.edit("organization.yaml", "    - {name: viewer}\n", "    - {name: viewer}\n    - {name: amdin}\n").await;
    alice.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["admin", "amdin", "viewer"]).await;
    latchkey.wait_for_condition("idpmapper", "no-role", READY).await;
    // A role that leaves the organization leaves the people, whatever mappers grant it.
    latchkey.edit("organization.yaml", "    - {name: amdin}\n", "").await;
    alice.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["admin", "viewer"]).await;
    latchkey.wait_for_condition("idpmapper", "no-role", ["Ready", "False", "RoleNotFound"]).await;
}

async fn what_is_in_another_namespace_is_not_there(on: On) {
    let fake = Fake::start().await;
    let source = Source::new(on).await;
    let elsewhere = source.beside("elsewhere");
    let watched = ["--watch-namespace", &elsewhere];
    let flags = match on {
        On::Directory => LOCAL.to_vec(),
        On::Cluster => [LOCAL, &watched].concat(),
    };
    let theirs = |manifest: &str| manifest.replacen("metadata: {", "metadata: {namespace: elsewhere, ", 1);
    let provider = |name: &str, more: &str| manifests::provider(name, &fake.issuer, more);
    let acme =
        "apiVersion: latchkey.dev/v1alpha1\nkind: Organization\nmetadata: {name: acme}\nspec: {displayName: A}\n";
    let ca = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, labels: {latchkey.dev/usable: \"true\"}}\n";
    let mapper = |name: &str, provider: &str, grant: &str| {
        format!(
            "apiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: {name}}}\n\
             spec: {{identityProviderRefs: [{{name: {provider}}}], grant: {grant}}}\n"
        )
    };
    let files = [
        ("their-secret.yaml", theirs(&manifests::usual_secret())),
        ("their-ca.yaml", theirs(ca)),
        ("their-organization.yaml", theirs(manifests::ORGANIZATION)),
        ("their-acme.yaml", theirs(acme)),
        ("their-provider.yaml", theirs(&provider("theirs", ""))),
        ("no-secret.yaml", provider("no-secret", "")),
        ("no-ca.yaml", provider("no-ca", "  tls: {caBundleRef: {kind: ConfigMap, name: ca, key: ca.crt}}\n")),
        ("no-organization.yaml", provider("no-organization", "  organizationRef: {name: acme}\n")),
        ("no-provider.yaml", mapper("no-provider", "theirs", "{}")),
        ("no-role.yaml", mapper("no-role", "no-secret", "{roles: [admin]}")),
    ];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let latchkey = Latchkey::start_from(source, &flags, &files).await;
    latchkey.wait_for_condition(IDP, "no-secret", ["ResolvedRefs", "False", "SecretNotFound"]).await;
    latchkey.write("our-secret.yaml", &manifests::usual_secret()).await;
    latchkey.wait_for_condition(IDP, "no-secret", READY).await;
    wait_for("the CA is missed", async || {
        let condition = latchkey.condition(IDP, "no-ca", "ResolvedRefs").await?;
        (condition.status == "False" && condition.message.contains("there is no ConfigMap \"ca\"")).then_some(())
    })
    .await;
    latchkey.wait_for_condition(IDP, "no-organization", ["Accepted", "False", "OrganizationNotFound"]).await;
    latchkey.wait_for_condition("idpmapper", "no-provider", ["Ready", "False", "IdentityProviderNotFound"]).await;
    latchkey.wait_for_condition("idpmapper", "no-role", ["Ready", "False", "RoleNotFound"]).await;
    wait_for("it is good for what is there", async || {
        // Straight to the only one that is there.
        let answer = Visitor::new().get(&latchkey.url(&format!("o/{elsewhere}/login"))).await;
        (answer.location()? == latchkey.url(&format!("o/{elsewhere}/login/theirs"))).then_some(())
    })
    .await;
}
