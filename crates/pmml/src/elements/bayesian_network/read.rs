//! `BayesianNetworkModel` as typed data.

use crate::document::{DerivedField, Expression, ModelDocument, ModelHead};
use crate::elements::ElementDocument;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What is known of the network's structure; inference is the same for all.
    enum ModelType {
        General = "General",
        TreeAugmented = "TAN",
        MarkovBlanket = "Markov-blanket",
    }
}

closed_list! {
    /// How the producer infers; this engine does so exactly.
    enum InferenceMethod {
        Other = "Other",
        MonteCarlo = "MCMC",
        Exact = "Exact",
    }
}

closed_list! {
    /// A distribution of a continuous node.
    pub enum Shape {
        Triangular = "TriangularDistributionForBN",
        Normal = "NormalDistributionForBN",
        Lognormal = "LognormalDistributionForBN",
        Uniform = "UniformDistributionForBN",
    }
}

impl Shape {
    /// Names of its parameters.
    #[must_use]
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Triangular => &["Mean", "Lower", "Upper"],
            Self::Normal | Self::Lognormal => &["Mean", "Variance"],
            Self::Uniform => &["Lower", "Upper"],
        }
    }
}

/// `BayesianNetworkModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// Where it stands.
    pub offset: u32,
    /// The nodes, in order.
    pub nodes: Vec<NodeDocument<'a>>,
}

/// `DiscreteNode` or `ContinuousNode`.
#[derive(Clone, Debug)]
pub struct NodeDocument<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its name, which is that of its field.
    pub name: &'a str,
    /// Fields that it makes.
    pub derived: Vec<DerivedField<'a>>,
    /// What is known of its values.
    pub values: NodeValues<'a>,
}

/// What is known of a node's values, by values of its parents.
#[derive(Clone, Debug)]
pub enum NodeValues<'a> {
    /// Values with their probabilities.
    Discrete(Vec<Case<'a, (&'a str, f64)>>),
    /// Distributions, which weigh the same.
    Continuous(Vec<Case<'a, DistributionDocument<'a>>>),
}

/// What holds for some values of the parents.
#[derive(Clone, Debug)]
pub struct Case<'a, T> {
    /// Where it stands.
    pub offset: u32,
    /// Parents with their values.
    pub parents: Vec<(&'a str, &'a str)>,
    /// What holds.
    pub items: Vec<T>,
}

/// A distribution of a continuous node.
#[derive(Clone, Debug)]
pub struct DistributionDocument<'a> {
    /// Which one.
    pub shape: Shape,
    /// Its parameters, in the order of [`Shape::parameters`].
    pub parameters: Vec<Expression<'a>>,
}

/// Reads a `BayesianNetworkModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    element.choice::<ModelType>("modelType")?;
    element.choice::<InferenceMethod>("inferenceMethod")?;
    element.finish()?;
    let mut nodes = Vec::new();
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "BayesianNetworkNodes" => {
                child.finish()?;
                while let Some(node) = xml.child()? {
                    match node.name {
                        "DiscreteNode" | "ContinuousNode" => nodes.push(read_node(xml, node)?),
                        _ => return Err(node.unexpected("BayesianNetworkNodes")),
                    }
                }
            }
            _ => return Err(child.unexpected("BayesianNetworkModel")),
        }
    }
    if nodes.is_empty() {
        return Err(element.lacks("BayesianNetworkNodes"));
    }
    let document = Document { offset: element.offset, nodes };
    head.finish(&element, ElementDocument::BayesianNetwork(document))
}

fn read_node<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<NodeDocument<'a>> {
    let name = element.required("name")?;
    // How many records it was learned from.
    element.number("count")?;
    element.finish()?;
    let is_discrete = element.name == "DiscreteNode";
    let mut derived = Vec::new();
    let (mut discrete, mut continuous) = (Vec::new(), Vec::new());
    let root = || Vec::new();
    while let Some(child) = xml.child()? {
        match (child.name, is_discrete) {
            ("DerivedField", _) => derived.push(DerivedField::read(xml, child)?),
            ("DiscreteConditionalProbability", true) => {
                discrete.push(read_case(xml, child, "ValueProbability", read_probability)?);
            }
            ("ContinuousConditionalProbability", false) => {
                continuous.push(read_case(xml, child, "ContinuousDistribution", read_distribution)?);
            }
            ("ValueProbability", true) => {
                let offset = child.offset;
                let item = read_probability(xml, child)?;
                of_root(&mut discrete, Case { offset, parents: root(), items: Vec::new() }).push(item);
            }
            ("ContinuousDistribution", false) => {
                let offset = child.offset;
                let item = read_distribution(xml, child)?;
                of_root(&mut continuous, Case { offset, parents: root(), items: Vec::new() }).push(item);
            }
            _ => return Err(child.unexpected(element.name)),
        }
    }
    if discrete.is_empty() && continuous.is_empty() {
        return Err(element.lacks(if is_discrete { "ValueProbability" } else { "ContinuousDistribution" }));
    }
    let values =
        if is_discrete { NodeValues::Discrete(discrete) } else { NodeValues::Continuous(continuous) };
    Ok(NodeDocument { offset: element.offset, name, derived, values })
}

/// The items of a node without parents.
fn of_root<'c, 'a, T>(cases: &'c mut Vec<Case<'a, T>>, new: Case<'a, T>) -> &'c mut Vec<T> {
    let at = cases.iter().position(|case| case.parents.is_empty()).unwrap_or_else(|| {
        cases.push(new);
        cases.len() - 1
    });
    &mut cases[at].items
}

/// Reads a case to its end: parents, then what holds.
fn read_case<'a, T>(
    xml: &mut Xml<'a>,
    mut element: Element<'a>,
    item: &str,
    read: fn(&mut Xml<'a>, Element<'a>) -> Result<T>,
) -> Result<Case<'a, T>> {
    element.number("count")?;
    element.finish()?;
    let mut case = Case { offset: element.offset, parents: Vec::new(), items: Vec::new() };
    while let Some(mut child) = xml.child()? {
        if child.name == "ParentValue" {
            case.parents.push((child.required("parent")?, child.required("value")?));
            child.finish()?;
            xml.end(&child)?;
        } else if child.name == item {
            case.items.push(read(xml, child)?);
        } else {
            return Err(child.unexpected(element.name));
        }
    }
    if case.items.is_empty() {
        return Err(element.lacks(item));
    }
    Ok(case)
}

fn read_probability<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<(&'a str, f64)> {
    let value = element.required("value")?;
    let probability = element.required_number("probability")?;
    element.finish()?;
    if !(0.0..=1.0).contains(&probability) {
        return Err(element.invalid(format!("a probability of {probability} lies outside 0 to 1")));
    }
    xml.end(&element)?;
    Ok((value, probability))
}

fn read_distribution<'a>(xml: &mut Xml<'a>, element: Element<'a>) -> Result<DistributionDocument<'a>> {
    use crate::reader::Choice;
    element.finish()?;
    let mut found = None;
    while let Some(child) = xml.child()? {
        child.finish()?;
        let shape = Shape::from_word(child.name).filter(|_| found.is_none());
        let shape = shape.ok_or_else(|| child.unexpected("ContinuousDistribution"))?;
        let mut parameters: Vec<Option<Expression<'a>>> = vec![None; shape.parameters().len()];
        while let Some(parameter) = xml.child()? {
            let at = shape.parameters().iter().position(|name| *name == parameter.name);
            let Some(at) = at.filter(|at| parameters[*at].is_none()) else {
                return Err(parameter.unexpected(child.name));
            };
            parameter.finish()?;
            while let Some(expression) = xml.child()? {
                if parameters[at].is_some() {
                    return Err(expression.unexpected(parameter.name));
                }
                parameters[at] = Some(Expression::read(xml, expression, parameter.name)?);
            }
            if parameters[at].is_none() {
                return Err(parameter.lacks("Constant or another expression"));
            }
        }
        let lacking = parameters.iter().position(Option::is_none);
        if let Some(at) = lacking {
            return Err(child.lacks(shape.parameters()[at]));
        }
        found = Some(DistributionDocument { shape, parameters: parameters.into_iter().flatten().collect() });
    }
    found.ok_or_else(|| element.lacks("NormalDistributionForBN or another distribution"))
}
