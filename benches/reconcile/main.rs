//! What it costs until many providers with a mapper each are Ready: time, writes, CPU and memory of Latchkey on a real
//! API server, beside a bare loop that writes as much. `cargo bench --bench reconcile -- 10000`: so many of each.

mod bare;
mod objects;
#[allow(dead_code, unused_imports, reason = "a benchmark uses its part")]
#[path = "../../tests/system/support/mod.rs"]
mod support;
mod usage;
mod witness;

use std::{
    error::Error,
    fs::File,
    process::Stdio,
    time::{Duration, Instant},
};

use support::{
    DEADLINE,
    cluster::{Cluster, Namespace},
    latchkey::{LOCAL, command, free_port},
    provider::Provider,
    wait_within,
};
use tempfile::TempDir;
use tokio::process::Child;

use self::{
    bare::Statuses,
    objects::Apis,
    usage::Usage,
    witness::{Witness, Writes},
};

/// Without another number on the command line: so many providers, and as many mappers.
const DEFAULT_COUNT: usize = 1000;
/// So many rounds by turns; only one where it takes minutes.
const ROUNDS: usize = 3;
/// Latchkey may take so many times what the bare loop takes.
const GOAL_TIMES: f64 = 1.3;
/// Memory for each object, in KiB.
const GOAL_MEMORY: f64 = 12.0;

/// What one round has taken.
struct Sample {
    /// From the first creation to the last Ready.
    took: Duration,
    /// CPU time of the API server and etcd, in seconds.
    api_server: f64,
    /// CPU time of the benchmark, in seconds: it creates, watches and, for the bare loop, patches.
    benchmark: f64,
    /// CPU time of Latchkey, in seconds.
    latchkey: f64,
    /// By which Latchkey has grown, in KiB.
    memory: f64,
    writes: Writes,
    /// Kubernetes Events that were written.
    events: usize,
}

impl Sample {
    /// CPU time of all together, in seconds.
    fn cpu(&self) -> f64 {
        self.api_server + self.benchmark + self.latchkey
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(DEFAULT_COUNT);
    let rounds = if count > DEFAULT_COUNT { 1 } else { ROUNDS };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut latchkey, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (sample, statuses) = with_latchkey(count).await?;
            latchkey.push(sample);
            bare.push(without(count, &statuses).await?);
        }
        print(count, &latchkey, &bare);
        Ok(())
    })
}

/// A fresh API server with what all objects need.
struct Field {
    // Ends with it.
    _cluster: Cluster,
    /// What the processes of the API server descend from; none where it is not of our own.
    api_server: Option<u32>,
    namespace: Namespace,
    apis: Apis,
    witness: Witness,
    provider: Provider,
}

impl Field {
    async fn new() -> Result<Self, Box<dyn Error>> {
        let earlier = usage::children(std::process::id())?;
        let cluster = Cluster::start().await?;
        let api_server = usage::children(std::process::id())?.into_iter().find(|child| !earlier.contains(child));
        let namespace = cluster.namespace().await;
        objects::create_surroundings(namespace.client.clone()).await?;
        let (apis, witness) = (Apis::new(namespace.client.clone()), Witness::new(&namespace.client));
        Ok(Self { _cluster: cluster, api_server, namespace, apis, witness, provider: Provider::start().await })
    }

    /// Both kinds of objects become Ready by what `work` does, and the process `latchkey` if there is one.
    async fn measure(
        &self,
        count: usize,
        latchkey: Option<u32>,
        work: impl Future<Output = Result<(), Box<dyn Error>>>,
    ) -> Result<Sample, Box<dyn Error>> {
        let usage = || {
            let of = |pid: Option<u32>| pid.map_or(Ok(Usage::default()), Usage::of_all);
            Ok::<_, Box<dyn Error>>([of(self.api_server)?, Usage::of(std::process::id())?, of(latchkey)?])
        };
        let (before, began) = (usage()?, Instant::now());
        let (_, last_ready) = tokio::try_join!(work, self.witness.all_ready(2 * count))?;
        let after = usage()?;
        self.witness.quiet().await;
        let at_rest = usage()?;
        let [api_server, benchmark, latchkey] = std::array::from_fn(|index| after[index].cpu - before[index].cpu);
        Ok(Sample {
            took: last_ready - began,
            api_server,
            benchmark,
            latchkey,
            memory: at_rest[2].memory - before[2].memory,
            writes: self.witness.writes(),
            events: self.events().await?,
        })
    }

    async fn events(&self) -> Result<usize, Box<dyn Error>> {
        let events =
            kube::Api::<k8s_openapi::api::events::v1::Event>::default_namespaced(self.namespace.client.clone());
        Ok(events.list_metadata(&Default::default()).await?.items.len())
    }
}

async fn with_latchkey(count: usize) -> Result<(Sample, Statuses), Box<dyn Error>> {
    let field = Field::new().await?;
    let latchkey = Latchkey::start(&field.namespace).await?;
    let pid = latchkey.process.id().ok_or("latchkey has ended")?;
    let sample = field.measure(count, Some(pid), field.apis.create(count, &field.provider.issuer, |_| {})).await?;
    let statuses = Statuses::read(&field.apis).await?;
    Ok((sample, statuses))
}

async fn without(count: usize, statuses: &Statuses) -> Result<Sample, Box<dyn Error>> {
    let field = Field::new().await?;
    let work = bare::create_and_patch(&field.apis, count, &field.provider.issuer, statuses);
    field.measure(count, None, work).await
}

/// Latchkey, which reads one namespace of the API server.
struct Latchkey {
    process: Child,
    _dir: TempDir,
}

impl Latchkey {
    async fn start(namespace: &Namespace) -> Result<Self, Box<dyn Error>> {
        let dir = tempfile::tempdir()?;
        let kubeconfig = dir.path().join("kubeconfig");
        namespace.access.write(&kubeconfig);
        let (listen, management) = (free_port(), free_port());
        let process = command()
            .env("KUBECONFIG", &kubeconfig)
            .args(["serve", "--watch-namespace", &namespace.name])
            .args(["--external-url", &format!("http://127.0.0.1:{listen}")])
            .args(["--listen", &format!("127.0.0.1:{listen}")])
            .args(["--management-listen", &format!("127.0.0.1:{management}")])
            .args(["--database-url", &format!("sqlite:{}", dir.path().join("latchkey.db").display())])
            .args(LOCAL)
            .stdout(Stdio::null())
            .stderr(File::create(dir.path().join("log"))?)
            .spawn()?;
        let ready = format!("http://127.0.0.1:{management}/readyz");
        wait_within(DEADLINE, "latchkey is ready", async || {
            reqwest::get(&ready).await.is_ok_and(|answer| answer.status() == 200).then_some(())
        })
        .await;
        Ok(Self { process, _dir: dir })
    }
}

fn print(count: usize, latchkey: &[Sample], bare: &[Sample]) {
    let objects = (2 * count) as f64;
    println!("\n{count} providers with a mapper each, until the last is Ready; medians of {} rounds\n", latchkey.len());
    println!("{:<44}{:>12}{:>12}", "", "latchkey", "bare loop");
    let line = |what: &str, digits: usize, value: &dyn Fn(&Sample) -> f64| {
        let of = |samples: &[Sample]| median(samples.iter().map(value));
        println!("{what:<44}{:>12.digits$}{:>12.digits$}", of(latchkey), of(bare));
    };
    line("seconds", 1, &|sample| sample.took.as_secs_f64());
    line("objects a second", 0, &|sample| objects / sample.took.as_secs_f64());
    line("CPU of the API server and etcd, ms an object", 2, &|sample| sample.api_server * 1e3 / objects);
    line("CPU of latchkey, ms an object", 2, &|sample| sample.latchkey * 1e3 / objects);
    line("CPU of the benchmark itself, ms an object", 2, &|sample| sample.benchmark * 1e3 / objects);
    line("writes of a status, an object", 3, &|sample| sample.writes.mean);
    line("writes of a status, the most of an object", 0, &|sample| sample.writes.most as f64);
    line("writes of the organization's status", 0, &|sample| sample.writes.organization as f64);
    line("Kubernetes Events, an object", 3, &|sample| sample.events as f64 / objects);
    line("CPU of all of them, ms an object", 2, &|sample| sample.cpu() * 1e3 / objects);
    let memory = median(latchkey.iter().map(|sample| sample.memory / objects));
    println!("{:<44}{memory:>12.1}", "memory of latchkey, KiB an object");
    let times = |value: fn(&Sample) -> f64| {
        median(latchkey.iter().zip(bare).map(|(latchkey, bare)| value(latchkey) / value(bare)))
    };
    println!("{:<44}{:>12.2}", "times the bare loop, in time", times(|sample| sample.took.as_secs_f64()));
    println!("{:<44}{:>12.2}", "times the bare loop, in CPU", times(Sample::cpu));
    println!(
        "\nThe goals are {GOAL_TIMES} times the bare loop, one write of a status and {GOAL_MEMORY} KiB an object."
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
