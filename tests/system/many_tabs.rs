//! Many logins in one browser at the same time.

use std::collections::BTreeSet;

use futures::future::join_all;

use crate::support::{
    latchkey::LOCAL,
    visitor::{Answer, Visitor},
    world::World,
};

const SO_MANY: usize = 20;

fn attempts(visitor: &Visitor, world: &World) -> usize {
    let cookies = visitor.cookies(&world.latchkey.url(""));
    cookies.iter().filter(|(name, _)| name.starts_with("latchkey.login.default.")).count()
}

#[tokio::test]
async fn twenty_tabs_that_began_a_login_can_all_finish_it() {
    let world = World::start().await;
    let (latchkey, browser) = (&world.latchkey, Visitor::new());
    let mut callbacks = Vec::new();
    for _ in 0..SO_MANY {
        callbacks.push(browser.come_back(&latchkey.url("o/default/login/demo"), "alice").await);
    }
    assert_eq!(attempts(&browser, &world), SO_MANY);
    let cookies = browser.cookie_header(&latchkey.url("").parse().expect("a URL"));
    assert!(cookies.len() < 16 * 1024, "{} bytes of cookies are more than servers take", cookies.len());
    // The last one first: the order is the person's.
    for callback in callbacks.iter().rev() {
        assert!(browser.get(callback).await.signs_in());
        assert_eq!(browser.session(latchkey).await.expect("alice is signed in")["userName"], "alice");
    }
    assert_eq!(attempts(&browser, &world), 0, "no cookie is left behind");
}

#[tokio::test]
async fn logins_that_nobody_finishes_leave_a_bounded_number_of_cookies() {
    let flags = [LOCAL, &["--trusted-proxies", "127.0.0.1/32"]].concat();
    let world = World::start_with(&flags).await;
    let (latchkey, browser) = (&world.latchkey, Visitor::new());
    for begun in 1..=50 {
        let answer = browser.get(&latchkey.url("o/default/login/demo")).await;
        assert_eq!(answer.status, 303);
        let attempts = attempts(&browser, &world);
        assert!(attempts <= begun && attempts >= begun.min(20), "{attempts} cookies after {begun} starts");
        let cookies = browser.cookie_header(&latchkey.url("").parse().expect("a URL"));
        assert!(cookies.len() < 8 * 1024, "{} bytes of cookies", cookies.len());
    }
    // What others left under such names goes, too.
    browser.tamper("latchkey.login.default.", |_| "damaged".to_owned());
    browser.sign_in(latchkey, "demo", "alice").await;
    assert_eq!(attempts(&browser, &world), 0);
}

#[tokio::test]
async fn first_logins_of_one_person_at_one_moment_make_one_user() {
    let world = World::start().await;
    let browsers: Vec<_> = (0..8).map(|_| Visitor::new()).collect();
    let mut callbacks = Vec::new();
    for browser in &browsers {
        callbacks.push(browser.come_back(&world.latchkey.url("o/default/login/demo"), "alice").await);
    }
    let answers = join_all(browsers.iter().zip(&callbacks).map(|(browser, callback)| browser.get(callback))).await;
    assert!(answers.iter().all(Answer::signs_in), "{answers:?}");
    let mut ids = BTreeSet::new();
    for browser in &browsers {
        ids.insert(browser.session(&world.latchkey).await.expect("alice is signed in")["id"].to_string());
    }
    assert_eq!(ids.len(), 1);
}
