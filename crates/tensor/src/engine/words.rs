//! Texts split into words, of which each text has its own number.
//!
//! Every length is known here before a record is seen, so words lie in a tensor of as many places as one text may have
//! words; places without a word say that they are of a text that does not exist. [`check`] sees to it that nothing
//! takes such a place for a word: what is computed of words word by word is fine, and so is what puts them back to
//! their texts by the numbers of these.

use std::collections::HashMap;
use std::sync::Arc;

use scorewheel_model::ModelError;

use crate::engine::trace::{Operand, Source, Traced, TracedStep, Tracer};
use crate::error::{invalid, unsupported};
use crate::graph::{Node, Resource};
use crate::operators::by_rows::by_element;
use crate::tensor::Tensor;

/// What lies in a buffer with places for words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// The number of the text of each word.
    Texts,
    /// Words, or what became of them.
    Words,
}

impl Tracer<'_> {
    /// `StringSplitV2`: where the words are, the words, and the shape of a table of them. Of the first and the last only
    /// the texts are known: their numbers, and how many there are.
    pub(super) fn split_into_words(
        &mut self,
        node: &Node,
        inputs: &[Option<Traced>],
    ) -> Result<Vec<Traced>, ModelError> {
        let texts = match inputs.first() {
            Some(Some(Traced::Runtime(operand))) => operand.tensor_type.len(),
            Some(Some(Traced::Constant(tensor))) => tensor.data.len(),
            _ => return Err(invalid("input 0 is missing")),
        };
        let mut found = self.compute(node, inputs.to_vec())?.into_iter();
        let (Some(numbers), Some(words)) = (found.next(), found.next()) else {
            return Err(invalid("a split without a result"));
        };
        let count = Traced::Constant(Arc::new(Tensor::i64(&[], vec![texts as i64])));
        let places = self.columns(vec![Some(numbers), None])?;
        let shape = self.columns(vec![Some(count), None])?;
        Ok(vec![places, words, shape])
    }

    fn columns(&mut self, columns: Vec<Option<Traced>>) -> Result<Traced, ModelError> {
        let Traced::Resource(Resource::List(index)) = self.new_list(columns)? else {
            return Err(invalid("a table without columns"));
        };
        Ok(Traced::Resource(Resource::Columns(index)))
    }

    /// `StridedSlice` of what [`Tracer::split_into_words`] gives: the column of the texts.
    pub(super) fn column(
        &self,
        node: &Node,
        index: usize,
        inputs: &[Option<Traced>],
    ) -> Result<Vec<Traced>, ModelError> {
        let begin = match inputs.get(1) {
            Some(Some(Traced::Constant(begin))) => begin.data.i64(),
            _ => {
                return Err(unsupported(
                    "a slice of what a split gives, at a place that depends on the record",
                ));
            }
        };
        let mask = |name: &str| node.attributes.integer_or(name, 0);
        // The last dimension is narrowed to one place, the one before it stays whole.
        let last = begin.len().saturating_sub(1);
        let whole = (1 << last) - 1;
        let one = mask("shrink_axis_mask")? == 1 << last
            && mask("begin_mask")? & whole == whole
            && mask("end_mask")? & whole == whole
            && mask("ellipsis_mask")? == 0
            && mask("new_axis_mask")? == 0;
        let place = begin.last().filter(|_| one).and_then(|place| usize::try_from(*place).ok());
        let column = place.and_then(|place| self.lists.get(index)?.get(place)?.clone());
        let column = column.ok_or_else(|| {
            unsupported(
                "a slice of where words are, or of how many there are at most, which depends on the record",
            )
        })?;
        Ok(vec![column])
    }
}

/// Refuses steps and outputs that would take a place without a word for one.
pub(crate) fn check(steps: &[TracedStep], outputs: &[Traced]) -> Result<(), ModelError> {
    let mut held: HashMap<usize, Holds> = HashMap::new();
    for step in steps {
        if &*step.operator == "StringSplitV2" {
            held.insert(step.outputs[0].buffer, Holds::Texts);
            held.insert(step.outputs[1].buffer, Holds::Words);
            continue;
        }
        let holds = |source: &Source| match source {
            Source::Operand(operand) => held.get(&operand.buffer).copied(),
            _ => None,
        };
        let inputs: Vec<Option<Holds>> = step.inputs.iter().map(holds).collect();
        let read: Vec<Holds> = inputs.iter().flatten().copied().collect();
        if read.is_empty() {
            continue;
        }
        let all = |kind: Holds| read.iter().all(|held| *held == kind);
        let result = match &*step.operator {
            "Cast" if all(Holds::Texts) => Some(Holds::Texts),
            operator if by_element(operator) && all(Holds::Words) => Some(Holds::Words),
            // Counts per text: the number of a text that does not exist is larger than what is counted.
            "DenseBincount" if inputs[0] == Some(Holds::Texts) && read.len() == 1 && counts_texts(step) => {
                None
            }
            "RaggedTensorToTensor" | "RaggedBincount" => None,
            operator => {
                return Err(unsupported(format!(
                    "{operator} of the words of a text: how many there are depends on the record; split it before"
                )));
            }
        };
        if let Some(result) = result {
            step.outputs.iter().for_each(|output| {
                held.insert(output.buffer, result);
            });
        }
    }
    let given =
        |output: &Traced| matches!(output, Traced::Runtime(operand) if held.contains_key(&operand.buffer));
    if outputs.iter().any(given) {
        return Err(unsupported(
            "an output that is the words of a text: how many there are depends on the record",
        ));
    }
    Ok(())
}

/// Whether a `DenseBincount` counts no more numbers than there are texts: places have [`WORDS`] a text.
fn counts_texts(step: &TracedStep) -> bool {
    let numbers = |source: &Source| match source {
        Source::Operand(Operand { tensor_type, .. }) => tensor_type.len(),
        _ => 0,
    };
    let counted = step.outputs[0].tensor_type.len();
    counted.checked_mul(WORDS).is_some_and(|places| places <= numbers(&step.inputs[0]))
}

/// Most words of a text.
pub(crate) const WORDS: usize = 1 << 10;
