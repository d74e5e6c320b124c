//! Everything that a mapper or a manifest gives is in `/session` and in forward auth's headers.

use serde_json::json;

use super::{Setup, Stage, mapper, person, picked};
use crate::support::source::On;

fn everything() -> String {
    [
        mapper("john", "when: {claim: {key: FirstName, value: John}}, grant: {roles: [admin]}"),
        mapper("level", "when: {claim: {key: level, value: '3'}}, grant: {roles: [viewer]}"),
        mapper("us", "when: {group: US Users}, grant: {groups: [us-users]}"),
        mapper(
            "employees",
            "when: {expression: 'idpUser.groups.exists(g, g.startsWith(\"eng-\"))'}, grant: {groupTypes: [employees], administrator: true}",
        ),
        mapper(
            "named",
            "grant: {rolesFrom: {claim: appRoles, only: [eng-*]}, groupsFrom: {expression: 'claims.teams.map(t, t.lowerAscii())', only: [cooks]}}",
        ),
        mapper(
            "notes",
            "attributes: [{target: title, from: {claim: jobTitle}}, {target: badge, from: {claim: badge}}, \
             {target: skills, from: {claim: skills}}, {target: site, from: {value: HQ}}, \
             {target: fullName, from: {expression: 'claims.FirstName + \" \" + claims.LastName'}}, \
             {target: timeZone, from: {claim: zone}}, {target: culture, from: {value: de_ch}}]",
        ),
    ]
    .concat()
}

#[tokio::test]
async fn everything_that_mappers_give_is_in_the_session_and_in_forward_auths_headers() {
    let people = json!([
        person(
            "john",
            json!({
                "FirstName": "John", "LastName": "Doe", "level": 3, "groups": ["US Users", "eng-core"],
                "appRoles": ["eng-lead", "viewer", "eng-ghost"], "teams": ["COOKS", "BUILDERS"], "jobTitle": "CTO", "badge": 7,
                "skills": ["rust", "yaml"], "zone": "W. Europe Standard Time", "locale": "en-GB", "gender": "male",
            })
        ),
        person(
            "nobody",
            json!({"groups": [], "name": "No Body", "email": "nobody@example.com", "email_verified": true})
        ),
    ]);
    let mappers = everything();
    let stage = Stage::start(On::Directory, Setup { people, mappers: &mappers, ..Setup::default() }).await;
    for name in ["john", "level", "us", "employees", "named", "notes"] {
        stage.wait_for_mapper(name, super::READY).await;
    }
    let john = stage.signed_in("john").await;
    let expected = json!({
        "userName": "john", "fullName": "John Doe", "email": null, "emailVerified": false,
        "roles": ["admin", "eng-lead", "viewer"], "groups": ["builders", "cooks", "us-users"], "administrator": true,
        "language": "fr", "timeZone": "Europe/Berlin", "culture": "de-CH", "locale": "en-GB", "gender": "male",
        "picture": null, "attributes": {"title": "CTO", "badge": 7, "skills": ["rust", "yaml"], "site": "HQ"},
        "provider": "demo", "organization": "default",
    });
    let session = stage.session(&john).await;
    assert_eq!(picked(&session, &expected), expected);
    let answer = john.get(&stage.latchkey.at("auth")).await;
    for (header, value) in [
        ("user", session["id"].as_str().expect("an id")),
        ("preferred-username", "john"),
        ("email", ""),
        ("groups", "builders,cooks,us-users"),
        ("roles", "admin,eng-lead,viewer"),
        ("administrator", "true"),
        ("organization", "default"),
    ] {
        assert_eq!(answer.header(&format!("x-auth-request-{header}")), Some(value), "{header}");
    }
    let expected = json!({
        "fullName": "No Body", "roles": [], "groups": [], "administrator": false, "language": "fr",
        "timeZone": "Europe/Paris", "culture": "de-CH", "attributes": {"site": "HQ"}, "email": "nobody@example.com",
        "emailVerified": true,
    });
    assert_eq!(picked(&stage.session_of("nobody").await, &expected), expected);
    assert_eq!(super::problems(&stage.latchkey, "unknown_name").await, 1, "eng-ghost, once");
}

#[tokio::test]
async fn rules_go_before_the_providers_defaults_and_these_before_the_organizations() {
    let provider = "  defaults: {language: es, timeZone: Pacific Standard Time, administrator: true}\n\
                    \x20 rules:\n    language: \"'US Users' in idpUser.groups ? 'en' : 'de'\"\n    \
                    culture: \"idpUser.hasProperty('locale') ? idpUser.getProperty('locale', '') : 'no culture'\"\n";
    let people =
        json!([person("us", json!({"groups": ["US Users"], "locale": "en_us"})), person("de", json!({"groups": []})),]);
    let stage = Stage::start(On::Directory, Setup { people, provider, ..Setup::default() }).await;
    for (name, language, culture) in [("us", "en", "en-US"), ("de", "de", "fr-FR")] {
        let session = stage.session_of(name).await;
        let expected = json!({
            "language": language, "culture": culture, "timeZone": "America/Los_Angeles", "administrator": true,
        });
        assert_eq!(picked(&session, &expected), expected, "{name}");
    }
    assert_eq!(super::problems(&stage.latchkey, "result_not_usable").await, 1, "no culture, once");
    let log = stage.latchkey.log();
    assert!(log.contains("subject=\"culture\"") && !log.contains("no culture'\"\n"), "{log}");
}

#[tokio::test]
async fn every_field_can_be_an_expression() {
    let provider = "  claims:
    userID: {expression: 'claims.tenant + \"/\" + claims.oid'}
    userName: {expression: 'claims.login.lowerAscii()'}
    fullName: {expression: 'claims.first + \" \" + claims.last'}
    email: {expression: 'claims.mails[0]'}
    emailVerified: {expression: 'claims.checked == \"yes\"'}
    groups: {expression: 'claims.memberOf.split(\";\")'}
    givenName: {expression: claims.first}
    familyName: {expression: claims.last}
    picture: {expression: '\"https://pictures.example/\" + claims.oid'}
    profile: {expression: '\"https://people.example/\" + claims.login'}
    gender: {expression: '\"x\"'}
    locale: {expression: 'claims.lang.replace(\"_\", \"-\")'}
";
    let people = json!([person(
        "ann",
        json!({
            "tenant": "t1", "oid": "42", "login": "ANN", "first": "Ann", "last": "Archer",
            "mails": ["Ann@Example.com", "other@example.com"], "checked": "yes", "memberOf": "US Users;eng", "lang": "de_CH",
            "name": "not this", "email": "not-this@example.com", "groups": ["not this"],
        })
    )]);
    let mappers = mapper("us", "when: {group: US Users}, grant: {groups: [us-users]}");
    let stage = Stage::start(On::Directory, Setup { people, provider, mappers: &mappers, ..Setup::default() }).await;
    let expected = json!({
        "userName": "ann", "fullName": "Ann Archer", "email": "ann@example.com", "emailVerified": true,
        "groups": ["us-users"], "givenName": "Ann", "familyName": "Archer", "picture": "https://pictures.example/42",
        "profile": "https://people.example/ANN", "gender": "x", "locale": "de-CH",
    });
    let first = stage.session_of("ann").await;
    assert_eq!(picked(&first, &expected), expected);
    // The expression says who somebody is: whoever it says the same of is the same.
    let mut renamed = person(
        "anna",
        json!({
            "tenant": "t1", "oid": "42", "login": "ANNA", "first": "Anna", "last": "Archer", "mails": [], "checked": "no",
            "memberOf": "eng", "lang": "en",
        }),
    );
    renamed["sub"] = json!("another-sub");
    stage.provider.control("PUT", "people", &json!([renamed])).await;
    let again = stage.session_of("anna").await;
    assert_eq!((&again["id"], &again["userName"], &again["groups"]), (&first["id"], &json!("anna"), &json!([])));
    assert_eq!((&again["email"], &again["emailVerified"]), (&json!(null), &json!(false)));
}
