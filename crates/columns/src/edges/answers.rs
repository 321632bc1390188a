//! What an answer is called, and one answer without its column.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::labels::{Label, Labels};
use crate::outputs::{OutputSchema, OutputType, Role};
use crate::schema::fold_name;
use crate::scores::{OutputValues, Scores};
use crate::value::Value;

/// What the target of a model is called that has no name for it.
pub const SCORE: &str = "score";

/// The names of the columns that a model answers with, all different.
///
/// Targets and outputs have their own names, a nameless target is `score`. What is told about the first target is
/// `probability`, `confidence`, `affinity`, `entityId`, `entityIdRanking`; about another target `y` it is
/// `y.probability` and so on. A name that an earlier column has, own names first, gets a `_` at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerNames {
    names: Vec<Arc<str>>,
    folded: Vec<String>,
}

impl AnswerNames {
    /// The names for answers of this schema.
    #[must_use]
    pub fn new(schema: &OutputSchema) -> Self {
        let mut taken: HashSet<Arc<str>> = HashSet::new();
        let mut names: Vec<Option<Arc<str>>> = vec![None; schema.fields.len()];
        let mut take = |name: &str| {
            let mut name = name.to_owned();
            while taken.contains(name.as_str()) {
                name.push('_');
            }
            let name: Arc<str> = name.into();
            taken.insert(Arc::clone(&name));
            name
        };
        for (slot, field) in names.iter_mut().zip(&schema.fields) {
            if let (Some(name), Role::Target | Role::Output) = (&field.name, &field.role) {
                *slot = Some(take(name));
            }
        }
        let first = schema.score();
        for (index, field) in schema.fields.iter().enumerate() {
            if names[index].is_some() {
                continue;
            }
            let name = match field.role {
                Role::Auxiliary { target, what } if Some(target) == first => take(what.as_str()),
                Role::Auxiliary { target, what } => {
                    let target = names.get(target).and_then(|name| name.as_deref()).unwrap_or(SCORE);
                    take(&format!("{target}.{}", what.as_str()))
                }
                Role::Target | Role::Output => take(SCORE),
            };
            names[index] = Some(name);
        }
        let names: Vec<Arc<str>> = names.into_iter().flatten().collect();
        let folded = names.iter().map(|name| fold_name(name)).collect();
        Self { names, folded }
    }

    /// The names, in the order of the columns.
    #[must_use]
    pub fn all(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The column of this name, exactly, else of the only one that differs from it in case, `_`, `-` and space.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        if let Some(column) = self.names.iter().position(|known| **known == *name) {
            return Some(column);
        }
        let folded = fold_name(name);
        let mut found = (0..self.names.len()).filter(|column| self.folded[*column] == folded);
        match (found.next(), found.next()) {
            (Some(column), None) => Some(column),
            _ => None,
        }
    }

    /// The answers of a row by name; one that is missing, and every one of a row with an error, is [`Value::Missing`].
    #[must_use]
    pub fn map(&self, scores: &Scores, row: usize) -> BTreeMap<Arc<str>, Value> {
        let columns = self.names.iter().enumerate();
        columns.map(|(column, name)| (Arc::clone(name), scores.get(column, row))).collect()
    }
}

/// One answer, borrowed from its column.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'s> {
    /// No answer.
    Missing,
    /// 64-bit floating point.
    F64(f64),
    /// 32-bit floating point.
    F32(f32),
    /// 64-bit signed integer.
    I64(i64),
    /// Truth value.
    Bool(bool),
    /// One of a closed list of categories.
    Label(&'s Label),
    /// String.
    Text(&'s str),
    /// Days since 1970-01-01.
    Date(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01T00:00:00.
    DateTime(i64),
    /// A number for each category.
    Distribution(&'s Labels, &'s [f64]),
    /// The codes of categories from first to last; those after the last one are below 0.
    Ranking(&'s Labels, &'s [f64]),
    /// Numbers of this shape, row-major.
    Tensor(&'s [usize], &'s [f64]),
    /// A list, a map, or a value whose type differs by row.
    Value(&'s Value),
}

impl<'s> Answer<'s> {
    /// The answer in one cell; missing for a row with an error, and where there is no such cell.
    #[must_use]
    pub fn of(scores: &'s Scores, column: usize, row: usize) -> Self {
        let (Some(field), Some(data)) = (scores.schema().fields.get(column), scores.columns().get(column))
        else {
            return Self::Missing;
        };
        if row >= scores.rows() || data.is_missing(row) || scores.error(row).is_some() {
            return Self::Missing;
        }
        match (&data.values, &field.output_type) {
            (OutputValues::F64(values), _) => Self::F64(values[row]),
            (OutputValues::F32(values), _) => Self::F32(values[row]),
            (OutputValues::I64(values), OutputType::Date) => Self::Date(values[row]),
            (OutputValues::I64(values), OutputType::Time) => Self::Time(values[row]),
            (OutputValues::I64(values), OutputType::DateTime) => Self::DateTime(values[row]),
            (OutputValues::I64(values), _) => Self::I64(values[row]),
            (OutputValues::Bool(values), _) => Self::Bool(values[row]),
            (OutputValues::Label(codes), OutputType::Label(labels)) => {
                labels.get(codes[row]).map_or(Self::Missing, Self::Label)
            }
            (OutputValues::Label(codes), _) => Self::I64(i64::from(codes[row])),
            (OutputValues::Text { .. }, _) => Self::Text(data.text(row)),
            (OutputValues::Numbers { width, numbers }, output_type) => {
                let numbers = &numbers[row * width..(row + 1) * width];
                match output_type {
                    OutputType::Distribution(labels) => Self::Distribution(labels, numbers),
                    OutputType::Ranking(labels) => Self::Ranking(labels, numbers),
                    OutputType::Tensor(shape) => Self::Tensor(shape, numbers),
                    _ => Self::Tensor(&[0], numbers),
                }
            }
            (OutputValues::Any(values), _) => Self::Value(&values[row]),
        }
    }

    /// The labels of a ranking from first to last.
    pub fn ranked(labels: &'s Labels, codes: &'s [f64]) -> impl Iterator<Item = &'s Label> {
        codes.iter().take_while(|code| **code >= 0.0).filter_map(|code| labels.get(*code as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::{Auxiliary, OutputField};

    #[test]
    fn names_are_all_different_and_own_ones_go_first() {
        let field = |name: Option<&str>, role| OutputField {
            name: name.map(Into::into),
            role,
            output_type: OutputType::F64,
        };
        let about = |target, what| field(None, Role::Auxiliary { target, what });
        let names = AnswerNames::new(&OutputSchema::new(vec![
            field(None, Role::Target),
            field(Some("y"), Role::Target),
            field(Some("probability"), Role::Output),
            field(Some("Node-Id"), Role::Output),
            about(0, Auxiliary::Probability),
            about(0, Auxiliary::EntityId),
            about(1, Auxiliary::Probability),
        ]));
        let all: Vec<&str> = names.all().iter().map(|name| &**name).collect();
        assert_eq!(
            all,
            ["score", "y", "probability", "Node-Id", "probability_", "entityId", "y.probability"]
        );
        assert_eq!((names.find("node_id"), names.find("entity_id")), (Some(3), Some(5)));
        assert_eq!((names.find("probability"), names.find("other")), (Some(2), None));
        // Two names that differ in manner only are found exactly.
        assert_eq!(names.find("PROBABILITY"), None);
    }
}
