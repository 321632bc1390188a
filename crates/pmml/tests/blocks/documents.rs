//! Random documents of the elements that are scored column by column, and records for them.

use std::fmt::Write as _;

/// A small generator (splitmix64), so that a case is told by one number.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A number, often one of a few, so that values meet constants.
    pub fn number(&mut self) -> f64 {
        if self.one_in(2) { self.below(9) as f64 / 4.0 - 1.0 } else { (self.next() as i64) as f64 / 4e18 }
    }
}

/// The elements.
pub const ELEMENTS: [&str; 10] = [
    "transformations",
    "rules",
    "scorecard",
    "clustering",
    "similarity",
    "neighbors",
    "machines",
    "means",
    "logits",
    "chain",
];

const COLOURS: [&str; 4] = ["red", "green", "blue", "grey"];
const NUMBERS: [&str; 3] = ["x", "y", "z"];

/// A document of an element.
pub fn document(dice: &mut Dice, element: &str) -> String {
    let derived: String = (0..5).map(|at| derived(dice, at)).collect();
    let fields = ["x", "y", "z", "n", "colour"];
    let mut schema: String = fields.iter().map(|name| mining_field(dice, name)).collect();
    schema += "<MiningField name='target' usageType='target'/>";
    let top = format!("<MiningSchema>{schema}</MiningSchema>");
    let transformed = format!("<LocalTransformations>{derived}</LocalTransformations>");
    let (target, model) = match element {
        "transformations" => ("double", regression(dice, &top, &transformed)),
        "rules" => ("string", rules(dice, &top, &transformed)),
        "scorecard" => ("double", scorecard(dice, &top, &transformed)),
        "clustering" | "similarity" => {
            ("string", clustering(dice, &top, &transformed, element == "similarity"))
        }
        "neighbors" => neighbors(dice, &top),
        "machines" => machines(dice, &top),
        "means" => ("double", general_regression(dice, &top, "generalizedLinear")),
        "chain" => chain(dice, &schema, &derived),
        _ => ("string", general_regression(dice, &top, "multinomialLogistic")),
    };
    format!(
        "<PMML version='4.4' xmlns='http://www.dmg.org/PMML-4_4'><Header/><DataDictionary>\
         <DataField name='x' optype='continuous' dataType='double'/>\
         <DataField name='y' optype='continuous' dataType='double'><Interval closure='closedClosed' \
         leftMargin='-1.5' rightMargin='1.5'/></DataField>\
         <DataField name='z' optype='categorical' dataType='double'>{}</DataField>\
         <DataField name='n' optype='continuous' dataType='integer'/>\
         <DataField name='f' optype='continuous' dataType='float'/>\
         <DataField name='colour' optype='categorical' dataType='string'/>\
         <DataField name='target' optype='{}' dataType='{target}'/></DataDictionary>\
         <TransformationDictionary><DefineFunction name='half' optype='continuous' dataType='double'>\
         <ParameterField name='a'/><ParameterField name='b' dataType='double'/>\
         <Apply function='/' mapMissingTo='0.5'><Apply function='+'><FieldRef field='a'/><FieldRef field='b'/></Apply>\
         <Constant dataType='double'>2</Constant></Apply></DefineFunction></TransformationDictionary>{model}</PMML>",
        (-4..5).map(|at| format!("<Value value='{}'/>", f64::from(at) / 4.0)).collect::<String>(),
        if target == "double" { "continuous" } else { "categorical" },
    )
}

fn mining_field(dice: &mut Dice, name: &str) -> String {
    let mut more = String::new();
    if dice.one_in(4) && name != "colour" {
        more += " missingValueReplacement='0'";
    }
    if dice.one_in(2) {
        more += dice.pick(&[" invalidValueTreatment='asMissing'", " invalidValueTreatment='asIs'"]);
    }
    format!("<MiningField name='{name}'{more}/>")
}

/// A field of numbers.
fn number_field(dice: &mut Dice) -> &'static str {
    dice.pick(&["x", "y", "z", "n", "d0", "d1"])
}

fn derived(dice: &mut Dice, at: usize) -> String {
    // Fields before this one may be read.
    let before: Vec<String> = (0..at).map(|at| format!("d{at}")).collect();
    let fields: Vec<&str> =
        NUMBERS.into_iter().chain(["n"]).chain(before.iter().map(String::as_str)).collect();
    let kind = dice.pick(&["double", "double", "double", "float"]);
    let inner = expression(dice, &fields, 3);
    format!("<DerivedField name='d{at}' optype='continuous' dataType='{kind}'>{inner}</DerivedField>")
}

fn call_attributes(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.one_in(4) {
        let _ = write!(text, " mapMissingTo='{:?}'", dice.number());
    }
    if dice.one_in(4) {
        let _ = write!(text, " defaultValue='{:?}'", dice.number());
    }
    if dice.one_in(3) {
        text += " invalidValueTreatment='asMissing'";
    }
    text
}

/// An expression that gives a number.
fn expression(dice: &mut Dice, fields: &[&str], depth: usize) -> String {
    let field = dice.pick(fields);
    if depth == 0 || dice.one_in(8) {
        return match dice.below(4) {
            0 => format!("<Constant dataType='double'>{:?}</Constant>", dice.number()),
            1 => format!("<Constant dataType='integer'>{}</Constant>", dice.below(5)),
            2 => format!("<FieldRef field='{field}' mapMissingTo='{:?}'/>", dice.number()),
            _ => format!("<FieldRef field='{field}'/>"),
        };
    }
    let attributes = call_attributes(dice);
    let inner = |dice: &mut Dice| expression(dice, fields, depth - 1);
    match dice.below(9) {
        0 | 1 => {
            let function = dice.pick(&["+", "-", "*", "/", "pow", "threshold", "min", "max", "sum", "avg"]);
            let (left, right) = (inner(dice), inner(dice));
            format!("<Apply function='{function}'{attributes}>{left}{right}</Apply>")
        }
        2 => {
            let function = dice.pick(&["ln", "exp", "abs", "sqrt", "floor", "round", "tanh", "log10"]);
            format!("<Apply function='{function}'{attributes}>{}</Apply>", inner(dice))
        }
        3 | 4 => {
            let (condition, taken) = (truth(dice, fields, depth - 1), inner(dice));
            let other = if dice.one_in(4) { String::new() } else { inner(dice) };
            format!("<Apply function='if'{attributes}>{condition}{taken}{other}</Apply>")
        }
        5 => {
            let outliers = dice.pick(&["asIs", "asMissingValues", "asExtremeValues"]);
            let missing = if dice.one_in(2) { " mapMissingTo='0.75'" } else { "" };
            let points: String = (0..dice.below(4) + 2)
                .map(|at| {
                    format!("<LinearNorm orig='{:?}' norm='{:?}'/>", at as f64 * 0.5 - 0.75, dice.number())
                })
                .collect();
            format!(
                "<NormContinuous field='{field}' outliers='{outliers}'{missing}>{points}</NormContinuous>"
            )
        }
        6 => {
            let missing = if dice.one_in(2) { " mapMissingTo='7'" } else { "" };
            let default = if dice.one_in(2) { " defaultValue='8'" } else { "" };
            let bins: String = (0..dice.below(4) + 1)
                .map(|at| {
                    let closure = dice.pick(&["openOpen", "openClosed", "closedOpen", "closedClosed"]);
                    let low = at as f64 * 0.5 - 0.75;
                    format!(
                        "<DiscretizeBin binValue='{at}'><Interval closure='{closure}' leftMargin='{low:?}' \
                         rightMargin='{:?}'/></DiscretizeBin>",
                        low + 0.25 * dice.below(4) as f64
                    )
                })
                .collect();
            format!("<Discretize field='{field}' dataType='double'{missing}{default}>{bins}</Discretize>")
        }
        7 => {
            let missing = if dice.one_in(2) { " mapMissingTo='5'" } else { "" };
            let default = if dice.one_in(2) { " defaultValue='6'" } else { "" };
            let rows: String = COLOURS[..3]
                .iter()
                .map(|colour| {
                    format!(
                        "<row><colour>{colour}</colour><z>{:?}</z><out>{:?}</out></row>",
                        dice.below(3) as f64 / 4.0,
                        dice.number()
                    )
                })
                .collect();
            let second = if dice.one_in(2) { "<FieldColumnPair field='z' column='z'/>" } else { "" };
            format!(
                "<MapValues outputColumn='out' dataType='double'{missing}{default}>\
                 <FieldColumnPair field='colour' column='colour'/>{second}<InlineTable>{rows}</InlineTable></MapValues>"
            )
        }
        _ => {
            let (left, right) = (inner(dice), inner(dice));
            format!("<Apply function='half'{attributes}>{left}{right}</Apply>")
        }
    }
}

/// An expression that gives a truth value.
fn truth(dice: &mut Dice, fields: &[&str], depth: usize) -> String {
    let field = dice.pick(fields);
    match dice.below(if depth == 0 { 4 } else { 6 }) {
        0 => format!("<Apply function='isMissing'><FieldRef field='{field}'/></Apply>"),
        1 => format!(
            "<Apply function='{}'><FieldRef field='colour'/><Constant>red</Constant></Apply>",
            dice.pick(&["equal", "notEqual"])
        ),
        2 => format!(
            "<Apply function='{}'><FieldRef field='{field}'/><Constant dataType='double'>0.25</Constant>\
             <Constant dataType='integer'>1</Constant></Apply>",
            dice.pick(&["isIn", "isNotIn"])
        ),
        3 => {
            let function = dice.pick(&["lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual", "equal"]);
            let right = expression(dice, fields, depth.min(1));
            format!("<Apply function='{function}'><FieldRef field='{field}'/>{right}</Apply>")
        }
        4 => format!("<Apply function='not'>{}</Apply>", truth(dice, fields, depth - 1)),
        _ => format!(
            "<Apply function='{}'>{}{}</Apply>",
            dice.pick(&["and", "or"]),
            truth(dice, fields, depth - 1),
            truth(dice, fields, depth - 1)
        ),
    }
}

fn regression(dice: &mut Dice, schema: &str, transformed: &str) -> String {
    let predictors: String = (0..5)
        .map(|at| format!("<NumericPredictor name='d{at}' coefficient='{:?}'/>", dice.number()))
        .collect();
    format!(
        "<RegressionModel functionName='regression'>{schema}{transformed}\
         <RegressionTable intercept='0.5'>{predictors}</RegressionTable></RegressionModel>"
    )
}

/// A predicate in which every kind of test and of joining occurs.
fn predicate(dice: &mut Dice, depth: usize) -> String {
    let field = number_field(dice);
    match dice.below(if depth == 0 { 5 } else { 9 }) {
        0 => format!(
            "<SimplePredicate field='{field}' operator='{}'/>",
            dice.pick(&["isMissing", "isNotMissing"])
        ),
        1 => format!(
            "<SimplePredicate field='colour' operator='{}' value='{}'/>",
            dice.pick(&["equal", "notEqual"]),
            dice.pick(&COLOURS)
        ),
        2 => {
            let values: String = (0..dice.below(12) + 1).map(|_| format!("{:?} ", dice.number())).collect();
            format!(
                "<SimpleSetPredicate field='x' booleanOperator='{}'><Array type='real'>{values}</Array></SimpleSetPredicate>",
                dice.pick(&["isIn", "isNotIn"])
            )
        }
        3 if dice.one_in(4) => dice.pick(&["<True/>", "<False/>"]).to_owned(),
        3 | 4 => {
            let operators = ["lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual", "equal", "notEqual"];
            let value = if field == "n" { dice.below(4) as f64 } else { dice.number() };
            format!(
                "<SimplePredicate field='{field}' operator='{}' value='{value:?}'/>",
                dice.pick(&operators)
            )
        }
        _ => {
            let parts: String = (0..dice.below(3) + 2).map(|_| predicate(dice, depth - 1)).collect();
            format!(
                "<CompoundPredicate booleanOperator='{}'>{parts}</CompoundPredicate>",
                dice.pick(&["and", "and", "or", "xor", "surrogate"])
            )
        }
    }
}

fn rule(dice: &mut Dice, at: usize, depth: usize) -> String {
    let predicate = predicate(dice, 2);
    if depth > 0 && dice.one_in(4) {
        let inner: String = (0..3).map(|below| rule(dice, at * 10 + below, depth - 1)).collect();
        return format!("<CompoundRule>{predicate}{inner}</CompoundRule>");
    }
    let (score, confidence, weight) = (dice.pick(&COLOURS), dice.number().abs(), dice.number().abs());
    format!(
        "<SimpleRule id='r{at}' score='{score}' confidence='{confidence}' weight='{weight}'>{predicate}</SimpleRule>"
    )
}

fn rules(dice: &mut Dice, schema: &str, transformed: &str) -> String {
    let criterion = dice.pick(&["firstHit", "weightedSum", "weightedMax"]);
    let default = if dice.one_in(2) { " defaultScore='red' defaultConfidence='0.5'" } else { "" };
    let rules: String = (0..dice.below(20) + 1).map(|at| rule(dice, at, 2)).collect();
    format!(
        "<RuleSetModel functionName='classification'>{schema}<Output>\
         <OutputField name='entity' optype='categorical' dataType='string' feature='entityId'/>\
         <OutputField name='sure' optype='continuous' dataType='double' feature='confidence'/></Output>\
         {transformed}<RuleSet{default}><RuleSelectionMethod criterion='{criterion}'/>{rules}</RuleSet></RuleSetModel>"
    )
}

fn scorecard(dice: &mut Dice, schema: &str, transformed: &str) -> String {
    let shared = dice.one_in(2);
    let mut characteristic = |at: usize| {
        let attribute = |dice: &mut Dice, predicate: &str| {
            let reason = if shared { format!(" reasonCode='R{}'", dice.below(3)) } else { String::new() };
            format!("<Attribute partialScore='{:?}'{reason}>{predicate}</Attribute>", dice.number())
        };
        let mut inner = String::new();
        // Half of them test one field only.
        let own = if dice.one_in(2) { Some(number_field(dice)) } else { None };
        for _ in 0..dice.below(4) + 1 {
            let test = match own {
                Some(field) => format!(
                    "<CompoundPredicate booleanOperator='{}'>\
                     <SimplePredicate field='{field}' operator='greaterOrEqual' value='{}'/>\
                     <SimplePredicate field='{field}' operator='lessThan' value='{}'/></CompoundPredicate>",
                    dice.pick(&["and", "or", "xor", "surrogate"]),
                    dice.below(3),
                    dice.below(4)
                ),
                None => predicate(dice, 2),
            };
            inner += &attribute(dice, &test);
        }
        if !dice.one_in(6) {
            inner += &attribute(dice, "<True/>");
        }
        let baseline = dice.number();
        format!(
            "<Characteristic name='c{at}' reasonCode='C{at}' baselineScore='{baseline:?}'>{inner}</Characteristic>"
        )
    };
    let characteristics: String = (0..6).map(&mut characteristic).collect();
    let reasons: String = (1..4)
        .map(|rank| {
            format!(
                "<OutputField name='reason{rank}' optype='categorical' dataType='string' feature='reasonCode' rank='{rank}'/>"
            )
        })
        .collect();
    let algorithm = dice.pick(&["pointsBelow", "pointsAbove"]);
    format!(
        "<Scorecard functionName='regression' initialScore='10' useReasonCodes='true' \
         reasonCodeAlgorithm='{algorithm}' baselineMethod='other'>{schema}<Output>{reasons}</Output>{transformed}\
         <Characteristics>{characteristics}</Characteristics></Scorecard>"
    )
}

fn measure(dice: &mut Dice) -> String {
    let function =
        dice.pick(&["euclidean", "squaredEuclidean", "chebychev", "cityBlock", "minkowski p-parameter='3'"]);
    format!("<ComparisonMeasure kind='distance'><{function}/></ComparisonMeasure>")
}

fn compared(dice: &mut Dice, word: &str) -> String {
    NUMBERS
        .iter()
        .map(|name| {
            let weight = if dice.one_in(3) { " fieldWeight='0.5'" } else { "" };
            let compare = dice.pick(&["absDiff", "absDiff", "delta", "gaussSim"]);
            let scale = if compare == "gaussSim" { " similarityScale='0.8'" } else { "" };
            format!("<{word} field='{name}' compareFunction='{compare}'{weight}{scale}/>")
        })
        .collect()
}

fn clustering(dice: &mut Dice, schema: &str, transformed: &str, similarity: bool) -> String {
    let outputs = "<Output><OutputField name='nearest' optype='categorical' dataType='string' feature='entityId'/>\
         <OutputField name='second' optype='categorical' dataType='string' feature='entityId' rank='2'/>\
         <OutputField name='near' optype='continuous' dataType='double' feature='affinity'/>\
         <OutputField name='far' optype='continuous' dataType='double' feature='affinity' rank='3'/></Output>";
    let schema = schema.replace("<MiningField name='target' usageType='target'/>", "");
    let (measure, fields) = if similarity {
        let function = dice.pick(&["simpleMatching", "jaccard", "tanimoto"]);
        let fields: String = NUMBERS
            .iter()
            .map(|name| format!("<ClusteringField field='{name}' compareFunction='delta'/>"))
            .collect();
        (format!("<ComparisonMeasure kind='similarity'><{function}/></ComparisonMeasure>"), fields)
    } else {
        (measure(dice), compared(dice, "ClusteringField"))
    };
    let weights = if dice.one_in(2) {
        ""
    } else {
        "<MissingValueWeights><Array n='3' type='real'>1 2 0.5</Array></MissingValueWeights>"
    };
    let count = dice.below(20) + 1;
    let clusters: String = (0..count)
        .map(|at| {
            let mut value = |_| if similarity { dice.below(2) as f64 } else { dice.number() };
            let center: String = (0..3).map(|at| format!("{:?} ", value(at))).collect();
            format!("<Cluster id='k{at}'><Array n='3' type='real'>{center}</Array></Cluster>")
        })
        .collect();
    format!(
        "<ClusteringModel functionName='clustering' modelClass='centerBased' numberOfClusters='{count}'>{schema}{outputs}\
         {transformed}{measure}{fields}{weights}{clusters}</ClusteringModel>"
    )
}

fn neighbors(dice: &mut Dice, schema: &str) -> (&'static str, String) {
    let (target, function) = dice.pick(&[("double", "regression"), ("string", "classification")]);
    let continuous = dice.pick(&["average", "weightedAverage", "median"]);
    let categorical = dice.pick(&["majorityVote", "weightedMajorityVote"]);
    let rows: String = (0..dice.below(30) + 3)
        .map(|_| {
            let class = if target == "double" {
                format!("{:?}", dice.number())
            } else {
                dice.pick(&COLOURS).to_owned()
            };
            format!(
                "<row><x>{:?}</x><y>{:?}</y><z>{:?}</z><target>{class}</target></row>",
                dice.number(),
                dice.number(),
                dice.number()
            )
        })
        .collect();
    let instances: String = ["x", "y", "z", "target"]
        .iter()
        .map(|name| format!("<InstanceField field='{name}' column='{name}'/>"))
        .collect();
    let model = format!(
        "<NearestNeighborModel functionName='{function}' numberOfNeighbors='3' continuousScoringMethod='{continuous}' \
         categoricalScoringMethod='{categorical}' threshold='0.001'>{schema}<TrainingInstances isTransformed='false'>\
         <InstanceFields>{instances}</InstanceFields><InlineTable>{rows}</InlineTable></TrainingInstances>{}\
         <KNNInputs>{}</KNNInputs></NearestNeighborModel>",
        measure(dice),
        compared(dice, "KNNInput"),
    );
    (target, model)
}

fn machines(dice: &mut Dice, schema: &str) -> (&'static str, String) {
    let kernel = dice.pick(&[
        "<LinearKernelType/>",
        "<PolynomialKernelType gamma='0.5' coef0='1' degree='2'/>",
        "<RadialBasisKernelType gamma='0.7'/>",
        "<RadialBasisKernelType gamma='900'/>",
        "<SigmoidKernelType gamma='0.5' coef0='0.1'/>",
    ]);
    let count = dice.below(20) + 2;
    let vectors: String = (0..count)
        .map(|at| {
            format!(
                "<VectorInstance id='v{at}'><Array n='3' type='real'>{:?} {:?} {:?}</Array></VectorInstance>",
                dice.number(),
                dice.number(),
                dice.number()
            )
        })
        .collect();
    let mut machine = |attributes: &str| {
        let used: Vec<usize> = (0..count).filter(|_| !dice.one_in(3)).collect();
        let supports: String = used.iter().map(|at| format!("<SupportVector vectorId='v{at}'/>")).collect();
        let coefficients: String =
            used.iter().map(|_| format!("<Coefficient value='{:?}'/>", dice.number())).collect();
        format!(
            "<SupportVectorMachine{attributes}><SupportVectors>{supports}</SupportVectors>\
             <Coefficients absoluteValue='{:?}'>{coefficients}</Coefficients></SupportVectorMachine>",
            dice.number()
        )
    };
    let (target, function, method, machines) = match count % 3 {
        0 => ("double", "regression", "", machine("")),
        1 => {
            let pairs = [("red", "green"), ("red", "blue"), ("green", "blue")];
            let named = pairs.map(|(one, other)| {
                machine(&format!(" targetCategory='{one}' alternateTargetCategory='{other}'"))
            });
            ("string", "classification", " classificationMethod='OneAgainstOne'", named.concat())
        }
        _ => {
            let named = COLOURS.map(|colour| machine(&format!(" targetCategory='{colour}'")));
            ("string", "classification", " classificationMethod='OneAgainstAll'", named.concat())
        }
    };
    let model = format!(
        "<SupportVectorMachineModel functionName='{function}'{method} svmRepresentation='SupportVectors'>{schema}\
         {kernel}<VectorDictionary><VectorFields><FieldRef field='x'/><FieldRef field='y'/><FieldRef field='z'/>\
         </VectorFields>{vectors}</VectorDictionary>{machines}</SupportVectorMachineModel>"
    );
    (target, model)
}

/// A chain in which later segments read the fields of earlier ones, each in another way.
fn chain(dice: &mut Dice, schema: &str, derived: &str) -> (&'static str, String) {
    let output = |name: &str| {
        format!(
            "<Output><OutputField name='{name}' optype='continuous' dataType='double' feature='predictedValue'/></Output>"
        )
    };
    let is_tree = dice.one_in(2);
    let fields = if is_tree { ["f", "x"] } else { ["x", "y"] };
    let first_schema = fields.map(|name| format!("<MiningField name='{name}'/>")).concat();
    let first = if is_tree {
        let leaf = |dice: &mut Dice, test: &str| format!("<Node score='{:?}'>{test}</Node>", dice.number());
        let test = |field: &str, operator: &str, value: f64| {
            format!("<SimplePredicate field='{field}' operator='{operator}' value='{value:?}'/>")
        };
        let at = dice.pick(&[-0.5, 0.0, 0.25]);
        let below = leaf(dice, &test("x", "lessThan", at)) + &leaf(dice, &test("x", "greaterOrEqual", at));
        let above = leaf(dice, &test("f", "greaterOrEqual", at));
        format!(
            "<TreeModel functionName='regression' splitCharacteristic='binarySplit'><MiningSchema>{first_schema}\
             </MiningSchema>{}<Node score='0'><True/><Node score='0.5'>{}{below}</Node>{above}</Node></TreeModel>",
            output("p"),
            test("f", "lessThan", at)
        )
    } else {
        let predictors = fields
            .map(|name| format!("<NumericPredictor name='{name}' coefficient='{:?}'/>", dice.number()))
            .concat();
        format!(
            "<RegressionModel functionName='regression'><MiningSchema>{first_schema}</MiningSchema>{}\
             <RegressionTable intercept='1000'>{predictors}</RegressionTable></RegressionModel>",
            output("p")
        )
    };
    // The fields of the record once more, mostly as the chain has prepared them.
    let mut later = String::new();
    for name in ["x", "y", "z", "n", "f", "colour"] {
        later +=
            &if dice.one_in(4) { mining_field(dice, name) } else { format!("<MiningField name='{name}'/>") };
    }
    let later = format!(
        "<MiningSchema>{later}<MiningField name='p'/><MiningField name='target' usageType='target'/></MiningSchema>"
    );
    // The first derived field reads what was handed on, all others may read that one.
    let handed_on = "<DerivedField name='h' optype='continuous' dataType='double'><Apply function='-'>\
         <FieldRef field='p'/><FieldRef field='x'/></Apply></DerivedField>";
    let read = |text: String| {
        let text = text.replace("NumericPredictor name='d3'", "NumericPredictor name='x'");
        let text = text.replace("NumericPredictor name='d4'", "NumericPredictor name='h'");
        let text = text.replace("SimplePredicate field='d1'", "SimplePredicate field='h'");
        let text = text.replace("ClusteringField field='z'", "ClusteringField field='p'");
        let text = if is_tree { text.replace("field='n'", "field='f'") } else { text };
        text.replace("NumericPredictor name='d2'", "NumericPredictor name='f'")
    };
    let transformed = format!("<LocalTransformations>{handed_on}{derived}</LocalTransformations>");
    let middle = if dice.one_in(3) {
        let inner: String = (0..5).map(|at| self::derived(dice, at)).collect();
        let transformed = format!("<LocalTransformations>{handed_on}{inner}</LocalTransformations>");
        let schema = later.replace("<MiningField name='target' usageType='target'/>", "");
        let regression = read(regression(dice, &schema, &transformed));
        let regression =
            regression.replace("<LocalTransformations>", &(output("q") + "<LocalTransformations>"));
        format!("<Segment id='2'><True/>{regression}</Segment>")
    } else {
        String::new()
    };
    let (target, function, last) = match dice.below(4) {
        0 => ("double", "regression", regression(dice, &later, &transformed)),
        1 => ("double", "regression", scorecard(dice, &later, &transformed)),
        2 => ("string", "classification", rules(dice, &later, &transformed)),
        _ => ("string", "clustering", clustering(dice, &later, &transformed, false)),
    };
    let mut schema = format!("{schema}{}", mining_field(dice, "f"));
    if function == "clustering" {
        schema = schema.replace("<MiningField name='target' usageType='target'/>", "");
    }
    let model = format!(
        "<MiningModel functionName='{function}'><MiningSchema>{schema}</MiningSchema>\
         <Segmentation multipleModelMethod='modelChain'><Segment id='1'><True/>{first}</Segment>{middle}\
         <Segment id='3'><True/>{}</Segment></Segmentation></MiningModel>",
        read(last)
    );
    (target, model)
}

fn general_regression(dice: &mut Dice, schema: &str, kind: &str) -> String {
    let (function, link, categories) = match kind {
        "generalizedLinear" => (
            "regression",
            format!(" linkFunction='{}'", dice.pick(&["log", "logit", "identity", "cloglog"])),
            &[""][..],
        ),
        _ => ("classification", " targetReferenceCategory='blue'".to_owned(), &["red", "green"][..]),
    };
    let mut cells = String::new();
    for category in categories {
        let target =
            if category.is_empty() { String::new() } else { format!(" targetCategory='{category}'") };
        for parameter in ["p0", "p1", "p2", "p3"] {
            let _ = write!(
                cells,
                "<PCell{target} parameterName='{parameter}' df='1' beta='{:?}'/>",
                dice.number()
            );
        }
    }
    format!(
        "<GeneralRegressionModel functionName='{function}' modelType='{kind}'{link}>{schema}\
         <ParameterList><Parameter name='p0'/><Parameter name='p1'/><Parameter name='p2'/><Parameter name='p3'/></ParameterList>\
         <FactorList><Predictor name='colour'/></FactorList><CovariateList><Predictor name='x'/><Predictor name='y'/></CovariateList>\
         <PPMatrix><PPCell value='1' predictorName='x' parameterName='p1'/><PPCell value='2' predictorName='y' parameterName='p2'/>\
         <PPCell value='red' predictorName='colour' parameterName='p3'/><PPCell value='1' predictorName='x' parameterName='p3'/></PPMatrix>\
         <ParamMatrix>{cells}</ParamMatrix></GeneralRegressionModel>"
    )
}
