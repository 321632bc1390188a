//! `TimeSeriesModel` as typed data.

use crate::document::table::Array;
use crate::document::{ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::elements::time_series::arima::Arima;
use crate::elements::time_series::exponential_smoothing::ExponentialSmoothing;
use crate::elements::time_series::garch::Garch;
use crate::elements::time_series::state_space::StateSpace;
use crate::fault::{Fault, Result};
use crate::reader::{Element, Xml};

closed_list! {
    /// Which algorithm answers.
    pub enum BestFit {
        Arima = "ARIMA",
        ExponentialSmoothing = "ExponentialSmoothing",
        SeasonalTrendDecomposition = "SeasonalTrendDecomposition",
        SpectralAnalysis = "SpectralAnalysis",
        StateSpaceModel = "StateSpaceModel",
        Garch = "GARCH",
    }
}

closed_list! {
    /// What was done to a series before.
    #[derive(Default)]
    pub enum Transformation {
        #[default]
        None = "none",
        Logarithmic = "logarithmic",
        SquareRoot = "squareroot",
    }
}

closed_list! {
    /// What the values of a series are.
    pub enum SeriesUsage {
        Original = "original",
        Logical = "logical",
        Prediction = "prediction",
    }
}

closed_list! {
    /// What lies between known values; nothing follows from it for forecasts.
    enum Interpolation {
        None = "none",
        Linear = "linear",
        ExponentialSpline = "exponentialSpline",
        CubicSpline = "cubicSpline",
    }
}

/// `TimeSeriesModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Name of the element.
    pub element: &'a str,
    /// The known values, oldest first.
    pub series: TimeSeries,
    /// What forecasts them.
    pub algorithm: Algorithm,
}

/// The algorithm that answers.
#[derive(Clone, Debug)]
pub enum Algorithm {
    /// `ExponentialSmoothing`
    ExponentialSmoothing(ExponentialSmoothing),
    /// `ARIMA`
    Arima(Arima),
    /// `StateSpaceModel`
    StateSpace(StateSpace),
    /// `GARCH`
    Garch(Garch),
}

/// `TimeSeries`.
#[derive(Clone, Debug, Default)]
pub struct TimeSeries {
    /// The values, oldest first.
    pub values: Vec<f64>,
    /// Where the last value lies on the axis, and how far its points are apart.
    pub end: Option<(f64, f64)>,
}

/// `TimeValue`.
#[derive(Clone, Copy, Debug)]
pub struct TimeValue {
    index: Option<f64>,
    time: Option<f64>,
    value: f64,
}

/// Reads a `TimeSeriesModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let best: BestFit = element.required_choice("bestFit")?;
    element.finish()?;
    let mut series: Option<(SeriesUsage, TimeSeries)> = None;
    let mut algorithm = None;
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        let (which, found) = match child.name {
            "TimeSeries" => {
                let (usage, found) = TimeSeries::read(xml, child)?;
                // What was made of the original values goes before them.
                let goes_before = series.as_ref().is_none_or(|(known, _)| *known != SeriesUsage::Logical);
                if usage != SeriesUsage::Prediction && goes_before {
                    series = Some((usage, found));
                }
                continue;
            }
            "ExponentialSmoothing" => {
                let found = ExponentialSmoothing::read(xml, child)?;
                (BestFit::ExponentialSmoothing, Some(Algorithm::ExponentialSmoothing(found)))
            }
            "ARIMA" => (BestFit::Arima, Some(Algorithm::Arima(Arima::read(xml, child)?))),
            "GARCH" => (BestFit::Garch, Some(Algorithm::Garch(Garch::read(xml, child)?))),
            "StateSpaceModel" => {
                (BestFit::StateSpaceModel, Some(Algorithm::StateSpace(StateSpace::read(xml, child)?)))
            }
            "SpectralAnalysis" | "SeasonalTrendDecomposition" => {
                child.finish()?;
                xml.end(&child)?;
                continue;
            }
            _ => return Err(child.unexpected("TimeSeriesModel")),
        };
        if which == best {
            algorithm = found;
        }
    }
    if matches!(best, BestFit::SpectralAnalysis | BestFit::SeasonalTrendDecomposition) {
        let message = "SpectralAnalysis and SeasonalTrendDecomposition have no scoring in PMML 4.4";
        return Err(Fault::unsupported(element.offset, message));
    }
    let name = element.name;
    let algorithm = algorithm.ok_or_else(|| element.lacks("of the algorithm that bestFit names"))?;
    let series = series.map(|(_, series)| series).unwrap_or_default();
    head.finish(&element, ElementDocument::TimeSeries(Document { element: name, series, algorithm }))
}

impl TimeSeries {
    fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<(SeriesUsage, Self)> {
        let usage = element.choice("usage")?.unwrap_or(SeriesUsage::Original);
        element.number("startTime")?;
        let end = element.number("endTime")?;
        element.choice::<Interpolation>("interpolationMethod")?;
        element.ignore(&["field"]);
        element.finish()?;
        let mut values = Vec::new();
        while let Some(child) = xml.child()? {
            match child.name {
                "TimeAnchor" => read_anchor(xml, child)?,
                "TimeValue" => values.push(TimeValue::read(xml, child)?),
                _ => return Err(child.unexpected("TimeSeries")),
            }
        }
        let axis: Vec<f64> = if values.iter().all(|value| value.index.is_some()) {
            values.iter().filter_map(|value| value.index).collect()
        } else if values.iter().all(|value| value.time.is_some()) {
            values.iter().filter_map(|value| value.time).collect()
        } else {
            Vec::new()
        };
        let end = match &*axis {
            [] => end.map(|end| (end, 1.0)),
            [only] => Some((*only, 1.0)),
            [.., before, last] => Some((*last, last - before)),
        };
        if !axis.is_sorted() || end.is_some_and(|(_, step)| step.is_nan() || step <= 0.0) {
            return Err(element.invalid("the values of a TimeSeries stand in the order of time"));
        }
        Ok((usage, Self { values: values.iter().map(|value| value.value).collect(), end }))
    }
}

impl TimeValue {
    /// Reads a `TimeValue` to its end.
    pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let found = Self {
            index: element.number("index")?,
            time: element.number("time")?,
            value: element.required_number("value")?,
        };
        element.number("standardError")?;
        element.finish()?;
        while let Some(child) = xml.child()? {
            match child.name {
                "Timestamp" => xml.skip()?,
                _ => return Err(child.unexpected("TimeValue")),
            }
        }
        if found.value.is_finite() {
            Ok(found)
        } else {
            Err(element.invalid("a TimeValue is a finite number"))
        }
    }
}

/// How the axis is to be shown as dates, which no forecast depends on.
fn read_anchor<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<()> {
    element.integer("offset")?;
    element.integer("stepsize")?;
    element.ignore(&["type", "displayName"]);
    element.finish()?;
    while let Some(mut child) = xml.child()? {
        match child.name {
            "TimeCycle" => {
                child.integer("length")?;
                child.ignore(&["type", "displayName"]);
            }
            "TimeException" => {
                child.integer("count")?;
                child.ignore(&["type"]);
            }
            _ => return Err(child.unexpected("TimeAnchor")),
        }
        child.finish()?;
        read_values(xml, child.name)?;
    }
    Ok(())
}

/// Reads the children of an element that holds one `Array` of numbers, to its end.
pub fn read_values(xml: &mut Xml<'_>, parent: &str) -> Result<Vec<f64>> {
    let mut found = Vec::new();
    while let Some(child) = xml.child()? {
        match child.name {
            "Array" => found = Array::read_numbers(xml, child)?,
            _ => return Err(child.unexpected(parent)),
        }
    }
    Ok(found)
}
