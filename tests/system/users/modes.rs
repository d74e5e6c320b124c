//! What each mode does to each target: at a first login, at later ones that say something else or nothing, and when
//! mappers change or go.

mod grants;
mod read_only;

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::support::{
    AT_ONCE,
    database::Database,
    issuers::Issuers,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    visitor::Visitor,
    wait_for, wait_within,
};

/// The targets that are fields, and the claims that say them without any mapping, if any do.
const FIELDS: [(&str, Option<&str>); 12] = [
    ("fullName", Some("name")),
    ("givenName", Some("given_name")),
    ("familyName", Some("family_name")),
    ("email", Some("email")),
    ("locale", Some("locale")),
    ("picture", Some("picture")),
    ("profile", Some("profile")),
    ("gender", Some("gender")),
    // By the rules of the manifest.
    ("language", Some("language")),
    ("timeZone", Some("time_zone")),
    ("culture", Some("culture")),
    // A custom attribute.
    ("title", None),
];
/// The name is the mode of all targets that can have it. `default`: no mode is written down.
const PROVIDERS: [&str; 5] = ["default", "replace", "merge", "create", "none"];
const RULES: &str = "  rules: {language: claims.language, timeZone: claims.time_zone, culture: claims.culture}\n  trust: {global: true}\n";
const ORGANIZATION: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: default}
spec:
  displayName: Example Inc.
  roles: [{name: one}, {name: two}, {name: of-other}, {name: of-hand}]
  groups: [{name: red}, {name: blue}, {name: of-other}, {name: of-hand}]
";

struct Stage {
    latchkey: Latchkey,
    issuers: Issuers,
    database: Database,
}

impl Stage {
    /// With all `PROVIDERS`, each with an issuer of its own, and these mappers and providers besides.
    async fn start(mappers: &str, more: &[(&str, &str)]) -> Self {
        let issuers = Issuers::start().await;
        let mut text = String::new();
        for name in PROVIDERS {
            let spec = format!("{RULES}{}", modes(name));
            writeln!(text, "---\n{}", manifests::provider(name, &issuers.issuer(name), &spec)).expect("text");
        }
        for (name, spec) in more {
            writeln!(text, "---\n{}", manifests::provider(name, &issuers.issuer(name), spec)).expect("text");
        }
        let files = [
            ("organization.yaml", ORGANIZATION),
            ("secret.yaml", &manifests::usual_secret()),
            ("providers.yaml", &text),
            ("mappers.yaml", mappers),
        ];
        let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
        for name in PROVIDERS.into_iter().chain(more.iter().map(|(name, _)| *name)) {
            latchkey.wait_until_ready(name).await;
        }
        for name in names(mappers) {
            latchkey.wait_for_condition("idpmapper", name, ["Ready", "True", "Succeeded"]).await;
        }
        let database = Database::of(&latchkey).await;
        Self { latchkey, issuers, database }
    }

    async fn signed_in(&self, key: &str, claims: &Value) -> (Visitor, Value) {
        self.issuers.signed_in(&self.latchkey, key, key, claims).await
    }

    async fn session(&self, visitor: &Visitor) -> Value {
        visitor.session(&self.latchkey).await.expect("somebody is signed in")
    }

    /// Writes the mappers anew and waits until all people of these providers have what they say.
    async fn change_mappers(&self, text: &str, providers: &[&str]) {
        let mut before = Vec::new();
        for provider in providers {
            // What is under way yet would be taken for the change.
            before.push(wait_for("the mappers of before are applied", async || self.applied(provider).await).await);
        }
        self.latchkey.write("mappers.yaml", text).await;
        for (provider, before) in providers.iter().zip(before) {
            wait_for(&format!("the mappers of {provider} are applied"), async || {
                self.applied(provider).await.filter(|now| *now != before)
            })
            .await;
        }
    }

    /// By which mappers everybody of a provider was evaluated last; None: not all by the same ones.
    async fn applied(&self, provider: &str) -> Option<String> {
        let uid = self.uid(provider).await;
        let rows = self.database.ask("SELECT fingerprint FROM applied_mappers WHERE provider_uid = ?", &[&uid]).await;
        rows.into_iter().flatten().flatten().find(|fingerprint| !fingerprint.is_empty())
    }

    /// The UID of a provider that somebody has come through.
    async fn uid(&self, provider: &str) -> String {
        let question = "SELECT provider_uid FROM links WHERE issuer = ? AND provider_uid IS NOT NULL LIMIT 1";
        let rows = self.database.ask(question, &[&self.issuers.issuer(provider)]).await;
        rows[0][0].clone().expect("a UID")
    }
}

/// The lines of a provider's spec that write down its mode.
fn modes(name: &str) -> String {
    let (mode, targets): (_, Vec<_>) = match name {
        "default" => return String::new(),
        "merge" => ("Merge", vec!["roles", "groups"]),
        "replace" | "create" | "none" => {
            let all = FIELDS.iter().map(|(target, _)| *target).chain(["roles", "groups", "administrator"]);
            (
                if name == "replace" {
                    "Replace"
                } else if name == "create" {
                    "Create"
                } else {
                    "None"
                },
                all.collect(),
            )
        }
        _ => unreachable!("no other provider has a mode"),
    };
    let modes: Vec<_> = targets.iter().map(|target| format!("{{target: {target}, mode: {mode}}}")).collect();
    format!("  users: {{updateModes: [{}]}}\n", modes.join(", "))
}

/// A mapper of these providers; `spec`: what is in its spec besides, in one line.
fn mapper(name: &str, providers: &[&str], spec: &str) -> String {
    let refs: Vec<_> = providers.iter().map(|provider| format!("{{name: {provider}}}")).collect();
    format!(
        "---\napiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: {name}}}\n\
         spec: {{identityProviderRefs: [{}], {spec}}}\n",
        refs.join(", ")
    )
}

/// The names of mappers, as `mapper` writes them.
fn names(mappers: &str) -> impl Iterator<Item = &str> {
    mappers.split("metadata: {name: ").skip(1).filter_map(|rest| rest.split('}').next())
}

/// A value for a target; other words give other values.
fn value(target: &str, word: &'static str) -> Value {
    let tags = match word {
        "first" => ["en-GB", "en", "Europe/London", "en-GB"],
        "second" => ["de-CH", "de", "Europe/Berlin", "de-DE"],
        _ => ["fr-FR", "fr", "Europe/Paris", "fr-CH"],
    };
    match target {
        "locale" => json!(tags[0]),
        "language" => json!(tags[1]),
        "timeZone" => json!(tags[2]),
        "culture" => json!(tags[3]),
        "picture" | "profile" => json!(format!("https://{target}.example/{word}")),
        "email" => json!(format!("{word}@{word}.example")),
        _ => json!(format!("{target} {word}")),
    }
}

/// The claims of the person `sub` who has this word for everything.
fn claims(sub: &str, word: Option<&'static str>) -> Value {
    let mut claims = json!({"sub": sub, "preferred_username": sub});
    let Some(word) = word else { return claims };
    claims["email_verified"] = json!(true);
    for (target, claim) in FIELDS {
        claims[claim.unwrap_or(target)] = match target {
            // Nobody else has it.
            "email" => json!(format!("{sub}.{word}@example.com")),
            _ => value(target, word),
        };
    }
    claims
}

/// What the session says under the names of all fields.
fn fields(session: &Value) -> Value {
    let field = |target: &str| if target == "title" { &session["attributes"]["title"] } else { &session[target] };
    FIELDS.iter().map(|(target, _)| ((*target).to_owned(), field(target).clone())).collect::<Map<_, _>>().into()
}

/// What `fields` is for somebody of whom this word is noted everywhere.
fn noted(sub: &str, word: Option<&'static str>) -> Value {
    let said = claims(sub, word);
    FIELDS
        .iter()
        .map(|(target, claim)| ((*target).to_owned(), said[claim.unwrap_or(target)].clone()))
        .collect::<Map<_, _>>()
        .into()
}

const TITLE: &str = "attributes: [{target: title, from: {claim: title}}]";

/// What is said at each login, and what is noted then: under Replace (which is the default), Create and None.
const LOGINS: [(Option<&str>, [Option<&str>; 3]); 5] = [
    (Some("first"), [Some("first"), Some("first"), None]),
    (Some("second"), [Some("second"), Some("first"), None]),
    (None, [None, Some("first"), None]),
    (Some("third"), [Some("third"), Some("first"), None]),
    (Some("first"), [Some("first"), Some("first"), None]),
];

fn by_mode<T: Copy>(provider: &str, [replace, create, none]: [T; 3]) -> T {
    match provider {
        "create" => create,
        "none" => none,
        _ => replace,
    }
}

#[tokio::test]
async fn every_field_is_written_at_logins_as_its_mode_says_and_standard_claims_need_no_mapping() {
    let stage = Stage::start(&mapper("title", &PROVIDERS, TITLE), &[]).await;
    for provider in PROVIDERS {
        let sub = format!("ann-{provider}");
        for (number, (said, expected)) in LOGINS.into_iter().enumerate() {
            let (_, session) = stage.signed_in(provider, &claims(&sub, said)).await;
            let expected = by_mode(provider, expected);
            assert_eq!(fields(&session), noted(&sub, expected), "{provider}, login {number}: {said:?}");
            assert_eq!(session["emailVerified"], json!(expected.is_some()), "{provider}, login {number}");
        }
        if !matches!(provider, "create" | "none") {
            let mut unverified = claims(&sub, Some("first"));
            unverified["email_verified"] = json!(false);
            let (_, session) = stage.signed_in(provider, &unverified).await;
            assert_eq!(session["emailVerified"], json!(false), "{provider}: the provider takes it back");
        }
    }
}

#[tokio::test]
async fn a_person_whose_first_login_says_nothing_gets_nothing_later_under_create() {
    let stage = Stage::start(&mapper("title", &PROVIDERS, TITLE), &[]).await;
    stage.signed_in("create", &claims("late", None)).await;
    let (_, session) = stage.signed_in("create", &claims("late", Some("first"))).await;
    assert_eq!(fields(&session), noted("late", None));
}

/// A mapper that says every field but the address, by claims with this before their names.
fn saying(prefix: &str) -> String {
    let says = |(target, _): &(&str, Option<&str>)| format!("{{target: {target}, from: {{claim: {prefix}{target}}}}}");
    let attributes: Vec<_> = FIELDS.iter().filter(|(target, _)| *target != "email").map(says).collect();
    mapper("all", &PROVIDERS, &format!("attributes: [{}]", attributes.join(", ")))
}

/// `noted`, with the address of this word.
fn noted_at(sub: &str, word: Option<&'static str>, address: Option<&'static str>) -> Value {
    let mut noted = noted(sub, word);
    noted["email"] = address.map(|word| json!(format!("{sub}.{word}@example.com"))).unwrap_or_default();
    noted
}

#[tokio::test]
async fn what_mappers_say_follows_them_under_replace_at_once_and_stays_under_create() {
    let stage = Stage::start(&saying("a_"), &[]).await;
    let everything = |sub: &str| {
        // The standard claims say one thing, and those that mappers name others.
        let mut all = claims(sub, Some("third"));
        all.as_object_mut().expect("claims").shift_remove("title");
        for (target, _) in FIELDS {
            all[format!("a_{target}")] = value(target, "first");
            all[format!("b_{target}")] = value(target, "second");
        }
        all
    };
    let mut people = Vec::new();
    for provider in PROVIDERS {
        let sub = format!("ben-{provider}");
        let (visitor, session) = stage.signed_in(provider, &everything(&sub)).await;
        let expected = by_mode(provider, [Some("first"), Some("first"), None]);
        let address = expected.map(|_| "third");
        assert_eq!(fields(&session), noted_at(&sub, expected, address), "{provider}");
        people.push((provider, sub, visitor));
    }
    // What is left without a mapper is what the standard claims say; nobody says a title then.
    let without_title = |mut noted: Value| {
        noted["title"] = Value::Null;
        noted
    };
    let steps: [(String, [Option<&str>; 3]); 2] =
        [(saying("b_"), [Some("second"), Some("first"), None]), (String::new(), [Some("third"), Some("first"), None])];
    for (mappers, expected) in steps {
        stage.change_mappers(&mappers, &PROVIDERS).await;
        for (provider, sub, visitor) in &people {
            let word = by_mode(provider, expected);
            let mut wanted = noted_at(sub, word, word.map(|_| "third"));
            if mappers.is_empty() && word == Some("third") {
                wanted = without_title(wanted);
            }
            wait_within(AT_ONCE, &format!("{provider} has {wanted}"), async || {
                (fields(&stage.session(visitor).await) == wanted).then_some(())
            })
            .await;
            let (_, session) = stage.signed_in(provider, &everything(sub)).await;
            assert_eq!(fields(&session), wanted, "{provider}: at the next login, too");
        }
    }
}

#[tokio::test]
async fn each_field_follows_its_own_mode_whatever_that_of_the_others() {
    for (number, (target, _)) in FIELDS.into_iter().enumerate() {
        // Every third with one target in each mode, so that all are seen beside others.
        if number % 3 != 0 {
            continue;
        }
        let others: Vec<_> = FIELDS.iter().map(|(other, _)| *other).filter(|other| *other != target).collect();
        let modes: Vec<_> = others
            .iter()
            .map(|other| format!("{{target: {other}, mode: Create}}"))
            .chain([format!("{{target: {target}, mode: Replace}}")])
            .collect();
        let spec = format!("{RULES}  users: {{updateModes: [{}]}}\n", modes.join(", "));
        let more = [("mixed", spec.as_str())];
        let refs = [&PROVIDERS[..], &["mixed"]].concat();
        let stage = Stage::start(&mapper("title", &refs, TITLE), &more).await;
        stage.signed_in("mixed", &claims("mia", Some("first"))).await;
        let (_, session) = stage.signed_in("mixed", &claims("mia", Some("second"))).await;
        let mut expected = noted("mia", Some("first"));
        expected[target] = noted("mia", Some("second"))[target].clone();
        assert_eq!(fields(&session), expected, "{target} alone is replaced");
    }
}
