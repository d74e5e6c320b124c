//! The process itself: its flags, ports, signals, and the management port.

use std::{process::Output, time::Duration};

use crate::support::{
    DEADLINE,
    fake::{Fake, Reply, TOKEN, sign},
    latchkey::{LOCAL, Latchkey, command, free_port},
    manifests,
    visitor::Visitor,
    wait_for,
};

/// Runs the binary to its end in a directory of its own.
async fn run(arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("manifests")).expect("a directory");
    let running = command().args(arguments).current_dir(dir.path()).output();
    tokio::time::timeout(DEADLINE, running).await.unwrap_or_else(|_| panic!("{arguments:?} goes on")).expect("it runs")
}

const SERVE: &[&str] = &["serve", "--manifests", "manifests", "--external-url", "https://login.example.com"];

#[tokio::test]
async fn a_setting_that_is_wrong_ends_it_with_2_and_the_name_of_the_flag() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let (one, two) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
    let free = ["--listen", &one, "--management-listen", &two];
    let dir = tempfile::tempdir().expect("a directory");
    let database = format!("sqlite:{}", dir.path().join("latchkey.db").display());
    let with = |more: &[&'static str]| [SERVE, more].concat();
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec!["serve"], "--external-url"),
        (
            [&["serve", "--external-url", "https://login.example.com", "--database-url", &database], &free[..]]
                .concat(),
            "--manifests",
        ),
        (with(&["--watch-namespace", "team-a"]), "--watch-namespace"),
        (vec!["serve", "--status-dir", "status", "--external-url", "https://login.example.com"], "--manifests"),
        (vec!["serve", "--manifests", "manifests", "--external-url", "http://login.example.com"], "--allow-http"),
        (vec!["serve", "--manifests", "manifests", "--external-url", "https://a.example/b"], "--external-url"),
        (vec!["serve", "--manifests", "manifests", "--external-url", "login"], "--external-url"),
        (with(&["--lisen", "127.0.0.1:1"]), "--listen"),
        (with(&["--listen", "nowhere"]), "--listen"),
        (with(&["--trusted-proxies", "everybody"]), "--trusted-proxies"),
        (with(&["--egress-allow", "10.0.0.0/33"]), "--egress-allow"),
        (with(&["--smtp-url", "smtps://jo:hunter2@mail.example.com"]), "--mail-from"),
        (with(&["--mail-from", "no-reply@example.com"]), "--smtp-url"),
        (with(&["--smtp-url", "https://jo:hunter2@mail", "--mail-from", "no-reply@example.com"]), "--smtp-url"),
        (with(&["--smtp-url", "smtp://jo:hunter2@mail?tls=none", "--mail-from", "a@example.com"]), "--allow-http"),
        (with(&["--log-format", "xml"]), "--log-format"),
        (with(&["--config", "absent.yaml"]), "--config absent.yaml"),
        ([SERVE, &["--listen", &taken]].concat(), "--listen"),
        ([SERVE, &["--listen", &one, "--management-listen", &taken]].concat(), "--management-listen"),
        ([SERVE, &free, &["--status-dir", "manifests/status"]].concat(), "manifests/status"),
        ([SERVE, &free, &["--encryption-key-file", "manifests"]].concat(), "manifests"),
        ([SERVE, &free, &["--database-url", "mysql://root:hunter2@db"]].concat(), "sqlite:"),
        (
            vec![
                "serve",
                "--manifests",
                "absent",
                "--external-url",
                "https://a.example",
                free[0],
                free[1],
                free[2],
                free[3],
            ],
            "absent",
        ),
        (vec!["get"], "--status-dir"),
        (vec!["sevre"], "serve"),
    ];
    for (arguments, said) in cases {
        let output = run(&arguments).await;
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panic") && !stderr.contains("hunter2"), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn what_needs_no_server_answers_with_0() {
    for (arguments, said) in [
        (&["--version"][..], "latchkey"),
        (&["--help"], "--external-url"),
        (&["serve", "--help"], "--egress-allow"),
        (&["crds"], "kind: CustomResourceDefinition"),
        (&["completion", "bash"], "latchkey"),
    ] {
        let output = run(arguments).await;
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(String::from_utf8(output.stdout).expect("text").contains(said), "{arguments:?}");
    }
}

#[tokio::test]
async fn sigterm_turns_readiness_off_finishes_what_is_under_way_and_ends_with_0() {
    let fake = Fake::start().await;
    let provider = manifests::provider("demo", &fake.issuer, "");
    let files = [("provider.yaml", &*provider), ("secret.yaml", &manifests::usual_secret())];
    let mut latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    let (visitor, idle) = (Visitor::new(), Visitor::new());
    // A connection that is open and does nothing must not hold it up.
    assert_eq!(idle.get(&latchkey.url("o/default/logout")).await.status, 200);
    let begun = visitor.begin(&latchkey, "demo").await;
    fake.answer(TOKEN, Reply::Held);
    let (answer, ()) = tokio::join!(visitor.get(&begun.callback), async {
        wait_for("the code is being exchanged", async || (fake.count(TOKEN) == 1).then_some(())).await;
        latchkey.terminate().await;
        wait_for("it takes no new connections", async || {
            Visitor::new().try_get(&latchkey.url("")).await.is_none().then_some(())
        })
        .await;
        fake.give_out(&sign(&fake.claims(&begun.nonce)));
    });
    assert!(answer.status == 303 && answer.signs_in(), "the login under way is finished: {}", answer.body);
    assert_eq!(latchkey.ended().await.code(), Some(0));
    latchkey.start_again().await;
    assert_eq!(visitor.session(&latchkey).await.expect("still signed in")["userName"], "mallory@example.com");
}

#[tokio::test]
async fn the_management_port_tells_health_readiness_and_counts_and_the_public_one_does_not() {
    let fake = Fake::start().await;
    let provider = manifests::provider("demo", &fake.issuer, "");
    let files = [("provider.yaml", &*provider), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    assert_eq!(latchkey.management("healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(latchkey.management("readyz").await, (200, "ok\n".to_owned()));
    let visitor = Visitor::new();
    assert_eq!(visitor.get(&latchkey.url("o/default/callback/demo?state=x&code=y")).await.status, 400);
    let (status, metrics) = latchkey.management("metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("latchkey_login_failures_total{reason=\"no_attempt\"} 1"), "{metrics}");
    for path in ["healthz", "readyz", "metrics"] {
        assert_eq!(visitor.get(&latchkey.url(path)).await.status, 404, "{path}");
    }
    assert_eq!(latchkey.management("").await.0, 404);
}

#[tokio::test]
async fn it_logs_json_when_asked_to_and_shows_statuses_as_a_table() {
    let fake = Fake::start().await;
    let provider = manifests::provider("demo", &fake.issuer, "");
    let files = [("provider.yaml", &*provider), ("secret.yaml", &manifests::usual_secret())];
    let flags = [LOCAL, &["--log-format", "json"]].concat();
    let latchkey = Latchkey::start_with(&flags, &files).await;
    latchkey.wait_until_ready("demo").await;
    for line in latchkey.log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    let dir = latchkey.dir().join("status");
    let output = run(&["get", "idp", "-o", "wide", "--status-dir", &dir.display().to_string()]).await;
    let table = String::from_utf8(output.stdout).expect("text");
    assert!(table.contains(&latchkey.url("o/default/callback/demo")) && table.contains("True"), "{table}");
}

#[tokio::test]
async fn a_busy_address_is_asked_to_wait_and_others_are_not() {
    let fake = Fake::start().await;
    let provider = manifests::provider("demo", &fake.issuer, "");
    let files = [("provider.yaml", &*provider), ("secret.yaml", &manifests::usual_secret())];
    let flags = [LOCAL, &["--trusted-proxies", "127.0.0.1/32"]].concat();
    let latchkey = Latchkey::start_with(&flags, &files).await;
    latchkey.wait_until_ready("demo").await;
    let (busy, other) = (Visitor::new(), Visitor::new());
    let login = latchkey.url("o/default/login/demo");
    let began = std::time::Instant::now();
    let refused = loop {
        busy.forget_cookies();
        let answer = busy.get(&login).await;
        if answer.status != 303 {
            break answer;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "nobody is ever refused");
    };
    crate::support::refusal::must_be_refused("busy", &latchkey, &refused, 429, "too_many_logins");
    assert_eq!(other.get(&login).await.status, 303);
    assert_eq!(busy.get(&latchkey.url("o/default/logout")).await.status, 200, "only what costs is limited");
}
