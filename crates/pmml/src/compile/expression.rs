//! Expressions and functions of the document.

use hashbrown::HashTable;

use crate::compile::hopeless::Failing;
use crate::compile::{Compiler, ScopeId};
use crate::document::expression::{
    AggregateFunction, Apply, DefineFunction, Discretize, ExpressionNode, LagAggregate, MapValues,
    NormContinuous, NormDiscrete,
};
use crate::document::schema::InvalidTreatment;
use crate::document::{DataType, Expression as Written};
use crate::fault::{Fault, Result};
use crate::functions::Builtin;
use crate::plan::expression::{
    Bins, Call, Expression, Function, FunctionPlan, Indicator, Lookup, OneRecord, OneRecordFunction,
    Piecewise,
};
use crate::plan::treatment::Treatment;
use crate::value::{Datum, Kind, parsing};

/// How far a function of the document is compiled.
pub enum FunctionState<'d, 'a> {
    /// Not called so far.
    Waiting(&'d DefineFunction<'a>),
    /// Being compiled: calling it now closes a cycle.
    Busy,
    /// Index into the plan's functions.
    Done(u32),
}

/// Where an expression stands: what its names mean, and what type is expected of it.
#[derive(Clone, Copy)]
pub struct Standing<'p, 'a> {
    /// The scope of field names.
    pub scope: ScopeId,
    /// Parameters of the function whose body it is in.
    pub parameters: &'p [(&'a str, Option<DataType>)],
    /// Type of the field whose value it is.
    pub expected: Option<Kind>,
}

impl<'d, 'a> Compiler<'d, 'a> {
    /// Compiles an expression over the fields of a scope.
    pub fn expression(&mut self, scope: ScopeId, written: &'d Written<'a>) -> Result<Expression> {
        self.expression_at(Standing { scope, parameters: &[], expected: None }, written)
    }

    /// Compiles the expression of a field of known type.
    pub fn expression_of(
        &mut self,
        scope: ScopeId,
        kind: Kind,
        written: &'d Written<'a>,
    ) -> Result<Expression> {
        self.expression_at(Standing { scope, parameters: &[], expected: Some(kind) }, written)
    }

    /// Compiles an expression.
    pub fn expression_at(&mut self, at: Standing<'_, 'a>, written: &'d Written<'a>) -> Result<Expression> {
        let offset = written.offset;
        match &written.node {
            ExpressionNode::Constant { missing: true, .. } => Ok(Expression::Constant(None)),
            ExpressionNode::Constant { value, data_type, .. } => {
                let datum = match data_type {
                    None => Some(self.infer(value)),
                    Some(data_type) => self.parse(Kind::of(*data_type), value),
                };
                match datum {
                    Some(datum) => Ok(Expression::Constant(Some(datum))),
                    None => Err(Fault::invalid(offset, format!("the constant {value:?} is not of its type"))),
                }
            }
            ExpressionNode::FieldRef { field, map_missing_to } => {
                self.field_ref(at, field, *map_missing_to, offset)
            }
            ExpressionNode::NormContinuous(norm) => self.norm_continuous(at, norm, offset),
            ExpressionNode::NormDiscrete(norm) => self.norm_discrete(at, norm, offset),
            ExpressionNode::Discretize(discretize) => self.discretize(at, discretize, offset),
            ExpressionNode::MapValues(map) => self.map_values(at, map, offset),
            ExpressionNode::TextIndex(index) => {
                crate::functions::text_index::compile(self, at, index, offset)
            }
            ExpressionNode::Apply(apply) => self.nested(offset, |compiler| compiler.apply(at, apply, offset)),
            ExpressionNode::Aggregate(aggregate) => {
                let argument = self.field_ref(at, aggregate.field, None, offset)?;
                let what = match aggregate.function {
                    AggregateFunction::Count => OneRecordFunction::Count,
                    AggregateFunction::Multiset => OneRecordFunction::List,
                    AggregateFunction::Sum
                    | AggregateFunction::Average
                    | AggregateFunction::Min
                    | AggregateFunction::Max => OneRecordFunction::Value,
                };
                Ok(Expression::OneRecord(Box::new(OneRecord { argument, what })))
            }
            ExpressionNode::Lag(lag) => {
                let argument = self.field_ref(at, lag.field, None, offset)?;
                let what = match lag.aggregate {
                    _ if lag.n == 0 => OneRecordFunction::Value,
                    LagAggregate::None
                    | LagAggregate::Avg
                    | LagAggregate::Max
                    | LagAggregate::Median
                    | LagAggregate::Min
                    | LagAggregate::Product
                    | LagAggregate::Sum
                    | LagAggregate::StdDev => OneRecordFunction::Earlier,
                };
                Ok(Expression::OneRecord(Box::new(OneRecord { argument, what })))
            }
        }
    }

    /// What a name in an expression means: a parameter, else a field.
    pub fn field_ref(
        &mut self,
        at: Standing<'_, 'a>,
        field: &'a str,
        map_missing_to: Option<&str>,
        offset: u32,
    ) -> Result<Expression> {
        if let Some(index) = at.parameters.iter().position(|(name, _)| *name == field) {
            let missing = map_missing_to.map(|text| self.infer(text));
            return Ok(Expression::Parameter { index: index as u32, missing });
        }
        let slot = self.resolve(at.scope, field, offset)?;
        let missing = match (map_missing_to, self.slot_plan(slot).kind) {
            (None, _) => None,
            (Some(text), Some(kind)) => self.parse(kind, text).or_else(|| Some(self.infer(text))),
            (Some(text), None) => Some(self.infer(text)),
        };
        Ok(Expression::Field { slot, missing })
    }

    /// Type of an expression's values, where it does not depend on the row.
    #[must_use]
    pub fn kind_of(&self, expression: &Expression) -> Option<Kind> {
        match expression {
            Expression::Constant(datum) => datum.map(|datum| datum.kind),
            Expression::Field { slot, .. } => self.slot_plan(*slot).kind,
            Expression::Piecewise(_) | Expression::Indicator(_) => Some(Kind::Double),
            Expression::Call(call) => match &call.function {
                Function::Defined(index) => self.functions[*index as usize].kind,
                Function::Builtin(builtin) => builtin.result_kind(),
            },
            Expression::Bins(bins) => {
                let first = bins.bins.first().map(|(_, datum)| datum.kind)?;
                bins.bins.iter().all(|(_, datum)| datum.kind == first).then_some(first)
            }
            Expression::Lookup(lookup) => {
                let mut kinds = lookup.results.iter().flatten().map(|datum| datum.kind);
                let first = kinds.next()?;
                kinds.all(|kind| kind == first).then_some(first)
            }
            Expression::Parameter { .. }
            | Expression::Term(_)
            | Expression::OneRecord(_)
            | Expression::Unsupported(_) => None,
        }
    }

    /// A constant without a declared type: an integer, else a number, else a string.
    pub fn infer(&mut self, text: &str) -> Datum {
        if let Ok(number) = text.parse::<i32>() {
            return Datum::integer(i64::from(number));
        }
        match parsing::parse_double(text) {
            Some(number) => Datum::double(number),
            None => Datum::text(self.text(text)),
        }
    }

    /// A constant of a declared or expected type, else of the type that it looks like.
    fn typed(&mut self, declared: Option<DataType>, expected: Option<Kind>, text: &str) -> Option<Datum> {
        match declared.map(Kind::of).or(expected) {
            Some(kind) => self.parse(kind, text),
            None => Some(self.infer(text)),
        }
    }

    /// A result of a declared or expected type. One that is not of it is an error of the rows that it is found for,
    /// and is held as the string that it is.
    fn result(&mut self, declared: Option<DataType>, expected: Option<Kind>, text: &str) -> Datum {
        match self.typed(declared, expected, text) {
            Some(datum) => datum,
            None => {
                self.reserve(format!("the value {text:?} is not of the declared type"));
                Datum::text(self.text(text))
            }
        }
    }

    fn norm_continuous(
        &mut self,
        at: Standing<'_, 'a>,
        norm: &NormContinuous<'a>,
        offset: u32,
    ) -> Result<Expression> {
        let argument = self.field_ref(at, norm.field, None, offset)?;
        let place = self.place(format!("NormContinuous of field {:?}", norm.field));
        Ok(Expression::Piecewise(Box::new(Piecewise {
            argument,
            missing: norm.map_missing_to,
            outliers: norm.outliers,
            points: norm.points.clone().into(),
            place,
        })))
    }

    fn norm_discrete(
        &mut self,
        at: Standing<'_, 'a>,
        norm: &NormDiscrete<'a>,
        offset: u32,
    ) -> Result<Expression> {
        let argument = self.field_ref(at, norm.field, None, offset)?;
        let value = match self.kind_of(&argument) {
            Some(kind) => {
                let number = self.constant_of_field(kind, norm.value);
                // What is no value of the field's type is never met.
                Some(Datum::new(kind, number.unwrap_or(f64::NAN)))
            }
            None => None,
        };
        let text = self.text(norm.value);
        Ok(Expression::Indicator(Box::new(Indicator { argument, text, value, missing: norm.map_missing_to })))
    }

    fn discretize(
        &mut self,
        at: Standing<'_, 'a>,
        discretize: &Discretize<'a>,
        offset: u32,
    ) -> Result<Expression> {
        let argument = self.field_ref(at, discretize.field, None, offset)?;
        let place = self.place(format!("Discretize of field {:?}", discretize.field));
        let declared = discretize.data_type;
        let mut bins = Vec::with_capacity(discretize.bins.len());
        for (interval, value) in &discretize.bins {
            bins.push((*interval, self.result(declared, at.expected, value)));
        }
        let missing = discretize.map_missing_to.map(|text| self.result(declared, at.expected, text));
        let default = discretize.default_value.map(|text| self.result(declared, at.expected, text));
        let kind = declared.map(Kind::of).or(at.expected);
        Ok(Expression::Bins(Box::new(Bins { argument, kind, missing, default, bins: bins.into(), place })))
    }

    fn map_values(&mut self, at: Standing<'_, 'a>, map: &MapValues<'a>, offset: u32) -> Result<Expression> {
        let Some(table) = &map.table else {
            return Err(Fault::unsupported(
                offset,
                "MapValues needs an InlineTable; external tables are not read",
            ));
        };
        let mut arguments = Vec::with_capacity(map.pairs.len());
        let mut kinds = Vec::with_capacity(map.pairs.len());
        for (field, column) in &map.pairs {
            let argument = self.field_ref(at, field, None, offset)?;
            kinds.push(self.kind_of(&argument));
            arguments.push(argument);
            if !table.is_empty() && table.rows().all(|row| row.get(column).is_none()) {
                return Err(Fault::invalid(offset, format!("no row of the table has the column {column:?}")));
            }
        }
        if !table.is_empty() && table.rows().all(|row| row.get(map.output_column).is_none()) {
            let message = format!("no row of the table has the output column {:?}", map.output_column);
            return Err(Fault::invalid(offset, message));
        }
        let expected = at.expected.or(Some(Kind::Text));
        let mut keys = Vec::with_capacity(table.len() * arguments.len());
        let mut results = Vec::with_capacity(table.len());
        let mut index = HashTable::with_capacity(table.len());
        for row in table.rows() {
            let start = keys.len();
            for ((_, column), kind) in map.pairs.iter().zip(&kinds) {
                let number = match row.get(column) {
                    Some(cell) => self.constant_of_field(kind.unwrap_or(Kind::Text), cell),
                    None => None,
                };
                keys.extend(number);
            }
            if keys.len() - start != arguments.len() {
                // A cell that is absent, or no value of the field's type, is never met.
                keys.truncate(start);
                continue;
            }
            let result = row.get(map.output_column).map(|cell| self.result(map.data_type, expected, cell));
            let width = arguments.len();
            let found = results.len() as u32;
            results.push(result);
            let hash = hash_keys(&keys[start..]);
            let known = index.find(hash, |other: &u32| {
                let other = *other as usize * width;
                keys[other..other + width] == keys[start..]
            });
            // Of rows with the same key the first counts.
            if known.is_none() {
                index.insert_unique(hash, found, |row| {
                    let row = *row as usize * width;
                    hash_keys(&keys[row..row + width])
                });
            }
        }
        let missing = map.map_missing_to.map(|text| self.result(map.data_type, expected, text));
        let default = map.default_value.map(|text| self.result(map.data_type, expected, text));
        let place = self.place("MapValues");
        Ok(Expression::Lookup(std::sync::Arc::new(Lookup {
            arguments: arguments.into(),
            kinds: kinds.into(),
            kind: map.data_type.map(Kind::of).or(expected),
            missing,
            default,
            keys: keys.into(),
            results: results.into(),
            index,
            place,
        })))
    }

    fn apply(&mut self, at: Standing<'_, 'a>, apply: &'d Apply<'a>, offset: u32) -> Result<Expression> {
        let place = self.place(format!("Apply of function {:?}", apply.function));
        let inner = Standing { expected: None, ..at };
        let mut arguments = Vec::with_capacity(apply.arguments.len());
        for argument in &apply.arguments {
            arguments.push(self.expression_at(inner, argument)?);
        }
        let function = match self.defined_function(apply.function, offset)? {
            Some((index, parameters)) => {
                if parameters != arguments.len() {
                    let message = format!(
                        "function {:?} takes {parameters} arguments, not {}",
                        apply.function,
                        arguments.len()
                    );
                    return Err(Fault::invalid(offset, message));
                }
                Function::Defined(index)
            }
            None => match Builtin::compile(self, apply, &arguments, offset)? {
                Some(builtin) => Function::Builtin(builtin),
                None => {
                    let words = format!("the function {:?} is not known", apply.function);
                    self.reserve(&words);
                    self.failing.push((Failing::Call(place), Fault::unsupported(offset, words)));
                    return Ok(Expression::Unsupported(place));
                }
            },
        };
        let missing = match apply.map_missing_to {
            Some(text) => self.typed(None, at.expected, text),
            None => None,
        };
        let default = match apply.default_value {
            Some(text) => self.typed(None, at.expected, text),
            None => None,
        };
        Ok(Expression::Call(Box::new(Call {
            function,
            arguments: arguments.into(),
            missing,
            default,
            invalid_as_missing: apply.invalid_treatment == InvalidTreatment::AsMissing,
            place,
        })))
    }

    /// The index of a function of the document and its number of parameters, compiled now if it was not called so far.
    fn defined_function(&mut self, name: &str, offset: u32) -> Result<Option<(u32, usize)>> {
        let definition = match self.function_states.get(name) {
            None => return Ok(None),
            Some(FunctionState::Done(index)) => {
                return Ok(Some((*index, self.functions[*index as usize].parameters.len())));
            }
            Some(FunctionState::Busy) => {
                return Err(Fault::invalid(offset, format!("the function {name:?} is defined by itself")));
            }
            Some(FunctionState::Waiting(definition)) => *definition,
        };
        self.function_states.insert(definition.name, FunctionState::Busy);
        let kind = definition.data_type.map(Kind::of);
        let body = self.nested(definition.offset, |compiler| {
            let at = Standing { scope: ScopeId(0), parameters: &definition.parameters, expected: kind };
            compiler.expression_at(at, &definition.expression)
        })?;
        let parameters = definition.parameters.iter().map(|(_, kind)| kind.map(Kind::of)).collect();
        let depth = self.depth_of(&body);
        self.check_depth(definition.offset, &format!("the function {name:?}"), depth)?;
        self.functions.push(FunctionPlan { parameters, kind, body, depth });
        let index = self.functions.len() as u32 - 1;
        self.function_states.insert(definition.name, FunctionState::Done(index));
        Ok(Some((index, definition.parameters.len())))
    }

    /// A treatment under which every value flows on.
    #[must_use]
    pub fn plain_treatment(&self, kind: Kind) -> Treatment {
        Treatment::plain(kind)
    }
}

/// The hash by which rows of a table are found.
#[must_use]
pub fn hash_keys(keys: &[f64]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    for key in keys {
        // Adding zero makes both zeros the same.
        hash = (hash ^ (key + 0.0).to_bits()).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 32;
    }
    hash
}
