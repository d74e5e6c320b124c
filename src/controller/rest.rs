//! Lets a status rest for a moment before it is written: what is applied together is written once.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::publish::Name;

/// Since when each status differs from what was written.
#[derive(Debug, Default)]
pub struct Rests {
    rest: Duration,
    since: Mutex<HashMap<Name, Instant>>,
}

impl Rests {
    /// Statuses rest for so long.
    pub fn new(rest: Duration) -> Self {
        Self { rest, since: Mutex::default() }
    }

    /// How long a status that differs must still rest; None: it is to be written.
    pub fn remaining(&self, name: &Name, now: Instant) -> Option<Duration> {
        let since = *self.lock().entry(name.clone()).or_insert(now);
        let remaining = (since + self.rest).saturating_duration_since(now);
        (!remaining.is_zero()).then_some(remaining)
    }

    /// The status has been written, or does not differ after all.
    pub fn end(&self, name: &Name) {
        self.lock().remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_rests_once_from_its_first_difference() {
        let rests = Rests::new(Duration::from_millis(200));
        let name = Name::Provider("default/azure".into());
        let first = Instant::now();
        let after = |millis| rests.remaining(&name, first + Duration::from_millis(millis));
        assert_eq!(after(0), Some(Duration::from_millis(200)));
        assert_eq!(after(150), Some(Duration::from_millis(50)));
        assert_eq!(after(200), None);
        assert_eq!(after(250), None, "until it has been written");
        rests.end(&name);
        assert_eq!(after(300), Some(Duration::from_millis(200)));
    }
}
