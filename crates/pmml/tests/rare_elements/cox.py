#!/usr/bin/env python3
"""Cox regression: fitted by lifelines and statsmodels; cumulative hazards from lifelines or by Breslow's formula.

Needs numpy, pandas, lifelines and statsmodels.
"""
import warnings

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi
from statsmodels.duration.hazard_regression import PHReg

from shapes import Topic, category, number

warnings.simplefilter("ignore")
topic = Topic("cox")
dice = np.random.default_rng(20240611)
rossi = load_rossi()
rossi["work"] = np.where(rossi["wexp"] == 1, "yes", "no")


def cells(table):
    return "".join(f'<BaselineCell time="{float(time)!r}" cumHazard="{float(hazard)!r}"/>' for time, hazard in table.items())


def document(terms, fields, target, tables, strata=None, output="", more=""):
    """`terms`: (name, coefficient, reference, factors); a factor is (field, value or None for a number, exponent)."""
    numbers = sorted({field for *_, factors in terms for field, value, _ in factors if value is None})
    values = sorted({field for *_, factors in terms for field, value, _ in factors if value is not None})
    parameters = "".join(f'<Parameter name="p{at}" label="{name}" referencePoint="{float(reference)!r}"/>' for at, (name, _, reference, _) in enumerate(terms))
    pp = ""
    for at, (*_, factors) in enumerate(terms):
        for field, value, exponent in factors:
            pp += f'<PPCell parameterName="p{at}" predictorName="{field}" value="{exponent if value is None else value}"/>'
    betas = "".join(f'<PCell parameterName="p{at}" beta="{float(beta)!r}"/>' for at, (_, beta, _, _) in enumerate(terms))
    def listed(element, names):
        inner = "".join(f'<Predictor name="{name}"/>' for name in names)
        return f"<{element}>{inner}</{element}>" if names else ""

    factor_list, covariates = listed("FactorList", values), listed("CovariateList", numbers)
    stratum = f' baselineStrataVariable="{strata}"' if strata else ""
    active = "".join(f'<MiningField name="{name}"/>' for name in [*fields, "week"])
    return (f'<GeneralRegressionModel modelType="CoxRegression" functionName="regression" endTimeVariable="week"{stratum}{more}>'
            f'<MiningSchema>{active}<MiningField name="{target}" usageType="target"/></MiningSchema>{output}'
            f"<ParameterList>{parameters}</ParameterList>{factor_list}{covariates}<PPMatrix>{pp}</PPMatrix>"
            f"<ParamMatrix>{betas}</ParamMatrix>{tables}</GeneralRegressionModel>")


def step(table, time):
    """The cumulative hazard of the last event that lies at or before `time`."""
    passed = table.index[table.index <= time]
    return float(table[passed[-1]]) if len(passed) else 0.0


def times(table):
    last = float(table.index.max())
    return [0.5, float(table.index[0]), *dice.choice(table.index, 6).astype(float), *dice.uniform(1, last, 6), last]


FIELDS = number("age") + number("prio") + number("week") + number("hazard") + category("work", "yes", "no") + category("race", "1", "0")
FAULTY = [{"in": {"age": "old", "prio": 1, "week": 20}, "error": "unparsable_value"}]


def missing(record, name="hazard"):
    found = []
    for field in record:
        found.append({"in": {**record, field: None}, "out": {name: None}})
    return found


# Numbers, by lifelines: hazards relative to the means.
fitted = CoxPHFitter().fit(rossi[["week", "arrest", "age", "prio"]], "week", "arrest")
base = fitted.baseline_cumulative_hazard_.iloc[:, 0]
rows = []
for time in times(base):
    record = {"age": float(dice.integers(17, 45)), "prio": float(dice.integers(0, 15)), "week": time}
    known = base.index[base.index <= time]
    hazard = 0.0
    if len(known):
        # At a time of the table lifelines does not interpolate.
        hazard = float(fitted.predict_cumulative_hazard(pd.DataFrame([record]), times=[known[-1]]).iloc[0, 0])
    rows.append({"in": record, "out": {"hazard": hazard}})
rows += [{"in": {"age": 20.0, "prio": 1.0, "week": 53.0}, "out": {"hazard": None}}]
terms = [(name, fitted.params_[name], rossi[name].mean(), [(name, None, 1)]) for name in ["age", "prio"]]
plain = f'<BaseCumHazardTables maxTime="{float(base.index.max())}">{cells(base)}</BaseCumHazardTables>'
topic.case("numbers", FIELDS, document(terms, ["age", "prio"], "hazard", plain), rows + missing({"age": 20.0, "prio": 1.0, "week": 30.0}) + FAULTY)

# A factor and a number, and the probability to survive as an output.
coded = pd.DataFrame({"week": rossi["week"], "arrest": rossi["arrest"], "age": rossi["age"], "work": (rossi["work"] == "yes") * 1.0})
fitted = CoxPHFitter().fit(coded, "week", "arrest")
base = fitted.baseline_cumulative_hazard_.iloc[:, 0]
survival = ('<Output><OutputField name="cumulated" feature="predictedValue"/><OutputField name="survival" feature="transformedValue" dataType="double">'
            '<Apply function="exp"><Apply function="*"><Constant dataType="double">-1</Constant><FieldRef field="cumulated"/></Apply></Apply>'
            "</OutputField></Output>")
rows = []
for time in times(base):
    record = {"age": float(dice.integers(17, 45)), "work": str(dice.choice(["yes", "no"])), "week": time}
    known = base.index[base.index <= time]
    if not len(known):
        rows.append({"in": record, "out": {"hazard": 0.0, "cumulated": 0.0, "survival": 1.0}})
        continue
    coded_record = pd.DataFrame([{"age": record["age"], "work": (record["work"] == "yes") * 1.0}])
    cumulated = float(fitted.predict_cumulative_hazard(coded_record, times=[known[-1]]).iloc[0, 0])
    rows.append({"in": record, "out": {
        "hazard": cumulated,
        "cumulated": cumulated,
        "survival": float(fitted.predict_survival_function(coded_record, times=[known[-1]]).iloc[0, 0]),
    }})
terms = [("age", fitted.params_["age"], coded["age"].mean(), [("age", None, 1)]),
         ("work", fitted.params_["work"], coded["work"].mean(), [("work", "yes", 1)])]
plain = f'<BaseCumHazardTables maxTime="{float(base.index.max())}">{cells(base)}</BaseCumHazardTables>'
topic.case("factor_and_survival", FIELDS, document(terms, ["age", "work"], "hazard", plain, output=survival), rows + [
    {"in": {"age": 20.0, "work": "perhaps", "week": 30.0}, "error": "invalid_value"},
    {"in": {"age": 20.0, "work": "yes", "week": "late"}, "error": "unparsable_value"},
])

# Strata, by lifelines.
fitted = CoxPHFitter().fit(rossi[["week", "arrest", "age", "prio", "race"]], "week", "arrest", strata=["race"])
bases = fitted.baseline_cumulative_hazard_
tables = "<BaseCumHazardTables>"
for race in bases.columns:
    own = bases[race].dropna()
    tables += f'<BaselineStratum value="{int(race)}" maxTime="{float(own.index.max())}">{cells(own)}</BaselineStratum>'
tables += "</BaseCumHazardTables>"
rows = []
for race in bases.columns:
    own = bases[race].dropna()
    for time in times(own):
        record = {"age": float(dice.integers(17, 45)), "prio": float(dice.integers(0, 15)), "race": str(int(race)), "week": time}
        known = own.index[own.index <= time]
        hazard = 0.0
        if len(known):
            frame = pd.DataFrame([{"age": record["age"], "prio": record["prio"], "race": int(race)}])
            hazard = float(fitted.predict_cumulative_hazard(frame, times=[known[-1]]).iloc[0, 0])
        rows.append({"in": record, "out": {"hazard": hazard}})
terms = [(name, fitted.params_[name], fitted._norm_mean[name], [(name, None, 1)]) for name in ["age", "prio"]]
strata = document(terms, ["age", "prio", "race"], "hazard", tables, strata="race")
topic.case("strata", FIELDS, strata, rows + missing({"age": 20.0, "prio": 1.0, "race": "1", "week": 30.0})
            + [{"in": {"age": 20.0, "prio": 1.0, "race": "7", "week": 30.0}, "error": "invalid_value"}])


# Fitted by statsmodels, with an interaction and a power; Breslow's cumulative hazards by their formula.
def breslow(time, event, risk):
    hazards, sum_so_far = {}, 0.0
    for at in sorted(set(time[event == 1])):
        sum_so_far += ((time == at) & (event == 1)).sum() / risk[time >= at].sum()
        hazards[at] = sum_so_far
    return pd.Series(hazards)


design = np.column_stack([rossi["age"] * rossi["prio"] / 100, (rossi["age"] / 10) ** 2])
fitted = PHReg(rossi["week"].to_numpy(), design, status=rossi["arrest"].to_numpy(), ties="breslow").fit()
base = breslow(rossi["week"].to_numpy(), rossi["arrest"].to_numpy(), np.exp(design @ fitted.params))
rows = []
for time in times(base):
    record = {"age": float(dice.integers(17, 45)), "prio": float(dice.integers(0, 15)), "week": time}
    sums = fitted.params @ [record["age"] * record["prio"] / 100, (record["age"] / 10) ** 2]
    rows.append({"in": record, "out": {"hazard": step(base, time) * float(np.exp(sums))}})
terms = [("age*prio", fitted.params[0] / 100, 0, [("age", None, 1), ("prio", None, 1)]), ("age^2", fitted.params[1] / 100, 0, [("age", None, 2)])]
plain = f'<BaseCumHazardTables maxTime="{float(base.index.max())}">{cells(base)}</BaseCumHazardTables>'
more = ' startTimeVariable="begin" subjectIDVariable="who" statusVariable="arrest"'
topic.case("interaction", FIELDS + number("begin") + category("who") + category("arrest"),
            document(terms, ["age", "prio"], "hazard", plain, more=more), rows + missing({"age": 20.0, "prio": 1.0, "week": 30.0}) + FAULTY)

# Cells out of order, a replaced missing value, a scaled target.
shuffled = base.sample(frac=1, random_state=7)
plain = f'<BaseCumHazardTables maxTime="{float(base.index.max())}">{cells(shuffled)}</BaseCumHazardTables>'
model = document(terms, ["age", "prio"], "hazard", plain).replace('<MiningField name="prio"/>', '<MiningField name="prio" missingValueReplacement="3"/>')
model = model.replace("<ParameterList>", '<Targets><Target field="hazard" rescaleFactor="1000" min="0.01"/></Targets><ParameterList>', 1)
rows = []
for time in times(base):
    record = {"age": float(dice.integers(17, 45)), "prio": None if dice.random() < 0.5 else float(dice.integers(0, 15)), "week": time}
    prio = 3.0 if record["prio"] is None else record["prio"]
    sums = fitted.params @ [record["age"] * prio / 100, (record["age"] / 10) ** 2]
    rows.append({"in": record, "out": {"hazard": max(step(base, time) * float(np.exp(sums)), 0.01) * 1000}})
topic.case("replaced_and_scaled", FIELDS, model, rows + FAULTY)
