"""XGBoost's and LightGBM's own files, beyond those of ../boosters: ranking, survival, mixed settings, other ways in."""
import os, tempfile

import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb

from cases import Family

RNG = np.random.default_rng(27)
ROWS, SHOWN, WIDTH = 300, 12, 5
X = RNG.normal(size=(ROWS, WIDTH)).astype(np.float32).astype(np.float64)
X[RNG.random(X.shape) < 0.1] = np.nan
X[RNG.random(X.shape) < 0.1] = 0.0
SIGNAL = np.nansum(X * [1, -2, 0.5, 1, 0.2], axis=1)
CLASS, THREE, COUNT = (SIGNAL > 0).astype(int), np.digitize(SIGNAL, [-1, 1]), np.round(np.exp(SIGNAL / 4)).astype(int)
GROUPS = [20] * (ROWS // 20)
NAMES = ["x%d" % i for i in range(WIDTH)]
CODES = RNG.integers(0, 40, size=ROWS)
EFFECT = SIGNAL + RNG.normal(size=40)[CODES] * 2
WORDS = pd.Categorical(np.array(["w%d" % i for i in range(40)])[CODES])


def saved(save, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m" + suffix)
        save(path)
        return open(path, "rb").read()


def inputs_of(frame):
    return {str(name): frame[[name]].to_numpy(object if isinstance(frame[name].dtype, pd.CategoricalDtype) else np.float64) for name in frame.columns}


class Boosters(Family):
    def add_frame(self, name, kind, model, shown, predicted, tolerance):
        inputs = {key: value if value.dtype != object else value.astype(np.float64) if isinstance(value[0, 0], (int, float)) else value for key, value in inputs_of(shown).items()}
        self.add(name, kind, model, inputs, {"score": predicted}, tolerance)

    def xgboost(self, name, parameters, label=None, rounds=5, data=None, suffix=".json", tolerance=2e-7, **more):
        parameters = {"max_depth": 3, "seed": 1, "nthread": 1, "eta": 0.4, **parameters}
        frame = data if data is not None else pd.DataFrame(X, columns=NAMES)
        matrix = xgb.DMatrix(frame, label, enable_categorical=True)
        for key, value in more.items(): getattr(matrix, "set_" + key)(value) if hasattr(matrix, "set_" + key) else matrix.set_float_info(key, value)
        booster = xgb.train(parameters, matrix, rounds)
        shown = frame.iloc[:SHOWN]
        self.add_frame("xgboost-" + name, "xgboost", saved(booster.save_model, suffix), shown, booster.predict(xgb.DMatrix(shown, enable_categorical=True)), tolerance)

    def lightgbm(self, name, parameters, label, rounds=5, data=None, tolerance=1e-12, predict=None, **more):
        parameters = {"num_leaves": 7, "seed": 1, "num_threads": 1, "verbose": -1, "deterministic": True, "learning_rate": 0.4, "min_data_in_leaf": 8, **parameters}
        frame = data if data is not None else pd.DataFrame(X, columns=NAMES)
        booster = lgb.train(parameters, lgb.Dataset(frame, label, **more), rounds)
        shown = frame.iloc[:SHOWN]
        self.add_frame("lightgbm-" + name, "lightgbm", saved(lambda path: booster.save_model(path, **(predict or {})), ".txt"), shown, booster.predict(shown, num_iteration=(predict or {}).get("num_iteration")), tolerance)


def make():
    f = Boosters("boosters")
    relevance = np.clip(THREE, 0, 2)
    for objective in ("rank:pairwise", "rank:ndcg", "rank:map"):
        f.xgboost(objective.replace(":", "-"), {"objective": objective}, relevance if objective != "rank:map" else CLASS, group=GROUPS)
    for distribution in ("normal", "logistic", "extreme"):
        upper = np.where(RNG.random(ROWS) < 0.3, np.inf, COUNT + 1.5)
        f.xgboost("survival-aft-" + distribution, {"objective": "survival:aft", "aft_loss_distribution": distribution, "aft_loss_distribution_scale": 1.2}, label_lower_bound=(COUNT + 0.5).astype(np.float32), label_upper_bound=upper.astype(np.float32))
    for method in ("exact", "approx", "hist"):
        f.xgboost("method-" + method, {"tree_method": method, "objective": "binary:logistic"}, CLASS)
    f.xgboost("lossguide", {"grow_policy": "lossguide", "max_leaves": 9, "max_depth": 0, "tree_method": "hist"}, SIGNAL)
    f.xgboost("monotone", {"monotone_constraints": "(1,-1,0,0,0)"}, SIGNAL)
    f.xgboost("deep", {"max_depth": 9}, SIGNAL, rounds=3)
    f.xgboost("pruned", {"gamma": 3.0, "max_depth": 6}, SIGNAL)
    f.xgboost("no-trees", {"objective": "reg:squarederror", "base_score": 1.25}, SIGNAL, rounds=0)
    for objective in ("multi:softprob", "multi:softmax"):
        f.xgboost("parallel-" + objective[6:], {"objective": objective, "num_class": 3, "num_parallel_tree": 2, "subsample": 0.7}, THREE)
    for strategy in ("one_output_per_tree", "multi_output_tree"):
        for suffix in (".json", ".ubj"):
            f.xgboost("targets-%s-%s" % (strategy[:3], suffix[1:]), {"multi_strategy": strategy}, np.column_stack([SIGNAL, SIGNAL ** 2, COUNT]), suffix=suffix)
    f.xgboost("vector-softprob", {"multi_strategy": "multi_output_tree", "objective": "multi:softprob", "num_class": 3}, THREE)
    f.xgboost("multilabel", {"objective": "binary:logistic"}, np.column_stack([CLASS, 1 - CLASS, (SIGNAL > 1).astype(int)]))
    f.xgboost("dart-classes", {"booster": "dart", "objective": "multi:softprob", "num_class": 3, "rate_drop": 0.4, "one_drop": 1}, THREE, suffix=".ubj")
    f.xgboost("dart-binary", {"booster": "dart", "objective": "binary:logistic", "rate_drop": 0.3, "normalize_type": "forest"}, CLASS)
    f.xgboost("linear-binary", {"booster": "gblinear", "objective": "binary:logistic", "updater": "coord_descent", "feature_selector": "cyclic"}, CLASS)
    f.xgboost("linear-poisson", {"booster": "gblinear", "objective": "count:poisson"}, COUNT, suffix=".ubj")
    f.xgboost("quantiles-ubj", {"objective": "reg:quantileerror", "quantile_alpha": [0.25, 0.75]}, SIGNAL, suffix=".ubj")
    f.xgboost("tweedie-power", {"objective": "reg:tweedie", "tweedie_variance_power": 1.8}, COUNT)
    f.xgboost("huber-slope", {"objective": "reg:pseudohubererror", "huber_slope": 0.5}, SIGNAL)
    f.xgboost("scale-weight", {"objective": "binary:logistic", "scale_pos_weight": 3.0}, CLASS)
    words = pd.DataFrame(X[:, :3], columns=NAMES[:3]).assign(word=WORDS)
    for onehot in (1, 60):
        for suffix in (".json", ".ubj"):
            f.xgboost("words-%d-%s" % (onehot, suffix[1:]), {"max_cat_to_onehot": onehot}, EFFECT, data=words, suffix=suffix)
    f.xgboost("words-classes", {"objective": "multi:softprob", "num_class": 3}, np.digitize(EFFECT, [-1, 1]), data=words)
    numbers = words.assign(word=pd.Categorical(CODES * 7))
    for objective in ("rank_xendcg", "lambdarank"):
        f.lightgbm(objective, {"objective": objective}, relevance, group=GROUPS)
    for boosting in ("gbdt", "dart", "rf"):
        extra = {"bagging_freq": 1, "bagging_fraction": 0.6} if boosting == "rf" else {"drop_rate": 0.4} if boosting == "dart" else {}
        f.lightgbm("classes-" + boosting, {"objective": "multiclass", "num_class": 3, "boosting": boosting, **extra}, THREE, tolerance=1e-9)
        f.lightgbm("binary-" + boosting, {"objective": "binary", "boosting": boosting, **extra}, CLASS, tolerance=1e-9)
    for objective, label in {"poisson": COUNT, "tweedie": COUNT, "gamma": COUNT + 0.5, "quantile": SIGNAL, "huber": SIGNAL, "mape": SIGNAL + 5, "cross_entropy_lambda": CLASS}.items():
        f.lightgbm("linear-" + objective if objective in ("poisson", "huber", "quantile") else objective, {"objective": objective, **({"linear_tree": True} if objective in ("poisson", "huber") else {})}, label, tolerance=1e-9)
    f.lightgbm("cut-iterations", {"objective": "regression"}, SIGNAL, predict={"num_iteration": 3})
    f.lightgbm("deep", {"num_leaves": 63, "min_data_in_leaf": 2}, SIGNAL, rounds=3)
    f.lightgbm("unbalanced", {"objective": "binary", "is_unbalance": True}, CLASS, tolerance=1e-9)
    f.lightgbm("zero-missing-classes", {"objective": "multiclass", "num_class": 3, "zero_as_missing": True}, THREE, tolerance=1e-9)
    f.lightgbm("extra-trees", {"extra_trees": True}, SIGNAL)
    f.lightgbm("monotone", {"monotone_constraints": [1, -1, 0, 0, 0]}, SIGNAL)
    f.lightgbm("linear-classes", {"linear_tree": True, "objective": "multiclass", "num_class": 3}, THREE, tolerance=1e-9)
    for name, frame in (("words", words), ("numbers", numbers)):
        f.lightgbm(name, {"min_data_per_group": 5, "cat_smooth": 1, "max_cat_to_onehot": 1}, EFFECT, data=frame)
        f.lightgbm(name + "-binary", {"objective": "binary", "min_data_per_group": 5, "cat_smooth": 1}, (EFFECT > 0).astype(int), data=frame, tolerance=1e-9)
    f.save()
