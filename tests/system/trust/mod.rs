//! Whom a provider may sign in and as whom, as its manifest says, through the public surface.

mod addresses;
mod names;
mod stories;
mod table;

use crate::support::{claimed::latchkey_with, fake::Fake, latchkey::Latchkey};

/// One provider of each kind, each with people of its own, and one that everybody came through before.
pub struct Kinds {
    pub latchkey: Latchkey,
    fakes: Vec<(&'static str, Fake)>,
}

/// Trusted with everything, so that anybody can have come through it.
pub const BEFORE: &str = "before";
const KINDS: &[(&str, &str)] = &[
    ("plain", ""),
    ("with-domains", "  trust: {assignedEmailDomains: [acme.example, bücher.example]}\n"),
    ("global", "  trust: {global: true}\n"),
    ("global-with-domains", "  trust: {global: true, assignedEmailDomains: [globex.example]}\n"),
    ("contoso", "  trust: {assignedEmailDomains: [contoso.example]}\n"),
    (BEFORE, "  trust: {global: true}\n"),
];

impl Kinds {
    pub async fn start() -> Self {
        let mut fakes = Vec::new();
        for (name, _) in KINDS {
            fakes.push((*name, Fake::start().await));
        }
        let with_trust = fakes.iter().zip(KINDS).map(|((name, fake), (_, trust))| (*name, fake, *trust));
        let latchkey = latchkey_with(&with_trust.collect::<Vec<_>>()).await;
        Self { latchkey, fakes }
    }

    pub fn fake(&self, kind: &str) -> &Fake {
        &self.fakes.iter().find(|(name, _)| *name == kind).expect("a provider").1
    }
}
