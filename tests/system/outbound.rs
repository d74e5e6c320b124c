//! Where Latchkey goes and whom it trusts: TLS, http, and addresses that are not dialled.

use crate::support::{
    fake::{DISCOVERY, Fake},
    latchkey::Latchkey,
    manifests,
    visitor::Visitor,
};

const IDP: &str = "identityprovider";
/// As in production, but that this machine may be dialled.
const HTTPS_ONLY: &[&str] = &["--egress-allow", "127.0.0.0/8"];

fn config_map(certificate: &str, label: &str) -> String {
    let lines: String = certificate.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ca, labels: {{{label}: \"true\"}}}}\ndata:\n  ca.crt: |\n{lines}"
    )
}

const TRUST: &str = "  tls: {caBundleRef: {kind: ConfigMap, name: ca, key: ca.crt}}\n";
const USABLE: &str = "latchkey.dev/usable";

#[tokio::test]
async fn a_provider_is_trusted_by_the_bundle_that_its_manifest_names() {
    let (fake, certificate) = Fake::start_tls().await;
    let untrusted = manifests::provider("demo", &fake.issuer, "");
    let files = [("provider.yaml", &*untrusted), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_with(HTTPS_ONLY, &files).await;
    let message = latchkey.wait_for_condition(IDP, "demo", ["Ready", "False", "TLSUntrusted"]).await;
    assert!(message.contains("tls.caBundleRef"), "{message}");

    latchkey.write("provider.yaml", &manifests::provider("demo", &fake.issuer, TRUST)).await;
    latchkey.wait_for_condition(IDP, "demo", ["ResolvedRefs", "False", "SecretNotFound"]).await;
    latchkey.write("ca.yaml", &config_map(&certificate, "latchkey.dev/other")).await;
    latchkey.wait_for_condition(IDP, "demo", ["ResolvedRefs", "False", "SecretNotUsable"]).await;
    latchkey.write("ca.yaml", &config_map("no certificate", USABLE)).await;
    latchkey.wait_for_condition(IDP, "demo", ["ResolvedRefs", "False", "CABundleInvalid"]).await;
    latchkey.write("ca.yaml", &config_map(&certificate, USABLE)).await;
    latchkey.wait_until_ready("demo").await;

    // Other providers do not trust it by that.
    latchkey.write("other.yaml", &manifests::provider("other", &fake.issuer, "")).await;
    latchkey.wait_for_condition(IDP, "other", ["Ready", "False", "TLSUntrusted"]).await;
}

#[tokio::test]
async fn an_https_provider_with_http_endpoints_gets_no_secret() {
    let (fake, certificate) = Fake::start_tls().await;
    let files = [("ca.yaml", &*config_map(&certificate, USABLE)), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_with(HTTPS_ONLY, &files).await;
    for member in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        fake.behave(DISCOVERY);
        fake.announce(member, "http://127.0.0.1:9/insecure");
        let name = member.replace('_', "-");
        // One issuer is asked at most every half second; the interval makes it ask again for this document.
        let more = format!("{TRUST}  discovery: {{interval: 1s}}\n");
        latchkey.write("provider.yaml", &manifests::provider(&name, &fake.issuer, &more)).await;
        let message = latchkey.wait_for_condition(IDP, &name, ["Ready", "False", "InsecureEndpoint"]).await;
        assert!(message.contains(member) || message.contains("http URL"), "{message}");
        assert!(latchkey.condition(IDP, &name, "Stalled").await.is_some());
        let login =
            Visitor::new().get(&latchkey.url(&format!("o/default/login/{name}")).replace("https", "http")).await;
        assert_eq!(login.status, 503, "{member}");
    }
}

#[tokio::test]
async fn an_http_issuer_is_not_asked_unless_that_is_allowed() {
    let fake = Fake::start().await;
    let provider = manifests::provider("demo", &fake.issuer, "");
    let files = [("provider.yaml", &*provider), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_with(HTTPS_ONLY, &files).await;
    let message = latchkey.wait_for_condition(IDP, "demo", ["Ready", "False", "InsecureEndpoint"]).await;
    assert!(message.contains("https"), "{message}");
    assert!(latchkey.condition(IDP, "demo", "Stalled").await.is_some());
    assert_eq!(fake.count(DISCOVERY), 0);
}

#[tokio::test]
async fn an_http_endpoint_in_the_manifest_of_an_https_provider_is_not_asked() {
    let (fake, certificate) = Fake::start_tls().await;
    let files = [("ca.yaml", &*config_map(&certificate, USABLE)), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_with(HTTPS_ONLY, &files).await;
    let insecure = Fake::start().await;
    for field in ["authorization", "token", "jwks", "userInfo", "pushedAuthorization"] {
        let name = field.to_lowercase();
        let more = format!("{TRUST}  endpoints: {{{field}: '{}/insecure'}}\n", insecure.issuer);
        latchkey.write("provider.yaml", &manifests::provider(&name, &fake.issuer, &more)).await;
        let message = latchkey.wait_for_condition(IDP, &name, ["Ready", "False", "InsecureEndpoint"]).await;
        assert!(message.contains(&format!("spec.endpoints.{field}")), "{message}");
        assert!(latchkey.condition(IDP, &name, "Stalled").await.is_some());
    }
    assert_eq!(insecure.every_request().len(), 0);
}

#[tokio::test]
async fn this_machine_is_not_dialled_unless_that_is_allowed() {
    let fake = Fake::start().await;
    let provider = manifests::provider("demo", &fake.issuer, "");
    let files = [("provider.yaml", &*provider), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_with(&["--allow-http"], &files).await;
    let message = latchkey.wait_for_condition(IDP, "demo", ["Ready", "False", "EgressDenied"]).await;
    assert!(message.contains("--egress-allow"), "{message}");
    let other_names =
        ["http://localhost:1", "http://[::1]:1", "http://169.254.169.254", "http://0.0.0.0:1", "http://2130706433:1"];
    for (number, issuer) in other_names.into_iter().enumerate() {
        let name = format!("disguised-{number}");
        latchkey.write("disguised.yaml", &manifests::provider(&name, issuer, "")).await;
        latchkey.wait_for_condition(IDP, &name, ["Ready", "False", "EgressDenied"]).await;
    }
    assert_eq!(fake.count(DISCOVERY), 0);
}

#[tokio::test]
async fn over_https_cookies_are_secure_and_bound_to_the_host() {
    let (fake, certificate) = Fake::start_tls().await;
    let provider = manifests::provider("demo", &fake.issuer, TRUST);
    let files = [
        ("provider.yaml", &*provider),
        ("secret.yaml", &manifests::usual_secret()),
        ("ca.yaml", &config_map(&certificate, USABLE)),
    ];
    let latchkey = Latchkey::start_with(HTTPS_ONLY, &files).await;
    latchkey.wait_until_ready("demo").await;
    // As a proxy that ends TLS would ask.
    let answer = Visitor::new().get(&latchkey.url("o/default/login/demo").replacen("https", "http", 1)).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("strict-transport-security").is_some());
    let [cookie] = answer.set_cookies().try_into().expect("one cookie");
    assert!(cookie.name().starts_with("__Host-latchkey.login.default."), "{cookie}");
    assert_eq!(
        (cookie.secure(), cookie.http_only(), cookie.path(), cookie.domain()),
        (Some(true), Some(true), Some("/"), None)
    );
    assert!(answer.location().expect("a redirect").contains("redirect_uri=https%3A%2F%2F127.0.0.1"));
}
