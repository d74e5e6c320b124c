//! The composition root: makes the parts, joins their tasks, and ends the process when one of them ends.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
    time::interval,
};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::serve::Config,
    controller::{
        self, Context, FetchQueue, Fetches, FollowUp, FollowUps, Publisher, Settings, StatusError, StatusSink,
    },
    domain::table::Published,
    oidc::{EgressPolicy, Outbound, Remote},
    server::{self, Management, Sealer, Server},
    source::{
        Changes, Feed, Object, StatusDir, Stores,
        directory::{Directory, Generations},
    },
    store::{self, Store},
};

/// Requests under way may take so long after a stop was asked for.
const GRACE: Duration = Duration::from_secs(20);
/// What has expired is removed so often.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// Everything that was made before the first task runs.
struct Parts {
    table: Arc<Published>,
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    server: Arc<Server>,
    context: Arc<Context>,
    changes: Changes,
    fetch_queue: FetchQueue,
    follow_ups: mpsc::UnboundedReceiver<FollowUp>,
    directory: Directory,
}

/// Serves until the process is asked to stop, or until a part ends.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    let metrics = PrometheusBuilder::new().install_recorder().context("the metrics cannot be collected")?;
    let public = bind(config.listen, "--listen").await?;
    let private = bind(config.management_listen, "--management-listen").await?;
    let parts = make(&config).await?;
    let management =
        Management { table: parts.table.clone(), store: parts.store.clone(), metrics, stopping: shutdown.clone() };
    tracing::info!(
        listen = %config.listen, management = %config.management_listen, external_url = %config.external_url,
        "latchkey is starting"
    );
    let mut tasks = JoinSet::new();
    tasks.spawn(stop_when_asked(shutdown.clone()));
    tasks.spawn(listen(public, server::router(parts.server.clone()), shutdown.clone()));
    spawn_parts(&mut tasks, parts, &shutdown);
    // The management port answers until the last request has been answered elsewhere.
    let drained = CancellationToken::new();
    let parts = async {
        let outcome = join(tasks, shutdown.clone()).await;
        drained.cancel();
        outcome
    };
    let management = async {
        let (part, outcome) = listen(private, server::management_router(management), drained.clone()).await;
        shutdown.cancel();
        outcome.context(part)
    };
    let (parts, management) = tokio::join!(parts, management);
    parts.and(management)
}

async fn make(config: &Config) -> anyhow::Result<Parts> {
    let store = store::open(&config.database_url, config.encryption_key_file.as_deref()).await?;
    let policy = EgressPolicy { allow: config.egress_allow.clone(), allow_http: config.allow_http };
    let remote = Arc::new(Remote::new(Outbound::new(policy)?));
    let table = Arc::new(Published::default());
    let sealer = Arc::new(Sealer::load(&*store, Timestamp::now()).await?);
    let server = Arc::new(Server::new(
        table.clone(),
        store.clone(),
        sealer.clone(),
        remote.clone(),
        config.trusted_proxies.clone(),
    ));
    let (feed, stores, changes) = Feed::new();
    let status = config.status_dir.as_deref().map(|dir| StatusDir::open(dir, &config.manifests)).transpose()?;
    let statuses = Arc::new(DirectoryStatuses { feed: feed.clone(), dir: status.clone() });
    let (context, fetch_queue, follow_ups) = context(config, stores, statuses, remote, table.clone());
    let generations = Arc::new(StoredGenerations(store.clone()));
    let directory = Directory::open(&config.manifests, status, generations, feed).await?;
    Ok(Parts { table, store, sealer, server, context, changes, fetch_queue, follow_ups, directory })
}

fn context(
    config: &Config,
    stores: Stores,
    statuses: Arc<dyn StatusSink>,
    remote: Arc<Remote>,
    table: Arc<Published>,
) -> (Arc<Context>, FetchQueue, mpsc::UnboundedReceiver<FollowUp>) {
    let (publisher, follow_ups) = Publisher::new(table);
    let (fetches, fetch_queue) = Fetches::new(remote);
    let settings = Arc::new(Settings {
        external_url: config.external_url.clone(),
        allowed_external_urls: config.allowed_external_url.clone(),
        allow_http: config.allow_http,
    });
    (Arc::new(Context { stores, settings, publisher, fetches, statuses }), fetch_queue, follow_ups)
}

type Ended = (&'static str, anyhow::Result<()>);

fn spawn_parts(tasks: &mut JoinSet<Ended>, parts: Parts, shutdown: &CancellationToken) {
    let Parts { table, store, sealer, server, context, changes, fetch_queue, follow_ups, directory } = parts;
    let stop = || shutdown.clone();
    let sessions = server.sessions().clone();
    let (stopped, follow) = (stop(), FollowUps::new(store.clone(), table.clone()));
    tasks.spawn(async move {
        ("the follow-ups", {
            follow.run(follow_ups, stopped).await;
            Ok(())
        })
    });
    let stopped = stop();
    tasks.spawn(async move {
        ("the sessions", {
            sessions.run(stopped).await;
            Ok(())
        })
    });
    let stopped = stop();
    tasks.spawn(async move {
        ("the reconcilers", {
            controller::run(context, changes, fetch_queue, stopped).await;
            Ok(())
        })
    });
    let stopped = stop();
    tasks.spawn(async move { ("the directory", directory.run(stopped).await.map_err(Into::into)) });
    let stopped = stop();
    tasks.spawn(async move {
        ("the housekeeping", {
            keep_house(table, store, sealer, server, stopped).await;
            Ok(())
        })
    });
}

/// Waits for all tasks. The first that ends before `shutdown` ends the others, and the process with an error.
async fn join(mut tasks: JoinSet<Ended>, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let early = !shutdown.is_cancelled();
        shutdown.cancel();
        let (part, result) = ended.context("a part of latchkey panicked")?;
        let result = result.with_context(|| format!("{part} failed"));
        if early || result.is_err() {
            outcome = outcome.and(result.and_then(|()| anyhow::bail!("{part} ended unexpectedly")));
        }
    }
    outcome
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{flag} {address} cannot be listened on: choose another address"))
}

async fn listen(listener: TcpListener, router: Router, shutdown: CancellationToken) -> Ended {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let result = tokio::select! {
        result = serving => result.map_err(Into::into),
        () = async { shutdown.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
    };
    ("the server", result)
}

/// Cancels `shutdown` when the process is asked to stop.
async fn stop_when_asked(shutdown: CancellationToken) -> Ended {
    let asked = async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    };
    let result = tokio::select! {
        result = asked => result,
        () = shutdown.cancelled() => Ok(()),
    };
    shutdown.cancel();
    ("the signals", result.map_err(Into::into))
}

/// Removes what has expired, and rotates the keys.
async fn keep_house(
    table: Arc<Published>,
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    server: Arc<Server>,
    shutdown: CancellationToken,
) {
    let mut turns = interval(HOUSEKEEPING);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = turns.tick() => {}
        }
        server.sweep();
        if let Err(error) = sweep(&table, &*store, &sealer).await {
            tracing::warn!(error = &error as &dyn Error, "what has expired could not be removed; trying again");
        }
    }
}

async fn sweep(table: &Published, store: &dyn Store, sealer: &Sealer) -> Result<(), store::StoreError> {
    let now = Timestamp::now();
    sealer.rotate(store, now).await?;
    store.remove_expired_attempts(now).await?;
    for organization in table.load().organizations() {
        let before = |span| now.checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH);
        let limits = organization.session;
        store.remove_expired_sessions(&organization.key, before(limits.idle_timeout), before(limits.lifetime)).await?;
    }
    Ok(())
}

/// Statuses of a directory's objects: kept with the objects and, if wanted, written to files.
struct DirectoryStatuses {
    feed: Feed,
    dir: Option<StatusDir>,
}

#[async_trait]
impl StatusSink for DirectoryStatuses {
    async fn write(&self, object: Object) -> Result<(), StatusError> {
        if let Some(dir) = self.dir.clone() {
            let written = object.clone();
            let result = tokio::task::spawn_blocking(move || dir.write(&written)).await;
            result.map_err(|error| StatusError(error.into()))?.map_err(|error| StatusError(error.into()))?;
        }
        self.feed.set_status(&object);
        Ok(())
    }
}

/// Generations, as the store counts them.
struct StoredGenerations(Arc<dyn Store>);

#[async_trait]
impl Generations for StoredGenerations {
    async fn generation(&self, uid: &str, spec_hash: &[u8; 32]) -> Result<i64, Box<dyn Error + Send + Sync>> {
        Ok(self.0.generation(uid, spec_hash).await?)
    }
}
