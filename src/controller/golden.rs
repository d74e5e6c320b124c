//! Golden cases for the decisions: `golden/NAME.in.yaml` holds manifests and what the world said, `NAME.out.yaml`
//! every status and what logins see. `UPDATE_EXPECTED=1` writes the outputs anew.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{
    Settings, mapper, organization,
    provider::{self, Remote},
};
use crate::{
    api::{ReadyCount, Reason, ResourceMeta, SigningKey, Turn},
    domain::{
        icon::{Icon, MediaType},
        logout::{EndSession, EndSessionUrl, LogoutRules},
        metadata::{FetchFailure, Fetched, Metadata},
        modes::Modes,
        organization::Application,
        people::{Access, Defaults, Match, People},
        provider::{LoginState, Provider, Served},
        relation::{AcceptedSecret, Bearer, ClaimsSource, Credential, Flow, Relation},
        table::LoginTable,
    },
    source::{
        Feed, Object, Stores, Update,
        directory::{Schemas, parse},
    },
};

/// The first document of an input: what is not a manifest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct World {
    now: Timestamp,
    #[serde(default)]
    allow_http: bool,
    /// What each provider answered, by metadata.name. Absent: nothing yet.
    #[serde(default)]
    answers: serde_json::Map<String, Value>,
    /// Which of two client secrets each provider accepted last, by metadata.name. Absent: nobody has signed in.
    #[serde(default)]
    accepted_secrets: BTreeMap<String, String>,
}

#[test]
fn every_golden_case_is_decided_as_written() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/controller/golden");
    let mut cases = 0;
    for entry in fs::read_dir(&dir).expect("the golden cases") {
        let input = entry.expect("a file").path();
        let Some(name) = input.file_name().and_then(|name| name.to_str()?.strip_suffix(".in.yaml").map(str::to_owned))
        else {
            continue;
        };
        let decided = decide(&fs::read_to_string(&input).expect("an input"));
        let output = dir.join(format!("{name}.out.yaml"));
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&output, &decided).expect("written");
        }
        let expected = fs::read_to_string(&output).unwrap_or_default();
        assert_eq!(decided, expected, "{name}: run with UPDATE_EXPECTED=1 and read the difference");
        cases += 1;
    }
    assert!(cases >= 20, "only {cases} golden cases were found");
}

fn decide(input: &str) -> String {
    let (world, manifests) = input.split_once("\n---\n").expect("the world, then the manifests");
    let world: World = serde_yaml::from_str(world).expect("a world");
    let settings = Settings {
        external_url: Url::parse("https://login.example.com").expect("a URL"),
        allowed_external_urls: vec![Url::parse("https://acme.example").expect("a URL")],
        allow_http: world.allow_http,
    };
    let (feed, stores, _changes) = Feed::new();
    let parsed = parse(&Schemas::new(), manifests).unwrap_or_else(|problems| panic!("{problems:?}"));
    feed.apply(parsed.into_iter().map(|manifest| Update::Apply(numbered(manifest.object))).collect());
    let mut out = Vec::new();
    organizations(&stores, &settings, &world, &mut out);
    let mut table = LoginTable::default();
    (table.settled, table.complete) = (true, true);
    mappers(&stores, &settings, &world, &mut table, &mut out);
    providers(&stores, &settings, &world, &table, &mut out);
    out.sort_by_key(|(name, _)| name.clone());
    let out: serde_json::Map<String, Value> = out.into_iter().collect();
    serde_yaml::to_string(&out).expect("YAML")
}

/// As a source numbers objects.
fn numbered(mut object: Object) -> Object {
    let uid = format!("uid-of-{}", object.name());
    let meta = object.meta_mut();
    (meta.uid, meta.generation) = (Some(uid), Some(1));
    object
}

fn organizations(stores: &Stores, settings: &Settings, world: &World, out: &mut Vec<(String, Value)>) {
    for organization in stores.organizations.state() {
        let contenders = organization::contenders(&organization, stores);
        let observed = organization::Observed {
            settings,
            contenders: &contenders,
            referents: &organization::referents(&organization, stores),
            providers: ReadyCount::default(),
            now: world.now,
        };
        let decision = organization::decide(&organization, &observed);
        let sees = decision.entry.as_ref().map_or_else(|| "nothing".to_owned(), |entry| entry.url(""));
        let mut decided = json!({"logins see": sees, "event": event(decision.turn), "status": decision.status});
        if let Some(entry) = decision.entry {
            if !entry.defaults.is_empty() {
                decided["defaults"] = json!(entry.defaults);
            }
            if entry.require_verified_email {
                decided["verified addresses alone"] = json!(true);
            }
            if !entry.applications.is_empty() {
                decided["applications"] = entry.applications.iter().map(application).collect();
            }
        }
        out.push((format!("Organization {}", organization.path()), decided));
    }
}

/// An application as the token endpoint sees it, without what it shows.
fn application(application: &Application) -> Value {
    let providers = application.providers.iter().map(|provider| (provider.uid.to_string(), json!(provider.audiences)));
    json!({
        "client id": application.client_id,
        "secret": format!("{:?}", application.secret),
        "providers": providers.collect::<serde_json::Map<_, _>>(),
    })
}

fn providers(stores: &Stores, settings: &Settings, world: &World, table: &LoginTable, out: &mut Vec<(String, Value)>) {
    for idp in stores.providers.state() {
        let local = provider::local(&idp, stores, settings, table);
        let remote = remote(world.answers.get(idp.name_str()));
        let accepted = world.accepted_secrets.get(idp.name_str()).map(|name| accepted_secret(name));
        let rotation = provider::Rotated { accepted, met_in: None };
        let wish = provider::wish(&idp, &local);
        let observed = provider::Observed { local, wish, remote, rotation, handled: None, now: world.now };
        let decision = provider::decide(&idp, &observed);
        let sees = match &decision.entry.login {
            LoginState::Serving(served) => ways_in(served),
            other => json!(format!("{other:?}")),
        };
        let looks_again = format!("{}s", decision.requeue.as_secs());
        let mut decided = json!({
            "logins see": sees,
            "looks again after": looks_again,
            "event": event(decision.turn),
            "status": decision.status,
        });
        if let Some(icon) = &decision.entry.icon {
            decided["picture"] = json!(format!("{icon:?}"));
        }
        if let Some(signing_out) = signing_out(&decision.entry) {
            decided["signing out"] = signing_out;
        }
        if let Some(people) = decision.entry.people.as_deref().and_then(people) {
            decided["people"] = people;
        }
        out.push((format!("IdentityProvider {}", idp.path()), decided));
    }
}

/// The ways in that a provider has.
fn ways_in(served: &Served) -> Value {
    let mut seen = served.browser.as_deref().map_or(json!({}), by_browser);
    if let Some(Bearer { authority, max_token_age }) = served.bearer.as_deref() {
        seen["by ID token"] = json!({
            "algorithms": authority.tokens.algorithms.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>(),
            "issuer": authority.issuer,
            "keys": authority.tokens.jwks_uri,
            "keys of the manifest": authority.tokens.public_keys.len(),
            "keys that are secrets": authority.tokens.secrets.len(),
            "issued within": max_token_age.as_secs(),
        });
    }
    seen
}

fn by_browser(relation: &Relation) -> Value {
    json!({
        "authorization": relation.authorization_endpoint,
        "client id": relation.client_id,
        "client": relation.credentials.iter().map(shown).collect::<Vec<_>>(),
        "previous": relation.previous.iter().flat_map(|(_, by)| by).map(shown).collect::<Vec<_>>(),
        "flow": flow(&relation.flow),
        "pushed": relation.pushing.as_ref().map(|pushing| format!("to {}, demanded {}", pushing.endpoint, pushing.demanded)),
        "algorithms": relation.authority.tokens.algorithms.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>(),
        "request": format!("{:?}", relation.request),
        "issuer": relation.authority.issuer,
        "keys": relation.authority.tokens.jwks_uri,
        "keys of the manifest": relation.authority.tokens.public_keys.len(),
        "keys that are secrets": relation.authority.tokens.secrets.len(),
        "unsigned from the token endpoint": relation.authority.tokens.unsigned_from_token_endpoint,
        "clock skew": relation.authority.tokens.skew.as_secs(),
        "claims": claims(&relation.claims_source),
    })
}

/// What is said of people beside where their claims are read; None where the manifest says nothing of it.
fn people(people: &People) -> Option<Value> {
    let People { readings: _, access, matching, modes, trust_email, defaults, rules, validation } = people;
    let is_usual = *access == Access::default()
        && *matching == [Match::ExternalId, Match::Email]
        && *modes == Modes::default()
        && !trust_email
        && *defaults == Defaults::default()
        && rules.is_empty()
        && validation.is_empty();
    let said = || {
        json!({
            "access": access, "match": matching, "modes": modes, "trustEmail": trust_email, "defaults": defaults,
            "rules": rules, "validation": validation
        })
    };
    (!is_usual).then(said)
}

/// What signing out means; None where the manifest and the metadata say nothing of it.
fn signing_out(entry: &Provider) -> Option<Value> {
    let page = entry.logout_page_url.as_ref();
    let rules = entry.serving().map(|relation| &relation.logout);
    let usual = LogoutRules { accepts_backchannel: true, ..LogoutRules::default() };
    let is_usual = rules.is_none_or(|rules| {
        *rules == LogoutRules { post_logout_redirect_uri: rules.post_logout_redirect_uri.clone(), ..usual }
    });
    let told = |rules: &LogoutRules| {
        let end_session = rules.end_session.as_ref().map(|EndSession { by, url, sends_hint }| {
            let url = match url {
                EndSessionUrl::Plain(url) => url.as_str(),
                EndSessionUrl::Template(text) => text,
            };
            format!("by {by:?} at {url}, hint {sends_hint}")
        });
        json!({
            "end session": end_session, "accepts logout tokens": rules.accepts_backchannel,
            "accepts framed pages": rules.accepts_frontchannel,
        })
    };
    (page.is_some() || !is_usual).then(|| json!({"page": page, "rules": rules.map(told)}))
}

fn accepted_secret(name: &str) -> AcceptedSecret {
    match name {
        "Current" => AcceptedSecret::Current,
        "Previous" => AcceptedSecret::Previous,
        "Neither" => AcceptedSecret::Neither,
        _ => panic!("{name} is no secret"),
    }
}

/// The credential, without what it holds.
fn shown(credential: &Credential) -> String {
    match credential {
        Credential::Basic(_) => "Basic".to_owned(),
        Credential::Post(_) => "Post".to_owned(),
        Credential::SecretJwt(_, algorithm, audience) => {
            format!("SecretJwt {} for the {audience:?}", algorithm.as_str())
        }
        Credential::PrivateKeyJwt(_, algorithm, audience) => {
            format!("PrivateKeyJwt {} for the {audience:?}", algorithm.as_str())
        }
        Credential::None => "None".to_owned(),
    }
}

fn flow(flow: &Flow) -> String {
    match flow {
        Flow::Code { token_endpoint, pkce, response_mode } => {
            format!("Code at {token_endpoint}, PKCE {pkce}, mode {response_mode:?}")
        }
        Flow::IdToken => "IdToken".to_owned(),
    }
}

fn claims(source: &ClaimsSource) -> String {
    match source {
        ClaimsSource::Default { userinfo: Some(endpoint) } => format!("Default, userinfo at {endpoint}"),
        ClaimsSource::Default { userinfo: None } => "Default, no userinfo".to_owned(),
        ClaimsSource::UserInfo { endpoint } => format!("UserInfo at {endpoint}"),
        other => format!("{other:?}"),
    }
}

fn mappers(
    stores: &Stores,
    settings: &Settings,
    world: &World,
    table: &mut LoginTable,
    out: &mut Vec<(String, Value)>,
) {
    for mapper in stores.mappers.state() {
        let targets = mapper::targets(&mapper, stores, settings);
        let siblings = mapper::siblings(&mapper, stores);
        let observed = mapper::Observed { targets, siblings, current: None, now: world.now };
        let decision = mapper::decide(&mapper, &observed);
        table.set_mapper(mapper.uid_str(), Some(Arc::new(decision.entry.clone())));
        let sees = decision.entry.served.map(|(rule, _)| json!(*rule));
        let decided = json!({"logins see": sees, "event": event(decision.turn), "status": decision.status});
        out.push((format!("IdpMapper {}", mapper.path()), decided));
    }
}

fn event(turn: Option<Turn>) -> Value {
    json!(turn.map(|turn| format!(
        "{} {}: {}",
        if turn.warning { "Warning" } else { "Normal" },
        turn.reason.as_str(),
        turn.message
    )))
}

/// `{metadata: {…}, keys: […], failure: {reason, message, since}, keysFailure: {…}, icon: TEXT, iconFailure: {…},
/// at}`
fn remote(answer: Option<&Value>) -> Remote {
    let Some(answer) = answer else { return Remote::default() };
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let at = time(&answer["at"]).expect("when it answered");
    let failure = |value: &Value| {
        let reason: Reason = serde_json::from_value(value.get("reason")?.clone()).expect("a reason");
        let message = value["message"].as_str().expect("a message").to_owned();
        Some(FetchFailure { reason, message, since: time(&value["since"]).expect("since when") })
    };
    let metadata = answer.get("metadata").map(|metadata| (Arc::new(self::metadata(metadata)), at));
    let keys = answer.get("keys").map(|keys| {
        let keys: Vec<SigningKey> = serde_json::from_value(keys.clone()).expect("keys");
        (Arc::new(keys), at)
    });
    let metadata_failure = failure(&answer["failure"]);
    let metadata_attempted = (metadata.is_some() || metadata_failure.is_some()).then_some(at);
    let keys_failure = failure(&answer["keysFailure"]);
    let keys_attempted = (keys.is_some() || keys_failure.is_some()).then_some(at);
    let icon_failure = failure(&answer["iconFailure"]);
    let icon = answer["icon"].as_str().map(|text| (Arc::new(Icon::new(MediaType::Svg, text.into())), at));
    let icon_attempted = (icon.is_some() || icon_failure.is_some()).then_some(at);
    Remote {
        icon: Fetched { attempted_at: icon_attempted, good: icon, failure: icon_failure },
        metadata: Fetched { attempted_at: metadata_attempted, good: metadata, failure: metadata_failure },
        keys: Fetched { good: keys, failure: keys_failure, attempted_at: keys_attempted },
    }
}

fn metadata(given: &Value) -> Metadata {
    let texts = |name: &str| given.get(name).and_then(|list| serde_json::from_value(list.clone()).ok());
    let issuer = given["issuer"].as_str().expect("an issuer").to_owned();
    let endpoint = |name: &str| Url::parse(&format!("{}/{name}", issuer.trim_end_matches('/'))).expect("a URL");
    let flag = |name: &str| given.get(name).and_then(Value::as_bool).unwrap_or_default();
    let announced = |name: &str| given.get(name).and_then(Value::as_str).map(&endpoint);
    let without: Vec<String> = texts("without").unwrap_or_default();
    let usual = |name: &str| (!without.iter().any(|other| other == name)).then(|| endpoint(name));
    Metadata {
        authorization_endpoint: usual("authorize"),
        token_endpoint: usual("token"),
        userinfo_endpoint: usual("userinfo"),
        jwks_uri: usual("jwks"),
        pushed_authorization_endpoint: announced("pushedAuthorization"),
        end_session_endpoint: announced("endSession"),
        pushed_authorization_required: flag("pushedAuthorizationRequired"),
        response_types: Some(texts("responseTypes").unwrap_or_else(|| vec!["code".into()])),
        response_modes: texts("responseModes"),
        auth_methods: texts("authMethods"),
        auth_signing_algorithms: texts("authAlgorithms"),
        signing_algorithms: Some(texts("algorithms").unwrap_or_else(|| vec!["RS256".into()])),
        pkce_methods: texts("pkceMethods"),
        iss_parameter_supported: false,
        backchannel_logout_supported: false,
        issuer,
    }
}
