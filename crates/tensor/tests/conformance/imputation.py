"""scikit-learn's KNNImputer through skl2onnx, alone and before other steps; answers are ONNX Runtime's, which must be
scikit-learn's as well. A row that lacks every number makes ONNX Runtime fail: there they are scikit-learn's."""
import warnings

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn import compose, ensemble, impute, linear_model, pipeline, preprocessing

from cases import Family, run

warnings.simplefilter("ignore")
RNG = np.random.default_rng(41)


def holes(rows, columns, share):
    """Numbers of which a share is missing; every row and column has some."""
    x = RNG.normal(size=(rows, columns)).astype(np.float32)
    gone = RNG.random(x.shape) < share
    gone[np.arange(rows), RNG.integers(0, columns, rows)] = False
    gone[:, 0] &= columns > 1
    x[gone] = np.nan
    return x


class Imputation(Family):
    def one(self, name, estimator, x, label=None, opset=21, shown=8, types=None):
        estimator.fit(x, label)
        options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "predict_proba") else None
        types = types or [("X", FloatTensorType([None, x.shape[1]]))]
        model = to_onnx(estimator, initial_types=types, target_opset={"": opset, "ai.onnx.ml": 3}, options=options)
        inputs = {"X": x[:shown]}
        answers = list(run(model.SerializeToString(), inputs).values())
        theirs = estimator.transform(x[:shown]) if hasattr(estimator, "transform") else estimator.predict(x[:shown])
        if not np.allclose(np.asarray(answers[0], float).ravel(), np.asarray(theirs, float).ravel(), 1e-4, 1e-5):
            self.refused.append((name, "ONNX Runtime and scikit-learn differ"))
            return
        self.onnx(name, model, inputs)


def make():
    f = Imputation("imputation")
    x = holes(40, 4, 0.2)
    for neighbours in (1, 2, 3, 5, 8, 60):
        f.one("neighbours-%d" % neighbours, impute.KNNImputer(n_neighbors=neighbours), x)
    for columns, share in ((2, 0.3), (3, 0.5), (9, 0.1), (6, 0.0)):
        f.one("columns-%d" % columns, impute.KNNImputer(n_neighbors=3), holes(30, columns, share))
    for opset in (18, 19, 20, 22):
        f.one("opset-%d" % opset, impute.KNNImputer(n_neighbors=2), x, opset=opset)
    two = (np.nan_to_num(x[:, 0]) > 0).astype(np.int64)
    signal = np.nan_to_num(x) @ [1.0, -2.0, 0.5, 1.0]
    nearest = lambda: impute.KNNImputer(n_neighbors=3)
    f.one("before-scaler", pipeline.make_pipeline(nearest(), preprocessing.StandardScaler()), x)
    f.one("before-logistic", pipeline.make_pipeline(nearest(), linear_model.LogisticRegression()), x, two)
    f.one("before-ridge", pipeline.make_pipeline(nearest(), preprocessing.StandardScaler(), linear_model.Ridge()), x, signal)
    f.one("before-forest", pipeline.make_pipeline(nearest(), ensemble.RandomForestClassifier(3, max_depth=3, random_state=1)), x, two)
    f.one("after-scaler", pipeline.make_pipeline(preprocessing.StandardScaler(), nearest()), x)
    f.one("beside-scaler", compose.ColumnTransformer([("a", nearest(), [0, 1, 2]), ("b", preprocessing.StandardScaler(), [3])]), x)
    empty = x[:8].copy(); empty[[1, 4]] = np.nan; empty[5, :3] = np.nan
    lone = nearest().fit(x)
    f.add("rows-without-numbers", "onnx", to_onnx(lone, initial_types=[("X", FloatTensorType([None, 4]))], target_opset=21).SerializeToString(), {"X": empty}, {"variable": lone.transform(empty).astype(np.float32)})
    f.save()


if __name__ == "__main__": make()
