//! Puts a server under load with wrk, and reads from /proc what its process has cost.

use std::{error::Error, fs, time::Duration};

use tokio::process::Command;

use crate::Contender;

pub const DESCRIPTION: &str = "wrk -t1 -c32";

/// The unit of /proc/PID/stat, which Linux fixes for programs whatever the kernel uses itself.
const TICKS_PER_SECOND: f64 = 100.0;

/// What one round has cost.
pub struct Sample {
    /// CPU time of the whole process for each request.
    pub cpu_micros: f64,
    /// As much of it as was not spent in the kernel.
    pub user_micros: f64,
    pub requests_per_second: f64,
}

/// CPU time of a process since it began, in seconds.
struct Spent {
    user: f64,
    kernel: f64,
}

/// # Errors
/// When wrk is not there; says how to get it.
pub async fn require_wrk() -> Result<(), Box<dyn Error>> {
    match Command::new("wrk").arg("--version").output().await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("wrk makes the load and cannot be run ({error}): install the package wrk").into()),
    }
}

/// One round. Every answer must be a 2xx.
pub async fn sample(contender: &Contender, duration: Duration) -> Result<Sample, Box<dyn Error>> {
    let before = Spent::by(contender.pid)?;
    let output = Command::new("wrk")
        .args(["-t1", "-c32", &format!("-d{}s", duration.as_secs())])
        .args(["-H", &format!("Cookie: {}", contender.cookie), &contender.url])
        .output()
        .await?;
    let after = Spent::by(contender.pid)?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err(format!("{} did not answer every request with a 2xx: {said}", contender.name).into());
    }
    let requests = requests(&said).ok_or_else(|| format!("wrk did not count its requests: {said}"))?;
    let (user, kernel) = (after.user - before.user, after.kernel - before.kernel);
    Ok(Sample {
        cpu_micros: (user + kernel) * 1e6 / requests,
        user_micros: user * 1e6 / requests,
        requests_per_second: requests / duration.as_secs_f64(),
    })
}

/// From wrk's line `  123456 requests in 5.10s, 20.1MB read`.
fn requests(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.contains(" requests in "))?;
    line.split_whitespace().next()?.parse().ok()
}

impl Spent {
    fn by(pid: u32) -> Result<Self, Box<dyn Error>> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, which stands in parentheses, may hold anything; utime and stime are fields 14 and 15 (proc(5)).
        let (_, after_name) = stat.rsplit_once(") ").ok_or("/proc/PID/stat has no name in it")?;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let seconds = |field: usize| Ok::<_, Box<dyn Error>>(fields[field - 3].parse::<f64>()? / TICKS_PER_SECOND);
        Ok(Self { user: seconds(14)?, kernel: seconds(15)? })
    }
}
