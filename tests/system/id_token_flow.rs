//! `responseType: IdToken`: the ID token comes by form post, and nothing else gets anybody in.

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use crate::support::{
    fake::{Fake, TOKEN, sign, sign_with},
    latchkey::{Latchkey, MANY_VISITORS},
    refusal::{MARK, must_be_refused, nothing_is_repeated},
    visitor::{Answer, Begun, Visitor},
    wait_for,
};

/// A client without a secret, at a provider without a token endpoint.
async fn world() -> (Fake, Latchkey) {
    let fake = Fake::start().await;
    fake.withdraw("token_endpoint");
    fake.announce("response_types_supported", json!(["id_token"]));
    let manifest = format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: rogue}}\nspec:\n  displayName: Rogue\n  issuer: {}\n  client: {{id: latchkey}}\n  authorization: {{responseType: IdToken}}\n",
        fake.issuer
    );
    let latchkey = Latchkey::start_with(MANY_VISITORS, &[("provider.yaml", &manifest)]).await;
    latchkey.wait_until_ready("rogue").await;
    (fake, latchkey)
}

type Form = Vec<(&'static str, String)>;

/// What comes with the state: changed claims.
fn with(fake: &Fake, begun: &Begun, change: impl FnOnce(&mut Value)) -> Form {
    let mut claims = fake.claims(&begun.nonce);
    change(&mut claims);
    vec![("id_token", sign(&claims))]
}

fn good(fake: &Fake, begun: &Begun) -> Form {
    with(fake, begun, |_| {})
}

fn with_header(fake: &Fake, begun: &Begun, header: &Value) -> Form {
    vec![("id_token", sign_with(header, &fake.claims(&begun.nonce)))]
}

type Case = (&'static str, fn(&Fake, &Begun) -> Form, u16, &'static str);

const FORMS: &[Case] = &[
    ("nothing", |_, _| Vec::new(), 400, "malformed_parameters"),
    ("an empty ID token", |_, _| vec![("id_token", String::new())], 400, "malformed_parameters"),
    ("a code instead", |_, _| vec![("code", "m4rk".into())], 400, "malformed_parameters"),
    ("an access token instead", |_, _| vec![("access_token", "m4rk".into())], 400, "malformed_parameters"),
    ("another nonce", |f, b| with(f, b, |c| c["nonce"] = "m4rk".into()), 502, "id_token"),
    ("no nonce", |f, b| with(f, b, |c| c["nonce"] = Value::Null), 502, "id_token"),
    ("for somebody else", |f, b| with(f, b, |c| c["aud"] = "m4rk".into()), 502, "id_token"),
    ("of another issuer", |f, b| with(f, b, |c| c["iss"] = "https://m4rk.example".into()), 502, "id_token"),
    ("expired", |f, b| with(f, b, |c| c["exp"] = 1.into()), 502, "id_token"),
    ("alg none", |f, b| with_header(f, b, &json!({"alg": "none"})), 502, "id_token"),
    ("alg HS256", |f, b| with_header(f, b, &json!({"alg": "HS256"})), 502, "id_token"),
    ("another alg", |f, b| with_header(f, b, &json!({"alg": "RS256", "kid": "one"})), 502, "id_token"),
    ("no token", |_, _| vec![("id_token", MARK.into())], 502, "id_token"),
    ("an ID token of 100 KiB", |_, _| vec![("id_token", "m4rk".repeat(25 * 1024))], 502, "id_token"),
    ("access_denied", |_, _| refusal("access_denied"), 403, "refused_by_provider"),
    ("an odd error", |_, _| refusal(MARK), 502, "refused_by_provider"),
    ("an error beside an ID token", |f, b| [good(f, b), refusal("server_error")].concat(), 502, "refused_by_provider"),
    ("another iss", |f, b| [good(f, b), vec![("iss", "https://m4rk.example".into())]].concat(), 400, "wrong_issuer"),
    ("a repeated ID token", |f, b| [good(f, b), good(f, b)].concat(), 400, "malformed_parameters"),
    ("a second state", |f, b| [good(f, b), vec![("state", "m4rk".into())]].concat(), 400, "malformed_parameters"),
    (
        "a form of 1 MiB",
        |f, b| [good(f, b), vec![("more", "m4rk".repeat(256 * 1024))]].concat(),
        400,
        "malformed_parameters",
    ),
];

fn refusal(error: &str) -> Form {
    vec![("error", error.to_owned()), ("error_description", MARK.to_owned())]
}

/// The redirect URI and the state of an attempt.
fn place(begun: &Begun) -> (String, String) {
    let (address, query) = begun.callback.split_once('?').expect("a query");
    let state = query.strip_prefix("state=").and_then(|query| query.split('&').next()).expect("a state");
    (address.to_owned(), state.to_owned())
}

async fn answer_with(latchkey: &Latchkey, form: impl Fn(&Begun) -> Form) -> Answer {
    let visitor = Visitor::new();
    let begun = visitor.begin(latchkey, "rogue").await;
    let (address, state) = place(&begun);
    let form = form(&begun);
    let form: Vec<_> =
        [("state", &*state)].into_iter().chain(form.iter().map(|(name, value)| (*name, &**value))).collect();
    visitor.post(&address, &form).await
}

#[tokio::test]
async fn no_form_but_one_with_a_good_id_token_signs_anybody_in() {
    let (fake, latchkey) = world().await;
    for (name, form, status, code) in FORMS {
        let answer = answer_with(&latchkey, |begun| form(&fake, begun)).await;
        must_be_refused(name, &latchkey, &answer, *status, code);
    }
    nothing_is_repeated(&latchkey, "rogue").await;
    let answer = answer_with(&latchkey, |begun| good(&fake, begun)).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    assert_eq!(fake.count(TOKEN), 0);
}

#[tokio::test]
async fn an_id_token_that_comes_in_any_other_way_is_refused() {
    let (fake, latchkey) = world().await;
    for (name, content_type) in [
        ("json", Some("application/json")),
        ("multipart", Some("multipart/form-data; boundary=m4rk")),
        ("text", Some("text/plain")),
        ("in the query", None),
    ] {
        let visitor = Visitor::new();
        let begun = visitor.begin(&latchkey, "rogue").await;
        let (address, state) = place(&begun);
        let form = format!("state={state}&id_token={}", good(&fake, &begun)[0].1);
        let answer = match content_type {
            Some(content_type) => {
                let headers = HeaderMap::from_iter([(
                    "content-type".parse().expect("a name"),
                    content_type.parse().expect("a value"),
                )]);
                visitor.request(Method::POST, &address, headers, Some(form)).await
            }
            None => visitor.get(&format!("{address}?{form}")).await,
        };
        must_be_refused(name, &latchkey, &answer, 400, "malformed_parameters");
    }
}

/// RFC 9207, section 4: the ID token names its issuer itself, so that some providers send no `iss` beside it.
#[tokio::test]
async fn where_iss_is_announced_nothing_but_an_id_token_does_without_it() {
    let (fake, latchkey) = world().await;
    fake.announce("authorization_response_iss_parameter_supported", true);
    latchkey.edit("provider.yaml", "displayName: Rogue", "displayName: Rogue\n  discovery: {interval: 1s}").await;
    let announced = async || {
        let status = latchkey.status("identityprovider", "rogue").await?;
        (status["discovered"]["issParameterSupported"] == true).then_some(())
    };
    wait_for("the announcement is heard", announced).await;
    let cases: &[Case] = &[
        ("a code", |_, _| vec![("code", "m4rk".into())], 400, "missing_issuer"),
        ("an empty ID token", |_, _| vec![("id_token", String::new())], 400, "missing_issuer"),
        ("an error", |_, _| refusal("access_denied"), 400, "missing_issuer"),
        (
            "another iss",
            |f, b| [good(f, b), vec![("iss", "https://m4rk.example".into())]].concat(),
            400,
            "wrong_issuer",
        ),
    ];
    for (name, form, status, code) in cases {
        let answer = answer_with(&latchkey, |begun| form(&fake, begun)).await;
        must_be_refused(name, &latchkey, &answer, *status, code);
    }
    assert!(answer_with(&latchkey, |begun| good(&fake, begun)).await.signs_in());
    let with_iss = |begun: &Begun| [good(&fake, begun), vec![("iss", fake.issuer.clone())]].concat();
    assert!(answer_with(&latchkey, with_iss).await.signs_in());
}

#[tokio::test]
async fn an_id_token_counts_once_and_in_the_browser_that_asked() {
    let (fake, latchkey) = world().await;
    let alice = Visitor::new();
    let begun = alice.begin(&latchkey, "rogue").await;
    let (address, state) = place(&begun);
    let token = good(&fake, &begun).remove(0).1;
    let form = [("id_token", &*token), ("state", &*state)];
    must_be_refused("no cookie", &latchkey, &Visitor::new().post(&address, &form).await, 400, "no_attempt");
    assert!(alice.post(&address, &form).await.signs_in());
    must_be_refused("again", &latchkey, &alice.post(&address, &form).await, 400, "no_attempt");
}
