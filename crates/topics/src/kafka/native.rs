//! What rdkafka's safe wrappers cannot do: events with their topic and offset, committed metadata and header names that
//! are not UTF-8, records without a copy of their topic's name, the generation of a group's member.
//!
//! The only file of this crate with unsafe code. Pointers come from librdkafka and are read while what owns them lives:
//! an event owns its messages, a client is held by an `Arc` in everything that points into it.

#![expect(unsafe_code, reason = "librdkafka is a C library")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{self, NonNull};
use std::slice;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as sys;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafka;

use crate::headers::{Headers, encode_header};
use crate::partition::{Offset, Timestamp};

/// A client's queue of events, or of a consumer's messages and events.
pub(super) struct EventQueue {
    queue: NonNull<sys::rd_kafka_queue_t>,
}

// SAFETY: librdkafka's queues may be used from any thread.
unsafe impl Send for EventQueue {}
// SAFETY: as above; each event goes to one caller.
unsafe impl Sync for EventQueue {}

impl EventQueue {
    /// The queue of a consumer's messages and events. The client has to outlive it.
    pub fn of_consumer(client: *mut RDKafka) -> Option<Self> {
        // SAFETY: the client is alive; the queue is a reference of our own.
        NonNull::new(unsafe { sys::rd_kafka_queue_get_consumer(client) }).map(|queue| Self { queue })
    }

    /// The queue of a producer's delivery reports and events, or of a client's that joins no group. The client has to
    /// outlive it.
    pub fn main_of(client: *mut RDKafka) -> Option<Self> {
        // SAFETY: as above.
        NonNull::new(unsafe { sys::rd_kafka_queue_get_main(client) }).map(|queue| Self { queue })
    }

    /// The next event, waiting up to `timeout`.
    pub fn poll(&self, timeout: Duration) -> Option<Event> {
        // Rounded up: rounded down, a caller that waits until a deadline would not wait at all in its last millisecond.
        let millis = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        // SAFETY: the queue is ours; the event belongs to the caller.
        NonNull::new(unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), millis) })
            .map(|event| Event { event })
    }
}

impl Drop for EventQueue {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and not used any more.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

/// An event, with the messages that belong to it.
pub(super) struct Event {
    event: NonNull<sys::rd_kafka_event_t>,
}

// SAFETY: an event is a plain value that nobody else has.
unsafe impl Send for Event {}

/// What an event is about.
pub(super) enum Kind {
    /// A record, or an error in place of one.
    Message(Message),
    /// Delivery reports.
    Delivered(Vec<Delivery>),
    /// Everything up to this offset was handed out.
    End { topic: String, partition: i32, offset: Offset },
    /// An error of the client or of one partition.
    Error { code: RDKafkaErrorCode, fatal: bool, text: String, partition: Option<(String, i32)> },
    /// Partitions come.
    Assign(Vec<(String, i32)>),
    /// Partitions go.
    Revoke(Vec<(String, i32)>),
    /// A line for the log: syslog's level, facility, text.
    Log { level: i32, facility: String, text: String },
    /// Anything else.
    Other,
}

/// A record with the event that holds it.
pub(super) struct Message {
    message: NonNull<sys::rd_kafka_message_t>,
    _event: Event,
}

// SAFETY: a message belongs to its event, which goes with it.
unsafe impl Send for Message {}

/// What became of a record that was produced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    /// What was given to [`produce`] with the record.
    pub opaque: usize,
    pub offset: Offset,
    pub error: Option<RDKafkaErrorCode>,
}

impl Event {
    /// What the event is about.
    pub fn kind(self) -> Kind {
        let event = self.event.as_ptr();
        // SAFETY: the event is alive and ours; what is read belongs to it and goes with it or is copied.
        unsafe {
            match sys::rd_kafka_event_type(event) {
                sys::RD_KAFKA_EVENT_FETCH => {
                    match NonNull::new(sys::rd_kafka_event_message_next(event).cast_mut()) {
                        Some(message) => Kind::Message(Message { message, _event: self }),
                        None => Kind::Other,
                    }
                }
                sys::RD_KAFKA_EVENT_DR => {
                    let mut messages = vec![ptr::null(); sys::rd_kafka_event_message_count(event)];
                    let count =
                        sys::rd_kafka_event_message_array(event, messages.as_mut_ptr(), messages.len());
                    messages.truncate(count);
                    let messages = messages.iter().filter_map(|message: &*const _| message.as_ref());
                    Kind::Delivered(messages.map(delivery).collect())
                }
                sys::RD_KAFKA_EVENT_ERROR => self.error(),
                sys::RD_KAFKA_EVENT_REBALANCE => {
                    let code = sys::rd_kafka_event_error(event);
                    let partitions = names(sys::rd_kafka_event_topic_partition_list(event));
                    if code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                        Kind::Assign(partitions)
                    } else {
                        Kind::Revoke(partitions)
                    }
                }
                sys::RD_KAFKA_EVENT_LOG => {
                    let (mut facility, mut text, mut level) = (ptr::null(), ptr::null(), 0);
                    if sys::rd_kafka_event_log(event, &raw mut facility, &raw mut text, &raw mut level) != 0 {
                        return Kind::Other;
                    }
                    Kind::Log { level, facility: owned(facility), text: owned(text) }
                }
                _ => Kind::Other,
            }
        }
    }

    fn error(&self) -> Kind {
        let event = self.event.as_ptr();
        // SAFETY: as above; the topic partition is a copy that belongs to the caller.
        unsafe {
            let code = sys::rd_kafka_event_error(event);
            let place = NonNull::new(sys::rd_kafka_event_topic_partition(event));
            let place = place.map(|place| {
                let found = place.as_ref();
                let copy = (owned(found.topic), found.partition, found.offset);
                sys::rd_kafka_topic_partition_destroy(place.as_ptr());
                copy
            });
            match (code, place) {
                (
                    sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF,
                    Some((topic, partition, offset)),
                ) => Kind::End { topic, partition, offset },
                (code, place) => Kind::Error {
                    code: code.into(),
                    fatal: sys::rd_kafka_event_error_is_fatal(event) != 0,
                    text: owned(sys::rd_kafka_event_error_string(event)),
                    partition: place.map(|(topic, partition, _)| (topic, partition)),
                },
            }
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is ours, and nothing borrows from it any more.
        unsafe { sys::rd_kafka_event_destroy(self.event.as_ptr()) }
    }
}

fn delivery(message: &sys::rd_kafka_message_t) -> Delivery {
    Delivery { opaque: message._private as usize, offset: message.offset, error: failed(message.err) }
}

fn failed(code: sys::rd_kafka_resp_err_t) -> Option<RDKafkaErrorCode> {
    (code != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR).then(|| code.into())
}

impl Message {
    fn get(&self) -> &sys::rd_kafka_message_t {
        // SAFETY: the message lives as long as its event, which is held beside it.
        unsafe { self.message.as_ref() }
    }

    /// Identifies the topic as long as the client lives.
    pub fn topic_handle(&self) -> usize {
        self.get().rkt as usize
    }

    pub fn topic(&self) -> String {
        // SAFETY: a message of a consumer has a topic; its name lives as long as it.
        unsafe { owned(sys::rd_kafka_topic_name(self.get().rkt)) }
    }

    pub fn partition(&self) -> i32 {
        self.get().partition
    }

    pub fn offset(&self) -> Offset {
        self.get().offset
    }

    pub fn error(&self) -> Option<RDKafkaErrorCode> {
        failed(self.get().err)
    }

    pub fn key(&self) -> Option<&[u8]> {
        // SAFETY: key and length belong together and live as long as the message.
        unsafe { bytes(self.get().key, self.get().key_len) }
    }

    pub fn value(&self) -> Option<&[u8]> {
        // SAFETY: as above.
        unsafe { bytes(self.get().payload, self.get().len) }
    }

    pub fn timestamp(&self) -> Timestamp {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive.
        unsafe { sys::rd_kafka_message_timestamp(self.message.as_ptr(), &raw mut kind) }
    }

    /// Appends the headers in their encoded form.
    pub fn headers(&self, encoded: &mut Vec<u8>) {
        let none = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive, and its headers and their names and values live as long as it.
        unsafe {
            if sys::rd_kafka_message_headers(self.message.as_ptr(), &raw mut headers) != none {
                return;
            }
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            let mut index = 0;
            while sys::rd_kafka_header_get_all(headers, index, &raw mut name, &raw mut value, &raw mut size)
                == none
            {
                encode_header(encoded, CStr::from_ptr(name).to_bytes(), bytes(value.cast_mut(), size));
                index += 1;
            }
        }
    }
}

/// A topic as a producer writes to it.
pub(super) struct TopicHandle {
    topic: NonNull<sys::rd_kafka_topic_t>,
}

// SAFETY: librdkafka's topic objects may be used from any thread.
unsafe impl Send for TopicHandle {}

impl TopicHandle {
    /// The topic of this name; `None` if librdkafka does not take the name. The client has to outlive it.
    pub fn new(client: *mut RDKafka, topic: &str) -> Option<Self> {
        let name = CString::new(topic).ok()?;
        // SAFETY: the client is alive; the handle is a reference of our own.
        let topic = unsafe { sys::rd_kafka_topic_new(client, name.as_ptr(), ptr::null_mut()) };
        NonNull::new(topic).map(|topic| Self { topic })
    }
}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and not used any more.
        unsafe { sys::rd_kafka_topic_destroy(self.topic.as_ptr()) }
    }
}

/// A record on its way.
pub(super) struct Outgoing<'a> {
    pub partition: i32,
    pub timestamp: Timestamp,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: Headers<'a>,
    /// Comes back with the delivery report.
    pub opaque: usize,
}

/// Puts a record into a producer's queue; its bytes are copied.
pub(super) fn produce(
    client: *mut RDKafka,
    topic: &TopicHandle,
    record: &Outgoing<'_>,
) -> Result<(), RDKafkaErrorCode> {
    let start =
        |part: Option<&[u8]>| part.map_or(ptr::null_mut(), |part| part.as_ptr().cast_mut().cast::<c_void>());
    let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
    let headers = native_headers(record.headers)?;
    // SAFETY: client and topic are alive; the arguments are pairs of a tag and what the tag announces, as
    // rd_kafka_producev demands, and end with the end tag. The bytes are copied (MSG_F_COPY). The headers go over to
    // librdkafka if it accepts the record, else they remain ours.
    unsafe {
        let code = sys::rd_kafka_producev(
            client,
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT,
            topic.topic.as_ptr(),
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION,
            record.partition,
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS,
            sys::RD_KAFKA_MSG_F_COPY,
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE,
            start(record.value),
            length(record.value),
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY,
            start(record.key),
            length(record.key),
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_OPAQUE,
            record.opaque as *mut c_void,
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP,
            record.timestamp,
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS,
            headers,
            sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_END,
        );
        if code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Ok(());
        }
        if !headers.is_null() {
            sys::rd_kafka_headers_destroy(headers);
        }
        Err(code.into())
    }
}

/// Headers in librdkafka's form; null if there is none.
fn native_headers(headers: Headers<'_>) -> Result<*mut sys::rd_kafka_headers_t, RDKafkaErrorCode> {
    if headers.is_empty() {
        return Ok(ptr::null_mut());
    }
    // SAFETY: the object is ours until it is handed on; names and values are copied with the lengths given. A null
    // value is a null pointer.
    unsafe {
        let native = sys::rd_kafka_headers_new(4);
        for header in headers {
            let value = header.value.map_or(ptr::null(), |value| value.as_ptr().cast::<c_void>());
            let code = sys::rd_kafka_header_add(
                native,
                header.name.as_ptr().cast::<c_char>(),
                header.name.len().cast_signed(),
                value,
                header.value.map_or(0, |value| value.len().cast_signed()),
            );
            if code != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                sys::rd_kafka_headers_destroy(native);
                return Err(code.into());
            }
        }
        Ok(native)
    }
}

/// Sends what lingers in a producer's queue now, and waits for a moment.
pub(super) fn hurry(client: *mut RDKafka) {
    // SAFETY: the client is alive. The outcome is known from the delivery reports.
    unsafe {
        sys::rd_kafka_flush(client, 1);
    }
}

/// The generation of a consumer in its group and its member id.
pub(super) fn generation(client: *mut RDKafka) -> Option<(i32, String)> {
    // SAFETY: the client is alive; the metadata is a copy of our own.
    unsafe {
        let metadata = NonNull::new(sys::rd_kafka_consumer_group_metadata(client))?;
        let generation = sys::rd_kafka_consumer_group_metadata_generation_id(metadata.as_ptr());
        let member = owned(sys::rd_kafka_consumer_group_metadata_member_id(metadata.as_ptr()));
        sys::rd_kafka_consumer_group_metadata_destroy(metadata.as_ptr());
        Some((generation, member))
    }
}

/// One past the last offset that a consumer's last fetch of a partition saw; `None` before the first.
pub(super) fn known_end(client: *mut RDKafka, topic: &str, partition: i32) -> Option<Offset> {
    let topic = CString::new(topic).ok()?;
    let (mut low, mut high) = (-1, -1);
    // SAFETY: the client is alive.
    let code = unsafe {
        sys::rd_kafka_get_watermark_offsets(client, topic.as_ptr(), partition, &raw mut low, &raw mut high)
    };
    (code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
}

/// Offset, metadata and error of each element of a list in its order, whatever bytes the metadata holds.
pub(super) fn committed(list: &TopicPartitionList) -> Vec<(Offset, Vec<u8>, Option<RDKafkaErrorCode>)> {
    // SAFETY: the list is alive and its elements and their metadata belong to it.
    unsafe {
        elements(list.ptr())
            .iter()
            .map(|element| {
                let metadata = bytes(element.metadata, element.metadata_size).unwrap_or_default().to_vec();
                (element.offset, metadata, failed(element.err))
            })
            .collect()
    }
}

/// # Safety
/// `list` is null or alive for `'a`.
unsafe fn elements<'a>(
    list: *const sys::rd_kafka_topic_partition_list_t,
) -> &'a [sys::rd_kafka_topic_partition_t] {
    // SAFETY: the caller's promise; elements and their count belong together.
    unsafe {
        match list.as_ref() {
            Some(list) if !list.elems.is_null() => {
                slice::from_raw_parts(list.elems, usize::try_from(list.cnt).unwrap_or(0))
            }
            _ => &[],
        }
    }
}

/// # Safety
/// As [`elements`].
unsafe fn names(list: *const sys::rd_kafka_topic_partition_list_t) -> Vec<(String, i32)> {
    // SAFETY: the caller's promise.
    unsafe { elements(list).iter().map(|element| (owned(element.topic), element.partition)).collect() }
}

/// # Safety
/// `text` is null or a string that ends in NUL.
unsafe fn owned(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// # Safety
/// `start` is null or `length` bytes there live for `'a`.
unsafe fn bytes<'a>(start: *mut c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast::<u8>(), length) })
}
