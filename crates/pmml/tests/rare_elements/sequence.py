#!/usr/bin/env python3
"""Sequence models: rules by a plain search over all placings of the sets of a sequence."""
import itertools
import random

from shapes import Topic, array, category

topic = Topic("sequence")
dice = random.Random(20240611)

SETS = {"a": ["A"], "b": ["B"], "c": ["C"], "ab": ["A", "B"], "cd": ["C", "D"]}
#: id → first set, and (delimiter, gap, set) of those that follow
SEQUENCES = {
    "s1": ("a", []),
    "s2": ("b", []),
    "s3": ("a", [("acrossTimeWindows", "unknown", "b")]),
    "s4": ("a", [("acrossTimeWindows", "false", "b")]),
    "s5": ("a", [("acrossTimeWindows", "true", "b"), ("acrossTimeWindows", "unknown", "c")]),
    "s6": ("a", [("sameTimeWindow", "unknown", "b")]),
    "s7": ("ab", [("acrossTimeWindows", "unknown", "cd")]),
    "s8": ("c", []),
}
#: id, antecedent, delimiter, gap, consequent, support, confidence, lift
RULES = [
    ("r1", "s1", "acrossTimeWindows", "unknown", "s2", 0.4, 0.5, 1.5),
    ("r2", "s3", "acrossTimeWindows", "unknown", "s8", 0.3, 0.8, 1.1),
    ("r3", "s4", "acrossTimeWindows", "false", "s8", 0.2, 0.9, 2.0),
    ("r4", "s2", "acrossTimeWindows", "true", "s1", 0.35, 0.6, 0.9),
    ("r5", "s6", "acrossTimeWindows", "unknown", "s3", 0.1, 0.95, 3.0),
    ("r6", "s5", "acrossTimeWindows", "unknown", "s1", 0.05, 0.3, 1.2),
    ("r7", "s1", "sameTimeWindow", "unknown", "s2", 0.15, 0.8, 1.3),
    ("r8", "s8", "acrossTimeWindows", "unknown", "s7", 0.02, 0.4, 1.0),
]


def follows(delimiter, gap, before, after):
    if delimiter == "sameTimeWindow":
        return before == after
    return {"false": after == before + 1, "true": after > before + 1, "unknown": after > before}[gap]


def is_there(steps, transactions):
    """`steps`: (delimiter, gap, set). Any placing of all sets that fits."""
    for placing in itertools.product(range(len(transactions)), repeat=len(steps)):
        fits = all(set(SETS[step[2]]) <= transactions[at] for step, at in zip(steps, placing))
        if fits and all(follows(step[0], step[1], before, after)
                        for step, before, after in zip(steps[1:], placing, placing[1:])):
            return True
    return False


def steps_of(sequence, delimiter=None, gap=None):
    first, following = SEQUENCES[sequence]
    return [(delimiter, gap, first), *following]


def applying(transactions):
    """Ids of rules that apply, with whether their consequent follows."""
    found = []
    for rule in RULES:
        if is_there(steps_of(rule[1]), transactions):
            found.append((rule, is_there(steps_of(rule[1]) + steps_of(rule[4], rule[2], rule[3]), transactions)))
    return found


def split(items, times):
    if times is None:
        return [{item} for item in items]
    return [set(item for item, own in zip(items, times) if own == time) for time in sorted(set(times))]


def histories(with_times):
    found = [(["A", "B", "C"], [1, 2, 3]), (["A", "B", "C", "D"], [1, 1, 2, 2]), (["B", "X", "A"], [1, 5, 5.5]), ([], [])]
    for _ in range(36):
        items = [dice.choice("ABCDX") for _ in range(dice.randint(1, 5))]
        times, now = [], 0.0
        for _ in items:
            now += dice.choice([0, 0, 1, 2.5])
            times.append(now)
        found.append((items, times))
    return [(items, times if with_times and dice.random() < 0.8 else None) for items, times in found]


def document(outputs, predicates=False, order=True, rules=True):
    items = "".join(f'<Item id="i{name}" value="{name}"/>' for name in "ABCD")
    if predicates:
        sets = "".join(f'<SetPredicate id="{key}" field="item" operator="supersetOf">{array(names, "string")}</SetPredicate>'
                       for key, names in SETS.items())
    else:
        sets = "".join(f'<Itemset id="{key}" numberOfItems="{len(names)}">' + "".join(f'<ItemRef itemRef="i{name}"/>' for name in names)
                       + "</Itemset>" for key, names in SETS.items())
    sequences = ""
    for at, (key, (first, following)) in enumerate(SEQUENCES.items(), 1):
        inner = f'<SetReference setId="{first}"/>'
        for delimiter, gap, name in following:
            inner += f'<Delimiter delimiter="{delimiter}" gap="{gap}"/><Time min="0" max="9" mean="2" standardDeviation="1"/><SetReference setId="{name}"/>'
        sequences += f'<Sequence id="{key}" numberOfSets="{len(following) + 1}" occurrence="7" support="{at / 10}">{inner}</Sequence>'
    told = ""
    for key, antecedent, delimiter, gap, consequent, support, confidence, lift in RULES if rules else []:
        told += (f'<SequenceRule id="{key}" numberOfSets="2" occurrence="5" support="{support}" confidence="{confidence}" lift="{lift}">'
                 f'<AntecedentSequence><SequenceReference seqId="{antecedent}"/></AntecedentSequence><Delimiter delimiter="{delimiter}" gap="{gap}"/>'
                 f'<ConsequentSequence><SequenceReference seqId="{consequent}"/></ConsequentSequence></SequenceRule>')
    time = '<MiningField name="time" usageType="order"/>' if order else ""
    output = f"<Output>{outputs}</Output>" if outputs else ""
    return (f'<SequenceModel functionName="sequences" numberOfTransactionGroups="100"><MiningSchema><MiningField name="who" usageType="group"/>'
            f'<MiningField name="item"/>{time}</MiningSchema>{output}<Constraints minimumSupport="0.01"/>{items}{sets}{sequences}{told}</SequenceModel>')


FIELDS = category("who") + category("item") + '<DataField name="time" optype="continuous" dataType="double"/>'
FAULTY = [
    {"in": {"item": None, "time": None}, "error": "missing_value"},
    {"in": {"item": ["A", "B"], "time": ["1"]}, "error": "invalid_value"},
    {"in": {"item": ["A", "B"], "time": ["2", "1"]}, "error": "invalid_value"},
    {"in": {"item": ["A", "B"], "time": ["1", "soon"]}, "error": "invalid_value"},
]


def write(name, answer, outputs="", **options):
    order = options.get("order", True)
    rows = []
    for items, times in histories(order):
        record = {"item": items, "time": None if times is None else [str(time) for time in times]}
        if not order:
            del record["time"]
        rows.append({"in": record, "out": answer(split(items, times))})
    rows += FAULTY if order else [{"in": {"item": None}, "error": "missing_value"}, {"in": {}, "error": "missing_value"}]
    topic.case(name, FIELDS, document(outputs, **options), rows)


def ranked(found, key, reverse=True):
    return sorted(found, key=lambda rule: rule[key], reverse=reverse)


# Without outputs: the surest rule, of a model without rules the most frequent sequence.
def surest(transactions):
    found = ranked([rule for rule, _ in applying(transactions)], 6)
    return {"null": found[0][0] if found else None}


def most_frequent(transactions):
    found = [key for key in SEQUENCES if is_there(steps_of(key), transactions)]
    return {"null": found[-1] if found else None}


write("surest_rule", surest)
write("most_frequent_sequence", most_frequent, rules=False)


# Ranks, bases and algorithms.
def recommended(transactions):
    found = applying(transactions)
    new = ranked([rule for rule, has in found if not has], 6)
    old = ranked([rule for rule, has in found if has], 5)
    every = ranked([rule for rule, _ in found], 7, False)
    return {
        "best": new[0][0] if new else None,
        "second": new[1][0] if len(new) > 1 else None,
        "confirmed": [rule[0] for rule in old],
        "by_lift": [rule[0] for rule in every[:2]],
        "confidence": new[0][6] if new else None,
    }


OUTPUTS = ('<OutputField name="best" feature="ruleValue" ruleFeature="ruleId"/>'
           '<OutputField name="second" feature="ruleId" rank="2"/>'
           '<OutputField name="confirmed" feature="ruleValue" ruleFeature="ruleId" algorithm="ruleAssociation" rankBasis="support" rank="0" isMultiValued="1"/>'
           '<OutputField name="by_lift" feature="ruleValue" ruleFeature="ruleId" algorithm="recommendation" rankBasis="lift" rankOrder="ascending" rank="2" isMultiValued="1"/>'
           '<OutputField name="confidence" feature="confidence"/>')
write("recommendations", recommended, OUTPUTS)
write("set_predicates", recommended, OUTPUTS, predicates=True)


# Every item a transaction of its own; what is told of a rule.
def told(transactions):
    found = ranked([rule for rule, _ in applying(transactions)], 6)
    if not found:
        return {"rule": None, "antecedent": None, "consequent": None, "support": None}
    rule = found[0]

    def sets(sequence):
        return [SETS[step[2]] for step in steps_of(sequence)]

    def text(sequence):
        return "".join("{" + ",".join(names) + "}" for names in sets(sequence))

    return {"rule": f"{text(rule[1])}->{text(rule[4])}", "antecedent": sets(rule[1]), "consequent": sets(rule[4]), "support": rule[5]}


write("told_of_rules", told,
      '<OutputField name="rule" feature="rule" algorithm="recommendation"/>'
      '<OutputField name="antecedent" feature="antecedent" algorithm="recommendation"/>'
      '<OutputField name="consequent" feature="consequent" algorithm="recommendation"/>'
      '<OutputField name="support" feature="support" algorithm="recommendation"/>', order=False)
