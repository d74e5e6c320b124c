//! People who come at one moment, odd addresses, and users who are deleted while they sign in: never an error of
//! ours, and nobody half written.

use std::{collections::BTreeSet, time::Duration};

use futures::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{
    database::{ByHand, Database},
    issuers::Issuers,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    refusal::must_be_refused,
    visitor::{Answer, Visitor},
};

/// By name, which is that of the issuer, too.
const PROVIDERS: [(&str, &str); 6] = [
    ("plain", ""),
    ("another", ""),
    ("by-name", "  users: {match: [UserName]}\n"),
    ("by-address", "  trust: {global: true}\n  users: {match: [Email]}\n"),
    ("global", "  trust: {global: true}\n"),
    ("read-only", "  trust: {global: true}\n  users: {provisioning: ReadOnly, match: [ExternalID, Email, UserName]}\n"),
];
const ROUNDS: usize = 15;
/// As many as must work at once (design 3).
const BROWSERS: usize = 20;

struct Stage {
    latchkey: Latchkey,
    issuers: Issuers,
    database: Database,
}

impl Stage {
    async fn start() -> Self {
        let issuers = Issuers::start().await;
        let provider = |(name, spec): &(&str, &str)| manifests::provider(name, &issuers.issuer(name), spec);
        let providers: Vec<_> = PROVIDERS.iter().map(provider).collect();
        let refs: Vec<_> = PROVIDERS.iter().map(|(name, _)| format!("{{name: {name}}}")).collect();
        let mapper = format!(
            "apiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: everyone}}\n\
             spec: {{identityProviderRefs: [{}], grant: {{roles: [viewer]}}}}\n",
            refs.join(", ")
        );
        let files = [
            ("organization.yaml", manifests::ORGANIZATION),
            ("secret.yaml", &manifests::usual_secret()),
            ("providers.yaml", &providers.join("---\n")),
            ("mappers.yaml", &mapper),
        ];
        let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
        for (name, _) in PROVIDERS {
            latchkey.wait_until_ready(name).await;
        }
        latchkey.wait_for_condition("idpmapper", "everyone", ["Ready", "True", "Succeeded"]).await;
        let database = Database::of(&latchkey).await;
        Self { latchkey, issuers, database }
    }

    /// Logins by these claims at one moment: who came, and the answer.
    async fn at_once(&self, logins: &[(&str, Value)]) -> Vec<(Visitor, Answer)> {
        let prepared = join_all(logins.iter().map(async |(key, claims)| {
            let visitor = Visitor::new();
            let callback = self.issuers.prepared(&visitor, &self.latchkey, key, key, claims).await;
            (visitor, callback)
        }))
        .await;
        join_all(prepared.into_iter().map(async |(visitor, callback)| {
            let answer = visitor.get(&callback).await;
            (visitor, answer)
        }))
        .await
    }

    async fn id(&self, visitor: &Visitor) -> Value {
        visitor.session(&self.latchkey).await.expect("a session")["id"].clone()
    }

    /// Nobody is half written: who was created has a link, claims and the role of the mapper, and nothing is left of who
    /// is not there.
    async fn must_be_whole(&self, what: &str) {
        let broken = "SELECT users.id, users.user_name FROM users WHERE last_login_at IS NOT NULL AND (\
             NOT EXISTS (SELECT 1 FROM links WHERE user_id = users.id) \
             OR NOT EXISTS (SELECT 1 FROM claims WHERE user_id = users.id) \
             OR (told_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM claims WHERE user_id = users.id AND provider_uid = told_by)))";
        assert_eq!(self.database.ask(broken, &[]).await, Vec::<Vec<_>>::new(), "{what}");
        for table in ["links", "claims", "grants", "sessions"] {
            let orphans = format!("SELECT COUNT(*) FROM {table} WHERE user_id NOT IN (SELECT id FROM users)");
            assert_eq!(self.database.count(&orphans, &[]).await, 0, "{what}: {table} of nobody");
        }
    }
}

fn named(sub: &str, name: &str, address: Option<&str>) -> Value {
    json!({"sub": sub, "preferred_username": name, "email": address, "email_verified": true})
}

fn statuses(came: &[(Visitor, Answer)]) -> Vec<u16> {
    let mut all: Vec<_> = came.iter().map(|(_, answer)| answer.status).collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn one_person_in_many_browsers_at_once_becomes_one_user() {
    let stage = Stage::start().await;
    for provider in ["plain", "by-name", "by-address", "global"] {
        for round in 0..ROUNDS {
            let sub = format!("{provider}-{round}");
            let claims = named(&sub, &sub, Some(&format!("{sub}@free.example")));
            let came = stage.at_once(&vec![(provider, claims); BROWSERS]).await;
            assert_eq!(statuses(&came), [303; BROWSERS], "{sub}");
            let users = stage.database.users_like(&format!("{sub}@%")).await;
            assert_eq!(users.len(), 1, "{users:?}");
            // A browser whose login was overtaken may have been signed out; who is signed in is the one user.
            for (visitor, _) in &came {
                if let Some(session) = visitor.session(&stage.latchkey).await {
                    assert_eq!((&session["id"], &session["roles"]), (&json!(users[0].id), &json!(["viewer"])), "{sub}");
                }
            }
        }
    }
    stage.must_be_whole("one person, many browsers").await;
}

#[tokio::test]
async fn of_two_people_with_one_user_name_one_gets_in() {
    let stage = Stage::start().await;
    for other in ["plain", "another"] {
        for round in 0..ROUNDS {
            let name = format!("{other}-{round}");
            let logins = [
                ("plain", named(&format!("{name}-a"), &name, None)),
                (other, named(&format!("{name}-b"), &name, None)),
            ];
            let came = stage.at_once(&logins).await;
            assert_eq!(statuses(&came), [303, 403], "{name}");
            for (_, answer) in came.iter().filter(|(_, answer)| answer.status == 403) {
                must_be_refused(&name, &stage.latchkey, answer, 403, "user_name_taken");
            }
            assert_eq!(stage.database.users_like(&name).await.len(), 1);
        }
    }
    stage.must_be_whole("one user name").await;
}

#[tokio::test]
async fn two_people_with_one_user_name_are_one_user_where_names_tell_people_apart() {
    let stage = Stage::start().await;
    for round in 0..ROUNDS {
        let name = format!("name-{round}");
        let logins = ["a", "b", "c"].map(|letter| ("by-name", named(&format!("{name}-{letter}"), &name, None)));
        let came = stage.at_once(&logins).await;
        assert_eq!(statuses(&came), [303, 303, 303], "{name}");
        let users = stage.database.users_like(&name).await;
        assert_eq!(users.len(), 1, "{users:?}");
        // The last one's ID is the only one that leads here.
        assert_eq!(stage.database.links(&users[0].id).await.len(), 1, "{name}");
    }
    stage.must_be_whole("one user name that tells apart").await;
}

#[tokio::test]
async fn of_two_people_with_one_address_one_gets_in_unless_addresses_lead_to_users() {
    let stage = Stage::start().await;
    for round in 0..ROUNDS {
        let people = |provider: &str| {
            let sub = format!("{provider}-{round}");
            let address = format!("{sub}@free.example");
            let one = |letter: &str| named(&format!("{sub}-{letter}"), &format!("{sub}-{letter}"), Some(&address));
            (one("a"), one("b"), address.clone())
        };
        let (one, two, address) = people("plain");
        let came = stage.at_once(&[("plain", one), ("another", two)]).await;
        assert_eq!(statuses(&came), [303, 403], "{address}");
        for (_, answer) in came.iter().filter(|(_, answer)| answer.status == 403) {
            must_be_refused(&address, &stage.latchkey, answer, 403, "email_taken");
        }
        assert_eq!(stage.database.users_like(&address).await.len(), 1);

        for provider in ["by-address", "global"] {
            let (one, two, address) = people(provider);
            let came = stage.at_once(&[(provider, one), (provider, two)]).await;
            assert_eq!(statuses(&came), [303, 303], "{address}");
            let users = stage.database.users_like(&address).await;
            assert_eq!(users.len(), 1, "{users:?}");
            let links = stage.database.links(&users[0].id).await.len();
            assert_eq!(links, if provider == "global" { 2 } else { 1 }, "{address}");
        }
    }
    stage.must_be_whole("one address").await;
}

#[tokio::test]
async fn a_known_person_who_is_found_in_two_ways_at_once_is_one() {
    let stage = Stage::start().await;
    stage.issuers.signed_in(&stage.latchkey, "plain", "plain", &named("first", "first", None)).await;
    let organization = stage.database.organization().await;
    for round in 0..ROUNDS {
        let name = format!("known-{round}");
        let address = format!("{name}@known.example");
        let new = ByHand { user_name: &name, email: Some(&address), verified: true, links: Vec::new() };
        let id = json!(stage.database.create(&organization, new).await);
        let logins = [
            ("read-only", named(&format!("{name}-a"), &name, None)),
            ("global", named(&format!("{name}-c"), &name, Some(&address))),
        ];
        let came = stage.at_once(&logins).await;
        // A moment later the one found by the name may find another provider's link there, which a global one may ignore.
        assert_eq!(statuses(&came), [303, 303], "{name}");
        let links = stage.database.links(id.as_str().expect("an ID")).await;
        assert_eq!(links.len(), 2, "{links:?}");
    }
    stage.must_be_whole("found in two ways").await;
}

/// What is one address; the first is how it is kept.
const SPELLINGS: [&[&str]; 3] = [
    &["zoe@xn--bcher-kva.example", "zoe@bücher.example", "ZOE@BÜCHER.example", "zoe@bu\u{308}cher.example"],
    &["ann@acme.example", "Ann@ACME.Example", "ann@ａｃｍｅ.example", "ann@acme。example"],
    &["o'neil+x@acme.example", "O'Neil+X@acme.example"],
];
/// What counts as no address.
const ODD: [&str; 12] = [
    "ann@acme.example@evil.example",
    "ann@@acme.example",
    "ann＠acme.example",
    "ａnn@acme.example",
    "\"ann\"@acme.example",
    "Ann <ann@acme.example>",
    "ann@evil.example,ann@acme.example",
    "ann@acme.example\r\nbcc: x@evil.example",
    "ann\u{200b}@acme.example",
    "ann@",
    "@acme.example",
    "ann@127.0.0.1",
];

#[tokio::test]
async fn who_was_made_known_by_an_address_is_found_by_each_spelling_and_by_nothing_odd() {
    let stage = Stage::start().await;
    stage.issuers.signed_in(&stage.latchkey, "plain", "plain", &named("first", "first", None)).await;
    let organization = stage.database.organization().await;
    for (number, spellings) in SPELLINGS.iter().enumerate() {
        let name = format!("made-{number}");
        let new = ByHand { user_name: &name, email: Some(spellings[0]), verified: true, links: Vec::new() };
        let id = stage.database.create(&organization, new).await;
        for (spelt, address) in spellings.iter().enumerate() {
            let claims = named(&format!("{name}-{spelt}"), &format!("nobody-{number}-{spelt}"), Some(address));
            let (_, session) = stage.issuers.signed_in(&stage.latchkey, "read-only", "read-only", &claims).await;
            assert_eq!((&session["id"], &session["email"]), (&json!(id), &json!(spellings[0])), "{address:?}");
        }
    }
    for (number, odd) in ODD.iter().enumerate() {
        let claims = named(&format!("odd-{number}"), &format!("odd-{number}"), Some(odd));
        let login = stage.issuers.login(&Visitor::new(), &stage.latchkey, "read-only", "read-only", &claims).await;
        must_be_refused(odd, &stage.latchkey, &login, 403, "not_known");
        // Whom no address is needed of comes in without one.
        let (_, session) = stage.issuers.signed_in(&stage.latchkey, "plain", "plain", &claims).await;
        assert_eq!((&session["email"], &session["emailVerified"]), (&Value::Null, &json!(false)), "{odd:?}");
    }
    stage.must_be_whole("odd addresses").await;
}

#[tokio::test]
async fn two_spellings_of_one_address_at_once_are_one_address() {
    let stage = Stage::start().await;
    for round in 0..ROUNDS {
        let here = format!("zoe{round}@bücher.example");
        let there = format!("ZOE{round}@xn--bcher-kva.example");
        let (one, two) = (format!("one-{round}"), format!("two-{round}"));
        let logins = [("plain", named(&one, &one, Some(&here))), ("another", named(&two, &two, Some(&there)))];
        assert_eq!(statuses(&stage.at_once(&logins).await), [303, 403], "{here}");
    }
}

async fn delete(stage: &Stage, user: &Value) {
    stage.database.run("DELETE FROM users WHERE id = ?", &[user.as_str().expect("an ID")]).await;
}

#[tokio::test]
async fn a_user_who_is_deleted_while_the_provider_answers_is_new_or_not_known() {
    let stage = Stage::start().await;
    for round in 0..ROUNDS {
        for provider in ["plain", "by-name", "by-address", "global"] {
            let sub = format!("{provider}-{round}");
            let claims = named(&sub, &sub, Some(&format!("{sub}@free.example")));
            let (_, session) = stage.issuers.signed_in(&stage.latchkey, provider, provider, &claims).await;
            let (answer, visitor) = deleted_meanwhile(&stage, provider, &claims, &session["id"]).await;
            assert_eq!(answer.status, 303, "{sub}: {}", answer.body);
            assert_ne!(stage.id(&visitor).await, session["id"], "{sub} is back");
        }
        let sub = format!("read-only-{round}");
        let organization = stage.database.organization().await;
        let new = ByHand { user_name: &sub, ..ByHand::default() };
        let id = json!(stage.database.create(&organization, new).await);
        let claims = named(&sub, &sub, None);
        let (answer, _) = deleted_meanwhile(&stage, "read-only", &claims, &id).await;
        must_be_refused(&sub, &stage.latchkey, &answer, 403, "not_known");
    }
    stage.must_be_whole("deleted while the provider answers").await;
}

async fn deleted_meanwhile(stage: &Stage, provider: &str, claims: &Value, user: &Value) -> (Answer, Visitor) {
    let visitor = Visitor::new();
    let (callback, mut held) =
        stage.issuers.prepared_to_be_held(&visitor, &stage.latchkey, provider, provider, claims).await;
    let deleted = async {
        held.asked().await;
        delete(stage, user).await;
        held.release();
    };
    let (answer, ()) = join(visitor.get(&callback), deleted).await;
    (answer, visitor)
}

#[tokio::test]
async fn a_user_who_is_deleted_at_the_moment_of_writing_is_whole_or_gone() {
    let stage = Stage::start().await;
    let mut ends = BTreeSet::new();
    for round in 0..ROUNDS * 4 {
        let sub = format!("moment-{round}");
        let claims = named(&sub, &sub, Some(&format!("{sub}@free.example")));
        let (_, session) = stage.issuers.signed_in(&stage.latchkey, "global", "global", &claims).await;
        let visitor = Visitor::new();
        let (callback, mut held) =
            stage.issuers.prepared_to_be_held(&visitor, &stage.latchkey, "global", "global", &claims).await;
        // At another moment each time: from the answer of the provider to about that of Latchkey.
        let delay = Duration::from_micros(500 * (round as u64 % 20));
        let deleted = async {
            held.asked().await;
            held.release();
            tokio::time::sleep(delay).await;
            delete(&stage, &session["id"]).await;
        };
        let (answer, ()) = join(visitor.get(&callback), deleted).await;
        assert!(answer.status == 303, "{sub}: {} {}", answer.status, answer.body);
        let users = stage.database.users_like(&format!("{sub}@%")).await;
        ends.insert(users.len());
        assert!(users.iter().all(|user| json!(user.id) != session["id"]), "{sub}: a deleted user is back");
        assert!(users.len() <= 1, "{users:?}");
    }
    stage.must_be_whole("deleted at the moment of writing").await;
    println!("users left: {ends:?}");
}
