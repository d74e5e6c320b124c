//! Roles, groups and administrator: by mappers, by hand, and by two providers of one user.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{PROVIDERS, Stage, mapper};
use crate::support::{AT_ONCE, visitor::Visitor, wait_within};

/// The provider through which people of two providers came first.
const OTHER: &str = "other";
const GLOBAL: &str = "  trust: {global: true}\n";

/// Who is in `ops` gets one and red and is an administrator, who is in `dev` gets two and blue.
fn mappers(providers: &[&str]) -> String {
    [
        mapper("ops", providers, "when: {group: ops}, grant: {roles: [one], groups: [red], administrator: true}"),
        mapper("dev", providers, "when: {group: dev}, grant: {roles: [two], groups: [blue]}"),
        mapper("other", &[OTHER], "grant: {roles: [of-other], groups: [of-other], administrator: true}"),
    ]
    .concat()
}

fn member(sub: &str, groups: Option<&[&str]>) -> Value {
    json!({
        "sub": sub, "preferred_username": sub, "groups": groups,
        "email": format!("{sub}@example.com"), "email_verified": true,
    })
}

/// Roles, groups and whether administrator.
type Granted = (&'static [&'static str], &'static [&'static str], bool);

const NOTHING: Granted = (&[], &[], false);
const OPS: Granted = (&["one"], &["red"], true);
const DEV: Granted = (&["two"], &["blue"], false);

fn told(session: &Value) -> Value {
    json!([session["roles"], session["groups"], session["administrator"]])
}

/// The grants of a user in the store: of whom (the provider's key, or `hand`), kind and name.
async fn stored(stage: &Stage, user: &Value) -> BTreeSet<String> {
    let question = "SELECT provider_uid, (SELECT issuer FROM links WHERE links.provider_uid = grants.provider_uid LIMIT 1), \
                    kind, name FROM grants WHERE user_id = ?";
    let rows = stage.database.ask(question, &[user.as_str().expect("an ID")]).await;
    let told = |row: [Option<String>; 4]| {
        let [uid, issuer, kind, name] = row.map(Option::unwrap_or_default);
        let by = if uid.is_empty() { "hand" } else { issuer.rsplit('/').next().unwrap_or_default() };
        format!("{by} {kind} {name}").trim_end().to_owned()
    };
    rows.into_iter().map(|row| told(<[Option<String>; 4]>::try_from(row).expect("four columns"))).collect()
}

fn set<'a>(grants: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    grants.into_iter().map(str::to_owned).collect()
}

async fn give_by_hand(stage: &Stage, user: &Value) {
    for (kind, name) in [("role", "of-hand"), ("group", "of-hand"), ("administrator", "")] {
        let grant = "INSERT INTO grants (user_id, provider_uid, mapper_uid, kind, name) VALUES (?, '', '', ?, ?)";
        stage.database.run(grant, &[user.as_str().expect("an ID"), kind, name]).await;
    }
}

#[tokio::test]
async fn grants_are_given_and_taken_at_logins_as_their_mode_says() {
    let stage = Stage::start(&mappers(&PROVIDERS), &[(OTHER, GLOBAL)]).await;
    // What is said, and what holds then under Replace and Merge (where nobody else gives anything), Create, and None.
    let logins: [(Option<&[&str]>, [Granted; 3]); 4] = [
        (Some(&["ops"]), [OPS, OPS, NOTHING]),
        (Some(&["dev"]), [DEV, OPS, NOTHING]),
        (None, [NOTHING, OPS, NOTHING]),
        (Some(&["ops"]), [OPS, OPS, NOTHING]),
    ];
    for provider in PROVIDERS {
        for (groups, expected) in logins {
            let (_, session) = stage.signed_in(provider, &member(&format!("ann-{provider}"), groups)).await;
            let expected = super::by_mode(provider, expected);
            assert_eq!(told(&session), json!(expected), "{provider}: {groups:?}");
        }
    }
}

#[tokio::test]
async fn replace_takes_what_others_gave_merge_adds_and_create_and_none_leave_it() {
    let stage = Stage::start(&mappers(&PROVIDERS), &[(OTHER, GLOBAL)]).await;
    let others = ["other role of-other", "other group of-other", "hand role of-hand", "hand group of-hand"];
    let others_administrator = ["other administrator", "hand administrator"];
    let kept = others.into_iter().chain(others_administrator);
    for provider in PROVIDERS {
        let sub = format!("bob-{provider}");
        let (_, session) = stage.signed_in(OTHER, &member(&sub, None)).await;
        let user = &session["id"];
        give_by_hand(&stage, user).await;
        assert_eq!(stored(&stage, user).await, set(kept.clone()), "{provider}: before");
        let (_, session) = stage.signed_in(provider, &member(&sub, Some(&["ops"]))).await;
        assert_eq!(session["id"], *user, "{provider}: one user of two providers");
        let own = ["role one", "group red", "administrator"].map(|grant| format!("{provider} {grant}"));
        let own = || own.iter().map(String::as_str);
        let expected = match provider {
            "replace" => set(own()),
            // Merge is for roles and groups alone.
            "merge" | "default" => set(own().chain(others)),
            // It is nobody's first login as this user.
            _ => set(kept.clone()),
        };
        assert_eq!(stored(&stage, user).await, expected, "{provider}");
        // At a login that says nothing, what the provider gave is gone, and Replace leaves nothing at all.
        let (_, session) = stage.signed_in(provider, &member(&sub, None)).await;
        let expected = match provider {
            "replace" => BTreeSet::new(),
            "merge" | "default" => set(others),
            _ => set(kept.clone()),
        };
        assert_eq!(stored(&stage, user).await, expected, "{provider}: nothing is said");
        let is_administrator = matches!(provider, "create" | "none");
        assert_eq!(session["administrator"], json!(is_administrator), "{provider}");
        // The other provider's next login gives its own again, and leaves what is by hand.
        let (_, session) = stage.signed_in(OTHER, &member(&sub, None)).await;
        assert!(session["roles"].as_array().expect("roles").contains(&json!("of-other")), "{provider}: {session}");
    }
}

#[tokio::test]
async fn create_gives_to_whom_was_made_by_hand_at_the_first_login_and_clears_nothing() {
    let stage = Stage::start(&mappers(&PROVIDERS), &[(OTHER, GLOBAL)]).await;
    stage.signed_in("create", &member("somebody", None)).await;
    let organization = stage.database.organization().await;
    for (groups, given) in [(Some(&["ops"][..]), true), (None, false)] {
        let name = if given { "cleo" } else { "carl" };
        let address = format!("{name}@example.com");
        let new = crate::support::database::ByHand {
            user_name: name,
            email: Some(&address),
            verified: true,
            links: Vec::new(),
        };
        let id = json!(stage.database.create(&organization, new).await);
        give_by_hand(&stage, &id).await;
        let noted = r#"{"fullName": {"value": "By Hand", "by": {"provider": ""}}}"#;
        stage.database.run("UPDATE users SET fields = ?1 WHERE id = ?2", &[noted, id.as_str().expect("an ID")]).await;
        let (_, session) = stage.signed_in("create", &member(name, groups)).await;
        assert_eq!(session["id"], id);
        // Nothing is said of the full name, so that it is not cleared.
        assert_eq!(session["fullName"], "By Hand");
        let by_hand = ["hand role of-hand", "hand group of-hand", "hand administrator"];
        let own = ["create role one", "create group red", "create administrator"];
        let expected = set(by_hand.into_iter().chain(own.into_iter().filter(|_| given)));
        assert_eq!(stored(&stage, &id).await, expected, "{groups:?}");
        // The second login gives nothing more.
        stage.signed_in("create", &member(name, Some(&["ops", "dev"]))).await;
        assert_eq!(stored(&stage, &id).await, expected, "{groups:?}, at the second login");
    }
}

async fn must_have(stage: &Stage, provider: &str, visitor: &Visitor, expected: Granted) {
    wait_within(AT_ONCE, &format!("{provider} has {expected:?}"), async || {
        (told(&stage.session(visitor).await) == json!(expected)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_grant_outlives_its_mapper_in_any_mode_and_create_and_none_get_nothing_new() {
    let stage = Stage::start(&mappers(&PROVIDERS), &[(OTHER, GLOBAL)]).await;
    let mut people = Vec::new();
    for provider in PROVIDERS {
        let (visitor, _) = stage.signed_in(provider, &member(&format!("dora-{provider}"), Some(&["ops"]))).await;
        people.push((provider, visitor));
    }
    let ops = |spec: &str| mapper("ops", &PROVIDERS, spec);
    let steps: [(&str, String, [Granted; 3]); 6] = [
        // For others now: under Create, what was given stays, since the mapper can still give it.
        (
            "for others",
            ops("when: {group: z}, grant: {roles: [one], groups: [red], administrator: true}"),
            [NOTHING, OPS, NOTHING],
        ),
        (
            "for them again",
            ops("when: {group: ops}, grant: {roles: [one], groups: [red], administrator: true}"),
            [OPS, OPS, NOTHING],
        ),
        // Another role beside: only logins give under Create, and only the first.
        (
            "wider",
            ops("when: {group: ops}, grant: {roles: [one, two], groups: [red, blue], administrator: true}"),
            [(&["one", "two"], &["blue", "red"], true), OPS, NOTHING],
        ),
        // It does not name the role any more.
        (
            "narrowed",
            ops("when: {group: ops}, grant: {groups: [red]}"),
            [(&[], &["red"], false), (&[], &["red"], false), NOTHING],
        ),
        // It names the role again, but nobody has signed in for the first time.
        (
            "as at first",
            ops("when: {group: ops}, grant: {roles: [one], groups: [red], administrator: true}"),
            [OPS, (&[], &["red"], false), NOTHING],
        ),
        ("deleted", String::new(), [NOTHING, NOTHING, NOTHING]),
    ];
    for (what, mappers, expected) in steps {
        stage.change_mappers(&mappers, &PROVIDERS).await;
        for (provider, visitor) in &people {
            println!("{what}, {provider}");
            must_have(&stage, provider, visitor, super::by_mode(provider, expected)).await;
        }
    }
    assert_eq!(stage.database.count("SELECT COUNT(*) FROM grants", &[]).await, 0);
}

#[tokio::test]
async fn a_mapper_that_is_for_the_provider_no_more_leaves_none_of_its_grants() {
    let stage = Stage::start(&mappers(&PROVIDERS), &[(OTHER, GLOBAL)]).await;
    let (visitor, _) = stage.signed_in("create", &member("fay", Some(&["ops"]))).await;
    must_have(&stage, "create", &visitor, OPS).await;
    stage.change_mappers(&mappers(&["default"]), &["create"]).await;
    must_have(&stage, "create", &visitor, NOTHING).await;
}

#[tokio::test]
async fn what_one_provider_has_set_alone_a_mapper_of_another_does_not_give_back() {
    let stage = Stage::start(&mappers(&PROVIDERS), &[(OTHER, GLOBAL)]).await;
    let (_, session) = stage.signed_in(OTHER, &member("eve", None)).await;
    let user = &session["id"];
    let (visitor, _) = stage.signed_in("replace", &member("eve", Some(&["dev"]))).await;
    assert_eq!(stored(&stage, user).await, set(["replace role two", "replace group blue"]));
    // The other provider's mapper changes, and its people are evaluated again.
    let changed = mappers(&PROVIDERS).replace("[of-other], groups", "[of-other, one], groups");
    stage.change_mappers(&changed, &[OTHER]).await;
    assert_eq!(stored(&stage, user).await, set(["replace role two", "replace group blue"]));
    must_have(&stage, "replace", &visitor, DEV).await;
    // The next login there is another thing: it gives its own, and roles and groups of others stay.
    stage.signed_in(OTHER, &member("eve", None)).await;
    let both = [
        "replace role two",
        "replace group blue",
        "other role of-other",
        "other role one",
        "other group of-other",
        "other administrator",
    ];
    assert_eq!(stored(&stage, user).await, set(both));
    // And now its mapper may take and give what is its own.
    stage.change_mappers(&mappers(&PROVIDERS), &[OTHER]).await;
    let both = both.into_iter().filter(|grant| *grant != "other role one");
    assert_eq!(stored(&stage, user).await, set(both));
}

#[tokio::test]
async fn a_mode_that_is_written_later_keeps_what_was_given_as_long_as_its_mapper_can_give_it() {
    let late = ("late", GLOBAL);
    let providers = [&PROVIDERS[..], &["late"]].concat();
    let stage = Stage::start(&mappers(&providers), &[(OTHER, GLOBAL), late]).await;
    let (visitor, _) = stage.signed_in("late", &member("gus", Some(&["ops"]))).await;
    must_have(&stage, "late", &visitor, OPS).await;
    let none = "[{target: roles, mode: None}, {target: groups, mode: None}, {target: administrator, mode: None}]";
    let spec = format!("{GLOBAL}  users: {{updateModes: {none}}}\n");
    let text = std::fs::read_to_string(stage.latchkey.manifests().join("providers.yaml")).expect("the manifests");
    let issuer = stage.issuers.issuer("late");
    let before = crate::support::manifests::provider("late", &issuer, GLOBAL);
    assert!(text.contains(&before));
    let after = crate::support::manifests::provider("late", &issuer, &spec);
    stage.latchkey.write("providers.yaml", &text.replace(&before, &after)).await;
    // Once the mode holds, somebody new gets nothing.
    let mut number = 0;
    crate::support::wait_for("the mode holds", async || {
        number += 1;
        let (_, session) = stage.signed_in("late", &member(&format!("hal-{number}"), Some(&["ops"]))).await;
        (told(&session) == json!(NOTHING)).then_some(())
    })
    .await;
    let (visitor, session) = stage.signed_in("late", &member("gus", Some(&["dev"]))).await;
    assert_eq!(told(&session), json!(OPS), "a login touches it no more");
    stage.change_mappers("", &["late"]).await;
    must_have(&stage, "late", &visitor, NOTHING).await;
}
