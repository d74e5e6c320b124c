//! Logins over https where the provider is another site, so that a form of its page brings only cookies that say so.

use serde_json::{Value, json};

use super::seen_of_an_id_token;
use crate::support::{
    browser::Page,
    ways_in::{Way, WaysIn},
};

#[tokio::test]
async fn an_answer_by_form_finds_its_attempt_across_sites_and_one_by_query_needs_no_such_cookie() {
    let ways = [
        Way { name: "by-query", ..Way::default() },
        Way {
            name: "by-form",
            authorization: "{scopes: [profile, email, groups], responseMode: FormPost}",
            seen: json!({"response_mode": "form_post"}),
            ..Way::default()
        },
        Way {
            name: "id-token",
            registered: json!({
                "response_types": ["id_token"], "grant_types": ["implicit"], "token_endpoint_auth_method": "none",
            }),
            client: "{id: NAME}",
            authorization: "{scopes: [profile, email, groups], responseType: IdToken}",
            seen: seen_of_an_id_token(),
            ..Way::default()
        },
    ];
    let world = WaysIn::at_another_site().await;
    world.open(&ways).await;
    for (way, same_site) in ways.iter().zip(["Lax", "None", "None"]) {
        // A failure shows the last of these.
        eprintln!("the way in: {}", way.name);
        let page = world.somebody().await;
        let seen = world.seen_during(async {
            page.goto(&world.login(way.name)).await;
            page.wait_for("#login").await;
            the_cookie_is_guarded(&page, "__Host-latchkey.login.default.", same_site).await;
            page.sign_in_at_provider("alice").await;
            world.alice_is_in(&page, way.name).await;
        });
        assert_eq!(seen.await, world.seen_by(way), "{}", way.name);
        assert_eq!(cookies(&page, "__Host-latchkey.login.").await, [Value::Null; 0], "{}", way.name);
        for name in ["session.default", "last.default", "organization"] {
            the_cookie_is_guarded(&page, &format!("__Host-latchkey.{name}"), "Lax").await;
        }
        page.must_be_in_order().await;
    }
}

async fn the_cookie_is_guarded(page: &Page<'_>, name: &str, same_site: &str) {
    let found = cookies(page, name).await;
    let [cookie] = found.as_slice() else { panic!("{name}: {found:?}") };
    let guards = ["secure", "httpOnly", "sameSite", "path", "domain"].map(|member| cookie[member].clone());
    assert_eq!(guards, [json!(true), json!(true), json!(same_site), json!("/"), json!("login.localhost")], "{name}");
}

async fn cookies(page: &Page<'_>, name: &str) -> Vec<Value> {
    let mut cookies = page.cookies().await;
    cookies.retain(|cookie| cookie["name"].as_str().is_some_and(|other| other.starts_with(name)));
    cookies
}
