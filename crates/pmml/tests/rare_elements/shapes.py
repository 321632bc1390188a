"""Shapes of documents that several scripts write."""
import common


class Topic:
    """The cases of one topic, told apart by their names."""

    def __init__(self, name):
        self.name = name

    def case(self, name, fields, model, rows, transformations=""):
        """`fields`: inside the data dictionary; `rows`: dictionaries with `in` and `out` or `error`."""
        common.write(f"{self.name}_{name}", fields, model, rows, transformations)


def number(name, more=""):
    return f'<DataField name="{name}" optype="continuous" dataType="double"{more}/>'


def category(name, *values):
    inner = "".join(f'<Value value="{value}"/>' for value in values)
    return f'<DataField name="{name}" optype="categorical" dataType="string">{inner}</DataField>'


def schema(active, target=None, usage="target"):
    fields = [f'<MiningField name="{name}"/>' for name in active]
    fields += [f'<MiningField name="{target}" usageType="{usage}"/>'] if target else []
    return "<MiningSchema>" + "".join(fields) + "</MiningSchema>"


def array(values, kind="real"):
    values = [f'"{value}"' if kind == "string" else repr(value) for value in values]
    return f'<Array n="{len(values)}" type="{kind}">{" ".join(values)}</Array>'


def matrix(rows):
    return (f'<Matrix nbRows="{len(rows)}" nbCols="{len(rows[0])}">'
            + "".join(array([float(cell) for cell in row]) for row in rows) + "</Matrix>")
