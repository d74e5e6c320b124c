//! What people are asked at the provider, and what it is told of them.

use serde_json::{Value, json};

use crate::support::{
    browser::Page,
    ways_in::{Way, WaysIn},
};

fn prompting(name: &'static str, authorization: &'static str, seen: Value) -> Way {
    Way { name, authorization, seen, ..Way::default() }
}

/// Goes through the login, at which the provider must show its form.
async fn is_asked(world: &WaysIn, page: &Page<'_>, way: &Way) {
    let seen = world.seen_during(async {
        page.goto(&world.login(way.name)).await;
        page.sign_in_at_provider("alice").await;
        world.alice_is_in(page, way.name).await;
    });
    assert_eq!(seen.await, world.seen_by(way), "{}", way.name);
}

/// Goes through the login, at which nobody is asked anything.
async fn is_not_asked(world: &WaysIn, page: &Page<'_>, way: &Way) {
    let seen = world.seen_during(async {
        page.goto(&world.login(way.name)).await;
        world.alice_is_in(page, way.name).await;
    });
    assert_eq!(seen.await, world.seen_by(way), "{}", way.name);
}

#[tokio::test]
async fn people_who_are_signed_in_at_the_provider_are_asked_again_if_the_manifest_says_so() {
    let ways = [
        prompting("plain", "{scopes: [profile, email, groups]}", json!({})),
        prompting("login", "{scopes: [profile, email, groups], prompt: [Login]}", json!({"prompt": "login"})),
        prompting(
            "account",
            "{scopes: [profile, email, groups], prompt: [SelectAccount]}",
            json!({"prompt": "select_account"}),
        ),
        // Which the provider takes for prompt=login.
        prompting("now", "{scopes: [profile, email, groups], maxAge: 0s}", json!({"prompt": "login"})),
    ];
    let world = WaysIn::with(&ways).await;
    let [plain, asking @ ..] = &ways;
    let page = world.somebody().await;
    is_asked(&world, &page, plain).await;
    is_not_asked(&world, &page, plain).await;
    for way in asking {
        is_asked(&world, &page, way).await;
    }
    let pushed = world.provider.requests("pushed_authorization_request").await;
    assert!(pushed.last().expect("a request")["form"].as_array().expect("names").contains(&json!("max_age")));
    is_not_asked(&world, &page, plain).await;
}

#[tokio::test]
async fn with_prompt_none_nobody_is_asked_and_strangers_get_a_page_of_ours() {
    let silent = "{scopes: [profile, email, groups], prompt: [None]}";
    let ways = [Way::default(), prompting("silent", silent, json!({"prompt": "none"}))];
    let world = WaysIn::with(&ways).await;
    let [plain, silent] = &ways;
    let page = world.somebody().await;
    assert_eq!(page.goto(&world.login("silent")).await, 403);
    assert!(page.url().await.starts_with(&world.latchkey.at("callback/silent")));
    let text = page.text().await;
    assert!(text.contains("The sign-in service needs to ask you something"), "{text}");
    page.must_be_accessible().await;
    assert!(world.latchkey.log().contains("login_required"));
    assert_eq!(page.fetch(&world.latchkey.at("session")).await.0, 401);

    is_asked(&world, &page, plain).await;
    is_not_asked(&world, &page, silent).await;
}

#[tokio::test]
async fn who_is_known_already_finds_the_name_filled_in_unless_the_manifest_withholds_it() {
    const ADDRESS: &str = "alice@example.com";
    let withheld = "{scopes: [profile, email, groups], sendLoginHint: false}";
    let ways = [
        prompting("told", "{scopes: [profile, email, groups]}", json!({"login_hint": ADDRESS})),
        prompting("withheld", withheld, json!({})),
    ];
    let world = WaysIn::with(&ways).await;
    for (way, name) in ways.iter().zip([ADDRESS, ""]) {
        let page = world.somebody().await;
        let seen = world.seen_during(async {
            page.goto(&format!("{}?login_hint={ADDRESS}", world.login(way.name))).await;
            page.wait_for("#login").await;
            assert_eq!(page.attribute("#login", "value").await.as_deref(), Some(name), "{}", way.name);
            page.sign_in_at_provider("alice").await;
            world.alice_is_in(&page, way.name).await;
        });
        assert_eq!(seen.await, world.seen_by(way), "{}", way.name);
    }
}
