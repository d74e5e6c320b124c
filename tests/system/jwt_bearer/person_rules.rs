//! Who is found, made known, linked and verified, by the rules of a login.

use serde_json::{Value, json};

use super::{
    ask::{Ask, FLAGS, ask},
    id_token::id_token,
    world::{applications, at_provider, bearer, both},
};
use crate::support::{
    claimed::signed_in,
    fake::{Fake, sign},
    latchkey::Latchkey,
    mail_server::{MailServer, Tls},
    manifests,
    source::Source,
    visitor::{Answer, Visitor},
};

/// Several providers, of all of which `desktop` may bring ID tokens. The first is for browsers, too.
struct Stage {
    latchkey: Latchkey,
    fakes: Vec<Fake>,
}

impl Stage {
    async fn start(providers: &[(&str, &str)]) -> Self {
        Self::start_with(&[], FLAGS, manifests::ORGANIZATION, providers).await
    }

    async fn start_with(
        environment: &[(&'static str, &str)],
        flags: &[&str],
        organization: &str,
        providers: &[(&str, &str)],
    ) -> Self {
        let names: Vec<_> = providers.iter().map(|(name, _)| *name).collect();
        let mut files = vec![
            ("organization.yaml".to_owned(), format!("{organization}{}", applications(&[("desktop", &names)]))),
            ("secret.yaml".to_owned(), manifests::usual_secret()),
        ];
        let mut fakes = Vec::new();
        for (number, (name, more)) in providers.iter().enumerate() {
            let fake = Fake::start().await;
            let make = if number == 0 { both } else { bearer };
            files.push((format!("{name}.yaml"), make(name, &fake.issuer, more)));
            fakes.push(fake);
        }
        let files: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
        let latchkey = Latchkey::start_in(environment, Source::Directory, flags, &files).await;
        for (name, _) in providers {
            latchkey.wait_until_ready(name).await;
        }
        latchkey.wait_for_condition("organization", "default", ["Ready", "True", "Succeeded"]).await;
        Self { latchkey, fakes }
    }

    fn ask(&self, provider: usize, person: &str, changes: Value) -> Ask {
        ask("desktop", &id_token(&self.fakes[provider], &at_provider("desktop"), person, &changes))
    }

    async fn brings(&self, provider: usize, person: &str, changes: Value) -> Value {
        self.ask(provider, person, changes).gets(&self.latchkey).await.claims()
    }

    async fn shown(&self, person: &str) -> Value {
        let ended = self.latchkey.run_beside(&["users", "show", person, "--output", "json"]).await;
        assert_eq!(ended.status, 0, "{ended:?}");
        ended.json()
    }
}

#[tokio::test]
async fn a_trusted_address_links_and_another_is_refused() {
    let stage = Stage::start(&[("first", ""), ("global", "  trust: {global: true}\n"), ("stranger", "")]).await;
    let by_browser = json!({"sub": "ada", "preferred_username": "ada", "email": "ada@example.com"});
    let session = signed_in(&stage.latchkey, "first", &stage.fakes[0], by_browser).await;
    let email = json!({"email": "ada@example.com", "preferred_username": "countess"});
    let token = stage.brings(1, "other-ada", email.clone()).await;
    assert_eq!((&token["sub"], &token["provider"]), (&session["id"], &json!("global")));
    assert_eq!(stage.shown("countess").await["links"].as_array().map(Vec::len), Some(2), "it is linked, and renamed");
    // Not even the global one, when it does not say that the address is verified.
    let not_verified = json!({"email": "ada@example.com", "email_verified": false, "preferred_username": "third"});
    let refused = stage.ask(1, "third-ada", not_verified);
    refused.gets_refused(&stage.latchkey, 400, "invalid_grant", "email_taken").await;
    let refused = stage.ask(2, "stranger-ada", email);
    refused.gets_refused(&stage.latchkey, 400, "invalid_grant", "email_taken").await;
}

#[tokio::test]
async fn a_read_only_provider_writes_link_and_last_login_and_nothing_else() {
    let read_only = "  users: {provisioning: ReadOnly, match: [ExternalID, UserName]}\n";
    let stage = Stage::start(&[("first", ""), ("readonly", read_only)]).await;
    stage.ask(1, "kim", json!({})).gets_refused(&stage.latchkey, 400, "invalid_grant", "not_known").await;
    let made = stage.latchkey.run_beside(&["users", "create", "kim", "--email", "kim@known.example"]).await;
    assert_eq!(made.status, 0, "{made:?}");
    let before = stage.shown("kim").await;
    let token = stage.brings(1, "kim", json!({"name": "By The Provider"})).await;
    assert_eq!((&token["email"], token.get("fullName")), (&json!("kim@known.example"), None));
    let mut after = stage.shown("kim").await;
    assert_eq!(after["links"][0]["externalID"], "kim");
    assert!(after["lastLoginAt"].is_string());
    for name in ["links", "lastLoginAt"] {
        after[name] = before[name].clone();
    }
    let without_null = |mut value: Value| {
        value.as_object_mut().expect("a user").retain(|_, value| !value.is_null());
        value
    };
    assert_eq!(without_null(after), without_null(before));
}

#[tokio::test]
async fn user_names_are_made_as_at_a_login() {
    let stage = Stage::start(&[("first", ""), ("second", "  users: {userNameSeparator: ':'}\n")]).await;
    assert_eq!(stage.brings(0, "ada", json!({})).await["userName"], "ada");
    let changes = json!({"email": "ada@second.example"});
    assert_eq!(stage.brings(1, "ada", changes).await["userName"], "second:ada");
    // No name: the address; no address either: the ID.
    let changes = json!({"preferred_username": null, "email": "x@second.example"});
    assert_eq!(stage.brings(1, "x", changes).await["userName"], "second:x@second.example");
    let changes = json!({"preferred_username": null, "email": null});
    assert_eq!(stage.brings(1, "y", changes).await["userName"], "second:y");
}

#[tokio::test]
async fn two_clients_of_one_issuer_are_told_apart_by_the_audience() {
    let fake = Fake::start().await;
    let organization = format!("{}{}", manifests::ORGANIZATION, applications(&[("desktop", &["one", "two"])]));
    let organization =
        organization.replace("{name: two, audiences: [desktop-there]}", "{name: two, audiences: [two-there]}");
    let (one, two) = (bearer("one", &fake.issuer, ""), bearer("two", &fake.issuer, ""));
    let files = [("organization.yaml", &*organization), ("one.yaml", &*one), ("two.yaml", &*two)];
    let latchkey = Latchkey::start_with(FLAGS, &files).await;
    latchkey.wait_for_condition("organization", "default", ["Ready", "True", "Succeeded"]).await;
    for name in ["one", "two"] {
        latchkey.wait_until_ready(name).await;
    }
    for (audience, provider) in [("desktop-there", "one"), ("two-there", "two"), ("desktop-there", "one")] {
        let token = id_token(&fake, audience, "ada", &json!({}));
        assert_eq!(ask("desktop", &token).gets(&latchkey).await.claims()["provider"], provider, "{audience}");
    }
    // A jti is the issuer's, whichever of the two it is brought by.
    let used = id_token(&fake, "desktop-there", "ada", &json!({"jti": "the-same"}));
    ask("desktop", &used).gets(&latchkey).await;
    let again = id_token(&fake, "two-there", "ada", &json!({"jti": "the-same"}));
    ask("desktop", &again).gets_refused(&latchkey, 400, "invalid_grant", "token_used").await;
}

#[tokio::test]
async fn one_jti_of_two_issuers_is_two() {
    let stage = Stage::start(&[("first", ""), ("second", "")]).await;
    stage.brings(0, "ada", json!({"jti": "the-same"})).await;
    stage.brings(1, "bea", json!({"jti": "the-same"})).await;
    stage
        .ask(1, "bea", json!({"jti": "the-same"}))
        .gets_refused(&stage.latchkey, 400, "invalid_grant", "token_used")
        .await;
}

#[tokio::test]
async fn where_addresses_must_be_verified_a_mail_goes_out_and_a_token_comes_after_the_link() {
    let mail = MailServer::start(Tls::Never).await;
    let (url, certificate) = (mail.url(), mail.certificate().display().to_string());
    let flags = [FLAGS, &["--smtp-url", &url, "--mail-from", "Latchkey <no-reply@login.test>"]].concat();
    let demanding = manifests::ORGANIZATION.replace("  signIn:\n", "  signIn:\n    requireVerifiedEmail: true\n");
    let environment = [("SSL_CERT_FILE", &*certificate)];
    let stage = Stage::start_with(&environment, &flags, &demanding, &[("first", "")]).await;
    let unverified = || stage.ask(0, "ada", json!({"email_verified": false}));
    unverified().gets_refused(&stage.latchkey, 400, "invalid_grant", "not_verified").await;
    let letter = mail.next().await;
    assert_eq!(letter.to(), &json!(["ada@example.com"]));
    confirm(&stage, &letter.link()).await;
    let token = unverified().gets(&stage.latchkey).await.claims();
    assert_eq!((&token["emailVerified"], &token["email_verified"]), (&json!(true), &json!(true)));
    // Nobody who has no address at all.
    let none = stage.ask(0, "bea", json!({"email": null}));
    none.gets_refused(&stage.latchkey, 400, "invalid_grant", "no_address_to_verify").await;
    assert!(mail.has_nothing_more().await);
}

/// Somebody follows the link, signs in by browser as it asks, and presses its button.
async fn confirm(stage: &Stage, link: &str) {
    let phone = Visitor::new();
    let wants = |page: &Answer, from: &str, to: &str| {
        let (_, rest) = page.body.split_once(from).unwrap_or_else(|| panic!("{}", page.body));
        rest.split_once(to).expect("its end").0.replace("&#38;", "&").replace("&amp;", "&")
    };
    let page = phone.get(link).await;
    let sign_in = page.url.join(&wants(&page, "class=\"primary\" href=\"", "\"")).expect("a URL");
    let login = phone.get(sign_in.as_str()).await.location().expect("the way to the provider");
    let begun = phone.begin_at(&login).await;
    let mut told = stage.fakes[0].claims(&begun.nonce);
    let ada = json!({"sub": "ada", "preferred_username": "ada", "email": "ada@example.com", "email_verified": false});
    told.as_object_mut().expect("claims").extend(ada.as_object().expect("claims").clone());
    stage.fakes[0].give_out(&sign(&told));
    let back = phone.get(&begun.callback).await;
    assert_eq!(back.location().as_deref(), Some(link), "{}", back.body);
    let page = phone.get(link).await;
    let token = wants(&page, "name=\"token\" value=\"", "\"");
    let done = phone.post(&stage.latchkey.at("verify-email"), &[("token", &token)]).await;
    assert_eq!(done.status, 200, "{}", done.body);
}
