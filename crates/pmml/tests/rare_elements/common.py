"""Writes documents with their rows: NAME.pmml beside NAME.jsonl, one row a line.

A row is {"in": …, "out": …}, or {"in": …, "error": …} with the kind of error that the engine must give."""
import json, math, os
from xml.sax.saxutils import escape

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "documents")
INVALID, MISSING, UNPARSABLE = "invalid_value", "missing_value", "unparsable_value"


def number(value):
    """A number that XML and JSON read back to the last bit."""
    return repr(float(value))


def array(values, kind="real"):
    texts = [number(v) if kind == "real" else str(v) for v in values]
    return '<Array n="%d" type="%s">%s</Array>' % (len(texts), kind, " ".join(texts))


def field(name, interval=None, data_type="double", values=()):
    """A DataField: a number, within an interval if one is given, or one of some categories."""
    if values:
        inner = "".join('<Value value="%s"/>' % escape(str(v)) for v in values)
        return '<DataField name="%s" optype="categorical" dataType="string">%s</DataField>' % (name, inner)
    inner = ""
    if interval:
        inner = '<Interval closure="closedClosed" leftMargin="%s" rightMargin="%s"/>' % interval
    return '<DataField name="%s" optype="continuous" dataType="%s">%s</DataField>' % (name, data_type, inner)


def schema(active, target=None, **attributes):
    """A MiningSchema; `attributes` holds more attributes by field."""
    fields = ['<MiningField name="%s"%s/>' % (name, " " + attributes[name] if name in attributes else "") for name in active]
    if target:
        fields.append('<MiningField name="%s" usageType="target"/>' % target)
    return "<MiningSchema>%s</MiningSchema>" % "".join(fields)


def output(*fields):
    """An Output: names with their attributes."""
    return "<Output>%s</Output>" % "".join(
        '<OutputField name="%s" optype="continuous" dataType="double" %s/>' % pair for pair in fields
    )


def write(name, fields, model, rows, transformations=""):
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">\n'
        '<Header/>\n<DataDictionary>%s</DataDictionary>\n%s%s\n</PMML>\n' % ("".join(fields), transformations, model)
    )
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, name + ".pmml"), "w") as file:
        file.write(text.replace("><", ">\n<"))
    with open(os.path.join(FOLDER, name + ".jsonl"), "w") as file:
        for row in rows:
            file.write(json.dumps(clean(row)) + "\n")


def clean(value):
    """JSON has no infinities; numpy's numbers become Python's."""
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    value = float(value)
    return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
