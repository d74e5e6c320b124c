//! What can be said in the chart's values, and what becomes of it before anything is installed.

use kube::{
    ResourceExt,
    api::{Patch, PatchParams},
};

use crate::support::{
    cluster::{Cluster, FIELD_MANAGER},
    helm::{CHART, ENOUGH, Helm, api_of},
};

/// Every value is another than by default.
pub fn everything(namespace: &str) -> String {
    format!(
        "\
externalURL: http://login.example.com:8080
allowedExternalURLs: [https://login.acme.example/]
watchNamespaces: [{namespace}]
trustedProxies: [10.244.0.0/16, 'fd00::/8']
egressAllow: [127.0.0.0/8]
allowHTTP: true
logFormat: json
mailFrom: 'Example <no-reply@example.com>'
smtp: {{urlSecretRef: {{name: mail, key: smtp-url}}}}
extraArgs: [--config=/etc/latchkey.yaml]
extraEnv: [{{name: RUST_LOG, value: debug}}]
image: {{repository: registry.example.com:5000/latchkey, tag: '1.0', pullPolicy: Always}}
persistence: {{existingClaim: other, size: 2Gi, storageClassName: fast}}
service: {{type: NodePort, port: 8080, annotations: {{a: b}}}}
ingress: {{enabled: true, className: nginx, annotations: {{a: b}}, hosts: ['*.example.com'], tlsSecretName: tls}}
serviceAccount: {{name: other, annotations: {{a: b}}}}
crds: {{keep: false}}
podAnnotations: {{a: b}}
podLabels: {{a: b}}
resources: {{limits: {{cpu: 1}}}}
nodeSelector: {{kubernetes.io/os: linux}}
tolerations: [{{operator: Exists}}]
affinity: {{podAntiAffinity: {{}}}}
"
    )
}

#[tokio::test]
async fn helm_lint_has_nothing_to_say() {
    for values in ["", ENOUGH, &everything("team-a")] {
        Helm::alone().with(values, &["lint", "--strict", CHART]).await;
    }
}

#[tokio::test]
async fn a_value_that_cannot_work_is_refused_by_its_name() {
    let helm = Helm::alone();
    for (set, said) in [
        ("externalURL=", "externalURL is missing"),
        ("externalURL=login", "externalURL: login: write scheme, host and port alone"),
        ("externalURL=https://a.example/b", "externalURL: https://a.example/b: write scheme"),
        ("externalURL=http://a.example", "externalURL: http://a.example: must begin with https://"),
        ("allowedExternalURLs={http://a.example}", "allowedExternalURLs: http://a.example: must begin"),
        ("image.repository=", "image.repository is missing"),
        ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
        ("watchNamespaces=team-a", "/watchNamespaces': got string, want array"),
        ("watchNamespaces={Team_A}", "/watchNamespaces/0"),
        ("trustedProxies={everybody}", "trustedProxies: everybody: write a network"),
        ("egressAllow={127.0.0.1}", "egressAllow: 127.0.0.1: write a network"),
        ("logFormat=xml", "/logFormat"),
        ("mailFrom=no-reply@example.com", "mailFrom goes with smtp.urlSecretRef.name"),
        ("smtp.urlSecretRef.name=mail", "smtp.urlSecretRef.name goes with mailFrom"),
        ("smtp.urlSecretRef.key=", "/smtp/urlSecretRef/key"),
        ("smtp.url=smtps://mail.example.com", "'url'"),
        ("allowHTTP=yes", "/allowHTTP"),
        ("persistence.size=large", "/persistence/size"),
        ("persistance.size=1Gi", "'persistance'"),
        ("replicas=2", "'replicas'"),
        ("service.port=0", "/service/port"),
        ("ingress.hosts={https://a.example}", "/ingress/hosts/0"),
        ("serviceAccount.create=false", "serviceAccount.name is missing"),
    ] {
        let refused = helm.try_with(ENOUGH, &["template", CHART, "--set", set]).await.expect_err(set);
        assert!(refused.contains(said), "{set}: {refused}");
    }
}

#[tokio::test]
async fn the_url_of_the_mail_server_stays_in_its_secret() {
    let values = format!("{ENOUGH}mailFrom: no-reply@example.com\nsmtp: {{urlSecretRef: {{name: mail}}}}\n");
    let objects = Helm::alone().render("mail", &values).await;
    let deployment =
        objects.iter().find(|object| object.types.as_ref().is_some_and(|types| types.kind == "Deployment"));
    let container = &deployment.expect("a Deployment").data["spec"]["template"]["spec"]["containers"][0];
    let expected = serde_json::json!({
        "name": "LATCHKEY_SMTP_URL", "valueFrom": {"secretKeyRef": {"name": "mail", "key": "url"}},
    });
    let environment = container["env"].as_array().expect("variables");
    assert!(environment.contains(&expected), "{environment:?}");
    let arguments = container["args"].as_array().expect("arguments");
    assert!(arguments.contains(&"--mail-from=no-reply@example.com".into()), "{arguments:?}");
}

/// As an upgrade with `--reuse-values` has them, from a chart that did not know of mails.
#[tokio::test]
async fn values_without_mails_will_do() {
    let objects = Helm::alone().render("none", &format!("{ENOUGH}smtp: null\nmailFrom: null\n")).await;
    assert!(!objects.is_empty());
}

#[tokio::test]
async fn the_chart_can_be_a_part_of_another() {
    Helm::alone().with(ENOUGH, &["template", CHART, "--set", "global.from=the-other"]).await;
}

#[tokio::test]
async fn every_object_is_valid_in_the_strict_sense_of_the_api_server() {
    let namespace = Cluster::shared().await.namespace().await;
    let helm = Helm::new(&namespace.access);
    let strictly = PatchParams::apply(FIELD_MANAGER).force().dry_run().validation_strict();
    for values in [ENOUGH, &everything(&namespace.name)] {
        let objects = helm.render("strict", values).await;
        assert!(objects.len() > 10, "{values}");
        for object in &objects {
            let api = api_of(&namespace.client, object).await;
            if let Err(error) = api.patch(&object.name_any(), &strictly, &Patch::Apply(object)).await {
                panic!("{:?} {}: {error}\n{values}", object.types, object.name_any());
            }
        }
    }
}

#[tokio::test]
async fn in_some_namespaces_alone_nothing_is_for_the_whole_cluster() {
    let values = format!("{ENOUGH}watchNamespaces: [team-a]\ncrds: {{install: false}}\naggregatedRoles: false\n");
    let objects = Helm::alone().render("small", &values).await;
    let unbound: Vec<_> = objects.iter().filter(|object| object.namespace().is_none()).collect();
    assert!(!objects.is_empty() && unbound.is_empty(), "{unbound:?}");
}
