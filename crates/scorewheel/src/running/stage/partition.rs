//! One partition: its queue, its stage, its checkpoint.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use scorewheel_codecs::{DATA_TYPE_HEADER, ResultFormat};
use scorewheel_scoring::{Names, RecordCodecs, ScoreFollower, Scores};
use scorewheel_serving::Policies;
use scorewheel_stage::{
    Checkpoint, CheckpointError, Models, Record, ScoredRecord, StageHandle, StageOptions,
};
use scorewheel_topics::{RecordView, TopicPartition};

use super::polling::Queue;
use super::writing::{AnswerEncoder, Encoded, Origin, Outputs};
use crate::exit_code::{ExitCode, Failure};

/// Records that may wait before the partition is not read on.
pub const MOST_WAITING: usize = 16_384;

type Scored = ScoredRecord<Origin, Encoded>;

/// How the stages of an instance score.
pub struct StageSettings {
    /// The topics.
    pub names: Names,
    /// The data types.
    pub data_types: Arc<scorewheel_codecs::DataTypes>,
    /// What becomes of records that no model can score.
    pub policies: Policies,
    /// How results are written.
    pub format: ResultFormat,
    /// Whether they carry the lineage header.
    pub lineage: bool,
    /// Where references and statistics are written to; the partition's number is appended.
    pub checkpoint: Option<PathBuf>,
    /// Follows the scores, if anything does.
    pub scores: Option<Arc<dyn Scores>>,
}

/// A partition of ours.
pub struct Partition {
    /// Which.
    pub input: TopicPartition,
    /// What came of its records goes here.
    pub outputs: Outputs,
    /// The live state.
    pub handle: StageHandle,
    /// The position after the last record that was written.
    pub position: Option<i64>,
    /// The same, as committed.
    pub committed: Option<i64>,
    /// True while it is not read on.
    pub paused: bool,
    /// Follows its scores, if anything does.
    pub follower: Option<Box<dyn ScoreFollower>>,
    queue: Queue<Record<Origin>>,
    stage: Pin<Box<dyn Stream<Item = Scored> + Send>>,
    checkpoint: Option<PathBuf>,
}

impl Partition {
    /// A partition that goes on where its checkpoint is, or begins anew.
    ///
    /// # Errors
    /// [`ExitCode::LedgerMismatch`] if the checkpoint belongs to another models topic; a checkpoint that cannot be read.
    pub fn new(settings: &StageSettings, models: &Models, input: &TopicPartition) -> Result<Self, Failure> {
        let checkpoint = settings.checkpoint.as_deref().map(|path| path_of(path, input.partition()));
        let restart = match &checkpoint {
            Some(path) => Checkpoint::read(path).map_err(|error| unusable(&error))?,
            None => None,
        };
        let queue = Queue::default();
        let codecs = RecordCodecs::new(Arc::clone(&settings.data_types))
            .map_err(|error| Failure::new(ExitCode::Configuration, error.to_string()))?;
        let mut encoder = AnswerEncoder::new(settings.format, settings.lineage, input.clone());
        let options = StageOptions { policies: settings.policies, restart, ..StageOptions::default() };
        let encode = move |answer: &scorewheel_serving::Answer<'_>, record: &Record<Origin>| {
            encoder.encode(answer, record)
        };
        let (stage, handle) = models
            .stage(queue.stream(), codecs, encode, options)
            .map_err(|mismatch| Failure::new(ExitCode::LedgerMismatch, mismatch.to_string()))?;
        Ok(Self {
            input: input.clone(),
            outputs: Outputs::new(&settings.names, input),
            handle,
            position: None,
            committed: None,
            paused: false,
            follower: settings.scores.as_ref().map(|scores| scores.follow(input)),
            queue,
            stage: Box::pin(stage),
            checkpoint,
        })
    }

    /// Where its checkpoint says that the records are to be read from.
    #[must_use]
    pub fn restored_position(&self) -> Option<i64> {
        let position = self.handle.restored_position()?;
        position.try_into().ok().map(i64::from_be_bytes)
    }

    /// Takes in a record.
    pub fn push(&self, record: &RecordView<'_>) {
        let data_type = record.headers.last(DATA_TYPE_HEADER).flatten();
        self.queue.push(Record {
            value: record.value.map(Bytes::copy_from_slice),
            data_type: data_type.map(Bytes::copy_from_slice),
            context: Origin {
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key.map(Bytes::copy_from_slice),
                headers: Bytes::copy_from_slice(record.headers.encoded()),
            },
        });
    }

    /// Records that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The next record that came through, if one is there.
    pub fn next(&mut self, context: &mut Context<'_>) -> Option<Scored> {
        match self.stage.as_mut().poll_next(context) {
            Poll::Ready(scored) => scored,
            Poll::Pending => None,
        }
    }

    /// Writes the checkpoint, if one is configured: the state as of the committed position. Nothing is written while
    /// records came through that are not committed, since their figures would belong to another position.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_checkpoint(&self) -> Result<(), Failure> {
        let (Some(path), Some(position)) = (&self.checkpoint, self.committed) else { return Ok(()) };
        if self.position.is_some_and(|scored| scored != position) {
            return Ok(());
        }
        let checkpoint = self.handle.checkpoint(position.to_be_bytes());
        checkpoint.write(path).map_err(|error| unusable(&error))
    }
}

fn unusable(error: &CheckpointError) -> Failure {
    let code = match error {
        CheckpointError::File { .. } => ExitCode::DirectoryUnavailable,
        CheckpointError::Unreadable { .. } => ExitCode::RunTime,
    };
    Failure::new(code, error.to_string())
}

/// The file of a partition.
fn path_of(path: &Path, partition: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{partition}"));
    PathBuf::from(name)
}
