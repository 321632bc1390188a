"""Cases: a model, records, and the library's own answers, one JSON object a line.

{"name", "format": "onnx" | "archive" | …, "model": base64 of zlib, "inputs": {name: column}, "outputs": {name: column}}
A column is {"kind": "f32" | "f64" | "i64" | "bool" | "text" | "map", "rows": [flat list of each row's values]}.
null is NaN; infinities are the strings "inf" and "-inf"."""
import base64, json, math, os, zlib

import numpy as np
import onnx
import onnxruntime as ort

FOLDER = os.path.dirname(os.path.abspath(__file__))
KINDS = {"float16": "f32", "float32": "f32", "float64": "f64", "bool": "bool"}
ort.set_default_logger_severity(4)


class Family:
    """The cases of one file."""

    def __init__(self, name):
        self.name, self.lines, self.refused = name, [], []
        self.names = set()

    def add(self, name, kind, model, inputs, outputs, tolerance=None, **more):
        assert name not in self.names, name
        self.names.add(name)
        case = {"name": name, "format": kind, **({"tolerance": tolerance} if tolerance else {}), **more}
        case["inputs"] = {key: column(value) for key, value in inputs.items()}
        case["outputs"] = {key: column(value) for key, value in outputs.items()}
        case["model"] = base64.b64encode(zlib.compress(model, 9)).decode()
        self.lines.append(json.dumps(case, ensure_ascii=False, allow_nan=False, separators=(",", ":")))

    def onnx(self, name, model, inputs, tolerance=None, together=True, **more):
        """A case whose answers are ONNX Runtime's; `together`: a row's answer must not depend on its neighbours'."""
        raw = model if isinstance(model, bytes) else model.SerializeToString()
        try:
            answers = run(raw, inputs)
        except Exception as error:
            self.refused.append((name, str(error).splitlines()[0][:150]))
            return
        if together:
            rows = len(next(iter(inputs.values())))
            for row in range(min(rows, 3)):
                alone = run(raw, {key: value[row:row + 1] for key, value in inputs.items()})
                for key, value in answers.items():
                    if isinstance(value, list): continue
                    one, many = np.asarray(alone[key]).ravel(), np.asarray(value)[row:row + 1].ravel()
                    same = one.shape == many.shape and (
                        np.allclose(one, many, 1e-4, 1e-5, equal_nan=True) if one.dtype.kind == "f" else (one == many).all())
                    if not same:
                        self.refused.append((name, "the rows of %s depend on one another" % key))
                        return
        self.add(name, "onnx", raw, inputs, answers, tolerance, **more)

    def save(self):
        path = os.path.join(FOLDER, self.name + ".jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in self.lines))
        print("%s: %d cases, %d KB" % (self.name, len(self.lines), os.path.getsize(path) // 1024))
        for name, why in self.refused:
            print("  not by the library: %s: %s" % (name, why))


def run(raw, inputs):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = {}
    for name, value in zip(names, session.run(names, inputs)):
        # Entries of a sequence are outputs of their own.
        if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            answers.update({"%s.%d" % (name, entry): part for entry, part in enumerate(value)})
        else:
            answers[name] = value
    return answers


def number(value):
    value = float(value)
    if math.isnan(value): return None
    return value if math.isfinite(value) else "inf" if value > 0 else "-inf"


def column(array):
    if isinstance(array, list) and array and isinstance(array[0], dict):
        return {"kind": "map", "rows": [{str(key): number(value) for key, value in row.items()} for row in array]}
    array = np.asarray(array)
    rows = array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
    kind = KINDS.get(array.dtype.name, "text" if array.dtype.kind in "OUS" else "i64")
    if kind in ("f32", "f64"):
        # The shortest text that reads back as the same number of that precision.
        short = (lambda value: number(repr_of(value))) if kind == "f32" else number
        rows = [[short(value) for value in row] for row in rows]
    elif kind == "text": rows = [[value.decode() if isinstance(value, bytes) else str(value) for value in row] for row in rows]
    else: rows = [[value.item() for value in row] for row in rows]
    return {"kind": kind, "rows": rows}


def repr_of(value):
    return float(np.format_float_positional(np.float32(value), unique=True)) if np.isfinite(value) else value


IR = {7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11, 24: 12, 25: 13}
TYPES = {"float16": 10, "float32": 1, "float64": 11, "int8": 3, "uint8": 2, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "object": 8, "uint16": 4, "uint32": 12, "uint64": 13}


def element(array):
    name = np.asarray(array).dtype
    return 8 if name.kind in "OU" else TYPES[name.name]


def graph(nodes, inputs, outputs, opset, constants=None, ml=None, functions=(), ir=None):
    """A model whose inputs are those of these arrays with their first dimension open; outputs are (name, element)."""
    constants = constants or {}
    values = [onnx.helper.make_tensor_value_info(n, element(a), ["N", *np.asarray(a).shape[1:]]) for n, a in inputs.items()]
    stored = []
    for name, value in constants.items():
        value = np.asarray(value)
        if value.dtype.kind in "OU":
            stored.append(onnx.helper.make_tensor(name, 8, value.shape, [str(v).encode() for v in value.ravel()]))
        else:
            stored.append(onnx.numpy_helper.from_array(value, name))
    ir = ir or IR[opset]
    if ir < 4:
        values += [onnx.helper.make_tensor_value_info(s.name, s.data_type, list(s.dims)) for s in stored]
    results = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in outputs]
    sets = [onnx.helper.make_opsetid("", opset)] + ([onnx.helper.make_opsetid("ai.onnx.ml", ml)] if ml else [])
    sets += [onnx.helper.make_opsetid(f.domain, 1) for f in functions[:1]]
    made = onnx.helper.make_graph(nodes, "g", values, results, stored)
    return onnx.helper.make_model(made, opset_imports=sets, ir_version=ir, functions=list(functions), producer_name="conformance")
