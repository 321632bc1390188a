//! Appending to topics of another process.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use scorewheel_http::routes::records::NDJSON;
use scorewheel_http::{AppendedRange, RecordLine};
use scorewheel_topics::{Admin, RecordBuffer, TopicPartition, TopicsError, Writer, Written};

use super::admin::RemoteAdmin;
use super::client::{About, Client};

pub(super) struct RemoteWriter {
    client: Client,
    admin: RemoteAdmin,
    buffers: BTreeMap<TopicPartition, RecordBuffer>,
    written: Vec<Written>,
}

impl RemoteWriter {
    pub fn new(client: Client) -> Self {
        let admin = RemoteAdmin::new(client.clone());
        Self { client, admin, buffers: BTreeMap::new(), written: Vec::new() }
    }

    /// Sends one partition's records, and notes how far they went.
    fn append(&mut self, partition: &TopicPartition, body: String) -> Result<(), TopicsError> {
        let about = About { topic: partition.topic(), partition: partition.partition(), offset: 0 };
        let path = format!("/v1/topics/{}/records", partition.topic());
        let mut answer = self.client.post(&path, NDJSON, body, about)?;
        let ranges: Vec<AppendedRange> =
            serde_json::from_value(answer["partitions"].take()).unwrap_or_default();
        for range in ranges {
            let partition = TopicPartition::new(partition.topic(), range.partition);
            match self.written.iter_mut().find(|written| written.partition == partition) {
                Some(written) => written.last_offset = range.last_offset,
                None => self.written.push(Written { partition, last_offset: range.last_offset }),
            }
        }
        Ok(())
    }
}

/// The buffer's records as lines.
fn lines(buffer: &RecordBuffer, partition: u32) -> String {
    let mut body = String::new();
    for record in buffer.iter() {
        let line = RecordLine {
            offset: None,
            partition: Some(partition),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers
                .into_iter()
                .map(|header| (header.name_text().into_owned(), header.value.map(<[u8]>::to_vec)))
                .collect(),
            timestamp: Some(record.timestamp).filter(|timestamp| *timestamp >= 0),
        };
        body.push_str(&line.render());
        body.push('\n');
    }
    body
}

impl Writer for RemoteWriter {
    fn lend(&mut self, partition: &TopicPartition) -> Result<&mut RecordBuffer, TopicsError> {
        match self.buffers.entry(partition.clone()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let mut buffer = RecordBuffer::new();
                buffer.set_limit(Some(self.admin.topic_config(partition.topic())?.max_message_bytes));
                Ok(entry.insert(buffer))
            }
        }
    }

    fn send(&mut self) -> Result<(), TopicsError> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), TopicsError> {
        let mut bodies = Vec::new();
        for (partition, buffer) in self.buffers.iter_mut().filter(|(_, buffer)| !buffer.is_empty()) {
            bodies.push((partition.clone(), lines(buffer, partition.partition())));
            buffer.clear();
        }
        bodies.into_iter().try_for_each(|(partition, body)| self.append(&partition, body))
    }

    fn written(&self) -> &[Written] {
        &self.written
    }
}
