//! The certified provider and a Latchkey that asks it in several ways, each with an IdentityProvider and a client of
//! its own. What the provider saw of each login is held against what it was to see.

use serde_json::{Map, Value, json};

use super::{
    browser::{Browser, Page},
    cross_site::CrossSite,
    latchkey::{LOCAL, Latchkey},
    manifests,
    provider::{CLIENT_SECRET, Provider},
    refusal::must_be_refused,
    source::{On, Source},
    visitor::Visitor,
};

/// The `place` of a provider of which nothing is asked, not even keys.
pub const WITHOUT_KEYS: &str = "issuer: ISSUER
  discovery: {mode: Manual}
  endpoints: {authorization: ISSUER/auth, token: ISSUER/token}";

/// One way to ask a provider. In the manifest's parts NAME, SECRET and ISSUER stand for the name of the way, the
/// reference to the usual client secret, and the provider's issuer.
pub struct Way {
    /// Of the IdentityProvider, and the client's id.
    pub name: &'static str,
    /// What the provider knows of the client, beside its id and redirect URI.
    pub registered: Value,
    /// Where the provider is: the first lines of the spec.
    pub place: &'static str,
    /// spec.client
    pub client: &'static str,
    /// spec.authorization
    pub authorization: &'static str,
    /// Further lines of the spec, indented by two spaces.
    pub more: String,
    /// What the provider is to see that is not as with `Way::default()`; null for what it is not to see.
    pub seen: Value,
}

/// The code flow with a secret, and everything else as Latchkey does it unasked.
impl Default for Way {
    fn default() -> Self {
        Self {
            name: "demo",
            registered: json!({"client_secret": CLIENT_SECRET}),
            place: "issuer: ISSUER",
            client: "{id: NAME, secretRef: SECRET}",
            authorization: "{scopes: [profile, email, groups]}",
            more: String::new(),
            seen: json!({}),
        }
    }
}

impl Way {
    fn manifest(&self, issuer: &str) -> String {
        let Self { place, client, authorization, more, .. } = self;
        let text = format!(
            "\
apiVersion: latchkey.dev/v1alpha1
kind: IdentityProvider
metadata: {{name: NAME}}
spec:
  displayName: Provider NAME
  {place}
  client: {client}
  authorization: {authorization}
{more}"
        );
        let places = [("NAME", self.name), ("SECRET", "{name: demo-client, key: client-secret}"), ("ISSUER", issuer)];
        places.iter().fold(text, |text, (word, meant)| text.replace(word, meant))
    }

    /// The client in the words of OpenID Connect Dynamic Client Registration.
    fn registration(&self, latchkey: &Latchkey) -> Value {
        let redirect_uri = latchkey.at(&format!("callback/{}", self.name));
        merged(json!({"client_id": self.name, "redirect_uris": [redirect_uri]}), &self.registered)
    }

    fn to_be_seen(&self) -> Value {
        let usual = json!({
            "response_type": "code", "scope": "openid profile email groups", "code_challenge_method": "S256",
            "pushed by": "client_secret_basic", "exchanged by": "client_secret_basic", "code_verifier": true,
        });
        merged(usual, &self.seen)
    }
}

/// `base` with the members of `more`; null takes one away.
fn merged(base: Value, more: &Value) -> Value {
    let Value::Object(mut all) = base else { panic!("an object") };
    all.extend(more.as_object().expect("an object").clone());
    all.retain(|_, value| !value.is_null());
    Value::Object(all)
}

/// The provider, Latchkey, and a browser.
pub struct WaysIn {
    pub provider: Provider,
    pub latchkey: Latchkey,
    pub browser: Browser,
}

impl WaysIn {
    /// A provider with these settings, that nobody asks yet.
    pub async fn start(on: On, settings: Value) -> Self {
        let provider = Provider::start_with(settings).await;
        let files = [("organization.yaml", manifests::ORGANIZATION), ("secret.yaml", &manifests::usual_secret())];
        // So that visitors have addresses of their own, and may sign in as often as they like.
        let flags = [LOCAL, &["--trusted-proxies", "127.0.0.1/32"]].concat();
        let latchkey = Latchkey::start_from(Source::new(on).await, &flags, &files).await;
        Self { provider, latchkey, browser: Browser::start() }
    }

    /// As `start` with a directory of manifests, and these ways are open.
    pub async fn with(ways: &[Way]) -> Self {
        let world = Self::start(On::Directory, json!({})).await;
        world.open(ways).await;
        world
    }

    /// Latchkey is over https at another site than the provider.
    pub async fn at_another_site() -> Self {
        let CrossSite { latchkey, provider } = CrossSite::start().await;
        Self { provider, latchkey, browser: Browser::start() }
    }

    /// Registers these ways, instead of all that were registered before, and waits until people can sign in by them.
    pub async fn open(&self, ways: &[Way]) {
        self.register(ways).await;
        for way in ways {
            self.write(way).await;
        }
        for way in ways {
            self.latchkey.wait_until_ready(way.name).await;
        }
    }

    /// Writes the manifest of a way.
    pub async fn write(&self, way: &Way) {
        self.latchkey.write(&format!("{}.yaml", way.name), &way.manifest(&self.provider.issuer)).await;
    }

    /// Registers these ways at the provider, instead of all that were registered before.
    pub async fn register(&self, ways: &[Way]) {
        let clients = ways.iter().map(|way| way.registration(&self.latchkey)).collect();
        self.provider.control("PUT", "clients", &Value::Array(clients)).await;
    }

    /// Somebody without any cookies.
    pub async fn somebody(&self) -> Page<'_> {
        self.browser.open(json!({})).await
    }

    /// Where a login by a way begins.
    pub fn login(&self, name: &str) -> String {
        self.latchkey.at(&format!("login/{name}"))
    }

    /// Somebody, without any cookies and without a real browser, signs in by a way; the session.
    pub async fn session_of(&self, person: &str, name: &str) -> Value {
        let visitor = Visitor::new();
        let answer = visitor.try_to_sign_in(&self.latchkey, name, person).await;
        assert!(answer.status == 303 && answer.signs_in(), "{name}: {} {}", answer.status, answer.body);
        visitor.session(&self.latchkey).await.expect("somebody is signed in")
    }

    /// Alice, without any cookies, is refused by a way, with this code and this in the log.
    pub async fn refuses_alice(&self, name: &str, code: &str, why: &str) {
        let answer = Visitor::new().try_to_sign_in(&self.latchkey, name, "alice").await;
        must_be_refused(name, &self.latchkey, &answer, 502, code);
        let (log, reference) = (self.latchkey.log(), answer.reference());
        let line = log.lines().find(|line| line.contains(&reference)).expect("a line of the log");
        assert!(line.contains(why), "{name}: {line}");
    }

    /// Alice, without any cookies, signs in by each of the ways, and the provider sees what it was to see.
    pub async fn must_lead_in(&self, ways: &[Way]) {
        for way in ways {
            // A failure shows the last of these.
            eprintln!("the way in: {}", way.name);
            let page = self.somebody().await;
            let seen = self
                .seen_during(async {
                    page.goto(&self.login(way.name)).await;
                    page.sign_in_at_provider("alice").await;
                    self.alice_is_in(&page, way.name).await;
                })
                .await;
            assert_eq!(seen, self.seen_by(way), "{}", way.name);
        }
    }

    /// What the provider is to see of a login by a way.
    pub fn seen_by(&self, way: &Way) -> Value {
        let redirect_uri = self.latchkey.at(&format!("callback/{}", way.name));
        merged(way.to_be_seen(), &json!({"client_id": way.name, "redirect_uri": redirect_uri}))
    }

    /// The login ends on the account page, and the session is alice's, by this provider.
    pub async fn alice_is_in(&self, page: &Page<'_>, provider: &str) {
        page.wait_for_url(&self.latchkey.path("account")).await;
        let text = page.text().await;
        assert!(text.contains("Alice Archer"), "{provider}: {text}");
        self.session_is_alice_s(page, provider).await;
    }

    /// The session of this browser is alice's, by this provider.
    pub async fn session_is_alice_s(&self, page: &Page<'_>, provider: &str) {
        let (status, body) = page.fetch(&self.latchkey.at("session")).await;
        assert_eq!(status, 200, "{provider}: {body}");
        let session: Value = serde_json::from_str(&body).expect("JSON");
        let who = ["userName", "fullName", "email", "provider"].map(|member| &session[member]);
        assert_eq!(who, ["alice", "Alice Archer", "alice@example.com", provider], "{session}");
    }

    /// What the provider sees of the one login that `act` has: the parameters of the authorization request, and how
    /// the client showed who it is where it pushed the request and exchanged the code.
    pub async fn seen_during(&self, act: impl Future<Output = ()>) -> Value {
        let endpoints = ["pushed_authorization_request", "authorization", "token"];
        let mut before = Vec::new();
        for endpoint in endpoints {
            before.push(self.provider.requests(endpoint).await.len());
        }
        act.await;
        let mut seen = Vec::new();
        for (endpoint, before) in endpoints.iter().zip(before) {
            let mut requests = self.provider.requests(endpoint).await.split_off(before);
            assert!(requests.len() <= 1, "{endpoint}: {requests:#?}");
            seen.push(requests.pop().unwrap_or_default());
        }
        let [pushed, asked, exchanged] = seen.try_into().expect("one for each endpoint");
        self.summary(&pushed, &asked, &exchanged)
    }

    fn summary(&self, pushed: &Value, asked: &Value, exchanged: &Value) -> Value {
        assert_eq!(asked["pushed"], !pushed.is_null(), "what was pushed is what was asked: {asked}");
        let has_verifier = exchanged["form"].as_array().is_some_and(|form| form.contains(&json!("code_verifier")));
        let assertion = exchanged["clientAssertion"].to_string().replace(&self.provider.issuer, "ISSUER");
        let rest = Map::from_iter([
            ("pushed by".to_owned(), pushed["clientAuthMethod"].clone()),
            ("exchanged by".to_owned(), exchanged["clientAuthMethod"].clone()),
            ("assertion".to_owned(), serde_json::from_str(&assertion).expect("JSON")),
            ("code_verifier".to_owned(), if has_verifier { json!(true) } else { Value::Null }),
        ]);
        merged(asked["parameters"].clone(), &Value::Object(rest))
    }
}
