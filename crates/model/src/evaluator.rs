//! A model by itself: records in, answers out.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use scorewheel_columns::{AnswerNames, Batch, RecordWriter, Schema, Scores, Value, WriteError};

use crate::contract::{BoundModel, Model, Scratch};
use crate::error::{ModelError, RecordError};
use crate::mapping::Mapping;

/// Why a record has no answer, or one that is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The model has no answer for the record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is none, or gives a field twice, or one that is not known where such are refused.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The answer does not fit the type that it is asked for as.
    #[cfg(feature = "serde")]
    #[error(transparent)]
    Answer(#[from] scorewheel_columns::AnswerError),
}

/// The answers of one record by name; see [`AnswerNames`].
pub type AnswerMap = BTreeMap<Arc<str>, Value>;

/// A model bound to its records, with all that scoring needs in buffers that are used again: for programs that have
/// records and want answers. One for each thread; a clone shares the model.
///
/// Records are maps, structs (feature `serde`), batches of columns or Arrow record batches (feature `arrow`). A name
/// stands for the field of exactly this name, else for the one that differs only in case, `_`, `-` and space; nested
/// values stand for dotted names. A field that is not given is missing, a name without a field is ignored
/// ([`Evaluator::refuse_unknown_names`]), a value of a wrong type is a fault that the model judges. Answers are called
/// as [`AnswerNames`] says.
pub struct Evaluator {
    bound: Arc<dyn BoundModel>,
    scratch: Scratch,
    batch: Batch,
    scores: Scores,
    writer: RecordWriter,
    names: AnswerNames,
    #[cfg(feature = "serde")]
    reader: scorewheel_columns::AnswerReader,
    /// What was made for the record batches of last time.
    #[cfg(feature = "arrow")]
    arrow: Option<(
        scorewheel_columns::edges::arrow::BatchReader,
        scorewheel_columns::edges::arrow::ScoresWriter,
    )>,
}

impl Evaluator {
    /// Binds a model to records that have the model's inputs as their fields, all optional.
    ///
    /// # Errors
    /// Those of [`Model::schema`] and [`Model::bind`].
    pub fn new<M: Model + ?Sized>(model: &M) -> Result<Self, ModelError> {
        Self::of_records(model, &model.schema()?, &Mapping::default())
    }

    /// Binds a model to records of a schema: where they have other fields than the model has inputs, such as many
    /// numbers for one vector.
    ///
    /// # Errors
    /// [`ModelErrorKind::WrongSchema`](crate::ModelErrorKind::WrongSchema) if an input finds no field.
    pub fn of_records<M: Model + ?Sized>(
        model: &M,
        schema: &Arc<Schema>,
        mapping: &Mapping,
    ) -> Result<Self, ModelError> {
        let bound = model.bind(schema, mapping)?;
        Ok(Self::of(bound, RecordWriter::new(schema)))
    }

    fn of(bound: Arc<dyn BoundModel>, writer: RecordWriter) -> Self {
        let names = AnswerNames::new(bound.outputs());
        Self {
            scratch: bound.new_scratch(),
            batch: Batch::new(Arc::clone(writer.schema())),
            scores: Scores::new(),
            writer,
            #[cfg(feature = "serde")]
            reader: scorewheel_columns::AnswerReader::new(names.clone()),
            #[cfg(feature = "arrow")]
            arrow: None,
            names,
            bound,
        }
    }

    /// The same, but a record with a name for which there is no field is an error of the call.
    #[must_use]
    pub fn refuse_unknown_names(mut self) -> Self {
        self.writer = self.writer.refuse_unknown_names();
        self
    }

    /// The fields of the records.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        self.writer.schema()
    }

    /// What the answers are called, in the order of the columns of [`Scores`].
    #[must_use]
    pub fn names(&self) -> &AnswerNames {
        &self.names
    }

    /// The bound model.
    #[must_use]
    pub fn bound(&self) -> &Arc<dyn BoundModel> {
        &self.bound
    }

    /// Scores one map.
    ///
    /// # Errors
    /// [`EvaluationError`].
    pub fn score_map<K: AsRef<str>, V: Borrow<Value>>(
        &mut self,
        record: impl IntoIterator<Item = (K, V)>,
    ) -> Result<AnswerMap, EvaluationError> {
        self.single(|writer, batch| writer.write_map(batch, 0, record))?;
        Ok(self.names.map(&self.scores, 0))
    }

    /// Scores maps as one batch. A record with an error leaves the others alone.
    pub fn score_maps<K: AsRef<str>, V: Borrow<Value>, M: IntoIterator<Item = (K, V)>>(
        &mut self,
        records: impl IntoIterator<Item = M>,
    ) -> Vec<Result<AnswerMap, EvaluationError>> {
        let written =
            self.write_all(records, |writer, batch, row, record| writer.write_map(batch, row, record));
        self.score_written();
        let answers = written.into_iter().enumerate().map(|(row, written)| {
            written?;
            self.check(row)?;
            Ok(self.names.map(&self.scores, row))
        });
        answers.collect()
    }

    /// Scores one struct. What it is asked for as may be a struct with the names of answers, a map, or a single value,
    /// which is the first target.
    ///
    /// # Errors
    /// [`EvaluationError`].
    #[cfg(feature = "serde")]
    pub fn score_struct<T, R>(&mut self, record: &T) -> Result<R, EvaluationError>
    where
        T: serde_core::Serialize + ?Sized,
        R: serde_core::de::DeserializeOwned,
    {
        self.single(|writer, batch| writer.write(batch, 0, record))?;
        Ok(self.reader.read(&self.scores, 0)?)
    }

    /// Scores structs as one batch. A record with an error leaves the others alone.
    #[cfg(feature = "serde")]
    pub fn score_structs<'t, T, R>(
        &mut self,
        records: impl IntoIterator<Item = &'t T>,
    ) -> Vec<Result<R, EvaluationError>>
    where
        T: serde_core::Serialize + 't,
        R: serde_core::de::DeserializeOwned,
    {
        let written = self.write_all(records, |writer, batch, row, record| writer.write(batch, row, record));
        self.score_written();
        let Self { bound, batch, scores, reader, .. } = self;
        let answers = written.into_iter().enumerate().map(|(row, written)| {
            written?;
            match scores.error(row) {
                Some(error) => Err(bound.explain(error, batch, row).into()),
                None => Ok(reader.read(scores, row)?),
            }
        });
        answers.collect()
    }

    /// Scores a batch of columns of [`Evaluator::schema`]; errors are by row, in the scores.
    /// [`BoundModel::explain`] says them in words.
    pub fn score_batch(&mut self, batch: &Batch) -> &Scores {
        self.bound.score(batch, 0..batch.rows(), &mut self.scratch, &mut self.scores);
        &self.scores
    }

    /// Scores an Arrow record batch, whose columns find their fields by name like all records. The answer has a column
    /// for each of [`Evaluator::names`] and a last one, `error`, that says in words why a row has none.
    ///
    /// # Errors
    /// [`ArrowEdgeError`](scorewheel_columns::edges::arrow::ArrowEdgeError) for a column of a type that cannot feed its
    /// field; where unknown names are refused, also for one without a field.
    #[cfg(feature = "arrow")]
    pub fn score_arrow(
        &mut self,
        records: &scorewheel_columns::edges::arrow::arrow_array::RecordBatch,
    ) -> Result<
        scorewheel_columns::edges::arrow::arrow_array::RecordBatch,
        scorewheel_columns::edges::arrow::ArrowEdgeError,
    > {
        use scorewheel_columns::edges::arrow::{BatchReader, ScoresWriter};

        let arrow = records.schema();
        let known = self.arrow.take().filter(|(reader, _)| reader.reads(self.writer.schema(), &arrow));
        let (reader, writer) = match known {
            Some(known) => known,
            None => {
                let reader = BatchReader::new(self.writer.schema(), &arrow)?;
                if self.writer.refuses_unknown_names() {
                    reader.refuse_unknown_columns()?;
                }
                (reader, ScoresWriter::new(self.bound.outputs()))
            }
        };
        reader.read(records, &mut self.batch)?;
        self.score_written();
        let Self { bound, batch, scores, .. } = self;
        let answers = writer.write(scores, |error, row| bound.explain(error, batch, row).to_string());
        self.arrow = Some((reader, writer));
        answers
    }

    fn single(
        &mut self,
        write: impl FnOnce(&mut RecordWriter, &mut Batch) -> Result<(), WriteError>,
    ) -> Result<(), EvaluationError> {
        self.batch.clear();
        self.batch.resize(1);
        write(&mut self.writer, &mut self.batch)?;
        self.score_written();
        self.check(0)
    }

    /// Writes records into rows, as many as come.
    fn write_all<I>(
        &mut self,
        records: impl IntoIterator<Item = I>,
        mut write: impl FnMut(&mut RecordWriter, &mut Batch, usize, I) -> Result<(), WriteError>,
    ) -> Vec<Result<(), WriteError>> {
        let records = records.into_iter();
        let mut results = Vec::with_capacity(records.size_hint().0);
        self.batch.clear();
        self.batch.resize(records.size_hint().0);
        for (row, record) in records.enumerate() {
            if row == self.batch.rows() {
                self.batch.resize((row * 2).max(16));
            }
            results.push(write(&mut self.writer, &mut self.batch, row, record));
        }
        self.batch.resize(results.len());
        results
    }

    fn score_written(&mut self) {
        self.batch.settle();
        self.bound.score(&self.batch, 0..self.batch.rows(), &mut self.scratch, &mut self.scores);
    }

    fn check(&self, row: usize) -> Result<(), EvaluationError> {
        match self.scores.error(row) {
            Some(error) => Err(self.bound.explain(error, &self.batch, row).into()),
            None => Ok(()),
        }
    }
}

impl Clone for Evaluator {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.bound), self.writer.clone())
    }
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator").field("schema", self.schema()).field("names", &self.names).finish()
    }
}
