//! The assertion is good, and the person is one who would not be let in by browser either.

use serde_json::{Value, json};

use super::{Case, court::Court};

type Make = fn(&Court) -> Case;

#[rustfmt::skip]
pub const CASES: &[(&str, Make)] = &[
    ("claimValidationRules does not hold", |c| by(c, "rules", "rae", json!({"department": "m4rk"}), json!({"department": "sales"}))),
    ("not mapped, with MappedOnly", |c| by(c, "mapped", "max", json!({"groups": ["m4rk"]}), json!({"groups": ["engineering"]}))),
    ("not known, with ReadOnly", |c| Case::new(c.desktop_by("readonly", "ron", json!({})), c.desktop("ron", json!({})))),
    ("an address elsewhere than in assignedEmailDomains", |c| by(c, "domains", "dan", json!({"email": "dan@m4rk.example"}), json!({"email": "dan@domains.example"}))),
    ("no address, with assignedEmailDomains", |c| by(c, "domains", "don", json!({"email": null}), json!({"email": "don@domains.example"}))),
    ("an address that another user has", |c| taken(c, json!({"preferred_username": "tim-too"}), "tim")),
    ("a user name that another user has", |c| taken(c, json!({"email": "tom-too@example.com"}), "tom")),
];

fn by(court: &Court, provider: &str, person: &str, wrong: Value, right: Value) -> Case {
    Case::new(court.desktop_by(provider, person, wrong), court.desktop_by(provider, person, right))
}

/// Somebody of another provider comes with what somebody of `main` has.
fn taken(court: &Court, changes: Value, person: &str) -> Case {
    let both = json!({"email": format!("{person}-too@example.com"), "preferred_username": format!("{person}-too")});
    let before = vec![court.desktop(person, json!({}))];
    Case { before, ..by(court, "hmac", person, changes, both) }
}

#[tokio::test]
async fn who_would_not_be_let_in_by_browser_gets_no_token() {
    let mut court = Court::start().await;
    for (name, make) in CASES {
        let case = make(&court);
        court.judge(name, case).await;
    }
    // As by browser, the person reads what the manifest says.
    let refused = court.desktop_by("rules", "rae", json!({"department": "m4rk"}));
    let body = refused.gets_refused(&court.latchkey, 400, "invalid_grant", "claim_rule").await;
    assert!(body["error_description"].as_str().expect("text").starts_with("Only sales may use this."), "{body}");
    court.close();
}
