"""Sequences of ONNX, one operator at a time, and scikit-learn's estimators of several classes at once."""
import warnings

import numpy as np
import onnx
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from sklearn import ensemble, linear_model, multioutput, naive_bayes, neural_network, pipeline, preprocessing, tree

from cases import Family, element, graph
from pipelines import NAMED, THREE, TWO, X

warnings.simplefilter("ignore")
RNG = np.random.default_rng(41)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def whole(*numbers):
    return np.array(numbers[0] if len(numbers) == 1 else numbers, np.int64)


def sequence_output(model, *names):
    """The same model, of which these outputs are sequences of f32."""
    for output in model.graph.output:
        if output.name in names:
            output.type.CopyFrom(helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, None)))
    return model


def operators(f):
    x, y = floats(6, 4), floats(6, 2)
    n = helper.make_node

    def one(name, nodes, outputs, sequences=(), stored=None, opset=17, inputs=None):
        inputs = inputs or {"x": x, "y": y}
        f.onnx("sequence-" + name, sequence_output(graph(nodes, inputs, outputs, opset, stored), *sequences), inputs)

    made = n("SequenceConstruct", ["x", "y"], ["s"], name="the_sequence")
    one("construct", [made], [("s", 1)], ["s"], opset=11)
    one("construct-computed", [n("Relu", ["x"], ["r"]), n("SequenceConstruct", ["r", "y", "x"], ["s"])], [("s", 1), ("r", 1)], ["s"])
    for name, at in (("first", 0), ("last", -1), ("second", 1)):
        one("at-" + name, [made, n("SequenceAt", ["s", "at"], ["z"])], [("z", 1)], stored={"at": whole(at)})
    one("at-i32", [made, n("SequenceAt", ["s", "at"], ["z"])], [("z", 1)], stored={"at": np.array(1, np.int32)})
    empty = n("SequenceEmpty", [], ["e"], dtype=1)
    one("empty-insert", [empty, n("SequenceInsert", ["e", "x"], ["a"]), n("SequenceInsert", ["a", "y", "at"], ["b"])], [("b", 1)], ["b"], {"at": whole(0)})
    one("insert-negative", [made, n("SequenceInsert", ["s", "x", "at"], ["b"])], [("b", 1)], ["b"], {"at": whole(-1)})
    one("erase", [made, n("SequenceErase", ["s"], ["b"])], [("b", 1)], ["b"])
    one("erase-first", [made, n("SequenceErase", ["s", "at"], ["b"])], [("b", 1)], ["b"], {"at": whole(0)})
    length = [made, n("SequenceLength", ["s"], ["l"]), n("Cast", ["l"], ["m"], to=1), n("Mul", ["x", "m"], ["z"])]
    one("length", length, [("z", 1)])
    one("concat", [made, n("ConcatFromSequence", ["s"], ["z"], axis=1)], [("z", 1)])
    one("concat-negative", [made, n("ConcatFromSequence", ["s"], ["z"], axis=-1)], [("z", 1)])
    both = n("SequenceConstruct", ["x", "r"], ["s"])
    one("stack", [n("Relu", ["x"], ["r"]), both, n("ConcatFromSequence", ["s"], ["z"], axis=1, new_axis=1)], [("z", 1)])
    one("stack-last", [n("Relu", ["x"], ["r"]), both, n("ConcatFromSequence", ["s"], ["z"], axis=-1, new_axis=1)], [("z", 1)])
    for name, split, given in (("default", None, {}), ("no-dimension", None, {"keepdims": 0}), ("by-three", whole(3), {}), ("by-three-no-dimension", whole(3), {"keepdims": 0}), ("lengths", whole([1, 3]), {})):
        node = n("SplitToSequence", ["x"] + (["p"] if split is not None else []), ["s"], axis=1, **given)
        one("split-" + name, [node], [("s", 1)], ["s"], {"p": split} if split is not None else None, inputs={"x": x})
    node = n("SplitToSequence", ["x"], ["s"], axis=-1)
    one("split-and-join", [node, n("SequenceErase", ["s", "at"], ["b"]), n("ConcatFromSequence", ["b"], ["z"], axis=1)], [("z", 1)], stored={"at": whole(2)}, inputs={"x": x})
    value = lambda name, kind=TensorProto.FLOAT, shape=None: helper.make_tensor_value_info(name, kind, shape)
    listed = lambda name: helper.make_tensor_sequence_value_info(name, TensorProto.FLOAT, None)
    turn = helper.make_graph([n("Identity", ["c"], ["d"]), n("Mul", ["v", "half"], ["w"]), n("SequenceInsert", ["a", "w"], ["b"])], "turn",
                             [value("i", 7, []), value("c", 9, []), value("v"), listed("a")], [value("d", 9, []), value("w"), listed("b")])
    loop = n("Loop", ["turns", "", "x", "e"], ["last", "s"], body=turn)
    one("loop", [empty, loop], [("s", 1), ("last", 1)], ["s"], {"turns": whole(3), "half": np.float32(0.5)}, inputs={"x": x})
    pick = lambda at: helper.make_graph([n("Constant", [], ["at"], value_int=at), n("SequenceAt", ["s", "at"], ["z%d" % at])], "pick", [], [value("z%d" % at)])
    one("branch", [n("SequenceConstruct", ["x", "r"], ["s"]), n("Relu", ["x"], ["r"]), n("If", ["yes"], ["z"], then_branch=pick(0), else_branch=pick(1))], [("z", 1)], stored={"yes": np.array(False)}, inputs={"x": x})
    body = helper.make_graph([n("Add", ["p", "q"], ["t"])], "each", [value("p"), value("q")], [value("t")])
    mapped = n("SequenceMap", ["s", "k"], ["m"], body=body)
    one("map", [n("Relu", ["x"], ["r"]), both, mapped], [("m", 1)], ["m"], {"k": np.float32(2)}, inputs={"x": x})
    one("identity", [made, n("Identity", ["s"], ["t"])], [("t", 1)], ["t"])


def estimators(f):
    several = {"numbers": np.column_stack([TWO, THREE]), "names": np.column_stack([NAMED, np.array(["no", "yes"])[TWO]]), "three": np.column_stack([TWO, THREE, THREE % 2])}
    multi = multioutput.MultiOutputClassifier

    def one(name, estimator, label, options=False):
        estimator.fit(X, label)
        zipmap = {} if options is None else {"options": {id(estimator): {"zipmap": options}}}
        try:
            model = to_onnx(estimator, X[:1], target_opset={"": 17, "ai.onnx.ml": 3}, **zipmap)
        except Exception as error:
            f.refused.append((name, str(error).splitlines()[0][:150]))
            return
        f.onnx("several-" + name, model, {"X": X[:6]})

    for kind, label in several.items():
        one("logistic-" + kind, multi(linear_model.LogisticRegression()), label)
        one("tree-" + kind, multi(tree.DecisionTreeClassifier(max_depth=3)), label)
        one("forest-" + kind, multi(ensemble.RandomForestClassifier(3, max_depth=3, random_state=1)), label)
    one("zipmap", multi(linear_model.LogisticRegression()), several["numbers"], True)
    one("zipmap-default", multi(tree.DecisionTreeClassifier(max_depth=3)), several["names"], None)
    one("bayes", multi(naive_bayes.GaussianNB()), several["numbers"])
    one("boosting", multi(ensemble.GradientBoostingClassifier(n_estimators=3, random_state=1)), several["numbers"])
    one("mlp", multi(neural_network.MLPClassifier((5,), max_iter=50, random_state=1)), several["numbers"])
    last = multi(linear_model.LogisticRegression())
    one("pipeline", pipeline.make_pipeline(preprocessing.StandardScaler(), last), several["names"], None)
    one("one-forest", ensemble.RandomForestClassifier(3, max_depth=3, random_state=1), several["numbers"])


def make():
    f = Family("sequences")
    operators(f)
    estimators(f)
    f.save()


if __name__ == "__main__": make()
