//! What the API server holds Latchkey's kinds to beyond one manifest: the CRDs themselves, and what never changes.

use http::{HeaderMap, Request};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, ResourceExt,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    client::Body,
};
use latchkey::api::{IdentityProvider, Organization, crds};
use serde_json::{Value, json};

use crate::support::cluster::{Cluster, Namespace};

const IMMUTABLE_KEY: &str = "spec.key: Invalid value: is immutable, because it is part of the URIs that are registered at the provider: write the former key, or delete this IdentityProvider and create it anew; people stay the users that they are, and sign in again";
const IMMUTABLE_ORGANIZATION: &str = "spec.organizationRef: Invalid value: is immutable, because users belong to one organization: write the former name, or delete this IdentityProvider and create it anew; whoever signs in then becomes a user of the other organization";
const IMMUTABLE_ID: &str = "spec.id: Invalid value: is immutable, because it is part of every URL of the organization: write the former id, or delete this Organization and create it anew under the same metadata.name, which keeps its users; then register the new redirect URIs";

#[tokio::test]
async fn the_api_server_has_nothing_to_say_against_the_crds() {
    let namespace = Cluster::shared().await.namespace().await;
    for crd in crds() {
        let name = crd.name_any();
        assert_eq!(warnings(&namespace, &crd).await, Vec::<String>::new(), "{name}");
        let installed: Api<CustomResourceDefinition> = Api::all(namespace.client.clone());
        let status = installed.get(&name).await.expect("the CRD").status.expect("a status");
        let conditions = status.conditions.unwrap_or_default();
        let mut true_ones: Vec<_> =
            conditions.iter().filter(|one| one.status == "True").map(|one| one.type_.as_str()).collect();
        true_ones.sort_unstable();
        assert_eq!(true_ones, ["Established", "NamesAccepted"], "{name}: {conditions:?}");
    }
}

/// What `kubectl apply` would print beside its success.
async fn warnings(namespace: &Namespace, crd: &CustomResourceDefinition) -> Vec<String> {
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}", crd.name_any());
    let request = Request::patch(format!("{path}?fieldManager=warnings&force=true&dryRun=All&fieldValidation=Strict"))
        .header("Content-Type", "application/apply-patch+yaml")
        .body(Body::from(serde_json::to_vec(crd).expect("JSON")))
        .expect("a request");
    let response = namespace.client.send(request).await.expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
    let said = |headers: &HeaderMap| headers.get_all("Warning").iter().map(|value| format!("{value:?}")).collect();
    said(response.headers())
}

/// The API server bounds what each rule, and all of a kind, may cost with values as large as the schema lets them be.
/// Other versions of it may reckon otherwise.
#[tokio::test]
async fn every_rule_could_cost_three_times_what_it_does() {
    let namespace = Cluster::shared().await.namespace().await;
    let installed: Api<CustomResourceDefinition> = Api::all(namespace.client.clone());
    for crd in crds() {
        let mut thrice = serde_json::to_value(&crd).expect("JSON");
        repeat_rules(&mut thrice["spec"]["versions"][0]["schema"]["openAPIV3Schema"]);
        let (name, dry_run) = (crd.name_any(), PatchParams::apply("costs").force().dry_run());
        let answer = installed.patch(&name, &dry_run, &Patch::Apply(&thrice)).await;
        assert!(answer.is_ok(), "{name}: {}", answer.expect_err("a refusal"));
    }
}

fn repeat_rules(schema: &mut Value) {
    for rule in schema["x-kubernetes-validations"].as_array_mut().into_iter().flatten() {
        let once = format!("({})", rule["rule"].as_str().expect("a rule"));
        rule["rule"] = [once.as_str(); 3].join(" && ").into();
    }
    schema["properties"].as_object_mut().into_iter().flatten().for_each(|(_, property)| repeat_rules(property));
    if let Some(items) = schema.get_mut("items") {
        repeat_rules(items);
    }
}

#[tokio::test]
async fn a_provider_changes_where_it_is_and_how_it_is_asked_at_will() {
    let (_namespace, providers) = existing::<IdentityProvider>(&provider("azure", json!({}))).await;
    let entry = |key: &str| json!({"name": "contoso", "key": key});
    for spec in [
        json!({"type": "Okta", "issuer": null, "domain": "contoso.okta.com", "authorizationServerID": "aus1"}),
        json!({"domain": "sso.contoso.com", "authorizationServerID": "aus2"}),
        json!({"type": "Auth0", "authorizationServerID": null}),
        json!({"type": "Entra", "domain": null, "tenantID": "contoso.onmicrosoft.com"}),
        json!({"tenantID": "72f988bf-86f1-41af-91ab-2d7cd011db47"}),
        json!({"type": "Keycloak", "tenantID": null, "domain": "sso.contoso.com", "realm": "acme"}),
        json!({"realm": "staff"}),
        json!({"type": "Google", "domain": null, "realm": null}),
        json!({"type": null, "discovery": {"url": "https://login.contoso.com/.well-known/openid-configuration"}}),
        json!({"issuer": "https://login.contoso.com", "discovery": {"mode": "Manual", "url": null}, "endpoints": {
            "authorization": "https://login.contoso.com/a", "token": "https://login.contoso.com/t", "jwks": "https://login.contoso.com/k"
        }}),
        json!({"discovery": {"mode": "Auto", "staleGracePeriod": "1h"}, "endpoints": {"jwks": null}}),
        json!({"client": {"authMethod": "ClientSecretJwt", "secretRef": entry("new"), "previousSecretRef": entry("old")}}),
        json!({"client": {"authMethod": null, "id": null, "idRef": entry("id"), "previousSecretRef": null}}),
        json!({"client": {"authMethod": "PrivateKeyJwt", "secretRef": null, "privateKeyRef": entry("key")}}),
        json!({"authorization": {
            "responseType": "Code", "responseMode": "FormPost", "scopes": ["openid email"], "pkce": "Required",
            "pushedAuthorizationRequests": "Required", "prompt": ["Login"], "maxAge": "8h", "acrValues": ["phr"],
            "uiLocales": ["de"], "extraParameters": [{"name": "hd", "value": "contoso.com"}], "sendLoginHint": false
        }}),
        json!({"authorization": {
            "responseType": "IdToken", "responseMode": "Auto", "scopes": ["openid"], "pkce": "Auto",
            "pushedAuthorizationRequests": "Disabled", "prompt": ["None"], "maxAge": "0s", "acrValues": ["phrh"],
            "uiLocales": ["en"], "extraParameters": [{"name": "hd", "value": "contoso.de"}], "sendLoginHint": true
        }}),
        json!({"authorization": null, "discovery": null, "endpoints": null}),
        json!({"jwtBearer": {"maxTokenAge": "10m"}}),
        json!({"client": null}),
        json!({"client": {"id": "latchkey", "secretRef": entry("new")}, "jwtBearer": null}),
    ] {
        accepted(&providers, "azure", spec).await;
    }
}

#[tokio::test]
async fn a_provider_never_changes_its_key() {
    let (_namespace, providers) = existing::<IdentityProvider>(&provider("azure", json!({}))).await;
    refused(&providers, "azure", json!({"key": "entra"}), IMMUTABLE_KEY).await;
    // The default, written down and left out again, is no change.
    accepted(&providers, "azure", json!({"key": "azure"})).await;
    accepted(&providers, "azure", json!({"displayName": "Contoso Ltd"})).await;
    accepted(&providers, "azure", json!({"key": null})).await;

    let (_namespace, providers) = existing::<IdentityProvider>(&provider("azure", json!({"key": "entra"}))).await;
    refused(&providers, "azure", json!({"key": "Entra"}), IMMUTABLE_KEY).await;
    refused(&providers, "azure", json!({"key": null}), IMMUTABLE_KEY).await;
    accepted(&providers, "azure", json!({"suspend": true, "discovery": {"interval": "5m"}})).await;
}

#[tokio::test]
async fn a_provider_never_changes_its_organization() {
    let (_namespace, providers) = existing::<IdentityProvider>(&provider("azure", json!({}))).await;
    refused(&providers, "azure", json!({"organizationRef": {"name": "acme"}}), IMMUTABLE_ORGANIZATION).await;
    accepted(&providers, "azure", json!({"organizationRef": {"name": "default"}})).await;
    accepted(&providers, "azure", json!({"organizationRef": null, "displayName": "Contoso Ltd"})).await;

    let spec = json!({"organizationRef": {"name": "acme"}});
    let (_namespace, providers) = existing::<IdentityProvider>(&provider("azure", spec)).await;
    refused(&providers, "azure", json!({"organizationRef": null}), IMMUTABLE_ORGANIZATION).await;
    refused(&providers, "azure", json!({"organizationRef": {"name": "other"}}), IMMUTABLE_ORGANIZATION).await;
    accepted(&providers, "azure", json!({"description": "for the staff"})).await;
}

#[tokio::test]
async fn an_organization_never_changes_its_id() {
    let (_namespace, organizations) = existing::<Organization>(&organization("acme", json!({}))).await;
    refused(&organizations, "acme", json!({"id": "acme-eu"}), IMMUTABLE_ID).await;
    accepted(&organizations, "acme", json!({"id": "acme"})).await;
    accepted(&organizations, "acme", json!({"id": null, "displayName": "Acme"})).await;

    let (_namespace, organizations) = existing::<Organization>(&organization("acme", json!({"id": "acme-eu"}))).await;
    refused(&organizations, "acme", json!({"id": null}), IMMUTABLE_ID).await;
    accepted(&organizations, "acme", json!({"roles": [{"name": "admin"}]})).await;

    // Its id is that of its namespace, which rules do not see: what is absent stays so.
    let (_namespace, organizations) = existing::<Organization>(&organization("default", json!({}))).await;
    refused(&organizations, "default", json!({"id": "default"}), IMMUTABLE_ID).await;
    accepted(&organizations, "default", json!({"displayName": "Acme"})).await;
}

#[tokio::test]
async fn a_status_is_written_whatever_never_changes() {
    let (_namespace, providers) = existing::<IdentityProvider>(&provider("azure", json!({"key": "entra"}))).await;
    let status = json!({"status": {"observedGeneration": 1, "key": "entra"}});
    providers.patch_status("azure", &PatchParams::default(), &Patch::Merge(&status)).await.expect("written");
}

fn provider(name: &str, more: Value) -> Value {
    let spec = json!({
        "displayName": "Contoso", "issuer": "https://login.contoso.com", "client": {"id": "latchkey", "authMethod": "None"}
    });
    object("IdentityProvider", name, spec, more)
}

fn organization(name: &str, spec: Value) -> Value {
    object("Organization", name, json!({}), spec)
}

fn object(kind: &str, name: &str, mut spec: Value, more: Value) -> Value {
    let (Value::Object(spec_fields), Value::Object(more)) = (&mut spec, more) else { panic!("fields") };
    spec_fields.extend(more);
    json!({"apiVersion": "latchkey.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

/// Created in a namespace of its own.
async fn existing<K: kube::Resource<DynamicType = ()>>(object: &Value) -> (Namespace, Api<DynamicObject>) {
    let namespace = Cluster::shared().await.namespace().await;
    let api = Api::namespaced_with(namespace.client.clone(), &namespace.name, &ApiResource::erase::<K>(&()));
    let object: DynamicObject = serde_json::from_value(object.clone()).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("created");
    (namespace, api)
}

async fn accepted(api: &Api<DynamicObject>, name: &str, spec: Value) {
    edit(api, name, &spec).await.unwrap_or_else(|causes| panic!("{spec}: {causes:?}"));
}

async fn refused(api: &Api<DynamicObject>, name: &str, spec: Value, cause: &str) {
    assert_eq!(edit(api, name, &spec).await.expect_err("a refusal"), [cause], "{spec}");
}

/// As `kubectl patch --type merge` does; the causes of a refusal.
async fn edit(api: &Api<DynamicObject>, name: &str, spec: &Value) -> Result<(), Vec<String>> {
    let patch = Patch::Merge(json!({"spec": spec}));
    match api.patch(name, &PatchParams::default(), &patch).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) => {
            let causes = status.details.map(|details| details.causes).unwrap_or_default();
            Err(causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect())
        }
        Err(error) => panic!("{error}"),
    }
}
