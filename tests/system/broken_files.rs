//! Manifests that cannot be used: the log says where and what to write instead, and everything else goes on.

use serde_json::Value;

use crate::support::{AT_ONCE, fake::Fake, latchkey::Latchkey, manifests, visitor::Visitor, wait_for, wait_within};

const IDP: &str = "identityprovider";

async fn wait_for_log(latchkey: &Latchkey, text: &str) {
    wait_for(&format!("the log has {text:?}"), async || latchkey.log().contains(text).then_some(())).await;
}

/// Whether the sign-in page offers exactly these, or leads straight to the only one.
async fn wait_for_offers(latchkey: &Latchkey, names: &[&str]) {
    wait_within(AT_ONCE, &format!("the sign-in page offers {names:?}"), async || {
        let answer = Visitor::new().get(&latchkey.at("login")).await;
        if let [name] = names {
            return (answer.location()? == latchkey.at(&format!("login/{name}"))).then_some(());
        }
        let page = answer.body;
        let offered = page.matches("href=\"/o/default/login/").count();
        let all = names.iter().all(|name| page.contains(&format!("href=\"/o/default/login/{name}\"")));
        (all && offered == names.len()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_file_that_breaks_keeps_its_last_good_objects_and_harms_no_other() {
    let fake = Fake::start().await;
    let secret = manifests::usual_secret();
    let (one, two) = (manifests::provider("one", &fake.issuer, ""), manifests::provider("two", &fake.issuer, ""));
    let latchkey = Latchkey::start(&[("secret.yaml", &secret), ("one.yaml", &one), ("two.yaml", &two)]).await;
    latchkey.wait_until_ready("one").await;
    latchkey.wait_until_ready("two").await;
    let faults = [
        (one.replace("  issuer:", "  isuer:"), "one.yaml:6:3", "did you mean \"issuer\"?"),
        (one.replace("displayName: Provider one", "displayName: [Provider, one]"), "one.yaml:5:16", "spec.displayName"),
        (format!("{one}  suspend: perhaps\n"), "one.yaml:9:12", "spec.suspend"),
        (one.replace("spec:", "spec: {"), "one.yaml:6:9", "YAML"),
        (
            one.replace("kind: IdentityProvider", "kind: IdentityProvidr"),
            "one.yaml:2:7",
            "did you mean \"IdentityProvider\"?",
        ),
        (one.replace("name: one}", "name: One}"), "one.yaml:3:18", "metadata.name"),
    ];
    for (text, place, said) in faults {
        latchkey.write("one.yaml", &text).await;
        wait_for_log(&latchkey, place).await;
        let log = latchkey.log();
        let line = log.lines().rfind(|line| line.contains(place)).expect("the line");
        assert!(line.contains(said) && line.contains("WARN"), "{line}");
        wait_for_offers(&latchkey, &["one", "two"]).await;
        latchkey.write("one.yaml", &one).await;
    }
    // What is good goes on being followed meanwhile.
    latchkey.write("one.yaml", "spec: [").await;
    latchkey.write("three.yaml", &manifests::provider("three", &fake.issuer, "")).await;
    latchkey.wait_until_ready("three").await;
    wait_for_offers(&latchkey, &["one", "three", "two"]).await;
    latchkey.remove("one.yaml").await;
    wait_for_offers(&latchkey, &["three", "two"]).await;
    assert!(!latchkey.log().contains("the-first-client-secret"), "the secret is in the log");
}

#[tokio::test]
async fn a_file_that_is_broken_from_the_start_is_said_and_taken_up_once_it_is_mended() {
    let fake = Fake::start().await;
    let secret = manifests::usual_secret();
    let (one, two) = (manifests::provider("one", &fake.issuer, ""), manifests::provider("two", &fake.issuer, ""));
    let broken = one.replace("  issuer:", "\tissuer:");
    let latchkey = Latchkey::start(&[("secret.yaml", &secret), ("one.yaml", &broken), ("two.yaml", &two)]).await;
    latchkey.wait_until_ready("two").await;
    wait_for_log(&latchkey, "one.yaml:5:16").await;
    wait_for_offers(&latchkey, &["two"]).await;
    latchkey.write("one.yaml", &one).await;
    latchkey.wait_until_ready("one").await;
    wait_for_offers(&latchkey, &["one", "two"]).await;
}

#[tokio::test]
async fn one_object_in_two_files_is_refused_in_both_until_one_is_gone() {
    let fake = Fake::start().await;
    let secret = manifests::usual_secret();
    let (first, second) = (
        manifests::provider("demo", &fake.issuer, ""),
        manifests::provider("demo", &fake.issuer, "  description: Another\n"),
    );
    let latchkey = Latchkey::start(&[("secret.yaml", &secret), ("a.yaml", &first), ("b.yaml", &second)]).await;
    wait_for_log(&latchkey, "a.yaml:1:1").await;
    wait_for_log(&latchkey, "b.yaml:1:1").await;
    wait_for_offers(&latchkey, &[]).await;
    latchkey.remove("b.yaml").await;
    latchkey.wait_until_ready("demo").await;
    latchkey.write("b.yaml", &second).await;
    wait_for("both files are told of again", async || {
        (latchkey.log().matches("[object/duplicate]").count() == 4).then_some(())
    })
    .await;
    wait_for_offers(&latchkey, &["demo"]).await;
}

#[tokio::test]
async fn an_immutable_field_that_changes_is_a_deletion_and_a_creation() {
    let fake = Fake::start().await;
    let secret = manifests::usual_secret();
    let demo = manifests::provider("demo", &fake.issuer, "  key: first\n");
    let latchkey = Latchkey::start(&[("secret.yaml", &secret), ("demo.yaml", &demo)]).await;
    latchkey.wait_until_ready("demo").await;
    wait_for_offers(&latchkey, &["first"]).await;
    latchkey.edit("demo.yaml", "key: first", "key: second").await;
    wait_for_offers(&latchkey, &["second"]).await;
    assert_eq!(Visitor::new().get(&latchkey.url("o/default/login/first")).await.status, 404);
    let status = latchkey.status(IDP, "demo").await.expect("a status").clone();
    assert_eq!(status["redirectURI"], Value::String(latchkey.url("o/default/callback/second")));
}
