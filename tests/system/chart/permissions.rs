//! What the chart lets Latchkey do, and those who may view or edit a namespace: exactly this, everything else is a
//! failure. What everybody may do, such as asking what one may do, is left out.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    authorization::v1::{SelfSubjectRulesReview, SelfSubjectRulesReviewSpec},
    core::v1::ServiceAccount,
    rbac::v1::{ClusterRole, RoleBinding},
};
use kube::{
    Api, ResourceExt,
    api::{ObjectMeta, PostParams},
};
use serde_json::json;

use crate::support::{
    DEADLINE,
    access::Access,
    cluster::{Cluster, Namespace},
    helm::{CHART, ENOUGH, Helm},
};

/// Where its manifests are.
const WITH_MANIFESTS: [&str; 14] = [
    "list identityproviders.latchkey.dev",
    "watch identityproviders.latchkey.dev",
    "patch identityproviders.latchkey.dev/status",
    "list idpmappers.latchkey.dev",
    "watch idpmappers.latchkey.dev",
    "patch idpmappers.latchkey.dev/status",
    "list organizations.latchkey.dev",
    "watch organizations.latchkey.dev",
    "patch organizations.latchkey.dev/status",
    "list secrets",
    "watch secrets",
    "list configmaps",
    "watch configmaps",
    "create events.events.k8s.io",
];

/// Where its pod is.
fn with_pod(lease: &str) -> [String; 3] {
    [
        "create leases.coordination.k8s.io".to_owned(),
        format!("get leases.coordination.k8s.io {lease}"),
        format!("update leases.coordination.k8s.io {lease}"),
    ]
}

const NOTHING: [&str; 0] = [];

/// What a role for people says of each kind.
fn on_every_kind(verbs: &[&str]) -> Vec<String> {
    let kinds = ["identityproviders", "idpmappers", "organizations"];
    kinds.iter().flat_map(|kind| verbs.iter().map(move |verb| format!("{verb} {kind}.latchkey.dev"))).collect()
}

/// As a ServiceAccount, by a token that the API server gave out.
pub async fn token_of(namespace: &Namespace, account: &str) -> Access {
    let accounts: Api<ServiceAccount> = Api::namespaced(namespace.client.clone(), &namespace.name);
    let request = TokenRequest { spec: Some(TokenRequestSpec::default()), ..TokenRequest::default() };
    let answer = accounts.create_token_request(account, &PostParams::default(), &request).await.expect("a token");
    namespace.access.as_bearer(&answer.status.and_then(|status| status.token).expect("a token"))
}

/// A new ServiceAccount.
async fn account_of(namespace: &Namespace, name: &str) -> Access {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let account = ServiceAccount { metadata, ..ServiceAccount::default() };
    let accounts: Api<ServiceAccount> = Api::namespaced(namespace.client.clone(), &namespace.name);
    accounts.create(&PostParams::default(), &account).await.expect("created");
    token_of(namespace, name).await
}

/// All that one may do in a namespace, as `kubectl auth can-i --list` says it: a line for each verb and resource.
async fn allowed(access: &Access, namespace: &str) -> BTreeSet<String> {
    let spec = SelfSubjectRulesReviewSpec { namespace: Some(namespace.to_owned()) };
    let review = SelfSubjectRulesReview { spec, ..SelfSubjectRulesReview::default() };
    let reviews: Api<SelfSubjectRulesReview> = Api::all(access.client().await);
    let status = reviews.create(&PostParams::default(), &review).await.expect("an answer").status.expect("a status");
    assert!(!status.incomplete, "{:?}", status.evaluation_error);
    let mut lines = BTreeSet::new();
    for rule in &status.resource_rules {
        for (resource, group) in product(rule.resources.as_deref(), rule.api_groups.as_deref()) {
            let resource = in_group(&resource, &group);
            for (verb, name) in product(Some(&rule.verbs), rule.resource_names.as_deref()) {
                lines.insert(format!("{verb} {resource} {name}").trim_end().to_owned());
            }
        }
    }
    for rule in &status.non_resource_rules {
        lines.extend(
            product(Some(&rule.verbs), rule.non_resource_urls.as_deref()).map(|(verb, url)| format!("{verb} {url}")),
        );
    }
    lines
}

/// As kubectl writes it.
fn in_group(resource: &str, group: &str) -> String {
    match resource.split_once('/') {
        _ if group.is_empty() => resource.to_owned(),
        None => format!("{resource}.{group}"),
        Some((resource, part)) => format!("{resource}.{group}/{part}"),
    }
}

/// Every pair; an empty word where there are none of the second.
fn product<'a>(first: Option<&'a [String]>, second: Option<&'a [String]>) -> impl Iterator<Item = (String, String)> {
    let second = match second {
        None | Some([]) => vec![String::new()],
        Some(some) => some.to_vec(),
    };
    first
        .unwrap_or_default()
        .iter()
        .flat_map(move |one| second.clone().into_iter().map(move |other| (one.clone(), other)))
}

/// In this namespace, `access` may do exactly this, beside what everybody may. The API server takes a moment to
/// learn of new roles.
async fn assert_allowed(
    access: &Access,
    nobody: &Access,
    namespace: &str,
    expected: impl IntoIterator<Item = impl ToString>,
) {
    let everybody = allowed(nobody, namespace).await;
    let expected: BTreeSet<String> = expected.into_iter().map(|line| line.to_string()).collect();
    let began = Instant::now();
    loop {
        let found: BTreeSet<String> = &allowed(access, namespace).await - &everybody;
        if found == expected {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "in {namespace}, found {found:#?}, not {expected:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Values for a shared cluster, where the CRDs are not the chart's.
fn values(more: &str) -> String {
    format!("{ENOUGH}crds: {{install: false}}\n{more}")
}

#[tokio::test]
async fn latchkey_may_do_what_it_needs_in_every_namespace_and_nothing_else() {
    let cluster = Cluster::shared().await;
    let (own, other) = (cluster.namespace().await, cluster.namespace().await);
    let release = format!("latchkey-{}", own.name);
    Helm::new(&own.access).with(&values("aggregatedRoles: false"), &["install", &release, CHART]).await;
    let (latchkey, nobody) = (token_of(&own, &release).await, account_of(&own, "stranger").await);
    let lease = with_pod(&release);
    let manifests = WITH_MANIFESTS.map(str::to_owned);
    assert_allowed(&latchkey, &nobody, &own.name, lease.iter().chain(&manifests)).await;
    assert_allowed(&latchkey, &nobody, &other.name, &manifests).await;
}

#[tokio::test]
async fn in_some_namespaces_alone_latchkey_may_do_nothing_in_others() {
    let cluster = Cluster::shared().await;
    let (own, watched, other) = (cluster.namespace().await, cluster.namespace().await, cluster.namespace().await);
    let values = values(&format!("aggregatedRoles: false\nwatchNamespaces: [{}]", watched.name));
    Helm::new(&own.access).with(&values, &["install", "latchkey", CHART]).await;
    let (latchkey, nobody) = (token_of(&own, "latchkey").await, account_of(&own, "stranger").await);
    assert_allowed(&latchkey, &nobody, &watched.name, WITH_MANIFESTS).await;
    assert_allowed(&latchkey, &nobody, &own.name, with_pod("latchkey")).await;
    assert_allowed(&latchkey, &nobody, &other.name, NOTHING).await;
}

#[tokio::test]
async fn people_may_view_or_edit_manifests_as_they_may_the_namespace_but_write_no_status() {
    let namespace = Cluster::shared().await.namespace().await;
    let release = format!("latchkey-{}", namespace.name);
    Helm::new(&namespace.access).with(&values(""), &["install", &release, CHART]).await;
    let nobody = account_of(&namespace, "stranger").await;
    let view = ["get", "list", "watch"];
    let edit = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    for (role, into, verbs) in [("view", &["view"][..], &view[..]), ("edit", &["edit", "admin"], &edit)] {
        let name = format!("{release}-{role}");
        let roles: Api<ClusterRole> = Api::all(namespace.client.clone());
        let labels = roles.get(&name).await.expect("a ClusterRole").labels().clone();
        let aggregated: BTreeSet<_> = labels
            .iter()
            .filter_map(|(label, value)| {
                label.strip_prefix("rbac.authorization.k8s.io/aggregate-to-").filter(|_| value == "true")
            })
            .collect();
        assert_eq!(aggregated, into.iter().copied().collect());
        let person = bound(&namespace, role, &name).await;
        assert_allowed(&person, &nobody, &namespace.name, on_every_kind(verbs)).await;
    }
}

/// A ServiceAccount that has a ClusterRole in its namespace, and no other.
async fn bound(namespace: &Namespace, account: &str, role: &str) -> Access {
    let binding: RoleBinding = serde_json::from_value(json!({
        "metadata": {"name": account},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace.name}]
    }))
    .expect("a RoleBinding");
    let bindings: Api<RoleBinding> = Api::namespaced(namespace.client.clone(), &namespace.name);
    bindings.create(&PostParams::default(), &binding).await.expect("bound");
    account_of(namespace, account).await
}
