//! A case: what is sent, what has to come of it, and where that is written.

use serde_json::Value;

use crate::support::source::On;

/// One answer that somebody gives, derived from a right one by one change.
#[derive(Clone, Copy)]
pub struct Case<S> {
    /// As the page says it.
    pub sent: &'static str,
    /// Which of the family's providers gives it; empty: the first.
    pub provider: &'static str,
    /// Makes it.
    pub script: S,
    pub outcome: Outcome,
    /// The specification and its section, in short.
    pub says: &'static str,
}

impl<S: Copy> Case<S> {
    pub const fn new(sent: &'static str, script: S, outcome: Outcome, says: &'static str) -> Self {
        Self { sent, provider: "", script, outcome, says }
    }

    /// Given by another provider than the family's first.
    pub const fn at(self, provider: &'static str) -> Self {
        Self { provider, ..self }
    }
}

/// What comes of an answer.
#[derive(Clone, Copy)]
pub enum Outcome {
    SignedIn,
    /// Somebody is signed in, and the session says this.
    SignedInAs {
        is: fn(&Value) -> bool,
        /// What that shows.
        note: &'static str,
        /// Some words of the log that say why; empty where it says nothing.
        why: &'static str,
    },
    Refused {
        status: u16,
        code: &'static str,
        /// A word or some words of the log that tell the cause from others of the same code.
        detail: &'static str,
    },
    /// A session that somebody has is over.
    SignedOut,
    /// People can sign in through the provider.
    Ready,
    /// Nobody can, and this is the reason of `Ready`.
    HeldBack(&'static str),
}

pub const IN: Outcome = Outcome::SignedIn;

/// Somebody is signed in, and the session says what shows this.
pub const fn signed_in_as(is: fn(&Value) -> bool, note: &'static str) -> Outcome {
    Outcome::SignedInAs { is, note, why: "" }
}

/// A login is refused before anything is asked of the provider.
pub const fn refused(status: u16, code: &'static str) -> Outcome {
    Outcome::Refused { status, code, detail: "" }
}

/// The ID token is not believed.
pub const fn id_token(detail: &'static str) -> Outcome {
    Outcome::Refused { status: 502, code: "id_token", detail }
}

/// The code gets no tokens.
pub const fn exchange(detail: &'static str) -> Outcome {
    Outcome::Refused { status: 502, code: "code_exchange", detail }
}

/// Userinfo is not believed.
pub const fn userinfo(detail: &'static str) -> Outcome {
    Outcome::Refused { status: 502, code: "userinfo", detail }
}

impl Outcome {
    /// Whether the provider is asked for tokens before it comes to this.
    pub fn asks(&self) -> bool {
        match self {
            Self::SignedIn | Self::SignedInAs { .. } => true,
            Self::Refused { code, .. } => ["code_exchange", "id_token", "userinfo"].contains(code),
            Self::SignedOut | Self::Ready | Self::HeldBack(_) => false,
        }
    }

    /// As the page shows it.
    pub fn shown(&self) -> String {
        match self {
            Self::SignedIn => "**signed in**".to_owned(),
            Self::SignedInAs { note, why: "", .. } => format!("**signed in**; {note}"),
            Self::SignedInAs { note, why, .. } => format!("**signed in**; {note}: {why}"),
            Self::Refused { status, code, detail: "" } => format!("{status}, `{code}`"),
            // A word of our own, or a part of a message.
            Self::Refused { status, code, detail } if detail.contains(' ') => format!("{status}, `{code}`: {detail}"),
            Self::Refused { status, code, detail } => format!("{status}, `{code}`: `{detail}`"),
            Self::SignedOut => "**signed out**".to_owned(),
            Self::Ready => "**Ready**".to_owned(),
            Self::HeldBack(reason) => format!("`{reason}`"),
        }
    }
}

/// All cases with a directory; with a cluster some, as nothing in what is checked differs.
pub fn some<S: Copy>(on: On, cases: &[Case<S>]) -> Vec<Case<S>> {
    match on {
        On::Directory => cases.to_vec(),
        On::Cluster => cases.iter().step_by(cases.len() / 3).copied().collect(),
    }
}
