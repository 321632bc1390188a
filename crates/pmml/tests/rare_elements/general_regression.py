#!/usr/bin/env python3
"""Documents of GeneralRegressionModel that tell standard errors and intervals of their means. Expected: statsmodels.
(needs numpy, pandas, statsmodels)"""
import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from common import INVALID, field, number, output, schema, write

RNG = np.random.default_rng(4405)
TOLD = output(
    ("mean", 'feature="predictedValue"'),
    ("error", 'feature="standardError"'),
    ("lower", 'feature="confidenceIntervalLower" value="0.8"'),
    ("upper", 'feature="confidenceIntervalUpper" value="80"'),
)
DATA = pd.DataFrame({
    "x": RNG.normal(size=60), "z": RNG.uniform(0.5, 3, size=60), "c": RNG.choice(["a", "b", "d"], size=60),
    "exposure": RNG.uniform(0.1, 2.0, size=60)})
SIGNAL = 0.4 + 0.8 * DATA.x - 0.5 * DATA.z + DATA.c.map({"a": 0.0, "b": 0.6, "d": -0.9})
FIELDS = [field("x", (-10, 10)), field("z"), field("c", values=["a", "b", "d"]), field("exposure"), field("y")]
NAMES = ["x", "z", "c"]
# What the design matrix's columns are made of: predictor and value.
COLUMNS = {"Intercept": [], "C(c)[T.b]": [("c", "b")], "C(c)[T.d]": [("c", "d")], "x": [("x", "1")], "z": [("z", "1")],
           "x:z": [("x", "1"), ("z", "1")]}


def model(fit, attributes, active=NAMES):
    names = {column: "p%d" % at for at, column in enumerate(fit.params.index)}
    cells = "".join('<PCell parameterName="%s" df="1" beta="%s"/>' % (names[c], number(fit.params[c])) for c in names)
    parts = "".join('<PPCell value="%s" predictorName="%s" parameterName="%s"/>' % (value, predictor, names[column])
                    for column in names for predictor, value in COLUMNS[column])
    # One triangle says it all.
    covariances = "".join('<PCovCell pRow="%s" pCol="%s" value="%s"/>' % (names[r], names[c], number(fit.cov_params().loc[r, c]))
                          for at, r in enumerate(names) for c in list(names)[: at + 1])
    return (
        '<GeneralRegressionModel functionName="regression" %s>%s%s<ParameterList>%s</ParameterList>'
        '<FactorList><Predictor name="c"/></FactorList><CovariateList><Predictor name="x"/><Predictor name="z"/></CovariateList>'
        "<PPMatrix>%s</PPMatrix><PCovMatrix type=\"model\">%s</PCovMatrix><ParamMatrix>%s</ParamMatrix></GeneralRegressionModel>"
        % (attributes, schema(active, "y"), TOLD, "".join('<Parameter name="%s"/>' % n for n in names.values()), parts, covariances, cells)
    )


def rows(fit, points, names=NAMES, **arguments):
    frame = fit.get_prediction(points, **arguments).summary_frame(alpha=0.2)
    return [
        {"in": {name: point[name] for name in names},
         "out": {"y": row["mean"], "mean": row["mean"], "error": row["mean_se"], "lower": row["mean_ci_lower"], "upper": row["mean_ci_upper"]}}
        for (_, point), (_, row) in zip(points.iterrows(), frame.iterrows())
    ]


NOTHING = {name: None for name in ("y", "mean", "error", "lower", "upper")}
FAULTS = [{"in": {"x": 1.0, "c": "a"}, "out": NOTHING}, {"in": {"x": 11.0, "z": 1.0, "c": "a"}, "error": INVALID}]


def main():
    points = pd.DataFrame({"x": RNG.normal(size=8), "z": RNG.uniform(0.5, 3, size=8), "c": list("abdabdab"),
                           "exposure": RNG.uniform(0.1, 2.0, size=8)})
    data = DATA.assign(y=SIGNAL + RNG.normal(size=60) * 0.3)
    fit = smf.glm("y ~ C(c) + x + z + x:z", data, family=sm.families.Gaussian()).fit()
    write("general_regression_linear", FIELDS, model(fit, 'modelType="generalLinear"'), rows(fit, points) + FAULTS)

    data = DATA.assign(y=(RNG.random(60) < 1 / (1 + np.exp(-SIGNAL))).astype(float))
    fit = smf.glm("y ~ C(c) + x + z", data, family=sm.families.Binomial()).fit()
    attributes = 'modelType="generalizedLinear" distribution="binomial" linkFunction="logit"'
    write("general_regression_logit", FIELDS, model(fit, attributes), rows(fit, points) + FAULTS)

    data = DATA.assign(y=RNG.poisson(np.exp(SIGNAL) * DATA.exposure).astype(float))
    fit = smf.glm("y ~ C(c) + x + z", data, family=sm.families.Poisson(), offset=np.log(data.exposure)).fit()
    attributes = 'modelType="generalizedLinear" distribution="poisson" linkFunction="log" offsetVariable="shift"'
    points["shift"] = np.log(points.exposure)
    fields = FIELDS[:3] + [field("shift"), field("y")]
    told = rows(fit, points, NAMES + ["shift"], offset=points["shift"])
    write("general_regression_log", fields, model(fit, attributes, NAMES + ["shift"]), told + [
        {"in": {"x": 1.0, "z": 1.0, "c": "a"}, "out": NOTHING}, FAULTS[1] | {"in": FAULTS[1]["in"] | {"shift": 0.0}}])


if __name__ == "__main__":
    main()
