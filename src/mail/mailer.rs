//! Sends mails beside the requests that ask for them, a bounded number at a time, and tries again what may succeed later.
//! A restart forgets them: the person can ask for another.

use std::{error::Error, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::future::BoxFuture;
use lettre::Message;
use tokio::{
    sync::{
        OwnedSemaphorePermit, Semaphore,
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    attempt::{SendError, send},
    message::{Confirmation, message},
    settings::{Sender, Smtp},
};

/// So many mails may wait for the server or for their next attempt, at some 10 KiB each.
const MOST: usize = 500;
/// So many connections at once.
const CONNECTIONS: usize = 8;
/// A mail is tried again for so long, with pauses that grow from the first to the longest.
const KEEPS_TRYING: Duration = Duration::from_secs(10 * 60);
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(2 * 60);
/// Who asked for a mail waits so long for the first attempt.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes mails to be sent.
#[derive(Clone)]
pub struct Mailer {
    sender: Sender,
    queue: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
}

/// The task that sends them.
pub struct Outbox {
    smtp: Smtp,
    queue: mpsc::Receiver<Queued>,
}

/// A mail on its way.
struct Queued {
    mail: Message,
    /// For the first attempt; whoever asked may have gone.
    first: oneshot::Sender<FirstAttempt>,
    unsent: BoxFuture<'static, ()>,
    _room: OwnedSemaphorePermit,
}

/// What came of the first attempt to send a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstAttempt {
    Sent,
    /// Not yet; it is tried again.
    OnItsWay,
    /// And it will not be.
    Failed(SendError),
}

/// A mail that is being sent.
#[must_use]
pub struct Sending(oneshot::Receiver<FirstAttempt>);

impl Sending {
    /// What came of the first attempt, if that is known within a few seconds.
    pub async fn first_attempt(self) -> FirstAttempt {
        match timeout(PATIENCE, self.0).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => FirstAttempt::Failed(SendError::Stopping),
            Err(_) => FirstAttempt::OnItsWay,
        }
    }

    /// Lets it be sent beside; what goes wrong is in the log.
    pub fn beside(mut self) {
        if let Ok(FirstAttempt::Failed(error)) = self.0.try_recv() {
            log(error);
        }
    }
}

impl Mailer {
    /// And the task that has to run for it.
    pub fn new(smtp: Smtp, sender: Sender) -> (Self, Outbox) {
        let (queue, received) = mpsc::channel(MOST);
        (Self { sender, queue, room: Arc::new(Semaphore::new(MOST)) }, Outbox { smtp, queue: received })
    }

    /// Begins to send a mail. `unsent` is done when it is given up, before anybody hears of that; not when latchkey stops
    /// while the mail waits.
    pub async fn send(&self, mail: &Confirmation, unsent: BoxFuture<'static, ()>) -> Sending {
        let (first, outcome) = oneshot::channel();
        let queued = message(mail, &self.sender).and_then(|mail| {
            let room = self.room.clone().try_acquire_owned().map_err(|_| SendError::TooMany)?;
            Ok((mail, room))
        });
        match queued {
            // Where there is room for the mail, there is room in the queue.
            Ok((mail, room)) => match self.queue.try_send(Queued { mail, first, unsent, _room: room }) {
                Ok(()) => {}
                Err(TrySendError::Full(queued) | TrySendError::Closed(queued)) => {
                    give_up(Some(queued.first), queued.unsent, SendError::Stopping).await;
                }
            },
            Err(error) => give_up(Some(first), unsent, error).await,
        }
        Sending(outcome)
    }
}

impl Outbox {
    /// Sends until it is stopped; what is not sent by then is forgotten.
    pub async fn run(mut self, until: CancellationToken) {
        let (smtp, connections) = (Arc::new(self.smtp), Arc::new(Semaphore::new(CONNECTIONS)));
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                () = until.cancelled() => break,
                Some(queued) = self.queue.recv() => {
                    under_way.spawn(deliver(smtp.clone(), connections.clone(), queued));
                }
                Some(ended) = under_way.join_next() => {
                    if let Err(panic) = ended {
                        tracing::error!(error = &panic as &dyn Error, "a mail ended in a panic");
                    }
                }
            }
        }
        let forgotten = under_way.len() + self.queue.len();
        if forgotten > 0 {
            tracing::warn!(mails = forgotten, "mails that were not sent yet are forgotten; people can ask for others");
        }
        under_way.shutdown().await;
    }
}

/// Tries until the mail is sent, is refused, or its time is over.
async fn deliver(smtp: Arc<Smtp>, connections: Arc<Semaphore>, queued: Queued) {
    let Queued { mail, first, unsent, _room } = queued;
    let mut first = Some(first);
    let (begun, mut pauses) = (Instant::now(), pauses());
    loop {
        let attempt = {
            // Never closed.
            let _connection = connections.acquire().await;
            send(&smtp, &mail).await
        };
        let Err(error) = attempt else {
            count("sent");
            tell(first, FirstAttempt::Sent);
            return;
        };
        let Some(pause) = pause(error, &mut pauses, begun.elapsed()) else {
            return give_up(first, unsent, error).await;
        };
        if first.is_some() {
            tracing::warn!(error = &error as &dyn Error, "a mail could not be sent yet; trying again");
        }
        tell(first.take(), FirstAttempt::OnItsWay);
        sleep(pause).await;
    }
}

fn pauses() -> ExponentialBackoff {
    let builder = ExponentialBuilder::new().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE);
    builder.with_factor(2.0).with_jitter().without_max_times().build()
}

/// How long to wait with a mail that could not be sent until now; None: it is not tried again.
fn pause(error: SendError, pauses: &mut ExponentialBackoff, tried_for: Duration) -> Option<Duration> {
    let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
    (error.is_temporary() && tried_for + pause <= KEEPS_TRYING).then_some(pause)
}

/// Whether anybody heard of the first attempt.
fn tell(first: Option<oneshot::Sender<FirstAttempt>>, outcome: FirstAttempt) -> bool {
    first.is_some_and(|first| first.send(outcome).is_ok())
}

/// Tells who waits for the mail, or else the log.
async fn give_up(first: Option<oneshot::Sender<FirstAttempt>>, unsent: BoxFuture<'static, ()>, error: SendError) {
    unsent.await;
    count(match error {
        SendError::TooMany | SendError::Stopping => "dropped",
        _ if error.is_temporary() => "gave_up",
        _ => "refused",
    });
    if !tell(first, FirstAttempt::Failed(error)) {
        log(error);
    }
}

fn log(error: SendError) {
    tracing::warn!(error = &error as &dyn Error, "a mail could not be sent");
}

fn count(outcome: &'static str) {
    metrics::counter!("latchkey_mails_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;

    use super::*;
    use crate::mail::attempt::Step;

    const NOT_NOW: SendError = SendError::Answered { step: Step::Mail, code: 451 };
    const NEVER: SendError = SendError::Answered { step: Step::Mail, code: 550 };

    #[test]
    fn what_may_succeed_later_is_tried_again_less_and_less_for_ten_minutes() {
        let (mut pauses, mut tried_for, mut times) = (pauses(), Duration::ZERO, 0);
        while let Some(pause) = pause(NOT_NOW, &mut pauses, tried_for) {
            assert!(pause >= FIRST_PAUSE && pause <= 2 * LONGEST_PAUSE, "{pause:?}");
            tried_for += pause;
            times += 1;
        }
        assert!(tried_for <= KEEPS_TRYING && tried_for + 2 * LONGEST_PAUSE > KEEPS_TRYING, "{tried_for:?}");
        assert!((4..20).contains(&times), "{times}");
    }

    #[test]
    fn what_only_a_person_can_mend_is_not_tried_again() {
        for error in [NEVER, SendError::Untrusted, SendError::NoStartTls, SendError::NoLogin, SendError::Address] {
            assert_eq!(pause(error, &mut pauses(), Duration::ZERO), None, "{error}");
        }
        for error in [NOT_NOW, SendError::Unreachable, SendError::TimedOut, SendError::BrokenOff] {
            assert!(pause(error, &mut pauses(), Duration::ZERO).is_some(), "{error}");
        }
    }

    fn confirmation() -> Confirmation {
        Confirmation {
            address: "jo@example.com".to_owned(),
            link: "https://sso.example/o/acme/verify-email?token=AAAA".to_owned(),
            works_until: jiff::Timestamp::UNIX_EPOCH,
            organization: "Acme".to_owned(),
            user_name: "jo".to_owned(),
            provider: "Contoso".to_owned(),
            language: "en",
            time_zone: None,
        }
    }

    #[tokio::test]
    async fn no_more_mails_wait_than_there_is_room_for() {
        let smtp = Smtp::parse(&"smtp://127.0.0.1:9?tls=none".into(), true).expect("a URL");
        let (mailer, outbox) = Mailer::new(smtp, Sender::parse("no-reply@sso.example").expect("a sender"));
        let unsent = Arc::new(AtomicUsize::new(0));
        let send = async || {
            let unsent = unsent.clone();
            mailer.send(&confirmation(), async move { _ = unsent.fetch_add(1, Ordering::SeqCst) }.boxed()).await
        };
        let mut waiting = Vec::new();
        for _ in 0..MOST {
            waiting.push(send().await);
        }
        assert_eq!(unsent.load(Ordering::SeqCst), 0);
        let one_more = send().await.first_attempt().await;
        assert_eq!(one_more, FirstAttempt::Failed(SendError::TooMany));
        assert_eq!(unsent.load(Ordering::SeqCst), 1);
        // Whoever waits when it stops hears of that at once.
        let stopped = CancellationToken::new();
        stopped.cancel();
        outbox.run(stopped).await;
        for sending in waiting {
            assert_eq!(sending.first_attempt().await, FirstAttempt::Failed(SendError::Stopping));
        }
        assert_eq!(send().await.first_attempt().await, FirstAttempt::Failed(SendError::Stopping));
        assert_eq!(unsent.load(Ordering::SeqCst), 2);
    }
}
