#!/usr/bin/env python3
"""Model composition: embedded regressions and decision trees, computed by plain Python.

The first two documents have the shape of the specification's examples for sequencing and selection.
"""
import math
import random

from shapes import Topic, category, number, schema

topic = Topic("composition")
dice = random.Random(20240611)

FIELDS = number("age") + number("income") + category("gender", "female", "male") + number("weight")
MAPPED = """<LocalTransformations><DerivedField name="mc" optype="continuous" dataType="double">
<MapValues outputColumn="mapped" mapMissingTo="-1"><FieldColumnPair field="gender" column="sourceval"/><InlineTable>
<row><sourceval>female</sourceval><mapped>1</mapped></row><row><sourceval>male</sourceval><mapped>0</mapped></row>
</InlineTable></MapValues></DerivedField></LocalTransformations>"""


def table(intercept, income, product, more=""):
    return (f'<RegressionTable intercept="{intercept}"{more}><NumericPredictor name="income" coefficient="{income}"/>'
            f'<PredictorTerm coefficient="{product}"><FieldRef field="age"/><FieldRef field="mc"/></PredictorTerm>'
            "</RegressionTable>")


def mining(inner, function="regression", target="weight", output=""):
    return (f'<MiningModel functionName="{function}">{schema(["age", "income", "gender"], target)}{output}{MAPPED}'
            f"{inner}</MiningModel>")


def test(field, operator, value=None):
    constant = "" if value is None else f' value="{value}"'
    return f'<SimplePredicate field="{field}" operator="{operator}"{constant}/>'


def mc(row):
    return {"female": 1.0, "male": 0.0, None: -1.0}[row["gender"]]


def term(row, intercept, income, product):
    if row["age"] is None or row["income"] is None:
        return None
    return intercept + income * row["income"] + product * row["age"] * mc(row)


def records(count=30):
    rows = [
        {"age": 30.0, "income": 1000.0, "gender": "female"},
        {"age": 60.0, "income": 1000.0, "gender": "male"},
        {"age": None, "income": 1000.0, "gender": "male"},
        {"age": 50.0, "income": None, "gender": "female"},
        {"age": 50.0, "income": 10.0, "gender": None},
    ]
    for _ in range(count):
        rows.append({
            "age": dice.choice([None, float(dice.randint(18, 90)), float(dice.randint(18, 90)), float(dice.randint(18, 90))]),
            "income": dice.choice([None, dice.uniform(0, 3000), dice.uniform(0, 3000)]),
            "gender": dice.choice([None, "female", "male", "female", "male"]),
        })
    return rows


def write(name, fields, model, answer, target="weight", extra=()):
    rows = []
    for record in records():
        found = answer(record)
        out = found if isinstance(found, dict) else {target: found}
        rows.append({"in": record, "out": out})
    # An invalid value is an error only where the path reads it.
    rows += extra
    topic.case(name, fields, model, rows)


INVALID = [
    {"in": {"age": 30.0, "income": 1000.0, "gender": "strange"}, "error": "invalid_value"},
    {"in": {"age": "old", "income": 1000.0, "gender": "male"}, "error": "unparsable_value"},
]

# Sequencing: what the regression finds decides the tree.
write("sequence", FIELDS, mining(
    '<Regression functionName="regression"><ResultField name="term" feature="predictedValue"/>'
    + table(2.34, 0.03, 1.23) + "</Regression>"
    + '<DecisionTree functionName="regression"><Node score="0.0"><True/>'
    + f'<Node score="32.32">{test("term", "lessThan", 42)}</Node>'
    + f'<Node score="78.91">{test("term", "greaterOrEqual", 42)}</Node></Node></DecisionTree>'),
    lambda row: (lambda found: None if found is None else 32.32 if found < 42 else 78.91)(term(row, 2.34, 0.03, 1.23)),
    extra=INVALID)

# Selection: the tree decides which regression answers.
def select(row):
    if row["age"] is None:
        return None
    return term(row, 0.0, 0.03, 1.23) if row["age"] <= 50 else term(row, 2.22, 0.01, -0.11)


write("selection", FIELDS, mining(
    '<DecisionTree functionName="regression"><Node score="0.0"><True/>'
    + f'<Node score="0.0">{test("age", "lessOrEqual", 50)}<Regression functionName="regression">{table(0.0, 0.03, 1.23)}</Regression></Node>'
    + f'<Node score="0.0">{test("age", "greaterThan", 50)}<Regression functionName="regression">{table(2.22, 0.01, -0.11)}</Regression></Node>'
    + "</Node></DecisionTree>"), select, extra=INVALID)

# A tree replaces missing ages, a logistic regression classifies; targets and outputs of the whole.
def replaced(row):
    if row["age"] is not None:
        return None
    return {"female": 20.0, "male": 70.0, None: 40.0}[row["gender"]]


def classify(row):
    age = row["age"] if row["age"] is not None else replaced(row)
    probability = 1 / (1 + math.exp(-(-3.0 + 0.05 * age + 0.001 * (row["income"] or 0.0))))
    label = "yes" if probability >= 0.5 else "no"
    return {"bought": label, "p_yes": probability, "p_no": 1 - probability}


def classify_or_missing(row):
    return {"bought": None, "p_yes": None, "p_no": None} if row["income"] is None else classify(row)


write("replacement", number("age") + number("income") + category("gender", "female", "male") + category("bought", "yes", "no"),
    '<MiningModel functionName="classification">' + schema(["age", "income", "gender"], "bought")
    + '<Output><OutputField name="p_yes" feature="probability" value="yes"/>'
    + '<OutputField name="p_no" feature="probability" value="no"/></Output>'
    + '<LocalTransformations><DerivedField name="known_age" optype="continuous" dataType="double"><Apply function="if">'
    + '<Apply function="isMissing"><FieldRef field="age"/></Apply><FieldRef field="replaced_age"/><FieldRef field="age"/>'
    + "</Apply></DerivedField></LocalTransformations>"
    + '<DecisionTree functionName="regression" noTrueChildStrategy="returnLastPrediction">'
    + '<ResultField name="replaced_age" feature="predictedValue" dataType="double" optype="continuous"/>'
    + f'<Node score="40"><True/><Node score="20">{test("gender", "equal", "female")}</Node>'
    + f'<Node score="70">{test("gender", "equal", "male")}</Node></Node></DecisionTree>'
    + '<Regression functionName="classification" normalizationMethod="logit">'
    + '<RegressionTable intercept="-3.0" targetCategory="yes"><NumericPredictor name="known_age" coefficient="0.05"/>'
    + '<NumericPredictor name="income" coefficient="0.001"/></RegressionTable>'
    + '<RegressionTable intercept="0" targetCategory="no"/></Regression></MiningModel>',
    classify_or_missing)

# A tree whose nodes hold classifiers with other categories than its own, and a tree within the tree.
def softmax(sums):
    top = max(sums.values())
    powers = {key: math.exp(value - top) for key, value in sums.items()}
    whole = sum(powers.values())
    return {key: value / whole for key, value in powers.items()}


def classes(row):
    nothing = {"risk": None, "p_low": None, "p_mid": None, "p_high": None}
    if row["gender"] == "female":
        if row["income"] is None:
            return nothing
        found = softmax({"low": 0.002 * row["income"], "mid": 1.0, "high": 2.0 - 0.001 * row["income"]})
        # Of equal probabilities the first category wins: there are none here.
        return {"risk": max(found, key=found.get), **{f"p_{key}": value for key, value in found.items()}}
    if row["gender"] == "male":
        if row["age"] is None:
            return nothing
        young = row["age"] < 40
        found = {"low": 0.2, "mid": 0.0, "high": 0.8} if young else {"low": 0.75, "mid": 0.0, "high": 0.25}
        return {"risk": max(found, key=found.get), **{f"p_{key}": value for key, value in found.items()}}
    return {"risk": "mid", "p_low": 0.1, "p_mid": 0.8, "p_high": 0.1}


def distribution(counts):
    return "".join(f'<ScoreDistribution value="{key}" recordCount="{count}"/>' for key, count in counts.items())


write("classes", number("age") + number("income") + category("gender", "female", "male") + category("risk", "low", "mid", "high"),
    '<MiningModel functionName="classification">' + schema(["age", "income", "gender"], "risk")
    + "<Output>" + "".join(f'<OutputField name="p_{key}" feature="probability" value="{key}"/>' for key in ["low", "mid", "high"])
    + "</Output>"
    + '<DecisionTree functionName="classification" noTrueChildStrategy="returnLastPrediction">'
    + '<Node score="mid"><True/>' + distribution({"low": 1, "mid": 8, "high": 1})
    + f'<Node>{test("gender", "equal", "female")}<Regression functionName="classification" normalizationMethod="softmax">'
    + '<RegressionTable intercept="2" targetCategory="high"><NumericPredictor name="income" coefficient="-0.001"/></RegressionTable>'
    + '<RegressionTable intercept="0" targetCategory="low"><NumericPredictor name="income" coefficient="0.002"/></RegressionTable>'
    + '<RegressionTable intercept="1" targetCategory="mid"/></Regression></Node>'
    + f'<Node>{test("gender", "equal", "male")}<DecisionTree functionName="classification"><Node><True/>'
    + f'<Node>{test("age", "lessThan", 40)}{distribution({"high": 4, "low": 1})}</Node>'
    + f'<Node>{test("age", "greaterOrEqual", 40)}{distribution({"high": 1, "low": 3})}</Node></Node></DecisionTree></Node>'
    + "</Node></DecisionTree></MiningModel>", classes)

# A TreeModel by itself may hold regressions too; the target is scaled.
def tree_model(row):
    found = select(row)
    return None if found is None else found * 2 + 10


write("tree_model", FIELDS,
    '<TreeModel functionName="regression">' + schema(["age", "income", "gender"], "weight")
    + '<Targets><Target field="weight" rescaleFactor="2" rescaleConstant="10"/></Targets>' + MAPPED
    + '<Node><True/>'
    + f'<Node>{test("age", "lessOrEqual", 50)}<Regression functionName="regression">{table(0.0, 0.03, 1.23)}</Regression></Node>'
    + f'<Node>{test("age", "greaterThan", 50)}<Regression functionName="regression">{table(2.22, 0.01, -0.11)}</Regression></Node>'
    + "</Node></TreeModel>", tree_model, extra=INVALID)

# Three in a row: results of models in nodes, and of a transformed one, are read by the last.
def chain(row):
    if row["age"] is None:
        chosen = None
    elif row["age"] <= 50:
        chosen = None if row["income"] is None else 1.0 + 0.5 * row["income"]
    else:
        chosen = 3.0 - 0.25 * row["age"]
    if chosen is None:
        return -1.0
    doubled = math.exp(0.01 * chosen)
    return 10.0 + 2.0 * doubled + chosen


write("chain", FIELDS, mining(
    '<DecisionTree functionName="regression"><Node><True/>'
    + f'<Node>{test("age", "lessOrEqual", 50)}<Regression functionName="regression"><ResultField name="chosen" feature="predictedValue"/>'
    + '<RegressionTable intercept="1"><NumericPredictor name="income" coefficient="0.5"/></RegressionTable></Regression></Node>'
    + f'<Node>{test("age", "greaterThan", 50)}<Regression functionName="regression"><ResultField name="chosen" feature="predictedValue"/>'
    + '<RegressionTable intercept="3"><NumericPredictor name="age" coefficient="-0.25"/></RegressionTable></Regression></Node>'
    + "</Node></DecisionTree>"
    + '<Regression functionName="regression" normalizationMethod="exp"><ResultField name="power" feature="predictedValue"/>'
    + '<RegressionTable intercept="0"><NumericPredictor name="chosen" coefficient="0.01"/></RegressionTable></Regression>'
    + '<Regression functionName="regression"><LocalTransformations><DerivedField name="doubled" optype="continuous" dataType="double">'
    + '<Apply function="*"><FieldRef field="power"/><Constant dataType="double">2</Constant></Apply></DerivedField></LocalTransformations>'
    + '<Targets><Target field="weight"><TargetValue defaultValue="-1"/></Target></Targets>'
    + '<RegressionTable intercept="10"><NumericPredictor name="doubled" coefficient="1"/><NumericPredictor name="chosen" coefficient="1"/>'
    + "</RegressionTable></Regression>"), chain)
