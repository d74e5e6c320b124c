//! What mappers give to users.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// What a grant gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Granted {
    Role(String),
    Group(String),
    Administrator,
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "role {name}"),
            Self::Group(name) => write!(f, "group {name}"),
            Self::Administrator => f.write_str("administrator"),
        }
    }
}

/// Something given to a user by a mapper, on the word of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    /// The mapper's UID; the provider's own where its defaults make everybody an administrator.
    pub mapper_uid: Arc<str>,
    pub granted: Granted,
}
