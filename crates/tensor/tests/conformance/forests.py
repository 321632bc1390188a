"""Tree ensembles of ai.onnx.ml in versions 1, 3 and 5, grown at random, with ONNX Runtime's answers."""
import numpy as np
import onnx

from cases import Family, graph

RNG = np.random.default_rng(24)
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def grow(depth, modes, features, full=False):
    """A tree as nested tuples: (mode, feature, threshold, missing goes to true, if true, if false) or a leaf's None."""
    if depth == 0 or not full and RNG.random() < 0.2: return None
    # Few thresholds, so that some are met exactly.
    return (str(RNG.choice(modes)), int(RNG.integers(features)), float(np.round(RNG.normal() * 2) / 2), int(RNG.integers(2)),
            grow(depth - 1, modes, features, full), grow(depth - 1, modes, features, full))


def old(trees, kind, targets, double=False, several=False, **more):
    """Attributes of TreeEnsembleRegressor or TreeEnsembleClassifier; `several` weights a leaf."""
    nodes = {key: [] for key in "treeids nodeids featureids modes values truenodeids falsenodeids missing_value_tracks_true".split()}
    leaves = {key: [] for key in "treeids nodeids ids weights".split()}
    for number, tree in enumerate(trees):
        count = 0

        def put(node):
            nonlocal count
            place, count = count, count + 1
            at = len(nodes["nodeids"])
            for key in nodes: nodes[key].append(0)
            nodes["treeids"][at], nodes["nodeids"][at] = number, place
            if node is None:
                nodes["modes"][at], nodes["values"][at] = "LEAF", 0.0
                for target in range(targets) if several else [int(RNG.integers(targets))]:
                    for key, value in zip(leaves, (number, place, target, float(np.float32(RNG.normal())))): leaves[key].append(value)
                return place
            mode, feature, threshold, missing, true, false = node
            nodes["modes"][at], nodes["featureids"][at], nodes["values"][at], nodes["missing_value_tracks_true"][at] = mode, feature, threshold, missing
            nodes["truenodeids"][at] = put(true)
            nodes["falsenodeids"][at] = put(false)
            return place
        put(tree)
    result = {"nodes_" + key: value for key, value in nodes.items()}
    result.update({kind + "_" + key: value for key, value in leaves.items()})
    if double:
        for name in ("nodes_values", kind + "_weights", "base_values"):
            values = result.pop(name, None) or more.pop(name, None)
            if values is not None: result[name + "_as_tensor"] = onnx.numpy_helper.from_array(np.array(values, np.float64), name)
    return {**result, **more}


def new(trees, targets, dtype, members=None, **more):
    """Attributes of TreeEnsemble; each tree's root must be a branch."""
    keys = "featureids modes splits truenodeids falsenodeids trueleafs falseleafs missing_value_tracks_true".split()
    nodes, leaves, roots, sets = {key: [] for key in keys}, ([], []), [], []

    def put(node):
        if node is None:
            leaves[0].append(int(RNG.integers(targets)))
            leaves[1].append(RNG.normal())
            return len(leaves[0]) - 1
        mode, feature, threshold, missing, true, false = node
        at = len(nodes["modes"])
        for key in keys: nodes[key].append(0)
        nodes["featureids"][at], nodes["missing_value_tracks_true"][at] = feature, missing
        nodes["modes"][at] = 6 if mode == "BRANCH_MEMBER" else MODES.index(mode)
        nodes["splits"][at] = 0.0 if mode == "BRANCH_MEMBER" else threshold
        if mode == "BRANCH_MEMBER": sets.extend([np.floor(threshold), np.floor(threshold) + 2, np.nan])
        nodes["trueleafs"][at], nodes["falseleafs"][at] = int(true is None), int(false is None)
        nodes["truenodeids"][at] = put(true)
        nodes["falsenodeids"][at] = put(false)
        return at
    for tree in trees: roots.append(put(tree))
    tensor = lambda values, kind: onnx.numpy_helper.from_array(np.array(values, kind), "t")
    result = {"nodes_" + key: value for key, value in nodes.items() if key not in ("modes", "splits")}
    result.update(nodes_modes=tensor(nodes["modes"], np.uint8), nodes_splits=tensor(nodes["splits"], dtype), tree_roots=roots, n_targets=targets,
                  leaf_targetids=leaves[0], leaf_weights=tensor(leaves[1], dtype))
    if sets: result["membership_values"] = tensor(sets, dtype)
    return {**result, **more}


def make():
    f = Family("forests")
    x = (np.round(RNG.normal(size=(12, 4)) * 4) / 4).astype(np.float32)
    holes = x.copy(); holes[RNG.random(x.shape) < 0.2] = np.nan

    def one(name, operator, data, outputs, ml, attributes, tolerance=None):
        results = ["y%d" % i for i in range(len(outputs))]
        node = onnx.helper.make_node(operator, ["x"], results, domain="ai.onnx.ml", name="the_trees", **attributes)
        f.onnx("%s-%s-%d" % (operator, name, ml), graph([node], {"x": data}, list(zip(results, outputs)), 17, ml=ml), {"x": data}, tolerance)

    for mode in MODES + ["mixed"]:
        modes = MODES if mode == "mixed" else [mode]
        trees = [grow(4, modes, 4) for _ in range(5)]
        one(mode, "TreeEnsembleRegressor", holes, [1], 1, old(trees, "target", 1, n_targets=1))
    for aggregate in ("SUM", "AVERAGE", "MIN", "MAX"):
        for targets in (1, 3):
            trees = [grow(3, MODES[:2], 4) for _ in range(4)]
            one("%s-%d" % (aggregate.lower(), targets), "TreeEnsembleRegressor", holes, [1], 3, old(trees, "target", targets, several=targets > 1, n_targets=targets, aggregate_function=aggregate, base_values=[0.5] * targets))
    one("sparse-targets", "TreeEnsembleRegressor", x, [1], 1, old([grow(3, MODES[:1], 4) for _ in range(4)], "target", 3, n_targets=3))
    one("i64", "TreeEnsembleRegressor", np.round(x).astype(np.int64), [1], 3, old([grow(3, MODES[:1], 4) for _ in range(4)], "target", 1, n_targets=1))
    one("deep", "TreeEnsembleRegressor", x, [1], 1, old([grow(8, MODES[:1], 4) for _ in range(3)], "target", 1, n_targets=1))
    one("stump-and-leaf", "TreeEnsembleRegressor", x, [1], 1, old([grow(1, MODES[:1], 4, True), None], "target", 1, n_targets=1))
    one("f64", "TreeEnsembleRegressor", x.astype(np.float64), [1], 3, old([grow(3, MODES[:1], 4) for _ in range(4)], "target", 1, double=True, n_targets=1))
    for post in ("SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"):
        one("post-" + post.lower(), "TreeEnsembleRegressor", x, [1], 1, old([grow(3, MODES[:1], 4) for _ in range(4)], "target", 3, several=True, n_targets=3, post_transform=post))
    for post in ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"):
        trees = [grow(3, MODES[:2], 4) for _ in range(4)]
        if post != "PROBIT":
            one("three-" + post.lower(), "TreeEnsembleClassifier", holes, [7, 1], 1, old(trees, "class", 3, several=True, classlabels_int64s=[4, 5, 6], post_transform=post))
        if post in ("NONE", "LOGISTIC", "SOFTMAX"):
            one("text-" + post.lower(), "TreeEnsembleClassifier", holes, [8, 1], 1, old(trees, "class", 3, several=True, classlabels_strings=["a", "b", "c"], post_transform=post, base_values=[0.1, -0.2, 0.3]))
            one("one-sided-" + post.lower(), "TreeEnsembleClassifier", holes, [7, 1], 3, old(trees, "class", 1, classlabels_int64s=[0, 1], post_transform=post, base_values=[0.1]))
    positive = old([grow(3, MODES[:1], 4) for _ in range(4)], "class", 1, classlabels_int64s=[0, 1])
    positive["class_weights"] = [abs(weight) / 4 for weight in positive["class_weights"]]
    one("one-sided-positive", "TreeEnsembleClassifier", x, [7, 1], 1, positive)
    one("f64", "TreeEnsembleClassifier", x.astype(np.float64), [7, 1], 3, old([grow(3, MODES[:1], 4) for _ in range(4)], "class", 3, double=True, several=True, classlabels_int64s=[0, 1, 2]))
    for dtype in (np.float32, np.float64):
        data, label = holes.astype(dtype), np.dtype(dtype).name
        kind = 1 if dtype == np.float32 else 11
        for number, aggregate in ((0, "average"), (1, "sum"), (2, "minimum"), (3, "maximum")):
            one("%s-%s" % (aggregate, label), "TreeEnsemble", data, [kind], 5, new([grow(3, MODES, 4, True) for _ in range(4)], 1, dtype, aggregate_function=number))
        one("member-" + label, "TreeEnsemble", np.round(data), [kind], 5, new([grow(3, MODES[:1] + ["BRANCH_MEMBER"], 4, True) for _ in range(4)], 1, dtype))
        one("targets-" + label, "TreeEnsemble", data, [kind], 5, new([grow(3, MODES[:2], 4, True) for _ in range(6)], 3, dtype, post_transform=0))
    f.save()
