//! `claims.source: AccessToken` where the answers are not as a certified provider gives them.

use serde_json::{Value, json};

use crate::support::{
    fake::{Fake, KEYS, Reply, TOKEN, sign, sign_with},
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    visitor::Visitor,
};

async fn latchkey_with(fake: &Fake) -> Latchkey {
    let manifest = manifests::provider("rogue", &fake.issuer, "  claims: {source: AccessToken}\n");
    let files = [("provider.yaml", &*manifest), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
    latchkey.wait_until_ready("rogue").await;
    latchkey
}

/// What an access token can be made of.
struct Login<'a> {
    /// The claims of one as it should be.
    claims: Value,
    id_token: &'a str,
    nonce: &'a str,
}

type Make = fn(Login<'_>) -> String;

/// Signs in where the token endpoint gives out such an access token, beside members that are called as claims; the
/// session.
async fn session_by(fake: &Fake, latchkey: &Latchkey, make: Make) -> Value {
    let visitor = Visitor::new();
    let begun = visitor.begin(latchkey, "rogue").await;
    let said = fake.claims(&begun.nonce);
    let claims = json!({
        "iss": fake.issuer, "aud": "https://api.example.com", "sub": "mallory", "client_id": "latchkey",
        "iat": said["iat"], "exp": said["exp"], "name": "By the Token",
    });
    let id_token = sign(&said);
    let answer = json!({
        "access_token": make(Login { claims, id_token: &id_token, nonce: &begun.nonce }), "token_type": "Bearer",
        "id_token": id_token, "name": "By the Response", "preferred_username": "member", "sub": "somebody-else",
    });
    fake.answer(TOKEN, Reply::json(&answer));
    let answer = visitor.get(&begun.callback).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    visitor.session(latchkey).await.expect("somebody is signed in")
}

/// An access token as it should be, with this claim changed.
fn with(login: Login<'_>, claim: &str, value: impl Into<Value>) -> String {
    let mut claims = login.claims;
    claims[claim] = value.into();
    of_type("at+jwt", "one", &claims)
}

fn of_type(typ: &str, kid: &str, claims: &Value) -> String {
    sign_with(&json!({"alg": "ES256", "kid": kid, "typ": typ}), claims)
}

/// The claims of one token under the signature of another.
fn tampered_with(login: Login<'_>) -> String {
    let good = of_type("at+jwt", "one", &login.claims);
    let other = with(login, "name", "m4rk");
    let signature = good.rsplit('.').next().expect("a signature");
    format!("{}.{signature}", other.rsplit_once('.').expect("parts").0)
}

#[tokio::test]
async fn an_access_token_says_something_only_if_it_is_the_issuers_about_the_same_person() {
    const TOKEN_SAYS: &str = "By the Token";
    const RESPONSE_SAYS: &str = "By the Response";
    let fake = Fake::start().await;
    let latchkey = latchkey_with(&fake).await;
    let id = session_by(&fake, &latchkey, |_| "opaque".to_owned()).await["id"].clone();
    let cases: &[(&str, &str, Make)] = &[
        ("opaque", RESPONSE_SAYS, |_| "opaque".to_owned()),
        ("as it should be", TOKEN_SAYS, |l| of_type("at+jwt", "one", &l.claims)),
        ("of an older provider, without typ", TOKEN_SAYS, |l| sign(&l.claims)),
        ("with the nonce of this login", TOKEN_SAYS, |l| {
            let nonce = l.nonce.to_owned();
            with(l, "nonce", nonce)
        }),
        ("with the nonce of another login", RESPONSE_SAYS, |l| with(l, "nonce", "m4rk")),
        ("the ID token", RESPONSE_SAYS, |l| l.id_token.to_owned()),
        ("about somebody else", RESPONSE_SAYS, |l| with(l, "sub", "m4rk")),
        ("of another issuer", RESPONSE_SAYS, |l| with(l, "iss", "https://m4rk.example")),
        ("for another client", RESPONSE_SAYS, |l| with(l, "client_id", "m4rk")),
        ("expired", RESPONSE_SAYS, |l| with(l, "exp", 1)),
        ("a logout token", RESPONSE_SAYS, |l| of_type("logout+jwt", "one", &l.claims)),
        ("tampered with", RESPONSE_SAYS, tampered_with),
        ("of an unknown key", RESPONSE_SAYS, |l| of_type("at+jwt", "m4rk", &l.claims)),
    ];
    for (name, full_name, make) in cases {
        let session = session_by(&fake, &latchkey, *make).await;
        assert_eq!(session["fullName"], *full_name, "{name}");
        assert_eq!(session["userName"], "member", "{name}: the members of the response stay below");
        assert_eq!(session["id"], id, "{name}: the person is the ID token's");
    }
    assert_eq!(fake.count(KEYS), 2, "once more for the tokens that might be by newer keys");
    assert!(!latchkey.log().contains("m4rk"));
}
