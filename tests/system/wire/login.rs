//! One login at a fake provider, and what the provider got.

use serde_json::{Value, json};

use super::{
    cases::{Begin, Case},
    request::{Endpoint, Sent, must_belong_together},
};
use crate::support::{
    fake::{Fake, PAR, Reply, TOKEN, sign, tokens},
    latchkey::Latchkey,
    recorded::Recorded,
    visitor::{Answer, Visitor},
};

/// What the page calls the provider.
pub const PROVIDER: &str = "https://idp.example";

const AUTHORIZE: &str = "/authorize";
/// The token endpoint of who has another one than is announced.
const OTHER_TOKEN: &str = "/gateway/token";
const USERINFO: &str = "/userinfo";
const END_SESSION: &str = "/logout";

/// What a provider was asked, in order: before anybody signed in, and by a login.
pub struct Seen {
    pub fetched: Vec<String>,
    pub requests: Vec<Sent>,
}

/// Signs somebody in as the case says, and out again where the provider has an end-session endpoint.
pub async fn sign_in(latchkey: &Latchkey, case: &Case) -> Seen {
    let (fake, visitor, name) = (Fake::start().await, Visitor::new(), case.name());
    announce(&fake, case);
    latchkey.write(&format!("{name}.yaml"), &case.manifest(&fake.issuer)).await;
    latchkey.wait_until_ready(&name).await;
    let begun = match case.begin {
        Begin::Login(query) => visitor.get(&latchkey.at(&format!("login/{name}{query}"))).await,
        Begin::Initiate(more) => {
            let issuer = fake.issuer.replace(':', "%3A").replace('/', "%2F");
            visitor.get(&latchkey.at(&format!("initiate/{name}?iss={issuer}{more}"))).await
        }
    };
    visitor.get(&begun.location().unwrap_or_else(|| panic!("{name}: {}", begun.body))).await;
    answer_as_wished(&fake, case);
    let answer = come_back(&fake, &visitor, case).await;
    assert!(answer.signs_in(), "{name}: {} {}", answer.status, answer.body);
    if case.signs_out() {
        fake.answer(END_SESSION, Reply::text("text/html", "<title>Bye</title>"));
        let answer = visitor.post(&latchkey.at("logout"), &[]).await;
        let to = answer.location().unwrap_or_else(|| panic!("{name}: {}", answer.body));
        visitor.get(&to).await;
    }
    seen(latchkey, &fake, case)
}

fn announce(fake: &Fake, case: &Case) {
    for (member, value) in case.announced {
        match serde_json::from_str(&value.replace("PROVIDER", &fake.issuer)).expect("JSON") {
            Value::Null => fake.withdraw(member),
            value => fake.announce(member, value),
        }
    }
}

/// The request of the last login, as the browser carried it or as it was pushed.
fn asked(fake: &Fake) -> Recorded {
    let carried = fake.requests(AUTHORIZE).pop().expect("the browser came");
    if carried.parameter("request_uri").is_some() {
        fake.requests(PAR).pop().expect("a pushed request")
    } else {
        carried
    }
}

/// The ID token that the case needs, at every endpoint that may be asked for it.
fn answer_as_wished(fake: &Fake, case: &Case) {
    let answer = tokens(&id_token(fake, case));
    let refusal = Reply::status(401, &json!({"error": "invalid_client"}).to_string());
    let refused_first = case.refused_first.then_some(refusal);
    for path in [TOKEN, OTHER_TOKEN] {
        fake.answer_in_turn(path, refused_first.iter().cloned().chain([answer.clone()]));
    }
    let more = json!({"sub": "mallory", "name": "Mallory", "email": address(case)});
    fake.answer(USERINFO, Reply::json(&more));
}

/// With a name and an address only where userinfo could not say them. Each case has a person of its own.
fn id_token(fake: &Fake, case: &Case) -> String {
    let mut claims = fake.claims(asked(fake).parameter("nonce").expect("a nonce"));
    claims["auth_time"] = claims["iat"].clone();
    claims["email"] = address(case).into();
    if fake.announces("userinfo_endpoint") {
        let members = claims.as_object_mut().expect("claims");
        members.retain(|name, _| !["name", "email", "email_verified"].contains(&name.as_str()));
    }
    sign(&claims)
}

fn address(case: &Case) -> String {
    format!("{}@example.com", case.name())
}

/// Brings the answer in the way that was asked for.
async fn come_back(fake: &Fake, visitor: &Visitor, case: &Case) -> Answer {
    let asked = asked(fake);
    let parameter = |name| asked.parameter(name).unwrap_or_else(|| panic!("no {name}: {asked:?}"));
    let (redirect_uri, state) = (parameter("redirect_uri"), parameter("state"));
    if parameter("response_type") == "id_token" {
        return visitor.post(redirect_uri, &[("state", state), ("id_token", &id_token(fake, case))]).await;
    }
    if asked.parameter("response_mode") == Some("form_post") {
        return visitor.post(redirect_uri, &[("state", state), ("code", "m4rk")]).await;
    }
    visitor.get(&format!("{redirect_uri}?state={state}&code=m4rk")).await
}

fn seen(latchkey: &Latchkey, fake: &Fake, case: &Case) -> Seen {
    let (mut fetched, mut requests) = (Vec::new(), Vec::new());
    let callback = latchkey.at(&format!("callback/{}", case.name()));
    let signed_out = latchkey.at(&format!("signout-oidc/{}", case.name()));
    let places = [
        (&*fake.issuer, PROVIDER),
        (&*callback, "https://login.example.com/o/default/callback/KEY"),
        (&*signed_out, "https://login.example.com/o/default/signout-oidc/KEY"),
    ];
    for request in fake.every_request() {
        let endpoint = match &*request.path {
            AUTHORIZE => Endpoint::Authorization,
            PAR => Endpoint::PushedAuthorization,
            TOKEN | OTHER_TOKEN => Endpoint::Token,
            USERINFO => Endpoint::Userinfo,
            END_SESSION if case.spec.contains("mode: Backchannel") => Endpoint::EndSessionByLatchkey,
            END_SESSION => Endpoint::EndSession,
            _ => {
                assert_eq!((&*request.method, request.query.len()), ("GET", 0), "{request:?}");
                if !fetched.contains(&request.path) {
                    fetched.push(request.path);
                }
                continue;
            }
        };
        requests.push(Sent::new(endpoint, &request, &places));
    }
    must_belong_together(&requests);
    Seen { fetched, requests }
}
