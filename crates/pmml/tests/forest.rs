//! Forests compiled together against the same forests scored segment by segment: the same bits, the same errors.
//!
//! A segment with an output of its own keeps a forest from being compiled, and changes nothing else.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use scorewheel_columns::{Batch, OutputValues, Scores, Value};
use scorewheel_model::{BoundModel, Format, Limits, Mapping, Model};
use scorewheel_pmml::PmmlFormat;

/// A small generator (splitmix64), so that a case is told by one number.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn number(&mut self) -> f64 {
        if self.one_in(3) { self.below(9) as f64 / 4.0 - 1.0 } else { (self.next() as i64) as f64 / 4e18 }
    }
}

struct Case {
    dice: Dice,
    classification: bool,
    distributions: bool,
}

impl Case {
    fn predicate(&mut self) -> String {
        if self.dice.one_in(15) {
            return "<True/>".to_owned();
        }
        if self.dice.one_in(6) {
            let operator = self.dice.pick(&["equal", "notEqual"]);
            let colour = self.dice.pick(&["red", "green", "blue"]);
            return format!("<SimplePredicate field='colour' operator='{operator}' value='{colour}'/>");
        }
        let field = self.dice.pick(&["x", "y", "z"]);
        let operators = ["lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual", "equal", "notEqual"];
        let operator = operators[self.dice.below(6)];
        format!("<SimplePredicate field='{field}' operator='{operator}' value='{}'/>", self.dice.number())
    }

    /// A node with what it answers and some children.
    fn node(&mut self, depth: usize, predicate: &str, ids: &mut usize, out: &mut String) {
        let id = *ids;
        *ids += 1;
        let children = if depth == 0 || self.dice.one_in(5) { 0 } else { 1 + self.dice.below(3) };
        let score = match self.classification {
            _ if self.dice.one_in(12) => String::new(),
            true => format!(" score='{}'", self.dice.pick(&["a", "b", "c"])),
            false => format!(" score='{}'", self.dice.number()),
        };
        let default = if children > 0 { format!(" defaultChild='{}'", *ids) } else { String::new() };
        let _ = write!(out, "<Node id='{id}'{score}{default}>{predicate}");
        if self.distributions && !self.dice.one_in(12) {
            for class in ["a", "b", "c"] {
                let _ = write!(
                    out,
                    "<ScoreDistribution value='{class}' recordCount='{}'/>",
                    1 + self.dice.below(9)
                );
            }
        }
        for _ in 0..children {
            let predicate = self.predicate();
            self.node(depth - 1, &predicate, ids, out);
        }
        out.push_str("</Node>");
    }

    fn segment(&mut self, index: usize, own_output: bool) -> String {
        let function = if self.classification { "classification" } else { "regression" };
        let missing = self.dice.pick(&["none", "nullPrediction", "lastPrediction", "defaultChild"]);
        let no_child = self.dice.pick(&["returnNullPrediction", "returnLastPrediction"]);
        let mut nodes = String::new();
        let predicate = if self.dice.one_in(10) { self.predicate() } else { "<True/>".to_owned() };
        let depth = self.dice.below(5);
        self.node(depth, &predicate, &mut 1, &mut nodes);
        let output = if own_output {
            "<Output><OutputField name='own' feature='predictedValue'/></Output>"
        } else {
            ""
        };
        format!(
            "<Segment id='{index}' weight='{}'><True/><TreeModel functionName='{function}' \
             missingValueStrategy='{missing}' noTrueChildStrategy='{no_child}'><MiningSchema>\
             <MiningField name='x'/><MiningField name='y'/><MiningField name='z'/><MiningField name='colour'/>\
             </MiningSchema>{output}{nodes}</TreeModel></Segment>",
            self.dice.below(9) as f64 / 3.0 + 0.1
        )
    }
}

/// The same document twice: one whose forest is compiled, one whose is not.
fn documents(seed: u64) -> [String; 2] {
    [false, true].map(|own_output| {
        let mut dice = Dice(seed);
        let classification = dice.one_in(2);
        let method = match classification {
            true => dice.pick(&["average", "weightedAverage", "majorityVote", "weightedMajorityVote"]),
            false => dice.pick(&["sum", "average", "weightedAverage", "weightedSum"]),
        };
        let distributions = classification && (method.ends_with("verage") || dice.one_in(2));
        let context = dice.pick(&["double", "float"]);
        let kind = dice.pick(&["double", "float"]);
        let policy = dice.pick(&["returnMissing", "skipSegment", "continue"]);
        let trees = 1 + dice.below(12);
        let mut case = Case { dice, classification, distributions };
        let segments: String =
            (0..trees).map(|index| case.segment(index, own_output && index == 0)).collect();
        let (function, target) = match classification {
            true => ("classification", "<DataField name='t' optype='categorical' dataType='string'/>"),
            false => ("regression", "<DataField name='t' optype='continuous' dataType='double'/>"),
        };
        let output = match classification {
            true => {
                "<Output><OutputField name='pa' feature='probability' value='a'/>\
                 <OutputField name='pb' feature='probability' value='b'/></Output>"
            }
            false => "",
        };
        format!(
            "<PMML xmlns='http://www.dmg.org/PMML-4_4' version='4.4'><Header/><DataDictionary>{target}\
             <DataField name='x' optype='continuous' dataType='{kind}'/>\
             <DataField name='y' optype='continuous' dataType='double'/>\
             <DataField name='z' optype='continuous' dataType='double'/>\
             <DataField name='colour' optype='categorical' dataType='string'/></DataDictionary>\
             <MiningModel functionName='{function}' x-mathContext='{context}'><MiningSchema>\
             <MiningField name='t' usageType='target'/><MiningField name='x'/><MiningField name='y'/>\
             <MiningField name='z'/><MiningField name='colour'/></MiningSchema>{output}\
             <Segmentation multipleModelMethod='{method}' missingPredictionTreatment='{policy}'>{segments}\
             </Segmentation></MiningModel></PMML>"
        )
    })
}

fn load(document: &str) -> (Arc<dyn Model>, Arc<dyn BoundModel>) {
    let model = PmmlFormat.load(document.as_bytes(), &Mapping::default(), &Limits::default()).unwrap();
    let bound = model.bind(&model.schema().unwrap(), &Mapping::default()).unwrap();
    (model, bound)
}

/// Everything that is said of the rows, numbers by their bits.
fn said(bound: &dyn BoundModel, batch: &Batch) -> Vec<String> {
    let mut scores = Scores::new();
    bound.score(batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
    let mut out = Vec::new();
    for row in 0..batch.rows() {
        let mut line = format!("{:?}", scores.error(row).map(|error| (error.code, error.field)));
        for (index, column) in scores.columns().iter().enumerate() {
            let bits = match &column.values {
                OutputValues::F64(values) => values[row].to_bits(),
                OutputValues::F32(values) => u64::from(values[row].to_bits()),
                _ => 0,
            };
            let _ = match scores.get(index, row) {
                Value::Missing => write!(line, " missing"),
                value => write!(line, " {value:?} {bits:x}"),
            };
        }
        out.push(line);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compiled_and_single_segments_agree(seed: u64) {
        let [plain, spoilt] = documents(seed);
        let ((model, fast), (_, slow)) = (load(&plain), load(&spoilt));
        let mut dice = Dice(!seed);
        let mut batch = Batch::new(model.schema().unwrap());
        for _ in 0..40 {
            let row: Vec<Value> = model
                .inputs()
                .iter()
                .map(|input| match &*input.name {
                    _ if dice.one_in(12) => Value::Missing,
                    "colour" => Value::from(dice.pick(&["red", "green", "blue", "mauve"])),
                    _ if dice.one_in(20) => Value::F64(f64::NAN),
                    _ => Value::F64(dice.number()),
                })
                .collect();
            batch.push_row(&row);
        }
        prop_assert_eq!(said(&*fast, &batch), said(&*slow, &batch), "{}", plain);
    }
}
