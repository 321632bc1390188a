"""Branches, loops, local functions, side files, short floats and other ways of writing ONNX, with ONNX Runtime's answers."""
import io, os, tempfile, zipfile, tarfile

import numpy as np
import onnx
from onnx import helper

from cases import Family, graph, run

RNG = np.random.default_rng(26)
node = helper.make_node


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def info(name, kind=1, shape=None):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, value):
    return node("Constant", [], [name], value=onnx.numpy_helper.from_array(np.asarray(value), name))


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items(): archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def tarred(files, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def make():
    f = Family("control")
    x = floats(5, 3)
    for opset in (7, 11, 13, 16):
        for flag in (True, False):
            ways = [helper.make_graph([node(operator, ["x"], ["r"])], operator, [], [info("r")]) for operator in ("Neg", "Exp")]
            f.onnx("If-%s-%d" % (flag, opset), graph([constant("c", flag), node("If", ["c"], ["y"], then_branch=ways[0], else_branch=ways[1])], {"x": x}, [("y", 1)], opset), {"x": x})
    ways = [helper.make_graph([node(operator, ["x"], ["r"])], operator, [], [info("r")]) for operator in ("Neg", "Exp")]
    single = [node("ReduceSum", ["x"], ["s"], keepdims=0), constant("zero", np.float32(0)), node("Greater", ["s", "zero"], ["c"]), node("If", ["c"], ["y"], then_branch=ways[0], else_branch=ways[1])]
    f.onnx("If-record", graph(single, {"x": x[:1]}, [("y", 1)], 13), {"x": x[:1]})
    body = helper.make_graph([node("Add", ["a", "x"], ["b"]), node("Identity", ["c"], ["d"]), node("Mul", ["b", "b"], ["s"])], "body", [info("i", 7, []), info("c", 9, []), info("a")], [info("d", 9, []), info("b"), info("s")])
    for opset in (7, 11, 13, 16):
        f.onnx("Loop-%d" % opset, graph([constant("n", np.int64(3)), constant("t", True), node("Loop", ["n", "t", "x"], ["y", "all"], body=body), node("ReduceMean", ["all"], ["m"], axes=[0], keepdims=0)], {"x": x}, [("y", 1), ("m", 1)], opset), {"x": x})
    scan = helper.make_graph([node("Add", ["s", "e"], ["t"]), node("Identity", ["t"], ["o"])], "body", [info("s"), info("e")], [info("t"), info("o")])
    series = floats(4, 5, 3)
    for opset in (9, 11, 16):
        for axis, direction in ((1, 0), (1, 1)):
            start = [node("ReduceSum", ["x"], ["z"], axes=[1], keepdims=0) if opset < 13 else node("ReduceMax", ["x"], ["z"], axes=[1], keepdims=0)]
            f.onnx("Scan-%d-%d" % (opset, direction), graph(start + [node("Scan", ["z", "x"], ["last", "all"], body=scan, num_scan_inputs=1, scan_input_axes=[axis], scan_output_axes=[1], scan_input_directions=[direction])], {"x": series}, [("last", 1), ("all", 1)], opset), {"x": series})
    # skl2onnx writes distances as a Scan over the fixed points.
    distance = helper.make_graph([node("Sub", ["next_in", "next"], ["d"]), node("ReduceSumSquare", ["d"], ["r"], axes=[1], keepdims=0), node("Identity", ["next_in"], ["next_out"])], "body", [info("next_in"), info("next")], [info("next_out"), info("r")])
    f.onnx("Scan-distances", graph([node("Scan", ["x", "points"], ["same", "t"], body=distance, num_scan_inputs=1), node("Transpose", ["t"], ["y"], perm=[1, 0])], {"x": x}, [("y", 1)], 11, {"points": floats(4, 3)}), {"x": x})
    swish = helper.make_function("mine", "Swish", ["a"], ["b"], [node("Sigmoid", ["a"], ["s"]), node("Mul", ["a", "s"], ["b"])], [helper.make_opsetid("", 15)])
    f.onnx("function", graph([node("Swish", ["x"], ["t"], domain="mine"), node("Swish", ["t"], ["y"], domain="mine")], {"x": x}, [("y", 1)], 15, functions=[swish]), {"x": x})
    leaky = node("LeakyRelu", ["a"], ["b"])
    reference = onnx.AttributeProto(); reference.name, reference.ref_attr_name, reference.type = "alpha", "slope", onnx.AttributeProto.FLOAT
    leaky.attribute.append(reference)
    function = helper.make_function("mine", "Leaky", ["a"], ["b"], [leaky], [helper.make_opsetid("", 15)], ["slope"])
    f.onnx("function-attribute", graph([node("Leaky", ["x"], ["y"], domain="mine", slope=0.3)], {"x": x}, [("y", 1)], 15, functions=[function]), {"x": x})
    # Side files.
    weights = {"w": floats(3, 4), "b": floats(4)}
    whole = graph([node("Gemm", ["x", "w", "b"], ["t"]), node("Relu", ["t"], ["y"])], {"x": x}, [("y", 1)], 13, weights)
    answers = run(whole.SerializeToString(), {"x": x})
    for label, pack, inner in (("zip", zipped, ""), ("tar.gz", tarred, ""), ("tar", lambda files: tarred(files, "w"), "deep/"), ("zip-folder", zipped, "deep/")):
        with tempfile.TemporaryDirectory() as folder:
            copy = onnx.ModelProto.FromString(whole.SerializeToString())
            onnx.save_model(copy, os.path.join(folder, "m.onnx"), save_as_external_data=True, all_tensors_to_one_file=label != "zip", location="w.bin" if label != "zip" else None, size_threshold=0)
            files = {inner + name: open(os.path.join(folder, name), "rb").read() for name in sorted(os.listdir(folder))}
        f.add("side-files-" + label, "archive", pack(files), {"x": x}, answers)
    # f16 and bf16 inside, f32 outside.
    for label, kind in (("f16", 10), ("bf16", 16)):
        f.onnx("inside-" + label, graph([node("Cast", ["x"], ["a"], to=kind), node("Cast", ["w"], ["b"], to=kind), node("MatMul", ["a", "b"], ["c"]), node("Cast", ["c"], ["y"], to=1)], {"x": x}, [("y", 1)], 13, {"w": floats(3, 2)}), {"x": x}, 2e-3 if kind == 10 else 2e-2)
    f.onnx("f16", graph([node("Add", ["x", "w"], ["y"])], {"x": x.astype(np.float16)}, [("y", 10)], 13, {"w": floats(3).astype(np.float16)}), {"x": x.astype(np.float16)}, 1e-3)
    # Weights in the typed lists, not as raw bytes.
    typed = onnx.ModelProto.FromString(whole.SerializeToString())
    for stored in typed.graph.initializer:
        values = onnx.numpy_helper.to_array(stored).ravel().tolist()
        stored.ClearField("raw_data"); stored.float_data.extend(values)
    f.onnx("typed-weights", typed, {"x": x})
    f.onnx("unused-outputs", graph([node("Split", ["x"], ["a", "b", "c"], axis=1), node("Identity", ["b"], ["y"])], {"x": x}, [("y", 1)], 13), {"x": x})
    f.onnx("constant-output", graph([node("Neg", ["x"], ["y"]), node("Shape", ["x"], ["s"]), constant("one", np.array([1])), node("Gather", ["s", "one"], ["g"]), node("Cast", ["g"], ["h"], to=1), node("Mul", ["y", "h"], ["z"])], {"x": x}, [("z", 1)], 13), {"x": x})
    f.onnx("unused-nodes", graph([node("Neg", ["x"], ["y"]), node("Exp", ["x"], ["never"])], {"x": x}, [("y", 1)], 13), {"x": x})
    two = {"a": x, "b": floats(5, 2)}
    f.onnx("two-inputs", graph([node("Concat", ["a", "b"], ["c"], axis=1), node("Gemm", ["c", "w"], ["y"]), node("ReduceMax", ["c"], ["z"], axes=[1], keepdims=0)], two, [("y", 1), ("z", 1)], 13, {"w": floats(5, 2)}), two)
    mixed = {"number": floats(4, 1), "count": RNG.integers(0, 9, size=(4, 1)), "flag": np.array([[True], [False], [True], [True]]), "word": np.array([["a"], ["b"], ["c"], ["a"]], object)}
    nodes = [node("Cast", ["count"], ["c"], to=1), node("Cast", ["flag"], ["f"], to=1), node("LabelEncoder", ["word"], ["l"], domain="ai.onnx.ml", keys_strings=["a", "b"], values_floats=[1.5, 2.5], default_float=-1.0), node("Concat", ["number", "c", "f", "l"], ["y"], axis=1)]
    f.onnx("mixed-inputs", graph(nodes, mixed, [("y", 1)], 13, ml=2), mixed)
    f.save()

