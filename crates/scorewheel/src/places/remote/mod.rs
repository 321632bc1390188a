//! Topics of another process, by its HTTP gateway: what the client commands use when an instance holds the directory.
//!
//! | file | what it holds |
//! |---|---|
//! | [`client`] | requests and their errors |
//! | [`admin`] | questions about topics |
//! | [`reader`] | reading from offsets, by long polls |
//! | [`writer`] | appending |
//!
//! Groups and transactions belong to the process that holds the directory; there are none here.

pub mod admin;
pub mod client;
pub mod reader;
pub mod writer;

use scorewheel_topics::{
    Admin, AssignedReader, Backend, GroupOptions, GroupReader, Isolation, ReaderOptions, TopicsError,
    TransactionOptions, TransactionalWriter, Writer, WriterOptions,
};

use admin::RemoteAdmin;
pub use client::Client;
use reader::RemoteReader;
use writer::RemoteWriter;

/// Topics of the instance at a URL.
#[derive(Clone, Debug)]
pub struct RemoteBackend {
    client: Client,
}

impl RemoteBackend {
    /// Topics of the instance at `url`; `token` opens the models topic.
    #[must_use]
    pub fn new(url: &str, token: Option<String>) -> Self {
        Self { client: Client::new(url, token) }
    }

    /// The way to the instance.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

fn not_here(what: &str) -> TopicsError {
    TopicsError::Unsupported {
        what: format!("{what} through another instance"),
        hint: "stop the instance that holds the directory, or use a Kafka cluster".into(),
    }
}

impl Backend for RemoteBackend {
    fn name(&self) -> String {
        format!("instance at {}", self.client.url())
    }

    fn admin(&self) -> Result<Box<dyn Admin>, TopicsError> {
        Ok(Box::new(RemoteAdmin::new(self.client.clone())))
    }

    fn assigned_reader(&self, options: &ReaderOptions) -> Result<Box<dyn AssignedReader>, TopicsError> {
        if options.isolation == Isolation::Uncommitted {
            return Err(not_here("reading uncommitted records"));
        }
        Ok(Box::new(RemoteReader::new(self.client.clone(), options.batch_records)))
    }

    fn group_reader(&self, _: &GroupOptions) -> Result<Box<dyn GroupReader>, TopicsError> {
        Err(not_here("a consumer group"))
    }

    fn writer(&self, _: &WriterOptions) -> Result<Box<dyn Writer>, TopicsError> {
        Ok(Box::new(RemoteWriter::new(self.client.clone())))
    }

    fn transactional_writer(
        &self,
        _: &TransactionOptions,
    ) -> Result<Box<dyn TransactionalWriter>, TopicsError> {
        Err(not_here("a transaction"))
    }
}
