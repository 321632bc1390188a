"""Frozen graphs and SavedModels of small models, written by TensorFlow, with its own answers."""
import os, tempfile

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from cases import Family
from control import tarred, zipped

RNG = np.random.default_rng(28)
v1 = tf.compat.v1


def floats(*shape, scale=0.5):
    return (RNG.normal(size=shape) * scale).astype(np.float32)


def files_of(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(root, name)
            # What says which process wrote the folder is no part of the model.
            if name != "fingerprint.pb": found[os.path.relpath(path, folder)] = open(path, "rb").read()
    return found


class Graphs(Family):
    def frozen(self, name, function, tolerance=None, **inputs):
        """A function of arrays with an open first dimension, as a frozen graph."""
        given = {key: np.asarray(value) for key, value in inputs.items()}
        specs = [tf.TensorSpec([None, *value.shape[1:]], tf.string if value.dtype.kind in "OU" else value.dtype, key) for key, value in given.items()]
        concrete = tf.function(lambda *a: tf.identity(function(*a), "answer")).get_concrete_function(*specs)
        try:
            frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
        except Exception as error:
            self.refused.append((name, str(error).splitlines()[0][:150]))
            return
        graph_def = frozen.graph.as_graph_def()
        names = [tensor.op.name for tensor in frozen.inputs]
        answer = concrete(*[tf.constant(value) for value in given.values()]).numpy()
        self.add("frozen-" + name, "tensorflow", graph_def.SerializeToString(), dict(zip(names, given.values())), {frozen.outputs[0].op.name: answer}, tolerance)

    def saved(self, name, module, pack=zipped, tolerance=None, **inputs):
        """A module's function `call` as a SavedModel."""
        given = {key: np.asarray(value) for key, value in inputs.items()}
        specs = {key: tf.TensorSpec([None, *value.shape[1:]], tf.string if value.dtype.kind in "OU" else value.dtype, key) for key, value in given.items()}
        answer = lambda **tensors: {"answer": module.call(**tensors)}
        module.serve = tf.function(answer)
        concrete = module.serve.get_concrete_function(**specs)
        with tempfile.TemporaryDirectory() as folder:
            tf.saved_model.save(module, folder, signatures={"serving_default": concrete})
            files = files_of(folder)
        answers = concrete(**{key: tf.constant(value) for key, value in given.items()})
        self.add("saved-" + name, "archive", pack(files), given, {"answer": answers["answer"].numpy()}, tolerance)

    def keras(self, name, model, x, tolerance=None):
        """A Keras model as its own export writes it, with the answers of what was written."""
        with tempfile.TemporaryDirectory() as folder:
            model.export(folder, verbose=False)
            call = tf.saved_model.load(folder).signatures["serving_default"]
            given = {next(iter(call.structured_input_signature[1])): x}
            answers = call(**{key: tf.constant(value) for key, value in given.items()})
            self.add("keras-" + name, "archive", zipped(files_of(folder)), given, {key: value.numpy() for key, value in answers.items()}, tolerance)

    def old(self, name, build, tolerance=None, signature="serving_default", pack=zipped, **inputs):
        """A graph of version 1 with a session's answers."""
        given = {key: np.asarray(value) for key, value in inputs.items()}
        graph = tf.Graph()
        with graph.as_default(), v1.Session(graph=graph) as session, tempfile.TemporaryDirectory() as parent:
            feeds = {key: v1.placeholder(tf.string if value.dtype.kind in "OU" else value.dtype, [None, *value.shape[1:]], key) for key, value in given.items()}
            answer = build(parent, **feeds)
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            folder = os.path.join(parent, "model")
            builder = v1.saved_model.builder.SavedModelBuilder(folder)
            info = v1.saved_model.utils.build_tensor_info
            definition = v1.saved_model.signature_def_utils.build_signature_def({key: info(value) for key, value in feeds.items()}, {"answer": info(answer)}, "serving")
            builder.add_meta_graph_and_variables(session, ["serve"], {signature: definition}, assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS), main_op=v1.tables_initializer())
            builder.save()
            found = session.run(answer, {feeds[key]: value for key, value in given.items()})
            self.add("old-" + name, "archive", pack(files_of(folder)), given, {"answer": found}, tolerance)


def module(call, **variables):
    made = tf.Module()
    for key, value in variables.items(): setattr(made, key, value)
    made.call = lambda **inputs: call(made, **inputs)
    return made


def make():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    f = Graphs("tensorflow_graphs")
    x, image, series = floats(4, 6), floats(3, 6, 6, 2), floats(3, 5, 3)
    w, b = tf.Variable(floats(6, 3)), tf.Variable(floats(3))
    for name, activation in {"softmax": tf.nn.softmax, "relu": tf.nn.relu, "relu6": tf.nn.relu6, "elu": tf.nn.elu, "selu": tf.nn.selu, "sigmoid": tf.sigmoid, "tanh": tf.tanh, "softplus": tf.nn.softplus, "leaky": tf.nn.leaky_relu, "swish": tf.nn.silu, "gelu": tf.nn.gelu, "log-softmax": tf.nn.log_softmax}.items():
        f.frozen("dense-" + name, lambda x: activation(tf.matmul(x, w) + b), x=x)
    f.frozen("argmax", lambda x: tf.argmax(tf.matmul(x, w), axis=1), x=x)
    f.frozen("top-k", lambda x: tf.math.top_k(x, 3).values, x=x)
    f.frozen("f64", lambda x: tf.tanh(tf.matmul(x, tf.constant(floats(6, 2).astype(np.float64)))), x=x.astype(np.float64))
    f.frozen("i64", lambda x: x // 3 + x % 4 - 1, x=RNG.integers(-9, 9, size=(4, 3)))
    kernel, depth = tf.Variable(floats(3, 3, 2, 4)), tf.Variable(floats(3, 3, 2, 2))
    for padding in ("SAME", "VALID"):
        for stride in (1, 2):
            f.frozen("conv-%s-%d" % (padding.lower(), stride), lambda x: tf.nn.relu(tf.nn.conv2d(x, kernel, stride, padding)), x=image)
        f.frozen("depthwise-" + padding.lower(), lambda x: tf.nn.depthwise_conv2d(x, depth, [1, 1, 1, 1], padding), x=image)
        f.frozen("max-pool-" + padding.lower(), lambda x: tf.nn.max_pool2d(x, 2, 2, padding), x=image[:, :5])
        f.frozen("avg-pool-" + padding.lower(), lambda x: tf.nn.avg_pool2d(x, 2, 2, padding), x=image[:, :5])
    f.frozen("conv-transpose", lambda x: tf.nn.conv2d_transpose(x, tf.constant(floats(3, 3, 4, 2)), [tf.shape(x)[0], 12, 12, 4], 2, "SAME"), x=image)
    f.frozen("conv-line", lambda x: tf.nn.conv1d(x, tf.constant(floats(3, 3, 4)), 1, "SAME"), x=series)
    f.frozen("dilated", lambda x: tf.nn.conv2d(x, kernel, 1, "SAME", dilations=2), x=image)
    f.frozen("batch-norm", lambda x: tf.nn.batch_normalization(x, floats(2), np.abs(floats(2)) + 0.1, floats(2), floats(2), 1e-3), x=image)
    f.frozen("fused-batch-norm", lambda x: v1.nn.fused_batch_norm(x, floats(2), floats(2), floats(2), np.abs(floats(2)) + 0.1, is_training=False)[0], x=image)
    f.frozen("layer-norm", lambda x: (x - tf.reduce_mean(x, -1, keepdims=True)) * tf.math.rsqrt(tf.math.reduce_variance(x, -1, keepdims=True) + 1e-3), x=series)
    f.frozen("pad", lambda x: tf.pad(x, [[0, 0], [1, 2]], constant_values=0.5), x=x)
    f.frozen("mirror", lambda x: tf.pad(x, [[0, 0], [1, 2]], "REFLECT"), x=x)
    f.frozen("strided", lambda x: x[:, ::-2, tf.newaxis], x=x)
    f.frozen("gather", lambda x: tf.gather(x, [2, 0], axis=1), x=x)
    f.frozen("embedding", lambda x: tf.reduce_mean(tf.nn.embedding_lookup(tf.constant(floats(9, 4)), x), 1), x=RNG.integers(0, 9, size=(4, 3)))
    f.frozen("one-hot", lambda x: tf.one_hot(x, 4, 2.0, -1.0), x=RNG.integers(-1, 5, size=(4,)))
    f.frozen("where", lambda x: tf.where(x > 0.1, x * 2, tf.zeros_like(x) - 1), x=x)
    f.frozen("reduce", lambda x: tf.stack([tf.reduce_max(x, 1), tf.reduce_min(x, 1), tf.reduce_prod(x, 1), tf.reduce_logsumexp(x, 1), tf.norm(x, axis=1)], 1), x=x)
    f.frozen("cumsum", lambda x: tf.cumsum(x, 1, exclusive=True, reverse=True), x=x)
    f.frozen("einsum", lambda x: tf.einsum("nab,bc->nac", x, floats(3, 4)), x=series)
    f.frozen("resize", lambda x: tf.image.resize(x, [9, 4]), x=image)
    f.frozen("resize-nearest", lambda x: tf.image.resize(x, [9, 4], "nearest"), x=image)
    f.frozen("space", lambda x: tf.nn.space_to_depth(x, 2), x=image)
    f.frozen("split", lambda x: tf.concat(tf.split(x, [1, 2, 3], 1)[::-1], 1), x=x)
    f.frozen("clip", lambda x: tf.clip_by_value(x, -0.2, 0.3), x=x)
    f.frozen("math", lambda x: tf.math.log1p(tf.abs(x)) + tf.math.expm1(x) + tf.math.erf(x) + tf.math.floor(x) + tf.round(x) + tf.math.rsqrt(x * x + 1) + tf.math.atan2(x, x + 2), x=x)
    f.frozen("text-equal", lambda x: tf.cast(tf.equal(x, "red"), tf.float32), x=np.array([["red"], ["blue"]], object))
    f.frozen("cond", lambda x: tf.cond(tf.constant(3) > 2, lambda: x + 1, lambda: x - 1), x=x)
    f.frozen("while", lambda x: tf.while_loop(lambda i, v: i < 4, lambda i, v: (i + 1, v * 0.5 + 1), [0, x])[1], x=x)
    f.frozen("two-inputs", lambda a, b: tf.concat([a, tf.cast(b, tf.float32)], 1), a=x, b=RNG.integers(0, 5, size=(4, 2)))
    # SavedModels.
    for label, pack in (("zip", zipped), ("tar.gz", tarred)):
        f.saved("dense-" + label, module(lambda m, x: tf.nn.softmax(tf.matmul(x, m.w) + m.b), w=tf.Variable(floats(6, 3)), b=tf.Variable(floats(3))), pack, x=x)
    table = lambda keys, values, default: tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), default)
    words = np.array([["red"], ["mauve"], ["blue"]], object)
    f.saved("table-text", module(lambda m, x: tf.gather(m.e, m.t.lookup(x))[:, 0], t=table(tf.constant(["red", "blue"]), tf.constant([1, 2], tf.int64), 0), e=tf.Variable(floats(3, 2))), x=words)
    f.saved("table-number", module(lambda m, x: m.t.lookup(x), t=table(tf.constant([3, 5], tf.int64), tf.constant(["three", "five"]), "?")), x=np.array([[3], [4], [5]], np.int64))
    f.saved("table-f32", module(lambda m, x: m.t.lookup(x) * 2, t=table(tf.constant(["a", "b"]), tf.constant([0.5, 1.5]), -1.0)), x=np.array([["a"], ["b"], ["c"]], object))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "words.txt")
        open(path, "w").write("red\nblue\ngreen\n")
        initializer = tf.lookup.TextFileInitializer(path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
        f.saved("table-file", module(lambda m, x: m.t.lookup(x), t=tf.lookup.StaticHashTable(initializer, -1)), x=words)
    f.saved("boundaries", module(lambda m, x: tf.raw_ops.Bucketize(input=x, boundaries=[-0.2, 0.0, 0.3])), x=x)
    cells = {"lstm": tf.keras.layers.LSTM, "gru": tf.keras.layers.GRU, "rnn": tf.keras.layers.SimpleRNN}
    for label, layer in cells.items():
        tf.keras.utils.set_random_seed(1)
        model = tf.keras.Sequential([tf.keras.Input((5, 3)), layer(4), tf.keras.layers.Dense(2)])
        f.keras(label, model, series)
    tf.keras.utils.set_random_seed(2)
    small = tf.keras.Sequential([tf.keras.Input((6, 6, 2)), tf.keras.layers.SeparableConv2D(4, 3, activation="relu"), tf.keras.layers.BatchNormalization(), tf.keras.layers.MaxPooling2D(), tf.keras.layers.Flatten(), tf.keras.layers.Dense(3, "softmax")])
    f.keras("convolutional", small, image)
    both = tf.keras.Sequential([tf.keras.Input((5, 3)), tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(3)), tf.keras.layers.Dense(1, "sigmoid")])
    f.keras("bidirectional", both, series)
    mixed = tf.keras.Sequential([tf.keras.Input((4,), dtype="int32"), tf.keras.layers.Embedding(7, 3), tf.keras.layers.GlobalAveragePooling1D(), tf.keras.layers.Dense(2)])
    f.keras("embedding", mixed, RNG.integers(0, 7, size=(4, 4)).astype(np.int32))
    normal = tf.keras.layers.Normalization(); normal.adapt(floats(20, 6))
    f.keras("normalization", tf.keras.Sequential([tf.keras.Input((6,)), normal, tf.keras.layers.Dense(2), tf.keras.layers.LayerNormalization(), tf.keras.layers.Dropout(0.5)]), x)
    heads = tf.keras.Input((5, 6)); attended = tf.keras.layers.MultiHeadAttention(2, 3)(heads, heads)
    f.keras("attention", tf.keras.Model(heads, attended), floats(3, 5, 6))
    lookup = tf.keras.layers.StringLookup(vocabulary=["red", "blue"], output_mode="one_hot")
    f.keras("words", tf.keras.Sequential([tf.keras.Input((1,), dtype="string"), lookup, tf.keras.layers.Dense(2)]), words)
    numbers = tf.keras.layers.IntegerLookup(vocabulary=[3, 5])
    f.keras("numbers", tf.keras.Sequential([tf.keras.Input((1,), dtype="int64"), numbers]), np.array([[3], [4], [5]], np.int64))
    f.saved("loop", module(lambda m, x: tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, tf.matmul(v, m.w)), [0, x])[1], w=tf.Variable(floats(6, 6))), x=x)
    # Version 1.
    one = v1.get_variable
    f.old("variables", lambda _, x: tf.nn.softmax(tf.matmul(x, one("w", initializer=floats(6, 3))) + one("b", initializer=floats(3))), x=x)
    f.old("references", lambda _, x: tf.matmul(x, v1.Variable(floats(6, 3), use_resource=False)), x=x)
    f.old("partitions", lambda _, x: tf.matmul(x, tf.convert_to_tensor(one("w", [6, 3], initializer=v1.random_uniform_initializer(seed=1), partitioner=v1.fixed_size_partitioner(3)))), x=x)
    f.old("partitions-columns", lambda _, x: tf.matmul(x, tf.convert_to_tensor(one("w", [6, 4], initializer=v1.random_uniform_initializer(seed=1), partitioner=v1.fixed_size_partitioner(2, axis=1)))), x=x)
    f.old("predict", lambda _, x: tf.nn.relu(tf.matmul(x, one("w", initializer=floats(6, 3)))), signature="predict", pack=tarred, x=x)
    f.old("strings", lambda _, x: tf.gather(v1.Variable(["none", "one", "two"]), tf.cast(x, tf.int32)), x=np.array([[0], [2], [1]], np.int64))
    v1.disable_control_flow_v2()
    f.old("cond", lambda _, x: v1.cond(tf.constant(True), lambda: x + 1, lambda: x - 1), x=x)
    v1.enable_control_flow_v2()

    def file_table(parent, x):
        path = os.path.join(parent, "words.txt")
        open(path, "w").write("red\nblue\n")
        return tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(path, tf.string, 0, tf.int64, -1, delimiter=" "), -1).lookup(x)
    f.old("table-file", file_table, x=words)
    f.old("table", lambda _, x: tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["red", "blue"], tf.constant([4, 5], tf.int64)), -7).lookup(x), x=words)
    f.save()
