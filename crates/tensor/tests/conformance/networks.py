"""Small convolutional, recurrent and attention networks with weights drawn at random, with ONNX Runtime's answers."""
import numpy as np
import onnx

from cases import Family, graph

RNG = np.random.default_rng(25)
node = onnx.helper.make_node


def floats(*shape, scale=0.5):
    return (RNG.normal(size=shape) * scale).astype(np.float32)


class Chain:
    """Nodes one after another, with their weights."""

    def __init__(self, opset):
        self.opset, self.nodes, self.weights, self.last = opset, [], {}, "x"

    def add(self, operator, *weights, also=(), **attributes):
        names = []
        for weight in weights:
            name = "w%d" % len(self.weights)
            self.weights[name] = weight
            names.append(name)
        output = "t%d" % len(self.nodes)
        self.nodes.append(node(operator, [self.last, *also, *names], [output], name="%s_%d" % (operator, len(self.nodes)), **attributes))
        self.last = output
        return self

    def model(self, x):
        return graph(self.nodes, {"x": x}, [(self.last, 1)], self.opset, self.weights)


def convolutional(opset, depthwise=False, residual=False, leaky=False):
    c = Chain(opset)
    c.add("Conv", floats(4, 3, 3, 3), floats(4), pads=[1, 1, 1, 1], strides=[2, 2])
    c.add("BatchNormalization", 1 + floats(4, scale=0.1), floats(4), floats(4), np.abs(floats(4)) + np.float32(0.5))
    c.add("LeakyRelu", alpha=0.1) if leaky else c.add("Relu")
    before = c.last
    if depthwise:
        c.add("Conv", floats(4, 1, 3, 3), pads=[1, 1, 1, 1], group=4)
        c.add("Clip", np.float32(0), np.float32(6)) if opset >= 11 else c.add("Clip", min=0.0, max=6.0)
        c.add("Conv", floats(4, 4, 1, 1))
    else:
        c.add("Conv", floats(4, 4, 3, 3), floats(4), pads=[1, 1, 1, 1])
    if residual: c.add("Add", also=[before])
    c.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).add("GlobalAveragePool").add("Flatten", axis=1)
    return c.add("Gemm", floats(4, 3), floats(3)).add("Softmax", axis=1)


def recurrent(operator, opset, direction, layout=0, **attributes):
    """[N, 5, 3] to the last state; the weights' shapes are the operator's."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    ways, hidden = 2 if direction == "bidirectional" else 1, 4
    weights = {"w": floats(ways, gates * hidden, 3), "r": floats(ways, gates * hidden, hidden), "b": floats(ways, 2 * gates * hidden)}
    if layout == 0:
        # One row at a time is the second dimension.
        nodes = [node("Transpose", ["x"], ["t"], perm=[1, 0, 2]), node(operator, ["t", "w", "r", "b"], ["all", "last"], name="cell", direction=direction, hidden_size=hidden, **attributes),
                 node("Transpose", ["last"], ["l"], perm=[1, 0, 2]), node("Flatten", ["l"], ["state"], axis=1), node("Transpose", ["all"], ["steps"], perm=[2, 0, 1, 3])]
    else:
        nodes = [node(operator, ["x", "w", "r", "b"], ["steps", "l"], name="cell", direction=direction, hidden_size=hidden, layout=1, **attributes), node("Flatten", ["l"], ["state"], axis=1)]
    return lambda x: graph(nodes, {"x": x}, [("state", 1), ("steps", 1)], opset, weights)


def attention(opset, heads=2, causal=False):
    width, c = 6, Chain(opset)
    scale = np.float32((width // heads) ** -0.5)
    weights = {name: floats(width, width) for name in ("q", "k", "v", "o")}
    nodes, split = [], np.array([0, 0, heads, width // heads])
    for name in ("q", "k", "v"):
        nodes += [node("MatMul", ["x", name], [name + "1"]), node("Reshape", [name + "1", "split"], [name + "2"]), node("Transpose", [name + "2"], [name + "3"], perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3])]
    nodes += [node("MatMul", ["q3", "k3"], ["s1"]), node("Mul", ["s1", "scale"], ["s2"])]
    weights.update(split=split, scale=scale, join=np.array([0, 0, width]), gain=1 + floats(width), shift=floats(width))
    if causal:
        weights["mask"] = np.triu(np.full((5, 5), -1e9, np.float32), 1)
        nodes.append(node("Add", ["s2", "mask"], ["s3"]))
    nodes += [node("Softmax", ["s3" if causal else "s2"], ["p"], axis=3), node("MatMul", ["p", "v3"], ["m1"]), node("Transpose", ["m1"], ["m2"], perm=[0, 2, 1, 3]), node("Reshape", ["m2", "join"], ["m3"]), node("MatMul", ["m3", "o"], ["m4"]), node("Add", ["m4", "x"], ["m5"])]
    if opset >= 17: nodes.append(node("LayerNormalization", ["m5", "gain", "shift"], ["y"], axis=-1))
    else: nodes.append(node("Identity", ["m5"], ["y"]))
    return lambda x: graph(nodes, {"x": x}, [("y", 1)], opset, weights)


def make():
    f = Family("networks")
    image, series, line = floats(3, 3, 8, 8), floats(3, 5, 3), floats(4, 6)
    for opset in (7, 9, 11, 13, 17, 21):
        f.onnx("convolutional-%d" % opset, convolutional(opset).model(image), {"x": image})
    for label, flags in {"depthwise": {"depthwise": True}, "residual": {"residual": True}, "leaky": {"leaky": True}, "depthwise-residual": {"depthwise": True, "residual": True}}.items():
        f.onnx("convolutional-" + label, convolutional(13, **flags).model(image), {"x": image})
    c = Chain(13).add("Conv", floats(4, 3, 3), floats(4), dilations=[2], pads=[4, 0]).add("Relu").add("MaxPool", kernel_shape=[2], strides=[2]).add("Flatten", axis=1).add("Gemm", floats(8, 2))
    f.onnx("convolutional-line", c.model(floats(3, 3, 5)), {"x": floats(3, 3, 5)})
    for operator in ("LSTM", "GRU", "RNN"):
        for direction in ("forward", "reverse", "bidirectional"):
            f.onnx("%s-%s" % (operator, direction), recurrent(operator, 14, direction)(series), {"x": series})
        f.onnx(operator + "-7", recurrent(operator, 7, "forward")(series), {"x": series})
        f.onnx(operator + "-22", recurrent(operator, 22, "bidirectional")(series), {"x": series})
        f.onnx(operator + "-layout", recurrent(operator, 14, "forward", layout=1)(series), {"x": series})
    f.onnx("GRU-reset", recurrent("GRU", 14, "forward", linear_before_reset=1)(series), {"x": series})
    f.onnx("GRU-clip", recurrent("GRU", 14, "forward", clip=0.4)(series), {"x": series})
    f.onnx("LSTM-forget", recurrent("LSTM", 14, "forward", input_forget=1)(series), {"x": series})
    f.onnx("LSTM-activations", recurrent("LSTM", 14, "forward", activations=["HardSigmoid", "Tanh", "Relu"], activation_alpha=[0.25], activation_beta=[0.5])(series), {"x": series})
    f.onnx("RNN-relu", recurrent("RNN", 14, "forward", activations=["Relu"])(series), {"x": series})
    sequence = floats(3, 5, 6)
    for opset in (11, 13, 17, 23): f.onnx("attention-%d" % opset, attention(opset)(sequence), {"x": sequence})
    f.onnx("attention-causal", attention(17, 3, True)(sequence), {"x": sequence})
    for label, activation in {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "elu": "Elu", "softplus": "Softplus", "gelu": "Gelu"}.items():
        opset = 20 if label == "gelu" else 13
        f.onnx("dense-" + label, Chain(opset).add("Gemm", floats(6, 8), floats(8)).add(activation).add("Gemm", floats(8, 3), floats(3)).add("Softmax", axis=1).model(line), {"x": line})
    f.onnx("dense-f64", graph([node("MatMul", ["x", "a"], ["t"]), node("Tanh", ["t"], ["u"]), node("MatMul", ["u", "b"], ["y"])], {"x": line.astype(np.float64)}, [("y", 11)], 13, {"a": floats(6, 4).astype(np.float64), "b": floats(4, 2).astype(np.float64)}), {"x": line.astype(np.float64)})
    tokens = RNG.integers(0, 9, size=(4, 5))
    embedding = [node("Gather", ["table", "x"], ["e"]), node("ReduceMean", ["e"], ["m"], axes=[1], keepdims=0), node("Gemm", ["m", "w"], ["y"])]
    f.onnx("embedding", graph(embedding, {"x": tokens}, [("y", 1)], 13, {"table": floats(9, 4), "w": floats(4, 2)}), {"x": tokens})
    f.onnx("transposed-convolution", Chain(13).add("Conv", floats(4, 3, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1]).add("Relu").add("ConvTranspose", floats(4, 2, 2, 2), strides=[2, 2]).add("Sigmoid").model(image), {"x": image})
    # Values of int8 with scales, as exporters of quantised networks write them.
    quantised = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["d"]), node("DequantizeLinear", ["wq", "ws", "wz"], ["w"]), node("Gemm", ["d", "w"], ["g"]), node("Relu", ["g"], ["y"])]
    f.onnx("quantised-dense", graph(quantised, {"x": line}, [("y", 1)], 13, {"s": np.float32(0.02), "z": np.uint8(128), "wq": RNG.integers(-127, 127, size=(6, 3)).astype(np.int8), "ws": np.float32(0.01), "wz": np.int8(0)}), {"x": line})
    half = floats(6, 4).astype(np.float16)
    f.onnx("half-weights", graph([node("Cast", ["w"], ["c"], to=1), node("MatMul", ["x", "c"], ["y"])], {"x": line}, [("y", 1)], 13, {"w": half}), {"x": line})
    f.save()
