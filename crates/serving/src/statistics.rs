//! Invocations and durations of one model in one task.

use std::sync::Arc;

use serde::Serialize;

use crate::compact::{Reader, put_integer, put_signed, put_text};
use crate::reference::ModelReference;

const VERSION: u8 = 1;
const NANOSECONDS_A_MILLISECOND: u64 = 1_000_000;

/// How often a model scored, and how long it took: of one task, or merged over several.
///
/// Durations are a batch's scoring time divided by its rows. Only rows with a result count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelStatistics {
    /// Control offset of the model; −1 for all models that are too old to be kept one by one.
    pub control: i64,
    /// Its route.
    pub data_type: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: Arc<str>,
    /// When the task first scored with it, milliseconds since the epoch.
    pub since: i64,
    /// Rows.
    pub count: u64,
    /// All durations, nanoseconds.
    pub sum_nanoseconds: u64,
    /// All durations, each rounded down to whole milliseconds, as the original's queries show them.
    pub sum_milliseconds: u64,
    /// Shortest duration, nanoseconds; 0 while `count` is.
    pub min_nanoseconds: u64,
    /// Longest duration, nanoseconds.
    pub max_nanoseconds: u64,
}

impl ModelStatistics {
    /// Nothing scored yet.
    #[must_use]
    pub fn new(model: &ModelReference, since: i64) -> Self {
        Self {
            control: model.offset,
            data_type: model.key.data_type.as_str().into(),
            name: model.key.name.as_str().into(),
            version: Arc::clone(&model.version),
            sha256: model.sha256.to_string().into(),
            since,
            count: 0,
            sum_nanoseconds: 0,
            sum_milliseconds: 0,
            min_nanoseconds: 0,
            max_nanoseconds: 0,
        }
    }

    /// The models that are too old to be kept one by one.
    #[must_use]
    pub fn of_earlier_models() -> Self {
        Self {
            control: -1,
            data_type: "".into(),
            name: "".into(),
            version: "".into(),
            sha256: "".into(),
            since: i64::MAX,
            count: 0,
            sum_nanoseconds: 0,
            sum_milliseconds: 0,
            min_nanoseconds: 0,
            max_nanoseconds: 0,
        }
    }

    /// Adds rows that took the same time each.
    pub fn record(&mut self, rows: u64, nanoseconds: u64) {
        if rows == 0 {
            return;
        }
        let first = self.count == 0;
        self.count += rows;
        self.sum_nanoseconds = self.sum_nanoseconds.saturating_add(rows.saturating_mul(nanoseconds));
        let milliseconds = nanoseconds / NANOSECONDS_A_MILLISECOND;
        self.sum_milliseconds = self.sum_milliseconds.saturating_add(rows.saturating_mul(milliseconds));
        self.min_nanoseconds = if first { nanoseconds } else { self.min_nanoseconds.min(nanoseconds) };
        self.max_nanoseconds = self.max_nanoseconds.max(nanoseconds);
    }

    /// Adds the figures of another task or model.
    pub fn merge(&mut self, other: &Self) {
        self.since = self.since.min(other.since);
        if other.count == 0 {
            return;
        }
        self.min_nanoseconds = if self.count == 0 {
            other.min_nanoseconds
        } else {
            self.min_nanoseconds.min(other.min_nanoseconds)
        };
        self.count += other.count;
        self.sum_nanoseconds = self.sum_nanoseconds.saturating_add(other.sum_nanoseconds);
        self.sum_milliseconds = self.sum_milliseconds.saturating_add(other.sum_milliseconds);
        self.max_nanoseconds = self.max_nanoseconds.max(other.max_nanoseconds);
    }

    /// Shortest duration in whole milliseconds, rounded down.
    #[must_use]
    pub fn min_milliseconds(&self) -> u64 {
        self.min_nanoseconds / NANOSECONDS_A_MILLISECOND
    }

    /// Longest duration in whole milliseconds, rounded down.
    #[must_use]
    pub fn max_milliseconds(&self) -> u64 {
        self.max_nanoseconds / NANOSECONDS_A_MILLISECOND
    }

    /// The statistics as the value of a store: a version byte, then variable-length fields.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_signed(&mut out, self.control);
        for text in [&self.data_type, &self.name, &self.version, &self.sha256] {
            put_text(&mut out, text);
        }
        put_signed(&mut out, self.since);
        let figures = [
            self.count,
            self.sum_nanoseconds,
            self.sum_milliseconds,
            self.min_nanoseconds,
            self.max_nanoseconds,
        ];
        figures.iter().for_each(|figure| put_integer(&mut out, *figure));
        out
    }

    /// Reads a value; `None` if it is not one.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<Self> {
        let mut reader = Reader(value);
        if reader.byte()? != VERSION {
            return None;
        }
        let read = Self {
            control: reader.signed()?,
            data_type: reader.text()?.into(),
            name: reader.text()?.into(),
            version: reader.text()?.into(),
            sha256: reader.text()?.into(),
            since: reader.signed()?,
            count: reader.integer()?,
            sum_nanoseconds: reader.integer()?,
            sum_milliseconds: reader.integer()?,
            min_nanoseconds: reader.integer()?,
            max_nanoseconds: reader.integer()?,
        };
        reader.end().map(|()| read)
    }
}
