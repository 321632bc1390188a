#!/usr/bin/env python3
"""Documents of GaussianProcessModel. Expected: scikit-learn where it has the kernel, else the formulas of PMML 4.4.1
with scipy's Cholesky solver. (needs numpy, scipy, scikit-learn)"""
import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from common import INVALID, UNPARSABLE, array, field, number, output, schema, write

RNG = np.random.default_rng(4401)
TOLD = output(
    ("mean", 'feature="predictedValue"'),
    ("error", 'feature="standardError"'),
    ("deviation", 'feature="standardDeviation"'),
    ("lower", 'feature="confidenceIntervalLower" value="90"'),
    ("upper", 'feature="confidenceIntervalUpper"'),
)


def instances(names, x, y, transformed="false"):
    fields = "".join('<InstanceField field="%s" column="c%d"/>' % (name, at) for at, name in enumerate(names + ["y"]))
    rows = "".join(
        "<row>%s</row>" % "".join("<c%d>%s</c%d>" % (at, number(v), at) for at, v in enumerate(list(point) + [value]))
        for point, value in zip(x, y)
    )
    return (
        '<TrainingInstances isTransformed="%s" recordCount="%d" fieldCount="%d"><InstanceFields>%s</InstanceFields>'
        "<InlineTable>%s</InlineTable></TrainingInstances>" % (transformed, len(y), len(names) + 1, fields, rows)
    )


def by_formula(kernel, x, y, gamma, noise, points):
    matrix = np.array([[kernel(a, b) for b in x] for a in x]) + noise * np.eye(len(x))
    factor = cho_factor(matrix, lower=True)
    near = np.array([[kernel(a, b) for b in x] for a in points])
    mean = near @ cho_solve(factor, y)
    variance = gamma - np.einsum("ij,ji->i", near, cho_solve(factor, near.T)) + noise
    return mean, np.sqrt(variance)


def out(mean, deviation, factor=1.0, constant=0.0, target="y"):
    lower, upper = mean - norm.ppf(0.95) * deviation, mean + norm.ppf(0.975) * deviation
    if factor < 0:
        lower, upper = mean + norm.ppf(0.95) * deviation, mean - norm.ppf(0.975) * deviation
    return {
        target: mean * factor + constant,
        "mean": mean * factor + constant,
        "error": deviation * abs(factor),
        "deviation": deviation * abs(factor),
        "lower": lower * factor + constant,
        "upper": upper * factor + constant,
    }


def nothing(target="y"):
    """Of a record that lacks a feature there is no prediction, and nothing is told of it."""
    return {name: None for name in (target, "mean", "error", "deviation", "lower", "upper")}


def rows(names, points, means, deviations, **target):
    return [
        {"in": dict(zip(names, point)), "out": out(mean, deviation, **target)}
        for point, mean, deviation in zip(points, means, deviations)
    ]


def model(kernel, names, x, y, more="", transformed="false", read=None, **attributes):
    return (
        '<GaussianProcessModel functionName="regression">%s%s%s%s%s</GaussianProcessModel>'
        % (schema(read or names, "y", **attributes), TOLD, more, kernel, instances(names, x, y, transformed))
    )


def lambdas(values):
    return "<Lambda>%s</Lambda>" % array(values)


def main():
    # The two instances of the specification's example.
    names, x, y = ["x1", "x2"], np.array([[1.0, 3.0], [2.0, 6.0]]), np.array([1.0, 2.0])
    gamma, noise, scales = 2.4890, 0.0110, [1.5164, 59.3113]
    points = np.array([[1.0, 4.0], [2.0, 3.0], [0.0, 3.0], [50.0, -7.0]])
    fitted = GaussianProcessRegressor(ConstantKernel(gamma) * RBF(scales) + WhiteKernel(noise), alpha=0, optimizer=None)
    means, deviations = fitted.fit(x, y).predict(points, return_std=True)
    kernel = '<ARDSquaredExponentialKernel gamma="%s" noiseVariance="%s">%s</ARDSquaredExponentialKernel>' % (
        gamma, noise, lambdas(scales))
    write("gaussian_process_example", [field(n) for n in names + ["y"]], model(kernel, names, x, y),
          rows(names, points, means, deviations) + [
              {"in": {"x1": 1.0}, "out": nothing()},
              {"in": {"x1": "1.0", "x2": "4"}, "out": out(means[0], deviations[0])},
              {"in": {"x1": "one", "x2": 4.0}, "error": UNPARSABLE},
          ])

    # One scale for all features; an interval that invalid records leave.
    names = ["a", "b", "c"]
    x = RNG.normal(size=(30, 3)) * [1, 2, 5]
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1] + RNG.normal(size=30) * 0.1
    points = RNG.normal(size=(12, 3)) * [1, 2, 5]
    fitted = GaussianProcessRegressor(ConstantKernel(1.7) * RBF(2.3) + WhiteKernel(0.02), alpha=0, optimizer=None)
    means, deviations = fitted.fit(x, y).predict(points, return_std=True)
    kernel = '<RadialBasisKernel description="smooth" gamma="1.7" noiseVariance="0.02" lambda="2.3"/>'
    fields = [field("a", (-10, 10)), field("b"), field("c"), field("y")]
    write("gaussian_process_radial", fields, model(kernel, names, x, y), rows(names, points, means, deviations) + [
        {"in": {"a": 11.0, "b": 0.0, "c": 0.0}, "error": INVALID},
        # The first feature that is missing decides: what stands behind it is not read.
        {"in": {"b": 0.0, "c": 0.0}, "out": nothing()},
    ])

    # A scale for each feature; missing and invalid values are replaced.
    scales = [0.9, 2.5, 6.0]
    fitted = GaussianProcessRegressor(ConstantKernel(3.0) * RBF(scales) + WhiteKernel(0.5), alpha=0, optimizer=None)
    fitted.fit(x, y)
    means, deviations = fitted.predict(points, return_std=True)
    replaced = np.array([[0.5, 1.0, 2.0], [1.0, -1.5, 2.0]])
    more_means, more_deviations = fitted.predict(replaced, return_std=True)
    kernel = '<ARDSquaredExponentialKernel gamma="3" noiseVariance="0.5">%s</ARDSquaredExponentialKernel>' % lambdas(scales)
    attributes = {
        "a": 'missingValueReplacement="0.5"',
        "b": 'missingValueReplacement="-1.5" invalidValueTreatment="asMissing"',
    }
    fields = [field("a"), field("b", (-50, 50)), field("c"), field("y")]
    write("gaussian_process_replaced", fields, model(kernel, names, x, y, **attributes),
          rows(names, points, means, deviations) + [
              {"in": {"b": 1.0, "c": 2.0}, "out": out(more_means[0], more_deviations[0])},
              {"in": {"a": 1.0, "b": 1e9, "c": 2.0}, "out": out(more_means[1], more_deviations[1])},
              {"in": {"a": 1.0, "b": 1.0}, "out": nothing()},
          ])

    # Absolute distances; the mean is rescaled, which turns the interval round.
    gamma, noise, scales = 2.0, 0.3, np.array([1.5, 0.7, 4.0])
    absolute = lambda a, b: gamma * np.exp(-np.sum(np.abs(a - b) / scales))
    means, deviations = by_formula(absolute, x, y, gamma, noise, points)
    kernel = '<AbsoluteExponentialKernel gamma="2" noiseVariance="0.3">%s</AbsoluteExponentialKernel>' % lambdas(scales)
    targets = '<Targets><Target field="y" rescaleFactor="-2" rescaleConstant="10"/></Targets>'
    write("gaussian_process_absolute", [field(n) for n in names + ["y"]], model(kernel, names, x, y, targets),
          rows(names, points, means, deviations, factor=-2.0, constant=10.0) + [
              {"in": {"a": 1.0, "b": 1.0}, "out": nothing()},
              {"in": {"a": 1.0, "b": 1.0, "c": "NaN"}, "error": INVALID},
          ])

    # A degree between the two, over a derived feature; every attribute of the kernel but the degree left out.
    degree = 1.4
    between = lambda a, b: np.exp(-np.sum(np.abs(a - b) ** degree))
    logged = np.column_stack([np.log(np.abs(x[:, 0]) + 1.0), x[:, 1]])
    seen = np.abs(points[:, 0]) + 1.0
    means, deviations = by_formula(between, logged, y, 1.0, 1.0, np.column_stack([np.log(seen), points[:, 1]]))
    kernel = '<GeneralizedExponentialKernel degree="1.4"/>'
    derived = (
        '<LocalTransformations><DerivedField name="log" optype="continuous" dataType="double">'
        '<Apply function="ln"><FieldRef field="a"/></Apply></DerivedField></LocalTransformations>'
    )
    text = model(kernel, ["log", "b"], logged, y, derived, "true", read=["a", "b"])
    write("gaussian_process_derived", [field("a"), field("b"), field("y")], text,
          rows(["a", "b"], np.column_stack([seen, points[:, 1]]), means, deviations) + [
              # ln of a missing argument is an error of the row.
              {"in": {"b": 1.0}, "error": MISSING_ARGUMENT},
              {"in": {"a": 1.0}, "out": nothing()},
          ])


MISSING_ARGUMENT = "missing_value"

if __name__ == "__main__":
    main()
