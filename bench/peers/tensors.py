"""A peer of `scorewheel-bench tensor`: scores with the library of the file's format, in one thread.

usage: tensors.py        (questions on standard input, an answer a line)
  FILE batch|row SECONDS   records per CPU-second of this process, from arrays in memory, 256 or 1 a call
  FILE load                milliseconds of CPU from the file to a model that has answered one row
  FILE memory              megabytes by which the process has grown once it has answered one row
.onnx goes to ONNX Runtime, .pb (a frozen graph) to TensorFlow, .json to XGBoost, .txt to LightGBM."""
import os, sys, time

os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["OMP_NUM_THREADS"], os.environ["CUDA_VISIBLE_DEVICES"] = "3", "1", "-1"
import numpy as np

ROWS = 256
RNG = np.random.default_rng(1)


def megabytes():
    with open("/proc/self/statm") as file: return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def values(kind, shape):
    if "string" in kind: return np.full(shape, "a", object)
    if "int" in kind: return RNG.integers(0, 3, size=shape).astype(kind.replace("tensor(", "").replace(")", ""))
    return RNG.normal(size=shape).astype(np.float64 if "double" in kind else np.float32)


def onnx(path):
    import onnxruntime as ort
    before = megabytes()
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    def feeds(rows):
        return {i.name: values(i.type, [rows, *[d if isinstance(d, int) else 16 for d in i.shape[1:]]]) for i in session.get_inputs()}
    return feeds, lambda given: session.run(names, given), before


def tensorflow(path):
    import tensorflow as tf
    before = megabytes()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    definition = tf.compat.v1.GraphDef.FromString(open(path, "rb").read())
    ends = {name.split(":")[0].lstrip("^") for node in definition.node for name in node.input}
    last = [node.name for node in definition.node if node.name not in ends and node.op != "NoOp"][-1]
    first = next(node for node in definition.node if node.op == "Placeholder")
    # A row's length is that of the first matrix that it meets.
    width = next(d for node in definition.node if node.op == "Const" for d in [node.attr["value"].tensor.tensor_shape.dim] if len(d) == 2)[0].size
    wrapped = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(definition, name=""), [])
    call = wrapped.prune(first.name + ":0", last + ":0")
    return lambda rows: tf.constant(values("float", [rows, width])), lambda given: call(given).numpy(), before


def xgboost(path):
    import xgboost as xgb
    before = megabytes()
    booster = xgb.Booster({"nthread": 1}, model_file=path)
    return lambda rows: values("float", [rows, booster.num_features()]), lambda given: booster.inplace_predict(given), before


def lightgbm(path):
    import lightgbm as lgb
    before = megabytes()
    booster = lgb.Booster(model_file=path)
    return lambda rows: values("double", [rows, booster.num_feature()]), lambda given: booster.predict(given, num_threads=1), before


OPEN = {".onnx": onnx, ".pb": tensorflow, ".json": xgboost, ".txt": lightgbm}
models = {}
for line in sys.stdin:
    path, question, *rest = line.split()
    opened = OPEN[os.path.splitext(path)[1]]
    if question in ("load", "memory"):
        # The library itself is loaded before.
        start = time.process_time()
        feeds, call, before = opened(path)
        call(feeds(1))
        print((time.process_time() - start) * 1e3 if question == "load" else megabytes() - before, flush=True)
        models.setdefault(path, (feeds, call))
        continue
    if path not in models: models[path] = opened(path)[:2]
    feeds, call = models[path]
    size = ROWS if question == "batch" else 1
    given, seconds = feeds(size), float(rest[0])
    start, done = time.process_time(), 0
    call(given)
    # A look at the clock costs as much as a small model.
    calls = 8 if time.process_time() - start < seconds / 50 else 1
    start = time.process_time()
    while True:
        for _ in range(calls): call(given)
        done += calls * size
        used = time.process_time() - start
        if used >= seconds: break
    print(done / used, flush=True)
