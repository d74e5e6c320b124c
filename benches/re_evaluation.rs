//! How soon a changed mapper counts for 100,000 people, and what logins and forward auth notice of it. Latchkey is a
//! process of its own with SQLite; its database is filled beforehand with people who have signed in.

#[allow(dead_code, reason = "a benchmark uses its part")]
#[path = "../tests/system/support/mod.rs"]
mod support;

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use latchkey::{
    domain::{
        field::{Maker, Said},
        grant::{Grant, Granted},
        modes::Terms,
        organization::OrganizationKey,
        provider_session::ProviderSession,
        user::{FoundBy, IdToken, Link, LoginRecord, Mapped, Session, SessionId, User, UserId, Verification},
    },
    store,
};
use serde_json::json;
use support::{
    claimed::{latchkey_with, login},
    fake::Fake,
    latchkey::Latchkey,
    visitor::Visitor,
};
use tokio::time::sleep;
use uuid::Uuid;

const PEOPLE: usize = 100_000;
const ISSUER: &str = "https://issuer.example";
/// How long logins and forward auth are watched while nothing else happens.
const AT_REST: Duration = Duration::from_secs(20);
/// How exactly the end is seen.
const LOOK: Duration = Duration::from_millis(20);
const TOO_LATE: Duration = Duration::from_secs(1800);
/// Between two logins, and between two questions of an ingress.
const PAUSE: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    let people = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(PEOPLE);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(people))
}

async fn measure(people: usize) -> Result<(), Box<dyn Error>> {
    let fake = Arc::new(Fake::start().await);
    let mut latchkey = latchkey_with(&[("demo", &fake, "")]).await;
    latchkey.write("mapper.yaml", &mapper("viewer")).await;
    let somebody = Visitor::new();
    must_sign_in(&somebody, &latchkey, &fake).await;
    latchkey.stop().await;
    println!("\n{people} people are written");
    fill(&latchkey, people).await?;

    latchkey.start_again().await;
    println!("a start after which everybody is evaluated again: {}", told(people, all_changed(&latchkey, 1).await));
    latchkey.wait_until_offered("demo").await;
    let latchkey = Arc::new(latchkey);
    let rest = Watch::start(&latchkey, &fake, somebody).await;
    sleep(AT_REST).await;
    let (somebody, at_rest) = rest.end().await;

    let watch = Watch::start(&latchkey, &fake, somebody).await;
    let began = Instant::now();
    latchkey.write("mapper.yaml", &mapper("admin")).await;
    all_changed(&latchkey, 2).await;
    let took = began.elapsed();
    let (_, meanwhile) = watch.end().await;
    println!("a mapper that changes: {}", told(people, took));
    println!("\n{:<34}{:>8}{:>12}{:>12}{:>12}", "milliseconds", "times", "p50", "p99", "most");
    for (what, at_rest, meanwhile) in [
        ("forward auth", &at_rest.forward_auth, &meanwhile.forward_auth),
        ("the last step of a login", &at_rest.logins, &meanwhile.logins),
    ] {
        print(&format!("{what}, at rest"), at_rest);
        print(&format!("{what}, meanwhile"), meanwhile);
    }
    Ok(())
}

fn told(people: usize, took: Duration) -> String {
    let rate = f64::from(u32::try_from(people).unwrap_or(u32::MAX)) / took.as_secs_f64();
    format!("{:.1} s, {rate:.0} people a second", took.as_secs_f64())
}

fn mapper(role: &str) -> String {
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: engineers}}\nspec:\n  \
         identityProviderRefs: [{{name: demo}}]\n  when: {{expression: '\"engineering\" in idpUser.groups'}}\n  \
         grant: {{roles: [{role}]}}\n  attributes: [{{target: title, from: {{claim: title}}}}]\n"
    )
}

/// Writes people as their logins would, with the usual claims, to the database of a Latchkey that is stopped.
async fn fill(latchkey: &Latchkey, people: usize) -> Result<(), Box<dyn Error>> {
    let url = format!("sqlite:{}", latchkey.dir().join("latchkey.db").display());
    let store = store::open(&url, None).await?;
    let provider = store.providers_with_sessions().await?.pop().ok_or("somebody has signed in")?;
    for number in 0..people {
        store.record_login(&record(&provider, number)).await?;
    }
    Ok(())
}

fn record(provider: &str, number: usize) -> LoginRecord {
    let (now, name, organization) =
        (Timestamp::now(), format!("user-{number:06}"), OrganizationKey::new("default", "default"));
    let (id, provider): (_, Arc<str>) = (UserId(Uuid::now_v7()), provider.into());
    let groups: Vec<_> =
        (0..20).map(|group| format!("group-{group:02}-of-the-directory")).chain(["engineering".into()]).collect();
    let claims = json!({
        "iss": ISSUER, "sub": name, "aud": "latchkey", "name": format!("Full Name {number}"), "preferred_username": name,
        "email": format!("{name}@example.com"), "email_verified": true, "title": "Engineer", "groups": groups,
    });
    let mut said = Said::default();
    said.say("fullName", json!(format!("Full Name {number}")), Maker { provider: provider.clone(), mapper: None });
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let mut session = [0; 32];
    session[..16].copy_from_slice(first.as_bytes());
    session[16..].copy_from_slice(second.as_bytes());
    let user = User {
        id,
        organization: organization.clone(),
        user_name: name.clone(),
        email: Some(format!("{name}@example.com")),
        verified: Some(Verification::Provider),
        fields: Default::default(),
    };
    LoginRecord {
        user,
        link: Link { organization: organization.clone(), issuer: ISSUER.to_owned(), external_id: name.clone() },
        found: FoundBy::New,
        linked: None,
        only_link: false,
        claims: claims.as_object().cloned().unwrap_or_default().into(),
        mapped: Mapped {
            grants: vec![Grant { mapper_uid: "of-before".into(), granted: Granted::Role("viewer".into()) }],
            said: Some(said),
            admitted: true,
        },
        terms: Terms::default(),
        requires_verified_email: false,
        mark: "as it was before".to_owned(),
        brought: None,
        session: Session {
            id: SessionId(session),
            organization,
            user: id,
            provider_uid: provider,
            provider_key: "demo".into(),
            started_at: now,
            last_used_at: now,
            at_provider: Some(ProviderSession { issuer: ISSUER.to_owned(), subject: name, sid: None }),
        },
        id_token: IdToken { issued_at: now, hint: None },
    }
}

/// How long it takes from now until the log tells of the so-manyth time that mappers changed what people have.
async fn all_changed(latchkey: &Latchkey, times: usize) -> Duration {
    let began = Instant::now();
    while latchkey.log().matches("mappers changed what people of a provider have").count() < times {
        assert!(began.elapsed() < TOO_LATE, "everybody is evaluated again");
        sleep(LOOK).await;
    }
    began.elapsed()
}

async fn must_sign_in(visitor: &Visitor, latchkey: &Latchkey, fake: &Fake) {
    let answer = login(visitor, latchkey, "demo", fake, json!({"preferred_username": "mallory"})).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
}

/// How long each took.
#[derive(Default)]
struct Latencies {
    forward_auth: Vec<Duration>,
    logins: Vec<Duration>,
}

/// An ingress that asks for somebody, and others who sign in, again and again.
struct Watch {
    over: Arc<AtomicBool>,
    ingress: tokio::task::JoinHandle<(Visitor, Vec<Duration>)>,
    logins: tokio::task::JoinHandle<Vec<Duration>>,
}

impl Watch {
    async fn start(latchkey: &Arc<Latchkey>, fake: &Arc<Fake>, somebody: Visitor) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (ended, here) = (over.clone(), latchkey.clone());
        let ingress = tokio::spawn(async move {
            let (url, mut took) = (here.at("auth"), Vec::new());
            while !ended.load(Ordering::Relaxed) {
                let began = Instant::now();
                assert_eq!(somebody.get(&url).await.status, 200);
                took.push(began.elapsed());
                sleep(PAUSE).await;
            }
            (somebody, took)
        });
        let (ended, here, fake) = (over.clone(), latchkey.clone(), fake.clone());
        let logins = tokio::spawn(async move {
            let mut took = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                // Somebody who was here before, so that there are not more people at the end than at the beginning.
                let visitor = Visitor::new();
                let claims = json!({"sub": "another", "preferred_username": "another", "email": null});
                let callback = support::claimed::prepared(&visitor, &here, "demo", &fake, claims).await;
                let began = Instant::now();
                let answer = visitor.get(&callback).await;
                took.push(began.elapsed());
                assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
                sleep(PAUSE).await;
            }
            took
        });
        Self { over, ingress, logins }
    }

    async fn end(self) -> (Visitor, Latencies) {
        self.over.store(true, Ordering::Relaxed);
        let (somebody, forward_auth) = self.ingress.await.expect("the ingress is answered");
        let logins = self.logins.await.expect("everybody signs in");
        (somebody, Latencies { forward_auth, logins })
    }
}

fn print(what: &str, took: &[Duration]) {
    let mut sorted: Vec<_> = took.iter().map(|took| took.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |part: usize| sorted.get((sorted.len() * part / 100).min(sorted.len().saturating_sub(1))).copied();
    let [half, most_of, all] = [50, 99, 100].map(|part| at(part).unwrap_or(f64::NAN));
    println!("{what:<34}{:>8}{half:>12.2}{most_of:>12.2}{all:>12.2}", sorted.len());
}
