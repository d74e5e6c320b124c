//! Which of several replicas writes statuses and Events: the one that holds the Lease. All of them observe, decide
//! and serve. Nothing is written unless the Lease is known to be held, by a clock that nobody sets.

use std::{error::Error, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{Api, Client, api::PostParams};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::source::cluster::{ApiError, within};

/// Another replica waits for so long after the last renewal that it has seen.
const LEASE: Duration = Duration::from_secs(15);
/// The holder writes for so long after it has begun its last successful renewal: shorter than `LEASE` by what the
/// last write may take to arrive.
const WRITES: Duration = Duration::from_secs(10);
/// The Lease is renewed, or looked at, so often.
const TURN: Duration = Duration::from_secs(2);
/// The API server has so much time to answer.
const ANSWER: Duration = Duration::from_secs(4);

/// Whether this replica may write, and until when.
#[derive(Clone, Debug)]
pub struct Leadership(Option<watch::Receiver<Option<Instant>>>);

/// The moments at which this replica begins to lead: what was decided before has not been written.
#[derive(Debug)]
pub struct Beginnings(mpsc::UnboundedReceiver<()>);

impl Leadership {
    /// That of a process that has no replicas.
    pub fn always() -> (Self, Beginnings) {
        (Self(None), Beginnings(mpsc::unbounded_channel().1))
    }

    /// That of whoever holds the Lease `name` in the client's own namespace, and the candidate for it. `identity`
    /// is this process's alone.
    pub fn by_lease(client: Client, name: String, identity: String) -> (Self, Beginnings, Candidate) {
        let (until, leadership) = watch::channel(None);
        let (begins, beginnings) = mpsc::unbounded_channel();
        let candidate =
            Candidate { leases: Api::default_namespaced(client), name, identity, seen: None, until, begins };
        (Self(Some(leadership)), Beginnings(beginnings), candidate)
    }

    /// The moment by which a write that begins now must have ended; None: nothing may be written.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.0 {
            None => Some(Instant::now() + WRITES),
            Some(until) => until.borrow().filter(|deadline| Instant::now() < *deadline),
        }
    }
}

impl Beginnings {
    /// Waits for the next one.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Renews the Lease while it is held, and takes it when nobody does any more.
pub struct Candidate {
    leases: Api<Lease>,
    name: String,
    identity: String,
    /// What another holder wrote last, and since when nothing else has been seen.
    seen: Option<(LeaseSpec, Instant)>,
    until: watch::Sender<Option<Instant>>,
    begins: mpsc::UnboundedSender<()>,
}

impl Candidate {
    /// Stands until shutdown, and then lets go of the Lease, so that another replica leads at once.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut failing = false;
        loop {
            match self.turn().await {
                Ok(()) => failing = false,
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        let error: &dyn Error = &error;
                        tracing::warn!(error, lease = self.name, "the Lease cannot be renewed; trying again");
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = sleep(TURN) => {}
            }
        }
        if self.leads() {
            self.until.send_replace(None);
            if let Err(error) = self.release().await {
                tracing::warn!(error = &error as &dyn Error, "the Lease was not released; it ends by itself");
            }
        }
    }

    fn leads(&self) -> bool {
        self.until.borrow().is_some_and(|deadline| Instant::now() < deadline)
    }

    async fn turn(&mut self) -> Result<(), ApiError> {
        let begun = Instant::now();
        let lease = within(ANSWER, self.leases.get_opt(&self.name)).await?;
        let held = match lease {
            Some(lease) if self.is_ours_to_take(&lease, Instant::now()) => self.take(lease).await?,
            None if self.is_nobodys(Instant::now()) => self.create().await?,
            Some(_) | None => false,
        };
        if held {
            let before = self.until.send_replace(Some(begun + WRITES));
            if before.is_none_or(|deadline| deadline <= Instant::now()) {
                tracing::info!(lease = self.name, "leading: statuses and Events are written from here");
                // Nobody listens any more only while the process is ending.
                let _ = self.begins.send(());
            }
        } else {
            if self.until.send_replace(None).is_some() {
                tracing::warn!(lease = self.name, "no longer leading: another replica holds the Lease");
            }
        }
        Ok(())
    }

    /// Ours already, nobody's, or not renewed for its whole time, by our own clock.
    fn is_ours_to_take(&mut self, lease: &Lease, now: Instant) -> bool {
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        if holder.is_empty() || holder == self.identity {
            return true;
        }
        let duration = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let duration = duration.map_or(LEASE, Duration::from_secs);
        match &self.seen {
            Some((seen, since)) if *seen == spec => now.duration_since(*since) >= duration,
            _ => {
                self.seen = Some((spec, now));
                false
            }
        }
    }

    /// Whether a Lease that is not there may be made: somebody who still trusts it may have deleted it.
    fn is_nobodys(&self, now: Instant) -> bool {
        self.seen.as_ref().is_none_or(|(_, since)| now.duration_since(*since) >= LEASE)
    }

    fn spec(&self, before: Option<&LeaseSpec>) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        let ours = before.filter(|before| before.holder_identity.as_ref() == Some(&self.identity));
        let transitions = before.map(|before| before.lease_transitions.unwrap_or_default());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(LEASE.as_secs()).ok(),
            acquire_time: ours.and_then(|ours| ours.acquire_time.clone()).or_else(|| Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: transitions.map_or(Some(0), |count| Some(count + i32::from(ours.is_none()))),
            ..LeaseSpec::default()
        }
    }

    async fn create(&self) -> Result<bool, ApiError> {
        let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
        let lease = Lease { metadata, spec: Some(self.spec(None)) };
        won(within(ANSWER, self.leases.create(&PostParams::default(), &lease)).await)
    }

    /// Writes the Lease if it is still as it was read.
    async fn take(&self, mut lease: Lease) -> Result<bool, ApiError> {
        lease.metadata.managed_fields = None;
        lease.spec = Some(self.spec(lease.spec.as_ref()));
        won(within(ANSWER, self.leases.replace(&self.name, &PostParams::default(), &lease)).await)
    }

    async fn release(&self) -> Result<(), ApiError> {
        let Some(mut lease) = within(ANSWER, self.leases.get_opt(&self.name)).await? else { return Ok(()) };
        let Some(spec) = lease.spec.as_mut().filter(|spec| spec.holder_identity.as_ref() == Some(&self.identity))
        else {
            return Ok(());
        };
        spec.holder_identity = None;
        lease.metadata.managed_fields = None;
        won(within(ANSWER, self.leases.replace(&self.name, &PostParams::default(), &lease)).await).map(|_| ())
    }
}

/// Whether the Lease was written; somebody else may have been faster.
fn won<T>(written: Result<T, ApiError>) -> Result<bool, ApiError> {
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some(409) => Ok(false),
        Err(error) => Err(error),
    }
}
