//! What administrators may give and take by hand. Pure over the user and the login table: what manifests and providers
//! decide stays theirs.

mod named;
mod new_user;

use std::{collections::BTreeSet, sync::Arc};

pub use named::{Unproven, must_name};
pub use new_user::{NotUsable, address, external_id, field, user_name};

use super::{
    grant::Granted,
    mapper::Mapper,
    modes::{GrantKind, Mode},
    organization::Organization,
    provider::Provider,
    table::LoginTable,
    update::Held,
};

/// Why something is not given or taken by hand, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{granted}: the organization {organization} has none of this name; {}", there_is(.there))]
    Unknown {
        granted: Granted,
        organization: Arc<str>,
        /// What it has of the kind.
        there: Vec<String>,
    },
    #[error(
        "{granted}: {} can grant it, so that nobody assigns it by hand until that mapper is gone or grants it no longer",
        named(.mappers)
    )]
    Mapped {
        granted: Granted,
        /// `namespace/name` of each.
        mappers: Vec<String>,
    },
    #[error(
        "{granted}: {} cannot be served as it stands, and may still grant it as it was before, so that nobody assigns it by hand: mend that mapper first; latchkey check, or its status, says what is wrong",
        named(.mappers)
    )]
    Unserved {
        granted: Granted,
        /// `namespace/name` of each.
        mappers: Vec<String>,
    },
    #[error(
        "{granted}: the user comes from the IdentityProvider {provider}, which sets {target} at each login; change it there, or add {{target: {target}, mode: {mode}}} to users.updateModes of that IdentityProvider, so that logins leave alone what is assigned by hand"
    )]
    ReadOnly {
        granted: Granted,
        /// `namespace/name`.
        provider: String,
        target: &'static str,
        /// The mode that leaves it alone.
        mode: &'static str,
    },
    #[error("{granted}: the user does not have it")]
    NotHeld { granted: Granted },
    #[error(
        "{granted}: {by} gives it on the word of the IdentityProvider {provider}, and would give it again; change that, or what the provider says of the user"
    )]
    WouldComeBack { granted: Granted, by: String, provider: String },
}

fn there_is(names: &[String]) -> String {
    if names.is_empty() { "it has none at all".to_owned() } else { format!("it has {}", names.join(", ")) }
}

fn named(paths: &[String]) -> String {
    let kind = if paths.len() == 1 { "the IdpMapper" } else { "the IdpMappers" };
    format!("{kind} {}", paths.join(", "))
}

/// By what something is given or taken by hand.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub organization: &'a Organization,
    pub table: &'a LoginTable,
}

/// What taking something by hand comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    pub taken: Vec<Held>,
    /// Why the user has it nevertheless; empty: it is gone.
    pub stays: Vec<Refusal>,
}

impl Rules<'_> {
    /// Whether something may be given to a user by hand. `providers`: the UIDs of those that the user came from, some of
    /// which may be gone; none for a user who is new.
    ///
    /// # Errors
    /// `Unknown`, `Mapped`, `Unserved`, `ReadOnly`.
    pub fn grant(&self, providers: &[Arc<str>], granted: &Granted) -> Result<(), Refusal> {
        self.must_exist(granted)?;
        // Everybody may be in a group beside those whom mappers put there.
        if granted.kind() != GrantKind::Groups {
            self.must_be_no_mapper_s(granted)?;
        }
        self.must_be_left_alone(providers, granted)
    }

    /// What becomes of what a user holds when something is taken by hand. What was given by hand always goes; what a
    /// provider gave goes if no login brings it back.
    ///
    /// # Errors
    /// `NotHeld`.
    pub fn revoke(&self, held: &[Held], granted: &Granted) -> Result<Revocation, Refusal> {
        let mut revocation = Revocation::default();
        for held in held.iter().filter(|held| held.grant.granted == *granted) {
            match self.comes_back(held) {
                Some(refusal) => revocation.stays.push(refusal),
                None => revocation.taken.push(held.clone()),
            }
        }
        if revocation == Revocation::default() {
            return Err(Refusal::NotHeld { granted: granted.clone() });
        }
        Ok(revocation)
    }

    fn must_exist(&self, granted: &Granted) -> Result<(), Refusal> {
        let roles = || self.organization.roles.iter().map(|role| role.name.clone()).collect();
        let groups = || self.organization.groups.iter().map(|group| group.name.clone()).collect();
        let there = match granted {
            Granted::Role(name) if self.organization.role(name).is_none() => roles(),
            Granted::Group(name) if self.organization.group(name).is_none() => groups(),
            _ => return Ok(()),
        };
        Err(Refusal::Unknown { granted: granted.clone(), organization: self.organization.id.clone(), there })
    }

    /// What a mapper can grant, or may, is not given by hand.
    fn must_be_no_mapper_s(&self, granted: &Granted) -> Result<(), Refusal> {
        let mappers = self.mappers_that_can_grant(granted);
        if !mappers.is_empty() {
            return Err(Refusal::Mapped { granted: granted.clone(), mappers });
        }
        let mappers = self.unserved_mappers();
        if !mappers.is_empty() {
            return Err(Refusal::Unserved { granted: granted.clone(), mappers });
        }
        Ok(())
    }

    /// `namespace/name` of the served mappers of the organization that can grant something to anybody, sorted.
    fn mappers_that_can_grant(&self, granted: &Granted) -> Vec<String> {
        let can = |mapper: &Mapper| {
            let grant = mapper.rule().and_then(|rule| rule.grant.as_ref());
            grant.is_some_and(|grant| grant.possible(self.organization).contains(granted))
        };
        let target = granted.kind().target();
        self.mappers(|provider| self.table.terms(&provider.uid).modes.of(target) != Mode::None, can)
    }

    /// `namespace/name` of the mappers of the organization of which nothing is served by this table, sorted: what they can
    /// grant is not known, as a server may serve what they said before.
    fn unserved_mappers(&self) -> Vec<String> {
        self.mappers(|_| true, |mapper| mapper.served.is_none())
    }

    fn mappers(&self, of: impl Fn(&Provider) -> bool, wanted: impl Fn(&Mapper) -> bool) -> Vec<String> {
        let Self { organization, table } = self;
        let providers = table.provider_uids().filter_map(|uid| table.provider_by_uid(uid));
        let ours = providers.filter(|provider| provider.organization == organization.key && of(provider));
        let mappers = ours.flat_map(|provider| table.mappers_of(&provider.uid));
        let paths: BTreeSet<_> = mappers.filter(|mapper| wanted(mapper)).map(|mapper| mapper.path.clone()).collect();
        paths.into_iter().collect()
    }

    /// Whether no provider of the user takes back, or sets alone, what is given by hand.
    fn must_be_left_alone(&self, providers: &[Arc<str>], granted: &Granted) -> Result<(), Refusal> {
        let target = granted.kind().target();
        let here = providers.iter().filter_map(|uid| self.table.provider_by_uid(uid));
        let mut setting = here.filter(|provider| self.table.terms(&provider.uid).modes.of(target) == Mode::Replace);
        let Some(provider) = setting.next() else { return Ok(()) };
        let mode = if granted.kind() == GrantKind::Administrator { "Create" } else { "Merge" };
        Err(Refusal::ReadOnly { granted: granted.clone(), provider: provider.path.clone(), target, mode })
    }

    /// Why what a user holds would be there again if it were taken.
    fn comes_back(&self, held: &Held) -> Option<Refusal> {
        let provider = self.table.provider_by_uid(&held.provider_uid).filter(|_| !held.is_by_hand())?;
        let mode = self.table.terms(&provider.uid).modes.of(held.grant.granted.kind().target());
        if matches!(mode, Mode::Create | Mode::None) {
            return None;
        }
        let by = match self.table.mapper(&held.grant.mapper_uid) {
            Some(mapper) => format!("the IdpMapper {}", mapper.path),
            None if held.grant.mapper_uid == provider.uid => "defaults.administrator".to_owned(),
            // It is gone, and so is what it gave.
            None => return None,
        };
        let granted = held.grant.granted.clone();
        Some(Refusal::WouldComeBack { granted, by, provider: provider.path.clone() })
    }
}

#[cfg(test)]
mod tests;
