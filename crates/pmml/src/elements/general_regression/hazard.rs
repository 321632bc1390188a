//! Cox regression: cumulative hazards over time.

use scorewheel_columns::RowError;

use crate::compile::ModelContext;
use crate::elements::general_regression::read::Document;
use crate::fault::{Fault, Result};
use crate::plan::Slot;
use crate::score::Row;

/// Cumulative hazards over time, by stratum.
#[derive(Debug)]
pub struct Hazard {
    /// Field that holds the end of the time at risk.
    pub end_time: Slot,
    /// Field that tells strata apart.
    pub stratum: Option<Slot>,
    /// The strata; one without a field.
    pub strata: Box<[Stratum]>,
    /// The sum at the reference points of all parameters.
    pub reference: f64,
}

/// Cumulative hazards of a stratum.
#[derive(Debug)]
pub struct Stratum {
    /// Its value.
    pub value: f64,
    /// Largest time that anything is known of.
    pub max_time: f64,
    /// Times, ascending, with cumulative hazards.
    pub cells: Box<[(f64, f64)]>,
}

/// Compiles the tables of hazards.
pub fn compile_hazard<'a>(document: &Document<'a>, context: &mut ModelContext<'_, '_, 'a>) -> Result<Hazard> {
    let offset = context.head.offset;
    let lacks = |what: &str| Fault::invalid(offset, format!("a Cox regression needs {what}"));
    let tables = document.hazard.as_ref().ok_or_else(|| lacks("the element BaseCumHazardTables"))?;
    let end_time = document.end_time_variable.ok_or_else(|| lacks("the attribute endTimeVariable"))?;
    let end_time = context.slot(end_time, offset)?;
    let sorted = |cells: &[(f64, f64)]| {
        let mut cells = cells.to_vec();
        cells.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        cells.into_boxed_slice()
    };
    let mut strata = Vec::new();
    let stratum = match document.strata_variable {
        None => {
            let max_time = tables.max_time.ok_or_else(|| lacks("the attribute maxTime"))?;
            strata.push(Stratum { value: 0.0, max_time, cells: sorted(&tables.cells) });
            None
        }
        Some(field) => {
            let slot = context.slot(field, offset)?;
            for table in &tables.strata {
                let value = context.value_of(slot, table.value);
                strata.push(Stratum { value, max_time: table.max_time, cells: sorted(&table.cells) });
            }
            Some(slot)
        }
    };
    let point =
        |name: &str| document.parameters.iter().find(|(known, _)| *known == name).map_or(0.0, |p| p.1);
    let reference = document.p_cells.iter().map(|cell| cell.beta * point(cell.parameter)).sum();
    Ok(Hazard { end_time, stratum, strata: strata.into(), reference })
}

impl Hazard {
    /// The cumulative hazard of a row with this sum; missing beyond the time that is known.
    pub fn cumulative(&self, row: &mut Row<'_>, sum: f64) -> std::result::Result<Option<f64>, RowError> {
        let stratum = match self.stratum {
            None => self.strata.first(),
            Some(slot) => match row.raw(slot)? {
                None => return Ok(None),
                Some(value) => self.strata.iter().find(|stratum| stratum.value == value),
            },
        };
        let Some(stratum) = stratum else { return Ok(None) };
        let Some(time) = row.number(self.end_time)? else { return Ok(None) };
        if time > stratum.max_time {
            return Ok(None);
        }
        let passed = stratum.cells.partition_point(|(known, _)| *known <= time);
        // Before the first event nothing has happened.
        let base = if passed == 0 { 0.0 } else { stratum.cells[passed - 1].1 };
        Ok(Some(base * libm::exp(sum - self.reference)))
    }
}
