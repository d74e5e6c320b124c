//! As which user a person is let in: by what the provider's manifest says people are found by, and never by guessing. Pure
//! over the provider, the login table, and who is here already.

use std::sync::Arc;

use super::{
    email::canonical_address,
    idp_user::IdpUser,
    modes::{EMAIL, Mode},
    people::{Match, People},
    provider::Provider,
    refusal::{Refusal, Unmatched},
    table::LoginTable,
    user::{LinkedTo, User},
};

/// How a person of a provider relates to the users who are here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The user whom issuer and user ID lead to.
    pub linked: Option<User>,
    /// The UID of the provider that this link was used through last; None: not known, or it never was.
    pub linked_by: Option<Arc<str>>,
    /// The user who has the address.
    pub holder: Option<User>,
    /// The user who has the user name.
    pub namesake: Option<Namesake>,
}

/// A user who has the name that somebody brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namesake {
    pub user: User,
    /// Sorted.
    pub links: Vec<LinkedTo>,
}

/// Which user a login is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    New,
    Linked(User),
    ByAddress(User),
    ByUserName(Namesake),
}

impl Found {
    /// The user, unless the login creates one.
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::New => None,
            Self::Linked(user) | Self::ByAddress(user) | Self::ByUserName(Namesake { user, .. }) => Some(user),
        }
    }

    fn is(&self, user: &User) -> bool {
        self.user().is_some_and(|found| found.id == user.id)
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::New => "is new here",
            Self::Linked(_) => "is known by issuer and user ID",
            Self::ByAddress(_) => "is known by the address",
            Self::ByUserName(_) => "is known by the user name",
        })
    }
}

/// Who looks for a user, and by which rules.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    pub person: &'a IdpUser,
    pub provider: &'a Provider,
    /// What the provider says of its people.
    pub people: &'a People,
    /// By which the login is.
    pub issuer: &'a str,
    pub table: &'a LoginTable,
}

impl Search<'_> {
    /// Finds the user of a person who has been let in, by the first way of `users.match` that leads to one.
    ///
    /// # Errors
    /// `AddressTaken`, `UserNameTaken`, `LinkTaken`, `NotKnown`.
    pub fn find(&self, known: &Known) -> Result<Found, Refusal> {
        let found = self.people.matching.iter().find_map(|way| self.by(*way, known)).unwrap_or(Found::New);
        match self.taken(&found, known) {
            nearly if found == Found::New && self.people.modes.is_read_only() => {
                Err(Refusal::NotKnown { nearly: nearly.map(Box::new) })
            }
            Some(refusal) => Err(refusal),
            None => Ok(found),
        }
    }

    fn by(&self, way: Match, known: &Known) -> Option<Found> {
        match way {
            Match::ExternalId => known.linked.clone().map(Found::Linked),
            Match::Email => {
                let holder = known.holder.as_ref()?;
                self.address_leads_to(holder).is_ok().then(|| Found::ByAddress(holder.clone()))
            }
            Match::UserName => {
                let namesake = known.namesake.as_ref()?;
                self.name_leads_to(namesake).is_ok().then(|| Found::ByUserName(namesake.clone()))
            }
        }
    }

    fn address_leads_to(&self, holder: &User) -> Result<(), Unmatched> {
        let trust = &self.provider.trust;
        if !self.people.matching.contains(&Match::Email) {
            Err(Unmatched::NotMatchedByAddress)
        // Who was let in by a domain has an address in it.
        } else if !trust.global && trust.domains.is_empty() {
            Err(Unmatched::NotTrusted)
        } else if !self.person.email_verified {
            Err(Unmatched::NotVerifiedThere)
        } else if !holder.email_verified() {
            Err(Unmatched::NotVerifiedHere)
        } else {
            Ok(())
        }
    }

    fn name_leads_to(&self, namesake: &Namesake) -> Result<(), Unmatched> {
        let links = || namesake.links.iter();
        if !self.people.matching.contains(&Match::UserName) {
            Err(Unmatched::NotMatchedByName)
        } else if self.person.user_name_is_made_up {
            Err(Unmatched::NoNameGiven)
        } else if self.name_is_unverified_address() {
            Err(Unmatched::NotVerifiedThere)
        } else if self.ids_identify() && links().any(|link| link.issuer == self.issuer && !self.is_gone(link)) {
            Err(Unmatched::LinkedByAnotherId)
        } else if !self.provider.trust.global && links().any(|link| self.is_another(link)) {
            Err(Unmatched::OtherProviderLinked)
        } else {
            Ok(())
        }
    }

    /// What may not lead to anybody as an address may not as a name either.
    fn name_is_unverified_address(&self) -> bool {
        let IdpUser { user_name, email, email_verified, .. } = self.person;
        !email_verified && email.is_some() && canonical_address(user_name) == *email
    }

    /// Whether the provider's user IDs tell people apart.
    fn ids_identify(&self) -> bool {
        self.people.matching.contains(&Match::ExternalId)
    }

    /// Whether a link is another provider's. One that is gone was this one, if its issuer was.
    fn is_another(&self, link: &LinkedTo) -> bool {
        link.issuer != self.issuer || link.provider_uid.as_ref().is_some_and(|uid| self.is_another_provider(uid))
    }

    fn is_another_provider(&self, uid: &Arc<str>) -> bool {
        *uid != self.provider.uid && !self.is_known_to_be_gone(uid)
    }

    /// Whether the provider of a link is known not to exist any more.
    fn is_gone(&self, link: &LinkedTo) -> bool {
        link.provider_uid.as_ref().is_some_and(|uid| self.is_known_to_be_gone(uid))
    }

    fn is_known_to_be_gone(&self, uid: &str) -> bool {
        self.table.complete && self.table.provider_by_uid(uid).is_none()
    }

    /// The user whom the link leads to, if the login must not be of somebody else: by the provider's own rules, or because
    /// another provider relies on the link.
    fn held_by_link<'a>(&self, known: &'a Known) -> Option<&'a User> {
        let of_another = known.linked_by.as_ref().is_some_and(|uid| self.is_another_provider(uid));
        known.linked.as_ref().filter(|_| self.ids_identify() || of_another)
    }

    /// Whether the login cannot be of who was found, because somebody else has what it brings.
    fn taken(&self, found: &Found, known: &Known) -> Option<Refusal> {
        if let Some(linked) = self.held_by_link(known).filter(|linked| !found.is(linked)) {
            let why = Unmatched::LinkedToAnother;
            return Some(match found {
                Found::ByUserName(Namesake { user, .. }) => Refusal::UserNameTaken { holder: user.id, why },
                Found::ByAddress(user) => Refusal::AddressTaken { holder: user.id, why },
                Found::New | Found::Linked(_) => Refusal::LinkTaken { holder: linked.id },
            });
        }
        let otherwise = match found {
            Found::Linked(_) => Unmatched::LinkedToAnother,
            _ => Unmatched::FoundAsAnother,
        };
        if let Some(holder) = known.holder.as_ref().filter(|holder| !found.is(holder) && self.address_counts()) {
            let why = self.address_leads_to(holder).err().filter(|_| !matches!(found, Found::Linked(_)));
            return Some(Refusal::AddressTaken { holder: holder.id, why: why.unwrap_or(otherwise) });
        }
        let namesake = known.namesake.as_ref().filter(|namesake| !found.is(&namesake.user))?;
        if self.people.modes.is_read_only() && *found != Found::New {
            return None;
        }
        let why = self.name_leads_to(namesake).err().unwrap_or(otherwise);
        Some(Refusal::UserNameTaken { holder: namesake.user.id, why })
    }

    /// Whether somebody else may not have the address: a global provider may bring it if it is not noted.
    fn address_counts(&self) -> bool {
        !self.provider.trust.global || self.people.modes.of(EMAIL) != Mode::None
    }
}

#[cfg(test)]
mod tests;
