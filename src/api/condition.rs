//! Conditions (`metav1.Condition`), their types and reasons, and the one function that merges them.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The standard condition of Kubernetes.
pub type Condition = k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// What a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ConditionType {
    /// The object is valid by itself and among its siblings.
    Accepted,
    /// The provider knows the client, and takes what it shows. Says what was seen, and never stops anything.
    ClientAccepted,
    /// The provider's metadata was fetched and fits.
    Discovered,
    /// The provider's signing keys were fetched and at least one is usable.
    KeysUsable,
    /// All that the generation asks for is served.
    Ready,
    /// kstatus: work goes on without anybody's help. Present only while True.
    Reconciling,
    /// Everything that the object refers to exists and may be used.
    ResolvedRefs,
    /// The provider fails, and its last good metadata serves. Present only while True.
    ServingStale,
    /// kstatus: only a person can help. Present only while True.
    Stalled,
    /// The tests that a mapper brings along came out as expected.
    TestsPassed,
}

impl ConditionType {
    /// The name as written in `status.conditions[].type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::ClientAccepted => "ClientAccepted",
            Self::Discovered => "Discovered",
            Self::KeysUsable => "KeysUsable",
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::ResolvedRefs => "ResolvedRefs",
            Self::ServingStale => "ServingStale",
            Self::Stalled => "Stalled",
            Self::TestsPassed => "TestsPassed",
        }
    }

    /// Whether it says what a look at one thing has shown; the others sum up.
    pub fn is_a_check(self) -> bool {
        !self.only_while_true() && self != Self::Ready
    }

    /// Abnormal-true conditions are absent unless True.
    fn only_while_true(self) -> bool {
        matches!(self, Self::Reconciling | Self::Stalled | Self::ServingStale)
    }
}

/// Why a condition has its status. Stable: people alert on these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reason {
    Succeeded,
    Suspended,
    /// Nothing is wrong; the answer is still on its way.
    Pending,
    // Accepted
    KeyConflict,
    DisplayNameConflict,
    DomainConflict,
    #[serde(rename = "IDConflict")]
    IdConflict,
    OrganizationNotFound,
    InvalidCombination,
    InvalidExpression,
    Conflict,
    // ResolvedRefs
    SecretNotFound,
    SecretNotUsable,
    SecretKeyMissing,
    CABundleInvalid,
    IdentityProviderNotFound,
    RoleNotFound,
    GroupNotFound,
    // Discovered and KeysUsable
    #[serde(rename = "DNSFailed")]
    DnsFailed,
    ConnectFailed,
    #[serde(rename = "TLSUntrusted")]
    TlsUntrusted,
    Timeout,
    EgressDenied,
    #[serde(rename = "HTTPStatus")]
    HttpStatus,
    InvalidDocument,
    IssuerMismatch,
    InsecureEndpoint,
    Incompatible,
    NoUsableKeys,
    NotNeeded,
    // ClientAccepted
    InvalidClient,
    NotProbed,
    // TestsPassed
    TestsFailed,
}

impl Reason {
    /// The word as written in `status.conditions[].reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Suspended => "Suspended",
            Self::Pending => "Pending",
            Self::KeyConflict => "KeyConflict",
            Self::DisplayNameConflict => "DisplayNameConflict",
            Self::DomainConflict => "DomainConflict",
            Self::IdConflict => "IDConflict",
            Self::OrganizationNotFound => "OrganizationNotFound",
            Self::InvalidCombination => "InvalidCombination",
            Self::SecretNotFound => "SecretNotFound",
            Self::SecretNotUsable => "SecretNotUsable",
            Self::SecretKeyMissing => "SecretKeyMissing",
            Self::CABundleInvalid => "CABundleInvalid",
            Self::IdentityProviderNotFound => "IdentityProviderNotFound",
            Self::RoleNotFound => "RoleNotFound",
            Self::GroupNotFound => "GroupNotFound",
            Self::DnsFailed => "DNSFailed",
            Self::ConnectFailed => "ConnectFailed",
            Self::TlsUntrusted => "TLSUntrusted",
            Self::Timeout => "Timeout",
            Self::EgressDenied => "EgressDenied",
            Self::HttpStatus => "HTTPStatus",
            Self::InvalidDocument => "InvalidDocument",
            Self::IssuerMismatch => "IssuerMismatch",
            Self::InsecureEndpoint => "InsecureEndpoint",
            Self::Incompatible => "Incompatible",
            Self::NoUsableKeys => "NoUsableKeys",
            Self::InvalidClient => "InvalidClient",
            Self::NotNeeded => "NotNeeded",
            Self::NotProbed => "NotProbed",
            Self::InvalidExpression => "InvalidExpression",
            Self::Conflict => "Conflict",
            Self::TestsFailed => "TestsFailed",
        }
    }

    /// Whether it says that something is not there.
    pub fn is_of_something_absent(self) -> bool {
        matches!(
            self,
            Self::OrganizationNotFound
                | Self::SecretNotFound
                | Self::IdentityProviderNotFound
                | Self::RoleNotFound
                | Self::GroupNotFound
        )
    }

    /// True when nothing but a person's change can help, at the manifest or at the provider.
    pub fn needs_a_person(self) -> bool {
        matches!(
            self,
            Self::KeyConflict
                | Self::DisplayNameConflict
                | Self::DomainConflict
                | Self::IdConflict
                | Self::OrganizationNotFound
                | Self::InvalidCombination
                | Self::InvalidExpression
                | Self::Conflict
                | Self::TestsFailed
                | Self::IssuerMismatch
                | Self::InsecureEndpoint
                | Self::Incompatible
                | Self::InvalidClient
        )
    }
}

/// The status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    True,
    False,
    Unknown,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// What one check found: the part of a condition that a decision makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub status: Status,
    pub reason: Reason,
    /// Names the field, what was seen, and what to do. Never a secret, a token, or a provider's own words.
    pub message: String,
}

impl Fact {
    /// The check holds.
    pub fn holds(message: impl Into<String>) -> Self {
        Self { status: Status::True, reason: Reason::Succeeded, message: message.into() }
    }

    /// The check fails.
    pub fn fails(reason: Reason, message: impl Into<String>) -> Self {
        Self { status: Status::False, reason, message: message.into() }
    }

    /// The check has no answer yet.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self { status: Status::Unknown, reason: Reason::Pending, message: message.into() }
    }

    /// Whether the check holds.
    pub fn is_true(&self) -> bool {
        self.status == Status::True
    }
}

/// The facts of one reconciliation, to be merged into what the object's status already says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions(Vec<(ConditionType, Fact)>);

impl Conditions {
    /// Adds a fact; a later one of the same type replaces it.
    pub fn set(&mut self, type_: ConditionType, fact: Fact) {
        self.0.retain(|(present, _)| *present != type_);
        self.0.push((type_, fact));
    }

    /// The fact of a type, if it was set.
    pub fn fact(&self, type_: ConditionType) -> Option<&Fact> {
        self.0.iter().find(|(present, _)| *present == type_).map(|(_, fact)| fact)
    }

    /// All facts, in the order in which they were set.
    pub fn facts(&self) -> impl Iterator<Item = (ConditionType, &Fact)> {
        self.0.iter().map(|(type_, fact)| (*type_, fact))
    }

    /// Adds `Ready` and, while it isn't True, `Stalled` or `Reconciling`, by the first fact that does not hold.
    /// `serving` is the message of a Ready object.
    pub fn summarize(&mut self, serving: impl Into<String>) {
        let Some(fact) = self.held_back().cloned() else {
            self.set(ConditionType::Ready, Fact::holds(serving));
            return;
        };
        let kind = if fact.reason.needs_a_person() { ConditionType::Stalled } else { ConditionType::Reconciling };
        self.set(kind, Fact { status: Status::True, ..fact.clone() });
        self.set(ConditionType::Ready, fact);
    }

    /// The first fact that holds the object back. While `ServingStale` is True, `Discovered` holds nothing back, and
    /// a probe does only when it fails.
    pub fn held_back(&self) -> Option<&Fact> {
        let stale = self.fact(ConditionType::ServingStale).is_some_and(Fact::is_true);
        let excused = |type_: ConditionType, fact: &Fact| match type_ {
            ConditionType::Discovered => stale,
            ConditionType::ClientAccepted => fact.status == Status::Unknown,
            _ => false,
        };
        let holds_back = |(type_, fact): &&(ConditionType, Fact)| !fact.is_true() && !excused(*type_, fact);
        self.0.iter().find(holds_back).map(|(_, fact)| fact)
    }

    /// Makes `Ready` True with reason Suspended: what is switched off on purpose holds nobody up.
    pub fn suspend(&mut self, message: impl Into<String>) {
        self.0.retain(|(type_, _)| !type_.only_while_true());
        let fact = Fact { status: Status::True, reason: Reason::Suspended, message: message.into() };
        self.set(ConditionType::Ready, fact);
    }

    /// The list for `status.conditions`: sorted by type, `lastTransitionTime` moved only where the status moved.
    pub fn merge(&self, previous: &[Condition], generation: i64, now: Timestamp) -> Vec<Condition> {
        let mut merged: Vec<Condition> = self
            .0
            .iter()
            .filter(|(type_, fact)| !type_.only_while_true() || fact.is_true())
            .map(|(type_, fact)| {
                let before = previous.iter().find(|c| c.type_ == type_.as_str() && c.status == fact.status.as_str());
                Condition {
                    type_: type_.as_str().to_owned(),
                    status: fact.status.as_str().to_owned(),
                    reason: fact.reason.as_str().to_owned(),
                    message: fact.message.clone(),
                    observed_generation: Some(generation),
                    last_transition_time: before
                        .map_or_else(|| Time(whole_second(now)), |c| c.last_transition_time.clone()),
                }
            })
            .collect();
        merged.sort_by(|a, b| a.type_.cmp(&b.type_));
        merged
    }
}

/// `metav1.Time` has no fraction: what is kept in memory must equal what is read back.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a valid time")
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let mut conditions = Conditions::default();
        conditions.set(ConditionType::Discovered, Fact::fails(Reason::Timeout, "slow"));
        let first = conditions.merge(&[], 1, at(100));
        conditions.set(ConditionType::Discovered, Fact::fails(Reason::ConnectFailed, "gone"));
        let second = conditions.merge(&first, 2, at(200));
        assert_eq!(second[0].last_transition_time.0, at(100));
        assert_eq!((second[0].reason.as_str(), second[0].observed_generation), ("ConnectFailed", Some(2)));
        conditions.set(ConditionType::Discovered, Fact::holds("ok"));
        assert_eq!(conditions.merge(&second, 2, at(300))[0].last_transition_time.0, at(300));
    }

    #[test]
    fn what_only_a_person_can_mend_is_stalled_and_the_rest_reconciling() {
        for (reason, kind) in
            [(Reason::KeyConflict, ConditionType::Stalled), (Reason::Timeout, ConditionType::Reconciling)]
        {
            let mut conditions = Conditions::default();
            conditions.set(ConditionType::Accepted, Fact::fails(reason, "why"));
            conditions.summarize("unused");
            assert!(conditions.fact(kind).is_some_and(Fact::is_true));
            assert_eq!(conditions.fact(ConditionType::Ready).map(|fact| fact.reason), Some(reason));
        }
    }

    #[test]
    fn a_ready_object_is_neither_stalled_nor_reconciling() {
        let mut conditions = Conditions::default();
        conditions.set(ConditionType::Accepted, Fact::holds("valid"));
        conditions.summarize("serving");
        let merged = conditions.merge(&[], 1, at(1));
        assert_eq!(merged.iter().map(|c| c.type_.as_str()).collect::<Vec<_>>(), ["Accepted", "Ready"]);
    }
}
