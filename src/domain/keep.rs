//! What stays of what mappers have given, while it is not known what they say now.

use std::sync::Arc;

/// The mappers whose earlier grants stay when those of a provider are set anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// These mappers' (they exist, but what they say now is not known).
    Mappers(Vec<Arc<str>>),
    /// Every mapper's but these: not all mappers are known yet, but what these say now is, or that they are gone.
    AllBut(Vec<Arc<str>>),
}

impl Keep {
    /// Whether what this mapper has given stays.
    pub fn keeps(&self, mapper_uid: &Arc<str>) -> bool {
        match self {
            Self::Mappers(mappers) => mappers.contains(mapper_uid),
            Self::AllBut(mappers) => !mappers.contains(mapper_uid),
        }
    }
}
