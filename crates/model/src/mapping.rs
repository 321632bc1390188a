//! What a descriptor or a side file says about a model's inputs and outputs.

/// How fields of a record feed one input of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputMapping {
    /// The model's input.
    pub input: Box<str>,
    /// One field, or the fields of a vector input in order.
    pub fields: Vec<Box<str>>,
}

/// Which output is the score, and how it becomes a label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputMapping {
    /// The output that is the score; the model's first if not given.
    pub score: Option<Box<str>>,
    /// Names of the classes, if the score is a vector over classes; its argmax is then the label.
    pub classes: Vec<Box<str>>,
}

/// Inputs and outputs as the publisher of a model states them; empty means: by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Inputs that are not fed by the field of their own name.
    pub inputs: Vec<InputMapping>,
    /// The score.
    pub output: OutputMapping,
    /// Signature of a model that has several (SavedModel).
    pub signature: Option<Box<str>>,
}

impl Mapping {
    /// The fields that feed `input`, if the mapping names it.
    #[must_use]
    pub fn fields_of(&self, input: &str) -> Option<&[Box<str>]> {
        self.inputs.iter().find(|mapping| &*mapping.input == input).map(|mapping| mapping.fields.as_slice())
    }
}
