//! Expressions.

use scorewheel_columns::{ErrorCode, RowError};

use crate::compile::expression::hash_keys;
use crate::document::schema::OutlierTreatment;
use crate::plan::Expression;
use crate::plan::expression::{
    Bins, Call, Function, Indicator, Lookup, OneRecord, OneRecordFunction, Piecewise,
};
use crate::score::Row;
use crate::score::row::Evaluated;
use crate::value::{Datum, Kind};

/// Arguments up to this many are evaluated without allocation.
const INLINE_ARGUMENTS: usize = 8;

impl Row<'_> {
    /// Evaluates an expression.
    pub fn evaluate(&mut self, expression: &Expression) -> Evaluated {
        self.step()?;
        match expression {
            Expression::Constant(datum) => Ok(*datum),
            Expression::Field { slot, missing } => Ok(self.get(*slot)?.or(*missing)),
            Expression::Parameter { index, missing } => Ok(self.parameter(*index).or(*missing)),
            Expression::Piecewise(piecewise) => self.piecewise(piecewise),
            Expression::Indicator(indicator) => self.indicator(indicator),
            Expression::Bins(bins) => self.bins(bins),
            Expression::Lookup(lookup) => self.lookup(lookup),
            Expression::Term(term) => self.term(term),
            Expression::Call(call) => self.apply(call),
            Expression::OneRecord(one) => self.one_record(one),
            Expression::Unsupported(place) => Err(self.error(ErrorCode::UnsupportedElement, *place)),
        }
    }

    fn piecewise(&mut self, piecewise: &Piecewise) -> Evaluated {
        let Some(datum) = self.evaluate(&piecewise.argument)? else {
            return Ok(piecewise.missing.map(Datum::double));
        };
        let number = match datum.as_number() {
            Some(number) => number,
            None => match datum.cast(Kind::Double, &mut self.texts) {
                Ok(datum) => datum.number,
                Err(code) => return Err(self.error(code, piecewise.place)),
            },
        };
        Ok(normalize(piecewise, number).or(piecewise.missing).map(Datum::double))
    }

    fn indicator(&mut self, indicator: &Indicator) -> Evaluated {
        let Some(datum) = self.evaluate(&indicator.argument)? else {
            return Ok(indicator.missing.map(Datum::double));
        };
        let holds = match indicator.value {
            Some(value) => value.number == datum.number,
            None => {
                let text = Datum::text(indicator.text);
                text.cast(datum.kind, &mut self.texts).is_ok_and(|value| value.number == datum.number)
            }
        };
        Ok(Some(Datum::double(f64::from(u8::from(holds)))))
    }

    fn bins(&mut self, bins: &Bins) -> Evaluated {
        let Some(datum) = self.evaluate(&bins.argument)? else {
            return self.found(bins.missing, bins.kind, bins.place);
        };
        let number = match datum.as_number() {
            Some(number) => number,
            None => match datum.cast(Kind::Double, &mut self.texts) {
                Ok(datum) => datum.number,
                Err(code) => return Err(self.error(code, bins.place)),
            },
        };
        // Of bins that overlap the last one counts.
        let found = bins.bins.iter().rfind(|(interval, _)| interval.contains(number));
        self.found(found.map(|(_, datum)| *datum).or(bins.default), bins.kind, bins.place)
    }

    /// A result of a table, which must be of the table's type.
    fn found(&self, datum: Option<Datum>, kind: Option<Kind>, place: crate::plan::Place) -> Evaluated {
        match (datum, kind) {
            (Some(datum), Some(kind)) if datum.kind != kind => {
                Err(self.error(ErrorCode::ResultOutOfType, place))
            }
            _ => Ok(datum),
        }
    }

    fn lookup(&mut self, lookup: &Lookup) -> Evaluated {
        let width = lookup.arguments.len();
        let mut keys = self.take_numbers();
        for (argument, kind) in lookup.arguments.iter().zip(&lookup.kinds) {
            match self.evaluate(argument) {
                Ok(Some(datum)) => {
                    // Where only the row tells the type the table holds strings.
                    let key = match kind {
                        Some(_) => datum.number,
                        None => match datum.cast(Kind::Text, &mut self.texts) {
                            Ok(text) => text.number,
                            Err(code) => {
                                self.give_numbers(keys);
                                return Err(self.error(code, lookup.place));
                            }
                        },
                    };
                    keys.push(key);
                }
                other => {
                    self.give_numbers(keys);
                    other?;
                    return self.found(lookup.missing, lookup.kind, lookup.place);
                }
            }
        }
        let found = lookup.index.find(hash_keys(&keys), |row| {
            let row = *row as usize * width;
            lookup.keys[row..row + width] == keys[..]
        });
        let result = match found {
            Some(row) => lookup.results[*row as usize],
            None => lookup.default,
        };
        self.give_numbers(keys);
        self.found(result, lookup.kind, lookup.place)
    }

    fn one_record(&mut self, one: &OneRecord) -> Evaluated {
        let value = self.evaluate(&one.argument)?;
        Ok(match one.what {
            OneRecordFunction::Value => value,
            OneRecordFunction::Count => Some(Datum::integer(i64::from(value.is_some()))),
            OneRecordFunction::List => {
                let list = self.lists.push(value.map(Some));
                Some(Datum::new(Kind::List, f64::from(list)))
            }
            OneRecordFunction::Earlier => None,
        })
    }

    fn apply(&mut self, call: &Call) -> Evaluated {
        let result = match &call.function {
            Function::Builtin(builtin) if builtin.is_lazy() => builtin.evaluate_lazily(self, call),
            _ => self.apply_to_values(call),
        };
        match result {
            Ok(Some(datum)) if datum.kind.is_number() && datum.number.is_nan() => {
                if call.invalid_as_missing {
                    Ok(call.default)
                } else {
                    Err(self.error(ErrorCode::ResultNotANumber, call.place))
                }
            }
            Ok(None) => Ok(call.default),
            result => result,
        }
    }

    fn apply_to_values(&mut self, call: &Call) -> Evaluated {
        let mut inline = [None; INLINE_ARGUMENTS];
        let mut spilled = Vec::new();
        let values: &mut [Option<Datum>] = if call.arguments.len() <= INLINE_ARGUMENTS {
            &mut inline[..call.arguments.len()]
        } else {
            spilled.resize(call.arguments.len(), None);
            &mut spilled
        };
        for (value, argument) in values.iter_mut().zip(&call.arguments) {
            *value = self.evaluate(argument)?;
            if value.is_none() && call.missing.is_some() {
                return Ok(call.missing);
            }
        }
        match &call.function {
            Function::Builtin(builtin) => {
                builtin.apply(values, self).map_err(|code| self.error(code, call.place))
            }
            Function::Defined(index) => {
                let plan = self.plan;
                let function = &plan.functions[*index as usize];
                for (value, kind) in values.iter_mut().zip(&function.parameters) {
                    *value = self.cast(*value, *kind, call)?;
                }
                let result = self.call(values, &function.body)?;
                self.cast(result, function.kind, call)
            }
        }
    }

    fn cast(&mut self, value: Option<Datum>, kind: Option<Kind>, call: &Call) -> Evaluated {
        match (value, kind) {
            (Some(datum), Some(kind)) => match datum.cast(kind, &mut self.texts) {
                Ok(datum) => Ok(Some(datum)),
                Err(code) => Err(self.error(code, call.place)),
            },
            (value, _) => Ok(value),
        }
    }
}

/// The value of a piecewise linear function; `None` for an outlier that counts as missing.
#[must_use]
pub fn normalize(piecewise: &Piecewise, number: f64) -> Option<f64> {
    let points = &piecewise.points;
    let (first, last) = (points[0], points[points.len() - 1]);
    if number < first.0 || number > last.0 {
        match piecewise.outliers {
            OutlierTreatment::AsMissingValues => return None,
            OutlierTreatment::AsExtremeValues => {
                return Some(if number < first.0 { first.1 } else { last.1 });
            }
            OutlierTreatment::AsIs => {}
        }
    }
    // Outside the points the end segments go on.
    let after = points[1..points.len() - 1].iter().position(|point| number <= point.0);
    let start = after.unwrap_or(points.len() - 2);
    Some(interpolate(points[start], points[start + 1], number))
}

/// The point of a line through two points.
#[inline]
#[must_use]
pub fn interpolate(from: (f64, f64), to: (f64, f64), number: f64) -> f64 {
    from.1 + (number - from.0) / (to.0 - from.0) * (to.1 - from.1)
}

/// The error of a result that is not a number.
#[must_use]
pub fn not_a_number(place: crate::plan::Place) -> RowError {
    RowError::new(ErrorCode::ResultNotANumber).at(place.0)
}
