//! The provider is none whose ID tokens this application may bring, or may not be used now.

use serde_json::json;

use super::{Case, court::Court};
use crate::{
    jwt_bearer::{
        ask::ask,
        id_token::id_token,
        world::{at_provider, bearer},
    },
    support::{fake::DISCOVERY, wait_for},
};

type Make = fn(&Court) -> Case;

#[rustfmt::skip]
pub const CASES: &[(&str, Make)] = &[
    ("an issuer that nobody knows", |c| Case::new(c.desktop("somebody", json!({"iss": "https://m4rk.example"})), c.desktop("somebody", json!({})))),
    ("the issuer with a slash more", |c| Case::new(c.desktop("somebody", json!({"iss": format!("{}/", c.main().issuer)})), c.desktop("somebody", json!({})))),
    ("no iss", |c| Case::new(c.desktop("somebody", json!({"iss": null})), c.desktop("somebody", json!({})))),
    ("not listed for this application", not_listed),
    ("without jwtBearer, and listed", |c| Case::new(c.desktop_by("without", "wendy", json!({})), c.desktop("wendy", json!({})))),
    ("of another organization, and listed", |c| Case::new(c.desktop_by("foreign", "fay", json!({})), c.desktop_by("foreign", "fay", json!({})).at("acme"))),
];

/// What these need a change of the manifests or of the provider for.
pub const THAT_CHANGE: &[&str] = &["suspended", "not ready"];

/// It is listed for another one.
fn not_listed(court: &Court) -> Case {
    let by = |application: &str| {
        ask(application, &id_token(court.fake("unlisted"), &at_provider(application), "una", &json!({})))
    };
    Case::new(by("desktop"), by("tablet"))
}

#[tokio::test]
async fn the_id_tokens_of_other_providers_bring_nothing() {
    let mut court = Court::start().await;
    for (name, make) in CASES {
        let case = make(&court);
        court.judge(name, case).await;
    }
    suspended(&mut court).await;
    not_ready(&mut court).await;
    court.close();
}

async fn suspended(court: &mut Court) {
    let ask = court.desktop_by("suspended", "sue", json!({}));
    let manifest = bearer("suspended", &court.fake("suspended").issuer, "");
    court.latchkey.write("suspended.yaml", &format!("{manifest}  suspend: true\n")).await;
    court.latchkey.wait_for_condition("identityprovider", "suspended", ["Ready", "True", "Suspended"]).await;
    court.refuses("suspended", ask.clone()).await;
    court.latchkey.write("suspended.yaml", &manifest).await;
    court.latchkey.wait_until_ready("suspended").await;
    court.gives("suspended", ask).await;
}

/// It has never been.
async fn not_ready(court: &mut Court) {
    let token = id_token(court.fake("down"), &at_provider("desktop"), "dora", &json!({}));
    let answer = ask("desktop", &token).send(&court.latchkey).await;
    let seconds: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((1..=600).contains(&seconds), "{seconds}");
    court.must_be_refused("not ready", &answer);
    court.fake("down").behave(DISCOVERY);
    // As an application does that was told to come again.
    wait_for("the same token works once the provider does", async || {
        (ask("desktop", &token).send(&court.latchkey).await.status == 200).then_some(())
    })
    .await;
}
