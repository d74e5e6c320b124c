//! What stands in the tests of a mapper is any JSON, and means the same wherever the manifest is read.

use serde_json::json;

use crate::support::{latchkey::Latchkey, source::On};

on_both_sources! {
    numbers_and_texts_in_claims_are_those_that_json_has,
    a_null_is_a_value,
}

const PROVIDER: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdentityProvider
metadata: {name: azure}
spec:
  displayName: Contoso
  issuer: https://login.contoso.example
  client: {id: latchkey, authMethod: None}
";

/// A claim as YAML, and the text that it equals.
const CLAIMS: &[(&str, &str)] = &[
    ("1", "1"),
    ("1.0", "1"),
    ("-0.0", "0"),
    ("1e3", "1000"),
    ("0.5", "0.5"),
    ("1.50", "1.5"),
    ("0x1F", "31"),
    ("-7", "-7"),
    ("9007199254740993", "9007199254740993"),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "9223372036854776000"),
    ("18446744073709551615", "1.8446744073709552e+19"),
    ("1e30", "1e+30"),
    ("true", "true"),
    ("'yes'", "yes"),
    ("2026-11-22", "2026-11-22"),
    ("'1.0'", "1.0"),
    ("ü😀", "ü😀"),
    ("\"\\U0001F600\\u00e4\"", "😀ä"),
    ("\"a\\tb\"", "a\tb"),
    ("[x, 1.0, {y: z}]", "1"),
];

async fn numbers_and_texts_in_claims_are_those_that_json_has(on: On) {
    let mapper = |(index, (claim, value)): (usize, &(&str, &str))| {
        let value = json!(value);
        format!(
            "---\napiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: claim-{index}}}\nspec:\n  \
             identityProviderRefs: [{{name: azure}}]\n  when: {{claim: {{key: given, value: {value}}}}}\n  grant: {{}}\n  \
             tests:\n    - name: equal\n      claims: {{sub: \"1\", given: {claim}}}\n      expect: {{matches: true}}\n"
        )
    };
    let mappers: String = CLAIMS.iter().enumerate().map(mapper).collect();
    let latchkey = Latchkey::start_on(on, &[("all.yaml", &format!("{PROVIDER}{mappers}"))]).await;
    for (index, (claim, value)) in CLAIMS.iter().enumerate() {
        let name = format!("claim-{index}");
        let passed = crate::support::wait_for(&format!("{claim} is tested"), async || {
            latchkey.condition("idpmapper", &name, "TestsPassed").await.filter(|passed| passed.status != "Unknown")
        })
        .await;
        assert_eq!(passed.status, "True", "{claim} is {value}: {}", passed.message);
    }
}

async fn a_null_is_a_value(on: On) {
    let mapper = |name: &str, expression: &str, claims: &str, expect: &str| {
        format!(
            "---\napiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: {name}}}\nspec:\n  \
             identityProviderRefs: [{{name: azure}}]\n  when: {{expression: '{expression}'}}\n  \
             attributes: [{{target: title, from: {{claim: jobTitle}}}}]\n  \
             tests:\n    - {{name: a null, claims: {claims}, expect: {expect}}}\n"
        )
    };
    let claims = "{sub: \"1\", jobTitle: CTO, nothing: null, deep: [{inner: ~, list: [null]}]}";
    let there = "claims.nothing == null && claims.deep[0].inner == null && size(claims.deep[0].list) == 1";
    let files = [
        PROVIDER.to_owned(),
        mapper("claims", there, claims, "{matches: true}"),
        mapper("nothing", "true", "{sub: \"1\", jobTitle: null}", "{attributes: {title: null}}"),
        mapper("something", "has(claims.sub)", claims, "{attributes: {title: null}}"),
    ]
    .concat();
    let latchkey = Latchkey::start_on(on, &[("all.yaml", &files)]).await;
    for name in ["claims", "nothing"] {
        latchkey.wait_for_condition("idpmapper", name, ["TestsPassed", "True", "Succeeded"]).await;
    }
    let failed = latchkey.wait_for_condition("idpmapper", "something", ["TestsPassed", "False", "TestsFailed"]).await;
    assert!(failed.contains("attributes.title: expected null, got \"CTO\""), "{failed}");
}
