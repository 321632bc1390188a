//! Records on their way into and out of the test driver.

use std::borrow::Cow;

use scorewheel_topics::{Offset, RecordView, Timestamp};

/// A record that a test gives to the driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestRecord {
    /// The key; `None` is null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is null.
    pub value: Option<Vec<u8>>,
    /// Names and values.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970-01-01 UTC; `None` is the driver's time.
    pub timestamp: Option<Timestamp>,
}

impl TestRecord {
    /// A record with this value and no key.
    #[must_use]
    pub fn new(value: impl AsRef<[u8]>) -> Self {
        Self { value: Some(value.as_ref().to_vec()), ..Self::default() }
    }

    /// A record with this key and a null value.
    #[must_use]
    pub fn tombstone(key: impl AsRef<[u8]>) -> Self {
        Self::default().key(key)
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(key.as_ref().to_vec());
        self
    }

    /// With this header added.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), Some(value.as_ref().to_vec())));
        self
    }

    /// With this timestamp.
    #[must_use]
    pub fn at(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }
}

impl<T: AsRef<[u8]>> From<T> for TestRecord {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// A record that the topology wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRecord {
    /// The partition that it went to.
    pub partition: u32,
    /// Its offset there.
    pub offset: Offset,
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// The key; `None` is null.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is null.
    pub value: Option<Vec<u8>>,
    /// Names and values.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl OutputRecord {
    pub(super) fn new(partition: u32, record: RecordView<'_>) -> Self {
        let headers = record.headers.iter();
        Self {
            partition,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: headers
                .map(|header| (header.name_text().into_owned(), header.value.map(<[u8]>::to_vec)))
                .collect(),
        }
    }

    /// The value as text; empty if it is null.
    #[must_use]
    pub fn value_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.value.as_deref().unwrap_or_default())
    }

    /// The value of the last header of this name that has one.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().rev().find(|(other, _)| other == name)?.1.as_deref()
    }
}
