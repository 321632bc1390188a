//! Variables summed out of a product of tables, one after another, in an order that is found once.

use std::collections::BTreeSet;

/// Most variables that one table has.
pub const WIDTH_LIMIT: usize = 64;

/// A table of figures over some variables; the last variable's states lie side by side.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The variables.
    pub variables: Vec<u32>,
    /// Where it is kept.
    pub source: Source,
}

/// Where a table is kept.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// Among the tables of the document.
    Fixed(usize),
    /// Among those that are computed of each record.
    Computed(usize),
}

/// One step: the product of some tables, summed over one variable or over none.
#[derive(Debug)]
pub struct Step {
    /// The variables of the result, then the one that is summed over.
    variables: Box<[u32]>,
    /// How many of them the result has.
    kept: usize,
    /// What is multiplied: a table with what each variable's next state moves in it.
    inputs: Box<[(Source, Box<[usize]>)]>,
    /// Where the result is kept.
    output: usize,
    /// What each variable's next state moves in the result.
    strides: Box<[usize]>,
}

/// All steps.
#[derive(Debug)]
pub struct Elimination {
    steps: Box<[Step]>,
    /// Figures that are computed of each record.
    pub memory: usize,
    /// Where the result is kept.
    pub result: usize,
    /// Products that the steps take.
    pub work: usize,
}

/// Finds the steps that leave a table over `query`. `memory` is what is computed of each record before them.
/// `None` if they take more than `limit` products, or tables of too many variables.
#[must_use]
pub fn plan(
    sizes: &[usize],
    tables: &[Shape],
    query: &[u32],
    memory: usize,
    limit: usize,
) -> Option<Elimination> {
    let mut tables = tables.to_vec();
    let mut found = Elimination { steps: Box::default(), memory, result: 0, work: 0 };
    let mut steps = Vec::new();
    let mut graph = Graph::of(sizes, &tables);
    let mut left: Vec<u32> = (0..sizes.len() as u32).filter(|variable| !query.contains(variable)).collect();
    while !left.is_empty() {
        // The variable whose sum is over the smallest product.
        let cheapest = left.iter().enumerate().min_by_key(|(_, variable)| graph.costs[**variable as usize]);
        let variable = left.remove(cheapest.map_or(0, |(at, _)| at));
        let kept = graph.remove(sizes, variable);
        let (inputs, others): (Vec<_>, Vec<_>) =
            tables.into_iter().partition(|table| table.variables.contains(&variable));
        tables = others;
        let output = found.add(sizes, &inputs, &kept, Some(variable), limit, &mut steps)?;
        tables.push(Shape { variables: kept, source: Source::Computed(output) });
    }
    found.result = found.add(sizes, &tables, query, None, limit, &mut steps)?;
    found.steps = steps.into();
    Some(found)
}

/// Which variables stand in one table.
struct Graph {
    /// By variable: the others that it stands with.
    neighbours: Vec<BTreeSet<u32>>,
    /// By variable: the figures of a table over it and its neighbours.
    costs: Vec<usize>,
}

impl Graph {
    fn of(sizes: &[usize], tables: &[Shape]) -> Self {
        let mut graph = Self { neighbours: vec![BTreeSet::new(); sizes.len()], costs: vec![0; sizes.len()] };
        for table in tables {
            graph.connect(&table.variables);
        }
        for variable in 0..sizes.len() as u32 {
            graph.weigh(sizes, variable);
        }
        graph
    }

    fn connect(&mut self, variables: &[u32]) {
        for variable in variables {
            let others = variables.iter().filter(|other| *other != variable);
            self.neighbours[*variable as usize].extend(others);
        }
    }

    fn weigh(&mut self, sizes: &[usize], variable: u32) {
        let around = self.neighbours[variable as usize].iter().chain([&variable]);
        self.costs[variable as usize] = product(sizes, around);
    }

    /// Takes a variable out and gives its neighbours, which now stand in one table.
    fn remove(&mut self, sizes: &[usize], variable: u32) -> Vec<u32> {
        let around: Vec<u32> = std::mem::take(&mut self.neighbours[variable as usize]).into_iter().collect();
        for neighbour in &around {
            self.neighbours[*neighbour as usize].remove(&variable);
        }
        self.connect(&around);
        for neighbour in &around {
            self.weigh(sizes, *neighbour);
        }
        around
    }
}

fn product<'v>(sizes: &[usize], variables: impl IntoIterator<Item = &'v u32>) -> usize {
    variables
        .into_iter()
        .fold(1, |product: usize, variable| product.saturating_mul(sizes[*variable as usize]))
}

/// What the next state of each of `wanted` moves in a table over `variables`.
fn strides(sizes: &[usize], variables: &[u32], wanted: &[u32]) -> Box<[usize]> {
    let stride = |variable: &u32| match variables.iter().position(|known| known == variable) {
        Some(at) => product(sizes, &variables[at + 1..]),
        None => 0,
    };
    wanted.iter().map(stride).collect()
}

impl Elimination {
    /// Adds a step and gives where its result is kept.
    fn add(
        &mut self,
        sizes: &[usize],
        inputs: &[Shape],
        kept: &[u32],
        summed: Option<u32>,
        limit: usize,
        steps: &mut Vec<Step>,
    ) -> Option<usize> {
        let variables: Vec<u32> = kept.iter().copied().chain(summed).collect();
        let products = product(sizes, &variables).saturating_mul(inputs.len().max(1));
        self.work = self.work.saturating_add(products);
        if self.work > limit || variables.len() > WIDTH_LIMIT {
            return None;
        }
        let output = self.memory;
        self.memory += product(sizes, kept);
        steps.push(Step {
            inputs: inputs
                .iter()
                .map(|input| (input.source, strides(sizes, &input.variables, &variables)))
                .collect(),
            strides: strides(sizes, kept, kept),
            kept: kept.len(),
            variables: variables.into(),
            output,
        });
        Some(output)
    }

    /// Runs the steps. `states` says of each variable which states it can be in. False if nothing is possible.
    ///
    /// Results are relative to their largest figure, so that none gets lost however much is known.
    #[must_use]
    pub fn run(&self, fixed: &[f64], computed: &mut [f64], states: &dyn Fn(u32) -> (usize, usize)) -> bool {
        self.steps.iter().all(|step| step.run(fixed, computed, states))
    }
}

impl Step {
    fn run(&self, fixed: &[f64], computed: &mut [f64], states: &dyn Fn(u32) -> (usize, usize)) -> bool {
        let kept = &self.variables[..self.kept];
        let (first, last) = match self.variables.get(self.kept) {
            Some(summed) => states(*summed),
            None => (0, 1),
        };
        let mut largest = 0.0;
        each(kept, states, |index| {
            let mut sum = 0.0;
            for state in first..last {
                let mut product = 1.0;
                for (source, strides) in &self.inputs {
                    let summed = strides.get(self.kept).map_or(0, |stride| stride * state);
                    let at = offset(index, strides) + summed;
                    product *= match source {
                        Source::Fixed(start) => fixed[start + at],
                        Source::Computed(start) => computed[start + at],
                    };
                }
                sum += product;
            }
            computed[self.output + offset(index, &self.strides)] = sum;
            largest = if sum > largest { sum } else { largest };
        });
        if largest > 0.0 {
            each(kept, states, |index| {
                computed[self.output + offset(index, &self.strides)] /= largest;
            });
        }
        largest > 0.0
    }
}

/// Where a combination of states lies.
fn offset(index: &[usize], strides: &[usize]) -> usize {
    index.iter().zip(strides).map(|(state, stride)| state * stride).sum()
}

/// Calls `work` with every combination of states, in order; the last variable's change fastest.
pub fn each(variables: &[u32], states: &dyn Fn(u32) -> (usize, usize), mut work: impl FnMut(&[usize])) {
    let mut index = [0; WIDTH_LIMIT];
    let index = &mut index[..variables.len()];
    for (state, variable) in index.iter_mut().zip(variables) {
        *state = states(*variable).0;
    }
    loop {
        work(index);
        let mut at = variables.len();
        loop {
            if at == 0 {
                return;
            }
            at -= 1;
            let (first, last) = states(variables[at]);
            index[at] += 1;
            if index[at] < last {
                break;
            }
            index[at] = first;
        }
    }
}
