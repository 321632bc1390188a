//! `ARIMA`: an autoregressive moving average of a series, of its differences, and of those a season apart.

use crate::document::table::Matrix;
use crate::elements::time_series::forecast::{Forecast, errors_of_equal_shocks, horizon};
use crate::elements::time_series::kalman;
use crate::elements::time_series::outliers::{self, Outlier};
use crate::elements::time_series::polynomial::{Polynomial, at, difference, product, quotient, seasonal};
use crate::elements::time_series::read::{TimeSeries, Transformation, read_values};
use crate::fault::{Fault, Result};
use crate::reader::xml::CELL_LIMIT;
use crate::reader::{Element, Xml};

/// Longest lag that a component may reach back.
const LAG_LIMIT: usize = 1 << 12;

/// Most times that a series is differenced.
const DIFFERENCE_LIMIT: i64 = 16;

closed_list! {
    /// How past shocks are found.
    pub enum PredictionMethod {
        ConditionalLeastSquares = "conditionalLeastSquares",
        ExactLeastSquares = "exactLeastSquares",
    }
}

closed_list! {
    /// What the state at the end of the series is told by.
    enum LikelihoodMethod {
        Kalman = "kalman",
        ThetaRecursion = "thetaRecursion",
    }
}

/// `ARIMA`.
#[derive(Clone, Debug)]
pub struct Arima {
    offset: u32,
    transformation: Transformation,
    method: PredictionMethod,
    mean: f64,
    /// Standard deviation of the shocks.
    error: Option<f64>,
    autoregressive: Polynomial,
    moving_average: Polynomial,
    difference: Polynomial,
    /// The last shocks, latest last; empty if they are to be found from the series.
    shocks: Vec<f64>,
    /// Steps of a season; 1 without any.
    period: usize,
    /// What is added to the series and is no part of the process.
    outliers: Vec<Outlier>,
}

/// `AR` and `MA` of one component, or of the ARMA part of a GARCH model.
#[derive(Clone, Debug, Default)]
pub struct Component {
    /// Autoregressive coefficients by lag.
    pub autoregressive: Vec<f64>,
    /// Coefficients of past shocks by lag.
    pub moving_average: Vec<f64>,
    /// The last shocks, latest last.
    pub shocks: Vec<f64>,
}

impl Component {
    /// Takes a child `AR` or `MA`; false if it is another one.
    pub fn child<'a>(&mut self, xml: &mut Xml<'a>, child: &Element<'a>) -> Result<bool> {
        match child.name {
            "AR" => {
                child.finish()?;
                self.autoregressive = read_values(xml, "AR")?;
            }
            "MA" => {
                child.finish()?;
                while let Some(part) = xml.child()? {
                    part.finish()?;
                    match part.name {
                        "MACoefficients" => self.moving_average = read_values(xml, "MACoefficients")?,
                        "Residuals" => self.shocks = read_values(xml, "Residuals")?,
                        _ => return Err(part.unexpected("MA")),
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Refuses other numbers of coefficients than the element states.
    pub fn check(&self, element: &Element<'_>, ar: i64, ma: i64) -> Result<()> {
        for (stated, found, what) in
            [(ar, self.autoregressive.len(), "AR"), (ma, self.moving_average.len(), "MA")]
        {
            if usize::try_from(stated) != Ok(found) {
                let message =
                    format!("{} states {stated} coefficients of {what}, and has {found}", element.name);
                return Err(element.invalid(message));
            }
        }
        Ok(())
    }
}

impl Arima {
    /// Reads an `ARIMA` to its end.
    pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut arima = Self {
            offset: element.offset,
            transformation: element.choice("transformation")?.unwrap_or_default(),
            method: element.choice("predictionMethod")?.unwrap_or(PredictionMethod::ConditionalLeastSquares),
            mean: element.number("constantTerm")?.unwrap_or(0.0),
            error: element.number("RMSE")?,
            autoregressive: vec![1.0],
            moving_average: vec![1.0],
            difference: vec![1.0],
            shocks: Vec::new(),
            period: 1,
            outliers: Vec::new(),
        };
        element.finish()?;
        let mut components: Vec<&str> = Vec::new();
        while let Some(child) = xml.child()? {
            match child.name {
                name if components.contains(&name) => {
                    return Err(child.invalid(format!("an ARIMA has one {name}")));
                }
                "NonseasonalComponent" | "SeasonalComponent" => {
                    components.push(child.name);
                    arima.component(xml, child)?;
                }
                "MaximumLikelihoodStat" => read_likelihood(xml, child)?,
                "OutlierEffect" => arima.outliers.push(Outlier::read(xml, child)?),
                "DynamicRegressor" => return Err(child.not_evaluated("ARIMA")),
                _ => return Err(child.unexpected("ARIMA")),
            }
        }
        Ok(arima)
    }

    fn component<'a>(&mut self, xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<()> {
        let is_seasonal = element.name == "SeasonalComponent";
        let names = if is_seasonal { ["P", "D", "Q"] } else { ["p", "d", "q"] };
        let mut orders = [0; 3];
        for (order, name) in orders.iter_mut().zip(names) {
            *order = element.integer(name)?.unwrap_or(0);
        }
        let period = if is_seasonal { element.integer("period")? } else { Some(1) };
        element.finish()?;
        let mut component = Component::default();
        while let Some(child) = xml.child()? {
            if !component.child(xml, &child)? {
                return Err(child.unexpected(element.name));
            }
        }
        let [ar, differences, ma] = orders;
        component.check(&element, ar, ma)?;
        let period = period.and_then(|period| usize::try_from(period).ok()).filter(|period| *period > 0);
        let Some(period) = period else {
            return Err(element.invalid("seasons need the attribute period, from 1"));
        };
        let longest = ar.max(ma).max(differences);
        let reach = usize::try_from(longest).ok().and_then(|longest| longest.checked_mul(period));
        if reach.is_none_or(|reach| reach > LAG_LIMIT) || !(0..=DIFFERENCE_LIMIT).contains(&differences) {
            let message = format!("lags beyond {LAG_LIMIT}, or more than {DIFFERENCE_LIMIT} differences");
            return Err(Fault::too_large(element.offset, message));
        }
        let differences = differences as usize;
        let ar = seasonal(&component.autoregressive, period, -1.0);
        let ma = seasonal(&component.moving_average, period, 1.0);
        self.autoregressive = product(&self.autoregressive, &ar);
        self.moving_average = product(&self.moving_average, &ma);
        self.difference = product(&self.difference, &difference(period, differences));
        self.period = self.period.max(period);
        // Those of the seasons reach back farther.
        if component.shocks.len() > self.shocks.len() {
            self.shocks = component.shocks;
        }
        Ok(())
    }

    /// The forecasts after a series.
    ///
    /// # Errors
    /// [`Fault`] if the series is too short, or the document lacks shocks that it needs.
    pub fn forecast(&self, series: &TimeSeries) -> Result<Forecast> {
        let invalid = |message: String| Fault::invalid(self.offset, message);
        let TimeSeries { values: series, end } = series;
        let lost = self.difference.len() - 1;
        let needed = lost + self.autoregressive.len().max(2) - 1;
        if series.len() < needed {
            let message = format!(
                "a forecast needs the last {needed} values of a TimeSeries, which has {}",
                series.len()
            );
            return Err(invalid(message));
        }
        let mut known: Vec<f64> = series.iter().map(|value| self.transformation.apply(*value)).collect();
        if known.iter().any(|value| !value.is_finite()) {
            return Err(invalid("a value of the TimeSeries cannot be transformed".to_owned()));
        }
        let cost = self.autoregressive.len() + self.moving_average.len() + self.difference.len();
        // The weights of past shocks are as long as the horizon.
        let steps = horizon(2 * cost);
        let denominator = product(&self.autoregressive, &self.difference);
        let effects =
            outliers::effects(&self.outliers, known.len() + steps, known.len(), *end, self.period, |count| {
                quotient(&self.moving_average, &denominator, count)
            });
        let effects = effects.map_err(invalid)?;
        known.iter_mut().zip(&effects).for_each(|(value, effect)| *value -= effect);
        let differenced = |index: usize| {
            let terms = self.difference.iter().enumerate();
            terms.map(|(lag, coefficient)| coefficient * at(&known, index, lag)).sum::<f64>() - self.mean
        };
        let stationary: Vec<f64> = (lost..known.len()).map(differenced).collect();
        let expected = match self.method {
            PredictionMethod::ConditionalLeastSquares => self.conditional(&stationary, steps)?,
            PredictionMethod::ExactLeastSquares => self.exact(&stationary, steps)?,
        };
        let mut values = known;
        for expected in expected {
            let index = values.len();
            let mut value = expected + self.mean;
            for (lag, coefficient) in self.difference.iter().enumerate().skip(1) {
                value -= coefficient * at(&values, index, lag);
            }
            values.push(value);
        }
        values.iter_mut().zip(&effects).for_each(|(value, effect)| *value += effect);
        let values = values.split_off(series.len());
        let errors = match self.error {
            None => Vec::new(),
            Some(error) => {
                let weights = quotient(&self.moving_average, &denominator, steps);
                errors_of_equal_shocks(&weights, error * error)
            }
        };
        Ok(Forecast { values, errors, deviations: Vec::new(), transformation: self.transformation })
    }

    /// Expected values given the last shocks, as told or as found from the series.
    fn conditional(&self, series: &[f64], steps: usize) -> Result<Vec<f64>> {
        let reach = self.moving_average.len() - 1;
        let shocks = if self.shocks.is_empty() {
            if series.len().saturating_mul(reach + self.autoregressive.len()) > 8 * CELL_LIMIT {
                return Err(Fault::too_large(self.offset, "the series is too long to find its shocks"));
            }
            kalman::conditional_shocks(&self.autoregressive, &self.moving_average, series)
        } else {
            self.shocks.clone()
        };
        if shocks.len() < reach {
            let message = format!("the last {reach} Residuals are needed, and {} are told", shocks.len());
            return Err(Fault::invalid(self.offset, message));
        }
        Ok(expected(&self.autoregressive, &self.moving_average, series, &shocks, steps))
    }

    /// Expected values given the whole series.
    fn exact(&self, series: &[f64], steps: usize) -> Result<Vec<f64>> {
        let size = (self.autoregressive.len() - 1).max(self.moving_average.len());
        if size > kalman::STATE_LIMIT || series.len().saturating_mul(size * size) > 8 * CELL_LIMIT {
            let message =
                format!("exactLeastSquares beyond a lag of {}, or of too long a series", kalman::STATE_LIMIT);
            return Err(Fault::too_large(self.offset, message));
        }
        kalman::predict(&self.autoregressive, &self.moving_average, series, steps).ok_or_else(|| {
            Fault::invalid(
                self.offset,
                "exactLeastSquares needs autoregressive coefficients of a stationary series",
            )
        })
    }
}

/// Expected values of an ARMA process of mean 0 after a series with these last shocks.
#[must_use]
pub fn expected(ar: &[f64], ma: &[f64], series: &[f64], shocks: &[f64], steps: usize) -> Vec<f64> {
    let mut values = series.to_vec();
    for step in 0..steps {
        let mut value = 0.0;
        for (lag, coefficient) in ar.iter().enumerate().skip(1) {
            value -= coefficient * at(&values, values.len(), lag);
        }
        for (lag, coefficient) in ma.iter().enumerate().skip(step + 1) {
            value += coefficient * at(shocks, shocks.len() + step, lag);
        }
        values.push(value);
    }
    values.split_off(series.len())
}

/// The state at the end of the series: exact predictions are computed from the series itself, so it is not needed.
fn read_likelihood<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<()> {
    element.required_choice::<LikelihoodMethod>("method")?;
    element.integer("periodDeficit")?;
    element.finish()?;
    while let Some(state) = xml.child()? {
        state.finish()?;
        let parts: &[&str] = match state.name {
            "KalmanState" => &["FinalOmega", "FinalStateVector", "HVector"],
            "ThetaRecursionState" => &["FinalNoise", "FinalPredictedNoise", "FinalTheta", "FinalNu"],
            _ => return Err(state.unexpected("MaximumLikelihoodStat")),
        };
        while let Some(part) = xml.child()? {
            part.finish()?;
            match part.name {
                name if !parts.contains(&name) => return Err(part.unexpected(state.name)),
                "FinalOmega" => {
                    read_matrix(xml, "FinalOmega")?;
                }
                "FinalTheta" => {
                    while let Some(mut theta) = xml.child()? {
                        if theta.name != "Theta" {
                            return Err(theta.unexpected("FinalTheta"));
                        }
                        theta.integer("i")?;
                        theta.integer("j")?;
                        theta.number("theta")?;
                        theta.finish()?;
                        xml.end(&theta)?;
                    }
                }
                name => {
                    read_values(xml, name)?;
                }
            }
        }
    }
    Ok(())
}

/// Reads the children of an element that holds one `Matrix`, to its end.
pub fn read_matrix(xml: &mut Xml<'_>, parent: &str) -> Result<Option<Matrix>> {
    let mut found = None;
    while let Some(child) = xml.child()? {
        match child.name {
            "Matrix" => found = Some(Matrix::read(xml, child)?),
            _ => return Err(child.unexpected(parent)),
        }
    }
    Ok(found)
}
