#!/usr/bin/env python3
"""Time series: forecasts by statsmodels (exponential smoothing, exact least squares) and by plain recursions in numpy.

Needs numpy, scipy and statsmodels.
"""
import math
import warnings

import numpy as np
from scipy.stats import norm
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.statespace.sarimax import SARIMAX

from shapes import Topic, array, matrix

warnings.simplefilter("ignore")
topic = Topic("time_series")
dice = np.random.default_rng(20240611)

FIELDS = ('<DataField name="y" optype="continuous" dataType="double"/>'
          '<DataField name="h" optype="continuous" dataType="integer"/>')
STEPS = [1, 2, 3, 4, 7, 12, 13, 30, 100]


def model(best, inner, series="", active='<MiningField name="h"/>', target='<MiningField name="y" usageType="target"/>'):
    return (f'<TimeSeriesModel functionName="timeSeries" bestFit="{best}"><MiningSchema>{target}{active}</MiningSchema>'
            f"{series}{inner}</TimeSeriesModel>")


def time_series(values, usage="original"):
    inner = "".join(f'<TimeValue index="{at}" value="{float(value)!r}"/>' for at, value in enumerate(values, 1))
    return f'<TimeSeries usage="{usage}" startTime="1" endTime="{len(values)}">{inner}</TimeSeries>'


OUTPUT = ('<Output><OutputField name="error" feature="standardError"/><OutputField name="deviation" feature="standardDeviation"/>'
          '<OutputField name="low" feature="confidenceIntervalLower" value="80"/>'
          '<OutputField name="high" feature="confidenceIntervalUpper"/></Output>')


def rows(forecasts, errors=None, deviations=None, back=lambda y: y):
    """By step from 1: forecasts, and standard errors before they are transformed back, as the forecasts are then too."""
    found = []
    for step in STEPS:
        value = float(forecasts[step - 1])
        out = {"y": float(back(value))}
        if errors is not None:
            error = float(errors[step - 1])
            out.update(error=error, deviation=error if deviations is None else float(deviations[step - 1]),
                       low=float(back(value - norm.ppf(0.9) * error)), high=float(back(value + norm.ppf(0.975) * error)))
        found.append({"in": {"h": step}, "out": out})
    nothing = dict.fromkeys(["y"] if errors is None else ["y", "error", "deviation", "low", "high"])
    found += [{"in": {"h": None}, "out": nothing}, {"in": {}, "out": nothing}]
    found += [{"in": {"h": step}, "error": "invalid_value"} for step in [0, -3, 5000]]
    return found + [{"in": {"h": 1.5}, "error": "wrong_type"}, {"in": {"h": "soon"}, "error": "unparsable_value"}]


# Exponential smoothing.
def smoothing(name, values, trend=None, damped=False, seasonal=None, period=None, transformation="none", phase=None):
    seen = {"none": lambda y: y, "logarithmic": np.log, "squareroot": np.sqrt}[transformation](values)
    back = {"none": lambda y: y, "logarithmic": np.exp, "squareroot": np.square}[transformation]
    fitted = ExponentialSmoothing(
        seen, trend=trend, damped_trend=damped, seasonal=seasonal, seasonal_periods=period,
        initialization_method="heuristic",
    ).fit(smoothing_level=0.4, smoothing_trend=0.2 if trend else None, smoothing_seasonal=0.3 if seasonal else None,
          damping_trend=0.9 if damped else None, optimized=False)
    forecasts = back(fitted.forecast(max(STEPS)))
    words = {"add": "additive", "mul": "multiplicative"}
    inner = f'<Level alpha="0.4" smoothedValue="{float(fitted.level[-1])!r}"/>'
    if trend:
        kind = ("damped_" if damped else "") + words[trend]
        inner += (f'<Trend_ExpoSmooth trend="{kind}" gamma="0.2" phi="{0.9 if damped else 1}"'
                  f' smoothedValue="{float(fitted.trend[-1])!r}"/>')
    if seasonal:
        factors = [float(factor) for factor in fitted.season[-period:]]
        # statsmodels keeps the factor that the last value changed to itself: it is in the forecasts of that season.
        level, slope = float(fitted.level[-1]), float(fitted.trend[-1])
        plain = level + 2 * period * slope if trend == "add" else level * slope ** (2 * period)
        last = float(fitted.forecast(2 * period)[-1])
        factors[-1] = last - plain if seasonal == "add" else last / plain
        where = ""
        if phase:
            # Turned, so that the factor of the last value stands at `phase`.
            factors = list(np.roll(factors, phase))
            factors = [float(factor) for factor in factors]
            where = f' phase="{phase}"'
        inner += (f'<Seasonality_ExpoSmooth type="{words[seasonal]}" period="{period}" unit="month" delta="0.3"{where}>'
                  f"{array(factors)}</Seasonality_ExpoSmooth>")
    inner = f'<ExponentialSmoothing transformation="{transformation}" RMSE="1.5">{inner}</ExponentialSmoothing>'
    topic.case(name, FIELDS, model("ExponentialSmoothing", inner), rows(forecasts))


months = np.arange(60)
season = np.sin(months / 12 * 2 * math.pi)
smoothing("level", 100 + dice.normal(0, 3, 60))
smoothing("trend_damped", 50 + 2.0 * months + dice.normal(0, 3, 60), trend="add", damped=True)
smoothing("trend_season_additive", 50 + 2.0 * months + 20 * season + dice.normal(0, 3, 60), trend="add", seasonal="add", period=12)
smoothing("trend_season_multiplicative", (80 + 1.5 * months) * (1 + 0.3 * season) + dice.normal(0, 2, 60),
          trend="mul", seasonal="mul", period=12, phase=5)
smoothing("logarithmic", np.exp(3 + 0.02 * months + dice.normal(0, 0.05, 60)), trend="add", transformation="logarithmic")
smoothing("growth_squareroot", (8 * 1.01 ** months + dice.normal(0, 0.1, 60)) ** 2, trend="mul", transformation="squareroot")

# A damped growth, step by step: each step grows by the φth power of the growth before.
value, growth, forecasts = 40.0, 1.08, []
for step in range(max(STEPS)):
    growth **= 0.85
    value *= growth
    forecasts.append(value * [0.9, 1.2, 0.95][step % 3])
topic.case("growth_damped", FIELDS, model("ExponentialSmoothing", '<ExponentialSmoothing><Level smoothedValue="40"/>'
            '<Trend_ExpoSmooth trend="damped_multiplicative" phi="0.85" smoothedValue="1.08"/>'
            f'<Seasonality_ExpoSmooth type="multiplicative" period="3">{array([0.9, 1.2, 0.95])}</Seasonality_ExpoSmooth>'
            "</ExponentialSmoothing>"), rows(forecasts))


# ARIMA: φ(B) Φ(Bˢ) (∇ᵈ ∇ₛᴰ z − c) = θ(B) Θ(Bˢ) a.
def lag_polynomial(coefficients, period, sign):
    polynomial = np.zeros(len(coefficients) * period + 1)
    polynomial[0] = 1
    for at, coefficient in enumerate(coefficients, 1):
        polynomial[at * period] = sign * coefficient
    return polynomial


def differenced_by(d, seasonal_d, period):
    polynomial = np.array([1.0])
    for _ in range(d):
        polynomial = np.convolve(polynomial, [1.0, -1.0])
    for _ in range(seasonal_d):
        polynomial = np.convolve(polynomial, lag_polynomial([1.0], period, -1))
    return polynomial


class Arima:
    def __init__(self, phi=(), d=0, theta=(), seasonal_phi=(), seasonal_d=0, seasonal_theta=(), period=12, mean=0.0):
        self.phi, self.d, self.theta = list(phi), d, list(theta)
        self.seasonal_phi, self.seasonal_d, self.seasonal_theta = list(seasonal_phi), seasonal_d, list(seasonal_theta)
        self.period, self.mean = period, mean
        self.ar = np.convolve(lag_polynomial(self.phi, 1, -1), lag_polynomial(self.seasonal_phi, period, -1))
        self.ma = np.convolve(lag_polynomial(self.theta, 1, 1), lag_polynomial(self.seasonal_theta, period, 1))
        self.difference = differenced_by(d, seasonal_d, period)

    def simulate(self, count):
        """A series in one recursion: the product of both polynomials on the left."""
        left = np.convolve(self.ar, self.difference)
        shocks = dice.normal(0, 1, count + 200)
        constant = self.mean * self.ar.sum()
        values = np.zeros(count + 200)
        for at in range(len(values)):
            value = constant + shocks[at]
            value -= sum(left[lag] * values[at - lag] for lag in range(1, min(len(left), at + 1)))
            value += sum(self.ma[lag] * shocks[at - lag] for lag in range(1, min(len(self.ma), at + 1)))
            values[at] = value
        return values[200:], shocks[200:]

    def forecast(self, values, shocks, steps):
        left = np.convolve(self.ar, self.difference)
        values, shocks = list(values), list(shocks) + [0.0] * steps
        start = len(values)
        for at in range(start, start + steps):
            value = self.mean * self.ar.sum()
            value -= sum(left[lag] * values[at - lag] for lag in range(1, len(left)))
            value += sum(self.ma[lag] * shocks[at - lag] for lag in range(1, len(self.ma)))
            values.append(value)
        return np.array(values[start:])

    def weights(self, steps):
        """What a shock of 1 does to the steps after it: a forecast from nothing but it."""
        left = np.convolve(self.ar, self.difference)
        still = Arima(self.phi, self.d, self.theta, self.seasonal_phi, self.seasonal_d, self.seasonal_theta, self.period)
        before = len(left) + len(self.ma)
        return np.array([1.0, *still.forecast([0.0] * before + [1.0], [0.0] * before + [1.0], steps - 1)])

    def errors(self, steps):
        return np.sqrt(np.cumsum(self.weights(steps) ** 2))

    def exact(self, values, steps):
        """statsmodels' filter on the differences, which are then added up."""
        lost = len(self.difference) - 1
        differences = np.convolve(values, self.difference, "valid") - self.mean
        filtered = SARIMAX(differences, order=(len(self.phi), 0, len(self.theta)),
                           seasonal_order=(len(self.seasonal_phi), 0, len(self.seasonal_theta), self.period))
        parameters = [*self.phi, *self.theta, *self.seasonal_phi, *self.seasonal_theta, 1.0]
        expected = filtered.filter(parameters).forecast(steps) + self.mean
        known = list(values)
        for value in expected:
            known.append(value - sum(self.difference[lag] * known[-lag] for lag in range(1, lost + 1)))
        return np.array(known[len(values):])

    def components(self, shocks=None, seasonal_shocks=None):
        def part(phi, theta, shocks):
            ar = f"<AR>{array(phi)}</AR>" if phi else ""
            told = "" if shocks is None else f"<Residuals>{array([float(shock) for shock in shocks])}</Residuals>"
            ma = f"<MA><MACoefficients>{array(theta)}</MACoefficients>{told}</MA>" if theta else ""
            return ar + ma

        inner = (f'<NonseasonalComponent p="{len(self.phi)}" d="{self.d}" q="{len(self.theta)}">'
                 f"{part(self.phi, self.theta, shocks)}</NonseasonalComponent>")
        if self.seasonal_phi or self.seasonal_theta or self.seasonal_d:
            inner += (f'<SeasonalComponent P="{len(self.seasonal_phi)}" D="{self.seasonal_d}" Q="{len(self.seasonal_theta)}"'
                      f' period="{self.period}">{part(self.seasonal_phi, self.seasonal_theta, seasonal_shocks)}</SeasonalComponent>')
        return inner

    def document(self, inner, method="conditionalLeastSquares", transformation="none", more=""):
        return (f'<ARIMA RMSE="1" constantTerm="{self.mean!r}" predictionMethod="{method}" transformation="{transformation}">'
                f"{inner}{more}</ARIMA>")


# With the last shocks, as producers write them; the axis counts months, the record names the month.
arima = Arima(phi=[0.6, -0.2], d=1, theta=[0.4], mean=0.3)
values, shocks = arima.simulate(80)
topic.case("arima_told_shocks", FIELDS,
            model("ARIMA", arima.document(arima.components(shocks=shocks[-1:])), OUTPUT + time_series(values[-20:])),
            rows(arima.forecast(values, shocks, 100), arima.errors(100)))

# Without: found from the series, as if there had been none before the first value with all its predecessors.
arima = Arima(phi=[0.5], theta=[0.3, 0.2], mean=12.5)
values, _ = arima.simulate(60)
found = np.zeros(60)
for at in range(1, 60):
    found[at] = (values[at] - 12.5) - 0.5 * (values[at - 1] - 12.5) - 0.3 * found[at - 1] - (0.2 * found[at - 2] if at > 1 else 0.0)
topic.case("arima_found_shocks", FIELDS, model("ARIMA", arima.document(arima.components()), time_series(values)),
            rows(arima.forecast(values, found, 100)))

# Seasons, with a logarithm; the record tells the index that is asked for.
arima = Arima(theta=[-0.4], d=1, seasonal_theta=[-0.6], seasonal_d=1, period=12)
values, shocks = arima.simulate(120)
values = values / 40
shocks = shocks / 40
forecasts = np.exp(arima.forecast(values, shocks, 100))
document = arima.document(arima.components(shocks=shocks[-1:], seasonal_shocks=shocks[-13:]), transformation="logarithmic")
series = time_series([0.0 + 1.0] * 3, "prediction") + time_series(np.exp(values))
found = [{"in": {"month": 120 + step}, "out": {"y": float(forecasts[step - 1])}} for step in STEPS]
found += [{"in": {"month": None}, "out": {"y": None}}, {"in": {"month": 120}, "error": "invalid_value"},
          {"in": {"month": 121.5}, "error": "invalid_value"}, {"in": {"month": "June"}, "error": "unparsable_value"}]
topic.case("arima_seasons", FIELDS + '<DataField name="month" optype="continuous" dataType="double"/>',
            model("ARIMA", document, series, active='<MiningField name="month" usageType="order"/>'), found)

# Exact least squares: short series, so that it matters.
arima = Arima(phi=[0.7], theta=[0.5], d=1, mean=0.1)
values, _ = arima.simulate(14)
state = ('<MaximumLikelihoodStat method="kalman"><KalmanState><FinalOmega><Matrix kind="symmetric" nbRows="1" nbCols="1">'
         '<Array type="real" n="1">0</Array></Matrix></FinalOmega><FinalStateVector><Array type="real" n="1">0</Array>'
         "</FinalStateVector></KalmanState></MaximumLikelihoodStat>")
topic.case("arima_exact", FIELDS,
            model("ARIMA", arima.document(arima.components(), "exactLeastSquares", more=state), time_series(values)),
            rows(arima.exact(values, 100)))
arima = Arima(phi=[0.3], seasonal_phi=[0.4], seasonal_theta=[-0.5], seasonal_d=1, period=4)
values, _ = arima.simulate(25)
topic.case("arima_exact_seasons", FIELDS,
            model("ARIMA", arima.document(arima.components(), "exactLeastSquares"), time_series(values)),
            rows(arima.exact(values, 100)))

# Outliers: what they add to the series is taken out, forecast is what is left, and it is added again.
arima = Arima(phi=[0.5], theta=[0.3], d=1, seasonal_phi=[0.4], period=4)
clean, shocks = arima.simulate(40)
ages = np.arange(140)


def since(start):
    return np.where(ages >= start - 1, ages - (start - 1), -1)


weights = arima.weights(140)
shares = {
    "additive": (38, 5.0, lambda age: age == 0),
    "level": (30, -3.0, lambda age: age >= 0),
    "transient": (39, 4.0, lambda age: (age >= 0) * 0.7 ** np.maximum(age, 0)),
    "seasonalAdditive": (37, 2.0, lambda age: (age >= 0) & (age % 4 == 0)),
    "trend": (35, 0.25, lambda age: (age >= 0) * (age + 1)),
    "innovational": (36, 1.5, lambda age: np.where(age >= 0, weights[np.maximum(age, 0)], 0.0)),
}
effect = sum(magnitude * share(since(start)) for start, magnitude, share in shares.values())
more = "".join(f'<OutlierEffect type="{kind}" startTime="{start}" magnitude="{magnitude}" dampingCoefficient="0.7"/>'
               for kind, (start, magnitude, _) in shares.items())
topic.case("arima_outliers", FIELDS,
            model("ARIMA", arima.document(arima.components(shocks=shocks[-1:]), transformation="squareroot", more=more),
                  OUTPUT + time_series((clean + effect[:40] + 200) ** 2)),
            rows(arima.forecast(clean, shocks, 100) + effect[40:] + 200, arima.errors(100), back=np.square))

# No field tells how far: the next step. Targets scale it.
arima = Arima(phi=[0.9, -0.3])
values, shocks = arima.simulate(30)
forecasts = arima.forecast(values, shocks, 1)
topic.case("next_step", FIELDS + '<DataField name="other" optype="continuous" dataType="double"/>',
            model("ARIMA", arima.document(arima.components()), '<Targets><Target field="y" rescaleFactor="10"/></Targets>'
                  + time_series(values), active='<MiningField name="other" usageType="supplementary"/>'),
            [{"in": {}, "out": {"y": 10 * float(forecasts[0])}}, {"in": {"other": 3.0}, "out": {"y": 10 * float(forecasts[0])}}])

# GARCH: the mean, by powers of the companion matrix of (1, y, y before, shock).
constant, phi, theta = 0.5, [0.6, 0.1], [0.3]
omega, alpha, beta = 0.1, [0.15], [0.7]
values, residuals, variances = [3.1, 2.4], [0.7], [0.9]
companion = np.array([[1, 0, 0, 0], [constant, *phi, *theta], [0, 1, 0, 0], [0, 0, 0, 0]], dtype=float)
state = np.array([1.0, values[1], values[0], residuals[0]])
forecasts = [(np.linalg.matrix_power(companion, step) @ state)[1] for step in range(1, 101)]
inner = (f'<GARCH><ARMAPart constant="{constant}" p="2" q="1"><AR>{array(phi)}</AR><MA><MACoefficients>{array(theta)}</MACoefficients>'
         f'<Residuals>{array(residuals)}</Residuals></MA></ARMAPart><GARCHPart constant="{omega}" gp="1" gq="1">'
         f"<ResidualSquareCoefficients><Residuals>{array(residuals)}</Residuals><MACoefficients>{array(alpha)}</MACoefficients></ResidualSquareCoefficients>"
         f"<VarianceCoefficients><PastVariances>{array(variances)}</PastVariances><MACoefficients>{array(beta)}</MACoefficients></VarianceCoefficients>"
         "</GARCHPart></GARCH>")
ahead, square, variance = [], residuals[0] ** 2, variances[0]
for _ in range(100):
    variance = omega + alpha[0] * square + beta[0] * variance
    square = variance
    ahead.append(variance)
# A shock moves the state by (0, 1, 0, 1); what is left of it after so many steps.
left = [(np.linalg.matrix_power(companion, step) @ [0, 1, 0, 1])[1] for step in range(100)]
errors = [math.sqrt(sum(left[age] ** 2 * ahead[step - age] for age in range(step + 1))) for step in range(100)]
topic.case("garch", FIELDS, model("GARCH", inner, OUTPUT + time_series(values)), rows(forecasts, errors, np.sqrt(ahead)))

# A state-space model, by powers of its matrix.
transition = np.array([[0.8, 1.0, 0.1], [0.0, 0.6, 0.2], [0.1, 0.0, 0.5]])
measurement, first, drift = np.array([1.0, 0.5, -0.2]), np.array([2.0, -1.0, 0.7]), np.array([0.1, 0.0, -0.2])
forecasts, state = [], first
for _ in range(100):
    forecasts.append(4.0 + 0.25 + measurement @ state)
    state = transition @ state + drift
inner = (f'<StateSpaceModel variance="1.3" intercept="4"><StateVector>{array(first.tolist())}</StateVector>'
         f"<TransitionMatrix>{matrix(transition.tolist())}</TransitionMatrix><MeasurementMatrix>{matrix([measurement.tolist()])}</MeasurementMatrix>"
         f'<InterceptVector>{array(drift.tolist())}</InterceptVector><InterceptVector type="observation">{array([0.25])}</InterceptVector>'
         f"<PredictedStateCovarianceMatrix>{matrix(np.diag([0.2, 0.1, 0.3]).tolist())}</PredictedStateCovarianceMatrix>"
         f"<SelectedStateCovarianceMatrix>{matrix(np.diag([1.0, 0.5, 0.0]).tolist())}</SelectedStateCovarianceMatrix>"
         f"<ObservationVarianceMatrix>{matrix([[0.4]])}</ObservationVarianceMatrix></StateSpaceModel>")
covariance, errors = np.diag([0.2, 0.1, 0.3]), []
for _ in range(100):
    covariance = transition @ covariance @ transition.T + np.diag([1.0, 0.5, 0.0])
    errors.append(math.sqrt((measurement @ covariance @ measurement + 0.4) * 1.3))
topic.case("state_space", FIELDS, model("StateSpaceModel", inner, OUTPUT), rows(forecasts, errors))
