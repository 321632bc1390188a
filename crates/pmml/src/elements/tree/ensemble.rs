//! Trees of PMML as trees of the kernel, for rows whose fields are all there.

use scorewheel_trees::{CategorySet, CodeRule, Feature, Node, Number, Split, Test};

use crate::document::predicate::BooleanOperator;
use crate::elements::tree::answers::NONE;
use crate::elements::tree::compile::{self, Plan};
use crate::elements::tree::read::NoTrueChildStrategy;
use crate::plan::predicate::Comparison;
use crate::plan::treatment::{InvalidRule, MissingRule};
use crate::plan::{Predicate, Slot, SlotPlan, Source};
use crate::value::Kind;

/// Most fields that trees may read together.
const MAX_FIELDS: usize = 1_024;

/// Numbers of a set that are compared one by one.
const FEW_NUMBERS: usize = 8;

/// Makes trees of the kernel out of trees of PMML, and collects the fields that they read.
pub struct Builder<'b> {
    slot_plans: &'b [SlotPlan],
    /// The fields, in the order of the features.
    pub slots: Vec<Slot>,
    /// What each of them is.
    pub features: Vec<Feature>,
    /// The sets of categories.
    pub sets: Vec<CategorySet>,
    /// By slot: its feature, or [`NONE`].
    by_slot: Vec<u32>,
}

/// One comparison, or what is always so.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Question {
    Always(bool),
    Asked { feature: u32, test: Test },
}

impl<'b> Builder<'b> {
    /// No fields so far, over these slots.
    #[must_use]
    pub fn new(slot_plans: &'b [SlotPlan]) -> Self {
        Self {
            slot_plans,
            slots: Vec::new(),
            features: Vec::new(),
            sets: Vec::new(),
            by_slot: vec![NONE; slot_plans.len()],
        }
    }

    /// The nodes of a tree; `leaf` makes what a path that ends at a node answers with. `None` if some predicate is not
    /// made of comparisons.
    pub fn tree(&mut self, tree: &Plan, mut leaf: impl FnMut(usize) -> Option<Node>) -> Option<Vec<Node>> {
        let mut nodes = vec![Node::Null];
        // Nodes of the document to enter, each with the place of what it becomes.
        let mut open = Vec::new();
        let fits = reserve(&mut nodes);
        let misfits = reserve(&mut nodes);
        let question = self.question(tree, 0)?;
        self.ask(tree, 0, question, &mut nodes, [0, fits, misfits])?;
        open.push((0_usize, fits));
        while let Some((node, place)) = open.pop() {
            let end = tree.nodes[node].next as usize;
            let mut child = node + 1;
            if child == end {
                nodes[place as usize] = leaf(node)?;
                continue;
            }
            let mut at = place;
            let mut before = None;
            let mut always = false;
            while child < end && !always {
                let question = self.question(tree, child)?;
                always = match (before, question) {
                    (_, Some(Question::Always(true))) => true,
                    // Where the one before did not hold this one does.
                    (Some(before), Some(question)) => self.complement(before, question),
                    _ => false,
                };
                if always {
                    open.push((child, at));
                } else {
                    let (yes, no) = (reserve(&mut nodes), reserve(&mut nodes));
                    self.ask(tree, child, question, &mut nodes, [at, yes, no])?;
                    open.push((child, yes));
                    at = no;
                }
                before = question;
                child = tree.nodes[child].next as usize;
            }
            if !always {
                nodes[at as usize] = match tree.no_true_child {
                    NoTrueChildStrategy::ReturnNullPrediction => Node::Null,
                    NoTrueChildStrategy::ReturnLastPrediction => leaf(node)?,
                };
            }
        }
        Some(compact(&nodes))
    }

    /// The one comparison of a node; `Some(None)` if it takes several.
    #[expect(clippy::option_option, reason = "the outer one is refusal")]
    fn question(&mut self, tree: &Plan, node: usize) -> Option<Option<Question>> {
        let node = &tree.nodes[node];
        Some(match node.test() {
            compile::Test::True => Some(Question::Always(true)),
            compile::Test::Compare(operator) => {
                Some(self.compare(Slot(node.slot()), operator, node.constant)?)
            }
            compile::Test::Predicate => self.single(&tree.predicates[node.slot() as usize])?,
        })
    }

    #[expect(clippy::option_option, reason = "the outer one is refusal")]
    fn single(&mut self, predicate: &Predicate) -> Option<Option<Question>> {
        Some(match predicate {
            Predicate::True => Some(Question::Always(true)),
            Predicate::False => Some(Question::Always(false)),
            // It is there, since it is among the fields that must be.
            Predicate::Present(slot) => {
                self.feature(*slot)?;
                Some(Question::Always(true))
            }
            Predicate::Missing(slot) => {
                self.feature(*slot)?;
                Some(Question::Always(false))
            }
            Predicate::Compare { slot, operator, constant } => {
                Some(self.compare(*slot, *operator, *constant)?)
            }
            Predicate::InSet { slot, set, negated } if self.kind(*slot)? == Kind::Text => {
                let set = CategorySet::of(set.iter().map(|code| *code as u32));
                Some(self.in_set(*slot, set, *negated)?)
            }
            Predicate::InSet { set, .. } if set.len() <= FEW_NUMBERS => None,
            // Of fields that are all there the first one decides.
            Predicate::Compound { operator: BooleanOperator::Surrogate, parts } => {
                self.single(parts.first()?)?
            }
            Predicate::Compound { .. } => None,
            Predicate::InSet { .. }
            | Predicate::CompareText { .. }
            | Predicate::Absent(_)
            | Predicate::Unfit { .. } => {
                return None;
            }
        })
    }

    /// Puts the test of a node, of which this is the one comparison, at `at`.
    fn ask(
        &mut self,
        tree: &Plan,
        node: usize,
        question: Option<Question>,
        nodes: &mut Vec<Node>,
        [at, yes, no]: [u32; 3],
    ) -> Option<()> {
        match question {
            Some(question) => put(nodes, at, question, yes, no),
            None => {
                let predicate = &tree.predicates[tree.nodes[node].slot() as usize];
                self.ask_predicate(predicate, nodes, at, yes, no)?;
            }
        }
        Some(())
    }

    fn ask_predicate(
        &mut self,
        predicate: &Predicate,
        nodes: &mut Vec<Node>,
        at: u32,
        yes: u32,
        no: u32,
    ) -> Option<()> {
        if let Some(question) = self.single(predicate)? {
            put(nodes, at, question, yes, no);
            return Some(());
        }
        match predicate {
            Predicate::InSet { slot, set, negated } => {
                let (inside, outside) = if *negated { (no, yes) } else { (yes, no) };
                let mut at = at;
                for (index, number) in set.iter().enumerate() {
                    let next = if index + 1 == set.len() { outside } else { reserve(nodes) };
                    let question = self.compare(*slot, Comparison::Equal, *number)?;
                    put(nodes, at, question, inside, next);
                    at = next;
                }
                (!set.is_empty()).then_some(())
            }
            Predicate::Compound { operator, parts } => {
                let mut at = at;
                for (index, part) in parts.iter().enumerate() {
                    let is_last = index + 1 == parts.len();
                    let next = |nodes: &mut Vec<Node>, end: u32| if is_last { end } else { reserve(nodes) };
                    at = match operator {
                        BooleanOperator::And => {
                            let next = next(nodes, yes);
                            self.ask_predicate(part, nodes, at, next, no)?;
                            next
                        }
                        BooleanOperator::Or => {
                            let next = next(nodes, no);
                            self.ask_predicate(part, nodes, at, yes, next)?;
                            next
                        }
                        // Of fields that are all there the first one decides.
                        BooleanOperator::Surrogate => return self.ask_predicate(part, nodes, at, yes, no),
                        BooleanOperator::Xor => return None,
                    };
                }
                (!parts.is_empty()).then_some(())
            }
            _ => None,
        }
    }

    fn kind(&self, slot: Slot) -> Option<Kind> {
        self.slot_plans[slot.index()].kind
    }

    fn compare(&mut self, slot: Slot, operator: Comparison, constant: f64) -> Option<Question> {
        if constant.is_nan() {
            return None;
        }
        if self.kind(slot)? == Kind::Text {
            let negated = match operator {
                Comparison::Equal => false,
                Comparison::NotEqual => true,
                _ => return None,
            };
            return self.in_set(slot, CategorySet::of([constant as u32]), negated);
        }
        let test = match operator {
            Comparison::Equal => Test::Equal(constant),
            Comparison::NotEqual => Test::NotEqual(constant),
            Comparison::Less => Test::Less(constant),
            Comparison::LessOrEqual => Test::LessOrEqual(constant),
            Comparison::Greater => Test::Greater(constant),
            Comparison::GreaterOrEqual => Test::GreaterOrEqual(constant),
        };
        Some(Question::Asked { feature: self.feature(slot)?, test })
    }

    fn in_set(&mut self, slot: Slot, set: CategorySet, negated: bool) -> Option<Question> {
        let index = match self.sets.iter().position(|known| *known == set) {
            Some(index) => index,
            None => {
                self.sets.push(set);
                self.sets.len() - 1
            }
        };
        let index = u32::try_from(index).ok()?;
        let test = if negated { Test::NotInSet(index) } else { Test::InSet(index) };
        Some(Question::Asked { feature: self.feature(slot)?, test })
    }

    /// True if one of two comparisons holds wherever the other does not.
    fn complement(&self, one: Question, other: Question) -> bool {
        let (Question::Asked { feature, test }, Question::Asked { feature: same, test: opposite }) =
            (one, other)
        else {
            return false;
        };
        feature == same
            && match (test, opposite) {
                (Test::Less(a), Test::GreaterOrEqual(b))
                | (Test::GreaterOrEqual(a), Test::Less(b))
                | (Test::LessOrEqual(a), Test::Greater(b))
                | (Test::Greater(a), Test::LessOrEqual(b))
                | (Test::Equal(a), Test::NotEqual(b))
                | (Test::NotEqual(a), Test::Equal(b)) => a == b,
                (Test::InSet(a), Test::NotInSet(b)) | (Test::NotInSet(a), Test::InSet(b)) => a == b,
                // Two sets may part the values that are valid between them.
                (Test::InSet(a), Test::InSet(b)) => self.parts_all(same, a, b),
                _ => false,
            }
    }

    /// True if two sets hold all values that the field may have.
    fn parts_all(&self, feature: u32, a: u32, b: u32) -> bool {
        let slot = self.slots[feature as usize];
        let Source::Input { treatment, .. } = &self.slot_plans[slot.index()].source else { return false };
        let (a, b) = (&self.sets[a as usize], &self.sets[b as usize]);
        let held = |code: f64| a.contains(code as u32) || b.contains(code as u32);
        let missing = match treatment.missing {
            MissingRule::Replace(replacement) => held(replacement),
            MissingRule::Keep | MissingRule::Fail => true,
        };
        let invalid = match treatment.invalid {
            InvalidRule::Replace(replacement) => held(replacement),
            InvalidRule::Fail | InvalidRule::Missing => true,
            InvalidRule::Keep => false,
        };
        treatment.is_closed
            && treatment.intervals.is_empty()
            && treatment.outliers.is_none()
            && missing
            && invalid
            && treatment.listed.iter().all(|(code, _)| held(*code))
    }

    /// The feature of a slot: of the field that it hands down unchanged.
    fn feature(&mut self, slot: Slot) -> Option<u32> {
        let known = self.by_slot[slot.index()];
        if known != NONE {
            return Some(known);
        }
        let mut outer = slot;
        while let Source::Field { slot: around, treatment } = &self.slot_plans[outer.index()].source {
            if !treatment.passes_all_numbers() || self.kind(*around) != Some(treatment.kind) {
                break;
            }
            outer = *around;
        }
        if self.by_slot[outer.index()] == NONE {
            if self.slots.len() >= MAX_FIELDS {
                return None;
            }
            let feature = match self.kind(outer)? {
                Kind::List => return None,
                Kind::Text => Feature::Category(CodeRule::NonNegative),
                _ => Feature::Number(Number::F64),
            };
            self.by_slot[outer.index()] = self.slots.len() as u32;
            self.features.push(feature);
            self.slots.push(outer);
        }
        let feature = self.by_slot[outer.index()];
        self.by_slot[slot.index()] = feature;
        Some(feature)
    }
}

/// A place for a node that is told later.
fn reserve(nodes: &mut Vec<Node>) -> u32 {
    nodes.push(Node::Null);
    nodes.len() as u32 - 1
}

/// A test that always holds or never: a split whose both ways are one. [`compact`] takes it out again.
fn put(nodes: &mut [Node], at: u32, question: Question, yes: u32, no: u32) {
    nodes[at as usize] = match question {
        Question::Asked { feature, test } => Node::Split(Split::new(feature, test, yes, no)),
        Question::Always(true) => Node::Split(Split::new(u32::MAX, Test::IsMissing, yes, yes)),
        Question::Always(false) => Node::Split(Split::new(u32::MAX, Test::IsMissing, no, no)),
    };
}

/// The nodes without those that decide nothing, and without those that nothing leads to.
fn compact(nodes: &[Node]) -> Vec<Node> {
    let through = |mut at: u32| {
        while let Node::Split(split) = nodes[at as usize]
            && split.feature == u32::MAX
        {
            at = split.yes;
        }
        at
    };
    let mut places = vec![u32::MAX; nodes.len()];
    let mut order = vec![through(0)];
    places[order[0] as usize] = 0;
    let mut done = 0;
    let mut out = Vec::with_capacity(nodes.len());
    while let Some(&at) = order.get(done) {
        done += 1;
        out.push(match nodes[at as usize] {
            Node::Split(split) => {
                let mut place = |to: u32| {
                    let to = through(to);
                    if places[to as usize] == u32::MAX {
                        places[to as usize] = order.len() as u32;
                        order.push(to);
                    }
                    places[to as usize]
                };
                let (yes, no) = (place(split.yes), place(split.no));
                Node::Split(Split { yes, no, ..split })
            }
            node => node,
        });
    }
    out
}
