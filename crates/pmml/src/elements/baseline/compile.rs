//! `BaselineModel` compiled: fields to slots, counts to shares.

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::baseline::distribution::Distribution;
use crate::elements::baseline::read::{Baseline, CountTable, Document, TestStatistic};
use crate::fault::{Fault, Result};
use crate::plan::{Place, Slot};

/// A compiled `BaselineModel`.
#[derive(Debug)]
pub struct Plan {
    /// What is computed.
    pub statistic: Statistic,
    /// How often a record counts, if a field says so.
    pub weight: Option<Slot>,
    /// Where it stands.
    pub place: Place,
}

/// What is computed of a record.
#[derive(Debug)]
pub enum Statistic {
    /// The distance from the mean in standard deviations.
    Distance {
        /// The field that is observed.
        slot: Slot,
        /// Its usual mean.
        mean: f64,
        /// Its usual standard deviation.
        deviation: f64,
    },
    /// The logarithm of how much likelier the alternate is, not below a smallest sum.
    LogOdds {
        /// The field that is observed.
        slot: Slot,
        /// What is usual.
        baseline: Distribution,
        /// What it is held against.
        alternate: Distribution,
        /// The smallest sum.
        reset: f64,
    },
    /// Chi-square of one record against the shares of cells.
    ChiSquare(Table),
    /// Chi-square of one record against the product of the shares of each field's values.
    ChiSquareOfEach(Box<[Table]>),
    /// The count of the record's cell.
    Product(Table),
    /// Nought, of a record that has a value in all these fields.
    Nought(Box<[Slot]>),
}

/// Figures of combinations of values.
#[derive(Debug)]
pub struct Table {
    /// The fields.
    pub slots: Box<[Slot]>,
    /// The values of each cell, one a field; cells ascending.
    keys: Box<[f64]>,
    /// The figure of each cell.
    figures: Box<[f64]>,
}

impl Table {
    /// Sums up what stands for the same values, and orders the cells. Values that a field cannot have are left out.
    fn new(slots: Vec<Slot>, keys: &[f64], figures: &[f64]) -> Self {
        let width = slots.len();
        let mut cells: Vec<(Vec<f64>, f64)> = Vec::with_capacity(figures.len());
        let written = keys.chunks_exact(width).zip(figures);
        cells.extend(
            written
                .filter(|(key, _)| !key.iter().any(|value| value.is_nan()))
                .map(|(key, figure)| (key.iter().map(|value| value + 0.0).collect(), *figure)),
        );
        cells.sort_by(|(a, _), (b, _)| order(a, b));
        cells.dedup_by(|(key, figure), (kept, sum)| {
            let is_same = key == kept;
            if is_same {
                *sum += *figure;
            }
            is_same
        });
        Self {
            slots: slots.into(),
            figures: cells.iter().map(|(_, figure)| *figure).collect(),
            keys: cells.into_iter().flat_map(|(key, _)| key).collect(),
        }
    }

    /// The figure of a cell; nought if there is none.
    #[must_use]
    pub fn figure(&self, key: &[f64]) -> f64 {
        let width = key.len();
        let (mut low, mut high) = (0, self.figures.len());
        while low < high {
            let middle = low.midpoint(high);
            match order(&self.keys[middle * width..(middle + 1) * width], key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return self.figures[middle],
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        0.0
    }
}

/// The order of cells.
fn order(a: &[f64], b: &[f64]) -> std::cmp::Ordering {
    let pairs = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
    pairs.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
}

/// Compiles a `BaselineModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if context.head.function != MiningFunction::Regression {
        return Err(Fault::invalid(context.head.offset, "a BaselineModel is for regression"));
    }
    let offset = document.offset;
    let unfit = |message: &str| Err(Fault::invalid(offset, message));
    let is_counted = matches!(
        document.statistic,
        TestStatistic::ChiSquareDistribution
            | TestStatistic::ChiSquareIndependence
            | TestStatistic::ScalarProduct
    );
    if document.alternate.is_some() && document.statistic != TestStatistic::Cusum {
        return unfit("Alternate is for CUSUM only");
    }
    if document.weight_field.is_some() && !is_counted {
        return unfit("weightField is for tables of counts only");
    }
    let statistic = match (document.statistic, &document.baseline, document.alternate) {
        (TestStatistic::ZValue, Baseline::Distribution(distribution), _) => Statistic::Distance {
            slot: context.slot(document.field, offset)?,
            mean: distribution.mean(),
            deviation: distribution.variance().sqrt(),
        },
        (TestStatistic::Cusum, Baseline::Distribution(baseline), Some(alternate)) => {
            if [*baseline, alternate].iter().any(|known| matches!(known, Distribution::Any { .. })) {
                return unfit("CUSUM needs distributions with a density, which AnyDistribution has not");
            }
            let slot = context.slot(document.field, offset)?;
            Statistic::LogOdds { slot, baseline: *baseline, alternate, reset: document.reset_value }
        }
        (TestStatistic::Cusum, _, None) => return unfit("CUSUM needs the element Alternate"),
        (TestStatistic::ChiSquareDistribution, Baseline::Table(table), _) => {
            Statistic::ChiSquare(shares(table, document, context)?)
        }
        (TestStatistic::ScalarProduct, Baseline::Table(table), _) => {
            Statistic::Product(cells(table, document, context)?)
        }
        (TestStatistic::ChiSquareIndependence, Baseline::Table(table), _) => {
            let whole = shares(table, document, context)?;
            let width = whole.slots.len();
            let each = (0..width).map(|at| {
                let keys: Vec<f64> = whole.keys.iter().skip(at).step_by(width).copied().collect();
                Table::new(vec![whole.slots[at]], &keys, &whole.figures)
            });
            Statistic::ChiSquareOfEach(each.collect())
        }
        (TestStatistic::ChiSquareIndependence, Baseline::Fields(fields), _) => {
            let mut slots = Vec::with_capacity(fields.len());
            for field in fields {
                slots.push(context.slot(field, offset)?);
            }
            Statistic::Nought(slots.into())
        }
        (TestStatistic::ZValue | TestStatistic::Cusum, _, _) => {
            return unfit("this testStatistic needs a distribution in Baseline, not a table of counts");
        }
        _ => return unfit("this testStatistic needs a table of counts in Baseline"),
    };
    let weight = match document.weight_field {
        Some(field) => Some(context.slot(field, offset)?),
        None => None,
    };
    let place = context.place("TestDistributions");
    Ok(Compiled::new(ElementPlan::Baseline(Box::new(Plan { statistic, weight, place }))))
}

/// The cells of a table as they are written.
fn cells<'a>(
    table: &CountTable<'a>,
    document: &Document<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
) -> Result<Table> {
    if !table.fields.contains(&document.field) {
        let message = format!("the table does not count the field {:?}", document.field);
        return Err(Fault::invalid(document.offset, message));
    }
    let mut slots = Vec::with_capacity(table.fields.len());
    for field in &table.fields {
        slots.push(context.slot(field, document.offset)?);
    }
    let written = table.values.iter().zip(slots.iter().cycle());
    let keys: Vec<f64> = written.map(|(value, slot)| context.value_of(*slot, value)).collect();
    Ok(Table::new(slots, &keys, &table.counts))
}

/// The share of each cell.
fn shares<'a>(
    table: &CountTable<'a>,
    document: &Document<'a>,
    context: &mut ModelContext<'_, '_, 'a>,
) -> Result<Table> {
    let total: f64 = table.counts.iter().sum();
    if !(total > 0.0 && total.is_finite()) {
        return Err(Fault::invalid(document.offset, format!("the counts of a table add up to {total}")));
    }
    let mut found = cells(table, document, context)?;
    for figure in &mut found.figures {
        *figure /= total;
    }
    Ok(found)
}
