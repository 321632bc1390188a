//! From the buffers of an engine to typed scores.

use std::sync::Arc;

use scorewheel_columns::{
    Label, Labels, OutputField, OutputSchema, OutputType, OutputValues, Role, Scores, Value,
};
use scorewheel_model::{LabelRule, Mapping, ModelError, OutputMapping};

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::engine::{Layout, Slot};
use crate::error::{invalid, wrong_schema};
use crate::tensor::element_count;

/// An output of a model before it is decided what stands for the score.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub name: Box<str>,
    pub element: ElementType,
    /// Shape of one row's tensor.
    pub shape: Vec<usize>,
    /// True if the numbers are degrees of belief in classes: made by softmax or sigmoid.
    pub over_classes: bool,
    /// What the numbers belong to, if they are a map.
    pub keys: Option<Arc<Labels>>,
}

/// How one column of the scores is made.
#[derive(Clone, Debug)]
enum Make {
    /// The elements as they are.
    Copy { slot: usize },
    /// The class of the largest number.
    Largest { slot: usize },
    /// The second class if the only number is above this one.
    Above { slot: usize, bound: f64 },
}

/// How the outputs of an engine become the columns of the scores.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    schema: Arc<OutputSchema>,
    makes: Vec<Make>,
}

impl Answers {
    /// The columns of a model: a label where the score is a vector over classes, then every output by its name.
    ///
    /// # Errors
    /// The mapping names an output that is not there, or classes that are not as many as the score has numbers.
    pub fn new(answers: &[Answer], mapping: &Mapping) -> Result<Self, ModelError> {
        let score = match &mapping.output.score {
            None => 0,
            Some(name) => answers.iter().position(|answer| answer.name == *name).ok_or_else(|| {
                let names: Vec<&str> = answers.iter().map(|answer| &*answer.name).collect();
                wrong_schema(format!("the mapping names the output {name:?}; the model has {names:?}"))
            })?,
        };
        let mut fields = Vec::new();
        let mut makes = Vec::new();
        let answer = answers.get(score).ok_or_else(|| invalid("the model has no output"))?;
        let label = label(answer, score, &mapping.output)?;
        let labelled = label.is_some();
        if let Some((labels, make)) = label {
            fields.push(OutputField {
                name: None,
                role: Role::Target,
                output_type: OutputType::Label(labels),
            });
            makes.push(make);
        }
        let mut order: Vec<usize> = (0..answers.len()).collect();
        order.sort_by_key(|index| *index != score);
        for index in order {
            let answer = &answers[index];
            fields.push(OutputField {
                name: Some(answer.name.clone()),
                role: if index == score && !labelled { Role::Target } else { Role::Output },
                output_type: output_type(answer),
            });
            makes.push(Make::Copy { slot: index });
        }
        Ok(Self { schema: Arc::new(OutputSchema::new(fields)), makes })
    }

    /// The columns.
    pub fn schema(&self) -> &Arc<OutputSchema> {
        &self.schema
    }

    /// Copies `rows` rows of the engine's buffers into the scores, from row `first` on.
    pub fn write(
        &self,
        buffers: &[Data],
        slots: &[Slot],
        layout: (Layout, usize),
        first: usize,
        rows: usize,
        scores: &mut Scores,
    ) {
        for (make, column) in self.makes.iter().zip(scores.columns_mut()) {
            match make {
                Make::Copy { slot } => {
                    let strides = layout.0.strides(slots[*slot], layout.1);
                    copy(&buffers[*slot], slots[*slot].width, strides, first, rows, &mut column.values);
                }
                Make::Largest { slot } | Make::Above { slot, .. } => {
                    let strides = layout.0.strides(slots[*slot], layout.1);
                    for row in 0..rows {
                        let start = row * strides.0;
                        let at = |index: usize| number(&buffers[*slot], start + index * strides.1);
                        let class = match make {
                            Make::Above { bound, .. } => above(at(0), *bound),
                            _ => largest(slots[*slot].width, at),
                        };
                        match (&mut column.values, class) {
                            (OutputValues::Label(codes), Some(class)) => codes[first + row] = class,
                            // No class can be told; the numbers are given all the same, as the libraries do.
                            _ => column.set_missing(first + row),
                        }
                    }
                }
            }
        }
    }
}

/// The class of the largest number, the first of equals; `None` if one is NaN.
fn largest(width: usize, at: impl Fn(usize) -> f64) -> Option<u32> {
    let mut best = (0, at(0));
    for index in 0..width {
        let value = at(index);
        if value.is_nan() {
            return None;
        }
        if value > best.1 {
            best = (index, value);
        }
    }
    Some(best.0 as u32)
}

fn above(value: f64, bound: f64) -> Option<u32> {
    (!value.is_nan()).then_some(u32::from(value > bound))
}

fn number(data: &Data, index: usize) -> f64 {
    match data {
        Data::F32(elements) => f64::from(elements[index]),
        Data::F64(elements) => elements[index],
        Data::I64(elements) => elements[index] as f64,
        Data::Bool(_) | Data::Text(_) => f64::NAN,
    }
}

/// The labels of a score, and how they are found; `None` if the score stays what it is.
fn label(
    answer: &Answer,
    slot: usize,
    output: &OutputMapping,
) -> Result<Option<(Arc<Labels>, Make)>, ModelError> {
    let width = element_count(&answer.shape);
    let numeric = matches!(answer.element.storage(), Storage::F32 | Storage::F64 | Storage::I64);
    let classes = &output.classes;
    let single = width == 1 && numeric;
    let vector = width >= 2 && numeric;
    let over_classes =
        answer.over_classes && answer.element.is_float() && answer.shape.len() == 1 && width >= 2;
    let (make, count) = match output.label {
        LabelRule::None if classes.is_empty() => return Ok(None),
        LabelRule::None => {
            return Err(wrong_schema("the mapping names classes and says that the score is no label"));
        }
        LabelRule::Model if classes.is_empty() && !over_classes => return Ok(None),
        LabelRule::Model if classes.len() == 2 && single => (Make::Above { slot, bound: 0.5 }, 2),
        LabelRule::Model | LabelRule::Largest if vector => (Make::Largest { slot }, width),
        LabelRule::AboveHalf if single => (Make::Above { slot, bound: 0.5 }, 2),
        LabelRule::AboveZero if single => (Make::Above { slot, bound: 0.0 }, 2),
        rule => {
            let what = match rule {
                LabelRule::Model => "names its classes".to_owned(),
                rule => format!("says that it becomes a label by {:?}", rule.as_str()),
            };
            return Err(wrong_schema(format!(
                "the output {:?} is {} of {}, and the mapping {what}",
                answer.name,
                if width == 1 { "one value".to_owned() } else { format!("{width} values") },
                answer.element
            )));
        }
    };
    if !classes.is_empty() && classes.len() != count {
        return Err(wrong_schema(format!(
            "the mapping names {} classes; the output {:?} tells {count} apart",
            classes.len(),
            answer.name
        )));
    }
    let numbered = |index: usize| Label { value: Value::I64(index as i64), text: index.to_string().into() };
    let labels = match classes.is_empty() {
        true => Labels::new((0..count).map(numbered).collect()),
        false => Labels::of_texts(classes.iter().cloned()),
    };
    Ok(Some((Arc::new(labels), make)))
}

fn output_type(answer: &Answer) -> OutputType {
    if let Some(keys) = &answer.keys {
        return OutputType::Distribution(Arc::clone(keys));
    }
    let single = answer.shape.is_empty() || answer.shape == [1];
    match (answer.element.storage(), single) {
        (Storage::F32, true) => OutputType::F32,
        (Storage::F64, true) => OutputType::F64,
        (Storage::I64, true) => OutputType::I64,
        (Storage::Bool, true) => OutputType::Bool,
        (Storage::Text, true) => OutputType::Text,
        (Storage::Bool | Storage::Text, false) => OutputType::Any,
        (_, false) => OutputType::Tensor(answer.shape.clone().into()),
    }
}

fn copy(
    data: &Data,
    width: usize,
    (row_stride, stride): (usize, usize),
    first: usize,
    rows: usize,
    out: &mut OutputValues,
) {
    let positions = |row: usize| (0..width).map(move |index| row * row_stride + index * stride);
    macro_rules! single {
        ($out:expr, $data:expr) => {{
            let out = &mut $out[first..first + rows];
            if row_stride == 1 {
                out.copy_from_slice(&$data[..rows]);
            } else {
                out.iter_mut().zip($data.iter().step_by(row_stride)).for_each(|(out, value)| *out = *value);
            }
        }};
    }
    match (out, data) {
        (OutputValues::F32(out), Data::F32(data)) => single!(out, data),
        (OutputValues::F64(out), Data::F64(data)) => single!(out, data),
        (OutputValues::I64(out), Data::I64(data)) => single!(out, data),
        (OutputValues::Bool(out), Data::Bool(data)) => single!(out, data),
        (OutputValues::Text { bytes, ends }, Data::Text(data)) => {
            // Texts are appended: the rows before were written by earlier calls.
            for row in 0..rows {
                bytes.push_str(&data[row * row_stride]);
                ends.push(bytes.len() as u32);
            }
        }
        (OutputValues::Numbers { width, numbers }, Data::F32(data))
            if stride == 1 && row_stride == *width =>
        {
            let out = numbers[first * *width..(first + rows) * *width].iter_mut();
            out.zip(data).for_each(|(out, value)| *out = f64::from(*value));
        }
        (OutputValues::Numbers { width, numbers }, data) => {
            for row in 0..rows {
                let out = &mut numbers[(first + row) * *width..(first + row + 1) * *width];
                match data {
                    Data::F32(data) => {
                        out.iter_mut().zip(positions(row)).for_each(|(out, at)| *out = f64::from(data[at]));
                    }
                    Data::F64(data) => {
                        out.iter_mut().zip(positions(row)).for_each(|(out, at)| *out = data[at])
                    }
                    _ => out.iter_mut().zip(positions(row)).for_each(|(out, at)| *out = number(data, at)),
                }
            }
        }
        (OutputValues::Any(out), Data::Bool(data)) => {
            for row in 0..rows {
                out[first + row] = Value::List(positions(row).map(|at| Value::Bool(data[at])).collect());
            }
        }
        (OutputValues::Any(out), Data::Text(data)) => {
            for row in 0..rows {
                out[first + row] =
                    Value::List(positions(row).map(|at| Value::from(data[at].as_str())).collect());
            }
        }
        _ => {}
    }
}
