//! What a login, and a change of mappers, does to a user: by the modes of the provider, over what was known before.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    field::Fields,
    grant::Grant,
    modes::{EMAIL, GrantKind, Mode, Terms},
    user::{LoginRecord, Mapped, User, Verification},
};

/// A grant as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Held {
    /// The UID of the provider on whose word it is; empty, as that of the mapper: by hand.
    pub provider_uid: Arc<str>,
    pub grant: Grant,
}

impl Held {
    pub fn is_by_hand(&self) -> bool {
        self.provider_uid.is_empty()
    }
}

/// Why something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion<'a> {
    /// `first`: nobody has signed in as this user before.
    Login { first: bool },
    /// Mappers, or the provider, say something else now. `alone`: what another provider has set alone by a later login.
    Change { alone: &'a [GrantKind] },
}

impl Occasion<'_> {
    /// Whether a field of a mode is written at all.
    pub(super) fn writes(self, mode: Mode) -> bool {
        match mode {
            Mode::Replace | Mode::Merge => true,
            Mode::Create => self == Self::Login { first: true },
            Mode::None => false,
        }
    }
}

/// The user once a login is written. `first`: nobody has signed in as this user before.
pub fn user_after(before: Option<&User>, login: &LoginRecord, first: bool) -> User {
    let fields = |before: &Fields, first| fields_after(before, &login.mapped, &login.terms, Occasion::Login { first });
    let Some(before) = before else {
        let new = User { email: None, verified: None, ..login.user.clone() };
        return with_address(User { fields: fields(&Fields::default(), true), ..new }, login, true);
    };
    if login.terms.modes.is_read_only() {
        return before.clone();
    }
    let user =
        User { user_name: login.user.user_name.clone(), fields: fields(&before.fields, first), ..before.clone() };
    with_address(user, login, first)
}

/// What is noted once a provider and its mappers have said something new.
pub fn fields_after(before: &Fields, mapped: &Mapped, terms: &Terms, occasion: Occasion<'_>) -> Fields {
    let replaced = match &mapped.said {
        Some(said) => before.replaced_by(said, &terms.keep),
        None => before.kept(&terms.keep),
    };
    let names: BTreeSet<_> = before.iter().chain(replaced.iter()).map(|(name, _)| name).collect();
    let after = |name: &String| {
        let (before, replaced) = (before.get(name), replaced.get(name));
        let mode = terms.modes.of(name);
        let field = match mode {
            // What was noted by hand is not cleared by somebody who says nothing.
            Mode::Create if occasion.writes(mode) => replaced.or(before),
            _ if occasion.writes(mode) => replaced,
            _ => before,
        };
        Some((name.clone(), field?.clone()))
    };
    names.into_iter().filter_map(after).collect()
}

/// Whether a login writes the address. `first`: nobody has signed in as this user before.
pub fn writes_address(login: &LoginRecord, first: bool) -> bool {
    let mode = login.terms.modes.of(EMAIL);
    Occasion::Login { first }.writes(mode) && (mode != Mode::Create || login.user.email.is_some())
}

/// The user with the address that a login brings, if it is written.
fn with_address(user: User, login: &LoginRecord, first: bool) -> User {
    let told = &login.user;
    if !writes_address(login, first) {
        return user;
    }
    // What does not come from the provider is not the provider's to take back.
    let kept = user.verified.filter(|by| *by != Verification::Provider && user.email == told.email);
    let verified = kept.or(told.verified).filter(|_| told.email.is_some());
    User { email: told.email.clone(), verified, ..user }
}

/// What a user has been given once a login, or a change, is written: all grants, of every provider.
pub fn grants_after(
    before: &BTreeSet<Held>,
    provider_uid: &Arc<str>,
    mapped: &Mapped,
    terms: &Terms,
    occasion: Occasion<'_>,
) -> BTreeSet<Held> {
    let said: BTreeSet<_> = mapped.grants.iter().filter(|grant| !terms.keep.keeps(&grant.mapper_uid)).collect();
    let stays = |held: &Held| {
        let kind = held.grant.granted.kind();
        let mode = terms.modes.of(kind.target());
        let is_kept = terms.keep.keeps(&held.grant.mapper_uid);
        match (occasion.writes(mode), held.provider_uid == *provider_uid, occasion) {
            (true, true, _) => is_kept || said.contains(&held.grant),
            (true, false, Occasion::Login { .. }) => mode != Mode::Replace,
            (false, true, _) => is_kept || terms.possible.contains(&held.grant),
            _ => true,
        }
    };
    let comes = |grant: &&&Grant| {
        let kind = grant.granted.kind();
        let held_back = matches!(occasion, Occasion::Change { alone } if alone.contains(&kind));
        occasion.writes(terms.modes.of(kind.target())) && !held_back
    };
    let new = said.iter().filter(comes);
    let new = new.map(|grant| Held { provider_uid: provider_uid.clone(), grant: (*grant).clone() });
    before.iter().filter(|held| stays(held)).cloned().chain(new).collect()
}

#[cfg(test)]
mod tests;
