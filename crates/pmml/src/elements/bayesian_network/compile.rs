//! `BayesianNetworkModel` compiled: nodes to variables, the order of elimination.

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::document::schema::Usage;
use crate::elements::ElementPlan;
use crate::elements::bayesian_network::elimination::{self, Elimination, Source, WIDTH_LIMIT};
use crate::elements::bayesian_network::network::Network;
use crate::elements::bayesian_network::read::{Document, NodeDocument, NodeValues, Shape};
use crate::fault::{Fault, Result};
use crate::plan::model::Figures;
use crate::plan::{Expression, Place, Slot};
use crate::value::{Datum, Kind};

/// Most nodes of a network.
pub const NODE_LIMIT: usize = 512;

/// Most products that one record takes, whatever it holds.
pub const WORK_LIMIT: usize = 1 << 22;

/// A compiled `BayesianNetworkModel`.
#[derive(Debug)]
pub struct Plan {
    /// The discrete nodes that something observed or asked for depends on.
    pub variables: Box<[Variable]>,
    /// Continuous nodes that may be observed.
    pub evidence: Box<[Evidence]>,
    /// Tables of the discrete nodes.
    pub tables: Box<[f64]>,
    /// How the target's distribution is found.
    pub elimination: Elimination,
    /// What is asked for.
    pub query: Query,
    /// Where it stands.
    pub place: Place,
}

/// A discrete node.
#[derive(Debug)]
pub struct Variable {
    /// Its field, if it may be observed.
    pub slot: Option<Slot>,
    /// Its values.
    pub states: Box<[f64]>,
}

/// A continuous node that may be observed.
#[derive(Debug)]
pub struct Evidence {
    /// Its field.
    pub slot: Slot,
    /// Its distributions.
    pub conditional: Conditional,
    /// Where the likelihoods of its parents' values are kept.
    pub start: usize,
    /// True if it depends on a continuous target: observing it is an error of the row.
    pub depends_on_target: bool,
}

/// Distributions by the values of discrete parents.
#[derive(Debug)]
pub struct Conditional {
    /// The parents.
    pub parents: Box<[u32]>,
    /// By combination of their values, the last parent's fastest: the distributions.
    pub cases: Box<[Box<[DistributionPlan]>]>,
    /// What the next state of each parent moves in `cases`.
    pub strides: Box<[usize]>,
}

/// A distribution.
#[derive(Debug)]
pub struct DistributionPlan {
    /// Which one.
    pub shape: Shape,
    /// Its parameters.
    pub parameters: Box<[Expression]>,
}

/// What is asked for.
#[derive(Debug)]
pub enum Query {
    /// The probabilities of the target's values.
    Discrete,
    /// The mean of the target.
    Continuous(Conditional),
}

/// Compiles a `BayesianNetworkModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let invalid = |message: String| Fault::invalid(document.offset, message);
    if document.nodes.len() > NODE_LIMIT {
        let message = format!("{} nodes, more than {NODE_LIMIT}", document.nodes.len());
        return Err(Fault::too_large(document.offset, message));
    }
    let network = Network::of(document)?;
    let Some(target) = context.head.mining_schema.targets().next().map(|field| field.name) else {
        return Err(invalid("a BayesianNetworkModel needs a target among its fields".to_owned()));
    };
    let Some(target_node) = network.find(target) else {
        return Err(invalid(format!("no node is named as the target {target:?}")));
    };
    match (context.head.function, network.states[target_node].is_empty()) {
        (MiningFunction::Classification, false) | (MiningFunction::Regression, true) => {}
        (MiningFunction::Classification, true) => {
            return Err(invalid(format!("the target {target:?} of a classification is continuous")));
        }
        (MiningFunction::Regression, false) => {
            return Err(invalid(format!("the target {target:?} of a regression is discrete")));
        }
        _ => {
            let message = "a BayesianNetworkModel is for classification or regression";
            return Err(invalid(message.to_owned()));
        }
    }
    let mut slots = Vec::with_capacity(document.nodes.len());
    for node in &document.nodes {
        slots.push(if node.name == target { None } else { observed(node, context)? });
    }
    let mut asked: Vec<usize> = (0..slots.len()).filter(|node| slots[*node].is_some()).collect();
    asked.push(target_node);
    let needed = network.ancestors(asked);
    // The discrete nodes that are needed become variables.
    let mut variable_of = vec![u32::MAX; slots.len()];
    let mut nodes = Vec::new();
    for node in (0..slots.len()).filter(|node| needed[*node] && !network.states[*node].is_empty()) {
        variable_of[node] = nodes.len() as u32;
        nodes.push(node);
    }
    let sizes: Vec<usize> = nodes.iter().map(|node| network.states[*node].len()).collect();
    let parents_of =
        |node: usize| network.parents[node].iter().map(|parent| variable_of[*parent]).collect::<Vec<_>>();
    let mut tables = Vec::new();
    let mut shapes = Vec::new();
    let mut variables = Vec::new();
    for node in &nodes {
        let mut around = parents_of(*node);
        around.push(variable_of[*node]);
        shapes.push(elimination::Shape { variables: around, source: Source::Fixed(tables.len()) });
        tables.extend(network.probabilities(*node)?);
        let slot = slots[*node];
        let states = network.states[*node].iter();
        let states = states.map(|state| slot.map_or(f64::NAN, |slot| context.value_of(slot, state)));
        variables.push(Variable { slot, states: states.collect() });
    }
    let mut memory = 0;
    let mut evidence = Vec::new();
    for (node, slot) in slots.iter().enumerate().filter(|(node, _)| network.states[*node].is_empty()) {
        let Some(slot) = *slot else { continue };
        if !context.kind(slot).counts() {
            let name = document.nodes[node].name;
            return Err(invalid(format!("the field of the continuous node {name:?} is no number")));
        }
        let conditional = conditional(&network, node, parents_of(node), &sizes, context)?;
        shapes.push(elimination::Shape {
            variables: conditional.parents.to_vec(),
            source: Source::Computed(memory),
        });
        let depends_on_target = reads(&document.nodes[node], target);
        if depends_on_target {
            context.compiler.reserve(format!(
                "the node {:?} is an effect of the target: the target's distribution has no closed form",
                document.nodes[node].name
            ));
        }
        let start = memory;
        memory += conditional.cases.len();
        evidence.push(Evidence { slot, conditional, start, depends_on_target });
    }
    let (query, asked) = match network.states[target_node].is_empty() {
        true => {
            let found = conditional(&network, target_node, parents_of(target_node), &sizes, context)?;
            let asked = found.parents.to_vec();
            (Query::Continuous(found), asked)
        }
        false => (Query::Discrete, vec![variable_of[target_node]]),
    };
    let Some(elimination) = elimination::plan(&sizes, &shapes, &asked, memory, WORK_LIMIT) else {
        let message = format!(
            "the network is too densely connected: a record would take more than {WORK_LIMIT} products, or a table \
             of more than {WIDTH_LIMIT} nodes"
        );
        return Err(Fault::too_large(document.offset, message));
    };
    let mut categories: Vec<Datum> = Vec::new();
    for state in &network.states[target_node] {
        categories.push(context.category(state, document.nodes[target_node].offset)?);
    }
    let figures = Figures { probability: !categories.is_empty(), ..Figures::default() };
    let plan = Plan {
        variables: variables.into(),
        evidence: evidence.into(),
        tables: tables.into(),
        elimination,
        query,
        place: context.place("BayesianNetworkNodes"),
    };
    Ok(Compiled { categories, figures, ..Compiled::new(ElementPlan::BayesianNetwork(Box::new(plan))) })
}

/// The field in which a node is observed, if it can be. The fields that the node makes are seen from here on.
fn observed<'d, 'a>(
    node: &'d NodeDocument<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Option<Slot>> {
    let mut own = None;
    for derived in &node.derived {
        let slot = context.derived(derived)?;
        if let Some(name) = derived.name {
            context.compiler.bind(context.scope, name, slot);
            own = own.or((name == node.name).then_some(slot));
        }
    }
    if own.is_some() {
        return Ok(own);
    }
    let field = context.head.mining_schema.fields.iter().find(|field| field.name == node.name);
    match field.map(|field| field.usage) {
        Some(Usage::Active) | None => context.compiler.find(context.scope, node.name, node.offset),
        Some(_) => Ok(None),
    }
}

/// Compiles the distributions of a continuous node.
fn conditional<'d, 'a>(
    network: &Network<'d, 'a>,
    node: usize,
    parents: Vec<u32>,
    sizes: &[usize],
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Conditional> {
    let NodeValues::Continuous(written) = &network.nodes[node].values else {
        return Err(Fault::invalid(network.nodes[node].offset, "a discrete node has no distributions"));
    };
    let mut cases = Vec::with_capacity(written.len());
    for case in network.cases(node, written)? {
        let mut distributions = Vec::with_capacity(case.items.len());
        for item in &case.items {
            let mut parameters = Vec::with_capacity(item.parameters.len());
            for parameter in &item.parameters {
                parameters.push(context.expression_of(Kind::Double, parameter)?);
            }
            distributions.push(DistributionPlan { shape: item.shape, parameters: parameters.into() });
        }
        cases.push(distributions.into());
    }
    let strides =
        (0..parents.len()).map(|at| parents[at + 1..].iter().map(|parent| sizes[*parent as usize]).product());
    Ok(Conditional { strides: strides.collect(), parents: parents.into(), cases: cases.into() })
}

/// True if a parameter of the node is computed from this field.
fn reads(node: &NodeDocument<'_>, field: &str) -> bool {
    let NodeValues::Continuous(cases) = &node.values else { return false };
    let items = cases.iter().flat_map(|case| &case.items);
    items.flat_map(|item| &item.parameters).any(|parameter| parameter.reads(field))
}
