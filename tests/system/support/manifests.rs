//! The manifests that the tests begin with.

use super::provider::{CLIENT_ID, CLIENT_SECRET};

/// An organization with two roles and two groups.
pub const ORGANIZATION: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: default}
spec:
  displayName: Example Inc.
  roles:
    - {name: admin, administrator: true}
    - {name: viewer}
  groups:
    - {name: builders}
    - {name: everyone}
  signIn:
    title: Sign in to Example Inc.
    allowedReturnURLs: [https://app.example.com/]
";

/// Who gets what: admin and builders for engineering, viewer and everyone for all.
pub const MAPPERS: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: engineers}
spec:
  identityProviderRefs: [{name: demo}]
  when: {group: engineering}
  grant: {roles: [admin], groups: [builders]}
---
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: everyone}
spec:
  identityProviderRefs: [{name: demo}]
  grant: {roles: [viewer], groups: [everyone]}
";

/// A provider with a display name of its own, whose secret is in the Secret `demo-client`. `more` are lines of its
/// spec, indented by two spaces.
pub fn provider(name: &str, issuer: &str, more: &str) -> String {
    format!(
        "\
apiVersion: latchkey.dev/v1alpha1
kind: IdentityProvider
metadata: {{name: {name}}}
spec:
  displayName: Provider {name}
  issuer: {issuer}
  client: {{id: {CLIENT_ID}, secretRef: {{name: demo-client, key: client-secret}}}}
  authorization: {{scopes: [profile, email, groups]}}
{more}"
    )
}

/// The Secret `demo-client` that providers may use.
pub fn secret(value: &str) -> String {
    format!(
        "\
apiVersion: v1
kind: Secret
metadata: {{name: demo-client, labels: {{latchkey.dev/usable: \"true\"}}}}
stringData: {{client-secret: {value}}}
"
    )
}

/// The Secret with the value that the tests register.
pub fn usual_secret() -> String {
    secret(CLIENT_SECRET)
}
