//! Sessions that their people end from the page.

use sqlx::{Connection, Executor, SqliteConnection};

use super::{browser_of, end, handles, latchkey, page, person, text};
use crate::support::{
    AT_ONCE, fake::Fake, latchkey::Latchkey, refusal::must_be_refused, visitor::Visitor, wait_for, wait_within,
};

/// Two browsers of Ann's, and one of Bob's.
async fn three(latchkey: &Latchkey, fake: &Fake) -> [Visitor; 3] {
    let ann = async || browser_of(latchkey, "demo", fake, person("ann")).await;
    [ann().await, ann().await, browser_of(latchkey, "demo", fake, person("bob")).await]
}

async fn is_out(latchkey: &Latchkey, visitor: &Visitor) {
    wait_within(AT_ONCE, "the session has ended", async || visitor.session(latchkey).await.is_none().then_some(()))
        .await;
}

/// The handle of the only session that a page has beside its own.
async fn the_other(latchkey: &Latchkey, visitor: &Visitor) -> String {
    let (mut handles, this) = handles(&page(latchkey, visitor).await);
    assert_eq!(handles.len(), 2);
    handles.swap_remove(1 - this)
}

#[tokio::test]
async fn one_session_ends_and_the_others_go_on() {
    let fake = Fake::start().await;
    let mut latchkey = latchkey(&fake, "").await;
    let [here, there, bob] = three(&latchkey, &fake).await;
    let answer = end(&latchkey, &here, &the_other(&latchkey, &here).await).await;
    assert_eq!((answer.status, answer.location()), (303, Some(latchkey.at("account"))));
    is_out(&latchkey, &there).await;
    assert_eq!(handles(&page(&latchkey, &here).await).0.len(), 1);
    assert!(bob.session(&latchkey).await.is_some());
    latchkey.stop().await;
    latchkey.start_again().await;
    assert!(there.session(&latchkey).await.is_none() && here.session(&latchkey).await.is_some());
}

#[tokio::test]
async fn to_end_the_own_session_is_to_sign_out_here_alone() {
    let fake = Fake::start().await;
    fake.announce("end_session_endpoint", format!("{}/logout", fake.issuer));
    let latchkey = latchkey(&fake, "").await;
    let [here, there, _] = three(&latchkey, &fake).await;
    let (handles, this) = handles(&page(&latchkey, &here).await);
    let answer = end(&latchkey, &here, &handles[this]).await;
    assert_eq!((answer.status, answer.location()), (303, Some(latchkey.at("logout?done"))));
    let cookies = here.cookies(&latchkey.at("account"));
    assert!(!cookies.iter().any(|(name, _)| name.contains("latchkey.session.")), "{cookies:?}");
    assert_eq!(here.session(&latchkey).await, None);
    assert!(there.session(&latchkey).await.is_some());
    assert_eq!(fake.count("/logout"), 0);
}

#[tokio::test]
async fn all_others_end_and_then_all() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    let [here, there, bob] = three(&latchkey, &fake).await;
    let third = browser_of(&latchkey, "demo", &fake, person("ann")).await;
    assert_eq!(end(&latchkey, &here, "others").await.location(), Some(latchkey.at("account")));
    is_out(&latchkey, &there).await;
    is_out(&latchkey, &third).await;
    assert!(here.session(&latchkey).await.is_some() && bob.session(&latchkey).await.is_some());

    let again = browser_of(&latchkey, "demo", &fake, person("ann")).await;
    assert_eq!(end(&latchkey, &here, "all").await.location(), Some(latchkey.at("logout?done")));
    is_out(&latchkey, &here).await;
    is_out(&latchkey, &again).await;
    assert!(bob.session(&latchkey).await.is_some());
}

#[tokio::test]
async fn nobody_ends_a_session_of_somebody_else() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    let [here, there, bob] = three(&latchkey, &fake).await;
    let (of_bob, this) = handles(&page(&latchkey, &bob).await);
    for which in [&*of_bob[this], &"0".repeat(64), "none", "", "ALL", &of_bob[this].to_uppercase()] {
        let answer = end(&latchkey, &here, which).await;
        assert_eq!((answer.status, answer.location()), (303, Some(latchkey.at("account"))), "{which}");
    }
    let malformed = here.post(&latchkey.at("account"), &[("end", "all"), ("end", "others")]).await;
    assert_eq!(malformed.location(), Some(latchkey.at("account")));
    for visitor in [&here, &there, &bob] {
        assert!(visitor.session(&latchkey).await.is_some());
    }
}

#[tokio::test]
async fn a_form_of_another_site_ends_nothing() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    let [here, there, _] = three(&latchkey, &fake).await;
    for (name, value) in
        [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        let headers = [(name.parse().expect("a header"), value.parse().expect("a value"))].into_iter().collect();
        let body = Some("end=all".to_owned());
        let answer = here.request(reqwest::Method::POST, &latchkey.at("account"), headers, body).await;
        must_be_refused(value, &latchkey, &answer, 403, "foreign_form");
    }
    assert!(here.session(&latchkey).await.is_some() && there.session(&latchkey).await.is_some());
    assert_eq!(here.get(&latchkey.at("account?end=all")).await.status, 200);
    assert!(there.session(&latchkey).await.is_some(), "a GET ends nothing");
}

/// Keeps every other connection out of the database until it is dropped.
async fn lock(latchkey: &Latchkey) -> SqliteConnection {
    let path = latchkey.dir().join("latchkey.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the database");
    connection.execute("BEGIN EXCLUSIVE").await.expect("the lock");
    connection
}

#[tokio::test]
async fn while_the_database_takes_nothing_what_is_in_memory_ends_and_the_page_says_that_it_may_not_be_all() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    let [here, there, _] = three(&latchkey, &fake).await;
    let other = the_other(&latchkey, &here).await;
    assert!(there.session(&latchkey).await.is_some());
    let held = lock(&latchkey).await;
    let answer = end(&latchkey, &here, &other).await;
    must_be_refused("the database is locked", &latchkey, &answer, 503, "sessions_not_ended");
    assert!(answer.body.contains("Not all of these sessions could be ended"), "{}", answer.body);
    assert_eq!(there.session(&latchkey).await, None, "it has ended in memory");
    let answer = end(&latchkey, &here, "all").await;
    must_be_refused("the database is locked", &latchkey, &answer, 503, "sessions_not_ended");
    assert!(here.session(&latchkey).await.is_some(), "who asked can ask again");
    drop(held);
    wait_for("all end once the database is back", async || {
        (end(&latchkey, &here, "all").await.location()? == latchkey.at("logout?done")).then_some(())
    })
    .await;
    assert_eq!((here.session(&latchkey).await, there.session(&latchkey).await), (None, None));
}

#[tokio::test]
async fn while_the_database_cannot_be_read_the_page_shows_what_memory_knows() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    let visitor = browser_of(&latchkey, "demo", &fake, person("ann")).await;
    assert!(visitor.session(&latchkey).await.is_some_and(|session| session["userName"] == "ann"));
    let path = latchkey.dir().join("latchkey.db");
    let mut stranger = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the database");
    stranger.execute("ALTER TABLE links RENAME TO elsewhere").await.expect("renamed");
    let seen = text(&page(&latchkey, &visitor).await);
    for told in ["User name ann", "Roles viewer", "Your sessions cannot be listed right now."] {
        assert!(seen.contains(told), "{told} is not in: {seen}");
    }
    assert!(!seen.contains("by the mapper"), "{seen}");
    assert!(latchkey.log().contains("an account page lacks what only the store knows"), "{}", latchkey.log());
    stranger.execute("ALTER TABLE elsewhere RENAME TO links").await.expect("renamed");
    assert!(text(&page(&latchkey, &visitor).await).contains("This session"));
}
