//! Writes Events to the Kubernetes API, after the statuses that say the same and one at a time: no status waits for one.
//! Whether something is news is not decided here.

use std::{error::Error, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{Api, Client, api::PostParams};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::client::{ApiError, within};
use crate::{
    api::{GROUP, Turn, VERSION},
    source::feed::Object,
};

const CONTROLLER: &str = "latchkey.dev/latchkey";
const ACTION: &str = "Reconcile";

/// The API server has so much time to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The limits of the API server for the parts of an Event.
const MAX_NOTE: usize = 1024;
const MAX_INSTANCE: usize = 128;

/// Takes what is to be told.
#[derive(Clone)]
pub struct News(mpsc::UnboundedSender<Told>);

/// A turn that things have taken with an object.
struct Told {
    regarding: ObjectReference,
    turn: Turn,
    at: Timestamp,
}

/// Tells the news.
pub struct Herald {
    client: Client,
    /// This process, among others that may run.
    instance: String,
    queue: mpsc::UnboundedReceiver<Told>,
}

impl News {
    /// What it takes is told by the herald.
    pub fn new(client: Client, instance: String) -> (Self, Herald) {
        let (news, queue) = mpsc::unbounded_channel();
        (Self(news), Herald { client, instance, queue })
    }

    /// The turn is told about the object, which happened now.
    pub fn tell(&self, object: &Object, turn: Turn) {
        let meta = object.meta();
        let regarding = ObjectReference {
            api_version: Some(format!("{GROUP}/{VERSION}")),
            kind: Some(object.kind().to_owned()),
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            uid: meta.uid.clone(),
            resource_version: meta.resource_version.clone(),
            ..ObjectReference::default()
        };
        // Nobody tells any more only while the process is ending.
        let _ = self.0.send(Told { regarding, turn, at: Timestamp::now() });
    }
}

impl Herald {
    /// Tells what comes until shutdown. `deadline`: by when a write that begins now must have ended; without one
    /// nothing may be written, and whoever may tells of what it finds itself.
    pub async fn run(mut self, deadline: impl Fn() -> Option<Instant>, shutdown: CancellationToken) {
        loop {
            let told = tokio::select! {
                () = shutdown.cancelled() => return,
                told = self.queue.recv() => told,
            };
            let Some(told) = told else { return };
            let Some(deadline) = deadline() else { continue };
            // The status says the same, and stays.
            match timeout_at(deadline, self.write(&told)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let error: &dyn Error = &error;
                    tracing::warn!(error, object = told.regarding.name, "an Event was not written");
                }
                Err(_) => tracing::warn!(object = told.regarding.name, "an Event was not written in time"),
            }
        }
    }

    async fn write(&self, told: &Told) -> Result<(), ApiError> {
        let namespace = told.regarding.namespace.as_deref().unwrap_or_default();
        let api: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        let event = event(told, &self.instance);
        within(ANSWER, api.create(&PostParams::default(), &event)).await.map(|_| ())
    }
}

fn event(told: &Told, instance: &str) -> Event {
    let Told { regarding, turn, at } = told;
    Event {
        metadata: ObjectMeta {
            generate_name: regarding.name.as_ref().map(|name| format!("{name}-")),
            namespace: regarding.namespace.clone(),
            ..ObjectMeta::default()
        },
        action: Some(ACTION.to_owned()),
        event_time: Some(MicroTime(*at)),
        note: Some(within_bytes(&turn.message, MAX_NOTE)),
        reason: Some(turn.reason.as_str().to_owned()),
        regarding: Some(regarding.clone()),
        reporting_controller: Some(CONTROLLER.to_owned()),
        reporting_instance: Some(within_bytes(instance, MAX_INSTANCE)),
        type_: Some(if turn.warning { "Warning" } else { "Normal" }.to_owned()),
        ..Event::default()
    }
}

fn within_bytes(text: &str, limit: usize) -> String {
    text[..text.floor_char_boundary(limit)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Reason;

    #[test]
    fn an_event_keeps_within_what_the_api_server_takes() {
        let turn = Turn { warning: true, reason: Reason::IdConflict, message: "ä".repeat(2000) };
        let told = Told { regarding: ObjectReference::default(), turn, at: Timestamp::UNIX_EPOCH };
        let event = event(&told, &"a-very-long-name-of-a-host".repeat(10));
        assert_eq!(event.note.map(|note| note.len()), Some(1024));
        assert_eq!(event.reporting_instance.map(|instance| instance.len()), Some(128));
        assert_eq!((event.type_.as_deref(), event.reason.as_deref()), (Some("Warning"), Some("IDConflict")));
    }
}
