//! `Output`: what a model tells beside its target.

use crate::document::dictionary::{DataType, ListedValue, OpType};
use crate::document::expression::Expression;
use crate::fault::Result;
use crate::reader::xml::Extension;
use crate::reader::{Element, Xml};

closed_list! {
    /// What an output field tells.
    pub enum Feature {
        PredictedValue = "predictedValue",
        PredictedDisplayValue = "predictedDisplayValue",
        TransformedValue = "transformedValue",
        Decision = "decision",
        Probability = "probability",
        Affinity = "affinity",
        Residual = "residual",
        StandardError = "standardError",
        ClusterId = "clusterId",
        ClusterAffinity = "clusterAffinity",
        EntityId = "entityId",
        EntityAffinity = "entityAffinity",
        Warning = "warning",
        RuleValue = "ruleValue",
        ReasonCode = "reasonCode",
        Antecedent = "antecedent",
        Consequent = "consequent",
        Rule = "rule",
        RuleId = "ruleId",
        Confidence = "confidence",
        Support = "support",
        Lift = "lift",
        Leverage = "leverage",
        StandardDeviation = "standardDeviation",
        ConfidenceIntervalLower = "confidenceIntervalLower",
        ConfidenceIntervalUpper = "confidenceIntervalUpper",
        Report = "x-report",
    }
}

closed_list! {
    /// What a rule's output field tells.
    pub enum RuleFeature {
        Antecedent = "antecedent",
        Consequent = "consequent",
        Rule = "rule",
        RuleId = "ruleId",
        Confidence = "confidence",
        Support = "support",
        Lift = "lift",
        Leverage = "leverage",
        Affinity = "affinity",
    }
}

closed_list! {
    /// Which rules apply.
    pub enum RuleAlgorithm {
        Recommendation = "recommendation",
        ExclusiveRecommendation = "exclusiveRecommendation",
        RuleAssociation = "ruleAssociation",
    }
}

closed_list! {
    /// By what rules are ranked.
    pub enum RankBasis {
        Confidence = "confidence",
        Support = "support",
        Lift = "lift",
        Leverage = "leverage",
        Affinity = "affinity",
    }
}

closed_list! {
    /// Which end of a ranking is first.
    pub enum RankOrder {
        Ascending = "ascending",
        Descending = "descending",
    }
}

/// `Decision`: one value that a decision may have.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The value.
    pub value: &'a str,
    /// How it is shown.
    pub display: Option<&'a str>,
}

/// `OutputField`.
#[derive(Clone, Debug)]
pub struct OutputField<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its name.
    pub name: &'a str,
    /// Type of its values, if stated.
    pub data_type: Option<DataType>,
    /// What may be done with them, if stated.
    pub op_type: Option<OpType>,
    /// What it tells.
    pub feature: Feature,
    /// The target that it is about.
    pub target_field: Option<&'a str>,
    /// The category or entity that it is about.
    pub value: Option<&'a str>,
    /// What it tells of a rule.
    pub rule_feature: Option<RuleFeature>,
    /// Which rules apply.
    pub algorithm: Option<RuleAlgorithm>,
    /// Which of several it tells; 0 for all.
    pub rank: i64,
    /// By what rules are ranked.
    pub rank_basis: RankBasis,
    /// Which end of the ranking is first.
    pub rank_order: RankOrder,
    /// True if it holds a list.
    pub is_multi_valued: bool,
    /// The segment that it is about.
    pub segment_id: Option<&'a str>,
    /// False for intermediate results.
    pub is_final_result: bool,
    /// Another output field that a report is about.
    pub report_field: Option<&'a str>,
    /// Decisions it may have.
    pub decisions: Vec<Decision<'a>>,
    /// How it is computed.
    pub expression: Option<Expression<'a>>,
    /// Vendors' settings.
    pub extensions: Vec<Extension<'a>>,
}

impl<'a> OutputField<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let name = element.required("name")?;
        let data_type = element.choice("dataType")?;
        let op_type = match element.text("optype") {
            Some("clazz") => None,
            _ => element.choice("optype")?,
        };
        let is_multi_valued = element.boolean("isMultiValued")?.unwrap_or(false);
        let feature = element.choice("feature")?.unwrap_or(Feature::PredictedValue);
        let mut field = Self {
            offset: element.offset,
            name,
            data_type,
            op_type,
            feature,
            target_field: element.text("targetField"),
            value: element.text("value"),
            rule_feature: element.choice("ruleFeature")?,
            algorithm: element.choice("algorithm")?,
            rank: element.integer("rank")?.unwrap_or(1),
            rank_basis: element.choice("rankBasis")?.unwrap_or(RankBasis::Confidence),
            rank_order: element.choice("rankOrder")?.unwrap_or(RankOrder::Descending),
            is_multi_valued,
            segment_id: element.text("segmentId"),
            is_final_result: element.boolean("isFinalResult")?.unwrap_or(true),
            report_field: element.text("x-reportField"),
            decisions: Vec::new(),
            expression: None,
            extensions: Vec::new(),
        };
        element.ignore(&["displayName"]);
        element.finish()?;
        while let Some(child) = xml.child()? {
            match child.name {
                "Decisions" => field.decisions = read_decisions(xml, child)?,
                // Some producers list the values that the field may have.
                "Value" => {
                    ListedValue::read(xml, child)?;
                }
                _ => field.expression = Some(Expression::read(xml, child, "OutputField")?),
            }
        }
        field.extensions = xml.take_extensions();
        Ok(field)
    }

    /// Reads a `ResultField` to its end: what an embedded model tells those after it.
    pub fn read_result(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let name = element.required("name")?;
        let field = Self {
            data_type: element.choice("dataType")?,
            op_type: element.choice("optype")?,
            feature: element.choice("feature")?.unwrap_or(Feature::PredictedValue),
            value: element.text("value"),
            is_final_result: false,
            ..plain(element.offset, name)
        };
        element.ignore(&["displayName"]);
        element.finish()?;
        xml.end(&element)?;
        Ok(field)
    }
}

/// An output field with nothing but its name.
fn plain<'a>(offset: u32, name: &'a str) -> OutputField<'a> {
    OutputField {
        offset,
        name,
        data_type: None,
        op_type: None,
        feature: Feature::PredictedValue,
        target_field: None,
        value: None,
        rule_feature: None,
        algorithm: None,
        rank: 1,
        rank_basis: RankBasis::Confidence,
        rank_order: RankOrder::Descending,
        is_multi_valued: false,
        segment_id: None,
        is_final_result: true,
        report_field: None,
        decisions: Vec::new(),
        expression: None,
        extensions: Vec::new(),
    }
}

fn read_decisions<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Vec<Decision<'a>>> {
    element.ignore(&["businessProblem", "description"]);
    element.finish()?;
    let mut decisions = Vec::new();
    while let Some(mut child) = xml.child()? {
        if child.name != "Decision" {
            return Err(child.unexpected("Decisions"));
        }
        decisions.push(Decision { value: child.required("value")?, display: child.text("displayValue") });
        child.ignore(&["description"]);
        child.finish()?;
        xml.end(&child)?;
    }
    Ok(decisions)
}

/// `Output`.
#[derive(Clone, Debug, Default)]
pub struct Output<'a> {
    /// The fields, in order.
    pub fields: Vec<OutputField<'a>>,
}

impl<'a> Output<'a> {
    /// Reads an `Output` to its end.
    pub fn read(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Self> {
        element.finish()?;
        let mut output = Self::default();
        while let Some(child) = xml.child()? {
            match child.name {
                "OutputField" => output.fields.push(OutputField::read(xml, child)?),
                _ => return Err(child.unexpected("Output")),
            }
        }
        Ok(output)
    }
}
