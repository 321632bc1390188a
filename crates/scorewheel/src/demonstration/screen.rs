//! A line a second: redrawn on a terminal, one after the other elsewhere.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use scorewheel_http::Snapshot;

use super::results::Seen;

/// Shows the state of an instance to people.
pub struct Screen {
    terminal: bool,
    start: Instant,
    last: Instant,
    last_count: u64,
    rate: f64,
    revisions: BTreeSet<i64>,
    refused: BTreeSet<i64>,
    /// Whoever looked has gone away, such as `head`.
    gone: Cell<bool>,
}

impl Default for Screen {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            terminal: io::stdout().is_terminal(),
            start: now,
            last: now,
            last_count: 0,
            rate: 0.0,
            revisions: BTreeSet::new(),
            refused: BTreeSet::new(),
            gone: Cell::new(false),
        }
    }
}

impl Screen {
    /// A line that stays.
    ///
    /// # Errors
    /// Those of standard output, but that its reader has gone away.
    pub fn say(&self, line: &str) -> io::Result<()> {
        let clear = if self.terminal { "\r\x1b[2K" } else { "" };
        self.write(&format!("{clear}{line}\n"))
    }

    /// True once nobody looks any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone.set(true);
                Ok(())
            }
            written => written,
        }
    }

    /// Says what has been refused since the last time.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn say_refusals(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        for rejection in snapshot.rejections.iter().rev() {
            if self.refused.insert(rejection.control_offset) {
                let name = rejection.name.as_deref().unwrap_or("unnamed");
                let version = rejection.version.as_deref().unwrap_or("-");
                self.say(&format!(
                    "      refused: model {name} {version}: {}; the one in force goes on",
                    rejection.reason
                ))?;
            }
        }
        Ok(())
    }

    /// Shows the state now.
    ///
    /// # Errors
    /// Those of standard output.
    pub fn show(&mut self, snapshot: &Snapshot, seen: &Seen) -> io::Result<()> {
        self.revisions.extend(snapshot.cutovers.iter().map(|cutover| cutover.revision.control_offset));
        self.say_refusals(snapshot)?;
        let line = self.line(snapshot, seen);
        if self.terminal { self.write(&format!("\r\x1b[2K{line}")) } else { self.say(&line) }
    }

    /// How often a model has taken over from another.
    #[must_use]
    pub fn swaps(&self) -> usize {
        self.revisions.iter().filter(|control| **control >= 0).count().saturating_sub(1)
    }

    fn line(&mut self, snapshot: &Snapshot, seen: &Seen) -> String {
        let now = Instant::now();
        let count = seen.count.load(Ordering::Relaxed);
        let seconds = now.duration_since(self.last).as_secs_f64();
        // A line that follows upon another too soon would show chance.
        if seconds > 0.5 {
            self.rate = (count - self.last_count) as f64 / seconds;
            (self.last, self.last_count) = (now, count);
        }
        let rate = self.rate;
        let latencies = seen.latencies.take();
        let model = snapshot.routes.iter().find_map(|route| route.in_force.as_ref());
        let model = model.map_or_else(|| "none yet".to_owned(), |m| format!("{} {}", m.name, m.version));
        let sum = |of: fn(&scorewheel_http::Task) -> u64| snapshot.tasks.iter().map(of).sum::<u64>();
        format!(
            "{:>4}s  model {model:<10} {rate:>7.0} records/s  p50 {:>3} ms  p99 {:>3} ms  swaps {}  drops {}  dead \
             letters {}  refused {}  scores {}",
            self.start.elapsed().as_secs(),
            milliseconds(latencies.median),
            milliseconds(latencies.p99),
            self.swaps(),
            sum(|task| task.drops.total()),
            sum(|task| task.dead_letters),
            self.refused.len(),
            seen.scores()
        )
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.0}", duration.as_secs_f64() * 1000.0)
}
