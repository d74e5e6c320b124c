//! What happens to somebody over several logins: linked by an address once, at the same moment, and by a stranger who
//! was here first.

use futures::future::join;
use serde_json::{Value, json};

use super::{BEFORE, Kinds};
use crate::home_realm::discover_here;
use crate::support::{
    AT_ONCE,
    claimed::{latchkey_with, login, prepared, signed_in},
    fake::Fake,
    refusal::must_be_refused,
    visitor::Visitor,
    wait_within,
};

const GLOBAL: &str = "  trust: {global: true}\n";

fn claims(sub: &str, address: &str, verified: bool) -> Value {
    json!({"sub": sub, "preferred_username": sub, "email": address, "email_verified": verified})
}

#[tokio::test]
async fn first_logins_at_one_moment_by_one_address_make_one_user() {
    let (first, second) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey_with(&[("first", &first, GLOBAL), ("second", &second, GLOBAL)]).await;
    for number in 0..10 {
        let address = format!("ann-{number}@free.example");
        let (here, there) = (Visitor::new(), Visitor::new());
        let (mine, theirs) = (format!("one-{number}"), format!("two-{number}"));
        let one = prepared(&here, &latchkey, "first", &first, claims(&mine, &address, true)).await;
        let two = prepared(&there, &latchkey, "second", &second, claims(&theirs, &address, true)).await;
        let (one, two) = join(here.get(&one), there.get(&two)).await;
        assert!(one.signs_in() && two.signs_in(), "{} {}", one.body, two.body);
        // Whichever was found by the address has ended the other's session; the users are who they are.
        let one = signed_in(&latchkey, "first", &first, claims(&mine, &address, true)).await;
        let two = signed_in(&latchkey, "second", &second, claims(&theirs, &address, true)).await;
        assert_eq!(one["id"], two["id"], "{number}");
    }
}

fn viewer_of(provider: &str, role: &str) -> String {
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: of-{provider}}}\n\
         spec: {{identityProviderRefs: [{{name: {provider}}}], grant: {{roles: [{role}]}}}}\n"
    )
}

#[tokio::test]
async fn who_was_linked_by_an_address_once_stays_the_same_user_with_the_roles_of_both_providers() {
    let (kinds, admin) = (Kinds::start().await, json!(["admin", "viewer"]));
    let (latchkey, theirs, ours) = (&kinds.latchkey, kinds.fake(BEFORE), kinds.fake("with-domains"));
    latchkey.write("viewers.yaml", &viewer_of(BEFORE, "viewer")).await;
    latchkey.write("admins.yaml", &viewer_of("with-domains", "admin")).await;
    for mapper in ["of-before", "of-with-domains"] {
        latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
    }
    let at_home = Visitor::new();
    assert!(login(&at_home, latchkey, BEFORE, theirs, claims("ann", "ann@acme.example", true)).await.signs_in());
    let first = at_home.session(latchkey).await.expect("a session");
    assert_eq!(first["roles"], json!(["viewer"]));
    let linked = signed_in(latchkey, "with-domains", ours, claims("a1", "ann@acme.example", true)).await;
    assert_eq!((&linked["id"], &linked["roles"]), (&first["id"], &admin));
    let what = "whoever was signed in as this user is not any more, since it may have been somebody else";
    wait_within(AT_ONCE, what, async || at_home.session(latchkey).await.is_none().then_some(())).await;
    // Another address at the provider, verified or not: the link is what counts from now on.
    let renamed = signed_in(latchkey, "with-domains", ours, claims("a1", "ann.archer@acme.example", false)).await;
    assert_eq!((&renamed["id"], &renamed["roles"]), (&first["id"], &admin));
    assert_eq!((&renamed["email"], &renamed["emailVerified"]), (&json!("ann.archer@acme.example"), &json!(false)));
    // Whoever gets the old address is somebody new.
    let successor = signed_in(latchkey, "with-domains", ours, claims("a2", "ann@acme.example", true)).await;
    assert_ne!(successor["id"], first["id"]);
    // And the first way in leads to the same user still.
    let again = signed_in(latchkey, BEFORE, theirs, claims("ann", "ann@home.example", true)).await;
    assert_eq!((&again["id"], &again["roles"]), (&first["id"], &admin));
    let visitor = Visitor::new();
    assert!(
        login(&visitor, latchkey, "with-domains", ours, claims("a1", "ann@acme.example", true)).await.status == 403
    );
    latchkey.remove("viewers.yaml").await;
    assert!(login(&visitor, latchkey, "with-domains", ours, claims("a1", "ann3@acme.example", true)).await.signs_in());
    visitor.wait_within_for_session(AT_ONCE, latchkey, "roles", &["admin"]).await;
}

#[tokio::test]
async fn an_address_that_nobody_verified_prepares_no_trap_for_who_has_it() {
    let kinds = Kinds::start().await;
    let latchkey = &kinds.latchkey;
    // Mallory says at a provider that believes everybody that this were her address.
    let mallory =
        signed_in(latchkey, "plain", kinds.fake("plain"), claims("mallory", "victim@free.example", false)).await;
    assert_eq!(mallory["emailVerified"], json!(false));
    // Who really has it does not become her user, whom she could then be too, and the log says why.
    let theirs = claims("victim", "victim@free.example", true);
    let victim = login(&Visitor::new(), latchkey, "global", kinds.fake("global"), theirs).await;
    must_be_refused("the victim", latchkey, &victim, 403, "email_taken");
    let (log, reference) = (latchkey.log(), victim.reference());
    let line = log.lines().find(|line| line.contains(&reference)).expect("a line of the log");
    assert!(line.contains("that user's own address is not verified"), "{line}");
    // Nor the other way round: the victim is here, and no provider leads Mallory there.
    let victim = signed_in(latchkey, BEFORE, kinds.fake(BEFORE), claims("v", "v@acme.example", true)).await;
    for (kind, verified) in [("with-domains", false), ("global", false), ("global-with-domains", false)] {
        let claims = claims("m", "v@acme.example", verified);
        let answer = login(&Visitor::new(), latchkey, kind, kinds.fake(kind), claims).await;
        must_be_refused(kind, latchkey, &answer, 403, "email_taken");
    }
    let again = signed_in(latchkey, BEFORE, kinds.fake(BEFORE), claims("v", "v@acme.example", true)).await;
    assert_eq!(again["id"], victim["id"]);
    // In an assigned domain she cannot even begin.
    let squat = claims("squatter", "boss@contoso.example", false);
    let answer = login(&Visitor::new(), latchkey, "plain", kinds.fake("plain"), squat).await;
    must_be_refused("an assigned domain", latchkey, &answer, 403, "address_of_another_provider");
    let boss =
        signed_in(latchkey, "contoso", kinds.fake("contoso"), claims("boss", "boss@contoso.example", true)).await;
    assert_eq!(boss["email"], "boss@contoso.example");
}

#[tokio::test]
async fn who_came_with_an_address_before_its_domain_was_assigned_comes_no_more() {
    let (owner, plain) = (Fake::start().await, Fake::start().await);
    let domains = "  trust: {assignedEmailDomains: [contoso.example]}\n";
    let latchkey = latchkey_with(&[("owner", &owner, domains), ("plain", &plain, "")]).await;
    let mallory = |address: Value| json!({"sub": "m", "preferred_username": "m", "email": address});
    let before = signed_in(&latchkey, "plain", &plain, mallory(json!("boss@later.example"))).await;
    latchkey.edit("owner.yaml", "[contoso.example]", "[contoso.example, later.example]").await;
    wait_within(AT_ONCE, "the domain is the owner's", async || {
        let answer = discover_here(&Visitor::new(), &latchkey, "boss@later.example").await;
        (answer.status == 303).then_some(())
    })
    .await;
    // Nor by leaving the address out, or by another one: the user has that of the owner's domain.
    for address in
        [json!("boss@later.example"), Value::Null, json!("mallory@free.example"), json!("\"odd\"@later.example")]
    {
        let answer = login(&Visitor::new(), &latchkey, "plain", &plain, mallory(address.clone())).await;
        must_be_refused(&address.to_string(), &latchkey, &answer, 403, "address_of_another_provider");
    }
    latchkey.edit("owner.yaml", "[contoso.example, later.example]", "[contoso.example]").await;
    wait_within(AT_ONCE, "the domain is nobody's again", async || {
        let answer = discover_here(&Visitor::new(), &latchkey, "boss@later.example").await;
        (answer.status == 404).then_some(())
    })
    .await;
    let after = signed_in(&latchkey, "plain", &plain, mallory(json!("mallory@free.example"))).await;
    assert_eq!(after["id"], before["id"]);
}
