//! What processes have cost so far, from /proc.

use std::{error::Error, fs, path::Path};

/// The unit of /proc/PID/stat, which Linux fixes for programs whatever the kernel uses itself.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process has cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// CPU time since it began, in seconds.
    pub cpu: f64,
    /// Resident memory in KiB, without what is mapped from files.
    pub memory: f64,
}

impl Usage {
    /// Of one process.
    pub fn of(pid: u32) -> Result<Self, Box<dyn Error>> {
        let (_, cpu) = parent_and_cpu(&fs::read_to_string(format!("/proc/{pid}/stat"))?)?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
        Ok(Self { cpu, memory: anonymous.trim().trim_end_matches(" kB").parse()? })
    }

    /// Of a process and all that it has started and that still run.
    pub fn of_all(pid: u32) -> Result<Self, Box<dyn Error>> {
        let mut all = Self::of(pid)?;
        for child in children(pid)? {
            let Self { cpu, memory } = Self::of_all(child)?;
            all = Self { cpu: all.cpu + cpu, memory: all.memory + memory };
        }
        Ok(all)
    }
}

/// The processes that a process has started and that have not been waited for.
pub fn children(pid: u32) -> Result<Vec<u32>, Box<dyn Error>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        // One that has ended meanwhile is not there.
        if let (Some(number), Ok(stat)) = (number, fs::read_to_string(Path::new(&path).join("stat")))
            && parent_and_cpu(&stat)?.0 == pid
        {
            children.push(number);
        }
    }
    Ok(children)
}

/// The name, which stands in parentheses, may hold anything; ppid, utime and stime are fields 4, 14 and 15 (proc(5)).
fn parent_and_cpu(stat: &str) -> Result<(u32, f64), Box<dyn Error>> {
    let (_, after_name) = stat.rsplit_once(") ").ok_or("/proc/PID/stat has no name in it")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks = fields[14 - 3].parse::<f64>()? + fields[15 - 3].parse::<f64>()?;
    Ok((fields[4 - 3].parse()?, ticks / TICKS_PER_SECOND))
}
