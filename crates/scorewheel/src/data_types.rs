//! The data types of a configuration.

use std::path::Path;

use scorewheel_codecs::{Codec, DataTypeDefinition, DataTypes, DeclarationError, ProtobufMessage};

use crate::config::data_type::BUILT_IN;
use crate::config::{CodecChoice, Config, DataTypeConfig};
use crate::exit_code::{ExitCode, Failure};

/// Compiles the schemas of all configured data types; `wine` is among them, and the default unless another is.
///
/// # Errors
/// [`ExitCode::FileNotFound`] for a schema that cannot be read, [`ExitCode::Configuration`] for one that is wrong.
pub fn data_types(config: &Config) -> Result<DataTypes, Failure> {
    let wrong = |error: DeclarationError| Failure::new(ExitCode::Configuration, error.to_string());
    let mut types = config.data_types.iter().map(definition).collect::<Result<Vec<_>, _>>()?;
    if !types.iter().any(|definition| definition.name() == BUILT_IN) {
        types.push(DataTypeDefinition::wine().map_err(wrong)?);
    }
    let default = config.data_types.iter().find(|entry| entry.default).map_or(BUILT_IN, |entry| &entry.name);
    DataTypes::new(types, default).map_err(wrong)
}

fn definition(entry: &DataTypeConfig) -> Result<DataTypeDefinition, Failure> {
    let codec = match entry.codec {
        CodecChoice::Auto => Codec::Auto,
        CodecChoice::Protobuf => Codec::Protobuf,
        CodecChoice::Json => Codec::Json,
    };
    let message = match &entry.schema {
        Some(path) => compile(path, entry)?,
        None => {
            let wine = DataTypeDefinition::wine();
            let message = wine.ok().and_then(|wine| wine.message().cloned());
            message.ok_or_else(|| Failure::run_time("the built-in schema does not compile"))?
        }
    };
    Ok(DataTypeDefinition::of_message(&entry.name, codec, message))
}

fn compile(path: &Path, entry: &DataTypeConfig) -> Result<ProtobufMessage, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(ExitCode::FileNotFound, format!("cannot read the schema {}: {error}", path.display()))
    })?;
    let wrong = |error: DeclarationError| {
        let message = format!("the schema {} of data type {:?}: {error}", path.display(), entry.name);
        Failure::new(ExitCode::Configuration, message)
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let files = [(&*name, &*text)];
    match &entry.message {
        Some(message) => ProtobufMessage::compile(&files, message, &[]).map_err(wrong),
        // A file with one message needs no name for it; asked for none, the compiler says which there are.
        None => match ProtobufMessage::compile(&files, "", &[]) {
            Err(DeclarationError::UnknownMessage { known, .. })
                if !known.is_empty() && !known.contains(',') =>
            {
                ProtobufMessage::compile(&files, &known, &[]).map_err(wrong)
            }
            Err(DeclarationError::UnknownMessage { known, .. }) => {
                let message = format!(
                    "the schema {} of data type {:?} has several messages: name one of {known} with `message`",
                    path.display(),
                    entry.name
                );
                Err(Failure::new(ExitCode::Configuration, message))
            }
            other => other.map_err(wrong),
        },
    }
}
