//! Who a person is after a login: by issuer and subject, by claims from the ID token and userinfo, and never somebody
//! else by a name or an address alone.

use serde_json::{Value, json};

use crate::support::{
    claimed::{latchkey_with, login, signed_in},
    fake::{Fake, Reply},
    refusal::must_be_refused,
    visitor::Visitor,
};

const USERINFO: &str = "/userinfo";

#[tokio::test]
async fn one_subject_of_one_issuer_is_one_user_whatever_else_changes() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey_with(&[("one", &fake, ""), ("same", &fake, ""), ("other", &other, "")]).await;
    let first = signed_in(&latchkey, "one", &fake, json!({})).await;
    let renamed = json!({"name": "Married", "email": "married@example.com", "preferred_username": "married"});
    let again = signed_in(&latchkey, "one", &fake, renamed.clone()).await;
    assert_eq!(again["id"], first["id"]);
    assert_eq!(
        (&again["fullName"], &again["email"], &again["userName"]),
        (&json!("Married"), &json!("married@example.com"), &json!("married"))
    );
    let through_another = signed_in(&latchkey, "same", &fake, renamed).await;
    assert_eq!(
        (&through_another["id"], &through_another["provider"]),
        (&first["id"], &json!("same")),
        "the issuer counts"
    );
    // The same subject, name and address at another issuer is somebody else, who is not let into the account.
    let answer =
        login(&Visitor::new(), &latchkey, "other", &other, json!({"preferred_username": "married", "email": null}))
            .await;
    must_be_refused("the same name", &latchkey, &answer, 403, "user_name_taken");
    let answer = login(
        &Visitor::new(),
        &latchkey,
        "other",
        &other,
        json!({"preferred_username": "x", "email": "Married@Example.COM"}),
    )
    .await;
    must_be_refused("the same address", &latchkey, &answer, 403, "email_taken");
    let stranger = signed_in(&latchkey, "other", &other, json!({"preferred_username": "x", "email": null})).await;
    assert_ne!(stranger["id"], first["id"]);
    assert_eq!((&stranger["email"], &stranger["emailVerified"]), (&Value::Null, &json!(false)));
}

#[tokio::test]
async fn claims_of_every_shape_make_a_user_or_a_plain_refusal_and_never_a_fault() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(&[("one", &fake, "")]).await;
    let odd = [
        json!({"groups": "engineering"}),
        json!({"groups": {"a": 1}, "name": 5, "email": ["x"], "email_verified": "perhaps"}),
        json!({"groups": [1, null, {"a": "b"}, "engineering"], "preferred_username": null}),
        json!({"name": "x".repeat(10_000), "preferred_username": "y".repeat(10_000)}),
        json!({"name": "\u{202e}evil\u{0}", "preferred_username": "  \t "}),
        json!({"email": "not an address", "email_verified": true}),
        json!({"email": "\"a b\"@example.com", "email_verified": true}),
        json!({"groups": (0..1_000).map(|n| format!("group-{n}")).collect::<Vec<_>>()}),
        json!({"name": "<script>alert(1)</script>"}),
    ];
    for (number, claims) in odd.into_iter().enumerate() {
        let mut claims = claims;
        claims["sub"] = format!("odd-{number}").into();
        if claims.get("email").is_none() {
            claims["email"] = Value::Null;
        }
        let visitor = Visitor::new();
        let answer = login(&visitor, &latchkey, "one", &fake, claims.clone()).await;
        assert!(answer.signs_in(), "{number}: {} {}", answer.status, answer.body);
        let session = visitor.session(&latchkey).await.expect("a session");
        let name = session["userName"].as_str().expect("a name");
        assert!(!name.is_empty() && name.len() <= 255 && !name.contains(char::is_control), "{number}: {session}");
        let account = visitor.get(&latchkey.url("o/default/account")).await;
        assert!(account.status == 200 && !account.body.contains("<script"), "{number}: {}", account.body);
        assert_eq!(visitor.get(&latchkey.url("o/default/auth")).await.status, 200, "{number}");
    }
    assert!(!latchkey.log().contains("panic"));
}

#[tokio::test]
async fn userinfo_completes_the_id_token_and_is_believed_about_nobody_else() {
    let fake = Fake::start().await;
    fake.announce("userinfo_endpoint", format!("{}{USERINFO}", fake.issuer));
    let latchkey = latchkey_with(&[("one", &fake, "")]).await;
    let bare = json!({"name": null, "email": null, "email_verified": null, "groups": null});
    fake.answer(
        USERINFO,
        Reply::json(
            &json!({"sub": "mallory", "name": "From Userinfo", "email": "u@example.com", "email_verified": true}),
        ),
    );
    let session = signed_in(&latchkey, "one", &fake, bare.clone()).await;
    assert_eq!(
        (&session["fullName"], &session["email"], &session["emailVerified"]),
        (&json!("From Userinfo"), &json!("u@example.com"), &json!(true))
    );
    // The ID token wins, and an address is verified only by the document that it came from.
    let session =
        signed_in(&latchkey, "one", &fake, json!({"email": "t@example.com", "email_verified": null, "name": "T"}))
            .await;
    assert_eq!(
        (&session["fullName"], &session["email"], &session["emailVerified"]),
        (&json!("T"), &json!("t@example.com"), &json!(false))
    );
    let bad = [
        ("somebody else", Reply::json(&json!({"sub": "m4rk", "name": "m4rk"}))),
        ("nobody", Reply::json(&json!({"name": "m4rk"}))),
        ("no JSON", Reply::text("application/json", "<b>m4rk</b>")),
        ("signed", Reply::text("application/jwt", "m4rk.m4rk.m4rk")),
        ("too much", Reply::text("application/json", &"m4rk".repeat(512 * 1024))),
        ("401", Reply::status(401, "m4rk")),
        ("a redirect", Reply::redirect("/m4rk")),
    ];
    for (name, reply) in bad {
        fake.answer(USERINFO, reply);
        let answer = login(&Visitor::new(), &latchkey, "one", &fake, bare.clone()).await;
        must_be_refused(name, &latchkey, &answer, 502, "userinfo");
    }
}
