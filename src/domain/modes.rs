//! What a login does to each field of a user.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    grant::{Grant, Granted},
    keep::Keep,
};

/// The address, where modes name it.
pub const EMAIL: &str = "email";

/// What a login does to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// Sets it to what is said now, and clears it when nothing is.
    Replace,
    /// What mappers grant follows them; what others grant stays.
    Merge,
    /// At the user's first login alone.
    Create,
    /// A login never touches it.
    None,
}

/// The modes of a provider's people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Modes {
    /// Nothing of a user is ever written.
    read_only: bool,
    written: BTreeMap<String, Mode>,
}

impl Modes {
    pub fn new(written: impl IntoIterator<Item = (String, Mode)>) -> Self {
        Self { read_only: false, written: written.into_iter().collect() }
    }

    /// Of a provider whose people are known already, and of whom it changes nothing.
    pub fn read_only() -> Self {
        Self { read_only: true, written: BTreeMap::new() }
    }

    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The mode of a field.
    pub fn of(&self, target: &str) -> Mode {
        let default = || match target {
            "roles" | "groups" => Mode::Merge,
            _ => Mode::Replace,
        };
        if self.read_only { Mode::None } else { self.written.get(target).copied().unwrap_or_else(default) }
    }

    /// What a login does besides replacing, in words, by field.
    pub fn told(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let read_only = "users.provisioning is ReadOnly, so that nothing of the user is written";
        let of_all = self.read_only.then_some(("user", read_only));
        let each = self.written.iter().map(|(target, mode)| {
            let words = match mode {
                Mode::Replace => "a login replaces it",
                Mode::Merge => "what mappers grant follows them, and what was assigned by hand stays",
                Mode::Create => "only a user's first login writes it",
                Mode::None => "a login never writes it",
            };
            (target.as_str(), words)
        });
        of_all.into_iter().chain(each)
    }

    /// The kinds of grants that a login sets alone, whoever gave them before.
    pub fn alone(&self) -> Vec<GrantKind> {
        GrantKind::ALL.into_iter().filter(|kind| self.of(kind.target()) == Mode::Replace).collect()
    }

    /// Whether a grant of some kind can outlive what is said at logins.
    pub fn freeze_grants(&self) -> bool {
        GrantKind::ALL.into_iter().any(|kind| matches!(self.of(kind.target()), Mode::Create | Mode::None))
    }
}

/// How what a provider and its mappers say of somebody is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub modes: Modes,
    /// The mappers of which it is not known what they say now.
    pub keep: Keep,
    /// Everything that the provider's mappers can give to anybody, where modes let grants outlive what logins say.
    pub possible: Arc<BTreeSet<Grant>>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { modes: Modes::default(), keep: Keep::Mappers(Vec::new()), possible: Arc::default() }
    }
}

/// What grants give, as modes tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GrantKind {
    Roles,
    Groups,
    Administrator,
}

impl GrantKind {
    pub const ALL: [Self; 3] = [Self::Roles, Self::Groups, Self::Administrator];

    /// As manifests name it.
    pub fn target(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Groups => "groups",
            Self::Administrator => "administrator",
        }
    }
}

impl Granted {
    pub fn kind(&self) -> GrantKind {
        match self {
            Self::Role(_) => GrantKind::Roles,
            Self::Group(_) => GrantKind::Groups,
            Self::Administrator => GrantKind::Administrator,
        }
    }
}
