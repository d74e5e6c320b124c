//! What of a status is news to somebody who looks at the object: its Events.

use super::{Condition, ConditionType, Conditions, Fact, Reason};

/// A turn that things have taken with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Something is wrong that was not, or something else than before.
    pub warning: bool,
    pub reason: Reason,
    pub message: String,
}

impl Conditions {
    /// The turn from what the status said before to these conditions: `Ready` changed its status or reason, or
    /// what serves became stale or fresh. What is pending is no news.
    pub fn turn(&self, previous: &[Condition]) -> Option<Turn> {
        let was = |type_: ConditionType| previous.iter().find(|condition| condition.type_ == type_.as_str());
        let ready = self.fact(ConditionType::Ready)?;
        let same = was(ConditionType::Ready)
            .is_some_and(|was| was.status == ready.status.as_str() && was.reason == ready.reason.as_str());
        if !same {
            return (ready.reason != Reason::Pending).then(|| Turn::new(!ready.is_true(), ready));
        }
        let stale = self.fact(ConditionType::ServingStale).filter(|stale| stale.is_true());
        match (was(ConditionType::ServingStale), stale) {
            (None, Some(stale)) => Some(Turn::new(true, stale)),
            (Some(_), None) => Some(Turn::new(!ready.is_true(), ready)),
            _ => None,
        }
    }
}

impl Turn {
    fn new(warning: bool, fact: &Fact) -> Self {
        Self { warning, reason: fact.reason, message: fact.message.clone() }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn conditions(facts: impl IntoIterator<Item = (ConditionType, Fact)>) -> Conditions {
        let mut conditions = Conditions::default();
        facts.into_iter().for_each(|(type_, fact)| conditions.set(type_, fact));
        conditions.summarize("People can sign in.");
        conditions
    }

    fn turn(before: &Conditions, now: &Conditions) -> Option<(bool, Reason)> {
        now.turn(&before.merge(&[], 1, Timestamp::UNIX_EPOCH)).map(|turn| (turn.warning, turn.reason))
    }

    #[test]
    fn only_another_state_or_reason_of_ready_is_a_turn() {
        let fails = |reason| conditions([(ConditionType::Discovered, Fact::fails(reason, "seen at 12:00"))]);
        let good = conditions([(ConditionType::Discovered, Fact::holds("fine"))]);
        let pending = conditions([(ConditionType::Discovered, Fact::unknown("wait"))]);
        let slow = fails(Reason::Timeout);
        assert_eq!(turn(&Conditions::default(), &pending), None);
        assert_eq!(turn(&pending, &good), Some((false, Reason::Succeeded)));
        assert_eq!(turn(&good, &good), None);
        assert_eq!(turn(&good, &slow), Some((true, Reason::Timeout)));
        assert_eq!(turn(&slow, &fails(Reason::Timeout)), None);
        assert_eq!(turn(&slow, &fails(Reason::ConnectFailed)), Some((true, Reason::ConnectFailed)));
        assert_eq!(turn(&slow, &good), Some((false, Reason::Succeeded)));
    }

    #[test]
    fn stale_and_fresh_again_are_turns_although_ready_stays_true() {
        let good = conditions([(ConditionType::Discovered, Fact::holds("fine"))]);
        let stale = Fact { status: super::super::Status::True, ..Fact::fails(Reason::Timeout, "since 12:00") };
        let stale = conditions([(ConditionType::ServingStale, stale)]);
        assert_eq!(turn(&good, &stale), Some((true, Reason::Timeout)));
        assert_eq!(turn(&stale, &stale), None);
        assert_eq!(turn(&stale, &good), Some((false, Reason::Succeeded)));
    }
}
