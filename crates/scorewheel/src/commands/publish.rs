//! `publish`: model files onto the models topic.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use scorewheel_model::identity::to_name;
use scorewheel_model::{Content, DataTypeName, Mapping, ModelDescriptor, ModelType, TypeNumbering};
use scorewheel_references::Location;
use scorewheel_serving::message::VERSION_LIMIT;
use scorewheel_topics::{Admin, Backend, Offset, TopicPartition, TopicsError, Writer, WriterOptions};

use crate::arguments::ClientArguments;
use crate::clients::specs::MODELS_MESSAGE_BYTES;
use crate::clients::{ensure_topic, models_topic};
use crate::clock::now;
use crate::commands::produce::index_of;
use crate::config::{Config, Loaded, Numbering, Period, Place};
use crate::data_types::data_types;
use crate::exit_code::{ExitCode, Failure};
use crate::formats::Formats;
use crate::model_file::{ModelFile, SAVED_MODEL, read_mapping};
use crate::output::say;
use crate::places::{Access, open_client};
use crate::references::{fetch, places};

/// Arguments of `publish`.
#[derive(Debug, Args)]
pub struct PublishArguments {
    /// Models: files, directories with saved_model.pb, or folders of them (not recursed) [default: DATA_DIRECTORY]
    #[arg(value_name = "FILE|DIR")]
    pub paths: Vec<PathBuf>,
    /// Publish where the model is, and its digest, instead of the model: a location that the configuration allows. May be given several times
    #[arg(long, value_name = "URL", conflicts_with = "paths")]
    pub by_reference: Vec<String>,
    /// The side file that maps inputs and outputs of a model by reference
    #[arg(long, value_name = "FILE", requires = "by_reference")]
    pub side_file: Option<PathBuf>,
    /// Data type of the records that the models score
    #[arg(long, value_name = "NAME", default_value = "wine")]
    pub data_type: String,
    /// Name of the model, if it is one [default: its file name without extension]
    #[arg(long)]
    pub name: Option<String>,
    /// Version of the model; `@` and its control offset if not given
    #[arg(long = "model-version", value_name = "VERSION")]
    pub version: Option<String>,
    /// Time between two models, such as 5m; a bare number is milliseconds [default: all at once]
    #[arg(long, value_name = "DURATION")]
    pub every: Option<String>,
    /// Begin again after the last model, for ever
    #[arg(long = "loop")]
    pub repeat: bool,
    /// Where topics live.
    #[command(flatten)]
    pub client: ClientArguments,
}

/// A model that is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    path: PathBuf,
    /// Where it is, if it goes by reference.
    location: Option<String>,
    name: String,
    model_type: ModelType,
}

impl PublishArguments {
    /// Publishes.
    ///
    /// # Errors
    /// [`Failure`] that says what is missing: a file, a topic, a permission.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let every = self.every.iter().map(|every| ("publish.every".to_owned(), "--every", every.clone()));
        let loaded = self.client.load(every.collect())?;
        // What is bound to be refused is known before a directory is made for topics.
        self.checked(&loaded)?;
        let backend = open_client(&loaded, Access::Write)?;
        let mut out = std::io::stdout();
        self.publish(&backend, &loaded, &mut out, &mut |pause| std::thread::sleep(pause))?;
        Ok(ExitCode::Success)
    }

    /// Publishes to `backend`, saying each step to `out`; `pause` waits between two models.
    ///
    /// # Errors
    /// As [`PublishArguments::run`].
    pub fn publish(
        &self,
        backend: &Arc<dyn Backend>,
        loaded: &Loaded,
        out: &mut dyn Write,
        pause: &mut dyn FnMut(Duration),
    ) -> Result<(), Failure> {
        let config = &loaded.config;
        let (data_type, publications) = self.checked(loaded)?;
        let admin = backend.admin()?;
        self.prepare(&*admin, config, out)?;
        let mut log = ControlLog { loaded, backend, writer: backend.writer(&WriterOptions::default())? };
        let mut first = true;
        loop {
            for publication in &publications {
                if let Some(Period(every)) = config.publish.every.filter(|_| !first) {
                    pause(every);
                }
                first = false;
                let name = to_name(&publication.name);
                if name != publication.name {
                    say(out, &format!("the name {:?} is published as {name}", publication.name))?;
                }
                let descriptor = match &publication.location {
                    None => {
                        let file = ModelFile::read(&publication.path)?;
                        check_size(&publication.path, file.bytes.len(), config)?;
                        self.descriptor(
                            publication,
                            &data_type,
                            Content::Data(file.bytes.into()),
                            file.mapping,
                        )
                    }
                    Some(location) => self.reference(publication, &data_type, location, backend, config)?,
                };
                let is_read = log.put(&descriptor, out)?;
                // What was asked for is done whoever looks; a loop is for those who do.
                if self.repeat && !is_read {
                    return Ok(());
                }
            }
            if !self.repeat {
                return Ok(());
            }
        }
    }

    /// The route and the models, if none of them is bound to be refused by whoever reads the models topic.
    fn checked(&self, loaded: &Loaded) -> Result<(DataTypeName, Vec<Publication>), Failure> {
        let config = &loaded.config;
        let data_type = DataTypeName::new(&self.data_type)
            .map_err(|error| Failure::new(ExitCode::Usage, format!("--data-type: {error}")))?;
        // Which data types there are is the instances' to say: elsewhere they may know more of them.
        if matches!(loaded.place, Place::Embedded { .. }) {
            index_of(&data_types(config)?, &self.data_type)?;
        }
        if let Some(version) = &self.version {
            check_version(version)
                .map_err(|error| Failure::new(ExitCode::Usage, format!("--model-version: {error}")))?;
        }
        if self.name.as_deref() == Some("") {
            return Err(Failure::new(ExitCode::Usage, "--name: the model name is empty"));
        }
        let publications = match self.by_reference.is_empty() {
            true => self.publications(config)?,
            false => self.references()?,
        };
        for publication in publications.iter().filter(|publication| publication.location.is_none()) {
            if let Ok(file) = std::fs::metadata(&publication.path)
                && file.is_file()
            {
                check_size(&publication.path, usize::try_from(file.len()).unwrap_or(usize::MAX), config)?;
            }
        }
        Ok((data_type, publications))
    }

    /// The models in order: those named, those of folders by file name.
    fn publications(&self, config: &Config) -> Result<Vec<Publication>, Failure> {
        let folder = config.produce.directory.clone();
        let paths = if self.paths.is_empty() { folder.into_iter().collect() } else { self.paths.clone() };
        if paths.is_empty() {
            return Err(Failure::new(ExitCode::Usage, "name the models to publish: files or folders"));
        }
        let mut found = Vec::new();
        for path in &paths {
            if path.is_dir() && !path.join(SAVED_MODEL).exists() {
                found.extend(models_of_folder(path)?);
            } else {
                found.push(publication(path)?);
            }
        }
        if found.is_empty() {
            let message =
                format!("no models in {}; folders within it are not looked into", paths[0].display());
            return Err(Failure::new(ExitCode::FileNotFound, message));
        }
        match &self.name {
            Some(_) if found.len() > 1 => {
                Err(Failure::new(ExitCode::Usage, "--name is for one model; several are named"))
            }
            Some(name) => {
                found[0].name.clone_from(name);
                Ok(found)
            }
            None => Ok(found),
        }
    }

    /// The models that go by reference, in order.
    fn references(&self) -> Result<Vec<Publication>, Failure> {
        if self.name.is_some() && self.by_reference.len() > 1 {
            return Err(Failure::new(ExitCode::Usage, "--name is for one model; several are named"));
        }
        let publication = |text: &String| {
            let location = Location::parse(text)
                .map_err(|error| Failure::new(ExitCode::Usage, format!("--by-reference: {error}")))?;
            Ok(Publication {
                path: PathBuf::from(text),
                name: self.name.clone().unwrap_or_else(|| location.stem()),
                model_type: location
                    .extension()
                    .and_then(|extension| promised_by(&extension))
                    .map_or(ModelType::TensorFlow, |(model_type, _)| model_type),
                location: Some(text.clone()),
            })
        };
        self.by_reference.iter().map(publication).collect()
    }

    /// The descriptor of a model by reference, whose digest is that of what is there now.
    fn reference(
        &self,
        publication: &Publication,
        data_type: &DataTypeName,
        location: &str,
        backend: &Arc<dyn Backend>,
        config: &Config,
    ) -> Result<ModelDescriptor, Failure> {
        let mut bytes = Vec::new();
        let fetched = fetch(&places(config, Some(backend))?, location, &mut bytes)?;
        // As instances will: the bytes say what they are, the extension only hints.
        let formats = Formats::all();
        let format = formats.find(&bytes, Some(publication.model_type)).map_err(|error| {
            Failure::new(
                ExitCode::ModelRefused,
                format!("the model at {} is refused: {error}", fetched.location),
            )
        })?;
        let model_type = match format.model_types() {
            types if types.contains(&publication.model_type) => publication.model_type,
            types => types.first().copied().unwrap_or(publication.model_type),
        };
        let mapping = match &self.side_file {
            Some(path) => read_mapping(path)?,
            None => Mapping::default(),
        };
        let content = Content::Location(fetched.location.to_string());
        let publication = Publication { model_type, ..publication.clone() };
        let descriptor = self.descriptor(&publication, data_type, content, mapping);
        Ok(ModelDescriptor { sha256: Some(fetched.sha256), ..descriptor })
    }

    /// Creates the models topic if it is missing, and refuses one that cannot be a control log.
    fn prepare(&self, admin: &dyn Admin, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let (topic, created) = ensure_topic(admin, &models_topic(config), config.topics.create)?;
        if created {
            say(out, &format!("created topic {} (1 partition, kept for ever)", topic.name))?;
        }
        if topic.partitions == 1 {
            return Ok(());
        }
        Err(TopicsError::WrongPartitionCount { topic: topic.name, found: topic.partitions, needed: 1 }.into())
    }

    fn descriptor(
        &self,
        publication: &Publication,
        data_type: &DataTypeName,
        content: Content,
        mapping: Mapping,
    ) -> ModelDescriptor {
        let description = match publication.model_type {
            ModelType::Pmml => "generated from SparkML",
            ModelType::TensorFlow | ModelType::TensorFlowSaved => "generated from TensorFlow",
            _ => "",
        };
        ModelDescriptor {
            name: to_name(&publication.name),
            description: description.to_owned(),
            data_type: data_type.to_string(),
            model_type: publication.model_type,
            content,
            version: self.version.clone(),
            effective_from: None,
            sha256: None,
            mapping,
            golden_rows: Vec::new(),
        }
    }
}

/// The models topic being written.
struct ControlLog<'a> {
    loaded: &'a Loaded,
    backend: &'a Arc<dyn Backend>,
    writer: Box<dyn Writer>,
}

impl ControlLog<'_> {
    /// Sends a model and says where it lies; false if nobody reads that. An embedded topic that is too small for it is
    /// made larger.
    fn put(&mut self, descriptor: &ModelDescriptor, out: &mut dyn Write) -> Result<bool, Failure> {
        let config = &self.loaded.config;
        let models = TopicPartition::new(config.topics.models.as_str(), 0);
        let key = format!("{}/{}", descriptor.data_type, descriptor.name);
        let value = descriptor.encode(numbering(config));
        let offset = loop {
            match self.append(&models, &key, &value) {
                Err(TopicsError::TooLarge { limit, .. }) => {
                    self.make_room(limit, value.len() + key.len(), &key, out)?;
                }
                appended => break appended?,
            }
        };
        let kind = match &descriptor.content {
            Content::Data(_) => descriptor.model_type.as_str().to_owned(),
            Content::Location(location) => format!("{} at {location}", descriptor.model_type.as_str()),
        };
        say(out, &format!("published {key} ({kind}, {} bytes) at control offset {offset}", value.len()))
    }

    /// Sends a message; its control offset.
    fn append(&mut self, models: &TopicPartition, key: &str, value: &[u8]) -> Result<Offset, TopicsError> {
        let mut record = self.writer.lend(models)?.record(now(), Some(key.as_bytes()));
        record.value().extend_from_slice(value);
        record.finish().map_err(|too_large| TopicsError::too_large(models.topic(), too_large))?;
        self.writer.flush()?;
        let written = self.writer.written().iter().find(|written| written.partition == *models);
        Ok(written.map_or(-1, |written| written.last_offset))
    }

    /// Raises the limit of an embedded topic; that of a cluster is its operator's, who is told how.
    fn make_room(
        &mut self,
        limit: Option<usize>,
        size: usize,
        key: &str,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let topic = &self.loaded.config.topics.models;
        // What surrounds a message has room beside it.
        let needed = MODELS_MESSAGE_BYTES.max(size + (64 << 10));
        if let Place::Kafka(brokers) = &self.loaded.place {
            let limit = limit.map_or_else(|| "fewer".to_owned(), |limit| limit.to_string());
            return Err(Failure::run_time(format!(
                "{key} needs {size} bytes, but topic {topic} takes {limit}; alter it with: kafka-configs.sh \
                 --bootstrap-server {brokers} --alter --entity-type topics --entity-name {topic} --add-config \
                 max.message.bytes={needed}"
            )));
        }
        let admin = self.backend.admin()?;
        let limit = admin.topic_config(topic)?.max_message_bytes;
        if limit >= needed {
            let reason = format!(
                "{key} needs {size} bytes: more than the instance takes in one request (http.max_body)"
            );
            return Err(Failure::run_time(reason));
        }
        admin.alter_topic_config(topic, &[("max.message.bytes", &needed.to_string())])?;
        // The writer knows the limit of before.
        self.writer = self.backend.writer(&WriterOptions::default())?;
        say(out, &format!("raised max.message.bytes of topic {topic} from {limit} to {needed}"))?;
        Ok(())
    }
}

/// Which numbers model types have on the wire.
pub(crate) fn numbering(config: &Config) -> TypeNumbering {
    match config.models.type_numbering {
        Numbering::Original => TypeNumbering::Original,
        Numbering::Successor => TypeNumbering::Successor,
    }
}

/// The type that a file's extension promises, and whether it says so for sure.
fn promised(path: &Path) -> Option<(ModelType, bool)> {
    if path.is_dir() {
        return Some((ModelType::TensorFlowSaved, true));
    }
    promised_by(&path.extension()?.to_str()?.to_ascii_lowercase())
}

/// The type that an extension promises, and whether it says so for sure.
fn promised_by(extension: &str) -> Option<(ModelType, bool)> {
    match extension {
        "pmml" => Some((ModelType::Pmml, true)),
        "xml" => Some((ModelType::Pmml, false)),
        "pb" => Some((ModelType::TensorFlow, true)),
        "onnx" => Some((ModelType::Onnx, true)),
        "json" | "ubj" => Some((ModelType::XgBoost, false)),
        "txt" => Some((ModelType::LightGbm, false)),
        _ => None,
    }
}

/// The model at a path that was named.
fn publication(path: &Path) -> Result<Publication, Failure> {
    if !path.exists() {
        let message = format!("there is no model {}", path.display());
        return Err(Failure::new(ExitCode::FileNotFound, message));
    }
    let Some((model_type, _)) = promised(path) else {
        let message = format!(
            "{} has no extension of a model format (.pmml, .xml, .pb, .onnx, .json, .ubj, .txt)",
            path.display()
        );
        return Err(Failure::new(ExitCode::Usage, message));
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Publication { path: path.to_owned(), location: None, name, model_type })
}

/// The models that lie in a folder, by name. Files whose extension may mean something else count if their bytes do.
fn models_of_folder(folder: &Path) -> Result<Vec<Publication>, Failure> {
    let unreadable = |error| {
        Failure::new(ExitCode::FileNotFound, format!("cannot read the folder {}: {error}", folder.display()))
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    let formats = Formats::all();
    let is_model = |path: &Path| match promised(path) {
        Some((_, true)) => path.is_file() || path.join(SAVED_MODEL).exists(),
        Some((claimed, false)) => {
            std::fs::read(path).is_ok_and(|bytes| formats.find(&bytes, Some(claimed)).is_ok())
        }
        None => false,
    };
    paths.retain(|path| is_model(path));
    paths.iter().map(|path| publication(path)).collect()
}

/// Whether a text can be a version: it travels in headers of results, and stands in tables.
fn check_version(version: &str) -> Result<(), String> {
    if version.len() > VERSION_LIMIT {
        return Err(format!("the version has {} bytes, more than {VERSION_LIMIT}", version.len()));
    }
    match version.chars().find(|character| character.is_control()) {
        Some(character) => Err(format!("the version holds the control character {character:?}")),
        None => Ok(()),
    }
}

/// Refuses a model without a byte, or with more than instances take.
fn check_size(path: &Path, bytes: usize, config: &Config) -> Result<(), Failure> {
    let most = config.models.max_size.as_usize();
    let reason = match bytes {
        0 => "is empty".to_owned(),
        bytes if bytes > most => format!("has {bytes} bytes, more than the {most} of `models.max_size`"),
        _ => return Ok(()),
    };
    Err(Failure::new(ExitCode::ModelRefused, format!("the model {} {reason}", path.display())))
}
