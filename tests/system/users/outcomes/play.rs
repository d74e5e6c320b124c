//! Plays the cases against the real process: many providers in one directory, and people of their own in each case.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::{
    cases::{Address, Case, Here, Origin, Provider, Says, Trust},
    line,
    oracle::{Outcome, Tie, Written, outcome},
};
use crate::support::{
    database::{ByHand, Database, UserRow},
    issuers::Issuers,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    visitor::{Answer, Visitor},
    wait_for,
};

/// So many cases are played at a time.
const AT_A_TIME: usize = 8;
/// The issuer of all providers of the table, and that of the one through which others came before.
const ISSUER: &str = "issuer";
const ELSEWHERE: &str = "elsewhere";
/// Another provider with the same issuer.
const TWIN: &str = "twin";
/// A provider to which a domain is assigned.
const OWNER: &str = "owner";

struct Stage {
    latchkey: Latchkey,
    issuers: Issuers,
    database: Database,
    organization: String,
    keys: BTreeMap<Provider, String>,
}

pub async fn every_case(cases: &[Case]) {
    let stage = &Stage::start(cases).await;
    let played = stream::iter(cases.iter().enumerate()).map(|(number, case)| async move {
        let scene = Scene { stage, number, case, key: &stage.keys[&case.provider] };
        scene.play().await.err().map(|why| format!("{} [{}]\n     {why}", line(number, case), case.known.told))
    });
    let differ: Vec<_> = played.buffer_unordered(AT_A_TIME).filter_map(async |failure| failure).collect().await;
    assert!(differ.is_empty(), "{} of {} cases differ:\n{}", differ.len(), cases.len(), differ.join("\n"));
}

impl Stage {
    async fn start(cases: &[Case]) -> Self {
        let issuers = Issuers::start().await;
        let providers: BTreeSet<_> = cases.iter().map(|case| case.provider).collect();
        let keys: BTreeMap<_, _> =
            providers.into_iter().enumerate().map(|(number, provider)| (provider, format!("p{number}"))).collect();
        let global = "  trust: {global: true}\n";
        let mut text = manifests::provider(ELSEWHERE, &issuers.issuer(ELSEWHERE), global);
        let others = [(TWIN, global), (OWNER, "  trust: {assignedEmailDomains: [owned.example]}\n")];
        for (name, more) in others {
            write!(text, "---\n{}", manifests::provider(name, &issuers.issuer(ISSUER), more)).expect("text");
        }
        for (provider, key) in &keys {
            write!(text, "---\n{}", manifests::provider(key, &issuers.issuer(ISSUER), &spec(provider, key)))
                .expect("text");
        }
        let files = [
            ("organization.yaml", manifests::ORGANIZATION),
            ("secret.yaml", &manifests::usual_secret()),
            ("providers.yaml", &text),
        ];
        let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
        for name in keys.values().map(String::as_str).chain([ELSEWHERE, TWIN, OWNER]) {
            wait_for(&format!("{name} is ready"), async || {
                let condition = latchkey.condition("identityprovider", name, "Ready").await?;
                (condition.status == "True").then_some(())
            })
            .await;
        }
        let first = json!({"sub": "first", "preferred_username": "first"});
        issuers.signed_in(&latchkey, ELSEWHERE, ELSEWHERE, &first).await;
        let database = Database::of(&latchkey).await;
        let organization = database.organization().await;
        Self { latchkey, issuers, database, organization, keys }
    }
}

/// What the manifest of a provider says.
fn spec(provider: &Provider, key: &str) -> String {
    let order: Vec<_> = provider.order.iter().map(|way| format!("{way:?}")).collect();
    let trust = match provider.trust {
        Trust::Plain => String::new(),
        Trust::Domain => format!("  trust: {{assignedEmailDomains: [{key}.example]}}\n"),
        Trust::Global => "  trust: {global: true}\n".to_owned(),
    };
    format!(
        "  trustEmail: {}\n{trust}  users: {{provisioning: {:?}, match: [{}]}}\n",
        provider.trust_email,
        provider.provisioning,
        order.join(", ")
    )
}

/// One case, played by people whose names, addresses and IDs have its mark.
struct Scene<'a> {
    stage: &'a Stage,
    number: usize,
    case: &'a Case,
    key: &'a str,
}

/// What the store holds of everybody in a case: name, address, on whose word, and links.
type Held = BTreeMap<String, (UserRow, BTreeSet<(String, String)>)>;

impl Scene<'_> {
    async fn play(&self) -> Result<(), String> {
        let mut ids = BTreeMap::new();
        for here in self.case.known.here {
            ids.insert(here.who, self.make_known(here).await);
        }
        let before = self.held().await;
        let wanted: Held = self.case.known.here.iter().map(|here| self.row(here, &ids[here.who])).collect();
        assert_eq!(before, wanted, "the case {} was not set up", self.number);

        let visitor = Visitor::new();
        let claims = self.claims(&self.id(Tie::Person), &self.name(None), self.case.known.brings, self.says_verified());
        let answer = self.stage.issuers.login(&visitor, &self.stage.latchkey, self.key, ISSUER, &claims).await;
        let after = self.held().await;
        match outcome(self.case) {
            Outcome::Refused(code) => {
                self.must_be_refused(code, &answer)?;
                equal("the store after a refusal", &after, &before)
            }
            Outcome::New(written) => {
                let session = self.session(&visitor, &answer).await?;
                let id = text(&session["id"]);
                if before.contains_key(&id) {
                    return Err(format!("signed in as {}, not as a new user", self.who(&ids, &id)));
                }
                self.must_be_written(&session, &written, before, after)
            }
            Outcome::Same(who, written) => {
                let session = self.session(&visitor, &answer).await?;
                let id = text(&session["id"]);
                if id != ids[who] {
                    return Err(format!("signed in as {}", self.who(&ids, &id)));
                }
                self.must_be_written(&session, &written, before, after)
            }
        }
    }

    fn who(&self, ids: &BTreeMap<&str, String>, id: &str) -> String {
        ids.iter().find(|(_, other)| *other == id).map_or("a new user", |(who, _)| who).to_owned()
    }

    /// Makes somebody known, by a login wherever there can have been one.
    async fn make_known(&self, here: &Here) -> String {
        let Stage { latchkey, issuers, database, organization, .. } = self.stage;
        let name = self.name(Some(here));
        if here.is_by_hand(&self.case.provider) {
            let links = here.ties().into_iter().map(|tie| {
                let through = (tie == Tie::OfGone).then_some("a-provider-that-is-gone");
                (issuers.issuer(ISSUER), self.id(tie), through)
            });
            let email = self.address(here.address, here.who);
            let new =
                ByHand { user_name: &name, email: email.as_deref(), verified: here.verified, links: links.collect() };
            return database.create(organization, new).await;
        }
        let (key, issuer, tie) = match here.by {
            Origin::Elsewhere | Origin::ElsewhereWithLink => (ELSEWHERE, ELSEWHERE, Tie::Elsewhere),
            Origin::Twin => (TWIN, ISSUER, Tie::OfTwin),
            Origin::OwnOther => (self.key, ISSUER, Tie::OtherPerson),
            _ => (self.key, ISSUER, Tie::Person),
        };
        let mut claims = self.claims(&self.id(tie), &name, Address::None, here.verified);
        claims["email"] = json!(self.address(here.address, here.who));
        let (_, session) = issuers.signed_in(latchkey, key, issuer, &claims).await;
        let id = text(&session["id"]);
        if here.by == Origin::ElsewhereWithLink {
            let link = "INSERT INTO links (organization, issuer, external_id, user_id) VALUES (?, ?, ?, ?)";
            let values = [organization, &issuers.issuer(ISSUER), &self.id(Tie::Person), &id];
            database.run(link, &values.map(String::as_str)).await;
        }
        id
    }

    fn says_verified(&self) -> bool {
        self.case.says == Says::Verified
    }

    fn claims(&self, sub: &str, name: &str, address: Address, verified: bool) -> Value {
        json!({
            "sub": sub, "preferred_username": name, "email": self.address(address, ""), "email_verified": verified
        })
    }

    /// What all names, addresses and IDs of the case have in them.
    fn mark(&self) -> String {
        format!("x{}x", self.number)
    }

    /// The name that the person brings, or that somebody has who is here.
    fn name(&self, here: Option<&Here>) -> String {
        match here.filter(|here| !here.has_the_name) {
            Some(here) => format!("{}-{}", self.mark(), word(here.who)),
            None => format!("{}-name", self.mark()),
        }
    }

    fn address(&self, address: Address, who: &str) -> Option<String> {
        let (mark, key, who) = (self.mark(), self.key, word(who));
        match address {
            Address::None => None,
            Address::Usual => Some(format!("{mark}@{key}.example")),
            Address::Another => Some(format!("{mark}-{who}@{key}.example")),
            Address::Owned => Some(format!("{mark}@owned.example")),
        }
    }

    fn id(&self, tie: Tie) -> String {
        format!("{}-{tie:?}", self.mark())
    }

    fn link(&self, tie: Tie) -> (String, String) {
        let issuer = if tie == Tie::Elsewhere { ELSEWHERE } else { ISSUER };
        (self.stage.issuers.issuer(issuer), self.id(tie))
    }

    /// A user as the store must hold it before the login.
    fn row(&self, here: &Here, id: &str) -> (String, (UserRow, BTreeSet<(String, String)>)) {
        let row = UserRow {
            id: id.to_owned(),
            user_name: self.name(Some(here)),
            email: self.address(here.address, here.who),
            verified: here.verified_by(&self.case.provider).map(str::to_owned),
        };
        (id.to_owned(), (row, here.ties().into_iter().map(|tie| self.link(tie)).collect()))
    }

    async fn held(&self) -> Held {
        let mut held = Held::new();
        for user in self.stage.database.users_like(&format!("%{}%", self.mark())).await {
            let links = self.stage.database.links(&user.id).await.into_iter().collect();
            held.insert(user.id.clone(), (user, links));
        }
        held
    }

    fn must_be_refused(&self, code: &str, answer: &Answer) -> Result<(), String> {
        let found = self.code(answer);
        equal("the status of the page", &answer.status, &403).map_err(|why| format!("{why}, {found}"))?;
        equal("the code", &found, &code.to_owned())
    }

    /// The code of a refusal in the log.
    fn code(&self, answer: &Answer) -> String {
        if answer.status < 400 {
            return "a success".to_owned();
        }
        let (log, reference) = (self.stage.latchkey.log(), answer.reference());
        let line = log.lines().find(|line| line.contains(&reference)).unwrap_or_default();
        line.split("code=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("no code").to_owned()
    }

    async fn session(&self, visitor: &Visitor, answer: &Answer) -> Result<Value, String> {
        if !answer.signs_in() {
            return Err(format!("status {}, {}", answer.status, self.code(answer)));
        }
        visitor.session(&self.stage.latchkey).await.ok_or("there is no session".to_owned())
    }

    /// The session and the store say exactly what is written down; everybody else is as before, but for the person's link.
    fn must_be_written(&self, session: &Value, written: &Written, before: Held, after: Held) -> Result<(), String> {
        let id = text(&session["id"]);
        let known = self.case.known.here.iter().map(|here| (self.name(Some(here)), here.who));
        let who = before.get(&id).and_then(|(user, _)| known.clone().find(|(name, _)| *name == user.user_name));
        let email = self.address(written.address, who.as_ref().map_or("", |(_, who)| who));
        let named_before = before.get(&id).map(|(user, _)| user.user_name.clone()).unwrap_or_default();
        let user_name = if written.has_the_name { self.name(None) } else { named_before };
        let told = json!([session["userName"], session["email"], session["emailVerified"]]);
        equal("the session", &told, &json!([user_name, email, written.verified.is_some()]))?;
        let mut wanted = before;
        for (_, links) in wanted.values_mut() {
            links.remove(&self.link(Tie::Person));
        }
        let verified = written.verified.map(str::to_owned);
        let user = UserRow { id: id.clone(), user_name, email, verified };
        wanted.insert(id, (user, written.links.iter().map(|tie| self.link(*tie)).collect()));
        equal("the store", &after, &wanted)
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what} is {found:?}\n     instead of {wanted:?}")) }
}

/// The last word of what somebody is called.
fn word(who: &str) -> &str {
    who.rsplit(' ').next().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
