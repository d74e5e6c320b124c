//! Addresses that Latchkey verifies by mail: a real mail server gets them, and people open the link in them.

mod asked_again;
mod by_the_link;
mod in_the_browser;
mod mails;
mod required;
mod when_mail_fails;

use serde_json::{Value, json};

use crate::support::{
    AT_ONCE,
    claimed::login,
    fake::{Fake, sign},
    latchkey::{Latchkey, MANY_VISITORS},
    mail_server::{Mail, MailServer, Tls},
    manifests,
    source::Source,
    visitor::{Answer, Visitor},
    wait_within,
};

/// On whose behalf the mails of the tests go out.
const FROM: &str = "Latchkey <no-reply@login.test>";

/// A provider of the tests' own called `demo`, a mail server, and Latchkey, which knows both.
struct Post {
    latchkey: Latchkey,
    fake: Fake,
    mail: MailServer,
}

/// The organization that demands verified addresses.
fn demanding() -> String {
    manifests::ORGANIZATION.replace("  signIn:\n", "  signIn:\n    requireVerifiedEmail: true\n")
}

impl Post {
    /// In an organization that does not mind, or in one that demands verified addresses.
    async fn start(demanding: bool) -> Self {
        Self::start_with(Tls::Never, demanding, "").await
    }

    /// `more`: lines of the provider's spec.
    async fn start_with(tls: Tls, demanding: bool, more: &str) -> Self {
        let mail = MailServer::start(tls).await;
        let url = mail.url();
        Self::start_by(mail, &url, demanding, more).await
    }

    /// With this `--smtp-url`.
    async fn start_by(mail: MailServer, url: &str, demanding: bool, more: &str) -> Self {
        let flags = [MANY_VISITORS, &["--smtp-url", url, "--mail-from", FROM]].concat();
        let certificate = mail.certificate().display().to_string();
        let (latchkey, fake) = latchkey_and_fake(&[("SSL_CERT_FILE", &certificate)], &flags, demanding, more).await;
        Self { latchkey, fake, mail }
    }

    /// A login of somebody whose address nobody has verified; what the callback said.
    async fn comes(&self, visitor: &Visitor, name: &str) -> Answer {
        login(visitor, &self.latchkey, "demo", &self.fake, unverified(name)).await
    }

    /// The same, by a login that begins at this address.
    async fn signs_in_from(&self, visitor: &Visitor, begins_at: &str, name: &str) -> Answer {
        let begun = visitor.begin_at(begins_at).await;
        let mut claims = self.fake.claims(&begun.nonce);
        for (claim, value) in unverified(name).as_object().expect("claims") {
            claims[claim] = value.clone();
        }
        self.fake.give_out(&sign(&claims));
        visitor.get(&begun.callback).await
    }

    /// Somebody who has signed in with an address that is not verified, and the mail about it.
    async fn signed_in(&self, name: &str) -> (Visitor, Mail) {
        let visitor = Visitor::new();
        let answer = self.comes(&visitor, name).await;
        assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
        (visitor, self.mail.next().await)
    }

    /// Whether a session has a verified address.
    async fn is_verified(&self, visitor: &Visitor) -> bool {
        visitor.session(&self.latchkey).await.expect("a session")["emailVerified"] == true
    }

    async fn must_become_verified(&self, visitor: &Visitor) {
        wait_within(AT_ONCE, "the address is verified", async || self.is_verified(visitor).await.then_some(())).await;
    }

    /// Follows a link, and answers yes to what it asks.
    async fn confirm(&self, visitor: &Visitor, link: &str) -> Answer {
        let page = visitor.get(link).await;
        assert_eq!(page.status, 200, "{}", page.body);
        visitor.post(&self.action(), &[("token", &token_in(&page))]).await
    }

    fn action(&self) -> String {
        self.latchkey.at("verify-email")
    }

    /// How many mails have had this outcome.
    async fn counted(&self, outcome: &str) -> u64 {
        let (_, metrics) = self.latchkey.management("metrics").await;
        let line = format!("latchkey_mails_total{{outcome=\"{outcome}\"}} ");
        let found = metrics.lines().find_map(|metric| metric.strip_prefix(&line));
        found.map_or(0, |number| number.parse().expect("a number"))
    }
}

async fn latchkey_and_fake(
    environment: &[(&'static str, &str)],
    flags: &[&str],
    demands: bool,
    more: &str,
) -> (Latchkey, Fake) {
    let fake = Fake::start().await;
    let organization = if demands { demanding() } else { manifests::ORGANIZATION.to_owned() };
    let files = [
        ("organization.yaml", organization.as_str()),
        ("secret.yaml", &manifests::usual_secret()),
        ("provider.yaml", &manifests::provider("demo", &fake.issuer, more)),
    ];
    let latchkey = Latchkey::start_in(environment, Source::Directory, flags, &files).await;
    latchkey.wait_until_ready("demo").await;
    (latchkey, fake)
}

fn unverified(name: &str) -> Value {
    json!({"sub": name, "preferred_username": name, "email": address(name), "email_verified": false})
}

fn address(name: &str) -> String {
    format!("{name}@free.example")
}

/// What the form of a page would send along.
fn token_in(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"token\" value=\"").unwrap_or_else(|| panic!("{}", page.body));
    rest.split_once('"').expect("the end of the token").0.to_owned()
}

/// The address that the only link or button of a class leads to.
fn link_in(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("class=\"primary\" href=\"").unwrap_or_else(|| panic!("{}", page.body));
    let href = rest.split_once('"').expect("the end of the address").0.replace("&#38;", "&").replace("&amp;", "&");
    page.url.join(&href).expect("a URL").to_string()
}
