//! `kill -9` again and again, while people sign in and out and mappers change: the store opens, nobody is half written,
//! no session comes back that was ended, and no grant is without its mapper.

use std::time::Duration;

use futures::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{
    database::Database,
    issuers::Issuers,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    visitor::Visitor,
    wait_for,
};

/// In all, by two processes at a time.
const ROUNDS: usize = 200;
const ORGANIZATION: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: default}
spec:
  displayName: Example Inc.
  roles: [{name: role-0}, {name: role-1}]
  groups: [{name: odd}]
";
/// The second one gives roles at first logins alone.
const PROVIDERS: [(&str, &str); 2] =
    [("replace", ""), ("create", "  users: {updateModes: [{target: roles, mode: Create}]}\n")];
/// Who signs in for an odd time is in the group, and has a title that tells the time.
const STEADY: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: steady}
spec:
  identityProviderRefs: [{name: replace}, {name: create}]
  when: {claim: {key: odd, value: \"true\"}}
  grant: {groups: [odd]}
---
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: titled}
spec:
  identityProviderRefs: [{name: replace}, {name: create}]
  attributes: [{target: title, from: {claim: title}}]
";

/// Which mapper there is besides: one of two that give everybody a role of their own, or none.
fn changing(round: usize) -> Option<usize> {
    Some(round % 3).filter(|which| *which < 2)
}

fn changing_mapper(which: Option<usize>) -> String {
    let Some(which) = which else { return "# none\n".to_owned() };
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: changing-{which}}}\nspec:\n  \
         identityProviderRefs: [{{name: replace}}, {{name: create}}]\n  grant: {{roles: [role-{which}]}}\n  \
         attributes: [{{target: by, from: {{value: changing-{which}}}}}]\n"
    )
}

/// Everything that is said at a login says the same number.
fn claims(sub: &str, number: usize) -> Value {
    json!({
        "sub": sub, "preferred_username": sub, "name": format!("Name {number}"), "title": format!("Title {number}"),
        "picture": format!("https://pictures.example/{number}"), "email": format!("{sub}.{number}@example.com"),
        "email_verified": true, "odd": number % 2 == 1,
    })
}

struct Stage {
    latchkey: Latchkey,
    issuers: Issuers,
    database: Database,
    /// Who is signed in, as far as anybody was told.
    signed_in: Vec<Visitor>,
    /// The cookies of sessions whose logout was answered.
    ended: Vec<String>,
    logins: usize,
    seen: Seen,
}

/// What became of requests under way.
#[derive(Default, Debug)]
struct Seen {
    logins: usize,
    logins_cut_off: usize,
    logouts: usize,
    logouts_cut_off: usize,
}

impl Stage {
    async fn start() -> Self {
        let issuers = Issuers::start().await;
        let provider = |(name, spec): (&str, &str)| manifests::provider(name, &issuers.issuer(name), spec);
        let files = [
            ("organization.yaml", ORGANIZATION),
            ("secret.yaml", &manifests::usual_secret()),
            ("providers.yaml", &PROVIDERS.map(provider).join("---\n")),
            ("steady.yaml", STEADY),
            ("changing.yaml", &changing_mapper(changing(0))),
        ];
        let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
        for mapper in ["steady", "titled", "changing-0"] {
            latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
        }
        let database = Database::of(&latchkey).await;
        let (signed_in, ended) = (Vec::new(), Vec::new());
        Self { latchkey, issuers, database, signed_in, ended, logins: 0, seen: Seen::default() }
    }

    fn cookies(&self, visitor: &Visitor) -> String {
        visitor.cookie_header(&self.latchkey.url("").parse().expect("a URL"))
    }

    async fn status_of(&self, cookies: &str) -> u16 {
        Visitor::new().get_with(&self.latchkey.at("session"), &[("cookie", cookies)]).await.status
    }

    /// Logins up to their last step: some of people who are known, some of somebody new.
    async fn prepared(&mut self, round: usize) -> Vec<(Visitor, String)> {
        let mut prepared = Vec::new();
        for (key, _) in PROVIDERS {
            for person in [format!("{key}-{}", round % 5), format!("{key}-new-{}", round % 40)] {
                self.logins += 1;
                let visitor = Visitor::new();
                let claims = claims(&person, self.logins);
                let callback = self.issuers.prepared(&visitor, &self.latchkey, key, key, &claims).await;
                prepared.push((visitor, callback));
            }
        }
        prepared
    }

    /// People sign in and out, a mapper changes, and in the middle of it the process is killed.
    async fn round(&mut self, round: usize) {
        for (key, _) in PROVIDERS {
            self.latchkey.wait_until_offered(key).await;
        }
        let prepared = self.prepared(round).await;
        let leaving: Vec<_> = self.signed_in.drain(..self.signed_in.len().min(2)).collect();
        let leaving: Vec<_> = leaving.into_iter().map(|visitor| (self.cookies(&visitor), visitor)).collect();
        let latchkey = &self.latchkey;
        let came = join_all(prepared.into_iter().map(async |(visitor, callback)| {
            let answer = visitor.try_get(&callback).await;
            (visitor, answer)
        }));
        let left = join_all(leaving.into_iter().map(async |(cookies, visitor)| {
            let answer = visitor.try_post(&latchkey.at("logout")).await;
            (cookies, answer)
        }));
        let mapper = changing_mapper(changing(round));
        let changed = latchkey.write("changing.yaml", &mapper);
        let killed = async {
            tokio::time::sleep(Duration::from_millis((round * 37 % 61) as u64)).await;
            let sent = tokio::process::Command::new("kill").args(["-KILL", &latchkey.pid().to_string()]).status().await;
            assert!(sent.expect("kill runs").success());
        };
        let ((came, left), ((), ())) = join(join(came, left), join(changed, killed)).await;
        self.latchkey.ended().await;
        for (visitor, answer) in came {
            match answer {
                Some(answer) => {
                    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
                    self.seen.logins += 1;
                    self.signed_in.push(visitor);
                }
                None => self.seen.logins_cut_off += 1,
            }
        }
        for (cookies, answer) in left {
            match answer {
                Some(answer) => {
                    assert_eq!(answer.status, 303, "{}", answer.body);
                    self.seen.logouts += 1;
                    self.ended.push(cookies);
                }
                None => self.seen.logouts_cut_off += 1,
            }
        }
        // So that there are never more than a few.
        let many = self.signed_in.len().saturating_sub(6);
        self.signed_in.drain(..many);
    }

    async fn must_be_whole(&self, round: usize) {
        let mut users = self.database.ask("SELECT id, user_name, email, verified, fields FROM users", &[]).await;
        for user in &mut users {
            let [id, sub, email, verified, fields] =
                <[_; 5]>::try_from(std::mem::take(user)).expect("five columns").map(Option::unwrap_or_default);
            let fields: Value = serde_json::from_str(&fields).expect("JSON");
            let number = fields["fullName"]["value"].as_str().and_then(|name| name.strip_prefix("Name "));
            let number: usize = number.expect("a number").parse().expect("a number");
            let said = claims(&sub, number);
            let noted = json!([fields["title"]["value"], fields["picture"]["value"], email, verified]);
            assert_eq!(noted, json!([said["title"], said["picture"], said["email"], "provider"]), "{round}: {sub}");
            let key = sub.split('-').next().expect("a provider");
            let links = self.database.links(&id).await;
            assert_eq!(links, [(self.issuers.issuer(key), sub.clone())], "{round}: {sub}");
            // All by the one provider.
            let by = "SELECT provider_uid FROM claims WHERE user_id = ? AND sealed IS NOT NULL";
            let by = self.database.ask(by, &[&id]).await;
            let uid = by.first().and_then(|row| row[0].clone()).expect("claims");
            assert_eq!(by.len(), 1, "{round}: {sub}");
            for (name, field) in fields.as_object().expect("an object") {
                assert_eq!(field["by"]["provider"], json!(uid), "{round}: {sub}: {name}");
                let of_mapper = matches!(name.as_str(), "title" | "by");
                assert_eq!(field["by"]["mapper"].is_string(), of_mapper, "{round}: {sub}: {name}");
            }
            let odd = "SELECT COUNT(*) FROM grants WHERE user_id = ? AND provider_uid = ? AND kind = 'group' AND name = 'odd'";
            let odd = self.database.count(odd, &[&id, &uid]).await;
            assert_eq!(odd, i64::try_from(number % 2).expect("0 or 1"), "{round}: {sub}, login {number}");
        }
        for table in ["links", "claims", "grants", "sessions"] {
            let orphans = format!("SELECT COUNT(*) FROM {table} WHERE user_id NOT IN (SELECT id FROM users)");
            assert_eq!(self.database.count(&orphans, &[]).await, 0, "{round}: {table} of nobody");
        }
    }

    /// Nobody has what no mapper gives now, and who follows the mappers has what they give.
    async fn must_settle(&self, round: usize) {
        let which = changing(round).map_or("none".to_owned(), |which| which.to_string());
        let (role, by) = (format!("role-{which}"), format!("changing-{which}"));
        let wanted = i64::from(changing(round).is_some());
        let stale = "SELECT COUNT(*) FROM grants WHERE kind = 'role' AND name <> ?";
        let differ = "SELECT COUNT(*) FROM users WHERE user_name LIKE 'replace-%' AND CAST(?2 AS INTEGER) <> (\
             SELECT COUNT(*) FROM grants WHERE user_id = users.id AND kind = 'role' AND name = ?1)";
        let fields =
            "SELECT COUNT(*) FROM users WHERE COALESCE(json_extract(fields, '$.by.value'), 'changing-none') <> ?";
        wait_for(&format!("round {round}: everybody has what mappers give"), async || {
            let stale = self.database.count(stale, &[&role]).await;
            let differ = self.database.count(differ, &[&role, &wanted.to_string()]).await;
            let fields = self.database.count(fields, &[&by]).await;
            (stale + differ + fields == 0).then_some(())
        })
        .await;
    }

    async fn must_be_as_told(&self, round: usize) {
        for visitor in &self.signed_in {
            assert_eq!(self.status_of(&self.cookies(visitor)).await, 200, "{round}: who signed in is not");
        }
        for cookies in self.ended.iter().rev().take(2) {
            assert_eq!(self.status_of(cookies).await, 401, "{round}: a session that was ended is back");
        }
    }
}

async fn rounds(first: usize, count: usize) -> Seen {
    let mut stage = Stage::start().await;
    for round in first..first + count {
        stage.round(round).await;
        // Before anything else can mend it.
        stage.must_be_whole(round).await;
        stage.latchkey.start_again().await;
        stage.must_be_as_told(round).await;
        stage.must_settle(round).await;
        stage.must_be_whole(round).await;
    }
    for cookies in &stage.ended {
        assert_eq!(stage.status_of(cookies).await, 401, "a session that was ended is back");
    }
    assert_eq!(stage.database.ask("PRAGMA integrity_check", &[]).await, [[Some("ok".to_owned())]]);
    assert!(!stage.latchkey.log().contains("panic"));
    stage.seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_200_times_it_has_nobody_half_no_session_back_and_no_grant_without_its_mapper() {
    let (one, two) = join(rounds(0, ROUNDS / 2), rounds(ROUNDS / 2, ROUNDS / 2)).await;
    println!("{one:?}\n{two:?}");
    for seen in [one, two] {
        // It was in the middle of things.
        assert!(seen.logins > 10 && seen.logins_cut_off > 10, "{seen:?}");
        assert!(seen.logouts > 10 && seen.logouts_cut_off > 2, "{seen:?}");
    }
}
