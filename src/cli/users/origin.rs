//! Whose word something is: a provider's, a mapper's, or an administrator's; by name as far as manifests tell it.

use std::fmt;

use serde::Serialize;

use super::described::Described;
use crate::domain::{field::Maker, grant::Granted, modes::GrantKind, update::Held};

/// What providers and mappers are called.
#[derive(Clone, Copy)]
pub struct Names<'a>(pub &'a Described);

/// A provider or a mapper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    pub uid: String,
    /// metadata.name; None: the manifests that can be read have none of the UID.
    pub name: Option<String>,
    #[serde(skip)]
    is_gone: bool,
}

/// On whose word something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum Origin {
    Hand,
    Provider { provider: Named },
    Mapper { provider: Named, mapper: Named },
}

/// Something that a user has been given, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Given {
    /// role, group or administrator.
    pub kind: &'static str,
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Names<'_> {
    pub fn provider(self, uid: &str) -> Named {
        self.named(uid, self.0.table.provider_by_uid(uid).map(|provider| provider.name()))
    }

    fn mapper(self, uid: &str) -> Named {
        self.named(uid, self.0.table.mapper(uid).map(|mapper| mapper.name()))
    }

    fn named(self, uid: &str, name: Option<&str>) -> Named {
        let name = name.map(str::to_owned);
        Named { uid: uid.to_owned(), is_gone: name.is_none() && self.0.gap.is_none(), name }
    }

    /// On whose word something is; an empty UID of a provider is no provider's.
    pub fn origin(self, provider_uid: &str, mapper_uid: Option<&str>) -> Origin {
        // What a provider's defaults give is by the provider.
        match mapper_uid.filter(|mapper| *mapper != provider_uid) {
            _ if provider_uid.is_empty() => Origin::Hand,
            None => Origin::Provider { provider: self.provider(provider_uid) },
            Some(mapper) => Origin::Mapper { provider: self.provider(provider_uid), mapper: self.mapper(mapper) },
        }
    }

    pub fn maker(self, by: &Maker) -> Origin {
        self.origin(&by.provider, by.mapper.as_deref())
    }

    pub fn held(self, held: &Held) -> Given {
        let origin = self.origin(&held.provider_uid, Some(&held.grant.mapper_uid));
        Given { origin: Some(origin), ..Given::from(&held.grant.granted) }
    }
}

impl From<&Granted> for Given {
    fn from(granted: &Granted) -> Self {
        let kind = match granted.kind() {
            GrantKind::Roles => "role",
            GrantKind::Groups => "group",
            GrantKind::Administrator => "administrator",
        };
        let name = match granted {
            Granted::Role(name) | Granted::Group(name) => Some(name.clone()),
            Granted::Administrator => None,
        };
        Self { kind, name, origin: None }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gone = if self.is_gone { ", which is gone" } else { "" };
        write!(f, "{}{gone}", self.name.as_ref().unwrap_or(&self.uid))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hand => f.write_str("by hand"),
            Self::Provider { provider } => write!(f, "by provider {provider}"),
            Self::Mapper { provider, mapper } => write!(f, "by mapper {mapper} of provider {provider}"),
        }
    }
}
