//! Latchkey with the flags that the chart gives it, and with the rights of the chart's ServiceAccount.

use std::sync::Arc;

use k8s_openapi::api::{apps::v1::Deployment, coordination::v1::Lease};
use kube::{Api, ResourceExt, api::ListParams};

use super::permissions::token_of;
use crate::support::{
    cluster::{Cluster, Namespace},
    fake::Fake,
    helm::{CHART, ENOUGH, Helm},
    latchkey::{LOCAL, Latchkey},
    manifests,
    source::Source,
    wait_for,
};

/// What is another on this machine than in a pod.
const OF_THE_POD: [&str; 4] = ["--listen=", "--management-listen=", "--database-url=", "--external-url="];

/// The flags in the Deployment of a release, without those that only a pod can have.
async fn flags(own: &Namespace, release: &str) -> Vec<String> {
    let deployments: Api<Deployment> = Api::namespaced(own.client.clone(), &own.name);
    let template = deployments.get(release).await.expect("the Deployment").spec.template;
    let container = template.spec.expect("a spec").containers.remove(0);
    let mut flags = container.args.expect("arguments");
    assert_eq!(flags.remove(0), "serve");
    let given = flags.len();
    flags.retain(|flag| !OF_THE_POD.iter().any(|prefix| flag.starts_with(prefix)));
    assert_eq!(given - flags.len(), OF_THE_POD.len());
    flags
}

/// Installs the chart in `own` and runs Latchkey as its pod would; manifests in `at` get statuses and Events.
async fn works(own: &Namespace, at: Namespace, values: &str) {
    Helm::new(&own.access).with(values, &["install", "latchkey", CHART]).await;
    let (access, flags) = (token_of(own, "latchkey").await, flags(own, "latchkey").await);
    let fake = Fake::start().await;
    let provider = manifests::provider("demo", &fake.issuer, "");
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("mappers.yaml", manifests::MAPPERS),
        ("provider.yaml", &provider),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let at = Arc::new(at);
    let latchkey = Latchkey::start_from(Source::read_by(&access, &flags, at.clone()), LOCAL, &files).await;
    latchkey.wait_until_ready("demo").await;
    latchkey.wait_for_condition("organization", "default", ["Ready", "True", "Succeeded"]).await;
    latchkey.wait_for_condition("idpmapper", "engineers", ["Ready", "True", "Succeeded"]).await;
    wait_for("an Event", async || {
        let events = at.api("event").list(&ListParams::default()).await.expect("a list");
        events.items.iter().any(|event| event.data["regarding"]["name"] == "demo").then_some(())
    })
    .await;
    let leases: Api<Lease> = Api::namespaced(own.client.clone(), &own.name);
    let version = async || leases.get("latchkey").await.expect("the Lease").resource_version();
    let first = version().await;
    wait_for("the Lease is renewed", async || (version().await != first).then_some(())).await;
    let log = latchkey.log();
    assert!(!log.contains("forbidden") && !log.contains("WARN"), "{log}");
}

#[tokio::test]
async fn with_the_chart_s_rights_latchkey_works_in_every_namespace() {
    // In one that others share, it would take their manifests for its own.
    let Some(cluster) = Cluster::empty().await else { return };
    works(&cluster.namespace().await, cluster.namespace().await, ENOUGH).await;
}

#[tokio::test]
async fn with_the_chart_s_rights_latchkey_works_in_some_namespaces_alone() {
    let cluster = Cluster::shared().await;
    let at = cluster.namespace().await;
    let values = format!("{ENOUGH}crds: {{install: false}}\naggregatedRoles: false\nwatchNamespaces: [{}]", at.name);
    works(&cluster.namespace().await, at, &values).await;
}
