//! `GARCH`: an ARMA process whose shocks have a variance that depends on past shocks and variances.

use crate::elements::time_series::arima::{Component, expected};
use crate::elements::time_series::forecast::{Forecast, errors, horizon};
use crate::elements::time_series::polynomial::{quotient, seasonal};
use crate::elements::time_series::read::{Transformation, read_values};
use crate::fault::{Fault, Result};
use crate::reader::{Element, Xml};

/// `GARCH`.
#[derive(Clone, Debug)]
pub struct Garch {
    offset: u32,
    constant: f64,
    mean: Component,
    variance_constant: f64,
    /// Coefficients of squared past shocks by lag, and the last shocks.
    squares: Past,
    /// Coefficients of past variances by lag, and the last variances.
    variances: Past,
}

/// Coefficients by lag, and the last values that they are applied to, latest last.
#[derive(Clone, Debug, Default)]
struct Past {
    coefficients: Vec<f64>,
    values: Vec<f64>,
}

impl Past {
    fn read<'a>(xml: &mut Xml<'a>, element: &Element<'a>, values: &str) -> Result<Self> {
        element.finish()?;
        let mut past = Self::default();
        while let Some(child) = xml.child()? {
            child.finish()?;
            match child.name {
                "MACoefficients" => past.coefficients = read_values(xml, "MACoefficients")?,
                name if name == values => past.values = read_values(xml, name)?,
                _ => return Err(child.unexpected(element.name)),
            }
        }
        if past.values.len() < past.coefficients.len() {
            let message = format!(
                "{} has {} coefficients and only {} values in {values}",
                element.name,
                past.coefficients.len(),
                past.values.len()
            );
            return Err(element.invalid(message));
        }
        Ok(past)
    }
}

impl Garch {
    /// Reads a `GARCH` to its end.
    pub fn read<'a>(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Self> {
        element.finish()?;
        let mut garch = Self {
            offset: element.offset,
            constant: 0.0,
            mean: Component::default(),
            variance_constant: 0.0,
            squares: Past::default(),
            variances: Past::default(),
        };
        let (mut has_mean, mut has_variance) = (false, false);
        while let Some(child) = xml.child()? {
            match child.name {
                "ARMAPart" => garch.read_mean(xml, child).map(|()| has_mean = true)?,
                "GARCHPart" => garch.read_variance(xml, child).map(|()| has_variance = true)?,
                _ => return Err(child.unexpected("GARCH")),
            }
        }
        match (has_mean, has_variance) {
            (false, _) => Err(element.lacks("ARMAPart")),
            (_, false) => Err(element.lacks("GARCHPart")),
            _ => Ok(garch),
        }
    }

    fn read_mean<'a>(&mut self, xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<()> {
        self.constant = element.number("constant")?.unwrap_or(0.0);
        let (ar, ma) = (element.integer("p")?.unwrap_or(0), element.integer("q")?.unwrap_or(0));
        element.finish()?;
        while let Some(child) = xml.child()? {
            if !self.mean.child(xml, &child)? {
                return Err(child.unexpected("ARMAPart"));
            }
        }
        self.mean.check(&element, ar, ma)?;
        if self.mean.shocks.len() < self.mean.moving_average.len() {
            return Err(element.invalid("ARMAPart has fewer Residuals than coefficients of MA"));
        }
        Ok(())
    }

    fn read_variance<'a>(&mut self, xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<()> {
        self.variance_constant = element.number("constant")?.unwrap_or(0.0);
        let mut stated = [element.integer("gp")?.unwrap_or(0), element.integer("gq")?.unwrap_or(0)];
        element.finish()?;
        while let Some(child) = xml.child()? {
            match child.name {
                "ResidualSquareCoefficients" => self.squares = Past::read(xml, &child, "Residuals")?,
                "VarianceCoefficients" => self.variances = Past::read(xml, &child, "PastVariances")?,
                _ => return Err(child.unexpected("GARCHPart")),
            }
        }
        // Producers do not agree which of the two orders comes first.
        let mut found = [&self.squares, &self.variances].map(|past| past.coefficients.len() as i64);
        stated.sort_unstable();
        found.sort_unstable();
        if stated != found {
            return Err(element.invalid("GARCHPart has other numbers of coefficients than gp and gq"));
        }
        Ok(())
    }

    /// The forecasts after a series.
    ///
    /// # Errors
    /// [`Fault`] if the series is too short.
    pub fn forecast(&self, series: &[f64]) -> Result<Forecast> {
        let order = self.mean.autoregressive.len();
        if series.len() < order {
            let message = format!(
                "a forecast needs the last {order} values of a TimeSeries, which has {}",
                series.len()
            );
            return Err(Fault::invalid(self.offset, message));
        }
        let (squared, past) = (self.squares.coefficients.len(), self.variances.coefficients.len());
        // Errors add up over all steps before.
        let steps = horizon(order + self.mean.moving_average.len() + squared + past).min(1_024);
        let ar = seasonal(&self.mean.autoregressive, 1, -1.0);
        let ma = seasonal(&self.mean.moving_average, 1, 1.0);
        // The constant is that of the process itself, which the mean of the series takes out again.
        let tail = &series[series.len() - order..];
        let mut values = expected(&ar, &ma, tail, &self.mean.shocks, steps);
        let drift = quotient(&[1.0], &ar, steps);
        let mut sum = 0.0;
        for (value, weight) in values.iter_mut().zip(drift) {
            sum += weight;
            *value += self.constant * sum;
        }
        let variances = self.variances_ahead(steps);
        let errors = errors(&quotient(&ma, &ar, steps), |step| variances[step]);
        let deviations = variances.iter().map(|variance| variance.sqrt()).collect();
        Ok(Forecast { values, errors, deviations, transformation: Transformation::None })
    }

    /// Expected variances of the shocks to come.
    fn variances_ahead(&self, steps: usize) -> Vec<f64> {
        let mut squares: Vec<f64> = self.squares.values.iter().map(|shock| shock * shock).collect();
        let mut variances = self.variances.values.clone();
        let start = variances.len();
        for _ in 0..steps {
            let sum = |coefficients: &[f64], past: &[f64]| {
                coefficients.iter().zip(past.iter().rev()).map(|(a, b)| a * b).sum::<f64>()
            };
            let variance = self.variance_constant
                + sum(&self.squares.coefficients, &squares)
                + sum(&self.variances.coefficients, &variances);
            // The square that is expected of a shock is its variance.
            squares.push(variance);
            variances.push(variance);
        }
        variances.split_off(start)
    }
}
