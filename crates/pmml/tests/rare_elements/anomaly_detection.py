#!/usr/bin/env python3
"""Documents of AnomalyDetectionModel. Expected: scikit-learn's own scores; by hand where there is no estimator.
(needs numpy, scikit-learn)"""
import numpy as np
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest
from sklearn.svm import OneClassSVM
from common import INVALID, array, field, number, output, schema, write

RNG = np.random.default_rng(4402)
NAMES = ["u", "v", "w"]
# scikit-learn's trees read float32.
X = RNG.normal(size=(200, 3)).astype(np.float32).astype(np.float64)
POINTS = np.vstack([RNG.normal(size=(15, 3)), RNG.normal(size=(5, 3)) * 6]).astype(np.float32).astype(np.float64)
FIELDS = [field("u", (-100, 100)), field("v"), field("w")]
SCORE = output(("score", 'feature="predictedValue"'))


def anomaly(kind, within, more="", active=NAMES, function="regression", told=SCORE):
    return '<AnomalyDetectionModel functionName="%s" algorithmType=%s>%s%s%s</AnomalyDetectionModel>' % (
        function, kind, schema(active), told, within + more)


def rows(points, scores):
    return [{"in": dict(zip(NAMES, p)), "out": {"null": s, "score": s}} for p, s in zip(points, scores)]


def path_length(count):
    """The mean length of the path to one of so many records that a tree no longer tells apart."""
    if count <= 1:
        return 0.0
    if count == 2:
        return 1.0
    return 2.0 * (np.log(count - 1.0) + np.euler_gamma) - 2.0 * (count - 1.0) / count


def forest_model(forest):
    segments = []
    for at, (tree, features) in enumerate(zip(forest.estimators_, forest.estimators_features_)):
        tree = tree.tree_

        def node(index, depth, predicate):
            if tree.children_left[index] < 0:
                score = depth + path_length(tree.n_node_samples[index])
                return '<Node score="%s">%s</Node>' % (number(score), predicate)
            name, threshold = NAMES[features[tree.feature[index]]], number(tree.threshold[index])
            test = '<SimplePredicate field="%s" operator="%s" value="%s"/>'
            left = node(tree.children_left[index], depth + 1, test % (name, "lessOrEqual", threshold))
            right = node(tree.children_right[index], depth + 1, test % (name, "greaterThan", threshold))
            return "<Node>%s%s%s</Node>" % (predicate, left, right)

        segments.append(
            '<Segment id="%d"><True/><TreeModel functionName="regression" splitCharacteristic="binarySplit">%s%s'
            "</TreeModel></Segment>" % (at + 1, schema(NAMES), node(0, 0, "<True/>"))
        )
    return '<MiningModel functionName="regression">%s<Segmentation multipleModelMethod="average">%s</Segmentation></MiningModel>' % (
        schema(NAMES), "".join(segments))


def main():
    forest = IsolationForest(n_estimators=12, max_samples=64, random_state=7).fit(X)
    write("anomaly_isolation_forest", FIELDS,
          anomaly('"iforest" sampleDataSize="64"', forest_model(forest)),
          rows(POINTS, -forest.score_samples(POINTS)) + [
              # No tree of which one can tell the branch, so no mean of all.
              {"in": {}, "out": {"null": None, "score": None}},
              {"in": {"u": 101.0, "v": 0.0, "w": 0.0}, "error": INVALID},
          ])

    machine = OneClassSVM(kernel="rbf", gamma=0.3, nu=0.2).fit(X)
    vectors = "".join(
        '<VectorInstance id="%d">%s</VectorInstance>' % (at, array(vector)) for at, vector in enumerate(machine.support_vectors_))
    within = (
        '<SupportVectorMachineModel functionName="regression">%s<RadialBasisKernelType gamma="0.3"/>'
        '<VectorDictionary><VectorFields>%s</VectorFields>%s</VectorDictionary><SupportVectorMachine><SupportVectors>%s'
        '</SupportVectors><Coefficients absoluteValue="%s">%s</Coefficients></SupportVectorMachine>'
        "</SupportVectorMachineModel>"
        % (
            schema(NAMES, u='missingValueReplacement="0.25"'),
            "".join('<FieldRef field="%s"/>' % name for name in NAMES),
            vectors,
            "".join('<SupportVector vectorId="%d"/>' % at for at in range(len(machine.support_vectors_))),
            number(machine.intercept_[0]),
            "".join('<Coefficient value="%s"/>' % number(value) for value in machine.dual_coef_[0]),
        )
    )
    replaced = machine.decision_function([[0.25, 1.0, -1.0]])[0]
    write("anomaly_one_class", FIELDS, anomaly('"ocsvm"', within), rows(POINTS, machine.decision_function(POINTS)) + [
        {"in": {"v": 1.0, "w": -1.0}, "out": {"null": replaced, "score": replaced}},
        # A support vector machine cannot do without a value.
        {"in": {"u": 1.0, "w": -1.0}, "error": "missing_value"},
    ])

    means = KMeans(n_clusters=4, n_init=3, random_state=7).fit(X)
    usual = np.array([means.transform(X)[means.labels_ == c, c].mean() for c in range(4)])
    within = (
        '<ClusteringModel functionName="clustering" modelClass="centerBased" numberOfClusters="4">%s'
        '<ComparisonMeasure kind="distance"><euclidean/></ComparisonMeasure>%s%s</ClusteringModel>'
        % (
            schema(NAMES),
            "".join('<ClusteringField field="%s" compareFunction="absDiff"/>' % name for name in NAMES),
            "".join('<Cluster id="c%d">%s</Cluster>' % (at, array(c)) for at, c in enumerate(means.cluster_centers_)),
        )
    )
    distances = means.transform(POINTS)
    nearest = distances.argmin(axis=1)
    # A missing field drops out, and the distance is made up for it: times sqrt(3 / 2).
    partial = np.sqrt(((np.array([0.5, -0.5]) - means.cluster_centers_[:, :2]) ** 2).sum(axis=1) * 3 / 2)
    score = partial.min() / usual[partial.argmin()]
    write("anomaly_clusters", FIELDS,
          anomaly('"clusterMeanDist"', within, "<MeanClusterDistances>%s</MeanClusterDistances>" % array(usual)),
          rows(POINTS, distances.min(axis=1) / usual[nearest]) + [
              {"in": {"u": 0.5, "v": -0.5}, "out": {"null": score, "score": score}},
              {"in": {}, "error": "missing_value"},
              {"in": {"u": -101.0, "v": 0.0, "w": 0.0}, "error": INVALID},
          ])

    # Any model may stand within: here one that tells categories apart, with its probabilities.
    categories = ["usual", "odd"]
    node = '<Node score="%s">%s<ScoreDistribution value="usual" recordCount="%d"/><ScoreDistribution value="odd" recordCount="%d"/></Node>'
    test = '<SimplePredicate field="u" operator="%s" value="2.5"/>'
    within = (
        '<TreeModel functionName="classification" splitCharacteristic="binarySplit" missingValueStrategy="nullPrediction">%s'
        "<Node><True/>%s%s</Node></TreeModel>"
        % (schema(["u"], "kind"), node % ("usual", test % "lessThan", 9, 1), node % ("odd", test % "greaterOrEqual", 1, 3))
    )
    told = '<Output><OutputField name="p" optype="continuous" dataType="double" feature="probability" value="odd"/></Output>'
    write("anomaly_other", [field("u", (-100, 100)), field("kind", values=categories)],
          anomaly('"other"', within, active=["u"], function="classification", told=told), [
              {"in": {"u": 1.0}, "out": {"null": "usual", "p": 0.1}},
              {"in": {"u": 2.5}, "out": {"null": "odd", "p": 0.75}},
              {"in": {}, "out": {"null": None, "p": None}},
              {"in": {"u": 1000.0}, "error": INVALID},
          ])

    # By hand: c(2) = 1, so the score is 2 to the power of minus the length; what is missing goes to the longer branch.
    within = (
        '<TreeModel functionName="regression" missingValueStrategy="defaultChild" splitCharacteristic="binarySplit">%s'
        '<Node id="0" defaultChild="2"><True/>'
        '<Node id="1" score="1"><SimplePredicate field="colour" operator="equal" value="green"/></Node>'
        '<Node id="2" score="3"><SimplePredicate field="colour" operator="notEqual" value="green"/></Node></Node></TreeModel>'
        % schema(["colour"], colour='invalidValueTreatment="asMissing"')
    )
    colours = [field("colour", values=["green", "blue"])]
    score = lambda value: {"null": value, "score": value}
    text = anomaly('"iforest" sampleDataSize="2"', within, active=["colour"])
    text = text.replace('<MiningField name="colour"/>', '<MiningField name="colour" invalidValueTreatment="asMissing"/>')
    write("anomaly_two_records", colours, text, [
        {"in": {"colour": "green"}, "out": score(0.5)},
        {"in": {"colour": "blue"}, "out": score(0.125)},
        {"in": {}, "out": score(0.125)},
        {"in": {"colour": "violet"}, "out": score(0.125)},
    ])


if __name__ == "__main__":
    main()
