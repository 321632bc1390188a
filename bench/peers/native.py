"""The native peers of three large forests: XGBoost, LightGBM, ONNX Runtime and lleaves, one thread each.

A question is a line "ENGINE SIZE SECONDS"; the answer is records per CPU-second of this process, or "none: why". Rows are
typed values in memory, in batches of SIZE; every probability is an answer. Arguments: the folder of the models (its own
files beside the documents), the data as a CSV with a header.
"""

import sys
import time

import numpy


def main(folder, data):
    rows = numpy.loadtxt(data, delimiter=",", skiprows=1)
    engines = {}
    for line in sys.stdin:
        name, size, seconds = line.split()
        try:
            if name not in engines:
                engines[name] = ENGINES[name](folder, rows)
                rate(engines[name], rows, int(size), 0.5)
            answer = rate(engines[name], rows, int(size), float(seconds))
        except Exception as error:
            answer = f"none: {error!r}".replace("\n", " ")
        print(answer, flush=True)


def rate(score, rows, size, seconds):
    start = time.process_time()
    done = 0
    while True:
        for first in range(0, len(rows), size):
            score(first, first + size)
            done += min(size, len(rows) - first)
            used = time.process_time() - start
            if used >= seconds:
                return done / used


def xgboost(folder, rows):
    import xgboost

    booster = xgboost.Booster({"nthread": 1}, model_file=f"{folder}/xgb.json")
    booster.set_param({"nthread": 1})
    single = rows.astype(numpy.float32)
    return lambda first, last: booster.inplace_predict(single[first:last], validate_features=False)


def lightgbm(folder, rows):
    import lightgbm

    booster = lightgbm.Booster(model_file=f"{folder}/lgbm.txt", params={"num_threads": 1})
    return lambda first, last: booster.predict(rows[first:last], num_threads=1)


def onnx(file):
    def load(folder, rows):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(f"{folder}/{file}", options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        single = rows.astype(numpy.float32)
        return lambda first, last: session.run(None, {name: single[first:last]})

    return load


def lleaves(folder, rows):
    import lleaves

    model = lleaves.Model(model_file=f"{folder}/lgbm.txt")
    model.compile()
    return lambda first, last: model.predict(rows[first:last], n_jobs=1)


ENGINES = {
    "xgboost": xgboost,
    "lightgbm": lightgbm,
    "onnx-rf": onnx("rf.onnx"),
    "onnx-xgb": onnx("xgb.onnx"),
    "onnx-lgbm": onnx("lgbm.onnx"),
    "lleaves": lleaves,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
