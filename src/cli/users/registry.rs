//! Whom a command is about: the organization, and the user in it.

use std::sync::Arc;

use anyhow::bail;
use uuid::Uuid;

use super::{Refused, described::Described, origin::Names};
use crate::{
    cli::{check::Output, installation::Manifests},
    domain::{
        by_hand::Rules,
        organization::{Organization, OrganizationKey},
        user::UserId,
    },
    store::{Account, Store},
};

/// The user whom a command is about.
#[derive(Debug, clap::Args)]
pub struct Who {
    /// The id, the user name or the e-mail address of a user
    pub user: String,
}

/// The users, and what the manifests say of where they come from.
pub struct Registry {
    pub store: Arc<dyn Store>,
    pub described: Described,
    /// Where that was read.
    pub manifests: Manifests,
    /// As it was named.
    pub organization: Option<String>,
    pub output: Output,
}

impl Registry {
    /// The organization that was named, or the only one.
    ///
    /// # Errors
    /// There is none of this name, or several and none was named.
    pub fn organization(&self) -> anyhow::Result<OrganizationKey> {
        let Some(name) = &self.organization else { return self.only_organization() };
        let table = &self.described.table;
        if let Some(organization) = table.organization(name) {
            return Ok(organization.key.clone());
        }
        let key = OrganizationKey::from_stored(name);
        let may_be_there = self.described.gap.is_some() && name.contains('/');
        if may_be_there || table.organization_by_key(&key).is_some() {
            return Ok(key);
        }
        let there = self.there();
        Err(Refused::because(format!("--organization {name}: there is none of this id; {there}")).into())
    }

    /// The only one with providers, or the only one at all.
    fn only_organization(&self) -> anyhow::Result<OrganizationKey> {
        let table = &self.described.table;
        let all = || table.organizations();
        let with_providers = || all().filter(|organization| table.providers_of(&organization.key).next().is_some());
        match (with_providers().next(), all().next()) {
            (Some(organization), _) if with_providers().count() == 1 => Ok(organization.key.clone()),
            (None, Some(organization)) if all().len() == 1 => Ok(organization.key.clone()),
            _ => bail!("which organization? Name it by --organization: {}", self.there()),
        }
    }

    /// Which organizations there are, as far as that is known.
    fn there(&self) -> String {
        let ids: Vec<_> = self.described.table.organizations().map(|organization| &*organization.id).collect();
        let known = if ids.is_empty() { "none is known".to_owned() } else { format!("there is {}", ids.join(", ")) };
        match &self.described.gap {
            None => known,
            Some(why) => {
                format!("{known}; NAMESPACE/NAME of its manifest will do. Not all manifests can be read: {why}")
            }
        }
    }

    /// What the manifests say of an organization.
    pub fn described_as(&self, key: &OrganizationKey) -> Option<&Organization> {
        self.described.table.organization_by_key(key).map(|organization| &**organization)
    }

    /// What an organization is called: its id, if that is known.
    pub fn name_of(&self, key: &OrganizationKey) -> String {
        self.described_as(key).map_or_else(|| key.to_string(), |organization| organization.id.to_string())
    }

    /// By what users of an organization are given and taken something by hand.
    ///
    /// # Errors
    /// Not all manifests can be read, or the organization is not accepted.
    pub fn rules(&self, key: &OrganizationKey) -> anyhow::Result<Rules<'_>> {
        let table = self.described.whole()?;
        let Some(organization) = self.described_as(key) else {
            bail!("the Organization {key} is not there, or not accepted: latchkey check, or its status, says why");
        };
        Ok(Rules { organization, table })
    }

    /// The user whom somebody names.
    ///
    /// # Errors
    /// There is none, or several; or it is not known for sure in which organization.
    pub async fn account(&self, Who { user }: &Who) -> anyhow::Result<Account> {
        if let Some(account) = self.by_id(user).await? {
            return Ok(account);
        }
        // The only organization that can be read may not be the only one that there is.
        if self.described.gap.is_some() && self.organization.is_none() {
            bail!("which organization? Name it by --organization, or the user by id: {}", self.there());
        }
        let key = self.organization()?;
        let found = self.store.find_users(&key, user).await?;
        let organization = self.name_of(&key);
        let unknown = || {
            Refused::because(format!(
                "{user}: no user of the organization {organization} has this id, user name or e-mail address; latchkey users list shows all"
            ))
        };
        if found.len() > 1 {
            let each: Vec<_> = found.iter().map(|user| format!("{} {}", user.id, user.user_name)).collect();
            let why = format!("{user}: it is of several users, of whom one must be named by id: {}", each.join(", "));
            return Err(Refused::because(why).into());
        }
        let one = found.first().ok_or_else(unknown)?;
        Ok(self.store.account(one.id).await?.ok_or_else(unknown)?)
    }

    /// The user of an id, whose organization need not be named.
    async fn by_id(&self, text: &str) -> anyhow::Result<Option<Account>> {
        let Ok(id) = Uuid::try_parse(text) else { return Ok(None) };
        let Some(account) = self.store.account(UserId(id)).await? else { return Ok(None) };
        let is_asked_for = self.organization.is_none() || self.organization()? == account.user.organization;
        Ok(is_asked_for.then_some(account))
    }

    /// What providers and mappers are called.
    pub fn names(&self) -> Names<'_> {
        Names(&self.described)
    }

    /// Tells who reads what is printed that names are missing in it.
    pub fn warn(&self) {
        if let Some(why) = &self.described.gap {
            eprintln!("latchkey: not all manifests can be read, so that what they describe is shown by its UID: {why}");
        }
    }
}
