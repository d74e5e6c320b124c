//! Puts decisions into the login table, and tells what has to follow in the store.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kube::runtime::reflector::{Lookup, ObjectRef};
use tokio::sync::mpsc;

use crate::domain::{
    mapper::Mapper,
    organization::{Organization, OrganizationKey},
    provider::Provider,
    table::{LoginTable, Published},
};

/// What the store must be told after the table has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// People of this provider may get something else now.
    Grants(Arc<str>),
    /// The sessions that began with this provider are over.
    Sessions(Arc<str>),
    /// Everything has been looked at once: what happened while Latchkey was down can be caught up with.
    Settled,
}

/// An object of one of the three kinds, by `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    Organization(String),
    Provider(String),
    Mapper(String),
}

/// `namespace/name`.
pub fn path<K: Lookup>(object: &ObjectRef<K>) -> String {
    format!("{}/{}", object.namespace.as_deref().unwrap_or_default(), object.name)
}

/// The only writer of the login table.
pub struct Publisher {
    table: Arc<Published>,
    state: Mutex<State>,
    follow_ups: mpsc::UnboundedSender<FollowUp>,
}

#[derive(Default)]
struct State {
    /// Which UID a name had last: another one means another object.
    uids: HashMap<Name, Arc<str>>,
    progress: Progress,
}

/// How far the table is with what the source has listed.
enum Progress {
    /// The source is still listing; these have been decided already.
    Listing {
        decided: HashSet<Name>,
    },
    /// These are still to be decided. `complete`: nothing but what was listed exists.
    Deciding {
        awaited: HashSet<Name>,
        complete: bool,
    },
    Settled,
}

impl Default for Progress {
    fn default() -> Self {
        Self::Listing { decided: HashSet::new() }
    }
}

impl Publisher {
    /// Writes to `table`; what has to follow arrives at the receiver.
    pub fn new(table: Arc<Published>) -> (Self, mpsc::UnboundedReceiver<FollowUp>) {
        let (follow_ups, receiver) = mpsc::unbounded_channel();
        (Self { table, state: Mutex::default(), follow_ups }, receiver)
    }

    /// The table as it is now.
    pub fn table(&self) -> Arc<LoginTable> {
        self.table.load()
    }

    /// Publishes what logins see of an organization; None when there is nothing to see.
    pub fn organization(&self, key: &OrganizationKey, entry: Option<Organization>) {
        self.change(Name::Organization(key.as_str().to_owned()), |_, table| {
            let before = table.organization_by_key(key).cloned();
            // An equal one stays the same one: answers that were prepared with it stay good.
            if before.as_deref() == entry.as_ref() {
                return Vec::new();
            }
            let names = |organization: &Organization| (organization.roles.clone(), organization.groups.clone());
            let same_names = before.as_deref().map(names) == entry.as_ref().map(names);
            table.set_organization(key, entry.map(Arc::new));
            let touched = if same_names { Vec::new() } else { table.providers_touched_by(key, before.is_some()) };
            touched.into_iter().map(FollowUp::Grants).collect()
        });
    }

    /// Publishes what logins see of a provider; None when it is gone.
    pub fn provider(&self, path: &str, mut entry: Option<Provider>) {
        let name = Name::Provider(path.to_owned());
        self.change(name.clone(), |state, table| {
            let old_uid = state.replace_uid(name, entry.as_ref().map(|entry| entry.uid.clone()));
            let before = old_uid.as_ref().and_then(|uid| table.provider_by_uid(uid).cloned());
            if let (Some(now), Some(before)) = (&mut entry, &before)
                && now.uid == before.uid
                && now.people.is_none()
            {
                // What cannot be read takes nothing from anybody.
                now.people = before.people.clone();
            }
            let follow_ups = after_provider(before.as_deref(), entry.as_ref());
            if let Some(uid) = old_uid {
                table.set_provider(&uid, None);
            }
            if let Some(entry) = entry {
                table.set_provider(&entry.uid.clone(), Some(Arc::new(entry)));
            }
            follow_ups
        });
    }

    /// Publishes what logins see of a mapper; None when it is gone.
    pub fn mapper(&self, path: &str, entry: Option<Mapper>) {
        let name = Name::Mapper(path.to_owned());
        self.change(name.clone(), |state, table| {
            let uid = entry.as_ref().map(|entry| entry.uid.clone());
            let old_uid = state.replace_uid(name, uid.clone());
            let mut touched = Vec::new();
            if let Some(old_uid) = old_uid.filter(|old| uid.as_ref() != Some(old)) {
                touched.extend(table.set_mapper(&old_uid, None));
            }
            if let Some(uid) = uid {
                touched.extend(table.set_mapper(&uid, entry.map(Arc::new)));
            }
            // A provider that is not here yet follows once it is; one that is gone has been followed.
            touched.retain(|provider| table.provider_by_uid(provider).is_some());
            touched.into_iter().map(FollowUp::Grants).collect()
        });
    }

    /// The source has listed everything, namely these; each of them is decided once more, or for the first time.
    /// Only then the table is settled, and as complete as the source is.
    pub fn initialized(&self, mut listed: HashSet<Name>, complete: bool) {
        let mut state = self.lock();
        if let Progress::Listing { decided } = &state.progress {
            listed.retain(|name| !decided.contains(name));
        }
        state.progress = Progress::Deciding { awaited: listed, complete };
        let mut table = LoginTable::clone(&self.table.load());
        let settled = state.settle(&mut table);
        self.table.replace(table);
        drop(state);
        if settled {
            self.send(FollowUp::Settled);
        }
    }

    fn change(&self, name: Name, edit: impl FnOnce(&mut State, &mut LoginTable) -> Vec<FollowUp>) {
        let mut state = self.lock();
        let mut table = LoginTable::clone(&self.table.load());
        let follow_ups = edit(&mut state, &mut table);
        state.note_decided(name);
        let settled = state.settle(&mut table);
        self.table.replace(table);
        drop(state);
        for follow_up in follow_ups.into_iter().chain(settled.then_some(FollowUp::Settled)) {
            self.send(follow_up);
        }
    }

    fn send(&self, follow_up: FollowUp) {
        // Nobody listens any more only while the process is ending.
        let _ = self.follow_ups.send(follow_up);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn replace_uid(&mut self, name: Name, uid: Option<Arc<str>>) -> Option<Arc<str>> {
        match uid {
            Some(uid) => self.uids.insert(name, uid),
            None => self.uids.remove(&name),
        }
    }

    fn note_decided(&mut self, name: Name) {
        match &mut self.progress {
            Progress::Listing { decided } => _ = decided.insert(name),
            Progress::Deciding { awaited, .. } => _ = awaited.remove(&name),
            Progress::Settled => {}
        }
    }

    /// Marks the table as settled when nothing is awaited any more; true only at that moment.
    fn settle(&mut self, table: &mut LoginTable) -> bool {
        let Progress::Deciding { awaited, complete } = &self.progress else { return false };
        if !awaited.is_empty() {
            return false;
        }
        (table.settled, table.complete) = (true, *complete);
        self.progress = Progress::Settled;
        true
    }
}

/// A provider that is gone, suspended, or known by another name ends its sessions; one that says other things of its people
/// may give its people something else, and one that is gone gives them nothing any more.
fn after_provider(before: Option<&Provider>, now: Option<&Provider>) -> Vec<FollowUp> {
    let mut follow_ups = Vec::new();
    if let Some(before) = before {
        let same =
            now.filter(|now| now.uid == before.uid && now.organization == before.organization && now.key == before.key);
        let goes_on = same.is_some_and(Provider::keeps_sessions);
        let over_already = same.is_some() && !before.keeps_sessions();
        if !goes_on && !over_already {
            follow_ups.push(FollowUp::Sessions(before.uid.clone()));
        }
        if now.is_none_or(|now| now.uid != before.uid) {
            follow_ups.push(FollowUp::Grants(before.uid.clone()));
        }
    }
    // It may have been suspended while Latchkey was down, and go on before that has been caught up with.
    if let (None, Some(now)) = (before, now)
        && !now.keeps_sessions()
    {
        follow_ups.push(FollowUp::Sessions(now.uid.clone()));
    }
    if let Some(now) = now {
        let says_the_same = |before: &Provider| before.people == now.people && before.issuer == now.issuer;
        let same_people = before.is_some_and(|before| before.uid == now.uid && says_the_same(before));
        if !same_people {
            follow_ups.push(FollowUp::Grants(now.uid.clone()));
        }
    }
    follow_ups
}

#[cfg(test)]
mod tests;
