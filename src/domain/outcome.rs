//! What applications learn of a person who is signed in.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::{
    field,
    grant::Granted,
    organization::Organization,
    user::{User, UserId},
};

/// The outcome of a login, as `/session` shows it. Lists are sorted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub id: UserId,
    pub user_name: String,
    pub full_name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub email: Option<String>,
    pub email_verified: bool,
    /// The organization's id.
    pub organization: String,
    /// The key of the provider that the person signed in through.
    pub provider: String,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    pub administrator: bool,
    /// A language tag (BCP 47).
    pub language: Option<String>,
    /// An IANA name.
    pub time_zone: Option<String>,
    /// A language tag, for how numbers and dates are written.
    pub culture: Option<String>,
    pub locale: Option<String>,
    pub picture: Option<String>,
    pub profile: Option<String>,
    pub gender: Option<String>,
    /// The custom attributes, by name: text, numbers, booleans, or lists of these.
    pub attributes: BTreeMap<String, Value>,
}

/// Puts together what a user is, by the grants and by the roles, groups and defaults that the organization has now.
pub fn outcome(user: &User, grants: &[Granted], organization: &Organization, provider_key: &str) -> Outcome {
    let (roles, groups, administrator) = rights(grants, organization);
    let text = |name: &str| user.fields.text(name).map(str::to_owned);
    let or_default = |name: &str| {
        let default = || organization.defaults.iter().find(|(of, _)| *of == name).map(|(_, text)| text.clone());
        text(name).or_else(default)
    };
    Outcome {
        id: user.id,
        user_name: user.user_name.clone(),
        full_name: text(field::FULL_NAME),
        given_name: text(field::GIVEN_NAME),
        family_name: text(field::FAMILY_NAME),
        email: user.email.clone(),
        email_verified: user.email_verified(),
        organization: organization.id.to_string(),
        provider: provider_key.to_owned(),
        roles: roles.into_iter().collect(),
        groups: groups.into_iter().collect(),
        administrator,
        language: or_default(field::LANGUAGE),
        time_zone: or_default(field::TIME_ZONE),
        culture: or_default(field::CULTURE),
        locale: text(field::LOCALE),
        picture: text(field::PICTURE),
        profile: text(field::PROFILE),
        gender: text(field::GENDER),
        attributes: user.fields.custom().map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}

/// The roles and groups of some grants, as far as the organization has them, and whether they make an administrator.
pub fn rights(grants: &[Granted], organization: &Organization) -> (BTreeSet<String>, BTreeSet<String>, bool) {
    let (mut roles, mut groups, mut administrator) = (BTreeSet::new(), BTreeSet::new(), false);
    for granted in grants {
        match granted {
            Granted::Administrator => administrator = true,
            Granted::Role(name) => {
                if let Some(role) = organization.role(name) {
                    administrator |= role.administrator;
                    roles.insert(name.clone());
                }
            }
            Granted::Group(name) if organization.group(name).is_some() => _ = groups.insert(name.clone()),
            Granted::Group(_) => {}
        }
    }
    (roles, groups, administrator)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::testing::{login, organization};

    fn role(name: &str) -> Granted {
        Granted::Role(name.to_owned())
    }

    fn group(name: &str) -> Granted {
        Granted::Group(name.to_owned())
    }

    fn of(grants: &[Granted]) -> Outcome {
        outcome(&login("ada").user, grants, &organization(), "azure")
    }

    #[test]
    fn what_several_mappers_grant_is_there_once_and_sorted() {
        let outcome = of(&[role("viewer"), group("staff"), role("admin"), role("viewer"), group("staff")]);
        assert_eq!((outcome.roles, outcome.groups), (vec!["admin".into(), "viewer".into()], vec!["staff".into()]));
    }

    #[test]
    fn what_the_organization_does_not_have_any_more_is_not_there() {
        let outcome = of(&[role("retired"), group("retired"), role("staff"), group("viewer"), role("Admin")]);
        assert_eq!((outcome.roles, outcome.groups, outcome.administrator), (Vec::new(), Vec::new(), false));
    }

    #[test]
    fn an_administrator_is_one_by_grant_or_by_a_role_that_makes_one() {
        for (grants, administrator) in [
            (vec![], false),
            (vec![role("viewer"), group("staff")], false),
            (vec![Granted::Administrator], true),
            (vec![role("admin")], true),
            (vec![role("admin"), role("viewer")], true),
        ] {
            assert_eq!(of(&grants).administrator, administrator, "{grants:?}");
        }
    }

    #[test]
    fn applications_read_these_names() {
        let user = login("ada").user;
        let outcome = outcome(&user, &[role("viewer")], &organization(), "azure");
        let expected = json!({
            "id": user.id.to_string(),
            "userName": "ada",
            "fullName": null,
            "givenName": null,
            "familyName": null,
            "email": "ada@example.com",
            "emailVerified": true,
            "organization": "acme",
            "provider": "azure",
            "roles": ["viewer"],
            "groups": [],
            "administrator": false,
            "language": null,
            "timeZone": null,
            "culture": null,
            "locale": null,
            "picture": null,
            "profile": null,
            "gender": null,
            "attributes": {},
        });
        assert_eq!(serde_json::to_value(outcome).expect("JSON"), expected);
    }
}
