//! `TreeModel` as typed data: nodes in one arena, parents before their children.

use crate::document::{ModelDocument, ModelHead, Predicate};
use crate::elements::ElementDocument;
use crate::elements::mining::read_embedded;
use crate::fault::Result;
use crate::reader::{Element, Xml};

closed_list! {
    /// What happens where a predicate is unknown.
    pub enum MissingValueStrategy {
        LastPrediction = "lastPrediction",
        NullPrediction = "nullPrediction",
        DefaultChild = "defaultChild",
        WeightedConfidence = "weightedConfidence",
        AggregateNodes = "aggregateNodes",
        None = "none",
    }
}

closed_list! {
    /// What happens where no child's predicate is true.
    pub enum NoTrueChildStrategy {
        ReturnNullPrediction = "returnNullPrediction",
        ReturnLastPrediction = "returnLastPrediction",
    }
}

closed_list! {
    /// How many children nodes have.
    pub enum SplitCharacteristic {
        BinarySplit = "binarySplit",
        MultiSplit = "multiSplit",
    }
}

/// `TreeModel`.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What happens where a predicate is unknown.
    pub missing_value_strategy: MissingValueStrategy,
    /// Factor of confidences where a default child is taken.
    pub missing_value_penalty: f64,
    /// What happens where no child's predicate is true.
    pub no_true_child_strategy: NoTrueChildStrategy,
    /// How many children nodes have.
    pub split: SplitCharacteristic,
    /// The nodes, depth first, parents before their children.
    pub nodes: Vec<NodeDocument<'a>>,
    /// Score distributions of all nodes, see `NodeDocument::distributions`.
    pub distributions: Vec<ScoreDistribution<'a>>,
    /// Models that answer for a node, by ascending node.
    pub embedded: Vec<(u32, ModelDocument<'a>)>,
}

/// `Node`.
#[derive(Clone, Debug)]
pub struct NodeDocument<'a> {
    /// Where it stands.
    pub offset: u32,
    /// Its id.
    pub id: Option<&'a str>,
    /// What it answers with.
    pub score: Option<&'a str>,
    /// Training records that reached it.
    pub record_count: Option<f64>,
    /// The child that is taken where a predicate is unknown.
    pub default_child: Option<&'a str>,
    /// When it is taken.
    pub predicate: Predicate<'a>,
    /// Its distributions within [`Document::distributions`].
    pub distributions: (u32, u32),
    /// Index of the first node that is not below this one.
    pub next: u32,
}

/// `ScoreDistribution`.
#[derive(Clone, Copy, Debug)]
pub struct ScoreDistribution<'a> {
    /// The category.
    pub value: &'a str,
    /// Its training records.
    pub record_count: Option<f64>,
    /// Confidence in it.
    pub confidence: Option<f64>,
    /// Its probability.
    pub probability: Option<f64>,
}

/// Reads a `TreeModel` to its end.
pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ModelDocument<'a>> {
    let mut head = ModelHead::read(&mut element)?;
    let mut document = read_attributes(&mut element)?;
    element.finish()?;
    while let Some(child) = xml.child()? {
        let Some(child) = head.child(xml, child)? else { continue };
        match child.name {
            "Node" if document.nodes.is_empty() => read_node(xml, child, &mut document)?,
            _ => return Err(child.unexpected("TreeModel")),
        }
    }
    if document.nodes.is_empty() {
        return Err(element.lacks("Node"));
    }
    document.nodes.shrink_to_fit();
    head.finish(&element, ElementDocument::Tree(document))
}

/// Reads the attributes that `TreeModel` and `DecisionTree` share.
pub fn read_attributes<'a>(element: &mut Element<'a>) -> Result<Document<'a>> {
    Ok(Document {
        missing_value_strategy: element.choice("missingValueStrategy")?.unwrap_or(MissingValueStrategy::None),
        missing_value_penalty: element.number("missingValuePenalty")?.unwrap_or(1.0),
        no_true_child_strategy: element
            .choice("noTrueChildStrategy")?
            .unwrap_or(NoTrueChildStrategy::ReturnNullPrediction),
        split: element.choice("splitCharacteristic")?.unwrap_or(SplitCharacteristic::MultiSplit),
        nodes: Vec::new(),
        distributions: Vec::new(),
        embedded: Vec::new(),
    })
}

/// Reads a `Node` with all below it to its end, into the arena.
pub fn read_node<'a>(xml: &mut Xml<'a>, mut element: Element<'a>, document: &mut Document<'a>) -> Result<()> {
    let index = document.nodes.len();
    let id = element.text("id");
    let score = element.text("score");
    let record_count = element.count("recordCount")?;
    let default_child = element.text("defaultChild");
    element.finish()?;
    // The distributions of a node stand before its children.
    let mut first = document.distributions.len() as u32;
    let mut last = first;
    document.nodes.push(NodeDocument {
        offset: element.offset,
        id,
        score,
        record_count,
        default_child,
        predicate: Predicate {
            offset: element.offset,
            node: crate::document::predicate::PredicateNode::Absent,
        },
        distributions: (0, 0),
        next: 0,
    });
    let mut embedded = None;
    while let Some(child) = xml.child()? {
        match child.name {
            name if embedded.is_some() && !Predicate::is_one(name) => {
                return Err(child.invalid("beside an embedded model a Node holds nothing but its predicate"));
            }
            "Node" => read_node(xml, child, document)?,
            "ScoreDistribution" => {
                if last as usize != document.distributions.len() {
                    // They stand behind a child: moved behind its own.
                    let own: Vec<_> = document.distributions[first as usize..last as usize].to_vec();
                    first = document.distributions.len() as u32;
                    document.distributions.extend(own);
                }
                let distribution = read_distribution(xml, child)?;
                document.distributions.push(distribution);
                last = document.distributions.len() as u32;
            }
            "Partition" => xml.skip()?,
            "Regression" | "DecisionTree" => embedded = Some((child.offset, read_embedded(xml, child)?)),
            _ => {
                document.nodes[index].predicate = Predicate::read(xml, child, "Node")?;
            }
        }
    }
    let next = document.nodes.len() as u32;
    if let Some((offset, model)) = embedded {
        if next as usize != index + 1 {
            let message = "a Node holds either nodes or an embedded model";
            return Err(crate::fault::Fault::invalid(offset, message));
        }
        document.embedded.push((index as u32, model));
    }
    let node = &mut document.nodes[index];
    node.distributions = (first, last);
    node.next = next;
    Ok(())
}

/// Reads a `ScoreDistribution` to its end.
pub fn read_distribution<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<ScoreDistribution<'a>> {
    let distribution = ScoreDistribution {
        value: element.required("value")?,
        record_count: element.count("recordCount")?,
        confidence: element.number("confidence")?,
        probability: element.number("probability")?,
    };
    element.finish()?;
    xml.end(&element)?;
    Ok(distribution)
}
