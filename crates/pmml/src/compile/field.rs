//! Data fields with their treatments.

use crate::compile::Compiler;
use crate::document::dictionary::{ListedValue, Property};
use crate::document::schema::{InvalidTreatment, MissingTreatment, OutlierTreatment, Usage};
use crate::document::{DataField, DataType, MiningField, ModelHead, OpType};
use crate::fault::{Fault, Result};
use crate::plan::Slot;
use crate::plan::treatment::{InvalidRule, MissingRule, OutlierRule, Status, Treatment};
use crate::value::Kind;

/// True if the active fields of a model hold lists: those of a group are collected.
#[must_use]
pub fn holds_lists(head: &ModelHead<'_>) -> bool {
    match head.element {
        "AssociationModel" => head.mining_schema.fields.iter().any(|field| field.usage == Usage::Group),
        "SequenceModel" => true,
        _ => false,
    }
}

/// True if a nested model takes the field as the model around it has prepared it.
#[must_use]
pub fn is_plain(field: &MiningField<'_>) -> bool {
    field.missing_replacement.is_none()
        && field.missing_treatment.is_none_or(|treatment| {
            !matches!(treatment, MissingTreatment::ReturnInvalid | MissingTreatment::XReturnInvalid)
        })
        && field.invalid_treatment == InvalidTreatment::ReturnInvalid
        && field.outliers == OutlierTreatment::AsIs
}

/// A field of which nothing is declared but the type of its values.
#[must_use]
pub fn undeclared<'a>(field: &MiningField<'a>, kind: Kind) -> DataField<'a> {
    DataField {
        offset: field.offset,
        name: field.name,
        data_type: match kind {
            Kind::Integer => DataType::Integer,
            Kind::Float => DataType::Float,
            Kind::Boolean => DataType::Boolean,
            Kind::Text | Kind::List => DataType::String,
            Kind::Date => DataType::Date,
            Kind::Time => DataType::Time,
            Kind::DateTime => DataType::DateTime,
            _ => DataType::Double,
        },
        op_type: if kind.is_number() { OpType::Continuous } else { OpType::Categorical },
        is_cyclic: false,
        taxonomy: None,
        intervals: Vec::new(),
        values: Vec::new(),
    }
}

impl<'d, 'a> Compiler<'d, 'a> {
    /// How a model treats the values of a field.
    pub fn treatment(
        &mut self,
        data: &DataField<'a>,
        field: &MiningField<'a>,
        kind: Kind,
    ) -> Result<Treatment> {
        let mut treatment = Treatment::plain(kind);
        let mut listed = Vec::new();
        let mut missing_words = Vec::new();
        let mut closes = false;
        let op_type = field.op_type.unwrap_or(data.op_type);
        if op_type != OpType::Continuous {
            // Among values that can only be told apart NaN is one as any other.
            treatment.nan = Status::Valid;
        }
        for value in &data.values {
            let number = self.parse(kind, value.value).map(|datum| datum.number);
            match number {
                Some(number) if number.is_nan() => {
                    treatment.nan = match value.property {
                        Property::Valid => Status::Valid,
                        Property::Invalid => Status::Invalid,
                        Property::Missing => Status::Missing,
                    };
                    if value.property == Property::Missing {
                        missing_words.push(value.value.into());
                    }
                }
                Some(number) => listed.push((number, value.property)),
                None if value.property == Property::Missing => missing_words.push(value.value.into()),
                None => {}
            }
            closes |= value.property == Property::Valid;
        }
        listed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        // Of a value that is listed twice the first entry counts.
        listed.dedup_by(|(a, _), (b, _)| *a == *b);
        treatment.listed = listed.into();
        treatment.missing_words = missing_words.into();
        treatment.intervals = data.intervals.clone().into();
        treatment.is_closed = closes || !data.intervals.is_empty();
        let nan_is_listed = data.values.iter().any(|value| value.value == "NaN");
        if treatment.is_closed && !nan_is_listed {
            treatment.nan = Status::Invalid;
        }
        treatment.invalid = match field.invalid_treatment {
            InvalidTreatment::ReturnInvalid => InvalidRule::Fail,
            InvalidTreatment::AsIs | InvalidTreatment::XAsIs => InvalidRule::Keep,
            InvalidTreatment::AsMissing | InvalidTreatment::XAsMissing => InvalidRule::Missing,
            InvalidTreatment::AsValue => match field.invalid_replacement {
                Some(text) => InvalidRule::Replace(self.replacement(field, kind, text)?),
                None => {
                    return Err(Fault::invalid(
                        field.offset,
                        "invalidValueTreatment=\"asValue\" needs the attribute invalidValueReplacement",
                    ));
                }
            },
        };
        treatment.missing = match (field.missing_treatment, field.missing_replacement) {
            (Some(MissingTreatment::ReturnInvalid | MissingTreatment::XReturnInvalid), _) => {
                MissingRule::Fail
            }
            (_, Some(text)) => MissingRule::Replace(self.replacement(field, kind, text)?),
            (_, None) => MissingRule::Keep,
        };
        treatment.outliers = match field.outliers {
            OutlierTreatment::AsIs => None,
            outliers => {
                let (Some(low), Some(high)) = (field.low_value, field.high_value) else {
                    return Err(Fault::invalid(
                        field.offset,
                        "a treatment of outliers needs the attributes lowValue and highValue",
                    ));
                };
                Some(OutlierRule { low, high, as_missing: outliers == OutlierTreatment::AsMissingValues })
            }
        };
        Ok(treatment)
    }

    fn replacement(&mut self, field: &MiningField<'a>, kind: Kind, text: &str) -> Result<f64> {
        match self.parse(kind, text) {
            Some(datum) => Ok(datum.number),
            None => Err(Fault::invalid(
                field.offset,
                format!("the replacement {text:?} of field {:?} is not {}", field.name, kind.describe()),
            )),
        }
    }

    /// Says of a data field's slot whether its values have an order and can be added.
    pub(super) fn describe_slot(
        &mut self,
        slot: Slot,
        data: &DataField<'a>,
        field: &MiningField<'a>,
        kind: Kind,
    ) {
        let op_type = field.op_type.unwrap_or(data.op_type);
        let order = self.order(op_type, kind, &data.values);
        let plan = &mut self.slots[slot.index()];
        plan.order = order;
        plan.is_categorical = op_type != OpType::Continuous;
    }

    /// The numbers of an ordinal field's values, lowest first.
    pub(super) fn order(
        &mut self,
        op_type: OpType,
        kind: Kind,
        values: &[ListedValue<'a>],
    ) -> Option<Box<[f64]>> {
        if op_type != OpType::Ordinal {
            return None;
        }
        let valid = values.iter().filter(|value| value.property == Property::Valid);
        let numbers: Vec<f64> =
            valid.filter_map(|value| self.parse(kind, value.value)).map(|datum| datum.number).collect();
        (!numbers.is_empty()).then(|| numbers.into())
    }
}
