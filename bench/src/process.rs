//! A process that is measured from outside: its CPU time and memory.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A child process; killed when it is no longer needed.
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts a command; what it says goes to a file.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self, Box<dyn Error>> {
        let log = File::create(log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// User and system time of all its threads, in seconds.
    pub fn cpu_seconds(&self) -> Result<f64, Box<dyn Error>> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold anything; utime and stime are the 12th and 13th fields after it.
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
        let ticks: u64 =
            fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// A line of `/proc/…/status` that is an amount, in MiB: `VmRSS` now, `VmHWM` at most.
    pub fn memory(&self, line: &str) -> Result<f64, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kib = found.and_then(|text| text.trim().strip_suffix(" kB")).ok_or("no such line of status")?;
        Ok(kib.trim().parse::<f64>()? / 1024.0)
    }

    /// Asks it to leave, and waits until it has.
    pub fn leave(mut self) -> Result<(), Box<dyn Error>> {
        let id = i32::try_from(self.child.id())?;
        let id = rustix::process::Pid::from_raw(id).ok_or("no process")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        match self.child.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("{} has left with {status}", self.name).into()),
        }
    }

    /// An error if the process has ended.
    pub fn check(&mut self) -> Result<(), Box<dyn Error>> {
        match self.child.try_wait()? {
            Some(status) => Err(format!("{} has ended: {status}", self.name).into()),
            None => Ok(()),
        }
    }

    /// Waits until `done` is true.
    pub fn wait_until(
        &mut self,
        what: &str,
        patience: Duration,
        mut done: impl FnMut() -> bool,
    ) -> Result<(), Box<dyn Error>> {
        let deadline = Instant::now() + patience;
        while !done() {
            self.check()?;
            if Instant::now() > deadline {
                return Err(format!("{}: {what}: not within {patience:?}", self.name).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
