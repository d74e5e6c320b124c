//! The whole path in a real browser, with a real provider: from a manifest to a login, and on through everything
//! that a team then does to it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    AT_ONCE,
    browser::{Browser, Page},
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_SECRET, Provider},
    source::On,
    wait_within,
};

on_both_sources! {
    manifests_become_a_working_login,
}

/// What the story is told with.
struct Stage<'a> {
    latchkey: &'a Latchkey,
    provider: &'a Provider,
    page: Page<'a>,
}

async fn manifests_become_a_working_login(on: On) {
    let provider = Provider::start().await;
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("mappers.yaml", manifests::MAPPERS),
        ("provider.yaml", &manifests::provider("demo", &provider.issuer, "")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start_on(on, &files).await;
    let browser = Browser::start();
    let page = browser.open(json!({})).await;
    let stage = Stage { latchkey: &latchkey, provider: &provider, page };
    stage.the_redirect_uri_is_read_from_the_status_and_registered().await;
    stage.alice_signs_in_and_is_seen_with_role_and_groups().await;
    stage.an_edited_mapper_counts_at_once_without_a_new_login().await;
    stage.a_changed_secret_counts_at_the_next_login().await;
    stage.suspending_ends_the_session_and_hides_the_provider().await;
    stage.unsuspending_does_not_bring_the_session_back().await;
    stage.deleting_the_provider_ends_the_sessions().await;
    stage.the_provider_put_back_works_again_until_alice_signs_out().await;
    let without_javascript = browser.open(json!({"javaScriptEnabled": false, "colorScheme": "dark"})).await;
    Stage { latchkey: &latchkey, provider: &provider, page: without_javascript }
        .all_of_it_works_without_javascript()
        .await;
}

impl Stage<'_> {
    async fn the_redirect_uri_is_read_from_the_status_and_registered(&self) {
        self.latchkey.wait_until_ready("demo").await;
        let status = self.latchkey.status("identityprovider", "demo").await.expect("a status");
        let redirect_uri = status["redirectURI"].as_str().expect("a redirect URI");
        assert_eq!(redirect_uri, self.latchkey.at("callback/demo"));
        self.provider.register(CLIENT_SECRET, &[redirect_uri]).await;
    }

    async fn alice_signs_in_and_is_seen_with_role_and_groups(&self) {
        assert_eq!(self.session().await, None);
        // There is one organization, and one way in: nobody need choose.
        self.page.goto(&self.latchkey.url("")).await;
        self.page.sign_in_at_provider("alice").await;
        self.page.wait_for_url(&self.latchkey.path("account")).await;
        let text = self.page.text().await;
        assert!(text.contains("Alice Archer") && text.contains("Provider demo"), "{text}");
        self.page.must_be_in_order().await;
        let session = self.session().await.expect("alice is signed in");
        let id = session["id"].as_str().expect("an id").to_owned();
        assert_eq!(
            session,
            json!({
                "id": id, "userName": "alice", "fullName": "Alice Archer", "givenName": null, "familyName": null,
                "email": "alice@example.com",
                "emailVerified": true, "organization": self.latchkey.organization(), "provider": "demo", "roles": ["admin", "viewer"],
                "groups": ["builders", "everyone"], "administrator": true, "language": null, "timeZone": null,
                "culture": null, "locale": null, "picture": null, "profile": null, "gender": null, "attributes": {},
                "expiresAt": session["expiresAt"],
            })
        );
        self.the_cookies_are_guarded().await;
    }

    async fn the_cookies_are_guarded(&self) {
        let cookies = self.page.cookies().await;
        let is_ours = |cookie: &&Value| cookie["name"].as_str().is_some_and(|name| name.contains("latchkey"));
        let ours: Vec<_> = cookies.iter().filter(is_ours).collect();
        let organization = self.latchkey.organization();
        let names: BTreeSet<_> = ours.iter().filter_map(|cookie| cookie["name"].as_str()).collect();
        let (session, last) = (format!("latchkey.session.{organization}"), format!("latchkey.last.{organization}"));
        assert_eq!(names, BTreeSet::from(["latchkey.organization", &last, &session]), "no attempt is left");
        for cookie in ours {
            assert_eq!((&cookie["httpOnly"], &cookie["path"]), (&json!(true), &json!("/")), "{cookie}");
            assert_eq!(cookie["sameSite"], json!("Lax"), "{cookie}");
        }
    }

    async fn an_edited_mapper_counts_at_once_without_a_new_login(&self) {
        self.latchkey.edit("mappers.yaml", "group: engineering", "group: sales").await;
        self.wait_for_session("alice is no admin any more", |session| {
            session["roles"] == json!(["viewer"]) && session["administrator"] == false
        })
        .await;
        self.latchkey.edit("mappers.yaml", "group: sales", "claim: {key: preferred_username, value: alice}").await;
        self.wait_for_session("alice is an admin again, by another claim", |session| {
            session["roles"] == json!(["admin", "viewer"]) && session["groups"] == json!(["builders", "everyone"])
        })
        .await;
    }

    async fn a_changed_secret_counts_at_the_next_login(&self) {
        let another = "the-second-client-secret-of-a-test";
        let redirect_uri = self.latchkey.at("callback/demo");
        self.provider.register(another, &[&redirect_uri]).await;
        self.page.goto(&self.latchkey.at("login/demo")).await;
        let text = self.page.text().await;
        assert!(text.contains("The sign-in service refused the request"), "{text}");
        self.page.must_be_accessible().await;
        assert!(self.session().await.is_some(), "a login that fails ends no session");
        self.latchkey.write("secret.yaml", &manifests::secret(another)).await;
        wait_within(AT_ONCE, "a login with the new secret", async || {
            self.page.goto(&self.latchkey.at("login/demo")).await;
            self.page.url().await.contains(&self.latchkey.path("account")).then_some(())
        })
        .await;
    }

    async fn suspending_ends_the_session_and_hides_the_provider(&self) {
        self.latchkey.edit("provider.yaml", "  displayName:", "  suspend: true\n  displayName:").await;
        self.wait_for_nobody("the provider is suspended").await;
        self.latchkey.wait_for_condition("identityprovider", "demo", ["Ready", "True", "Suspended"]).await;
        self.page.goto(&self.latchkey.at("login")).await;
        assert_eq!(self.page.count("a.provider").await, 0);
        assert!(self.page.text().await.contains("There is no way to sign in here yet."));
        self.page.must_be_accessible().await;
        assert_eq!(self.page.goto(&self.latchkey.at("login/demo")).await, 503);
    }

    async fn unsuspending_does_not_bring_the_session_back(&self) {
        self.latchkey.edit("provider.yaml", "  suspend: true\n", "").await;
        self.latchkey.wait_until_ready("demo").await;
        assert_eq!(self.session().await, None, "what has ended stays ended");
        self.page.goto(&self.latchkey.at("login")).await;
        self.page.wait_for_url(&self.latchkey.path("account")).await;
        assert!(self.session().await.is_some(), "alice signs in anew");
    }

    async fn deleting_the_provider_ends_the_sessions(&self) {
        self.latchkey.remove("provider.yaml").await;
        self.wait_for_nobody("the provider is deleted").await;
        assert_eq!(self.page.goto(&self.latchkey.at("login/demo")).await, 404);
        wait_within(AT_ONCE, "the status file is gone", async || {
            self.latchkey.status("identityprovider", "demo").await.is_none().then_some(())
        })
        .await;
    }

    async fn the_provider_put_back_works_again_until_alice_signs_out(&self) {
        self.latchkey.write("provider.yaml", &manifests::provider("demo", &self.provider.issuer, "")).await;
        self.latchkey.wait_until_ready("demo").await;
        assert_eq!(self.session().await, None);
        self.page.goto(&self.latchkey.at("login/demo")).await;
        assert!(self.session().await.is_some());
        self.sign_out().await;
    }

    async fn sign_out(&self) {
        self.page.goto(&self.latchkey.at("account")).await;
        self.page.click(&format!("a[href='{}']", self.latchkey.path("logout"))).await;
        self.page.wait_for("form button").await;
        assert!(self.page.text().await.contains("You are signed in as Alice Archer."));
        self.page.must_be_accessible().await;
        assert!(self.session().await.is_some(), "looking at the page signs nobody out");
        self.page.click("form button").await;
        self.page.sign_out_at_provider().await;
        self.page.wait_for_url(&self.latchkey.path("logout?done")).await;
        assert!(self.page.text().await.contains("You are signed out"));
        self.page.must_be_accessible().await;
        assert_eq!(self.session().await, None);
    }

    async fn all_of_it_works_without_javascript(&self) {
        self.page.goto(&self.latchkey.at("login")).await;
        self.page.sign_in_at_provider("alice").await;
        self.page.wait_for_url(&self.latchkey.path("account")).await;
        assert_eq!(self.session().await.expect("alice is signed in")["userName"], "alice");
        self.page.click(&format!("a[href='{}']", self.latchkey.path("logout"))).await;
        self.page.wait_for("form button").await;
        self.page.click("form button").await;
        self.page.sign_out_at_provider().await;
        self.page.wait_for_url(&self.latchkey.path("logout?done")).await;
        assert_eq!(self.session().await, None);
    }

    async fn session(&self) -> Option<Value> {
        let (status, body) = self.page.fetch(&self.latchkey.at("session")).await;
        match status {
            200 => Some(serde_json::from_str(&body).expect("JSON")),
            401 => None,
            status => panic!("/session answered with {status}: {body}"),
        }
    }

    async fn wait_for_session(&self, what: &str, is_so: impl Fn(&Value) -> bool) {
        wait_within(AT_ONCE, what, async || {
            let session = self.session().await.expect("the session goes on");
            is_so(&session).then_some(())
        })
        .await;
    }

    async fn wait_for_nobody(&self, why: &str) {
        wait_within(AT_ONCE, why, async || self.session().await.is_none().then_some(())).await;
    }
}
