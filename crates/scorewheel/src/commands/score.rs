//! `score`: rows of a file through a model, without topics.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use scorewheel_codecs::{CsvOptions, DecodeError, OutputEncoder, text};
use scorewheel_columns::{Batch, DataType, Schema, Scores};
use scorewheel_model::{Limits, ModelError, Verification};

use crate::arguments::ConfigArguments;
use crate::exit_code::{ExitCode, Failure};
use crate::formats::Formats;
use crate::model_file::ModelFile;
use crate::rows::engine::explain;
use crate::rows::{Engine, Expectations, RowFormat, RowSource, schema_of, source::standard_stream};

/// Rows of a batch at most.
const BATCH_ROWS: usize = 4096;
/// Elements of a batch at most, so that rows of images do not fill the memory.
const BATCH_ELEMENTS: usize = 1 << 21;

/// Arguments of `score`.
#[derive(Debug, Args)]
pub struct ScoreArguments {
    /// The model: a file, a directory with saved_model.pb, or a location that the configuration allows; a file of its name with `.toml` added maps its inputs and outputs
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// Rows to score; - is standard input
    #[arg(long, value_name = "FILE", default_value_os_t = standard_stream())]
    pub input: PathBuf,
    /// Where answers go, one JSON line a row; - is standard output
    #[arg(long, value_name = "FILE", default_value_os_t = standard_stream())]
    pub output: PathBuf,
    /// How rows are written [default: csv for a file named .csv, else json]
    #[arg(long, value_enum)]
    pub format: Option<RowFormat>,
    /// Between two cells of CSV
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = one_byte)]
    pub delimiter: u8,
    /// The first row of CSV is no header; say its columns with --fields
    #[arg(long, requires = "fields")]
    pub no_header: bool,
    /// Names of the columns of CSV
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub fields: Option<Vec<String>>,
    /// End with 1 if any row has an error, or the model does not reproduce its own verification rows
    #[arg(long)]
    pub strict: bool,
    /// Print how the answers differ from these, instead of the answers: CSV with a header, or JSON lines as score
    /// writes them; ends with 1 if they differ
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Largest relative difference of two numbers with --expect
    #[arg(long, value_name = "T", default_value_t = 1e-9, requires = "expect")]
    pub tolerance: f64,
    /// Which configuration to use.
    #[command(flatten)]
    pub configuration: ConfigArguments,
}

/// Reads a delimiter: one ASCII character, or `\t`.
pub(crate) fn one_byte(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("one ASCII character, or \\t".into()),
    }
}

impl ScoreArguments {
    /// Scores all rows. Ends with 0 also if rows have errors, unless `--strict`. A model that does not reproduce its
    /// own verification rows is warned of.
    ///
    /// # Errors
    /// [`Failure`] if a file cannot be read or written, or the model is refused.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let config = self.configuration.load(Vec::new())?.config;
        self.spare_what_is_read()?;
        let file = ModelFile::open(&self.model, &config)?;
        let model = Formats::of(&config)
            .load(&file.bytes, None, &file.mapping, &Limits::default())
            .map_err(|error| refused(&self.model, &error))?;
        let reproduced = warn_if_not_reproduced(&self.model, &model.verify());
        let expectations = match &self.expect {
            Some(path) => Some(Expectations::read(path, self.tolerance)?),
            None => None,
        };
        let mut source = RowSource::open(&self.input, self.row_format(), &self.csv_options())?;
        let first = source.first_row()?;
        let refused = |error| refused(&self.model, &error);
        let schema = schema_of(&*model, &file.mapping, first.as_ref()).map_err(refused)?;
        let bound = model.bind(&schema, &file.mapping).map_err(refused)?;
        source.decode_as(&schema)?;
        drop((file, model));
        let answers = Answers::new(self.sink()?, expectations);
        let (tally, differ) = score_rows(source, &schema, Engine::new(bound), answers)?;
        let failed = differ || (self.strict && (tally > 0 || !reproduced));
        Ok(if failed { ExitCode::RunTime } else { ExitCode::Success })
    }

    fn row_format(&self) -> RowFormat {
        self.format.unwrap_or_else(|| RowFormat::of_path(&self.input))
    }

    fn csv_options(&self) -> CsvOptions {
        CsvOptions { delimiter: self.delimiter, names: self.fields.clone(), header: !self.no_header }
    }

    /// Answers over a file that is read would destroy it, and rows that become answers become rows again.
    fn spare_what_is_read(&self) -> Result<(), Failure> {
        let Ok(output) = self.output.canonicalize() else { return Ok(()) };
        let read = [Some(&self.model), Some(&self.input), self.expect.as_ref()];
        let same = read
            .into_iter()
            .flatten()
            .find(|read| output.is_file() && read.canonicalize().is_ok_and(|read| read == output));
        match same {
            Some(read) => Err(Failure::new(
                ExitCode::Usage,
                format!(
                    "--output {} would overwrite {}, which is read; name another file",
                    self.output.display(),
                    read.display()
                ),
            )),
            None => Ok(()),
        }
    }

    fn sink(&self) -> Result<Box<dyn Write>, Failure> {
        if self.output == standard_stream() {
            return Ok(Box::new(io::stdout().lock()));
        }
        let unwritable =
            |error| Failure::run_time(format!("cannot write {}: {error}", self.output.display()));
        Ok(Box::new(File::create(&self.output).map_err(unwritable)?))
    }
}

/// Says which of the model's own rows it does not reproduce; false if there are any. Installing would refuse it.
fn warn_if_not_reproduced(path: &Path, verification: &Verification) -> bool {
    const SHOWN: usize = 5;
    let failures = &verification.failures;
    if failures.is_empty() {
        return true;
    }
    let mut lines = vec![format!(
        "scorewheel: warning: model {} does not reproduce {} of its own {} verification rows; it would not be installed",
        path.display(),
        failures.len(),
        verification.rows
    )];
    lines.extend(failures.iter().take(SHOWN).map(|failure| format!("  {failure}")));
    if failures.len() > SHOWN {
        lines.push(format!("  and {} more: scorewheel inspect lists them", failures.len() - SHOWN));
    }
    // A warning that nobody takes is no reason not to score.
    writeln!(io::stderr(), "{}", lines.join("\n")).ok();
    false
}

fn refused(path: &Path, error: &ModelError) -> Failure {
    Failure::new(
        ExitCode::ModelRefused,
        format!("model {} refused ({}): {error}", path.display(), error.kind),
    )
}

/// Scores all rows of `source`; gives the number of rows with an error, and whether answers differ from expectations.
fn score_rows(
    mut source: RowSource,
    schema: &Arc<Schema>,
    mut engine: Engine,
    mut answers: Answers,
) -> Result<(u64, bool), Failure> {
    let encoder = OutputEncoder::new(engine.model().outputs());
    let mut batch = Batch::new(Arc::clone(schema));
    let mut scores = Scores::new();
    let mut outcomes = Vec::new();
    let limit = rows_of_batch(schema);
    loop {
        source.fill(limit, &mut batch, &mut outcomes)?;
        if outcomes.is_empty() {
            break;
        }
        // Answers come in parts, each from one row of the batch on; rows that could not be read stand in between.
        let mut waiting = outcomes.iter().peekable();
        let model = Arc::clone(engine.model());
        engine.score(&batch, &mut scores, |start, scores| {
            let end = start + scores.rows();
            while let Some(outcome) = waiting.next_if(|outcome| !matches!(outcome, Ok(row) if *row >= end)) {
                match outcome {
                    Ok(row) => answers
                        .row(&encoder, scores, row - start, |error| explain(&*model, error, &batch, *row)),
                    Err(error) => answers.undecodable(error),
                }
            }
        });
        for outcome in waiting {
            if let Err(error) = outcome {
                answers.undecodable(error);
            }
        }
        answers.flush()?;
    }
    answers.finish()
}

/// How many rows of this schema make a batch.
fn rows_of_batch(schema: &Schema) -> usize {
    let elements = schema.fields().iter().map(|field| match &field.data_type {
        DataType::Tensor { shape, .. } => shape.iter().product::<usize>(),
        _ => 1,
    });
    (BATCH_ELEMENTS / elements.sum::<usize>().max(1)).clamp(1, BATCH_ROWS)
}

/// Where answers go: lines of JSON, or a comparison.
struct Answers {
    sink: Box<dyn Write>,
    expectations: Option<Expectations>,
    out: Vec<u8>,
    line: Vec<u8>,
    rows: usize,
    errors: u64,
    compared: usize,
    differing: usize,
    closed: bool,
}

impl Answers {
    fn new(sink: Box<dyn Write>, expectations: Option<Expectations>) -> Self {
        Self {
            sink,
            expectations,
            out: Vec::new(),
            line: Vec::new(),
            rows: 0,
            errors: 0,
            compared: 0,
            differing: 0,
            closed: false,
        }
    }

    fn row(
        &mut self,
        encoder: &OutputEncoder,
        scores: &Scores,
        row: usize,
        explain: impl FnOnce(scorewheel_columns::RowError) -> String,
    ) {
        if let Some(error) = scores.error(row) {
            self.error(error.code.as_str(), &explain(error));
            return;
        }
        self.line.extend_from_slice(b"{\"out\":");
        encoder.write_outputs(scores, row, &mut self.line);
        let length = self.line.len();
        self.line.extend_from_slice(b",\"aux\":");
        if !encoder.write_auxiliaries(scores, row, &mut self.line) {
            self.line.truncate(length);
        }
        self.line.push(b'}');
        self.end_line();
    }

    fn undecodable(&mut self, error: &DecodeError) {
        self.error(error.kind.as_str(), &error.to_string());
    }

    fn error(&mut self, kind: &str, message: &str) {
        self.errors += 1;
        self.line.extend_from_slice(b"{\"error\":{\"kind\":");
        text::write_string(&mut self.line, kind);
        self.line.extend_from_slice(b",\"message\":");
        text::write_string(&mut self.line, message);
        self.line.extend_from_slice(b"}}");
        self.end_line();
    }

    fn end_line(&mut self) {
        match &self.expectations {
            None => {
                self.out.extend_from_slice(&self.line);
                self.out.push(b'\n');
            }
            Some(expectations) => {
                let (differences, compared) = expectations.compare(self.rows, &self.line);
                self.compared += compared;
                self.differing += usize::from(!differences.is_empty());
                for difference in differences {
                    self.out.extend_from_slice(format!("row {}: {difference}\n", self.rows + 1).as_bytes());
                }
            }
        }
        self.rows += 1;
        self.line.clear();
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if !self.closed {
            match self.sink.write_all(&self.out).and_then(|()| self.sink.flush()) {
                Ok(()) => {}
                // A reader that has gone away, such as `head`, wants no more.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
                Err(error) => return Err(Failure::run_time(format!("cannot write the answers: {error}"))),
            }
        }
        self.out.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<(u64, bool), Failure> {
        let Some(expectations) = &self.expectations else { return Ok((self.errors, false)) };
        let absent = expectations.len().saturating_sub(self.rows);
        if absent > 0 {
            self.out.extend_from_slice(format!("{absent} more rows are expected\n").as_bytes());
        }
        if self.compared == 0 {
            let message =
                "nothing to compare: no column or field of the expected scores is one of the model's";
            return Err(Failure::new(ExitCode::Usage, message));
        }
        let summary = format!(
            "{} rows, {} values compared, {} rows differ\n",
            self.rows, self.compared, self.differing
        );
        self.out.extend_from_slice(summary.as_bytes());
        let differ = self.differing > 0 || absent > 0;
        self.flush()?;
        Ok((self.errors, differ))
    }
}
