#!/usr/bin/env python3
"""Documents of BaselineModel, one record being the whole stream. Expected: scipy's densities and its chi-square over
the table of one record. (needs numpy, scipy)"""
import numpy as np
from scipy import stats
from common import INVALID, UNPARSABLE, field, output, schema, write

RNG = np.random.default_rng(4403)
TOLD = output(("score", 'feature="predictedValue"'))


def model(active, test, inner, more="", **attributes):
    return '<BaselineModel functionName="regression">%s%s%s<TestDistributions %s>%s</TestDistributions></BaselineModel>' % (
        schema(active, "s", **attributes), TOLD, more, test, inner)


def out(score):
    return {"s": score, "score": score}


def counted(record, score):
    return {"in": record, "out": out(score)}


def cell(tag, name, value, rest):
    return '<%s field="%s" value="%s"%s' % (tag, name, value, rest)


def table(tag, fields, counts):
    """Nested FieldValue elements of a table given by its cells."""
    def below(depth, around):
        texts = []
        for value in sorted({key[depth] for key in counts if key[:depth] == around}):
            if depth == len(fields) - 1:
                texts.append(cell("FieldValueCount", fields[depth], value, ' count="%s"/>' % counts[around + (value,)]))
            else:
                inner = below(depth + 1, around + (value,))
                texts.append(cell("FieldValue", fields[depth], value, ">%s</FieldValue>" % inner))
        return "".join(texts)
    return "<Baseline><%s>%s</%s></Baseline>" % (tag, below(0, ()), tag)


def chi_square(shares, key, weight):
    """scipy's statistic of a table with `weight` in one cell and nought elsewhere."""
    expected = np.array([share * weight for share in shares.values()])
    observed = np.array([weight if known == key else 0.0 for known in shares])
    return stats.chisquare(observed, expected).statistic


def main():
    # The distributions of the specification's first example: congestion on roads.
    usual, other = stats.norm(550.2, np.sqrt(48.2)), stats.norm(460.4, np.sqrt(39.2))
    gaussian = '<GaussianDistribution mean="550.2" variance="48.2"/>', '<GaussianDistribution mean="460.4" variance="39.2"/>'
    points = [550.2, 540.0, 507.0, 504.0, 500.0, 460.4, 400.0, 600.0]
    odds = lambda x: max(0.0, other.logpdf(x) - usual.logpdf(x))
    write("baseline_cusum", [field("x", (0, 1000)), field("s")],
          model(["x"], 'field="x" testStatistic="CUSUM" resetValue="0.0"',
                "<Baseline>%s</Baseline><Alternate>%s</Alternate>" % gaussian),
          [counted({"x": x}, odds(x)) for x in points] + [
              {"in": {}, "out": out(None)},
              {"in": {"x": -1.0}, "error": INVALID},
              {"in": {"x": "fast"}, "error": UNPARSABLE},
          ])

    # Counts; what neither distribution brings forth has no score. A reset value below nought lets sums fall.
    usual, other = stats.poisson(4.0), stats.poisson(9.5)
    counts = '<PoissonDistribution mean="4.0"/>', '<PoissonDistribution mean="9.5"/>'
    odds = lambda x: max(-2.0, other.logpmf(x) - usual.logpmf(x))
    write("baseline_cusum_counts", [field("n", data_type="integer"), field("s")],
          model(["n"], 'field="n" testStatistic="CUSUM" resetValue="-2" windowSize="20"',
                "<Baseline>%s</Baseline><Alternate>%s</Alternate>" % counts, n='missingValueReplacement="7"'),
          [counted({"n": n}, odds(n)) for n in (0, 2, 4, 6, 7, 12, 40)] + [
              counted({}, odds(7)),
              {"in": {"n": -1}, "error": "result_not_a_number"},
              {"in": {"n": 2.5}, "error": "wrong_type"},
          ])

    # Distances over a derived field; each kind of distribution has a mean and a variance.
    uniform = stats.uniform(2.0, 6.0)
    z = lambda x: (np.log10(x) - uniform.mean()) / uniform.std()
    derived = (
        '<LocalTransformations><DerivedField name="magnitude" optype="continuous" dataType="double">'
        '<Apply function="log10"><FieldRef field="x"/></Apply></DerivedField></LocalTransformations>'
    )
    write("baseline_distance", [field("x", (0, 1e12)), field("s")],
          model(["x"], 'field="magnitude" testStatistic="zValue"',
                '<Baseline><UniformDistribution lower="2" upper="8"/></Baseline>', derived),
          [counted({"x": x}, z(x)) for x in (1.0, 100.0, 1e5, 12345.678, 1e8, 1e12)] + [
              {"in": {}, "error": "missing_value"},
              {"in": {"x": -5.0}, "error": INVALID},
          ])

    # One field's counts.
    seen = {("red",): 12, ("green",): 60, ("blue",): 28}
    total = sum(seen.values())
    shares = {key: count / total for key, count in seen.items()}
    colour = field("colour", values=["red", "green", "blue", "grey"])
    write("baseline_counts", [colour, field("w"), field("s")],
          model(["colour", "w"], 'field="colour" testStatistic="chiSquareDistribution" weightField="w"',
                table("CountTable", ["colour"], seen)),
          [counted({"colour": key[0], "w": w}, chi_square(shares, key, w)) for key in seen for w in (1.0, 2.5, 40.0)] + [
              # A value that was never counted.
              counted({"colour": "grey", "w": 1.0}, np.inf),
              {"in": {"colour": "red"}, "out": out(None)},
              {"in": {"w": 1.0}, "out": out(None)},
              {"in": {"colour": "ultraviolet", "w": 1.0}, "error": INVALID},
          ])

    # Two fields as if they were independent.
    seen = {(a, b): int(n) for (a, b), n in zip(
        [(a, b) for a in ("x", "y") for b in ("p", "q", "r")], RNG.integers(3, 40, size=6))}
    total = sum(seen.values())
    first = {a: sum(n for key, n in seen.items() if key[0] == a) / total for a in ("x", "y")}
    second = {b: sum(n for key, n in seen.items() if key[1] == b) / total for b in ("p", "q", "r")}
    products = {(a, b): first[a] * second[b] for a in first for b in second}
    fields = [field("a", values=["x", "y"]), field("b", values=["p", "q", "r"]), field("s")]
    write("baseline_independence", fields,
          model(["a", "b"], 'field="a" testStatistic="chiSquareIndependence"', table("CountTable", ["a", "b"], seen)),
          [counted({"a": key[0], "b": key[1]}, chi_square(products, key, 1.0)) for key in seen] + [
              {"in": {"a": "x"}, "out": out(None)},
              {"in": {"a": "p", "b": "p"}, "error": INVALID},
          ])

    # Vectors that are multiplied; numbers as categories.
    shares = {(1, "lo"): 0.125, (1, "hi"): 0.25, (2, "lo"): 0.5, (2, "hi"): 0.125}
    keys = list(shares)
    baseline = np.array([shares[key] for key in keys])
    record = lambda key, w: np.array([w if key == known else 0.0 for known in keys])
    digit = '<DataField name="digit" optype="categorical" dataType="integer"><Value value="1"/><Value value="2"/><Value value="3"/></DataField>'
    write("baseline_product", [digit, field("level", values=["lo", "hi"]), field("w"), field("s")],
          model(["digit", "level", "w"], 'field="digit" testStatistic="scalarProduct" weightField="w"',
                table("NormalizedCountTable", ["digit", "level"], shares), level='missingValueReplacement="hi"'),
          [counted({"digit": key[0], "level": key[1], "w": w}, record(key, w) @ baseline) for key in keys for w in (1.0, 8.0)] + [
              counted({"digit": 3, "level": "lo", "w": 4.0}, 0.0),
              counted({"digit": 1, "w": 4.0}, 1.0),
              {"in": {"digit": 4, "level": "lo", "w": 4.0}, "error": INVALID},
              {"in": {"level": "lo", "w": 4.0}, "out": out(None)},
          ])


if __name__ == "__main__":
    main()
