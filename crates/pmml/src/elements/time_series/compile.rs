//! `TimeSeriesModel` compiled: all forecasts, by step.

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::document::schema::Usage;
use crate::elements::ElementPlan;
use crate::elements::time_series::forecast::Forecast;
use crate::elements::time_series::read::{Algorithm, Document};
use crate::fault::{Fault, Result};
use crate::plan::Slot;

/// A compiled `TimeSeriesModel`.
#[derive(Debug)]
pub struct Plan {
    /// How far ahead a row looks.
    pub horizon: Horizon,
    /// The forecasts.
    pub forecast: Forecast,
}

/// How far ahead a row looks.
#[derive(Clone, Copy, Debug)]
pub enum Horizon {
    /// To the next step.
    Next,
    /// So many steps.
    Steps(Slot),
    /// To a point of the axis.
    Point {
        /// The field that holds it.
        slot: Slot,
        /// Where the last known value lies.
        last: f64,
        /// How far steps are apart.
        step: f64,
    },
}

/// Compiles a `TimeSeriesModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if !matches!(context.head.function, MiningFunction::TimeSeries | MiningFunction::Regression) {
        return Err(Fault::invalid(context.head.offset, "a TimeSeriesModel is for timeSeries"));
    }
    let series = &document.series.values;
    let forecast = match &document.algorithm {
        Algorithm::ExponentialSmoothing(smoothing) => smoothing.forecast(),
        Algorithm::Arima(arima) => arima.forecast(&document.series)?,
        Algorithm::StateSpace(state_space) => state_space.forecast()?,
        Algorithm::Garch(garch) => garch.forecast(series)?,
    };
    let plan = Plan { horizon: horizon(document, context)?, forecast };
    Ok(Compiled::new(ElementPlan::TimeSeries(Box::new(plan))))
}

fn horizon<'d, 'a>(document: &Document<'a>, context: &mut ModelContext<'_, 'd, 'a>) -> Result<Horizon> {
    let fields = |usage: Usage| -> Vec<(&'a str, u32)> {
        let fields = context.head.mining_schema.fields.iter().filter(|field| field.usage == usage);
        fields.map(|field| (field.name, field.offset)).collect()
    };
    let (active, order) = (fields(Usage::Active), fields(Usage::Order));
    let (found, is_order) = match (&*active, &*order) {
        ([], []) => return Ok(Horizon::Next),
        ([active], []) => (*active, false),
        ([], [order]) => (*order, true),
        ([_, (_, offset), ..], _) | ([_], [(_, offset), ..]) | ([], [_, (_, offset), ..]) => {
            let message =
                "one field tells how far ahead a forecast lies, and no other field has a part in it";
            return Err(Fault::unsupported(*offset, message));
        }
    };
    let (name, offset) = found;
    let slot = context.slot(name, offset)?;
    let kind = context.kind(slot);
    if !kind.counts() {
        let message =
            format!("{name:?} tells how far ahead a forecast lies; it is {}, not a number", kind.describe());
        return Err(Fault::unsupported(offset, message));
    }
    if !is_order {
        return Ok(Horizon::Steps(slot));
    }
    match document.series.end {
        Some((last, step)) => Ok(Horizon::Point { slot, last, step }),
        None => {
            Err(Fault::invalid(offset, "a field of usage order needs a TimeSeries that tells where it ends"))
        }
    }
}
