//! `ComparisonMeasure` and the fields that it compares, as typed data.

use crate::document::table::Matrix;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// How two values of one field are compared.
    pub enum CompareFunction {
        AbsDiff = "absDiff",
        GaussSim = "gaussSim",
        Delta = "delta",
        Equal = "equal",
        Table = "table",
    }
}

closed_list! {
    /// Whether small or large figures are near.
    pub enum MeasureKind {
        Distance = "distance",
        Similarity = "similarity",
    }
}

/// How the comparisons of all fields become one figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MeasureFunction {
    /// Root of the sum of squares.
    Euclidean,
    /// Sum of squares.
    SquaredEuclidean,
    /// Largest.
    Chebychev,
    /// Sum.
    CityBlock,
    /// Root of the sum of powers.
    Minkowski(f64),
    /// Share of fields that agree.
    SimpleMatching,
    /// Share of common ones.
    Jaccard,
    /// Share of agreements, disagreements counted twice.
    Tanimoto,
    /// Quotient of weighted counts: c00, c01, c10, c11, d00, d01, d10, d11.
    BinarySimilarity([f64; 8]),
}

impl MeasureFunction {
    /// True if large figures are near.
    #[must_use]
    pub fn is_similarity(self) -> bool {
        matches!(self, Self::SimpleMatching | Self::Jaccard | Self::Tanimoto | Self::BinarySimilarity(_))
    }
}

/// `ComparisonMeasure`.
#[derive(Clone, Debug)]
pub struct ComparisonMeasure {
    /// Where it stands.
    pub offset: u32,
    /// How two values are compared, unless the field says otherwise.
    pub compare_function: CompareFunction,
    /// How the comparisons become one figure.
    pub function: MeasureFunction,
}

impl ComparisonMeasure {
    /// True if its own compare function does not go with how the comparisons become one figure. A field's own one
    /// always does.
    #[must_use]
    pub fn is_unsuited(&self) -> bool {
        self.compare_function == CompareFunction::GaussSim
            && matches!(
                self.function,
                MeasureFunction::SquaredEuclidean
                    | MeasureFunction::Chebychev
                    | MeasureFunction::Minkowski(_)
            )
    }
}

/// `ClusteringField` or `KNNInput`: a field that is compared.
#[derive(Clone, Debug)]
pub struct ComparisonField<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The field.
    pub field: &'a str,
    /// Its weight.
    pub weight: f64,
    /// False if it stands beside the centres.
    pub is_center_field: bool,
    /// Scale of [`CompareFunction::GaussSim`].
    pub similarity_scale: Option<f64>,
    /// How its values are compared.
    pub compare_function: Option<CompareFunction>,
    /// Figures of [`CompareFunction::Table`].
    pub comparisons: Option<Matrix>,
}

/// Reads a `ComparisonMeasure` to its end.
pub fn read_measure<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ComparisonMeasure> {
    element.required_choice::<MeasureKind>("kind")?;
    let compare_function = element.choice("compareFunction")?.unwrap_or(CompareFunction::AbsDiff);
    element.ignore(&["minimum", "maximum"]);
    element.finish()?;
    let mut function = None;
    while let Some(mut child) = xml.child()? {
        let found = match child.name {
            "euclidean" => MeasureFunction::Euclidean,
            "squaredEuclidean" => MeasureFunction::SquaredEuclidean,
            "chebychev" => MeasureFunction::Chebychev,
            "cityBlock" => MeasureFunction::CityBlock,
            "minkowski" => MeasureFunction::Minkowski(child.required_number("p-parameter")?),
            "simpleMatching" => MeasureFunction::SimpleMatching,
            "jaccard" => MeasureFunction::Jaccard,
            "tanimoto" => MeasureFunction::Tanimoto,
            "binarySimilarity" => {
                let mut parameters = [0.0; 8];
                for (index, parameter) in parameters.iter_mut().enumerate() {
                    let side = if index < 4 { 'c' } else { 'd' };
                    let name = format!("{side}{}{}-parameter", index / 2 % 2, index % 2);
                    *parameter = child.required_number(&name)?;
                }
                MeasureFunction::BinarySimilarity(parameters)
            }
            _ => return Err(child.unexpected("ComparisonMeasure")),
        };
        child.finish()?;
        xml.end(&child)?;
        if function.replace(found).is_some() {
            return Err(child.unexpected("ComparisonMeasure"));
        }
    }
    let function = function.ok_or_else(|| element.lacks("euclidean or another measure"))?;
    Ok(ComparisonMeasure { offset: element.offset, compare_function, function })
}

/// Reads a `ClusteringField` or `KNNInput` to its end.
pub fn read_field<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ComparisonField<'a>> {
    let mut field = ComparisonField {
        offset: element.offset,
        field: element.required("field")?,
        weight: element.number("fieldWeight")?.unwrap_or(1.0),
        is_center_field: element.boolean("isCenterField")?.unwrap_or(true),
        similarity_scale: element.number("similarityScale")?,
        compare_function: element.choice("compareFunction")?,
        comparisons: None,
    };
    element.finish()?;
    while let Some(child) = xml.child()? {
        if child.name != "Comparisons" || field.comparisons.is_some() {
            return Err(child.unexpected(element.name));
        }
        child.finish()?;
        while let Some(matrix) = xml.child()? {
            match matrix.name {
                "Matrix" => field.comparisons = Some(Matrix::read(xml, matrix)?),
                _ => return Err(matrix.unexpected("Comparisons")),
            }
        }
    }
    Ok(field)
}
