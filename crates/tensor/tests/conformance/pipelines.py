"""scikit-learn estimators and pipelines through skl2onnx, with ONNX Runtime's answers where scikit-learn agrees."""
import warnings

import numpy as np
import onnx
from skl2onnx import to_onnx
from skl2onnx.common import _container
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn import (cluster, compose, decomposition, discriminant_analysis, ensemble, feature_selection, gaussian_process,
                     impute, kernel_approximation, linear_model, mixture, multiclass, multioutput, naive_bayes, neighbors, neural_network, pipeline, preprocessing, random_projection, svm, tree, calibration, cross_decomposition)

from cases import Family

MAKE_NODE = _container.make_node


def make_node(*given, **attributes):
    """skl2onnx hands over arrays and truth values, which newer versions of onnx refuse."""
    plain = lambda value: value.tolist() if isinstance(value, np.ndarray) else value
    number = lambda value: [int(one) if isinstance(one, (bool, np.bool_)) else one for one in value] if isinstance(value, list) else value
    return MAKE_NODE(*given, **{key: number(plain(value)) for key, value in attributes.items()})


_container.make_node = make_node
warnings.simplefilter("ignore")
RNG = np.random.default_rng(23)
ROWS, SHOWN = 120, 6
X = RNG.normal(size=(ROWS, 4)).astype(np.float32)
SIGNAL = X @ [1.0, -2.0, 0.5, 1.0] + 0.3 * RNG.normal(size=ROWS)
TWO, THREE = (SIGNAL > 0).astype(np.int64), np.digitize(SIGNAL, [-1, 1])
NAMED = np.array(["low", "middle", "high"])[THREE]
MANY = np.column_stack([SIGNAL, X[:, 0] * 2])
HOLES = X.copy(); HOLES[RNG.random(X.shape) < 0.15] = np.nan
COUNTS = RNG.integers(0, 5, size=(ROWS, 4)).astype(np.float32)
COLOURS = np.array(["red", "green", "blue", "grey"], object)[RNG.integers(0, 4, size=(ROWS, 2))]


class Pipelines(Family):
    def one(self, name, estimator, data=X, label=None, types=None, double=False, opset=None, tolerance=None, options=None, **fit):
        """Fits, converts and compares."""
        try:
            estimator.fit(data, label, **fit) if label is not None else estimator.fit(data, **fit)
            kind = DoubleTensorType if double else FloatTensorType
            types = types or [("X", (StringTensorType if data.dtype == object else Int64TensorType if data.dtype == np.int64 else kind)([None, data.shape[1]]))]
            if options is None and hasattr(estimator, "predict_proba") and name not in ("transform-mixture", "select-rfe"): options = {id(estimator): {"zipmap": False}}
            model = to_onnx(estimator, initial_types=types, target_opset=opset or {"": 17, "ai.onnx.ml": 3}, options=options)
        except Exception as error:
            self.refused.append((name, str(error).splitlines()[0][:150]))
            return
        shown = data[:SHOWN]
        if double: shown = shown.astype(np.float64)
        inputs = {"X": shown} if len(types) == 1 else {name: shown[:, i:i + 1] for i, (name, _) in enumerate(types)}
        self.onnx(name, model, inputs, tolerance)


def make():
    f = Pipelines("pipelines")
    for name, estimator in {
        "linear": linear_model.LinearRegression(), "ridge": linear_model.Ridge(), "lasso": linear_model.Lasso(0.1), "elastic": linear_model.ElasticNet(0.1),
        "huber": linear_model.HuberRegressor(), "poisson": linear_model.PoissonRegressor(), "gamma": linear_model.GammaRegressor(), "tweedie": linear_model.TweedieRegressor(power=1.5),
        "quantile": linear_model.QuantileRegressor(quantile=0.5, alpha=0.01), "bayes-ridge": linear_model.BayesianRidge(), "ransac": linear_model.RANSACRegressor(random_state=1),
        "sgd": linear_model.SGDRegressor(random_state=1), "svr": svm.SVR(), "svr-poly": svm.SVR(kernel="poly", degree=2), "svr-sigmoid": svm.SVR(kernel="sigmoid", gamma=0.1), "linear-svr": svm.LinearSVR(random_state=1), "nu-svr": svm.NuSVR(),
        "tree": tree.DecisionTreeRegressor(max_depth=4), "forest": ensemble.RandomForestRegressor(5, max_depth=4, random_state=1), "extra": ensemble.ExtraTreesRegressor(5, max_depth=4, random_state=1),
        "boosting": ensemble.GradientBoostingRegressor(n_estimators=6, random_state=1), "histogram": ensemble.HistGradientBoostingRegressor(max_iter=5, random_state=1), "ada": ensemble.AdaBoostRegressor(n_estimators=4, random_state=1),
        "bagging": ensemble.BaggingRegressor(n_estimators=3, random_state=1), "voting": ensemble.VotingRegressor([("a", linear_model.LinearRegression()), ("b", tree.DecisionTreeRegressor(max_depth=3))]),
        "stacking": ensemble.StackingRegressor([("a", linear_model.LinearRegression()), ("b", tree.DecisionTreeRegressor(max_depth=3))]),
        "mlp": neural_network.MLPRegressor(hidden_layer_sizes=(6, 4), max_iter=50, random_state=1), "mlp-tanh": neural_network.MLPRegressor(hidden_layer_sizes=(6,), activation="tanh", max_iter=50, random_state=1),
        "knn": neighbors.KNeighborsRegressor(3), "knn-distance": neighbors.KNeighborsRegressor(3, weights="distance"), "knn-manhattan": neighbors.KNeighborsRegressor(3, metric="manhattan"), "gaussian-process": gaussian_process.GaussianProcessRegressor(alpha=0.1),
        "pls": cross_decomposition.PLSRegression(2),
    }.items():
        label = np.abs(SIGNAL) + 0.1 if name in ("gamma", "poisson", "tweedie") else SIGNAL
        f.one("regress-" + name, estimator, label=label, double=name == "gaussian-process", tolerance=1e-4 if name in ("poisson", "gamma", "tweedie", "svr-poly") else None)
    for name, estimator in {
        "linear": linear_model.LinearRegression(), "tree": tree.DecisionTreeRegressor(max_depth=3), "forest": ensemble.RandomForestRegressor(4, max_depth=3, random_state=1),
        "mlp": neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=50, random_state=1), "multi": multioutput.MultiOutputRegressor(linear_model.Ridge()), "chain": multioutput.RegressorChain(linear_model.Ridge()),
        "knn": neighbors.KNeighborsRegressor(3), "multi-lasso": linear_model.MultiTaskLasso(0.1),
    }.items():
        f.one("targets-" + name, estimator, label=MANY)
    for name, estimator in {
        "logistic": linear_model.LogisticRegression(), "ridge": linear_model.RidgeClassifier(), "sgd": linear_model.SGDClassifier(loss="log_loss", random_state=1), "perceptron": linear_model.Perceptron(random_state=1),
        "lda": discriminant_analysis.LinearDiscriminantAnalysis(), "qda": discriminant_analysis.QuadraticDiscriminantAnalysis(), "svc": svm.SVC(probability=True, random_state=1), "svc-linear": svm.SVC(kernel="linear", probability=True, random_state=1),
        "svc-bare": svm.SVC(kernel="poly", degree=2), "nu-svc": svm.NuSVC(probability=True, random_state=1), "linear-svc": svm.LinearSVC(random_state=1),
        "tree": tree.DecisionTreeClassifier(max_depth=4), "forest": ensemble.RandomForestClassifier(5, max_depth=4, random_state=1), "extra": ensemble.ExtraTreesClassifier(5, max_depth=4, random_state=1),
        "boosting": ensemble.GradientBoostingClassifier(n_estimators=4, random_state=1), "histogram": ensemble.HistGradientBoostingClassifier(max_iter=4, random_state=1), "ada": ensemble.AdaBoostClassifier(n_estimators=4, random_state=1),
        "bagging": ensemble.BaggingClassifier(n_estimators=3, random_state=1), "voting": ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier(max_depth=3))], voting="soft", flatten_transform=False),
        "stacking": ensemble.StackingClassifier([("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier(max_depth=3))]),
        "mlp": neural_network.MLPClassifier((6,), max_iter=50, random_state=1), "knn": neighbors.KNeighborsClassifier(3), "gaussian-bayes": naive_bayes.GaussianNB(),
        "one-rest": multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), "one-one": multiclass.OneVsOneClassifier(linear_model.LogisticRegression()), "calibrated": calibration.CalibratedClassifierCV(linear_model.LogisticRegression(), cv=2),
        "calibrated-isotonic": calibration.CalibratedClassifierCV(linear_model.LogisticRegression(), cv=2, method="isotonic"),
    }.items():
        f.one("classify-two-" + name, estimator, label=TWO, tolerance=1e-4 if "svc" in name or name == "qda" else None)
        f.one("classify-three-" + name, estimator, label=NAMED, tolerance=1e-4 if "svc" in name or name == "qda" else None)
    for name, estimator in {"multinomial": naive_bayes.MultinomialNB(), "bernoulli": naive_bayes.BernoulliNB(binarize=1.0), "complement": naive_bayes.ComplementNB(), "categorical": naive_bayes.CategoricalNB()}.items():
        f.one("bayes-" + name, estimator, COUNTS, THREE)
    for name, estimator in {
        "standard": preprocessing.StandardScaler(), "robust": preprocessing.RobustScaler(), "minmax": preprocessing.MinMaxScaler(clip=True), "maxabs": preprocessing.MaxAbsScaler(), "l1": preprocessing.Normalizer("l1"),
        "binarizer": preprocessing.Binarizer(threshold=0.2), "polynomial": preprocessing.PolynomialFeatures(2), "bins": preprocessing.KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf"), "bins-onehot": preprocessing.KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"),
        "power": preprocessing.PowerTransformer(), "quantile": preprocessing.QuantileTransformer(n_quantiles=20), "function": preprocessing.FunctionTransformer(), "pca": decomposition.PCA(2), "incremental-pca": decomposition.IncrementalPCA(2), "svd": decomposition.TruncatedSVD(2),
        "kernel-pca": decomposition.KernelPCA(2, kernel="rbf"), "nystroem": kernel_approximation.Nystroem(n_components=3, random_state=1), "variance": feature_selection.VarianceThreshold(0.1), "projection": random_projection.GaussianRandomProjection(2, random_state=1),
        "kmeans": cluster.KMeans(3, n_init=1, random_state=1), "mini-kmeans": cluster.MiniBatchKMeans(3, n_init=1, random_state=1), "mixture": mixture.GaussianMixture(2, random_state=1), "isolation": ensemble.IsolationForest(n_estimators=3, random_state=1),
        "one-class": svm.OneClassSVM(), "outlier": neighbors.LocalOutlierFactor(n_neighbors=5, novelty=True), "embedding": ensemble.RandomTreesEmbedding(3, max_depth=2, random_state=1, sparse_output=False), "spline": preprocessing.SplineTransformer(3),
    }.items():
        f.one("transform-" + name, estimator, tolerance=1e-4 if name in ("power", "mixture") else None)
    for name, estimator in {"select-k": feature_selection.SelectKBest(k=2), "percentile": feature_selection.SelectPercentile(percentile=50), "from-model": feature_selection.SelectFromModel(tree.DecisionTreeClassifier(max_depth=2)), "rfe": feature_selection.RFE(linear_model.LogisticRegression(), n_features_to_select=2)}.items():
        f.one("select-" + name, estimator, label=TWO)
    for strategy in ("mean", "median", "most_frequent", "constant"): f.one("impute-" + strategy, impute.SimpleImputer(strategy=strategy), HOLES)
    f.one("impute-indicator", impute.SimpleImputer(add_indicator=True), HOLES)
    f.one("impute-forest", pipeline.make_pipeline(impute.SimpleImputer(), ensemble.RandomForestClassifier(3, max_depth=3, random_state=1)), HOLES, TWO)
    f.one("holes-histogram", ensemble.HistGradientBoostingClassifier(max_iter=4, random_state=1), HOLES, TWO)
    f.one("holes-tree", tree.DecisionTreeClassifier(max_depth=3), HOLES, TWO)
    f.one("text-onehot", preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False), COLOURS), f.one("text-ordinal", preprocessing.OrdinalEncoder(), COLOURS)
    f.one("text-target", preprocessing.TargetEncoder(random_state=1), COLOURS, TWO)
    f.one("text-logistic", pipeline.make_pipeline(preprocessing.OneHotEncoder(handle_unknown="ignore"), linear_model.LogisticRegression()), COLOURS, NAMED)
    f.one("i64-logistic", linear_model.LogisticRegression(), COUNTS.astype(np.int64), TWO)
    f.one("i64-forest", ensemble.RandomForestClassifier(3, max_depth=3, random_state=1), COUNTS.astype(np.int64), TWO)
    for name, data, label in (("linear", linear_model.LinearRegression(), SIGNAL), ("logistic", linear_model.LogisticRegression(), TWO), ("scaler", pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()), SIGNAL), ("mlp", neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=50, random_state=1), SIGNAL), ("forest", ensemble.RandomForestRegressor(4, max_depth=3, random_state=1), SIGNAL), ("knn", neighbors.KNeighborsRegressor(3), SIGNAL), ("boosting", ensemble.GradientBoostingRegressor(n_estimators=4, random_state=1), SIGNAL)):
        f.one("f64-" + name, data, label=label, double=True)
    for opset in (9, 11, 13, 15, 19, 21):
        target = {"": opset, "ai.onnx.ml": 1 if opset < 15 else 3}
        f.one("opset-%d-logistic" % opset, pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()), label=NAMED, opset=target)
        f.one("opset-%d-forest" % opset, ensemble.RandomForestClassifier(3, max_depth=3, random_state=1), label=TWO, opset=target)
        f.one("opset-%d-kmeans" % opset, cluster.KMeans(3, n_init=1, random_state=1), opset=target)
    for columns in (True, False):
        forest = ensemble.RandomForestClassifier(3, max_depth=3, random_state=1)
        f.one("map-forest-%s" % ("columns" if columns else "dictionaries"), forest, label=NAMED if columns else TWO, options={id(forest): {"zipmap": "columns" if columns else True}})
    logistic = linear_model.LogisticRegression()
    f.one("map-logistic", logistic, label=NAMED, options={id(logistic): {"zipmap": True}})
    raw = linear_model.LogisticRegression()
    f.one("raw-logistic", raw, label=NAMED, options={id(raw): {"zipmap": False, "raw_scores": True}})
    table(f)
    f.save()


def table(f):
    """Columns by name, of several types."""
    import pandas
    frame = pandas.DataFrame(X, columns=list("abcd")).assign(colour=COLOURS[:, 0], count=COUNTS[:, 0].astype(np.int64))
    parts = compose.ColumnTransformer([
        ("numbers", pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler()), list("abcd")),
        ("words", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["colour"]), ("rest", "passthrough", ["count"])])
    types = [(name, FloatTensorType([None, 1])) for name in "abcd"] + [("colour", StringTensorType([None, 1])), ("count", Int64TensorType([None, 1]))]
    shown = frame.iloc[:SHOWN]
    inputs = {name: shown[[name]].to_numpy(np.float32) for name in "abcd"}
    inputs["colour"], inputs["count"] = shown[["colour"]].to_numpy(object), shown[["count"]].to_numpy(np.int64)
    for name, last, label in (("logistic", linear_model.LogisticRegression(), NAMED), ("boosting", ensemble.GradientBoostingClassifier(n_estimators=3, random_state=1), TWO), ("svc", svm.SVC(probability=True, random_state=1), TWO), ("ridge", linear_model.Ridge(), SIGNAL)):
        whole = pipeline.Pipeline([("parts", parts), ("last", last)]).fit(frame, label)
        options = {id(last): {"zipmap": False}} if hasattr(last, "predict_proba") else None
        f.onnx("table-" + name, to_onnx(whole, initial_types=types, target_opset={"": 17, "ai.onnx.ml": 3}, options=options), inputs, 1e-4 if name == "svc" else None)
