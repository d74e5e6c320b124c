//! The connection to the Kubernetes API, with a limit for everything that could wait.

use std::{error::Error, fmt, time::Duration};

use kube::{Client, Config};
use tokio::time::timeout;

/// The API server closes a watch after so many seconds; a watch that stays silent longer is dead.
pub const WATCH_SECONDS: u32 = 110;
/// Nothing may be silent for longer: a connection that leads nowhere is noticed within this time.
const SILENCE: Duration = Duration::from_secs(130);
const CONNECT: Duration = Duration::from_secs(5);
const SEND: Duration = Duration::from_secs(10);

/// There is no cluster to talk to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(
        "no cluster is configured: run latchkey within one, or set KUBECONFIG; without a cluster, name a directory, for `serve` by --manifests, for `get` by --status-dir"
    )]
    Unknown(#[source] Box<kube::config::InferConfigError>),
    #[error("the connection to the cluster cannot be made")]
    Unusable(#[source] Box<kube::Error>),
}

/// The cluster that the kubeconfig names, or that this process runs in. Nothing is asked of it yet.
///
/// # Errors
/// Neither of them is there, or its credentials cannot be used.
pub async fn connect() -> Result<Client, ConnectError> {
    let mut config = Config::infer().await.map_err(|error| ConnectError::Unknown(Box::new(error)))?;
    config.connect_timeout = Some(CONNECT);
    config.write_timeout = Some(SEND);
    config.read_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    // It would wait for as long as a Retry-After says.
    config.default_retry = false;
    Client::try_from(config).map_err(|error| ConnectError::Unusable(Box::new(error)))
}

/// A request to the API server that failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("the API server did not answer within {} s", .0.as_secs())]
    Timeout(Duration),
    #[error("{0}")]
    Refused(Refusal),
    #[error("the API server cannot be reached, or not be understood")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
}

/// What the API server said instead.
#[derive(Debug)]
pub struct Refusal {
    pub code: u16,
    message: String,
}

/// Nobody reads more of a message.
const MAX_MESSAGE: usize = 500;

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the API server answered {}: {}", self.code, self.message)
    }
}

impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused(Refusal {
                code: status.code,
                message: status.message[..status.message.floor_char_boundary(MAX_MESSAGE)].to_owned(),
            }),
            error => Self::Unreachable(error.into()),
        }
    }
}

impl ApiError {
    /// The code that the API server refused with.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            Self::Timeout(_) | Self::Unreachable(_) => None,
        }
    }
}

/// What a request answers within `limit`.
///
/// # Errors
/// It was refused, or nothing came.
pub async fn within<T>(limit: Duration, request: impl Future<Output = kube::Result<T>>) -> Result<T, ApiError> {
    match timeout(limit, request).await {
        Ok(result) => result.map_err(ApiError::from),
        Err(_) => Err(ApiError::Timeout(limit)),
    }
}
