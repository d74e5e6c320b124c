//! What a login puts on the wire, request by request.

use crate::support::{
    fake::{Fake, TOKEN, sign},
    latchkey::Latchkey,
    manifests,
    recorded::Recorded,
    visitor::Visitor,
};

/// The requests of one login to the authorization and the token endpoint.
async fn login(fake: &Fake, more: &str) -> [String; 2] {
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &manifests::provider("demo", &fake.issuer, more)),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    let visitor = Visitor::new();
    let login = visitor.get(&latchkey.at("login/demo")).await;
    visitor.get(&login.location().expect("a redirect to the provider")).await;
    let asked = only(fake.requests("/authorize"));
    let parameter = |name| asked.parameter(name).expect(name);
    fake.give_out(&sign(&fake.claims(parameter("nonce"))));
    let callback = format!("{}?state={}&code=m4rk", parameter("redirect_uri"), parameter("state"));
    assert!(visitor.get(&callback).await.signs_in());
    let places = [(latchkey.url(""), "LATCHKEY/"), (fake.issuer.clone(), "PROVIDER")];
    let places = places.each_ref().map(|(place, word)| (place.as_str(), *word));
    [asked, only(fake.requests(TOKEN))].map(|request| request.shown(&places))
}

fn only(mut requests: Vec<Recorded>) -> Recorded {
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

/// OpenID Connect Core 1.0, sections 3.1.2.1 and 3.1.3.1; RFC 7636, sections 4.3 and 4.5; RFC 6749, section 2.3.1. The
/// challenge is sent to a provider, too, that says nothing of it.
#[tokio::test]
async fn the_code_flow_with_a_secret() {
    let fake = Fake::start().await;
    fake.withdraw("code_challenge_methods_supported");
    let [authorization, token] = login(&fake, "").await;
    insta::assert_snapshot!(authorization, @r"
    GET /authorize
    ?response_type = code
    ?client_id = latchkey
    ?state = (22 characters)
    ?code_challenge = (43 characters)
    ?code_challenge_method = S256
    ?redirect_uri = LATCHKEY/o/default/callback/demo
    ?scope = openid profile email groups
    ?nonce = (22 characters)
    ");
    insta::assert_snapshot!(token, @r"
    POST /token
    authorization: Basic (latchkey:the-first-client-secret-of-a-test)
    content-type: application/x-www-form-urlencoded
    accept: application/json
    grant_type = authorization_code
    code = m4rk
    code_verifier = (43 characters)
    redirect_uri = LATCHKEY/o/default/callback/demo
    ");
}
