//! Expressions, derived fields and the functions that a document defines.

use crate::document::dictionary::{DataType, Interval, ListedValue, OpType};
use crate::document::schema::InvalidTreatment;
use crate::document::table::{self, InlineTable};
use crate::fault::Result;
use crate::reader::xml::Extension;
use crate::reader::{Element, Xml};

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub struct Expression<'a> {
    /// Where it stands.
    pub offset: u32,
    /// What it is.
    pub node: ExpressionNode<'a>,
}

/// One kind of expression.
#[derive(Clone, Debug)]
pub enum ExpressionNode<'a> {
    /// `Constant`.
    Constant {
        /// As it is written.
        value: &'a str,
        /// Its type, if stated.
        data_type: Option<DataType>,
        /// True if it stands for a missing value.
        missing: bool,
    },
    /// `FieldRef`.
    FieldRef {
        /// Name of the field.
        field: &'a str,
        /// Replaces a missing value.
        map_missing_to: Option<&'a str>,
    },
    /// `NormContinuous`.
    NormContinuous(Box<NormContinuous<'a>>),
    /// `NormDiscrete`.
    NormDiscrete(Box<NormDiscrete<'a>>),
    /// `Discretize`.
    Discretize(Box<Discretize<'a>>),
    /// `MapValues`.
    MapValues(Box<MapValues<'a>>),
    /// `TextIndex`.
    TextIndex(Box<TextIndex<'a>>),
    /// `Apply`.
    Apply(Box<Apply<'a>>),
    /// `Aggregate`.
    Aggregate(Box<Aggregate<'a>>),
    /// `Lag`.
    Lag(Box<Lag<'a>>),
}

impl<'a> Expression<'a> {
    /// True for the names of elements that are expressions.
    #[must_use]
    pub fn is_one(name: &str) -> bool {
        matches!(
            name,
            "Constant"
                | "FieldRef"
                | "NormContinuous"
                | "NormDiscrete"
                | "Discretize"
                | "MapValues"
                | "TextIndex"
                | "Apply"
                | "Aggregate"
                | "Lag"
        )
    }

    /// True if it reads the field of this name itself, and not by way of a derived one.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        match &self.node {
            ExpressionNode::Constant { .. } => false,
            ExpressionNode::FieldRef { field, .. } => *field == name,
            ExpressionNode::NormContinuous(norm) => norm.field == name,
            ExpressionNode::NormDiscrete(norm) => norm.field == name,
            ExpressionNode::Discretize(discretize) => discretize.field == name,
            ExpressionNode::MapValues(map) => map.pairs.iter().any(|(field, _)| *field == name),
            ExpressionNode::TextIndex(index) => index.text_field == name,
            ExpressionNode::Apply(apply) => apply.arguments.iter().any(|argument| argument.reads(name)),
            ExpressionNode::Aggregate(aggregate) => aggregate.field == name,
            ExpressionNode::Lag(lag) => lag.field == name,
        }
    }

    /// Reads an expression to its end. `parent` names the element that holds it.
    pub fn read(xml: &mut Xml<'a>, element: Element<'a>, parent: &str) -> Result<Self> {
        let offset = element.offset;
        let node = match element.name {
            "Constant" => read_constant(xml, element)?,
            "FieldRef" => {
                let (field, map_missing_to) = read_field_ref(xml, element)?;
                ExpressionNode::FieldRef { field, map_missing_to }
            }
            "NormContinuous" => ExpressionNode::NormContinuous(Box::new(NormContinuous::read(xml, element)?)),
            "NormDiscrete" => ExpressionNode::NormDiscrete(Box::new(NormDiscrete::read(xml, element)?)),
            "Discretize" => ExpressionNode::Discretize(Box::new(Discretize::read(xml, element)?)),
            "MapValues" => ExpressionNode::MapValues(Box::new(MapValues::read(xml, element)?)),
            "TextIndex" => ExpressionNode::TextIndex(Box::new(TextIndex::read(xml, element)?)),
            "Apply" => ExpressionNode::Apply(Box::new(Apply::read(xml, element)?)),
            "Aggregate" => ExpressionNode::Aggregate(Box::new(Aggregate::read(xml, element)?)),
            "Lag" => ExpressionNode::Lag(Box::new(Lag::read(xml, element)?)),
            _ => return Err(element.unexpected(parent)),
        };
        Ok(Self { offset, node })
    }
}

fn read_constant<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ExpressionNode<'a>> {
    let data_type = element.choice("dataType")?;
    let missing = element.boolean("missing")?.unwrap_or(false);
    element.finish()?;
    let value = xml.content(&element)?;
    Ok(ExpressionNode::Constant { value, data_type, missing })
}

/// Reads a `FieldRef` to its end: its field, and what replaces a missing value.
pub fn read_field_ref<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<(&'a str, Option<&'a str>)> {
    let field = element.required("field")?;
    let map_missing_to = element.text("mapMissingTo");
    element.finish()?;
    xml.end(&element)?;
    Ok((field, map_missing_to))
}

/// The attribute `mapMissingTo` of an expression that yields numbers. Some producers write it empty, which is nought.
fn read_number_for_missing(element: &mut Element<'_>) -> Result<Option<f64>> {
    match element.text("mapMissingTo") {
        Some(text) if text.trim().is_empty() => Ok(Some(0.0)),
        _ => element.number("mapMissingTo"),
    }
}

/// `NormContinuous`: a piecewise linear function.
#[derive(Clone, Debug)]
pub struct NormContinuous<'a> {
    /// The field.
    pub field: &'a str,
    /// Result for a missing value.
    pub map_missing_to: Option<f64>,
    /// What happens outside the given points.
    pub outliers: crate::document::schema::OutlierTreatment,
    /// Points (`orig`, `norm`).
    pub points: Vec<(f64, f64)>,
}

impl<'a> NormContinuous<'a> {
    /// Reads a `NormContinuous` to its end.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let map_missing_to = read_number_for_missing(&mut element)?;
        let mut norm = Self {
            field: element.required("field")?,
            map_missing_to,
            outliers: element.choice("outliers")?.unwrap_or(crate::document::schema::OutlierTreatment::AsIs),
            points: Vec::new(),
        };
        element.finish()?;
        while let Some(mut child) = xml.child()? {
            if child.name != "LinearNorm" {
                return Err(child.unexpected("NormContinuous"));
            }
            norm.points.push((child.required_number("orig")?, child.required_number("norm")?));
            child.finish()?;
            xml.end(&child)?;
        }
        if norm.points.len() < 2 {
            return Err(element.invalid("NormContinuous needs two LinearNorm or more"));
        }
        Ok(norm)
    }
}

/// `NormDiscrete`: 1 where the field has the value, else 0.
#[derive(Clone, Debug)]
pub struct NormDiscrete<'a> {
    /// The field.
    pub field: &'a str,
    /// The value.
    pub value: &'a str,
    /// Result for a missing value.
    pub map_missing_to: Option<f64>,
}

impl<'a> NormDiscrete<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let map_missing_to = read_number_for_missing(&mut element)?;
        let norm =
            Self { field: element.required("field")?, value: element.required("value")?, map_missing_to };
        element.ignore(&["method"]);
        element.finish()?;
        xml.end(&element)?;
        Ok(norm)
    }
}

/// `Discretize`: intervals to values.
#[derive(Clone, Debug)]
pub struct Discretize<'a> {
    /// The field.
    pub field: &'a str,
    /// Result for a missing value.
    pub map_missing_to: Option<&'a str>,
    /// Result outside all bins.
    pub default_value: Option<&'a str>,
    /// Type of the result.
    pub data_type: Option<DataType>,
    /// Bins with their value.
    pub bins: Vec<(Interval, &'a str)>,
}

impl<'a> Discretize<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut discretize = Self {
            field: element.required("field")?,
            map_missing_to: element.text("mapMissingTo"),
            default_value: element.text("defaultValue"),
            data_type: element.choice("dataType")?,
            bins: Vec::new(),
        };
        element.finish()?;
        while let Some(mut child) = xml.child()? {
            if child.name != "DiscretizeBin" {
                return Err(child.unexpected("Discretize"));
            }
            let value = child.required("binValue")?;
            child.finish()?;
            let mut interval = None;
            while let Some(part) = xml.child()? {
                match part.name {
                    "Interval" => interval = Some(Interval::read(xml, part)?),
                    _ => return Err(part.unexpected("DiscretizeBin")),
                }
            }
            let interval = interval.ok_or_else(|| child.lacks("Interval"))?;
            discretize.bins.push((interval, value));
        }
        Ok(discretize)
    }
}

/// `MapValues`: rows of a table to values.
#[derive(Clone, Debug)]
pub struct MapValues<'a> {
    /// Result if a field is missing.
    pub map_missing_to: Option<&'a str>,
    /// Result if no row matches.
    pub default_value: Option<&'a str>,
    /// Column that holds the results.
    pub output_column: &'a str,
    /// Type of the result.
    pub data_type: Option<DataType>,
    /// Fields and the columns that they are compared with.
    pub pairs: Vec<(&'a str, &'a str)>,
    /// The table.
    pub table: Option<InlineTable<'a>>,
}

impl<'a> MapValues<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut map = Self {
            map_missing_to: element.text("mapMissingTo"),
            default_value: element.text("defaultValue"),
            output_column: table::written_column(xml, element.required("outputColumn")?),
            data_type: element.choice("dataType")?,
            pairs: Vec::new(),
            table: None,
        };
        element.finish()?;
        while let Some(mut child) = xml.child()? {
            match child.name {
                "FieldColumnPair" => {
                    map.pairs.push((
                        child.required("field")?,
                        table::written_column(xml, child.required("column")?),
                    ));
                    child.finish()?;
                    xml.end(&child)?;
                }
                "InlineTable" => map.table = Some(InlineTable::read(xml, child)?),
                "TableLocator" => xml.skip()?,
                _ => return Err(child.unexpected("MapValues")),
            }
        }
        Ok(map)
    }
}

closed_list! {
    /// What a term's frequency counts for.
    pub enum LocalTermWeights {
        TermFrequency = "termFrequency",
        Binary = "binary",
        Logarithmic = "logarithmic",
        AugmentedNormalizedTermFrequency = "augmentedNormalizedTermFrequency",
    }
}

closed_list! {
    /// Which hits count.
    pub enum CountHits {
        AllHits = "allHits",
        BestHits = "bestHits",
    }
}

/// `TextIndex`: how often a term occurs in a text.
#[derive(Clone, Debug)]
pub struct TextIndex<'a> {
    /// The field that holds the text.
    pub text_field: &'a str,
    /// What the frequency counts for.
    pub local_term_weights: LocalTermWeights,
    /// True if case matters.
    pub is_case_sensitive: bool,
    /// Spelling differences that are tolerated.
    pub max_levenshtein_distance: i64,
    /// Which hits count.
    pub count_hits: CountHits,
    /// What separates words.
    pub word_separator: Option<&'a str>,
    /// What a word is, instead of a separator.
    pub word: Option<&'a str>,
    /// True if words are stripped of punctuation.
    pub tokenize: bool,
    /// Changes to the text before it is searched.
    pub normalizations: Vec<TextIndexNormalization<'a>>,
    /// The term.
    pub term: Expression<'a>,
}

/// `TextIndexNormalization`: replacements made in a text.
#[derive(Clone, Debug)]
pub struct TextIndexNormalization<'a> {
    /// Column with what is replaced.
    pub in_field: &'a str,
    /// Column with the replacement.
    pub out_field: &'a str,
    /// Column that says whether what is replaced is a regular expression.
    pub regex_field: &'a str,
    /// True if it is repeated until nothing changes.
    pub recursive: bool,
    /// Overrides of the parent's.
    pub is_case_sensitive: Option<bool>,
    /// Overrides of the parent's.
    pub max_levenshtein_distance: Option<i64>,
    /// Overrides of the parent's.
    pub word_separator: Option<&'a str>,
    /// Overrides of the parent's.
    pub word: Option<&'a str>,
    /// Overrides of the parent's.
    pub tokenize: Option<bool>,
    /// The replacements.
    pub table: Option<InlineTable<'a>>,
}

impl<'a> TextIndex<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let text_field = element.required("textField")?;
        let local_term_weights =
            element.choice("localTermWeights")?.unwrap_or(LocalTermWeights::TermFrequency);
        let is_case_sensitive = element.boolean("isCaseSensitive")?.unwrap_or(false);
        let max_levenshtein_distance = element.integer("maxLevenshteinDistance")?.unwrap_or(0);
        let count_hits = element.choice("countHits")?.unwrap_or(CountHits::AllHits);
        let word_separator = element.text("wordSeparatorCharacterRE");
        let word = match element.text("wordRE") {
            Some(word) => Some(word),
            None => element.text("x-wordRE"),
        };
        let tokenize = element.boolean("tokenize")?.unwrap_or(true);
        element.finish()?;
        let mut normalizations = Vec::new();
        let mut term = None;
        while let Some(child) = xml.child()? {
            match child.name {
                "TextIndexNormalization" => normalizations.push(TextIndexNormalization::read(xml, child)?),
                _ => term = Some(Expression::read(xml, child, "TextIndex")?),
            }
        }
        let term = term.ok_or_else(|| element.lacks("Constant or another expression for the term"))?;
        Ok(Self {
            text_field,
            local_term_weights,
            is_case_sensitive,
            max_levenshtein_distance,
            count_hits,
            word_separator,
            word,
            tokenize,
            normalizations,
            term,
        })
    }
}

impl<'a> TextIndexNormalization<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut normalization = Self {
            in_field: table::written_column(xml, element.text("inField").unwrap_or("string")),
            out_field: table::written_column(xml, element.text("outField").unwrap_or("stem")),
            regex_field: table::written_column(xml, element.text("regexField").unwrap_or("regex")),
            recursive: element.boolean("recursive")?.unwrap_or(false),
            is_case_sensitive: element.boolean("isCaseSensitive")?,
            max_levenshtein_distance: element.integer("maxLevenshteinDistance")?,
            word_separator: element.text("wordSeparatorCharacterRE"),
            word: match element.text("wordRE") {
                Some(word) => Some(word),
                None => element.text("x-wordRE"),
            },
            tokenize: element.boolean("tokenize")?,
            table: None,
        };
        element.finish()?;
        while let Some(child) = xml.child()? {
            match child.name {
                "InlineTable" => normalization.table = Some(InlineTable::read(xml, child)?),
                "TableLocator" => xml.skip()?,
                _ => return Err(child.unexpected("TextIndexNormalization")),
            }
        }
        Ok(normalization)
    }
}

/// `Apply`: a function applied to arguments.
#[derive(Clone, Debug)]
pub struct Apply<'a> {
    /// Name of the function.
    pub function: &'a str,
    /// Result if an own argument is missing.
    pub map_missing_to: Option<&'a str>,
    /// Result if the function's own is missing.
    pub default_value: Option<&'a str>,
    /// What happens to an invalid result.
    pub invalid_treatment: InvalidTreatment,
    /// The arguments.
    pub arguments: Vec<Expression<'a>>,
    /// Vendors' settings, such as the dialect of regular expressions.
    pub extensions: Vec<Extension<'a>>,
}

impl<'a> Apply<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut apply = Self {
            function: element.required("function")?,
            map_missing_to: element.text("mapMissingTo"),
            default_value: element.text("defaultValue"),
            invalid_treatment: element
                .choice("invalidValueTreatment")?
                .unwrap_or(InvalidTreatment::ReturnInvalid),
            arguments: Vec::new(),
            extensions: Vec::new(),
        };
        element.finish()?;
        while let Some(child) = xml.child()? {
            apply.arguments.push(Expression::read(xml, child, "Apply")?);
        }
        apply.extensions = xml.take_extensions();
        Ok(apply)
    }
}

closed_list! {
    /// What an aggregate computes.
    pub enum AggregateFunction {
        Count = "count",
        Sum = "sum",
        Average = "average",
        Min = "min",
        Max = "max",
        Multiset = "multiset",
    }
}

/// `Aggregate`: a function over several values of one field.
#[derive(Clone, Debug)]
pub struct Aggregate<'a> {
    /// The field.
    pub field: &'a str,
    /// What is computed.
    pub function: AggregateFunction,
    /// By which field values are grouped.
    pub group_field: Option<&'a str>,
    /// Which values count, in SQL.
    pub sql_where: Option<&'a str>,
}

impl<'a> Aggregate<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let aggregate = Self {
            field: element.required("field")?,
            function: element.required_choice("function")?,
            group_field: element.text("groupField"),
            sql_where: element.text("sqlWhere"),
        };
        element.finish()?;
        xml.end(&element)?;
        Ok(aggregate)
    }
}

closed_list! {
    /// What a lag over several records computes.
    pub enum LagAggregate {
        None = "none",
        Avg = "avg",
        Max = "max",
        Median = "median",
        Min = "min",
        Product = "product",
        Sum = "sum",
        StdDev = "stddev",
    }
}

/// `Lag`: a value of an earlier record.
#[derive(Clone, Debug)]
pub struct Lag<'a> {
    /// The field.
    pub field: &'a str,
    /// How many records back.
    pub n: i64,
    /// What is computed over the records in between.
    pub aggregate: LagAggregate,
    /// Fields within whose values records follow one another.
    pub block_indicators: Vec<&'a str>,
}

impl<'a> Lag<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut lag = Self {
            field: element.required("field")?,
            n: element.integer("n")?.unwrap_or(1),
            aggregate: element.choice("aggregate")?.unwrap_or(LagAggregate::None),
            block_indicators: Vec::new(),
        };
        element.finish()?;
        while let Some(mut child) = xml.child()? {
            if child.name != "BlockIndicator" {
                return Err(child.unexpected("Lag"));
            }
            lag.block_indicators.push(child.required("field")?);
            child.finish()?;
            xml.end(&child)?;
        }
        Ok(lag)
    }
}

/// `DerivedField`: a field that is computed.
#[derive(Clone, Debug)]
pub struct DerivedField<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its name; only those in dictionaries must have one.
    pub name: Option<&'a str>,
    /// Type of its values.
    pub data_type: DataType,
    /// What may be done with them.
    pub op_type: OpType,
    /// How it is computed.
    pub expression: Expression<'a>,
    /// Listed values, in their order if it is ordinal.
    pub values: Vec<ListedValue<'a>>,
}

impl<'a> DerivedField<'a> {
    /// Reads a `DerivedField` to its end.
    pub fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let name = element.text("name");
        let op_type = element.required_choice("optype")?;
        // Some producers write the attribute in lower case.
        let data_type = match element.choice("dataType")? {
            Some(data_type) => data_type,
            None => element
                .required_choice("datatype")
                .map_err(|_| element.invalid("DerivedField needs the attribute dataType"))?,
        };
        element.ignore(&["displayName"]);
        element.finish()?;
        let mut expression = None;
        let mut values = Vec::new();
        while let Some(child) = xml.child()? {
            match child.name {
                "Value" => values.push(ListedValue::read(xml, child)?),
                _ => expression = Some(Expression::read(xml, child, "DerivedField")?),
            }
        }
        let expression =
            expression.ok_or_else(|| element.lacks("Constant, FieldRef, Apply or another expression"))?;
        Ok(Self { offset: element.offset, name, data_type, op_type, expression, values })
    }
}

/// `DefineFunction`: a function of the document.
#[derive(Clone, Debug)]
pub struct DefineFunction<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its name.
    pub name: &'a str,
    /// Type of its result.
    pub data_type: Option<DataType>,
    /// What may be done with its result.
    pub op_type: OpType,
    /// Names and types of its parameters.
    pub parameters: Vec<(&'a str, Option<DataType>)>,
    /// Its body.
    pub expression: Expression<'a>,
}

impl<'a> DefineFunction<'a> {
    fn read(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let name = element.required("name")?;
        let op_type = element.required_choice("optype")?;
        let data_type = element.choice("dataType")?;
        element.finish()?;
        let mut parameters = Vec::new();
        let mut expression = None;
        while let Some(mut child) = xml.child()? {
            match child.name {
                "ParameterField" => {
                    parameters.push((child.required("name")?, child.choice("dataType")?));
                    child.ignore(&["optype", "displayName"]);
                    child.finish()?;
                    xml.end(&child)?;
                }
                _ => expression = Some(Expression::read(xml, child, "DefineFunction")?),
            }
        }
        let expression = expression.ok_or_else(|| element.lacks("Apply or another expression"))?;
        Ok(Self { offset: element.offset, name, data_type, op_type, parameters, expression })
    }
}

/// `TransformationDictionary` or `LocalTransformations`.
#[derive(Clone, Debug, Default)]
pub struct Transformations<'a> {
    /// Functions, in a dictionary only.
    pub functions: Vec<DefineFunction<'a>>,
    /// Fields.
    pub fields: Vec<DerivedField<'a>>,
}

impl<'a> Transformations<'a> {
    /// Reads a `TransformationDictionary` or `LocalTransformations` to its end.
    pub fn read(xml: &mut Xml<'a>, element: Element<'a>) -> Result<Self> {
        element.finish()?;
        let mut transformations = Self::default();
        while let Some(child) = xml.child()? {
            match child.name {
                "DefineFunction" if element.name == "TransformationDictionary" => {
                    transformations.functions.push(DefineFunction::read(xml, child)?);
                }
                "DerivedField" => transformations.fields.push(DerivedField::read(xml, child)?),
                _ => return Err(child.unexpected(element.name)),
            }
        }
        Ok(transformations)
    }
}
