//! From an ingress that asks, past the sign-in page, to where the person wanted to be.

use crate::support::{latchkey::MANY_VISITORS, visitor::Visitor, world::World};

const WANTED: &str = "https://app.example.com/a?b=c&d=e#f";
const ALLOWED_IN_PART: &[(&str, Option<&str>)] = &[
    (WANTED, Some("https://app.example.com/a?b=c&d=e#f")),
    ("https://evil.example/a", None),
    ("https://app.example.com@evil.example/", None),
];

#[tokio::test]
async fn where_one_way_is_left_people_land_where_they_wanted_to_be_and_nowhere_else() {
    let world = World::start_with(MANY_VISITORS).await;
    let latchkey = &world.latchkey;
    for (wanted, lands) in ALLOWED_IN_PART {
        let visitor = Visitor::new();
        let asked = visitor.get_with(&latchkey.at("auth?login=redirect"), &[("x-original-url", wanted)]).await;
        assert_eq!(asked.status, 302, "{wanted}");
        let page = asked.location().expect("the sign-in page");
        assert!(page.starts_with(&latchkey.at("login")), "{page}");
        let answer = visitor.try_to_sign_in_from(&page, "alice").await;
        assert!(answer.signs_in(), "{wanted}: {}", answer.body);
        let account = latchkey.at("account");
        assert_eq!(answer.location().as_deref(), Some(lands.unwrap_or(&account)), "{wanted}");
    }
}
