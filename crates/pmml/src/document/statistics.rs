//! `ModelStats`: how the fields were distributed in training.
//!
//! They have no part in scoring, so that nothing in them refuses a document: what contradicts itself is left out.

use scorewheel_model::{FieldStatistics, TrainedInterval, TrainedValues};

use crate::document::dictionary::Closure;
use crate::document::table::split_array;
use crate::fault::Result;
use crate::reader::element::parse_number;
use crate::reader::{Choice, Element, Xml};

/// `UnivariateStats` of one field, as they are written.
#[derive(Debug, Default)]
struct Univariate<'a> {
    /// `totalFreq`, `missingFreq`, `invalidFreq` of `Counts`.
    counts: [Option<f64>; 3],
    /// `minimum` and `maximum` of `NumericInfo`.
    extremes: [Option<f64>; 2],
    /// Percentages and values of `Quantile`.
    quantiles: Vec<(f64, f64)>,
    /// The arrays of `DiscrStats`: true for texts.
    discrete: Vec<(bool, Vec<&'a str>)>,
    /// The intervals of `ContStats`.
    intervals: Vec<Option<TrainedInterval>>,
    /// The first array of `ContStats`.
    frequencies: Option<Vec<&'a str>>,
}

/// Reads `ModelStats` to their end: the fields whose distribution they tell.
pub fn read(xml: &mut Xml<'_>) -> Result<Vec<FieldStatistics>> {
    let mut fields = Vec::new();
    while let Some(mut child) = xml.child()? {
        let field = child.text("field").filter(|_| child.name == "UnivariateStats");
        match field {
            Some(field) => fields.extend(Univariate::read(xml)?.told(field)),
            None => xml.skip()?,
        }
    }
    Ok(fields)
}

fn number(element: &mut Element<'_>, name: &str) -> Option<f64> {
    element.text(name).and_then(parse_number).filter(|number| number.is_finite())
}

/// The entries of an array that is written in full; none of a sparse one.
fn entries<'a>(xml: &mut Xml<'a>, element: &Element<'a>) -> Result<Option<Vec<&'a str>>> {
    if element.name != "Array" {
        xml.skip()?;
        return Ok(None);
    }
    let content = xml.content_if_any(element)?;
    Ok(content.map(|content| split_array(xml, content)))
}

impl<'a> Univariate<'a> {
    fn read(xml: &mut Xml<'a>) -> Result<Self> {
        let mut found = Self::default();
        while let Some(mut child) = xml.child()? {
            match child.name {
                "Counts" => {
                    found.counts =
                        ["totalFreq", "missingFreq", "invalidFreq"].map(|name| number(&mut child, name));
                    xml.skip()?;
                }
                "NumericInfo" => {
                    found.extremes = ["minimum", "maximum"].map(|name| number(&mut child, name));
                    while let Some(mut quantile) = xml.child()? {
                        let limit = number(&mut quantile, "quantileLimit");
                        let value = number(&mut quantile, "quantileValue");
                        found.quantiles.extend(limit.zip(value));
                        xml.skip()?;
                    }
                }
                "DiscrStats" => {
                    while let Some(mut array) = xml.child()? {
                        let texts = array.text("type") == Some("string");
                        let read = entries(xml, &array)?;
                        found.discrete.extend(read.map(|read| (texts, read)));
                    }
                }
                "ContStats" => found.read_continuous(xml)?,
                _ => xml.skip()?,
            }
        }
        Ok(found)
    }

    fn read_continuous(&mut self, xml: &mut Xml<'a>) -> Result<()> {
        let mut arrays = 0;
        while let Some(mut child) = xml.child()? {
            if child.name == "Interval" {
                let closure = child.text("closure").and_then(Closure::from_word);
                let margin = |text: Option<&str>, none: f64| text.map_or(Some(none), parse_number);
                let left = margin(child.text("leftMargin"), f64::NEG_INFINITY);
                let right = margin(child.text("rightMargin"), f64::INFINITY);
                self.intervals.push(closure.zip(left.zip(right)).map(|(closure, (left, right))| {
                    let from_closed = matches!(closure, Closure::ClosedOpen | Closure::ClosedClosed);
                    let to_closed = matches!(closure, Closure::OpenClosed | Closure::ClosedClosed);
                    TrainedInterval { from: (left, from_closed), to: (right, to_closed), weight: 0.0 }
                }));
                xml.skip()?;
            } else if child.name.ends_with("Array") {
                let read = entries(xml, &child)?;
                // Frequencies come first; sums and sums of squares may follow.
                self.frequencies = if arrays == 0 { read } else { self.frequencies.take() };
                arrays += 1;
            } else {
                xml.skip()?;
            }
        }
        Ok(())
    }

    /// What they tell of a field; nothing if they hold no distribution: a mean and a deviation alone are none.
    fn told(self, field: &str) -> Option<FieldStatistics> {
        let values = self
            .continuous()
            .or_else(|| self.categories())
            .or_else(|| quantiles(&self.quantiles, self.extremes))?;
        let count = |count: Option<f64>| count.filter(|count| *count >= 0.0);
        let [rows, missing, invalid] = self.counts.map(count);
        Some(FieldStatistics { input: field.into(), rows, missing, invalid, values })
    }

    fn continuous(&self) -> Option<TrainedValues> {
        let frequencies = self.frequencies.as_ref()?;
        if self.intervals.is_empty() || frequencies.len() != self.intervals.len() {
            return None;
        }
        let weighed = self.intervals.iter().zip(frequencies).map(|(interval, frequency)| {
            let weight = weight(frequency)?;
            interval.map(|interval| TrainedInterval { weight, ..interval })
        });
        weighed.collect::<Option<Vec<_>>>().map(TrainedValues::Intervals)
    }

    fn categories(&self) -> Option<TrainedValues> {
        let [(_, values), (false, frequencies)] = self.discrete.as_slice() else { return None };
        if values.is_empty() || values.len() != frequencies.len() {
            return None;
        }
        let weighed = values
            .iter()
            .zip(frequencies)
            .map(|(value, frequency)| Some(((*value).into(), weight(frequency)?)));
        weighed.collect::<Option<Vec<_>>>().map(TrainedValues::Categories)
    }
}

fn weight(text: &str) -> Option<f64> {
    parse_number(text).filter(|weight| weight.is_finite() && *weight >= 0.0)
}

/// The ranges between quantiles. A quantile belongs to the range below it; what lies outside of the outermost is between
/// them and the extremes, if these are told, else open.
fn quantiles(quantiles: &[(f64, f64)], [minimum, maximum]: [Option<f64>; 2]) -> Option<TrainedValues> {
    let mut points: Vec<(f64, f64)> = quantiles.to_vec();
    points.sort_by(|left, right| left.0.total_cmp(&right.0));
    let within = |points: &[(f64, f64)]| Some((points.first()?.0, points.last()?.0));
    let (first, last) = within(&points)?;
    if first > 0.0 {
        points.insert(0, (0.0, minimum.unwrap_or(f64::NEG_INFINITY)));
    }
    if last < 100.0 {
        points.push((100.0, maximum.unwrap_or(f64::INFINITY)));
    }
    let sound = points.windows(2).all(|pair| pair[0].1 <= pair[1].1 && pair[0].0 < pair[1].0)
        && within(&points) == Some((0.0, 100.0));
    // With two ranges it is a median: too little to compare with.
    if !sound || points.len() < 4 {
        return None;
    }
    let mut ranges: Vec<TrainedInterval> = Vec::new();
    for pair in points.windows(2) {
        let [(from_share, from), (to_share, to)] = [pair[0], pair[1]];
        let weight = to_share - from_share;
        match ranges.last_mut() {
            // All of this share is one number, which the range below holds already.
            Some(last) if from == to => last.weight += weight,
            last => {
                let closed = last.is_none();
                ranges.push(TrainedInterval { from: (from, closed), to: (to, true), weight });
            }
        }
    }
    Some(TrainedValues::Intervals(ranges))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{document, load};
    use scorewheel_model::Model;

    const FIELDS: &str = r#"<DataField name="x" optype="continuous" dataType="double"/>
        <DataField name="c" optype="categorical" dataType="string"/>
        <DataField name="y" optype="continuous" dataType="double"/>"#;

    fn told(statistics: &str) -> Vec<FieldStatistics> {
        let model = format!(
            r#"<RegressionModel functionName="regression"><MiningSchema><MiningField name="x"/><MiningField name="c"/>
            <MiningField name="y" usageType="target"/></MiningSchema><ModelStats>{statistics}</ModelStats>
            <RegressionTable intercept="1"><NumericPredictor name="x" coefficient="2"/></RegressionTable></RegressionModel>"#
        );
        load(&document(FIELDS, &model)).unwrap().model.training_statistics().to_vec()
    }

    #[test]
    fn categories_and_counts() {
        let found = told(
            r#"<UnivariateStats field="c"><Counts totalFreq="10" missingFreq="2" invalidFreq="1"/>
            <DiscrStats modalValue="red"><Array n="2" type="string">red "dark white"</Array>
            <Array n="2" type="int">4 3</Array></DiscrStats></UnivariateStats>"#,
        );
        let values = TrainedValues::Categories(vec![("red".into(), 4.0), ("dark white".into(), 3.0)]);
        let expected = FieldStatistics {
            input: "c".into(),
            rows: Some(10.0),
            missing: Some(2.0),
            invalid: Some(1.0),
            values,
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn intervals_with_their_frequencies() {
        let found = told(
            r#"<UnivariateStats field="x"><NumericInfo minimum="0" maximum="9" mean="4"/><ContStats totalValuesSum="5">
            <Interval closure="closedOpen" leftMargin="0" rightMargin="5"/><Interval closure="closedClosed" leftMargin="5"
            rightMargin="9"/><Array n="2" type="int">30 70</Array><Array n="2" type="real">1 2</Array></ContStats>
            <Anova/></UnivariateStats><MultivariateStats/>"#,
        );
        let interval = |from, to, weight| TrainedInterval { from, to, weight };
        let expected =
            vec![interval((0.0, true), (5.0, false), 30.0), interval((5.0, true), (9.0, true), 70.0)];
        assert_eq!((found[0].rows, &found[0].values), (None, &TrainedValues::Intervals(expected)));
    }

    #[test]
    fn ranges_between_quantiles() {
        let quantile = |limit: u32, value: f64| {
            format!("<Quantile quantileLimit=\"{limit}\" quantileValue=\"{value}\"/>")
        };
        let info = |extremes: &str, quantiles: &[(u32, f64)]| {
            let quantiles: String = quantiles.iter().map(|(limit, value)| quantile(*limit, *value)).collect();
            told(&format!(
                "<UnivariateStats field=\"x\"><NumericInfo {extremes}>{quantiles}</NumericInfo></UnivariateStats>"
            ))
        };
        let interval = |from, to, weight| TrainedInterval { from, to, weight };
        let found = info("minimum=\"1\" maximum=\"9\"", &[(25, 1.0), (50, 4.0), (75, 6.0)]);
        // A quarter of all is the smallest number itself.
        let expected = vec![
            interval((1.0, true), (1.0, true), 25.0),
            interval((1.0, false), (4.0, true), 25.0),
            interval((4.0, false), (6.0, true), 25.0),
            interval((6.0, false), (9.0, true), 25.0),
        ];
        assert_eq!(found[0].values, TrainedValues::Intervals(expected));
        let found = info("", &[(10, 2.0), (90, 4.0)]);
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        let expected = vec![
            interval((low, true), (2.0, true), 10.0),
            interval((2.0, false), (4.0, true), 80.0),
            interval((4.0, false), (high, true), 10.0),
        ];
        assert_eq!(found[0].values, TrainedValues::Intervals(expected));
        assert_eq!(info("minimum=\"1\" maximum=\"9\" mean=\"4\" standardDeviation=\"2\"", &[]), []);
        assert_eq!(info("", &[(50, 4.0)]), [], "a median alone");
        assert_eq!(info("", &[(10, 4.0), (50, 2.0), (90, 7.0)]), [], "it goes down");
        assert_eq!(info("", &[(10, 4.0), (10, 5.0), (190, 7.0)]), [], "no percentages");
    }

    #[test]
    fn what_makes_no_sense_is_left_out_and_refuses_nothing() {
        for statistics in [
            r#"<UnivariateStats><Counts totalFreq="1"/></UnivariateStats>"#,
            r#"<UnivariateStats field="x"/>"#,
            r#"<UnivariateStats field="x"><Counts totalFreq="many"/><NumericInfo minimum="low"><Quantile/></NumericInfo></UnivariateStats>"#,
            r#"<UnivariateStats field="c"><DiscrStats><Array n="7" type="string">a b</Array><Array type="int">1</Array></DiscrStats></UnivariateStats>"#,
            r#"<UnivariateStats field="c"><DiscrStats><Array type="string">a</Array><Array type="int">-1</Array></DiscrStats></UnivariateStats>"#,
            r#"<UnivariateStats field="c"><DiscrStats><Array type="int">1 2</Array></DiscrStats></UnivariateStats>"#,
            r#"<UnivariateStats field="x"><ContStats><Interval/><Array type="int">1</Array></ContStats></UnivariateStats>"#,
            r#"<UnivariateStats field="x"><ContStats><Interval closure="openOpen"/><INT-SparseArray n="1"/></ContStats></UnivariateStats>"#,
            r#"<UnivariateStats field="c"><DiscrStats><Array type="string"><b/></Array><Array type="int">1</Array></DiscrStats></UnivariateStats>"#,
            r#"<UnivariateStats field="c"><DiscrStats><Array type="string">a&nbsp;<b>c</b></Array><Array type="int">1</Array></DiscrStats></UnivariateStats>"#,
            r#"<UnivariateStats field="c"><DiscrStats><Array type="string">a&#0;</Array><Array type="int">1</Array></DiscrStats></UnivariateStats>"#,
            r#"<Unheard of="it"><Array/></Unheard>"#,
        ] {
            assert_eq!(told(statistics), [], "{statistics}");
        }
    }
}
