//! `OutlierEffect`: what is added to a series from some time on, and is no part of the process behind it.

use crate::fault::Result;
use crate::reader::xml::CELL_LIMIT;
use crate::reader::{Element, Xml};

closed_list! {
    /// How an effect goes on after its start.
    pub enum OutlierKind {
        Additive = "additive",
        Level = "level",
        Transient = "transient",
        SeasonalAdditive = "seasonalAdditive",
        Trend = "trend",
        Innovational = "innovational",
    }
}

/// Steps that an effect may lie before the first known value.
const AGE_LIMIT: f64 = 100_000.0;

/// `OutlierEffect`.
#[derive(Clone, Copy, Debug)]
pub struct Outlier {
    kind: OutlierKind,
    start: f64,
    magnitude: f64,
    /// What is left of a transient effect after a step.
    damping: f64,
}

impl Outlier {
    /// Reads an `OutlierEffect` to its end.
    pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let kind = element.required_choice("type")?;
        let start = element.required_number("startTime")?;
        let magnitude = element.required_number("magnitude")?;
        let damping = element.number("dampingCoefficient")?;
        element.finish()?;
        xml.end(&element)?;
        match damping {
            None if kind == OutlierKind::Transient => {
                Err(element.invalid("a transient effect needs the attribute dampingCoefficient"))
            }
            damping => Ok(Self { kind, start, magnitude, damping: damping.unwrap_or(1.0) }),
        }
    }

    /// The effect so many steps after its start.
    fn at(&self, step: usize, period: usize, weights: &[f64]) -> f64 {
        let share = match self.kind {
            OutlierKind::Additive => f64::from(u8::from(step == 0)),
            OutlierKind::Level => 1.0,
            OutlierKind::Transient => libm::pow(self.damping, step as f64),
            OutlierKind::SeasonalAdditive => f64::from(u8::from(step.is_multiple_of(period))),
            OutlierKind::Trend => step as f64 + 1.0,
            OutlierKind::Innovational => weights.get(step).copied().unwrap_or(0.0),
        };
        self.magnitude * share
    }
}

/// The sum of all effects on `count` values, of which the last one of `known` lies at `end` of the axis. `weights` gives the
/// weights ψ of past shocks.
///
/// # Errors
/// A message if an effect does not start at a point of the axis.
pub fn effects(
    outliers: &[Outlier],
    count: usize,
    known: usize,
    end: Option<(f64, f64)>,
    period: usize,
    weights: impl Fn(usize) -> Vec<f64>,
) -> std::result::Result<Vec<f64>, String> {
    if outliers.is_empty() {
        return Ok(Vec::new());
    }
    if outliers.len().saturating_mul(count) > CELL_LIMIT {
        return Err("too many OutlierEffects for so long a series".to_owned());
    }
    let mut starts = Vec::with_capacity(outliers.len());
    let mut oldest = 0;
    for outlier in outliers {
        // Without an axis values are counted from 1.
        let (last, step) = end.unwrap_or((known as f64, 1.0));
        let start = (outlier.start - last) / step + known as f64 - 1.0;
        if libm::trunc(start) != start || start < -AGE_LIMIT || start >= known as f64 {
            return Err(format!("the startTime {} of an OutlierEffect is none of the series", outlier.start));
        }
        let start = start as i64;
        if outlier.kind == OutlierKind::Innovational {
            oldest = oldest.max(-start);
        }
        starts.push(start);
    }
    let is_innovational = outliers.iter().any(|outlier| outlier.kind == OutlierKind::Innovational);
    let weights = if is_innovational { weights(count + oldest as usize) } else { Vec::new() };
    let of_value = |index: usize| {
        let effects = outliers.iter().zip(&starts).map(|(outlier, start)| {
            let step = usize::try_from(index as i64 - start).ok();
            step.map_or(0.0, |step| outlier.at(step, period, &weights))
        });
        effects.sum()
    };
    Ok((0..count).map(of_value).collect())
}
