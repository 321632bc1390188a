"""Maps, attention, determinants, hash buckets, loops of TensorFlow 1, two classes with leaves for both, NaN."""
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["CUDA_VISIBLE_DEVICES"] = "3", "-1"
import numpy as np
import onnx
import onnxruntime as ort
import tensorflow as tf

from cases import Family, graph
from forests import MODES, grow, old

RNG = np.random.default_rng(29)
V1 = tf.compat.v1


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def map_input(name, key, value):
    made = onnx.ValueInfoProto(name=name)
    made.type.map_type.key_type = key
    made.type.map_type.value_type.tensor_type.elem_type = value
    made.type.map_type.value_type.tensor_type.shape.SetInParent()
    return made


def maps(f):
    """A record has a field for each key; ONNX Runtime takes one map at a time."""
    def one(name, node, key, kind, records, more=(), outputs=None):
        outputs = outputs or [("y", kind)]
        values = [onnx.helper.make_tensor_value_info(n, k, None) for n, k in outputs]
        made = onnx.helper.make_graph([node, *more], "g", [map_input("x", key, 1)], values)
        sets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 1)]
        raw = onnx.helper.make_model(made, opset_imports=sets, ir_version=8).SerializeToString()
        session = ort.InferenceSession(raw, providers=["CPUExecutionProvider"])
        answers = [session.run(None, {"x": record}) for record in records]
        names = sorted({key for record in records for key in record})
        inputs = {str(n): np.array([[record.get(n, np.nan)] for record in records], np.float32) for n in names}
        f.add(name, "onnx", raw, inputs, {n: np.concatenate([a[i] for a in answers]) for i, (n, _) in enumerate(outputs)}, gaps=True)

    ml = "ai.onnx.ml"
    words = ["red", "green", "blue", "far"]
    texts = [{w: float(np.round(RNG.normal(), 3)) for w in words if RNG.random() < 0.7} or {"red": 1.0} for _ in range(12)]
    numbers = [{int(k): float(np.round(RNG.normal() * 3, 2)) for k in range(6) if RNG.random() < 0.6} or {2: 1.5} for _ in range(12)]
    node = lambda operator, **given: onnx.helper.make_node(operator, ["x"], ["y"], domain=ml, **given)
    one("DictVectorizer-text", node("DictVectorizer", string_vocabulary=words), 8, 1, texts)
    one("DictVectorizer-numbers", node("DictVectorizer", int64_vocabulary=[4, 0, 1, 2, 3, 5]), 7, 1, numbers)
    for to, kind in (("TO_FLOAT", 1), ("TO_INT64", 7), ("TO_STRING", 8)):
        one("CastMap-sparse-%s" % to.lower(), node("CastMap", cast_to=to, map_form="SPARSE", max_map=6), 7, kind, numbers)
    linear = onnx.helper.make_node("LinearClassifier", ["v"], ["label", "p"], domain=ml, classlabels_strings=["a", "b", "c"],
                                   coefficients=floats(12).tolist(), intercepts=floats(3).tolist(), post_transform="SOFTMAX")
    first = onnx.helper.make_node("DictVectorizer", ["x"], ["v"], domain=ml, string_vocabulary=words)
    one("DictVectorizer-and-classifier", first, 8, 1, texts, [linear], [("label", 8), ("p", 1)])


def attention(f):
    def one(name, q, k, v, mask=None, past=None, outputs=1, **given):
        inputs, stored = {"q": q, "k": k, "v": v}, {}
        names = ["q", "k", "v"]
        if mask is not None or past: names.append("" if mask is None else "m")
        if mask is not None: stored["m"] = mask
        if past:
            names += ["pk", "pv"]
            inputs.update(pk=past[0], pv=past[1])
        results = ["y", "present_key", "present_value", "scores"][:outputs]
        node = onnx.helper.make_node("Attention", names, results, name="the_node", **given)
        f.onnx("Attention-" + name, graph([node], inputs, [(r, 1) for r in results], 23, stored), inputs, 2e-5)

    three = [floats(5, n, 12) for n in (4, 6, 6)]
    four = [floats(5, 2, n, 6) for n in (4, 6, 6)]
    heads = dict(q_num_heads=2, kv_num_heads=2)
    one("three-dimensions", *three, **heads)
    one("four-dimensions", *four)
    one("scale", *four, scale=0.3)
    one("causal", *[floats(5, 2, 5, 6) for _ in range(3)], is_causal=1)
    one("softcap", *four, softcap=0.8)
    one("mask-of-numbers", *four, mask=floats(4, 6))
    one("mask-of-truth", *four, mask=(RNG.random((2, 4, 6)) < 0.7) | (np.arange(6) == 0))
    one("groups-of-heads", floats(5, 4, 3, 6), floats(5, 2, 5, 6), floats(5, 2, 5, 4))
    one("groups-of-heads-joined", floats(5, 3, 24), floats(5, 5, 12), floats(5, 5, 8), q_num_heads=4, kv_num_heads=2)
    one("past", *four, past=(floats(5, 2, 3, 6), floats(5, 2, 3, 6)), outputs=3)
    one("mask-and-softcap", *four, mask=floats(4, 6), softcap=1.5)
    for mode in range(4):
        one("scores-%d" % mode, *four, mask=floats(4, 6), softcap=2.0, outputs=4, qk_matmul_output_mode=mode)


def determinants(f):
    for name, x in (("three", floats(6, 3, 3)), ("one", floats(6, 1, 1)), ("stack", floats(6, 2, 4, 4)), ("singular", np.ones((6, 3, 3), np.float32))):
        for opset in (11, 22):
            f.onnx("Det-%s-%d" % (name, opset), graph([onnx.helper.make_node("Det", ["x"], ["y"])], {"x": x}, [("y", 1)], opset), {"x": x})


def two_sided(f):
    x = (np.round(RNG.normal(size=(12, 4)) * 4) / 4).astype(np.float32)

    def one(name, attributes, labels=7):
        node = onnx.helper.make_node("TreeEnsembleClassifier", ["x"], ["label", "p"], domain="ai.onnx.ml", name="the_trees", **attributes)
        f.onnx("two-sided-" + name, graph([node], {"x": x}, [("label", labels), ("p", 1)], 17, ml=1), {"x": x})

    for post in ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"):
        for several in (True, False):
            trees = [grow(3, MODES[:2], 4) for _ in range(4)]
            name = "%s-%s" % (post.lower(), "both-a-leaf" if several else "one-a-leaf")
            one(name, old(trees, "class", 2, several=several, classlabels_int64s=[0, 1], post_transform=post))
            one(name + "-text", old(trees, "class", 2, several=several, classlabels_strings=["no", "yes"], post_transform=post), 8)
    trees = [grow(3, MODES[:1], 4) for _ in range(4)]
    for name, base in (("one-base", [0.4]), ("two-bases", [0.4, -0.3])):
        for several in (True, False):
            one("%s-%s" % (name, several), old(trees, "class", 2, several=several, classlabels_int64s=[0, 1], base_values=base))
    positive = old(trees, "class", 2, several=True, classlabels_int64s=[0, 1])
    positive["class_weights"] = [abs(weight) / 4 for weight in positive["class_weights"]]
    one("positive", positive)


def nothing_told(f):
    """A NaN among the scores of classes is handed on."""
    x = floats(6, 4)
    x[1, 2], x[4] = np.nan, np.nan
    for operator, given in (("Softmax", {"axis": 1}), ("Sigmoid", {}), ("LogSoftmax", {"axis": 1})):
        f.onnx("NaN-" + operator, graph([onnx.helper.make_node(operator, ["x"], ["y"], **given)], {"x": x}, [("y", 1)], 17), {"x": x})
        w = {"w": floats(4, 3)}
        nodes = [onnx.helper.make_node("MatMul", ["x", "w"], ["z"]), onnx.helper.make_node(operator, ["z"], ["y"], **given)]
        f.onnx("NaN-dense-" + operator, graph(nodes, {"x": x}, [("y", 1)], 17, w), {"x": x})


def images(f):
    """Convolutions with channels second, and what follows them."""
    x = floats(3, 3, 9, 8)
    n = onnx.helper.make_node
    wide = lambda *shape: floats(*shape) * np.float32(0.3)

    def one(name, nodes, stored, outputs=("y",), opset=17):
        f.onnx("images-" + name, graph(nodes, {"x": x}, [(o, 1) for o in outputs], opset, stored), {"x": x}, 2e-5)

    conv = lambda source, target, weights, *bias, **given: n("Conv", [source, weights, *bias], [target], **given)
    w = {"w": wide(6, 3, 3, 3), "b": wide(6), "d": wide(6, 1, 3, 3), "p": wide(5, 6, 1, 1), "g": wide(4, 3, 2, 2)}
    norm = {"s": wide(6), "o": wide(6), "m": wide(6), "v": np.abs(wide(6)) + np.float32(0.5)}
    bounds = {"low": np.float32(0), "high": np.float32(0.6)}
    by_channel = {"factor": wide(1, 6, 1, 1), "summand": wide(6, 1, 1), "single": np.float32(0.7)}
    one("bias", [conv("x", "y", "w", "b", pads=[1, 1, 1, 1])], w)
    one("normalised", [conv("x", "c", "w", "b"), n("BatchNormalization", ["c", "s", "o", "m", "v"], ["y"])], {**w, **norm})
    one("factor-summand-bounds", [conv("x", "c", "w"), n("Mul", ["c", "factor"], ["e"]), n("Add", ["summand", "e"], ["f"]), n("Clip", ["f", "low", "high"], ["y"])], {**w, **bounds, **by_channel})
    one("bounds-then-factor", [conv("x", "c", "w"), n("Relu", ["c"], ["e"]), n("Mul", ["e", "single"], ["y"])], {**w, **by_channel})
    one("read-twice", [conv("x", "c", "w"), n("Relu", ["c"], ["e"]), n("Sub", ["c", "e"], ["y"])], w)
    one("output-before", [conv("x", "c", "w"), n("Relu", ["c"], ["y"])], w, ("y", "c"))
    one("depthwise-chain", [conv("x", "c", "w", strides=[2, 1]), n("Relu", ["c"], ["e"]), conv("e", "h", "d", group=6, pads=[1, 0, 0, 1]), n("Mul", ["h", "factor"], ["i"]), conv("i", "y", "p")], {**w, **by_channel})
    one("residual", [conv("x", "c", "w", "b", pads=[1, 1, 1, 1]), n("Relu", ["c"], ["e"]), conv("e", "h", "d", group=6, pads=[1, 1, 1, 1]), n("Add", ["h", "e"], ["y"])], w)
    one("padded", [conv("x", "c", "w"), n("Pad", ["c", "widths", "single"], ["h"]), conv("h", "y", "p")], {**w, **by_channel, "widths": np.array([0, 0, 1, 2, 0, 0, 0, 1])})
    one("pooled", [conv("x", "c", "w"), n("MaxPool", ["c"], ["h"], kernel_shape=[2, 2], strides=[2, 2]), n("AveragePool", ["h"], ["i"], kernel_shape=[2, 2]), n("GlobalAveragePool", ["i"], ["j"]), n("Flatten", ["j"], ["y"])], w)
    one("mean-kept", [conv("x", "c", "w"), n("ReduceMean", ["c"], ["y"], axes=[2, 3], keepdims=1)], w)
    one("mean-gone", [conv("x", "c", "w"), n("ReduceMean", ["c"], ["y"], axes=[-1, -2], keepdims=0)], w)
    one("squeeze-and-excite", [conv("x", "c", "w"), n("GlobalAveragePool", ["c"], ["h"]), n("Sigmoid", ["h"], ["i"]), n("Mul", ["c", "i"], ["y"])], w)
    one("joined", [conv("x", "c", "w"), n("Relu", ["c"], ["e"]), n("Concat", ["c", "e"], ["y"], axis=1)], w)
    one("joined-with-input", [conv("x", "c", "w", pads=[1, 1, 1, 1]), n("Concat", ["x", "c"], ["y"], axis=1)], w)
    one("turned", [n("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]), n("Transpose", ["t"], ["u"], perm=[0, 3, 1, 2]), conv("u", "c", "w"), n("Transpose", ["c"], ["y"], perm=[0, 2, 3, 1])], w)
    one("turned-and-flat", [conv("x", "c", "w"), n("Transpose", ["c"], ["t"], perm=[0, 2, 3, 1]), n("Flatten", ["t"], ["y"])], w)
    one("flat", [conv("x", "c", "w"), n("Flatten", ["c"], ["y"])], w)
    one("other-turn", [conv("x", "c", "w"), n("Transpose", ["c"], ["y"], perm=[0, 1, 3, 2])], w)
    one("softmax-over-channels", [conv("x", "c", "w"), n("Softmax", ["c"], ["y"], axis=1)], w)
    one("slope-a-channel", [conv("x", "c", "w"), n("PRelu", ["c", "summand"], ["y"])], {**w, **by_channel})
    one("power", [conv("x", "c", "w"), n("Abs", ["c"], ["e"]), n("Pow", ["e", "single"], ["y"])], {**w, **by_channel})
    one("grouped", [conv("x", "c", "w"), conv("c", "y", "gg", group=2)], {**w, "gg": wide(4, 3, 2, 2)})
    one("dilated", [conv("x", "y", "w", dilations=[2, 1], pads=[2, 1, 2, 1])], w)


def frozen(f, name, make, inputs):
    with V1.Graph().as_default() as g:
        fed = {key: V1.placeholder(tf.as_dtype(v.dtype) if v.dtype.kind != "O" else tf.string, [None, *v.shape[1:]], key) for key, v in inputs.items()}
        out = tf.identity(make(*fed.values()), "answer")
        with V1.Session(graph=g) as session:
            answer = session.run(out, {fed[key]: v for key, v in inputs.items()})
        raw = g.as_graph_def().SerializeToString()
    if not isinstance(out.op.type, str) or len(answer) != len(next(iter(inputs.values()))): raise ValueError(name)
    f.add(name, "graphdef", raw, inputs, {"answer": answer})


def tensorflow_one(f):
    V1.disable_control_flow_v2()
    x, w = floats(6, 4), floats(4, 4) * np.float32(0.5)

    def turns(count):
        return lambda x: V1.while_loop(lambda i, v: i < count, lambda i, v: (i + 1, tf.tanh(tf.matmul(v, w) + x)), [tf.constant(0), x])[1]
    frozen(f, "loop-of-five", turns(5), {"x": x})
    frozen(f, "loop-of-none", turns(0), {"x": x})
    frozen(f, "loop-of-three-values", lambda x: sum(V1.while_loop(lambda i, a, b: i < 4, lambda i, a, b: (i + 1, b, a + b * tf.cast(i, tf.float32)), [tf.constant(1), x, x * 2])[1:]), {"x": x})

    def nested(x):
        def outer(i, v):
            inner = V1.while_loop(lambda j, u: j < i + 1, lambda j, u: (j + 1, u * 0.5 + x), [tf.constant(0), v])
            return i + 1, inner[1] - 0.1
        return V1.while_loop(lambda i, v: i < 3, outer, [tf.constant(0), x])[1]
    frozen(f, "loop-in-a-loop", nested, {"x": x})

    def arrays(x):
        steps = tf.TensorArray(tf.float32, 4, element_shape=[None]).unstack(tf.transpose(x))
        out = tf.TensorArray(tf.float32, 4)

        def turn(i, s, o):
            now = steps.read(i)
            return i + 1, s * 0.5 + now, o.write(i, s + now)
        done = V1.while_loop(lambda i, s, o: i < 4, turn, [tf.constant(0), x[:, 0] * 0, out])
        return tf.transpose(done[2].stack())
    frozen(f, "loop-over-arrays", arrays, {"x": x})
    frozen(f, "loop-and-branch", lambda x: V1.while_loop(lambda i, v: i < 4, lambda i, v: (i + 1, V1.cond(i < 2, lambda: v + 1, lambda: v * 0.5)), [tf.constant(0), x])[1], {"x": x})
    words = np.array([["".join(RNG.choice(list("abcdefghij é"), size=n)) for n in (0, 1, 3, 5)] + ["x" * n for n in (7, 8, 12, 16, 17, 31, 33, 60, 64, 65, 128, 200)] for _ in range(6)], object)
    frozen(f, "hash-buckets-fast", lambda x: tf.strings.to_hash_bucket_fast(x, 1_000_003), {"x": words})
    frozen(f, "hash-buckets-strong", lambda x: tf.strings.to_hash_bucket_strong(x, 1_000_003, [17, 2 ** 62 + 5]), {"x": words})
    frozen(f, "hash-buckets-and-weights", lambda x: tf.gather(floats(10, 3), tf.strings.to_hash_bucket_fast(x[:, 1], 10)), {"x": words})
    frozen(f, "determinant", lambda x: tf.linalg.det(tf.reshape(x, [-1, 2, 2])), {"x": x})


def make():
    f = Family("further")
    maps(f)
    attention(f)
    determinants(f)
    two_sided(f)
    nothing_told(f)
    images(f)
    tensorflow_one(f)
    f.save()


if __name__ == "__main__": make()
