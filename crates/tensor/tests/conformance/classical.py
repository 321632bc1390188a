"""Operators of ai.onnx.ml one by one, with ONNX Runtime's answers."""
import numpy as np
import onnx

from cases import Family, element, graph

RNG = np.random.default_rng(22)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def texts(*values):
    return np.array([[value] for value in values], object)


class Classical(Family):
    def one(self, operator, label, array, outputs, ml=3, opset=17, tolerance=None, **attributes):
        """A model of one node; outputs are element types."""
        results = ["y%d" % i for i in range(len(outputs))]
        node = onnx.helper.make_node(operator, ["x"], results, name="the_node", domain="ai.onnx.ml", **attributes)
        model = graph([node], {"x": array}, list(zip(results, outputs)), opset, ml=ml)
        self.onnx("%s-%s-%d" % (operator, label, ml), model, {"x": array}, tolerance)


def tensor(array):
    array = np.asarray(array)
    if array.dtype.kind in "OU": return onnx.helper.make_tensor("t", 8, array.shape, [str(v).encode() for v in array.ravel()])
    return onnx.numpy_helper.from_array(array, "t")


def make():
    f = Classical("classical")
    x, whole, wide = floats(6, 4), RNG.integers(-3, 4, size=(6, 4)), floats(6, 4).astype(np.float64)
    words = texts("red", "green", "mauve", "", "blue", "red")
    for label, array in (("f32", x), ("f64", wide), ("i64", whole), ("i32", whole.astype(np.int32))):
        f.one("Scaler", label, array, [1], ml=1, offset=[0.5, 0.0, -1.0, 2.0], scale=[2.0, 1.0, 0.5, 0.1])
        for norm in ("MAX", "L1", "L2"): f.one("Normalizer", norm + "-" + label, array, [1], ml=1, norm=norm)
    f.one("Scaler", "one", x, [1], ml=1, offset=[0.5], scale=[2.0])
    for label, array in (("f32", x), ("f64", wide)):
        f.one("Binarizer", label, array, [element(array)], ml=1, threshold=0.25)
    holes = x.copy(); holes[::2, 1] = np.nan
    f.one("Imputer", "nan", holes, [1], ml=1, imputed_value_floats=[0.0, 1.5, 2.5, 3.5], replaced_value_float=float("nan"))
    f.one("Imputer", "one", holes, [1], ml=1, imputed_value_floats=[7.5], replaced_value_float=float("nan"))
    f.one("Imputer", "i64", whole, [7], ml=1, imputed_value_int64s=[9], replaced_value_int64=-1)
    f.one("LabelEncoder", "text-i64", words, [7], ml=2, keys_strings=["red", "green", "blue"], values_int64s=[4, 5, 6], default_int64=-7)
    f.one("LabelEncoder", "text-text", words, [8], ml=2, keys_strings=["red", "green"], values_strings=["r", "g"], default_string="?")
    f.one("LabelEncoder", "text-f32", words, [1], ml=2, keys_strings=["red", "green"], values_floats=[0.5, 1.5], default_float=9.5)
    f.one("LabelEncoder", "i64-text", whole, [8], ml=2, keys_int64s=[0, 1, 2], values_strings=["zero", "one", "two"])
    f.one("LabelEncoder", "i64-f32", whole, [1], ml=2, keys_int64s=[0, 1, 2], values_floats=[0.25, 1.25, 2.25], default_float=-1.0)
    f.one("LabelEncoder", "i64-i64", whole, [7], ml=2, keys_int64s=[0, 1, 2], values_int64s=[10, 11, 12])
    rounded = np.round(x); rounded[0, 0] = np.nan
    f.one("LabelEncoder", "f32-text", rounded, [8], ml=2, keys_floats=[0.0, 1.0, float("nan")], values_strings=["zero", "one", "none"])
    f.one("LabelEncoder", "f32-f32", rounded, [1], ml=2, keys_floats=[0.0, 1.0], values_floats=[5.0, 6.0], default_float=0.5)
    f.one("LabelEncoder", "f32-i64", rounded, [7], ml=2, keys_floats=[0.0, 1.0, float("nan")], values_int64s=[5, 6, 7])
    for label, keys, values, default, array in (
        ("text-i64", ["red", "green"], np.array([1, 2]), np.array([-1]), words),
        ("text-f64", ["red", "green"], np.array([1.5, 2.5]), np.array([-1.5]), words),
        ("f64-i64", np.array([0.0, 1.0]), np.array([1, 2]), np.array([-1]), np.round(wide)),
        ("f64-f64", np.array([0.0, 1.0, np.nan]), np.array([1.25, 2.5, 3.5]), np.array([-1.0]), np.round(wide)),
        ("i64-text", np.array([0, 1]), ["a", "b"], ["c"], whole),
        ("text-i16", ["red", "green"], np.array([1, 2], np.int16), np.array([-1], np.int16), words)):
        keys, values, default = (np.array(v, object) if isinstance(v, list) else v for v in (keys, values, default))
        f.one("LabelEncoder", label, array, [element(values)], ml=4, opset=21, keys_tensor=tensor(keys), values_tensor=tensor(values), default_tensor=tensor(default))
    f.one("LabelEncoder", "classes-text", words, [7], ml=1, classes_strings=["red", "green", "blue"], default_int64=9)
    f.one("LabelEncoder", "classes-i64", whole, [8], ml=1, classes_strings=["a", "b", "c"], default_string="z")
    f.one("CategoryMapper", "text", words, [7], ml=1, cats_strings=["red", "green"], cats_int64s=[3, 8], default_int64=-2)
    f.one("CategoryMapper", "i64", whole, [8], ml=1, cats_strings=["three", "one"], cats_int64s=[3, 1], default_string="none")
    f.one("OneHotEncoder", "text", words, [1], ml=1, cats_strings=["red", "green", "blue"], zeros=1)
    for label, array in (("i64", whole), ("f32", rounded[1:]), ("f64", np.round(wide)), ("i32", whole.astype(np.int32))):
        f.one("OneHotEncoder", label, array, [1], ml=1, cats_int64s=[0, 1, 2, -1], zeros=1)
    for label, array in (("f32", x), ("i64", whole), ("f64", wide), ("text", np.array([["a", "b", "c", "d"]] * 3, object))):
        node = onnx.helper.make_node("ArrayFeatureExtractor", ["x", "c"], ["y"], domain="ai.onnx.ml")
        f.onnx("ArrayFeatureExtractor-%s" % label, graph([node], {"x": array}, [("y", element(array))], 13, {"c": np.array([2, 0])}, ml=1), {"x": array})
    pair = {"a": x[:, :1], "b": x[:, 1:]}
    node = onnx.helper.make_node("FeatureVectorizer", ["a", "b"], ["y"], domain="ai.onnx.ml", inputdimensions=[1, 3])
    f.onnx("FeatureVectorizer-f32", graph([node], pair, [("y", 1)], 13, ml=1), pair)
    for post in ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"):
        f.one("LinearRegressor", post, x, [1], ml=1, coefficients=[float(v) for v in floats(8)], intercepts=[0.5, -0.5], targets=2, post_transform=post) if post in ("NONE", "SOFTMAX") else None
        f.one("LinearClassifier", "three-" + post, x, [7, 1], ml=1, coefficients=[float(v) for v in floats(12)], intercepts=[0.5, -0.5, 0.1], classlabels_ints=[3, 5, 9], post_transform=post, multi_class=0)
        f.one("LinearClassifier", "two-" + post, x, [8, 1], ml=1, coefficients=[float(v) for v in floats(8)], intercepts=[0.5, -0.5], classlabels_strings=["no", "yes"], post_transform=post)
    f.one("LinearClassifier", "f64", wide, [7, 1], ml=1, coefficients=[float(v) for v in floats(12)], intercepts=[0.5, -0.5, 0.1], classlabels_ints=[0, 1, 2], post_transform="SOFTMAX")
    f.one("LinearClassifier", "one", x, [7, 1], ml=1, coefficients=[float(v) for v in floats(4)], intercepts=[0.5], classlabels_ints=[0, 1], post_transform="LOGISTIC")
    for kernel in ("LINEAR", "POLY", "RBF", "SIGMOID"):
        f.one("SVMRegressor", kernel, x, [1], ml=1, kernel_type=kernel, kernel_params=[0.5, 0.25, 2.0], coefficients=[0.5, -1.0, 0.75], support_vectors=[float(v) for v in floats(12)], n_supports=3, rho=[0.3])
    f.one("SVMRegressor", "one-class", x, [1], ml=1, kernel_type="RBF", kernel_params=[0.5, 0.0, 0.0], coefficients=[0.5, 1.0, 0.75], support_vectors=[float(v) for v in floats(12)], n_supports=3, rho=[-1.2], one_class=1)
    f.one("SVMRegressor", "linear", x, [1], ml=1, kernel_type="LINEAR", kernel_params=[0.0, 0.0, 0.0], coefficients=[float(v) for v in floats(4)], n_supports=0, rho=[0.3])
    for kernel in ("LINEAR", "RBF", "POLY", "SIGMOID"):
        common = dict(kernel_type=kernel, kernel_params=[0.5, 0.25, 2.0], coefficients=[float(v) for v in floats(12)], support_vectors=[float(v) for v in floats(24)], vectors_per_class=[2, 2, 2], rho=[0.1, -0.2, 0.3], classlabels_ints=[4, 5, 6])
        f.one("SVMClassifier", kernel, x, [7, 1], ml=1, **common)
        f.one("SVMClassifier", kernel + "-probabilities", x, [7, 1], ml=1, prob_a=[-1.0, -0.8, -1.2], prob_b=[0.1, 0.0, -0.1], tolerance=1e-4, **common)
    sentences = np.array([["a", "b", "a", "c", "d"], ["b", "c", "b", "c", "a"], ["x", "x", "a", "b", "c"]], object)
    for mode in ("TF", "IDF", "TFIDF"):
        for label, array, pool in (("text", sentences, {"pool_strings": ["a", "b", "c", "a", "b", "b", "c"]}), ("i64", RNG.integers(0, 4, size=(4, 6)), {"pool_int64s": [0, 1, 2, 0, 1, 2, 3]})):
            for low, high, skip in ((1, 1, 0), (1, 2, 0), (2, 2, 2)):
                node = onnx.helper.make_node("TfIdfVectorizer", ["x"], ["y"], mode=mode, min_gram_length=low, max_gram_length=high, max_skip_count=skip, ngram_counts=[0, 3], ngram_indexes=[0, 1, 2, 3, 4], weights=[0.5, 1.5, 2.0, 3.0, 0.25], **pool)
                if mode == "TF" or (low, skip) == (1, 0):
                    f.onnx("TfIdfVectorizer-%s-%s-%d%d%d" % (mode, label, low, high, skip), graph([node], {"x": array}, [("y", 1)], 9), {"x": array})
    f.save()
