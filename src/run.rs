//! The composition root: makes the parts, joins their tasks, and ends the process when one of them ends.

mod sources;

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use futures::FutureExt;
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
    controller::{self, Beginnings, Context, FetchQueue, Fetches, FollowUp, FollowUps, Publisher, Rests, Settings},
    domain::table::Published,
    mail::{Mailer, Outbox},
    oidc::{EgressPolicy, Outbound, Remote},
    server::{self, Management, Sealer, Server},
    source::{Changes, Feed},
    store::{self, Store},
};
use sources::{Source, Sourced};

/// Requests under way may take so long after a stop was asked for.
const GRACE: Duration = Duration::from_secs(20);
/// What has expired is removed so often.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// Everything that was made before the first task runs.
struct Parts {
    table: Arc<Published>,
    store: Arc<dyn Store>,
    server: Arc<Server>,
    context: Arc<Context>,
    changes: Changes,
    fetch_queue: FetchQueue,
    follow_ups: mpsc::UnboundedReceiver<FollowUp>,
    source: Source,
    beginnings: Beginnings,
    /// None: mails are not set up.
    outbox: Option<Outbox>,
}

/// Serves until the process is asked to stop, or until a part ends.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let metrics = PrometheusBuilder::new().install_recorder().context("the metrics cannot be collected")?;
    let public = bind(config.listen, "--listen").await?;
    let private = bind(config.management_listen, "--management-listen").await?;
    let mut parts = make(&config).await?;
    tracing::info!(
        listen = %config.listen, management = %config.management_listen, external_url = %config.external_url,
        "latchkey is starting"
    );
    let shutdown = CancellationToken::new();
    // The sessions, the mails and the probes go on until the last request has been answered.
    let drained = CancellationToken::new();
    let mut last = Tasks::new(shutdown.clone(), drained.clone());
    let (sessions, stop) = (parts.server.sessions().clone(), drained.clone());
    last.spawn("the sessions", async move { sessions.run(stop).map(Ok).await });
    if let Some(outbox) = parts.outbox.take() {
        last.spawn("the mails", outbox.run(drained.clone()).map(Ok));
    }
    let stopping = shutdown.clone();
    let management = Management { table: parts.table.clone(), store: parts.store.clone(), metrics, stopping };
    last.spawn("the management port", listen(private, server::management_router(management), drained.clone()));

    let mut first = Tasks::new(shutdown.clone(), shutdown.clone());
    first.spawn("the signals", stop_when_asked(shutdown.clone()));
    first.spawn("the login endpoints", listen(public, server::router(parts.server.clone()), shutdown.clone()));
    spawn_parts(&mut first, parts);
    let first = async {
        let outcome = first.join().await;
        drained.cancel();
        outcome
    };
    let (first, last) = tokio::join!(first, last.join());
    first.and(last)
}

/// Tasks that end together: all of them once `until` is cancelled, and the process when one of them ends before.
struct Tasks {
    running: JoinSet<(&'static str, anyhow::Result<()>)>,
    shutdown: CancellationToken,
    until: CancellationToken,
}

impl Tasks {
    fn new(shutdown: CancellationToken, until: CancellationToken) -> Self {
        Self { running: JoinSet::new(), shutdown, until }
    }

    fn spawn(&mut self, part: &'static str, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.running.spawn(async move { (part, task.await) });
    }

    /// Waits for all.
    ///
    /// # Errors
    /// The first failure, a panic, or that a part ended before its time.
    async fn join(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        while let Some(ended) = self.running.join_next().await {
            let early = !self.until.is_cancelled();
            self.shutdown.cancel();
            self.until.cancel();
            let result = match ended {
                Ok((part, Ok(()))) if early => Err(anyhow::anyhow!("{part} ended unexpectedly")),
                Ok((part, result)) => result.with_context(|| format!("{part} failed")),
                Err(panic) => Err(panic).context("a part of latchkey panicked"),
            };
            outcome = outcome.and(result);
        }
        outcome
    }
}

async fn make(config: &Config) -> anyhow::Result<Parts> {
    let store = store::open(&config.database_url, config.encryption_key_file.as_deref()).await?;
    let policy = EgressPolicy { allow: config.egress_allow.clone(), allow_http: config.allow_http };
    let remote = Arc::new(Remote::new(Outbound::new(policy)?));
    let table = Arc::new(Published::default());
    let https = config.external_url.scheme() == "https";
    let sealer = Arc::new(Sealer::load(&*store, Timestamp::now()).await?);
    let (mailer, outbox) = config.mail.clone().map(|mail| Mailer::new(mail.smtp, mail.sender)).unzip();
    let server = Arc::new(Server::new(
        table.clone(),
        store.clone(),
        sealer,
        remote.clone(),
        mailer,
        config.trusted_proxies.clone(),
        https,
    ));
    server.load_signing_keys(Timestamp::now()).await?;
    let (feed, stores, changes) = Feed::new();
    let sourced = sources::open(config, feed, stores.clone(), store.clone()).await?;
    let (publisher, follow_ups) = Publisher::new(table.clone());
    let (fetches, fetch_queue) = Fetches::new(remote);
    let settings = Arc::new(Settings {
        external_url: config.external_url.clone(),
        allowed_external_urls: config.allowed_external_url.clone(),
        allow_http: config.allow_http,
    });
    let Sourced { source, statuses, leadership, beginnings, rest } = sourced;
    let rests = Rests::new(rest);
    let context = Arc::new(Context { stores, settings, publisher, fetches, statuses, leadership, rests });
    Ok(Parts { table, store, server, context, changes, fetch_queue, follow_ups, source, beginnings, outbox })
}

fn spawn_parts(tasks: &mut Tasks, parts: Parts) {
    let Parts { table, store, server, context, changes, fetch_queue, follow_ups, source, beginnings, .. } = parts;
    let leadership = context.leadership.clone();
    let stop = || tasks.shutdown.clone();
    let others = hear_others(store.clone(), stop());
    let follow_up = FollowUps::new(store, table).run(follow_ups, stop());
    let reconcile = controller::run(context, changes, beginnings, fetch_queue, stop());
    let (until, keep_house) = (stop(), keep_house(server, stop()));
    tasks.spawn("the announcements", others.map(Ok));
    tasks.spawn("the follow-ups", follow_up.map(Ok));
    tasks.spawn("the reconcilers", reconcile.map(Ok));
    tasks.spawn("the housekeeping", keep_house.map(Ok));
    match source {
        Source::Directory(directory) => {
            tasks.spawn("the directory", async move { Ok(directory.run(until).await?) });
        }
        Source::Cluster(cluster, candidate, herald) => {
            tasks.spawn("the watches", cluster.run(until.clone()).map(Ok));
            tasks.spawn("the Events", herald.run(move || leadership.deadline(), until.clone()).map(Ok));
            tasks.spawn("the Lease", candidate.run(until).map(Ok));
        }
    }
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{flag} {address} cannot be listened on: choose another address"))
}

async fn listen(listener: TcpListener, router: Router, until: CancellationToken) -> anyhow::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(until.clone().cancelled_owned());
    tokio::select! {
        result = serving => Ok(result?),
        () = async { until.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
}

/// Cancels `shutdown` when the process is asked to stop.
async fn stop_when_asked(shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let asked = tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
        () = shutdown.cancelled() => Ok(()),
    };
    shutdown.cancel();
    Ok(asked?)
}

/// Hears of what is written beside this process.
async fn hear_others(store: Arc<dyn Store>, shutdown: CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = store.hear_others() => {}
    }
}

/// Removes what has expired, and rotates the keys.
async fn keep_house(server: Arc<Server>, shutdown: CancellationToken) {
    let mut turns = interval(HOUSEKEEPING);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = turns.tick() => {}
        }
        if let Err(error) = server.keep_house(Timestamp::now()).await {
            tracing::warn!(error = &error as &dyn Error, "what has expired could not be removed; trying again");
        }
    }
}
