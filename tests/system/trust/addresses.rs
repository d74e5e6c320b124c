//! One address in many spellings is one address; what only looks like it is another, or none.

use serde_json::{Value, json};

use super::{BEFORE, Kinds};
use crate::support::{
    claimed::{login, signed_in},
    refusal::must_be_refused,
    visitor::Visitor,
};

const ANN: &str = "ann@acme.example";
const ZOE: &str = "zoe@xn--bcher-kva.example";

const SAME: &[(&str, &str)] = &[
    ("ann@acme.example", ANN),
    ("ANN@ACME.EXAMPLE", ANN),
    ("Ann@Acme.Example", ANN),
    (" ann@acme.example ", ANN),
    ("ann@ａｃｍｅ.example", ANN),
    ("ann@acme。example", ANN),
    ("zoe@bücher.example", ZOE),
    ("zoe@BÜCHER.example", ZOE),
    // A u, and the dots for it.
    ("zoe@bu\u{308}cher.example", ZOE),
    ("zoe@xn--bcher-kva.example", ZOE),
    ("Zoe@XN--BCHER-KVA.Example", ZOE),
];

/// What the provider, whose people have addresses at acme.example and bücher.example, may not bring, and why.
const OTHERS: &[(&str, &str)] = &[
    // A Cyrillic a.
    ("ann@аcme.example", "address_elsewhere"),
    ("ann@acme.example.evil.example", "address_elsewhere"),
    ("ann@sub.acme.example", "address_elsewhere"),
    ("ann@notacme.example", "address_elsewhere"),
    ("ann@acme-example.example", "address_elsewhere"),
    ("ann@example", "no_address"),
    ("ann@acme.example.", "no_address"),
    ("ann@.acme.example", "no_address"),
    ("ann@acme..example", "no_address"),
    ("ann@acme.example@evil.example", "no_address"),
    ("ann@evil.example@acme.example", "no_address"),
    ("\"ann\"@acme.example", "no_address"),
    ("\"ann@evil.example\"@acme.example", "no_address"),
    ("ann(comment)@acme.example", "no_address"),
    ("Ann <ann@acme.example>", "no_address"),
    ("ann@evil.example,ann@acme.example", "no_address"),
    ("mailto:ann@acme.example", "no_address"),
    ("ann＠acme.example", "no_address"),
    ("ａnn@acme.example", "no_address"),
    // A Cyrillic a.
    ("аnn@acme.example", "no_address"),
    // The sign of Kelvin, which is a k in lower case.
    ("\u{212a}im@acme.example", "no_address"),
    ("ann\u{200b}@acme.example", "no_address"),
    ("ann@acme.example\u{0}", "no_address"),
    ("ann@acme.example\r\nevil", "no_address"),
    ("ann@acme%2eexample", "no_address"),
    ("ann@[127.0.0.1]", "no_address"),
    ("ann@127.0.0.1", "no_address"),
    ("@acme.example", "no_address"),
    ("ann@", "no_address"),
    ("ann", "no_address"),
    ("", "no_address"),
];

fn claims(sub: &str, address: &str) -> Value {
    json!({"sub": sub, "preferred_username": sub, "email": address, "email_verified": true})
}

#[tokio::test]
async fn an_address_leads_to_its_user_however_it_is_spelt() {
    let kinds = Kinds::start().await;
    for (number, (spelt, canonical)) in SAME.iter().enumerate() {
        // So that what was linked before cannot help.
        let (latchkey, sub) = (&kinds.latchkey, format!("same-{number}"));
        let here = signed_in(latchkey, BEFORE, kinds.fake(BEFORE), claims(canonical, canonical)).await;
        let session = signed_in(latchkey, "with-domains", kinds.fake("with-domains"), claims(&sub, spelt)).await;
        assert_eq!((&session["id"], &session["email"]), (&here["id"], &json!(canonical)), "{spelt:?}");
    }
}

#[tokio::test]
async fn what_only_looks_like_an_address_is_another_or_none() {
    let kinds = Kinds::start().await;
    let latchkey = &kinds.latchkey;
    let here = signed_in(latchkey, BEFORE, kinds.fake(BEFORE), claims("ann", ANN)).await;
    for (number, (odd, code)) in OTHERS.iter().enumerate() {
        let claims = claims(&format!("other-{number}"), odd);
        let answer = login(&Visitor::new(), latchkey, "with-domains", kinds.fake("with-domains"), claims.clone()).await;
        must_be_refused(odd, latchkey, &answer, 403, code);
        // Whom any address lets in is somebody else by this one.
        let session = signed_in(latchkey, "global", kinds.fake("global"), claims).await;
        assert_ne!(session["id"], here["id"], "{odd:?}");
        assert_eq!(session["email"].is_null(), *code == "no_address", "{odd:?}: {session}");
    }
}
