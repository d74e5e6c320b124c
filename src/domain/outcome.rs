//! What applications learn of a person who is signed in.

use serde::Serialize;

use super::{
    organization::Organization,
    user::{Granted, User, UserId},
};

/// The outcome of a login, as `/session` shows it. Lists are sorted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub id: UserId,
    pub user_name: String,
    pub full_name: Option<String>,
    pub email: Option<String>,
    pub email_verified: bool,
    /// The organization's id.
    pub organization: String,
    /// The key of the provider that the person signed in through.
    pub provider: String,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    pub administrator: bool,
}

/// Puts together what a user is, by the grants and by the roles and groups that the organization has now.
pub fn outcome(user: &User, grants: &[Granted], organization: &Organization, provider_key: &str) -> Outcome {
    let (mut roles, mut groups, mut administrator) = (Vec::new(), Vec::new(), false);
    for granted in grants {
        match granted {
            Granted::Administrator => administrator = true,
            Granted::Role(name) => {
                if let Some(role) = organization.role(name) {
                    administrator |= role.administrator;
                    roles.push(name.clone());
                }
            }
            Granted::Group(name) if organization.group(name).is_some() => groups.push(name.clone()),
            Granted::Group(_) => {}
        }
    }
    for list in [&mut roles, &mut groups] {
        list.sort();
        list.dedup();
    }
    Outcome {
        id: user.id,
        user_name: user.user_name.clone(),
        full_name: user.full_name.clone(),
        email: user.email.clone(),
        email_verified: user.email_verified,
        organization: organization.id.to_string(),
        provider: provider_key.to_owned(),
        roles,
        groups,
        administrator,
    }
}
