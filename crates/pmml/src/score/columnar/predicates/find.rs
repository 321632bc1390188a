//! From predicates to conditions.

use std::collections::HashMap;

use crate::document::predicate::BooleanOperator;
use crate::plan::predicate::Comparison;
use crate::plan::{Predicate, Slot};
use crate::score::columnar::Wanted;
use crate::score::columnar::predicates::condition::{Condition, RankTest, TABLE_LIMIT};
use crate::score::columnar::predicates::cuts::Cuts;
use crate::score::columnar::predicates::ranks::RankSet;

/// The predicates of an element.
#[derive(Debug)]
pub struct Predicates {
    /// The fields that they test.
    pub fields: Box<[Cuts]>,
    /// When each holds.
    pub conditions: Box<[Condition]>,
}

impl Predicates {
    /// The columns that they read.
    pub fn wanted(&self) -> impl Iterator<Item = Wanted> {
        self.fields.iter().map(|cuts| Wanted::code(cuts.slot).or_missing())
    }
}

/// A test of a field, or what joins several.
enum Node {
    Constant(Option<bool>),
    Field { field: usize, truth: Truth },
    Joined { operator: BooleanOperator, parts: Vec<Node> },
}

/// The ranks for which a test holds, and those for which it is known whether it does.
struct Truth {
    holds: RankSet,
    known: RankSet,
}

/// Finds the conditions of predicates; `None` if one can only be told by looking at the row.
#[must_use]
pub fn find<'p>(predicates: impl Iterator<Item = &'p Predicate> + Clone) -> Option<Predicates> {
    let mut constants: Vec<(Slot, Vec<f64>)> = Vec::new();
    let mut by_slot = HashMap::new();
    for predicate in predicates.clone() {
        collect(predicate, &mut constants, &mut by_slot)?;
    }
    let fields = constants
        .into_iter()
        .map(|(slot, constants)| Cuts::new(slot, constants))
        .collect::<Option<Vec<_>>>()?;
    let mut cells = TABLE_LIMIT;
    let mut conditions = Vec::new();
    for predicate in predicates {
        let node = Builder { fields: &fields, by_slot: &by_slot }.node(predicate)?;
        conditions.push(condition(node, &fields, &mut cells));
    }
    Some(Predicates { fields: fields.into(), conditions: conditions.into() })
}

/// Collects the fields with the constants that they are compared with.
fn collect(
    predicate: &Predicate,
    constants: &mut Vec<(Slot, Vec<f64>)>,
    by_slot: &mut HashMap<Slot, usize>,
) -> Option<()> {
    match predicate {
        Predicate::True | Predicate::False => {}
        Predicate::Missing(slot) | Predicate::Present(slot) => {
            of(*slot, constants, by_slot);
        }
        Predicate::Compare { slot, constant, .. } => of(*slot, constants, by_slot).push(*constant),
        Predicate::InSet { slot, set, .. } => of(*slot, constants, by_slot).extend_from_slice(set),
        Predicate::Compound { parts, .. } => {
            for part in parts {
                collect(part, constants, by_slot)?;
            }
        }
        Predicate::CompareText { .. } | Predicate::Absent(_) | Predicate::Unfit { .. } => return None,
    }
    Some(())
}

/// The constants of a field.
fn of<'c>(
    slot: Slot,
    constants: &'c mut Vec<(Slot, Vec<f64>)>,
    by_slot: &mut HashMap<Slot, usize>,
) -> &'c mut Vec<f64> {
    let place = *by_slot.entry(slot).or_insert(constants.len());
    if place == constants.len() {
        constants.push((slot, Vec::new()));
    }
    &mut constants[place].1
}

struct Builder<'b> {
    fields: &'b [Cuts],
    by_slot: &'b HashMap<Slot, usize>,
}

impl Builder<'_> {
    fn node(&self, predicate: &Predicate) -> Option<Node> {
        Some(match predicate {
            Predicate::True => Node::Constant(Some(true)),
            Predicate::False => Node::Constant(Some(false)),
            Predicate::Missing(slot) => {
                let (field, cuts) = self.field(*slot)?;
                let holds = RankSet::range(cuts.missing(), cuts.missing());
                Node::Field { field, truth: Truth { holds, known: RankSet::range(0, cuts.missing()) } }
            }
            Predicate::Present(slot) => {
                let (field, cuts) = self.field(*slot)?;
                let holds = RankSet::below(cuts.missing());
                Node::Field { field, truth: Truth { holds, known: RankSet::range(0, cuts.missing()) } }
            }
            Predicate::Compare { slot, operator, constant } => {
                let (field, cuts) = self.field(*slot)?;
                let known = RankSet::below(cuts.missing());
                Node::Field { field, truth: Truth { holds: compared(cuts, *operator, *constant), known } }
            }
            Predicate::InSet { slot, set, negated } => {
                let (field, cuts) = self.field(*slot)?;
                let known = RankSet::below(cuts.missing());
                // NaN equals nothing.
                let members = set.iter().filter(|member| !member.is_nan());
                let members = RankSet::listed(members.map(|member| cuts.rank(*member)));
                let holds = if *negated { known.without(&members) } else { members };
                Node::Field { field, truth: Truth { holds, known } }
            }
            Predicate::Compound { operator, parts } => {
                let parts = parts.iter().map(|part| self.node(part)).collect::<Option<Vec<Node>>>()?;
                joined(*operator, parts)
            }
            Predicate::CompareText { .. } | Predicate::Absent(_) | Predicate::Unfit { .. } => return None,
        })
    }

    fn field(&self, slot: Slot) -> Option<(usize, &Cuts)> {
        let field = *self.by_slot.get(&slot)?;
        Some((field, self.fields.get(field)?))
    }
}

/// The ranks of values that compare so with a constant.
fn compared(cuts: &Cuts, operator: Comparison, constant: f64) -> RankSet {
    let values = RankSet::below(cuts.missing());
    if constant.is_nan() {
        // Unequal to everything, and larger.
        return match operator {
            Comparison::NotEqual => values,
            _ => values.without(&values.clone()),
        };
    }
    let rank = cuts.rank(constant);
    let equal = RankSet::range(rank, rank);
    match operator {
        Comparison::Equal => equal,
        Comparison::NotEqual => values.without(&equal),
        Comparison::Less => RankSet::below(rank),
        Comparison::LessOrEqual => RankSet::range(0, rank),
        Comparison::Greater => values.without(&RankSet::range(0, rank)),
        Comparison::GreaterOrEqual => values.without(&RankSet::below(rank)),
    }
}

/// Joined nodes: those of one field become one.
fn joined(operator: BooleanOperator, parts: Vec<Node>) -> Node {
    use BooleanOperator::{And, Or, Surrogate, Xor};
    let mut left: Vec<Node> = Vec::new();
    let mut by_field: Vec<(usize, Vec<Truth>)> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for part in flattened(operator, parts) {
        match part {
            Node::Field { field, truth } if operator == Surrogate => match left.last_mut() {
                // Only neighbours may be joined: the first that is known decides.
                Some(Node::Field { field: before, truth: first }) if *before == field => {
                    *first = first.then(&truth);
                }
                _ => left.push(Node::Field { field, truth }),
            },
            Node::Field { field, truth } => {
                let place = *places.entry(field).or_insert_with(|| {
                    by_field.push((field, Vec::new()));
                    by_field.len() - 1
                });
                by_field[place].1.push(truth);
            }
            // What changes nothing.
            Node::Constant(Some(true)) if operator == And => {}
            Node::Constant(Some(false)) if matches!(operator, Or | Xor) => {}
            Node::Constant(None) if operator == Surrogate => {}
            other => left.push(other),
        }
    }
    for (field, truths) in by_field {
        if let Some(truth) = reduced(operator, truths) {
            left.push(Node::Field { field, truth });
        }
    }
    match left.len() {
        0 => Node::Constant(match operator {
            And => Some(true),
            Or | Xor => Some(false),
            Surrogate => None,
        }),
        1 => left.remove(0),
        _ => Node::Joined { operator, parts: left },
    }
}

/// Parts of parts that are joined in the same way: which of them go together does not matter.
fn flattened(operator: BooleanOperator, parts: Vec<Node>) -> Vec<Node> {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Node::Joined { operator: inner, parts } if inner == operator => flat.extend(parts),
            other => flat.push(other),
        }
    }
    flat
}

/// Many truths as one, in halves, so that long lists take little time.
fn reduced(operator: BooleanOperator, mut truths: Vec<Truth>) -> Option<Truth> {
    while truths.len() > 1 {
        let mut halved = Vec::with_capacity(truths.len().div_ceil(2));
        let mut pairs = truths.chunks_exact(2);
        halved.extend(pairs.by_ref().map(|pair| pair[0].joined(operator, &pair[1])));
        let rest = truths.len() % 2 == 1;
        if rest {
            halved.extend(truths.pop());
        }
        truths = halved;
    }
    truths.pop()
}

impl Truth {
    /// Two tests of one field in three-valued logic.
    fn joined(&self, operator: BooleanOperator, other: &Self) -> Self {
        let both_known = self.known.and(&other.known);
        match operator {
            BooleanOperator::And => {
                let fails = self.known.without(&self.holds).or(&other.known.without(&other.holds));
                Self { holds: self.holds.and(&other.holds), known: both_known.or(&fails) }
            }
            BooleanOperator::Or => {
                let holds = self.holds.or(&other.holds);
                Self { known: both_known.or(&holds), holds }
            }
            BooleanOperator::Xor => {
                let one = self.holds.without(&other.holds).or(&other.holds.without(&self.holds));
                Self { holds: one.and(&both_known), known: both_known }
            }
            BooleanOperator::Surrogate => self.then(other),
        }
    }

    /// The other test where this one is unknown.
    fn then(&self, other: &Self) -> Self {
        Self { holds: self.holds.or(&other.holds.without(&self.known)), known: self.known.or(&other.known) }
    }
}

/// The shape in which a node is tested.
fn condition(node: Node, fields: &[Cuts], cells: &mut usize) -> Condition {
    match node {
        Node::Constant(value) => Condition::Constant(value),
        Node::Field { field, truth } => {
            let last = fields[field].missing();
            Condition::Field {
                field,
                holds: RankTest::new(&truth.holds, last, cells),
                known: RankTest::new(&truth.known, last, cells),
            }
        }
        Node::Joined { operator, parts } => Condition::Joined {
            operator,
            parts: parts.into_iter().map(|part| condition(part, fields, cells)).collect(),
        },
    }
}
