//! What a descriptor or a side file says about a model's inputs and outputs.

/// How fields of a record feed one input of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputMapping {
    /// The model's input.
    pub input: Box<str>,
    /// One field, or the fields of a vector input in order.
    pub fields: Vec<Box<str>>,
}

/// The numbers that stand for the strings of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldCodes {
    /// The field.
    pub field: Box<str>,
    /// Its strings: the first is 0, the next 1, and so on.
    pub strings: Vec<Box<str>>,
}

/// How a score becomes a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelRule {
    /// As the model tells: a vector made by softmax or sigmoid, or one whose classes are named, is a label.
    #[default]
    Model,
    /// The class of the largest number of a vector.
    Largest,
    /// The second of two classes if the only number is above one half.
    AboveHalf,
    /// The second of two classes if the only number is above zero.
    AboveZero,
    /// Not at all: the score stays a number or a list.
    None,
}

impl LabelRule {
    /// All rules.
    pub const ALL: [Self; 5] = [Self::Model, Self::Largest, Self::AboveHalf, Self::AboveZero, Self::None];

    /// The name in side files and descriptors.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Largest => "largest",
            Self::AboveHalf => "above-half",
            Self::AboveZero => "above-zero",
            Self::None => "none",
        }
    }

    /// The rule of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

/// Which output is the score, and how it becomes a label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputMapping {
    /// The output that is the score; the model's first if not given.
    pub score: Option<Box<str>>,
    /// Names of the classes, if the score is a vector over classes; its argmax is then the label.
    pub classes: Vec<Box<str>>,
    /// How the score becomes a label.
    pub label: LabelRule,
}

/// What evaluates a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunTimeChoice {
    /// The engines of this build; another run time only if they lack an operator and it is enabled.
    #[default]
    Auto,
    /// The engines of this build.
    Embedded,
    /// ONNX Runtime, a shared library that the operator names.
    OnnxRuntime,
    /// TensorFlow, a shared library that the operator names.
    TensorFlow,
}

impl RunTimeChoice {
    /// All choices.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Embedded, Self::OnnxRuntime, Self::TensorFlow];

    /// The name in side files and descriptors.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Embedded => "embedded",
            Self::OnnxRuntime => "onnxruntime",
            Self::TensorFlow => "tensorflow",
        }
    }

    /// The choice of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == name)
    }
}

/// Inputs and outputs as the publisher of a model states them; empty means: by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Inputs that are not fed by the field of their own name.
    pub inputs: Vec<InputMapping>,
    /// Fields of strings that feed inputs of numbers.
    pub codes: Vec<FieldCodes>,
    /// The score.
    pub output: OutputMapping,
    /// Signature of a model that has several (SavedModel).
    pub signature: Option<Box<str>>,
    /// What evaluates the model.
    pub run_time: RunTimeChoice,
}

impl Mapping {
    /// The fields that feed `input`, if the mapping names it.
    #[must_use]
    pub fn fields_of(&self, input: &str) -> Option<&[Box<str>]> {
        self.inputs.iter().find(|mapping| &*mapping.input == input).map(|mapping| mapping.fields.as_slice())
    }

    /// The strings that stand for numbers in `field`, if the mapping names it.
    #[must_use]
    pub fn codes_of(&self, field: &str) -> Option<&[Box<str>]> {
        self.codes.iter().find(|codes| &*codes.field == field).map(|codes| codes.strings.as_slice())
    }

    /// Refuses another run time for a format that only the engines of this build evaluate.
    ///
    /// # Errors
    /// [`ModelErrorKind::Unsupported`](crate::ModelErrorKind::Unsupported) that names both.
    pub fn embedded_only(&self, format: &str) -> Result<(), crate::ModelError> {
        match self.run_time {
            RunTimeChoice::Auto | RunTimeChoice::Embedded => Ok(()),
            other => Err(crate::ModelError::new(
                crate::ModelErrorKind::Unsupported,
                format!(
                    "the run time {:?} evaluates no {format}; leave `runtime` out, or say \"embedded\"",
                    other.as_str()
                ),
            )),
        }
    }
}
