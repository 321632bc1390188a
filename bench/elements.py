#!/usr/bin/env python3
"""Makes one larger document a model element, and records for all of them: what `bench/run pmml` measures.

usage: bench/elements.py FOLDER
  then PMML_FOLDER=FOLDER PMML_DATA=FOLDER/elements.csv bench/run pmml
Everything is random under a fixed seed, so the documents are the same on every machine; nothing is learned, which does
not matter to speed. Needs nothing but Python. A column named `…[]` holds lists, their items separated by blanks."""
import os, random, sys

RANDOM = random.Random(4406)
NUMBERS = ["x%d" % at for at in range(12)]
CODES = ["k%d" % at for at in range(6)]
VALUES = range(5)
CLASSES = ["a", "b", "c", "d"]
ITEMS = ["item%d" % at for at in range(120)]
RECORDS = 1000


def normal(scale=1.0):
    return repr(RANDOM.gauss(0.0, scale))


def share():
    return repr(RANDOM.random())


def element(name, inner="", /, **attributes):
    given = "".join(' %s="%s"' % (key.rstrip("_"), value) for key, value in attributes.items())
    return "<%s%s>%s</%s>" % (name, given, inner, name)


def each(items, make):
    return "".join(make(item) for item in items)


def array(values, kind="real"):
    values = list(values)
    return element("Array", " ".join(map(str, values)), n=len(values), type=kind)


def schema(active, target=None):
    fields = each(active, lambda name: element("MiningField", name=name))
    return element("MiningSchema", fields + (element("MiningField", name=target, usageType="target") if target else ""))


def probabilities(classes):
    return element("Output", each(classes, lambda c: element(
        "OutputField", name="p_" + c, optype="continuous", dataType="double", feature="probability", value=c)))


def dictionary():
    fields = each(NUMBERS, lambda name: element("DataField", name=name, optype="continuous", dataType="double"))
    values = each(VALUES, lambda value: element("Value", value=value))
    fields += each(CODES, lambda name: element("DataField", values, name=name, optype="categorical", dataType="double"))
    fields += element("DataField", each(CLASSES, lambda c: element("Value", value=c)), name="class", optype="categorical", dataType="string")
    fields += element("DataField", name="y", optype="continuous", dataType="double")
    fields += element("DataField", name="basket", optype="categorical", dataType="string")
    fields += element("DataField", name="buyer", optype="categorical", dataType="string")
    return element("DataDictionary", fields)


def support_vectors():
    count, kernel = 600, element("RadialBasisKernelType", gamma="0.08")
    vectors = each(range(count), lambda at: element("VectorInstance", array(normal() for _ in NUMBERS), id="v%d" % at))
    fields = element("VectorFields", each(NUMBERS, lambda name: element("FieldRef", field=name)))

    def machine(pair):
        chosen = RANDOM.sample(range(count), 300)
        inner = element("SupportVectors", each(chosen, lambda at: element("SupportVector", vectorId="v%d" % at)))
        inner += element("Coefficients", each(chosen, lambda _: element("Coefficient", value=normal())), absoluteValue=normal())
        return element("SupportVectorMachine", inner, targetCategory=pair[0], alternateTargetCategory=pair[1])

    pairs = [(a, b) for at, a in enumerate(CLASSES) for b in CLASSES[at + 1:]]
    inner = schema(NUMBERS, "class") + kernel + element("VectorDictionary", fields + vectors) + each(pairs, machine)
    return element("SupportVectorMachineModel", inner, functionName="classification", classificationMethod="OneAgainstOne",
                   svmRepresentation="SupportVectors")


def neighbors():
    names = NUMBERS + ["class"]
    rows = each(range(1500), lambda _: element("row", each(NUMBERS, lambda name: element(name, normal()))
                                                + element("class", RANDOM.choice(CLASSES))))
    instances = element("InstanceFields", each(names, lambda name: element("InstanceField", field=name, column=name)))
    inner = schema(NUMBERS, "class") + element("TrainingInstances", instances + element("InlineTable", rows), isTransformed="false")
    inner += element("ComparisonMeasure", element("squaredEuclidean"), kind="distance")
    inner += element("KNNInputs", each(NUMBERS, lambda name: element("KNNInput", field=name, compareFunction="absDiff")))
    return element("NearestNeighborModel", inner, functionName="classification", numberOfNeighbors="7",
                   categoricalScoringMethod="majorityVote")


def naive_bayes():
    def counts():
        return element("TargetValueCounts", each(CLASSES, lambda c: element("TargetValueCount", value=c, count=RANDOM.randint(1, 400))))

    def stat(c):
        return element("TargetValueStat", element("GaussianDistribution", mean=normal(), variance=repr(0.5 + RANDOM.random())), value=c)

    inputs = each(CODES, lambda name: element("BayesInput", each(VALUES, lambda v: element("PairCounts", counts(), value=v)), fieldName=name))
    inputs += each(NUMBERS, lambda name: element("BayesInput", element("TargetValueStats", each(CLASSES, stat)), fieldName=name))
    inner = schema(CODES + NUMBERS, "class") + probabilities(CLASSES) + element("BayesInputs", inputs)
    inner += element("BayesOutput", counts(), fieldName="class")
    return element("NaiveBayesModel", inner, functionName="classification", threshold="0.001")


def simple(field, operator, value):
    return element("SimplePredicate", field=field, operator=operator, value=value)


def scorecard():
    edges = [-1.5, -0.7, -0.2, 0.3, 0.9, 1.6]

    def attribute(name, at):
        tests = [simple(name, "greaterOrEqual", edges[at - 1])] if at > 0 else []
        tests += [simple(name, "lessThan", edges[at])] if at < len(edges) else []
        test = tests[0] if len(tests) == 1 else element("CompoundPredicate", "".join(tests), booleanOperator="and")
        return element("Attribute", test, partialScore=repr(round(RANDOM.uniform(-20, 40), 2)))

    def characteristic(at):
        if at < len(NUMBERS):
            inner = each(range(len(edges) + 1), lambda place: attribute(NUMBERS[at], place))
        else:
            inner = each(VALUES, lambda v: element("Attribute", simple(CODES[at - len(NUMBERS)], "equal", v), partialScore=RANDOM.randint(-20, 40)))
        return element("Characteristic", inner, name="c%d" % at, reasonCode="R%d" % at, baselineScore=RANDOM.randint(0, 20))

    told = element("Output", element("OutputField", name="score", optype="continuous", dataType="double", feature="predictedValue")
                   + each(range(1, 5), lambda rank: element("OutputField", name="reason%d" % rank, optype="categorical",
                                                            dataType="string", feature="reasonCode", rank=rank)))
    inner = schema(NUMBERS + CODES, "y") + told + element("Characteristics", each(range(18), characteristic))
    return element("Scorecard", inner, functionName="regression", initialScore="500", useReasonCodes="true",
                   reasonCodeAlgorithm="pointsBelow", baselineMethod="other")


def rules():
    def rule(at):
        tests = each(RANDOM.sample(NUMBERS, 3), lambda name: simple(name, RANDOM.choice(["lessThan", "greaterThan"]), normal()))
        tests += simple(RANDOM.choice(CODES), "equal", RANDOM.choice(VALUES))
        test = element("CompoundPredicate", tests, booleanOperator="and")
        return element("SimpleRule", test, id="r%d" % at, score=RANDOM.choice(CLASSES), confidence=share(), weight=share())

    chosen = element("RuleSelectionMethod", criterion="weightedSum")
    inner = schema(NUMBERS + CODES, "class") + element("RuleSet", chosen + each(range(400), rule), defaultScore="a", defaultConfidence="0.1")
    return element("RuleSetModel", inner, functionName="classification")


def clustering():
    inner = schema(NUMBERS) + element("ComparisonMeasure", element("euclidean"), kind="distance")
    inner += each(NUMBERS, lambda name: element("ClusteringField", field=name, compareFunction="absDiff"))
    inner += each(range(60), lambda at: element("Cluster", array(normal(2.0) for _ in NUMBERS), id="c%d" % at, name="c%d" % at))
    return element("ClusteringModel", inner, functionName="clustering", modelClass="centerBased", numberOfClusters="60")


def association():
    inner = element("MiningSchema", element("MiningField", name="buyer", usageType="group") + element("MiningField", name="basket"))
    inner += element("Output", each(range(1, 4), lambda rank: element(
        "OutputField", name="next%d" % rank, optype="categorical", dataType="string", feature="ruleValue", ruleFeature="consequent",
        algorithm="exclusiveRecommendation", rankBasis="confidence", rank=rank)))
    inner += each(ITEMS, lambda item: element("Item", id=item, value=item))
    sets, texts = {}, []

    def itemset(items):
        if items not in sets:
            sets[items] = "s%d" % len(sets)
            texts.append(element("Itemset", each(items, lambda item: element("ItemRef", itemRef=item)), id=sets[items]))
        return sets[items]

    made = []
    for _ in range(600):
        items = RANDOM.sample(ITEMS, RANDOM.randint(2, 4))
        left, right = itemset(tuple(sorted(items[:-1]))), itemset((items[-1],))
        made.append(element("AssociationRule", antecedent=left, consequent=right, support=share(), confidence=share(), lift=share()))
    inner += "".join(texts) + "".join(made)
    return element("AssociationModel", inner, functionName="associationRules", numberOfTransactions="10000", numberOfItems=len(ITEMS),
                   minimumSupport="0", minimumConfidence="0", numberOfItemsets=len(sets), numberOfRules=len(made))


def general_regression():
    products = [[]] + [[(name, exponent)] for name in NUMBERS for exponent in (1, 2)]
    products += [[(name, value)] for name in CODES for value in list(VALUES)[1:]]
    products += [[(NUMBERS[at], 1), (CODES[at % 6], 1 + at % 4)] for at in range(10)]
    parameters, cells = [("p%d" % at, product) for at, product in enumerate(products)], ""
    parts = "".join(element("PPCell", value=value, predictorName=name, parameterName=parameter) for parameter, made in parameters for name, value in made)
    for c in CLASSES[:-1]:
        cells += each(parameters, lambda parameter: element("PCell", targetCategory=c, parameterName=parameter[0], df="1", beta=normal(0.2)))
    predictors = lambda names: each(names, lambda name: element("Predictor", name=name))
    inner = schema(NUMBERS + CODES, "class") + probabilities(CLASSES)
    inner += element("ParameterList", each(parameters, lambda parameter: element("Parameter", name=parameter[0])))
    inner += element("FactorList", predictors(CODES)) + element("CovariateList", predictors(NUMBERS))
    inner += element("PPMatrix", parts) + element("ParamMatrix", cells)
    return element("GeneralRegressionModel", inner, functionName="classification", modelType="multinomialLogistic", targetReferenceCategory="d")


def transformations():
    made, names = "", []

    def add(inner, kind="double", optype="continuous"):
        nonlocal made
        names.append("d%d" % len(names))
        made += element("DerivedField", inner, name=names[-1], optype=optype, dataType=kind)
        return names[-1]

    reference = lambda name: element("FieldRef", field=name)
    constant = lambda value: element("Constant", str(value), dataType="double")
    apply = lambda function, *arguments: element("Apply", "".join(arguments), function=function)
    numeric = []
    for name in NUMBERS:
        points = each([(-3, 0), (-1, 0.2), (0, 0.5), (1, 0.8), (3, 1)], lambda p: element("LinearNorm", orig=p[0], norm=p[1]))
        numeric.append(add(element("NormContinuous", points, field=name, outliers="asExtremeValues")))
        numeric.append(add(apply("ln", apply("+", apply("abs", reference(name)), constant(1.0)))))
        numeric.append(add(apply("if", apply("greaterThan", reference(name), constant(0.25)),
                                 apply("*", reference(name), reference(name)), apply("exp", reference(name)))))
        intervals = [(None, -1), (-1, 0), (0, 1), (1, None)]

        def bin(pair):
            margins = {key: value for key, value in zip(("leftMargin", "rightMargin"), pair[1]) if value is not None}
            return element("DiscretizeBin", element("Interval", closure="closedOpen", **margins), binValue="b%d" % pair[0])

        binned = add(element("Discretize", each(list(enumerate(intervals)), bin), field=name), "string", "categorical")
        rows = each(range(4), lambda at: element("row", element("from", "b%d" % at) + element("to", normal())))
        numeric.append(add(element("MapValues", element("FieldColumnPair", field=binned, column="from") + element("InlineTable", rows),
                                   outputColumn="to", dataType="double")))
    for name in CODES:
        for value in VALUES:
            numeric.append(add(element("NormDiscrete", field=name, value=value)))
    table = each(numeric, lambda name: element("NumericPredictor", name=name, coefficient=normal(0.3)))
    inner = schema(NUMBERS + CODES, "y") + element("LocalTransformations", made) + element("RegressionTable", table, intercept="1.5")
    return element("RegressionModel", inner, functionName="regression")


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    made = [("svm", support_vectors), ("knn", neighbors), ("naive-bayes", naive_bayes), ("scorecard", scorecard), ("rules", rules),
            ("clustering", clustering), ("association", association), ("general-regression", general_regression),
            ("transformations", transformations)]
    for name, make in made:
        text = element("PMML", element("Header") + dictionary() + make(), xmlns="http://www.dmg.org/PMML-4_4", version="4.4")
        with open(os.path.join(folder, name + ".pmml"), "w") as file:
            file.write('<?xml version="1.0" encoding="UTF-8"?>\n' + text.replace("><", ">\n<") + "\n")
    with open(os.path.join(folder, "elements.csv"), "w") as file:
        file.write(",".join(NUMBERS + CODES + ["basket[]"]) + "\n")
        for _ in range(RECORDS):
            cells = [normal() for _ in NUMBERS] + [repr(float(RANDOM.choice(VALUES))) for _ in CODES]
            file.write(",".join(cells + [" ".join(RANDOM.sample(ITEMS, RANDOM.randint(4, 16)))]) + "\n")


if __name__ == "__main__":
    main()
