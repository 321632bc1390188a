"""What the scripts share: a case as a document and its rows."""
import json
import pathlib
import sys


class Folder:
    """Writes cases into the folder of the script that asks."""

    def __init__(self, script):
        self.folder = pathlib.Path(script).parent
        for old in [*self.folder.glob("*.pmml"), *self.folder.glob("*.jsonl")]:
            old.unlink()

    def case(self, name, fields, model, rows, transformations="", version="4_4"):
        """`fields`: inside the data dictionary; `rows`: dictionaries with `in` and `out` or `error`."""
        head = f'<PMML xmlns="http://www.dmg.org/PMML-{version}" version="{version.replace("_", ".")}">'
        document = f"{head}\n<Header/>\n<DataDictionary>\n{fields}\n</DataDictionary>\n{transformations}{model}\n</PMML>\n"
        (self.folder / f"{name}.pmml").write_text(document, encoding="utf-8")
        lines = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows]
        (self.folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


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


if __name__ == "__main__":
    sys.exit("run the make.py of a folder")
