//! The loop that sends.

use std::sync::Arc;
use std::time::Duration;

use super::line;
use super::point::Point;
use super::queue::Queue;
use super::server::{InfluxError, Server};
use super::settings::InfluxSettings;

/// First pause after a failure; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What an operator may want to know of the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SenderNote {
    /// Something was made, or is not as it would have been made.
    Prepared(String),
    /// Points cannot be written; they wait, and what does not fit is counted. Said once until it is over.
    Failing(String),
    /// Points are written again; so many did not fit meanwhile.
    Recovered {
        /// Points that did not fit since the process began.
        dropped: u64,
    },
    /// Points were refused for good.
    Refused {
        /// How many.
        points: u64,
        /// What the server says.
        reason: String,
    },
    /// Scores come fast: from now on one point a second, model and task; or slowly again.
    Aggregates(bool),
}

/// Sends what lies in a queue until it is closed. Runs on a thread that its owner starts.
pub struct Sender {
    queue: Arc<Queue>,
    settings: InfluxSettings,
    server: Server,
    prepared: bool,
    /// What was said last of how it was prepared: not once more for each try.
    said: Vec<String>,
    failing: bool,
    pause: Duration,
}

impl Sender {
    /// A sender of this queue.
    ///
    /// # Errors
    /// [`InfluxError::Address`].
    pub fn new(queue: Arc<Queue>, settings: InfluxSettings) -> Result<Self, InfluxError> {
        let server = Server::new(&settings)?;
        Ok(Self {
            queue,
            settings,
            server,
            prepared: false,
            said: Vec::new(),
            failing: false,
            pause: FIRST_PAUSE,
        })
    }

    /// Sends until the queue is closed and empty, or closed and the server does not take what is left.
    pub fn run(mut self, mut tell: impl FnMut(SenderNote)) {
        let mut batch: Vec<Point> = Vec::new();
        let mut lines = String::new();
        loop {
            if let Some(aggregates) = self.queue.take_mode() {
                tell(SenderNote::Aggregates(aggregates));
            }
            if batch.is_empty() {
                self.queue.take(self.settings.batch, self.settings.linger, &mut batch);
                lines.clear();
                for point in &batch {
                    line::write(point, &self.settings.engine, self.settings.details, &mut lines);
                }
            }
            if batch.is_empty() && self.queue.is_closed() {
                return;
            }
            // Also without points: the database is made at start.
            match self.step(&lines, &mut tell) {
                Ok(()) => {
                    self.queue.settle(|counts, points| counts.written += points);
                    batch.clear();
                }
                Err(InfluxError::Refused { answer, .. }) if !batch.is_empty() => {
                    let points = batch.len() as u64;
                    self.queue.settle(|counts, points| counts.refused += points);
                    tell(SenderNote::Refused { points, reason: answer });
                    batch.clear();
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.failing, true) {
                        tell(SenderNote::Failing(error.to_string()));
                    }
                    // Someone may have removed the database, or another server answers by now.
                    self.prepared = false;
                    if self.queue.is_closed() {
                        self.queue.give_up();
                        return;
                    }
                    self.queue.pause(self.pause);
                    self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn step(&mut self, lines: &str, tell: &mut impl FnMut(SenderNote)) -> Result<(), InfluxError> {
        if !self.prepared {
            let notes = self.server.prepare()?;
            if notes != self.said {
                notes.iter().for_each(|note| tell(SenderNote::Prepared(note.clone())));
                self.said = notes;
            }
            self.prepared = true;
        }
        if !lines.is_empty() {
            self.server.write(lines)?;
        }
        self.pause = FIRST_PAUSE;
        if std::mem::take(&mut self.failing) {
            tell(SenderNote::Recovered { dropped: self.queue.counts().dropped });
        }
        Ok(())
    }
}
