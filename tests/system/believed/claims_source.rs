//! `claims.source`: which of the provider's documents says who somebody is, where they differ.

use serde_json::{Value, json};

use crate::support::{
    source::On,
    ways_in::{Way, WaysIn},
};

const API: &str = "https://api.example.com/";
const FOR_THE_API: &str = "{scopes: [email], extraParameters: [{name: resource, value: 'https://api.example.com/'}]}";
const MAPPERS: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: engineers}
spec:
  identityProviderRefs: [{name: default}, {name: id-token}, {name: user-info}, {name: jwt}, {name: opaque}]
  when: {group: engineering}
  grant: {roles: [admin]}
---
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: members}
spec:
  identityProviderRefs: [{name: id-token}, {name: user-info}, {name: jwt}, {name: opaque}]
  when: {claim: {key: token_type, value: Bearer}}
  grant: {roles: [viewer]}
";

/// Somebody who has these claims, signs in by the `sub`, and about whom userinfo says this instead or besides.
fn person(sub: &str, claims: Value, at_userinfo: Value) -> Value {
    let Value::Object(mut all) = claims else { panic!("an object") };
    all.extend([
        ("sub".to_owned(), json!(sub)),
        ("password".to_owned(), json!(format!("{sub}-password"))),
        ("atUserinfo".to_owned(), at_userinfo),
    ]);
    Value::Object(all)
}

/// Somebody of whom every document says something else.
fn of_many_names(sub: &str) -> Value {
    let mut person = person(
        sub,
        json!({
            "preferred_username": format!("{sub}-in-id-token"), "email": format!("{sub}@id-token.example.com"),
            "email_verified": true, "groups": ["engineering"],
        }),
        json!({
            "preferred_username": format!("{sub}-at-userinfo"), "name": "At Userinfo",
            "email": format!("{sub}@userinfo.example.com"), "email_verified": false, "groups": ["sales"],
        }),
    );
    let email = format!("{sub}@token.example.com");
    person["inAccessToken"] = json!({"name": "In the Token", "email": email, "groups": "engineering"});
    person
}

fn ways() -> [Way; 5] {
    let way = |name, claims: &str| Way { name, more: format!("  claims: {claims}\n"), ..Way::default() };
    [
        way("default", "{}"),
        way("id-token", "{source: IdToken}"),
        way("user-info", "{source: UserInfo}"),
        Way { authorization: FOR_THE_API, ..way("jwt", "{source: AccessToken}") },
        way("opaque", "{source: AccessToken, fullName: {claim: scope}}"),
    ]
}

async fn world(people: Value) -> WaysIn {
    let world = WaysIn::start(On::Directory, json!({"people": people, "resources": [API]})).await;
    world.open(&ways()).await;
    world
}

/// Somebody signs in: what the session says, and how often userinfo was asked.
async fn seen(world: &WaysIn, person: &str, way: &str) -> (Value, usize) {
    let before = world.provider.requests("userinfo").await.len();
    let session = world.session_of(person, way).await;
    let said = ["userName", "fullName", "email", "emailVerified", "roles"].map(|member| session[member].clone());
    (json!(said), world.provider.requests("userinfo").await.len() - before)
}

/// Grants of several providers add up, so that each of these people signs in by one.
#[tokio::test]
async fn the_document_that_the_manifest_names_says_who_somebody_is() {
    let world = world(json!(["a", "b", "c", "d", "e"].map(of_many_names))).await;
    world.latchkey.write("mappers.yaml", MAPPERS).await;
    for mapper in ["engineers", "members"] {
        world.latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
    }
    let cases = [
        ("a", "default", json!(["a-in-id-token", "At Userinfo", "a@id-token.example.com", true, ["admin"]]), 1),
        ("b", "id-token", json!(["b-in-id-token", null, "b@id-token.example.com", true, ["admin"]]), 0),
        ("c", "user-info", json!(["c-in-id-token", "At Userinfo", "c@userinfo.example.com", false, []]), 1),
        (
            "d",
            "jwt",
            json!(["d@token.example.com", "In the Token", "d@token.example.com", false, ["admin", "viewer"]]),
            0,
        ),
        ("e", "opaque", json!(["e", "openid profile email groups", null, false, ["viewer"]]), 0),
    ];
    for (person, way, said, asked) in cases {
        assert_eq!(seen(&world, person, way).await, (said, asked), "{way}");
    }
    let id = world.session_of("a", "default").await["id"].clone();
    for way in ways() {
        assert_eq!(world.session_of("a", way.name).await["id"], id, "{}: whatever else it says", way.name);
    }
}

#[tokio::test]
async fn whether_an_address_is_verified_is_never_said_by_another_document_than_the_address() {
    let world = world(json!([
        person(
            "bob",
            json!({"preferred_username": "bob", "email": "bob@example.com"}),
            json!({"name": "Bob Baker", "email_verified": true}),
        ),
        person(
            "carol",
            json!({"preferred_username": "carol", "email_verified": true}),
            json!({"name": "Carol Cole", "email": "carol@example.com", "email_verified": false}),
        ),
    ]))
    .await;
    let bob = json!(["bob", "Bob Baker", "bob@example.com", false, []]);
    assert_eq!(seen(&world, "bob", "default").await, (bob, 1), "userinfo says that it is");
    let carol = json!(["carol", "Carol Cole", "carol@example.com", false, []]);
    assert_eq!(seen(&world, "carol", "default").await, (carol, 1), "the ID token says that it is");
}

#[tokio::test]
async fn userinfo_is_asked_by_default_where_the_id_token_lacks_something_and_by_name_always() {
    let world = world(json!([
        person(
            "dave",
            json!({"email": "dave@example.com", "name": "Dave Dunn", "groups": []}),
            json!({"preferred_username": "david"}),
        ),
        person(
            "erin",
            json!({"preferred_username": "erin", "name": "Erin", "email": "erin@example.com", "groups": ["sales"]}),
            json!({"name": "Erin of Userinfo"}),
        ),
    ]))
    .await;
    let erin = |name: &str| json!(["erin", name, "erin@example.com", false, []]);
    assert_eq!(seen(&world, "erin", "default").await, (erin("Erin"), 0));
    assert_eq!(seen(&world, "erin", "user-info").await, (erin("Erin of Userinfo"), 1));
    let dave = json!(["david", "Dave Dunn", "dave@example.com", false, []]);
    assert_eq!(seen(&world, "dave", "default").await, (dave.clone(), 1));
    assert_eq!(seen(&world, "dave", "user-info").await, (dave, 1), "the user name that only userinfo has");
}
