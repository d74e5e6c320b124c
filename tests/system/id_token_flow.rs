//! Answers that bring the ID token at once: which ones sign somebody in.

use serde_json::{Value, json};

use crate::support::{
    fake::{Fake, sign},
    latchkey::Latchkey,
    refusal::{MARK, must_be_refused},
    visitor::{Begun, Visitor},
};

const MANIFESTS: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdentityProvider
metadata: {name: demo}
spec:
  displayName: Demo
  issuer: ISSUER
  client: {id: latchkey}
  authorization: {responseType: IdToken}
";

/// Changes the claims of the ID token.
type Change = fn(&mut Value);
/// The form that is posted; the state is added.
type Form<'a> = Vec<(&'static str, &'a str)>;

/// A provider that announces the iss parameter, and Latchkey.
async fn start() -> (Fake, Latchkey) {
    let fake = Fake::start().await;
    fake.announce("response_types_supported", json!(["id_token"]));
    fake.announce("authorization_response_iss_parameter_supported", true);
    let latchkey = Latchkey::start(&[("provider.yaml", &MANIFESTS.replace("ISSUER", &fake.issuer))]).await;
    latchkey.wait_until_ready("demo").await;
    (fake, latchkey)
}

/// Where the form goes, and the state in it.
fn place(begun: &Begun) -> (&str, &str) {
    let (url, query) = begun.callback.split_once("?state=").expect("a state");
    (url, query.split_once('&').expect("a code").0)
}

#[tokio::test]
async fn an_id_token_names_its_issuer_itself_and_nothing_else_does_without_iss() {
    let (fake, latchkey) = start().await;
    type Answer = for<'a> fn(&'a str, &'a str) -> Form<'a>;
    let good: [(&str, Answer); 2] = [
        ("without iss", |token, _| vec![("id_token", token)]),
        ("with iss", |token, issuer| vec![("id_token", token), ("iss", issuer)]),
    ];
    let bad: [(&str, Answer, u16, &str); 7] = [
        ("another iss", |token, _| vec![("id_token", token), ("iss", "https://m4rk.example")], 400, "wrong_issuer"),
        ("a code instead", |_, _| vec![("code", MARK)], 400, "missing_issuer"),
        ("a code with iss", |_, issuer| vec![("code", MARK), ("iss", issuer)], 400, "malformed_parameters"),
        ("an empty token", |_, _| vec![("id_token", "")], 400, "missing_issuer"),
        ("no token", |_, _| vec![("id_token", MARK)], 502, "id_token"),
        ("an error without iss", |_, _| vec![("error", "access_denied")], 400, "missing_issuer"),
        ("an error beside a token", |token, _| vec![("id_token", token), ("error", MARK)], 502, "refused_by_provider"),
    ];
    let answer = async |form: Answer| {
        let visitor = Visitor::new();
        let begun = visitor.begin(&latchkey, "demo").await;
        let token = sign(&fake.claims(&begun.nonce));
        let (url, state) = place(&begun);
        let form = [form(&token, &fake.issuer), vec![("state", state)]].concat();
        visitor.post(url, &form).await
    };
    for (name, form) in good {
        assert!(answer(form).await.signs_in(), "{name}");
    }
    for (name, form, status, code) in bad {
        must_be_refused(name, &latchkey, &answer(form).await, status, code);
    }
}

#[tokio::test]
async fn an_id_token_of_another_login_client_or_issuer_signs_nobody_in() {
    let (fake, latchkey) = start().await;
    let cases: [(&str, Change); 6] = [
        ("another nonce", |claims| claims["nonce"] = json!(MARK)),
        ("no nonce", |claims| claims["nonce"] = Value::Null),
        ("another client", |claims| claims["aud"] = json!("m4rk")),
        ("another issuer", |claims| claims["iss"] = json!("https://m4rk.example")),
        ("no issuer", |claims| claims["iss"] = Value::Null),
        ("expired", |claims| claims["exp"] = json!(1_000_000_000)),
    ];
    for (name, change) in cases {
        let visitor = Visitor::new();
        let begun = visitor.begin(&latchkey, "demo").await;
        let mut claims = fake.claims(&begun.nonce);
        change(&mut claims);
        let (url, state) = place(&begun);
        let answer = visitor.post(url, &[("id_token", &sign(&claims)), ("state", state)]).await;
        must_be_refused(name, &latchkey, &answer, 502, "id_token");
    }
}

#[tokio::test]
async fn an_id_token_counts_once_by_form_and_in_the_browser_that_asked() {
    let (fake, latchkey) = start().await;
    let alice = Visitor::new();
    let begun = alice.begin(&latchkey, "demo").await;
    let token = sign(&fake.claims(&begun.nonce));
    let (url, state) = place(&begun);
    let form = [("id_token", &*token), ("state", state)];
    must_be_refused("no cookie", &latchkey, &Visitor::new().post(url, &form).await, 400, "no_attempt");
    assert!(alice.post(url, &form).await.signs_in());
    must_be_refused("again", &latchkey, &alice.post(url, &form).await, 400, "no_attempt");

    let begun = alice.begin(&latchkey, "demo").await;
    let token = sign(&fake.claims(&begun.nonce));
    let in_query = format!("{}&id_token={token}", begun.callback);
    must_be_refused("in the query", &latchkey, &alice.get(&in_query).await, 400, "malformed_parameters");
}
