#!/usr/bin/env python3
"""Makes the models of this folder with XGBoost and LightGBM, and the libraries' own predictions.

usage: generate.py [FOLDER]    (needs xgboost or xgboost-cpu, lightgbm, numpy, pandas)
Each model NAME.{json,ubj,txt} has NAME.csv beside it: one column a feature, empty where missing, then the predictions
in columns `=0`, `=1`, and so on. The seed is fixed; the predictions are those of the library in one thread."""
import csv, os, sys
import numpy as np, pandas as pd
import lightgbm as lgb, xgboost as xgb

FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
RNG = np.random.default_rng(20)
ROWS, SHOWN, FEATURES = 400, 40, 5
X = RNG.normal(size=(ROWS, FEATURES)).astype(np.float32).astype(np.float64)
X[RNG.random(X.shape) < 0.1] = np.nan
X[RNG.random(X.shape) < 0.1] = 0.0
SIGNAL = np.nansum(X * [1, -2, 0.5, 1, 0.2], axis=1) + np.where(np.isnan(X[:, 0]), 1, 0)
CLASS = (SIGNAL > 0).astype(int)
THREE = np.digitize(SIGNAL, [-1, 1])
COUNT = np.round(np.exp(SIGNAL / 4)).astype(int)
CODES = RNG.integers(0, 9, size=ROWS)
CATEGORY_SIGNAL = SIGNAL + np.array([3, -1, 2, -3, 0, 1, -2, 4, 0.5])[CODES]
NAMES = ["x%d" % i for i in range(FEATURES)]
COLOURS = np.array(["red", "green", "blue", "grey", "pink", "teal", "gold", "lime", "navy"])
MIXED = pd.DataFrame(X[:, :3], columns=NAMES[:3]).assign(
    colour=pd.Categorical(COLOURS[CODES], categories=COLOURS),
    size=pd.Categorical(CODES * 10 + 5),
)
MIXED.loc[RNG.random(ROWS) < 0.1, "colour"] = None
CODED = np.column_stack([X[:, :3], CODES.astype(float)])


def show(name, names, rows, predicted):
    predicted = np.asarray(predicted).reshape(len(rows), -1)
    with open(os.path.join(FOLDER, name + ".csv"), "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(list(names) + ["=%d" % i for i in range(predicted.shape[1])])
        for row, answer in zip(rows, predicted):
            cells = ["" if pd.isna(v) else v if isinstance(v, str) else repr(float(v)) for v in row]
            out.writerow(cells + [repr(float(v)) for v in answer])


def boost(name, parameters, label, data=X, names=NAMES, kind="json", rounds=6, types=None, predict=None, best=None, **more):
    parameters = {"max_depth": 3, "seed": 1, "nthread": 1, "eta": 0.5, **parameters}
    arguments = dict(enable_categorical=True, **({} if isinstance(data, pd.DataFrame) else dict(feature_names=names, feature_types=types)))
    booster = xgb.train(parameters, xgb.DMatrix(data, label, **arguments), rounds, **more)
    if best is not None:
        booster.set_attr(best_iteration=str(best))
    booster.save_model(os.path.join(FOLDER, "%s.%s" % (name, kind)))
    shown = data.iloc[:SHOWN] if isinstance(data, pd.DataFrame) else data[:SHOWN]
    last = (0, best + 1) if best is not None else (0, 0)
    rows = shown.itertuples(index=False) if isinstance(data, pd.DataFrame) else shown
    show(name, names or ["f%d" % i for i in range(FEATURES)], list(rows), booster.predict(xgb.DMatrix(shown, **arguments), iteration_range=last, training=False))


def light(name, parameters, label, data=X, rounds=6, **more):
    parameters = {"num_leaves": 7, "seed": 1, "num_threads": 1, "verbose": -1, "deterministic": True, "learning_rate": 0.4, "min_data_in_leaf": 10, **parameters}
    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data, columns=NAMES[: data.shape[1]])
    booster = lgb.train(parameters, lgb.Dataset(frame, label, **more), rounds)
    booster.save_model(os.path.join(FOLDER, name + ".txt"))
    shown = frame.iloc[:SHOWN]
    show(name, list(frame.columns), list(shown.itertuples(index=False)), booster.predict(shown))


for objective, label in {
    "reg:squarederror": SIGNAL, "reg:squaredlogerror": COUNT, "reg:logistic": CLASS, "reg:pseudohubererror": SIGNAL,
    "reg:absoluteerror": SIGNAL, "binary:logistic": CLASS, "binary:logitraw": CLASS, "binary:hinge": CLASS,
    "count:poisson": COUNT, "reg:gamma": COUNT + 0.5, "reg:tweedie": COUNT, "survival:cox": COUNT + 0.5,
}.items():
    boost("xgboost-" + objective.replace(":", "-"), {"objective": objective}, label)
for objective in ("multi:softprob", "multi:softmax"):
    boost("xgboost-" + objective.replace(":", "-"), {"objective": objective, "num_class": 3}, THREE)
boost("xgboost-quantiles", {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}, SIGNAL)
boost("xgboost-base-score", {"objective": "binary:logistic", "base_score": 0.3}, CLASS)
boost("xgboost-ubjson", {"objective": "binary:logistic"}, CLASS, kind="ubj")
boost("xgboost-unnamed", {}, SIGNAL, names=None)
boost("xgboost-dart", {"booster": "dart", "rate_drop": 0.5, "one_drop": 1}, SIGNAL)
boost("xgboost-linear", {"booster": "gblinear", "objective": "reg:squarederror"}, SIGNAL)
boost("xgboost-linear-classes", {"booster": "gblinear", "objective": "multi:softprob", "num_class": 3}, THREE)
boost("xgboost-parallel", {"num_parallel_tree": 3, "subsample": 0.7, "colsample_bynode": 0.7}, SIGNAL)
boost("xgboost-targets", {}, np.column_stack([SIGNAL, SIGNAL ** 2]))
boost("xgboost-vector-leaves", {"multi_strategy": "multi_output_tree"}, np.column_stack([SIGNAL, SIGNAL ** 2]))
boost("xgboost-best-iteration", {}, SIGNAL, best=2)
boost("xgboost-codes", {"max_cat_to_onehot": 1}, CATEGORY_SIGNAL, CODED, NAMES[:3] + ["code"], types=["q", "q", "q", "c"])
boost("xgboost-one-hot", {"max_cat_to_onehot": 100}, CATEGORY_SIGNAL, CODED, NAMES[:3] + ["code"], types=["q", "q", "q", "c"])
boost("xgboost-categories", {"max_cat_to_onehot": 1}, CATEGORY_SIGNAL, MIXED, list(MIXED.columns))
boost("xgboost-categories-ubjson", {"max_cat_to_onehot": 1}, CATEGORY_SIGNAL, MIXED, list(MIXED.columns), kind="ubj")

for objective, label in {
    "regression": SIGNAL, "regression_l1": SIGNAL, "huber": SIGNAL, "fair": SIGNAL, "quantile": SIGNAL, "mape": SIGNAL,
    "poisson": COUNT, "gamma": COUNT + 0.5, "tweedie": COUNT, "binary": CLASS, "cross_entropy": CLASS,
    "cross_entropy_lambda": CLASS,
}.items():
    light("lightgbm-" + objective, {"objective": objective}, label)
for objective in ("multiclass", "multiclassova"):
    light("lightgbm-" + objective, {"objective": objective, "num_class": 3, "sigmoid": 1.5}, THREE)
light("lightgbm-sigmoid", {"objective": "binary", "sigmoid": 0.7}, CLASS)
light("lightgbm-sqrt", {"objective": "regression", "reg_sqrt": True}, SIGNAL)
light("lightgbm-rank", {"objective": "lambdarank"}, THREE, group=[20] * (ROWS // 20))
light("lightgbm-forest", {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, SIGNAL)
light("lightgbm-dart", {"objective": "regression", "boosting": "dart", "drop_rate": 0.5}, SIGNAL)
light("lightgbm-zero-as-missing", {"zero_as_missing": True}, SIGNAL)
light("lightgbm-no-missing", {"use_missing": False}, SIGNAL)
light("lightgbm-linear", {"linear_tree": True, "num_leaves": 4}, SIGNAL)
light("lightgbm-one-leaf", {"min_data_in_leaf": 10_000}, SIGNAL)
light("lightgbm-codes", {"min_data_per_group": 5, "cat_smooth": 1, "max_cat_to_onehot": 1}, CATEGORY_SIGNAL, CODED, categorical_feature=[3])
light("lightgbm-categories", {"min_data_per_group": 5, "cat_smooth": 1, "max_cat_to_onehot": 1}, CATEGORY_SIGNAL, MIXED)

# Labels that are all the same: the library keeps the constant away from what has no logarithm, or does not.
boost("xgboost-one-class", {"objective": "binary:logistic"}, np.ones(ROWS))
boost("xgboost-other-class", {"objective": "binary:logistic"}, np.zeros(ROWS))
boost("xgboost-one-label", {"objective": "binary:logistic"}, np.column_stack([CLASS, np.ones(ROWS)]))
boost("xgboost-no-events", {"objective": "count:poisson"}, np.zeros(ROWS))
