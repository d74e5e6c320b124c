//! Latchkey with the flags that the chart gives it, and with the rights of the chart's ServiceAccount.

use std::sync::Arc;

use k8s_openapi::api::{
    apps::v1::Deployment,
    coordination::v1::Lease,
    core::v1::{Container, Probe},
};
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
/// What settings begin with that the chart gives as variables.
const VARIABLE: &str = "LATCHKEY_";

/// The container in the Deployment of a release.
async fn container(own: &Namespace, release: &str) -> Container {
    let deployments: Api<Deployment> = Api::namespaced(own.client.clone(), &own.name);
    let template = deployments.get(release).await.expect("the Deployment").spec.template;
    template.spec.expect("a spec").containers.remove(0)
}

/// Its settings as flags, without those that only a pod can have.
fn flags(container: &Container) -> Vec<String> {
    let mut flags = container.args.clone().expect("arguments");
    assert_eq!(flags.remove(0), "serve");
    let variables = container.env.iter().flatten().filter_map(|variable| {
        let flag = variable.name.strip_prefix(VARIABLE)?.to_lowercase().replace('_', "-");
        Some(format!("--{flag}={}", variable.value.as_ref()?))
    });
    flags.extend(variables);
    let given = flags.len();
    flags.retain(|flag| !OF_THE_POD.iter().any(|prefix| flag.starts_with(prefix)));
    assert_eq!(given - flags.len(), OF_THE_POD.len());
    flags
}

/// What the kubelet asks, on the port `management`.
fn probed(container: &Container) -> Vec<String> {
    let probes = [&container.liveness_probe, &container.readiness_probe];
    let path = |probe: &Option<Probe>| probe.as_ref()?.http_get.as_ref()?.path.clone();
    probes.into_iter().map(|probe| path(probe).expect("a path")).collect()
}

/// Installs the chart in `own` and runs Latchkey as its pod would; manifests in `at` get statuses and Events.
async fn works(own: &Namespace, at: Namespace, values: &str) {
    Helm::new(&own.access).with(values, &["install", "latchkey", CHART]).await;
    let (access, container) = (token_of(own, "latchkey").await, container(own, "latchkey").await);
    let fake = Fake::start().await;
    let provider = manifests::provider("demo", &fake.issuer, "");
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("mappers.yaml", manifests::MAPPERS),
        ("provider.yaml", &provider),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let at = Arc::new(at);
    let source = Source::read_by(&access, &flags(&container), at.clone());
    let latchkey = Latchkey::start_from(source, LOCAL, &files).await;
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
    for path in probed(&container) {
        assert_eq!(latchkey.management(path.trim_start_matches('/')).await.0, 200, "{path}");
    }
    let beside = latchkey.run_beside(&["users", "create", "ann", "--provider", "demo", "--external-id", "1"]).await;
    assert_eq!((beside.status, &*beside.err), (0, ""), "{}", beside.out);
    let log = latchkey.log();
    assert!(!log.contains("forbidden"), "{log}");
}

#[tokio::test]
async fn with_the_chart_s_rights_latchkey_works_in_every_namespace() {
    // In one that others share, it would take their manifests for its own.
    let cluster = Cluster::empty().await;
    works(&cluster.namespace().await, cluster.namespace().await, ENOUGH).await;
}

#[tokio::test]
async fn with_the_chart_s_rights_latchkey_works_in_some_namespaces_alone() {
    let cluster = Cluster::shared().await;
    let at = cluster.namespace().await;
    let values = format!("{ENOUGH}crds: {{install: false}}\naggregatedRoles: false\nwatchNamespaces: [{}]", at.name);
    works(&cluster.namespace().await, at, &values).await;
}
