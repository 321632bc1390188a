"""Strings one by one, numbers counted, diagonals: operators of TensorFlow, and the layers of Keras that write them."""
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["CUDA_VISIBLE_DEVICES"] = "3", "-1"

import numpy as np
import tensorflow as tf

from tensorflow_graphs import Graphs

RNG = np.random.default_rng(43)
WORDS = np.array([["Red", "blue  "], [" MAUVE", "größe ÄÖ"], ["", "\tA-b, c.d!\n"], ["ÉTÉ", "x1y22z"], ["O'Neil (No. 5)", "日本 語"], ["aaa", "ΣΑΣ"]], object)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def strings(f):
    s = tf.strings
    for encoding in ("", "utf-8"):
        label = encoding or "ascii"
        f.frozen("lower-" + label, lambda x: s.lower(x, encoding), x=WORDS)
        f.frozen("upper-" + label, lambda x: s.upper(x, encoding), x=WORDS)
    f.frozen("strip", lambda x: s.strip(x), x=WORDS)
    for unit in ("BYTE", "UTF8_CHAR"): f.frozen("length-" + unit.lower(), lambda x: s.length(x, unit), x=WORDS)
    f.frozen("length-and-weights", lambda x: tf.cast(s.length(x), tf.float32) * 0.5, x=WORDS)
    keras = r"""[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']"""
    for name, pattern, rewrite, everywhere in (
            ("keras", keras, "", True), ("first", "a", "-", False), ("empty", "x*", "-", True), ("many", "a*", "-", True), ("groups", r"(\w)(\d+)", r"<\2\1>", True),
            ("whole", r"[a-z]+", r"[\0]", True), ("ascii-words", r"\w+", "W", True), ("spaces", r"\s+", "_", True), ("start", "^[A-Z]", "#", True), ("end", r"[a-z]$", "#", True),
            ("fold", "(?i)é", "e", True), ("class", "[[:upper:]]", "U", True), ("not", r"[^\x00-\x7f]", "?", True), ("letters", r"\pL", "L", True), ("boundary", r"\b", "|", True),
            ("backslash", "a", r"\\", True), ("lazy", "a+?", "b", True), ("brackets", "[()[a]", "*", True), ("quoted", r"\Q.\E", "!", True), ("alternatives", "a|aa", "1", True)):
        f.frozen("replace-" + name, lambda x: s.regex_replace(x, pattern, rewrite, everywhere), x=WORDS)
    f.frozen("replace-given", lambda x: tf.raw_ops.RegexReplace(input=x, pattern=tf.constant("[aeiou]"), rewrite=tf.constant("."), replace_global=True), x=WORDS)
    f.frozen("several", lambda x: s.regex_replace(s.strip(s.lower(x)), r"\s+", " ") + "!", x=WORDS)
    f.frozen("as-buckets", lambda x: s.to_hash_bucket_fast(s.as_string(x), 97), x=RNG.integers(-900, 900, size=(6, 3)))


def written(f):
    numbers = np.array([[0.0, -1.5], [123456.789, 1e-7], [-0.1, 3.0], [1e20, 2.5e-5], [float("inf"), 0.30000001], [99999.95, -float("inf")]])
    whole = np.array([[0, -7], [123456, 42], [-1, 9], [2 ** 40, -2 ** 40]], np.int64)
    as_string = tf.strings.as_string
    for name, given in (("plain", {}), ("precision", {"precision": 2}), ("scientific", {"scientific": True}), ("scientific-3", {"scientific": True, "precision": 3}), ("shortest", {"shortest": True}), ("shortest-3", {"shortest": True, "precision": 3}),
                        ("none", {"precision": 0}), ("width", {"width": 12}), ("zeros", {"width": 14, "fill": "0"}), ("left", {"width": 14, "fill": "-", "precision": 1}), ("plus", {"fill": "+", "precision": 3}), ("space", {"fill": " ", "width": 10, "precision": 1})):
        f.frozen("written-f32-" + name, lambda x: as_string(x, **given), x=numbers.astype(np.float32))
        f.frozen("written-f64-" + name, lambda x: as_string(x, **given), x=numbers)
        if not {"precision", "scientific", "shortest"} & set(given): f.frozen("written-i64-" + name, lambda x: as_string(x, **given), x=whole)
    f.frozen("written-i32", lambda x: as_string(x), x=whole.astype(np.int32))
    f.frozen("written-bool", lambda x: as_string(x > 0), x=whole)
    f.frozen("written-text", lambda x: as_string(x), x=WORDS)


def counts(f):
    x, w = RNG.integers(0, 9, size=(6, 5)), floats(6, 5)
    raw = tf.raw_ops.DenseBincount
    for name, numbers in (("i64", x), ("i32", x.astype(np.int32))):
        for presence in (False, True):
            f.frozen("count-%s-%s" % (name, presence), lambda x: raw(input=x, size=tf.constant(6, x.dtype), weights=tf.constant([], tf.float32), binary_output=presence), x=numbers)
    f.frozen("count-whole", lambda x: raw(input=x, size=tf.constant(7, tf.int64), weights=tf.constant([], tf.int64)), x=x)
    f.frozen("count-f64", lambda x: raw(input=x, size=tf.constant(7, tf.int64), weights=tf.constant([], tf.float64)), x=x)
    f.frozen("count-weights", lambda x, w: raw(input=x, size=tf.constant(7, tf.int64), weights=w), x=x, w=w)
    f.frozen("count-bincount", lambda x: tf.math.bincount(x, minlength=8, maxlength=8, axis=-1), x=x)
    f.frozen("count-binary", lambda x: tf.cast(tf.math.bincount(x, minlength=5, maxlength=5, axis=-1, binary_output=True), tf.float32) * 0.5, x=x)


def diagonals(f):
    x = floats(5, 4)
    f.frozen("diagonal", lambda x: tf.linalg.diag(x), x=x)
    f.frozen("diagonal-of-whole", lambda x: tf.linalg.diag(x), x=RNG.integers(0, 9, size=(5, 3)))
    f.frozen("diagonal-above", lambda x: tf.linalg.diag(x, k=2), x=x)
    f.frozen("diagonal-below", lambda x: tf.linalg.diag(x, k=-1, padding_value=7), x=x)
    f.frozen("diagonal-tall", lambda x: tf.linalg.diag(x, num_rows=6, num_cols=4), x=x)
    f.frozen("diagonal-wide", lambda x: tf.linalg.diag(x, num_cols=7, padding_value=-1), x=x)
    for align in ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT"):
        f.frozen("diagonals-" + align.lower().replace("_", "-"), lambda x: tf.linalg.diag(x, k=(-1, 1), align=align), x=floats(5, 3, 4))
        f.frozen("diagonals-wide-" + align.lower().replace("_", "-"), lambda x: tf.linalg.diag(x, k=(-2, 1), num_rows=4, num_cols=6, align=align), x=floats(5, 4, 4))
    f.frozen("diagonal-second", lambda x: tf.raw_ops.MatrixDiagV2(diagonal=x, k=[0, 1], num_rows=-1, num_cols=-1, padding_value=0.5), x=floats(5, 2, 3))
    f.frozen("diagonal-first", lambda x: tf.raw_ops.MatrixDiag(diagonal=x), x=x)


def layers(f):
    keras = tf.keras.layers
    known = ["red", "blue", "green"]
    colours = np.array([["red", "mauve", "red"], ["green", "", "blue"], ["blue", "blue", "blue"], ["x", "y", "z"]], object)
    model = lambda shape, kind, *layers: tf.keras.Sequential([tf.keras.Input(shape, dtype=kind), *layers])
    for mode in ("multi_hot", "count", "tf_idf"):
        more = {"idf_weights": [1.0, 2.0, 0.5]} if mode == "tf_idf" else {}
        tf.keras.utils.set_random_seed(3)
        f.keras("texts-lookup-" + mode, model((3,), "string", keras.StringLookup(vocabulary=known, output_mode=mode, **more), keras.Dense(2)), colours)
    for mode in ("multi_hot", "count"):
        f.keras("texts-integers-" + mode, model((3,), "int64", keras.IntegerLookup(vocabulary=[3, 5, 9], output_mode=mode)), RNG.integers(0, 10, size=(5, 3)))
    f.keras("texts-invert", model((1,), "int64", keras.StringLookup(vocabulary=known, invert=True)), np.array([[0], [1], [2], [3]], np.int64))
    f.keras("texts-hashing-words", model((3,), "string", keras.Hashing(7)), colours)
    f.keras("texts-hashing-numbers", model((3,), "int64", keras.Hashing(7)), RNG.integers(0, 99, size=(5, 3)))
    f.keras("texts-hashing-multi", model((3,), "string", keras.Hashing(7, output_mode="multi_hot")), colours)
    phrases = np.array([["Red!"], ["blue sky"], ["Sky, BLUE"], [""], ["GREEN?"]], object)
    for mode in ("int", "multi_hot", "count", "tf_idf"):
        more = {"idf_weights": [1.0, 2.0, 0.5]} if mode == "tf_idf" else {}
        f.keras("texts-phrases-" + mode, model((1,), "string", keras.TextVectorization(vocabulary=["red", "blue sky", "green"], split=None, output_mode=mode, **more)), phrases)
    for standard in ("lower", "strip_punctuation", None):
        f.keras("texts-standard-%s" % standard, model((1,), "string", keras.TextVectorization(vocabulary=["red", "blue sky", "green"], split=None, standardize=standard)), phrases)


SENTENCES = np.array([["red sky  blue"], ["Green, green; GREEN\tx"], [""], ["a b c d e f red"], ["blue"], [" \n"]], object)


def words(f):
    """Texts split into words, of which each has its own number."""
    split = lambda x: tf.strings.split(x[:, 0])
    f.frozen("words-cut", lambda x: split(x).to_tensor(shape=[None, 3], default_value="?"), x=SENTENCES)
    f.frozen("words-lengths", lambda x: tf.strings.length(split(x).to_tensor(shape=[None, 5])), x=SENTENCES)
    f.frozen("words-changed", lambda x: tf.ragged.map_flat_values(tf.strings.upper, split(x)).to_tensor(shape=[None, 4]), x=SENTENCES)
    f.frozen("words-hashed", lambda x: tf.ragged.map_flat_values(lambda w: tf.strings.to_hash_bucket_fast(w, 31), split(x)).to_tensor(default_value=tf.constant(-1, tf.int64), shape=[None, 4]), x=SENTENCES)
    f.frozen("words-counted", lambda x: split(x).row_lengths(), x=SENTENCES)
    layer, known = tf.keras.layers.TextVectorization, ["red", "blue", "green", "sky"]
    model = lambda *layers: tf.keras.Sequential([tf.keras.Input((1,), dtype="string"), *layers])
    for length in (1, 3, 8):
        f.keras("texts-words-%d" % length, model(layer(vocabulary=known, output_sequence_length=length)), SENTENCES)
    for mode in ("multi_hot", "count", "tf_idf"):
        more = {"idf_weights": [1.0, 2.0, 0.5, 0.25]} if mode == "tf_idf" else {}
        f.keras("texts-words-" + mode, model(layer(vocabulary=known, output_mode=mode, **more)), SENTENCES)
    f.keras("texts-words-as-they-are", model(layer(vocabulary=known, standardize=None, output_sequence_length=4)), SENTENCES)
    tf.keras.utils.set_random_seed(5)
    f.keras("texts-words-embedded", model(layer(vocabulary=known, output_sequence_length=4), tf.keras.layers.Embedding(6, 3), tf.keras.layers.GlobalAveragePooling1D(), tf.keras.layers.Dense(2)), SENTENCES)


def refused():
    """What takes words for a tensor of their number, which only the record tells."""
    f = Graphs("refused_texts")
    split = lambda x: tf.strings.split(x[:, 0])
    f.frozen("words", lambda x: split(x).values, x=SENTENCES)
    f.frozen("sum", lambda x: tf.reduce_sum(tf.strings.length(split(x).values)), x=SENTENCES)
    f.frozen("longest", lambda x: split(x).to_tensor(), x=SENTENCES)
    f.frozen("largest", lambda x: tf.reduce_max(split(x).value_rowids()), x=SENTENCES)
    f.frozen("counted", lambda x: tf.raw_ops.DenseBincount(input=tf.strings.length(split(x).values), size=9, weights=tf.constant([], tf.int32)), x=SENTENCES)
    f.frozen("numbers", lambda x: tf.raw_ops.DenseBincount(input=split(x).value_rowids(), size=tf.constant(9, tf.int64), weights=tf.constant([], tf.int32)), x=SENTENCES)
    f.frozen("commas", lambda x: tf.strings.split(x[:, 0], ",").to_tensor(shape=[None, 2]), x=SENTENCES)
    f.save()


def make():
    f = Graphs("texts")
    for part in (strings, written, counts, diagonals, layers, words): part(f)
    f.save()
    refused()


if __name__ == "__main__": make()
