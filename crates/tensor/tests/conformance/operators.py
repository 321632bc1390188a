"""ONNX operators one by one, in the versions in which they changed, with ONNX Runtime's answers."""
import numpy as np
import onnx
from onnx.defs import get_schema, SchemaError

from cases import Family, element, graph

RNG = np.random.default_rng(21)
NEWEST = 25


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def integers(low, high, *shape):
    return RNG.integers(low, high, size=shape)


def versions(operator, most=3):
    """Up to `most` operator sets in which this operator differs, of those from 7 on."""
    found = set()
    for opset in range(7, NEWEST + 1):
        try:
            found.add((get_schema(operator, opset, "").since_version, opset))
        except SchemaError:
            pass
    firsts = {}
    for since, opset in found:
        firsts[since] = min(firsts.get(since, 99), opset)
    opsets = sorted(firsts.values())
    if len(opsets) > most:
        opsets = [opsets[0], opsets[len(opsets) // 2], opsets[-1]][:most]
    return opsets


class Operators(Family):
    def one(self, operator, *inputs, constants=(), label="", out=None, opsets=None, order=None, outputs=1, most=3, tolerance=None, together=True, **attributes):
        """A model of one node. `constants`: arrays or a function of the version; `attributes` too, if callable."""
        for opset in opsets or versions(operator, most):
            fixed = constants(opset) if callable(constants) else constants
            given = {k: v(opset) if callable(v) else v for k, v in attributes.items()}
            given = {k: v for k, v in given.items() if v is not None}
            feeds = {"x%d" % i: value for i, value in enumerate(inputs)}
            stored = {"c%d" % i: value for i, value in enumerate(fixed) if value is not None}
            names = list(feeds) + ["" if value is None else "c%d" % i for i, value in enumerate(fixed)]
            if order: names = [names[i] for i in order]
            kinds = out if isinstance(out, (list, tuple)) else [out or element(inputs[0])] * outputs
            results = ["y%d" % i for i in range(len(kinds))]
            node = onnx.helper.make_node(operator, names, results, name="the_node", **given)
            name = "%s%s-%d" % (operator, "-" + label if label else "", opset)
            self.onnx(name, graph([node], feeds, list(zip(results, kinds)), opset, stored), feeds, tolerance, together)


def make():
    f = Operators("operators")
    x, small, positive = floats(5, 4), floats(5, 2, 3), np.abs(floats(5, 4)) + np.float32(0.1)
    special = np.array([[0.0, -0.0, np.nan, np.inf], [-np.inf, 1.5, -2.5, 0.5]], np.float32)
    unit = np.tanh(floats(5, 4)) * np.float32(0.9)
    for operator in "Relu LeakyRelu ThresholdedRelu Elu Selu HardSigmoid Sigmoid Tanh Softplus Softsign Exp Erf Sin Cos Tan Sinh Cosh Asinh Atan Celu Neg Sign Abs Floor Ceil Mish HardSwish Gelu".split():
        f.one(operator, x, most=2)
    f.one("Swish", x, opsets=[24])
    f.one("Swish", x, opsets=[24], label="alpha", alpha=0.7)
    f.one("Gelu", x, label="tanh", approximate="tanh")
    f.one("LeakyRelu", x, label="alpha", alpha=0.3, most=1)
    f.one("Shrink", x, lambd=0.4, bias=0.1, most=1)
    for operator in ("Sqrt", "Log", "Reciprocal"): f.one(operator, positive, most=2)
    for operator in ("Asin", "Acos", "Atanh"): f.one(operator, unit, most=1)
    f.one("Acosh", positive + np.float32(1.0), most=1)
    f.one("Round", np.array([[0.5, 1.5, -0.5, -2.5], [2.4, -1.6, 3.5, 0.0]], np.float32), most=1)
    for operator in ("Relu", "Abs", "Sqrt", "Neg"): f.one(operator, special, label="special", most=1)
    for operator in ("Exp", "Tanh", "Relu", "Abs", "Neg", "Sqrt", "Erf"): f.one(operator, positive.astype(np.float64), label="f64", most=1)
    f.one("Abs", integers(-9, 9, 4, 3), label="i64", most=1)
    f.one("IsNaN", special, out=9, most=2)
    f.one("IsInf", special, out=9, most=2)
    f.one("IsInf", special, out=9, most=1, label="positive", detect_negative=0)
    f.one("Clip", x, constants=lambda v: [np.float32(-0.5), np.float32(0.7)] if v >= 11 else [], min=lambda v: -0.5 if v < 11 else None, max=lambda v: 0.7 if v < 11 else None)
    f.one("Clip", integers(-9, 9, 4, 3), constants=[None, np.int64(3)], label="i64", opsets=[12])
    for operator in ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "PRelu"):
        base = positive if operator == "Pow" else x
        f.one(operator, base, constants=[floats(1, 4)], most=2)
    f.one("Add", x, floats(5, 4), label="records", most=1)
    f.one("Max", x, floats(5, 4), constants=[floats(4)], label="three", most=1)
    f.one("Sub", floats(5, 3, 1), floats(5, 1, 2), label="broadcast", most=1)
    f.one("Div", integers(-9, 9, 5, 3), constants=[np.array([2, -3, 4])], label="i64", most=1)
    f.one("Mul", x.astype(np.float64), constants=[np.float64(1.1)], label="f64", most=1)
    f.one("Mod", integers(-9, 9, 5, 3), constants=[np.array([2, -3, 4])], most=1)
    f.one("Mod", x, constants=[np.float32(0.7)], label="fmod", fmod=1, most=1)
    f.one("Pow", x, constants=[np.int64(2)], label="integer", opsets=[13])
    for operator in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"):
        f.one(operator, x, constants=[x[0]], out=9, most=2)
    f.one("Equal", np.array([["a", "b"], ["c", "b"]], object), constants=[np.array(["a", "b"])], label="text", out=9, opsets=[19])
    flags = integers(0, 2, 4, 3).astype(bool)
    for operator in ("And", "Or", "Xor"): f.one(operator, flags, constants=[np.array([True, False, True])], most=1)
    f.one("Not", flags, most=1)
    for operator in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"): f.one(operator, integers(0, 99, 4, 3), constants=[np.array([7, 12, 1])])
    f.one("BitwiseNot", integers(0, 99, 4, 3))
    f.one("BitShift", integers(0, 99, 4, 3).astype(np.uint8), constants=[np.array([1, 2, 3], np.uint8)], direction="LEFT", most=1)
    f.one("Where", flags, floats(4, 3), floats(4, 3), out=1, most=2)
    for kind, array in (("f64", x), ("i64", x * 3), ("bool", np.round(x)), ("text", np.round(x * 4) / 4)):
        to = {"f64": 11, "i64": 7, "bool": 9, "text": 8}[kind]
        f.one("Cast", array, label=kind, out=to, to=to, most=2)
    f.one("Cast", np.array([["1.5", "-2", "NaN", "inf"], ["1e3", "0", "7", "-inf"]], object), label="of-text", out=1, to=1, most=1)
    f.one("Cast", integers(-9, 9, 3, 2), label="of-i64", out=8, to=8, most=1)
    f.one("CastLike", x, constants=[np.zeros(1, np.int64)], out=7, opsets=[15])
    f.one("Softmax", x, axis=1), f.one("Softmax", small, axis=2, label="last", opsets=[11, 13])
    f.one("LogSoftmax", x, axis=1), f.one("Hardmax", x, axis=1, most=2)
    f.one("MatMul", x, constants=[floats(4, 3)]), f.one("MatMul", small, constants=[floats(3, 2)], label="three", most=1)
    f.one("MatMul", small, floats(5, 3, 2), label="records", most=1)
    f.one("MatMul", x.astype(np.float64), constants=[floats(4, 3).astype(np.float64)], label="f64", most=1)
    f.one("Gemm", x, constants=[floats(3, 4), floats(3)], transB=1, alpha=0.5, beta=2.0)
    f.one("Gemm", x, constants=[floats(4, 3)], label="bare", opsets=[11])
    f.one("Einsum", small, constants=[floats(3, 4)], equation="nab,bc->nac", most=1)
    f.one("Reshape", small, constants=lambda v: [np.array([-1, 6])])
    f.one("Reshape", small, constants=[np.array([0, 3, 2])], label="zero", most=1)
    f.one("Flatten", small, axis=1, most=2)
    f.one("Transpose", small, perm=[0, 2, 1], most=2)
    axes = lambda name, values, since: dict(constants=lambda v: [np.array(values)] if v >= since else [], **{name: lambda v: values if v < since else None})
    f.one("Squeeze", floats(5, 1, 3), **axes("axes", [1], 13)), f.one("Unsqueeze", x, **axes("axes", [1], 13))
    for operator in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"):
        since = 13 if operator == "ReduceSum" else 18
        f.one(operator, small, **axes("axes", [2], since), keepdims=0, most=2)
    f.one("ReduceLogSum", np.abs(small), **axes("axes", [1], 18), most=1)
    f.one("ReduceMax", integers(-9, 9, 4, 3), **axes("axes", [1], 18), label="i64", opsets=[13])
    f.one("ArgMax", x, out=7, axis=1, keepdims=0, most=2), f.one("ArgMin", x, out=7, axis=1, most=1)
    f.one("ArgMax", np.array([[1, 3, 3], [2, 2, 1]], np.float32), out=7, axis=1, select_last_index=1, label="last", opsets=[13])
    f.one("TopK", x, constants=lambda v: [np.array([2])] if v >= 10 else [], k=lambda v: 2 if v < 10 else None, axis=1, out=[1, 7])
    f.one("TopK", x, constants=[np.array([3])], axis=1, largest=0, sorted=1, label="smallest", out=[1, 7], opsets=[11])
    f.one("CumSum", x, constants=[np.int64(1)], most=1), f.one("CumSum", x, constants=[np.int64(1)], exclusive=1, reverse=1, label="reverse", opsets=[14])
    f.one("Concat", x, floats(5, 2), axis=1, most=2), f.one("Concat", np.array([["a"], ["b"]], object), np.array([["c"], ["d"]], object), axis=1, label="text", most=1)
    f.one("Split", x, constants=lambda v: [np.array([1, 3])] if v >= 13 else [], split=lambda v: [1, 3] if v < 13 else None, axis=1, out=[1, 1])
    f.one("Split", x, axis=1, num_outputs=2, label="count", out=[1, 1], opsets=[18])
    f.one("Slice", x, constants=lambda v: [np.array([1]), np.array([4]), np.array([1])] if v >= 10 else [], starts=lambda v: [1] if v < 10 else None, ends=lambda v: [4] if v < 10 else None, axes=lambda v: [1] if v < 10 else None)
    f.one("Slice", x, constants=[np.array([-1]), np.array([-9]), np.array([1]), np.array([-2])], label="backwards", opsets=[13])
    f.one("Gather", x, constants=[np.array([2, 0, -1])], axis=1, most=2)
    f.one("Gather", integers(0, 6, 5, 2), constants=[floats(6, 3)], order=[1, 0], label="embedding", out=1, most=1)
    f.one("GatherElements", x, integers(0, 4, 5, 2), axis=1, out=1, most=1)
    f.one("GatherND", small, integers(0, 2, 5, 1), batch_dims=1, out=1, opsets=[12])
    f.one("ScatterElements", x, integers(0, 1, 5, 2) + np.array([0, 2]), floats(5, 2), axis=1, out=1, most=2)
    f.one("OneHot", integers(-1, 4, 5), constants=[np.int64(4), np.array([0.0, 1.0], np.float32)], out=1, axis=-1, most=2)
    f.one("Expand", floats(5, 1), constants=[np.array([1, 3])], most=1), f.one("Tile", x, constants=[np.array([1, 2])], most=1)
    pads = [0, 1, 0, 2]
    f.one("Pad", x, constants=lambda v: [np.array(pads), np.float32(0.5)] if v >= 11 else [], pads=lambda v: pads if v < 11 else None, value=lambda v: 0.5 if v < 11 else None)
    for mode in ("reflect", "edge", "wrap"): f.one("Pad", x, constants=[np.array(pads)], mode=mode, label=mode, opsets=[19])
    f.one("Trilu", floats(5, 3, 3), opsets=[14]), f.one("Trilu", floats(5, 3, 3), constants=[np.int64(1)], upper=0, label="lower", opsets=[14])
    f.one("Identity", x, most=2), f.one("Dropout", x, opsets=[7, 13])
    image = floats(3, 2, 6, 5)
    f.one("Conv", image, constants=[floats(3, 2, 3, 3), floats(3)], pads=[1, 1, 1, 1], most=2)
    f.one("Conv", image, constants=[floats(4, 1, 3, 2)], group=2, strides=[2, 1], dilations=[1, 2], label="group", most=1)
    f.one("Conv", floats(3, 2, 9), constants=[floats(3, 2, 3)], auto_pad="SAME_UPPER", label="line", most=1)
    f.one("Conv", floats(2, 1, 4, 4, 4), constants=[floats(2, 1, 2, 2, 2)], label="volume", most=1)
    f.one("ConvTranspose", image, constants=[floats(2, 3, 3, 3), floats(3)], strides=[2, 2], output_padding=[1, 0], most=1)
    f.one("MaxPool", image, kernel_shape=[2, 2], strides=[2, 2], most=3), f.one("MaxPool", image, kernel_shape=[3, 2], pads=[1, 0, 1, 1], ceil_mode=1, strides=[2, 2], label="ceil", opsets=[10])
    f.one("AveragePool", image, kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1, most=3)
    f.one("AveragePool", image, kernel_shape=[3, 3], auto_pad="SAME_LOWER", label="same", opsets=[11])
    for operator in ("GlobalAveragePool", "GlobalMaxPool"): f.one(operator, image, most=1)
    f.one("LpPool", image, kernel_shape=[2, 2], p=2, most=1)
    f.one("BatchNormalization", image, constants=[floats(2), floats(2), floats(2), np.abs(floats(2))], epsilon=0.01)
    f.one("InstanceNormalization", image, constants=[floats(2), floats(2)], most=1)
    f.one("LayerNormalization", small, constants=[floats(3), floats(3)], axis=-1), f.one("RMSNormalization", small, constants=[floats(3)], axis=-1)
    f.one("GroupNormalization", floats(3, 4, 5), constants=[floats(4), floats(4)], num_groups=2, opsets=[21])
    f.one("LRN", image, size=3, most=1), f.one("LpNormalization", x, axis=1, p=1, most=1), f.one("MeanVarianceNormalization", image, axes=[2, 3], opsets=[13])
    f.one("DepthToSpace", floats(2, 8, 2, 3), blocksize=2, most=1), f.one("DepthToSpace", floats(2, 8, 2, 3), blocksize=2, mode="CRD", label="crd", opsets=[13])
    f.one("SpaceToDepth", floats(2, 2, 4, 6), blocksize=2, most=1)
    for label, given in {"half": {}, "align": {"coordinate_transformation_mode": "align_corners", "mode": "linear"}, "asymmetric": {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, "cubic": {"mode": "cubic"}, "linear": {"mode": "linear"}}.items():
        f.one("Resize", image, constants=[None, np.array([1, 1, 2, 1.5], np.float32)], label=label, opsets=[13], tolerance=1e-4, **given)
    f.one("Upsample", image, constants=[np.array([1, 1, 2, 2], np.float32)], opsets=[9])
    f.one("ReverseSequence", floats(4, 5), np.array([1, 3, 5, 2]), batch_axis=0, time_axis=1, out=1)
    f.one("StringConcat", np.array([["a"], ["b"]], object), constants=[np.array(["-x"])], out=8, opsets=[20])
    f.one("QuantizeLinear", x, constants=[np.float32(0.05), np.uint8(128)], out=2, most=2), f.one("DequantizeLinear", integers(0, 255, 4, 3).astype(np.uint8), constants=[np.float32(0.05), np.uint8(128)], out=1, most=2)
    f.one("MatMulInteger", integers(0, 255, 4, 3).astype(np.uint8), constants=[integers(0, 255, 3, 2).astype(np.uint8), np.uint8(3), np.uint8(5)], out=6)
    f.one("Compress", x, constants=[np.array([True, False, True, True])], axis=1, most=1)
    f.save()
