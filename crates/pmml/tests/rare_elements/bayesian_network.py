#!/usr/bin/env python3
"""Documents of BayesianNetworkModel. Expected: sums over every combination of what is not observed, with scipy's
densities; nothing is eliminated. (needs numpy, scipy)"""
import itertools
import numpy as np
from scipy import stats
from common import INVALID, UNPARSABLE, field, number, output, schema, write

RNG = np.random.default_rng(4404)


class Network:
    """Nodes by name: discrete (states, parents, table by parents' states) or continuous (parents, parts by states)."""

    def __init__(self):
        self.discrete, self.continuous, self.order = {}, {}, []

    def node(self, name, states, parents=(), table=None):
        if table is None:
            table = {}
            for key in itertools.product(*(self.discrete[p][0] for p in parents)):
                table[key] = [float(round(p, 4)) for p in RNG.dirichlet(np.ones(len(states)) * 1.5)]
                table[key][-1] = round(1.0 - sum(table[key][:-1]), 4)
        self.discrete[name] = (states, parents, table)
        self.order.append(name)

    def numbers(self, name, parents, parts):
        """`parts`: by the parents' states a list of (element, expressions, function of the record → frozen scipy)."""
        self.continuous[name] = (parents, parts)
        self.order.append(name)

    def xml(self):
        texts = []
        for name in self.order:
            kind, case, items = "Continuous", "ContinuousConditionalProbability", None
            if name in self.discrete:
                states, parents, table = self.discrete[name]
                kind, case = "Discrete", "DiscreteConditionalProbability"
                items = {key: "".join('<ValueProbability value="%s" probability="%s"/>' % pair for pair in zip(states, ps))
                         for key, ps in table.items()}
            else:
                parents, parts = self.continuous[name]
                items = {key: "".join("<ContinuousDistribution>%s</ContinuousDistribution>" % part[0] for part in found)
                         for key, found in parts.items()}
            inner = ""
            for key, text in items.items():
                given = "".join('<ParentValue parent="%s" value="%s"/>' % pair for pair in zip(parents, key))
                inner += "<%s>%s%s</%s>" % (case, given, text, case) if parents else text
            texts.append('<%sNode name="%s">%s</%sNode>' % (kind, name, inner, kind))
        return "<BayesianNetworkNodes>%s</BayesianNetworkNodes>" % "".join(texts)

    def worlds(self, record):
        """Every combination of the discrete nodes' states that agrees with the record, with its weight."""
        names = list(self.discrete)
        choices = [[record[n]] if record.get(n) is not None else self.discrete[n][0] for n in names]
        for combination in itertools.product(*choices):
            world = dict(zip(names, combination))
            weight = 1.0
            for name, (states, parents, table) in self.discrete.items():
                weight *= table[tuple(world[p] for p in parents)][states.index(world[name])]
            for name, (parents, parts) in self.continuous.items():
                if record.get(name) is not None:
                    found = parts[tuple(world[p] for p in parents)]
                    weight *= np.mean([part[1](record).pdf(record[name]) for part in found])
            yield world, weight

    def classify(self, target, record):
        states = self.discrete[target][0]
        weights = dict.fromkeys(states, 0.0)
        for world, weight in self.worlds(record):
            weights[world[target]] += weight
        total = sum(weights.values())
        shares = [weights[state] / total for state in states]
        best = states[int(np.argmax(shares))]
        out = {target: best, "p": max(shares)}
        out.update({"p_" + state: share for state, share in zip(states, shares)})
        return out

    def predict(self, target, record):
        parents, parts = self.continuous[target]
        total = first = second = 0.0
        for world, weight in self.worlds(record):
            found = parts[tuple(world[p] for p in parents)]
            for part in found:
                frozen = part[1](record)
                total += weight / len(found)
                first += weight / len(found) * frozen.mean()
                second += weight / len(found) * (frozen.var() + frozen.mean() ** 2)
        mean = first / total
        return {target: mean, "mean": mean, "deviation": np.sqrt(second / total - mean * mean)}


def constant(value):
    return '<Constant dataType="double">%s</Constant>' % number(value)


def element(name, **parameters):
    inner = "".join("<%s>%s</%s>" % (p, text, p) for p, text in parameters.items())
    return "<%s>%s</%s>" % (name, inner, name)


def normal(mean, variance):
    return (element("NormalDistributionForBN", Mean=constant(mean), Variance=constant(variance)),
            lambda record: stats.norm(mean, np.sqrt(variance)))


def lognormal(mean, variance):
    return (element("LognormalDistributionForBN", Mean=constant(mean), Variance=constant(variance)),
            lambda record: stats.lognorm(np.sqrt(variance), scale=np.exp(mean)))


def uniform(lower, upper):
    return (element("UniformDistributionForBN", Lower=constant(lower), Upper=constant(upper)),
            lambda record: stats.uniform(lower, upper - lower))


def triangular(mean, lower, upper):
    peak = 3 * mean - lower - upper
    return (element("TriangularDistributionForBN", Mean=constant(mean), Lower=constant(lower), Upper=constant(upper)),
            lambda record: stats.triang((peak - lower) / (upper - lower), lower, upper - lower))


def linear(intercept, slopes, variance):
    """A normal distribution whose mean is computed from other fields."""
    text = constant(intercept)
    for name, slope in slopes.items():
        product = '<Apply function="*">%s<FieldRef field="%s"/></Apply>' % (constant(slope), name)
        text = '<Apply function="+">%s%s</Apply>' % (text, product)
    mean = lambda record: intercept + sum(slope * record[name] for name, slope in slopes.items())
    return (element("NormalDistributionForBN", Mean=text, Variance=constant(variance)),
            lambda record: stats.norm(mean(record), np.sqrt(variance)))


def classification(network, target, active, more="", **attributes):
    told = "".join(
        '<OutputField name="p_%s" optype="continuous" dataType="double" feature="probability" value="%s"/>' % (s, s)
        for s in network.discrete[target][0])
    told = '<Output><OutputField name="p" optype="continuous" dataType="double" feature="probability"/>%s</Output>' % told
    return '<BayesianNetworkModel functionName="classification" modelType="General" inferenceMethod="Exact">%s%s%s%s</BayesianNetworkModel>' % (
        schema(active, target, **attributes), told, more, network.xml())


def regression(network, target, active, **attributes):
    told = output(("mean", 'feature="predictedValue"'), ("deviation", 'feature="standardDeviation"'))
    return '<BayesianNetworkModel functionName="regression">%s%s%s</BayesianNetworkModel>' % (
        schema(active, target, **attributes), told, network.xml())


def discrete_fields(network, names):
    return [field(name, values=network.discrete[name][0]) for name in names]


def records(network, names, count):
    """Records with each node observed or not."""
    for _ in range(count):
        record = {}
        for name in names:
            if RNG.random() < 0.6:
                record[name] = str(RNG.choice(network.discrete[name][0]))
        yield record


def main():
    # Rain, sprinkler and wet grass: numbers as in many textbooks.
    network = Network()
    network.node("rain", ["yes", "no"], table={(): [0.2, 0.8]})
    network.node("sprinkler", ["on", "off"], ["rain"], {("yes",): [0.01, 0.99], ("no",): [0.4, 0.6]})
    network.node("grass", ["wet", "dry"], ["sprinkler", "rain"], {
        ("on", "yes"): [0.99, 0.01], ("on", "no"): [0.9, 0.1], ("off", "yes"): [0.8, 0.2], ("off", "no"): [0.0, 1.0]})
    cases = [{}, {"grass": "wet"}, {"grass": "dry"}, {"sprinkler": "on"}, {"grass": "wet", "sprinkler": "on"},
             {"grass": "wet", "sprinkler": "off"}, {"grass": None, "sprinkler": "off"}]
    fields = discrete_fields(network, ["rain", "sprinkler", "grass"])
    write("bayesian_network_grass", fields, classification(network, "rain", ["sprinkler", "grass"]), [
        {"in": record, "out": network.classify("rain", record)} for record in cases] + [
        {"in": {"grass": "damp"}, "error": INVALID}])

    # Impossible evidence: of the nodes that are asked the grass cannot be wet.
    network.discrete["rain"][2][()] = [0.0, 1.0]
    write("bayesian_network_impossible", fields, classification(network, "sprinkler", ["rain", "grass"],
          rain='missingValueReplacement="no"', grass='invalidValueTreatment="asIs"'), [
        {"in": record, "out": network.classify("sprinkler", dict(record, rain="no"))}
        for record in ({}, {"grass": "wet"}, {"grass": "dry"})] + [
        {"in": {"rain": "yes"}, "error": "no_answer"},
        # A value that is taken as it is, and that no case of the node brings forth.
        {"in": {"grass": "damp"}, "error": INVALID}])

    # Ten nodes, two of them never observed, with loops in their skeleton.
    network = Network()
    network.node("a", ["0", "1"])
    network.node("b", ["x", "y", "z"], ["a"])
    network.node("c", ["l", "m"], ["a"])
    network.node("d", ["u", "v", "w"], ["b", "c"])
    network.node("hidden", ["h1", "h2", "h3"], ["c"])
    network.node("e", ["p", "q"], ["d", "hidden"])
    network.node("f", ["s", "t"], ["b"])
    network.node("g", ["0", "1", "2"], ["f", "e"])
    network.node("sink", ["i", "j"], ["g"])
    network.node("k", ["r1", "r2"], ["d", "f"])
    names = ["a", "b", "c", "e", "f", "g", "k"]
    write("bayesian_network_loops", discrete_fields(network, names + ["d"]), classification(network, "d", names), [
        {"in": record, "out": network.classify("d", record)} for record in records(network, names, 40)])

    # Numbers as evidence of the class: each distribution, mixtures, and a mean that is computed from another field.
    network = Network()
    network.node("kind", ["small", "middle", "large"])
    network.node("colour", ["red", "blue"], ["kind"])
    network.numbers("width", ["kind"], {("small",): [normal(1.0, 0.25)], ("middle",): [normal(2.5, 0.5)],
                                        ("large",): [normal(5.0, 2.0), normal(7.0, 1.0)]})
    network.numbers("weight", ["kind"], {("small",): [lognormal(0.1, 0.2)], ("middle",): [lognormal(0.8, 0.3)],
                                         ("large",): [lognormal(1.5, 0.1)]})
    network.numbers("age", ["colour"], {("red",): [triangular(4.0, 0.0, 10.0)], ("blue",): [uniform(2.0, 12.0)]})
    network.numbers("price", ["kind", "colour"], {
        (k, c): [linear(i + j, {"width": 1.5 + i}, 1.0 + j)]
        for i, k in enumerate(["small", "middle", "large"]) for j, c in enumerate(["red", "blue"])})
    fields = discrete_fields(network, ["kind", "colour"]) + [
        field("width", (0, 100)), field("weight"), field("age"), field("price")]
    active = ["colour", "width", "weight", "age", "price"]
    cases = [{}, {"colour": "red"}]
    for _ in range(20):
        record = {"width": float(RNG.uniform(0.5, 8)), "weight": float(RNG.uniform(0.3, 9)),
                  "age": float(RNG.uniform(2, 10)), "price": float(RNG.uniform(0, 20)), "colour": str(RNG.choice(["red", "blue"]))}
        cases.append({name: value for name, value in record.items() if name == "width" or RNG.random() < 0.6})
    write("bayesian_network_numbers", fields, classification(network, "kind", active), [
        {"in": record, "out": network.classify("kind", record)} for record in cases] + [
        # Too old for any colour.
        {"in": {"age": 13.0}, "error": "no_answer"},
        # An effect whose cause is hidden.
        {"in": {"price": 3.0}, "error": "unsupported_element"},
        {"in": {"width": -1.0}, "error": INVALID},
        {"in": {"width": "broad"}, "error": UNPARSABLE}])

    # A continuous target below discrete and continuous nodes.
    network = Network()
    network.node("site", ["n", "s"])
    network.node("grade", ["lo", "mid", "hi"], ["site"])
    network.numbers("heat", ["site"], {("n",): [normal(10.0, 4.0)], ("s",): [normal(18.0, 9.0)]})
    network.numbers("yield", ["grade", "site"], {
        ("lo", "n"): [linear(1.0, {"heat": 0.5}, 2.0)], ("lo", "s"): [lognormal(1.0, 0.4)],
        ("mid", "n"): [triangular(6.0, 2.0, 11.0)], ("mid", "s"): [linear(-1.0, {"heat": 0.8}, 0.5), uniform(4.0, 9.0)],
        ("hi", "n"): [uniform(5.0, 30.0)], ("hi", "s"): [linear(3.0, {"heat": 1.2}, 6.0)]})
    fields = discrete_fields(network, ["site", "grade"]) + [field("heat", (-50, 80)), field("yield")]
    cases = [{"heat": float(RNG.uniform(5, 25))} for _ in range(4)]
    cases += [dict(site=s, heat=h) for s in "ns" for h in (8.0, 15.5)]
    cases += [dict(grade=g, site=s, heat=12.25) for g in ("lo", "mid", "hi") for s in "ns"]
    # The heat is missing, and of these no case reads it.
    cases += [dict(grade="mid", site="n"), dict(grade="hi", site="n"), dict(grade="lo", site="s")]
    write("bayesian_network_yield", fields, regression(network, "yield", ["site", "grade", "heat"]), [
        {"in": record, "out": network.predict("yield", record)} for record in cases] + [
        {"in": record, "out": {"yield": None, "mean": None, "deviation": None}}
        for record in ({}, {"site": "s"}, {"grade": "hi"})] + [
        {"in": {"heat": 81.0}, "error": INVALID}])

    # A node that makes its own field, by intervals of a number.
    network = Network()
    network.node("ill", ["yes", "no"], table={(): [0.03, 0.97]})
    network.node("fever", ["none", "some", "high"], ["ill"], {("yes",): [0.1, 0.3, 0.6], ("no",): [0.9, 0.08, 0.02]})
    network.node("test", ["pos", "neg"], ["ill"], {("yes",): [0.95, 0.05], ("no",): [0.1, 0.9]})
    derived = (
        '<DiscreteNode name="fever"><DerivedField name="fever" optype="categorical" dataType="string">'
        '<Discretize field="degrees"><DiscretizeBin binValue="none"><Interval closure="openOpen" rightMargin="37.5"/></DiscretizeBin>'
        '<DiscretizeBin binValue="some"><Interval closure="closedOpen" leftMargin="37.5" rightMargin="38.5"/></DiscretizeBin>'
        '<DiscretizeBin binValue="high"><Interval closure="closedOpen" leftMargin="38.5"/></DiscretizeBin></Discretize></DerivedField>'
    )
    text = classification(network, "ill", ["degrees", "test"]).replace('<DiscreteNode name="fever">', derived)
    fields = discrete_fields(network, ["ill", "test"]) + [field("degrees", (30, 45))]
    fevers = {36.6: "none", 37.5: "some", 38.49: "some", 41.0: "high", None: None}
    write("bayesian_network_fever", fields, text, [
        {"in": {"degrees": d, "test": t}, "out": network.classify("ill", {"fever": fever, "test": t})}
        for d, fever in fevers.items() for t in ("pos", "neg", None)] + [
        {"in": {"degrees": 50.0}, "error": INVALID}])


if __name__ == "__main__":
    main()
