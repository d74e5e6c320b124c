//! Installed, upgraded, uninstalled, installed again: with Helm, on a real API server. No pod runs there.

use std::{fs, path::Path, process::Command};

use k8s_openapi::{
    api::{apps::v1::Deployment, core::v1::Namespace, core::v1::Pod},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, ResourceExt,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    runtime::{conditions, wait::await_condition},
};
use latchkey::api::IdentityProvider;
use serde_json::json;
use tokio::time::timeout;

use super::values::everything;
use crate::support::{
    DEADLINE,
    cluster::Cluster,
    helm::{CHART, ENOUGH, Helm, api_of},
    wait_for,
};

const CRD: &str = "identityproviders.latchkey.dev";

/// The chart as it may have been before: a kind has another short name.
fn older_chart(dir: &Path) -> String {
    let chart = dir.join("latchkey");
    assert!(Command::new("cp").arg("-r").args([Path::new(CHART), &chart]).status().expect("cp runs").success());
    let file = chart.join(format!("files/crds/{CRD}.yaml"));
    let text = fs::read_to_string(&file).expect("a CRD");
    fs::write(file, text.replacen("- idp\n", "- provider\n", 1)).expect("written");
    chart.display().to_string()
}

async fn short_names(client: &Client) -> Vec<String> {
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    let established = await_condition(crds, CRD, conditions::is_crd_established());
    let crd = timeout(DEADLINE, established).await.expect("in time").expect("it is there").expect("established");
    crd.spec.names.short_names.unwrap_or_default()
}

/// Those of the objects that are on the API server to stay, as kind and name.
async fn present(client: &Client, objects: &[DynamicObject]) -> Vec<String> {
    let mut found = Vec::new();
    for object in objects {
        let there = api_of(client, object).await.get_opt(&object.name_any()).await.expect("an answer");
        if there.is_some_and(|there| there.metadata.deletion_timestamp.is_none()) {
            found.push(format!("{} {}", object.types.as_ref().expect("a kind").kind, object.name_any()));
        }
    }
    found
}

#[tokio::test]
async fn an_upgrade_brings_the_crds_and_an_uninstallation_leaves_them_and_what_people_need() {
    let cluster = Cluster::empty().await;
    let namespace = cluster.namespace().await;
    let (client, helm, dir) = (&namespace.client, Helm::new(&namespace.access), tempfile::tempdir().expect("one"));
    let notes = helm.with(ENOUGH, &["install", "latchkey", &older_chart(dir.path())]).await;
    assert!(notes.contains(&format!("https://login.example.com/o/{}/login", namespace.name)), "{notes}");
    assert_eq!(short_names(client).await, ["provider"]);
    let provider = notes.split("<<END").nth(1).and_then(|more| more.split("END").next()).expect("a manifest");
    let provider: IdentityProvider = serde_yaml::from_str(provider).expect("a provider");
    let providers: Api<IdentityProvider> = Api::namespaced(client.clone(), &namespace.name);
    let uid = providers.create(&PostParams::default(), &provider).await.expect("created").uid();

    helm.with(&format!("{ENOUGH}logFormat: json\n"), &["upgrade", "latchkey", CHART]).await;
    wait_for("the CRD is upgraded", async || (short_names(client).await == ["idp"]).then_some(())).await;
    let objects = helm.render("latchkey", ENOUGH).await;
    assert_eq!(present(client, &objects).await.len(), objects.len());

    helm.try_run(&["uninstall", "latchkey"]).await.expect("uninstalled");
    let kept = [
        "PersistentVolumeClaim latchkey",
        "CustomResourceDefinition identityproviders.latchkey.dev",
        "CustomResourceDefinition idpmappers.latchkey.dev",
        "CustomResourceDefinition organizations.latchkey.dev",
    ];
    assert_eq!(present(client, &objects).await, kept);
    assert_eq!(providers.get("contoso").await.expect("still there").uid(), uid);

    helm.with(ENOUGH, &["install", "latchkey", CHART]).await;
    assert_eq!(present(client, &objects).await.len(), objects.len());
    assert_eq!(providers.get("contoso").await.expect("still there").uid(), uid);
}

#[tokio::test]
async fn crds_that_others_applied_are_taken_over_when_that_is_asked_for() {
    let cluster = Cluster::empty().await;
    let namespace = cluster.namespace().await;
    let (client, helm) = (&namespace.client, Helm::new(&namespace.access));
    let mut crd = latchkey::api::crds().into_iter().find(|crd| crd.name_any() == CRD).expect("the CRD");
    crd.spec.names.short_names = Some(vec!["provider".to_owned()]);
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    crds.patch(CRD, &PatchParams::apply("kubectl"), &Patch::Apply(&crd)).await.expect("applied");
    let refused = helm.try_with(ENOUGH, &["install", "latchkey", CHART]).await.expect_err("not its own");
    assert!(refused.contains(CRD), "{refused}");
    helm.with(ENOUGH, &["install", "latchkey", CHART, "--take-ownership", "--force-conflicts"]).await;
    wait_for("the CRD is this chart's", async || (short_names(client).await == ["idp"]).then_some(())).await;
}

#[tokio::test]
async fn the_pod_is_accepted_where_pod_security_is_restricted() {
    let namespace = Cluster::shared().await.namespace().await;
    let restricted = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let namespaces: Api<Namespace> = Api::all(namespace.client.clone());
    namespaces.patch(&namespace.name, &PatchParams::default(), &Patch::Merge(restricted)).await.expect("labelled");
    let helm = Helm::new(&namespace.access);
    let (deployments, pods) = (
        Api::<Deployment>::namespaced(namespace.client.clone(), &namespace.name),
        Api::<Pod>::namespaced(namespace.client.clone(), &namespace.name),
    );
    for (release, values) in [("latchkey", ENOUGH), ("latchkey-2", &everything(&namespace.name))] {
        let values = format!("{values}crds: {{install: false}}\naggregatedRoles: false\n");
        helm.with(&values.replace("crds: {keep: false}\n", ""), &["install", release, CHART]).await;
        let template = deployments.get(release).await.expect("the Deployment").spec.template;
        let mut pod = Pod { metadata: template.metadata.expect("labels"), spec: template.spec, status: None };
        pod.metadata.name = Some(release.to_owned());
        pods.create(&PostParams::default(), &pod).await.unwrap_or_else(|error| panic!("{release}: {error}"));
        // Whatever is missing is noticed here.
        pod.metadata.name = Some("unsafe".to_owned());
        pod.spec.as_mut().expect("a spec").security_context = None;
        let refused = pods.create(&PostParams::default(), &pod).await.expect_err("refused").to_string();
        assert!(refused.contains("PodSecurity \"restricted"), "{refused}");
    }
}
