//! `ExponentialSmoothing`: level, trend, seasons.

use crate::document::table::Array;
use crate::elements::time_series::forecast::{Forecast, HORIZON_LIMIT};
use crate::elements::time_series::read::{TimeValue, Transformation};
use crate::fault::{Fault, Result};
use crate::reader::{Element, Xml};

closed_list! {
    /// How a trend goes on.
    pub enum TrendKind {
        Additive = "additive",
        DampedAdditive = "damped_additive",
        Multiplicative = "multiplicative",
        DampedMultiplicative = "damped_multiplicative",
        PolynomialExponential = "polynomial_exponential",
    }
}

closed_list! {
    /// How seasons act.
    pub enum SeasonKind {
        Additive = "additive",
        Multiplicative = "multiplicative",
    }
}

/// `ExponentialSmoothing`.
#[derive(Clone, Debug)]
pub struct ExponentialSmoothing {
    transformation: Transformation,
    level: f64,
    trend: Option<Trend>,
    seasons: Option<Seasons>,
}

#[derive(Clone, Copy, Debug)]
struct Trend {
    kind: TrendKind,
    damping: f64,
    value: f64,
}

#[derive(Clone, Debug)]
struct Seasons {
    kind: SeasonKind,
    /// Which factor belonged to the last known value, from 1.
    phase: usize,
    factors: Vec<f64>,
}

impl ExponentialSmoothing {
    /// Reads an `ExponentialSmoothing` to its end.
    pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let transformation = element.choice("transformation")?.unwrap_or_default();
        element.number("RMSE")?;
        element.finish()?;
        let (mut level, mut trend, mut seasons) = (None, None, None);
        while let Some(mut child) = xml.child()? {
            match child.name {
                "Level" => {
                    child.number("alpha")?;
                    level = Some(child.required_number("smoothedValue")?);
                    child.finish()?;
                    xml.end(&child)?;
                }
                "Trend_ExpoSmooth" => trend = Some(Trend::read(xml, child)?),
                "Seasonality_ExpoSmooth" => seasons = Some(Seasons::read(xml, child)?),
                // The values that were smoothed; what is left of them is in the level, the trend and the seasons.
                "TimeValue" => {
                    TimeValue::read(xml, child)?;
                }
                _ => return Err(child.unexpected("ExponentialSmoothing")),
            }
        }
        let level = level.ok_or_else(|| element.lacks("Level"))?;
        Ok(Self { transformation, level, trend, seasons })
    }

    /// The forecasts.
    #[must_use]
    pub fn forecast(&self) -> Forecast {
        let mut values = Vec::with_capacity(HORIZON_LIMIT);
        // Σ φⁱ up to the step.
        let (mut power, mut damped) = (1.0, 0.0);
        for step in 1..=HORIZON_LIMIT {
            let mut value = self.level;
            if let Some(trend) = self.trend {
                power *= trend.damping;
                damped += power;
                match trend.kind {
                    TrendKind::Additive => value += step as f64 * trend.value,
                    TrendKind::DampedAdditive => value += damped * trend.value,
                    TrendKind::Multiplicative => value *= libm::pow(trend.value, step as f64),
                    TrendKind::DampedMultiplicative | TrendKind::PolynomialExponential => {
                        value *= libm::pow(trend.value, damped);
                    }
                }
            }
            if let Some(seasons) = &self.seasons {
                let factor = seasons.factors[(seasons.phase + step - 1) % seasons.factors.len()];
                match seasons.kind {
                    SeasonKind::Additive => value += factor,
                    SeasonKind::Multiplicative => value *= factor,
                }
            }
            values.push(value);
        }
        Forecast { values, transformation: self.transformation, ..Forecast::default() }
    }
}

impl Trend {
    fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let kind = element.choice("trend")?.unwrap_or(TrendKind::Additive);
        element.number("gamma")?;
        let damping = element.number("phi")?.unwrap_or(1.0);
        let value = element.number("smoothedValue")?;
        element.finish()?;
        while let Some(child) = xml.child()? {
            match child.name {
                // Of a polynomial trend.
                "Array" => {
                    Array::read_numbers(xml, child)?;
                }
                _ => return Err(child.unexpected("Trend_ExpoSmooth")),
            }
        }
        if kind == TrendKind::PolynomialExponential {
            let message = "trend=\"polynomial_exponential\" is not supported: PMML gives no formula for it";
            return Err(Fault::unsupported(element.offset, message));
        }
        let value = value.ok_or_else(|| element.invalid("a trend needs the attribute smoothedValue"))?;
        Ok(Self { kind, damping, value })
    }
}

impl Seasons {
    fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let kind = element.required_choice("type")?;
        let period = element.integer("period")?;
        let phase = element.integer("phase")?;
        element.number("delta")?;
        element.ignore(&["unit"]);
        element.finish()?;
        let mut factors = Vec::new();
        while let Some(child) = xml.child()? {
            match child.name {
                "Array" => factors = Array::read_numbers(xml, child)?,
                _ => return Err(child.unexpected("Seasonality_ExpoSmooth")),
            }
        }
        let period = period.ok_or_else(|| element.invalid("seasons need the attribute period"))?;
        if factors.is_empty() || usize::try_from(period) != Ok(factors.len()) {
            let message = format!("{} factors for a period of {period}", factors.len());
            return Err(element.invalid(message));
        }
        let phase = phase.unwrap_or(period);
        if !(1..=period).contains(&phase) {
            return Err(element.invalid(format!("phase {phase} is none of a period of {period}")));
        }
        Ok(Self { kind, phase: phase as usize, factors })
    }
}
