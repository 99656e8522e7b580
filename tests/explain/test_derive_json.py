"""The JSON of a derivation: its keys, the types of what they hold, and that it never holds NaN or infinity."""

import json
import subprocess
import sys
from typing import Any

import pytest

import glassgrad as gg

NUMBER = (int, float)
# What docs/reference/derive-json.md promises; None stands for null.
SCHEMA: dict[str, Any] = {
    "function": str,
    "wrt": str,
    "order": int,
    "derivative": {"expression": str, "value": (*NUMBER, None), "unit": (str, None)},
    "value": (*NUMBER, None),
    "links": [
        {
            "name": str,
            "of": str,
            "expression": str,
            "local_derivative": str,
            "value": (*NUMBER, None),
            "local_value": (*NUMBER, None),
            "unit": (str, None),
        }
    ],
    "steps": [{"rule": str, "text": str, "expression": str, "value": (*NUMBER, None)}],
    "kinks": [{"expression": str, "condition": str, "chosen": str, "hit": bool, "count": int}],
    "domain": [{"expression": str, "condition": str, "chosen": str, "hit": bool, "count": int}],
    "check": {
        "method": str,
        "value": (*NUMBER, None),
        "derivative": (*NUMBER, None),
        "agrees": (bool, None),
        "error": (*NUMBER, None),
    },
    "sections": [{"title": str, "lines": list}],
}


def complaints(found: Any, schema: Any, where: str = "") -> list[str]:
    """Where the JSON is not as the schema says."""
    match schema:
        case dict():
            wrong = [f"{where}: keys {sorted(found)}"] if set(found) != set(schema) else []
            return wrong + [text for key in schema for text in complaints(found[key], schema[key], f"{where}.{key}")]
        case [inner]:
            return [text for index, part in enumerate(found) for text in complaints(part, inner, f"{where}[{index}]")]
        case tuple():
            fits = any(found is None if kind is None else isinstance(found, kind) for kind in schema)
            return [] if fits else [f"{where}: {found!r}"]
    return [] if isinstance(found, schema) else [f"{where}: {found!r}"]


@pytest.mark.parametrize(
    ("formula", "given"),
    [
        ("p = 101325*exp(-0.0001*h)", {"let": "h = 4000 - 0.5*9.8*t**2", "at": "t=10", "units": "t=s, h=m, p=Pa"}),
        ("x**x", {}),
        ("x**x", {"at": "x=2", "order": 3}),
        ("ln(x)/abs(x)", {"at": "x=0"}),
        ("Piecewise((x, x < 1), (x**2, True))", {"at": "x=1"}),
        ("a*x + b", {"wrt": "x", "at": "x=1"}),
        ("7", {}),
        ("1/(1 + exp(-x))", {"at": "x=-800"}),
        ("gamma(x)", {"at": "x=-2"}),
    ],
)
def test_the_json_is_as_promised(formula: str, given: dict[str, Any]) -> None:
    text = json.dumps(gg.derive(formula, **given).to_dict(), allow_nan=False)
    assert complaints(json.loads(text), SCHEMA) == []


def test_the_skydiver() -> None:
    found = gg.derive(
        "p = 101325*exp(-0.0001*h)", let="h = 4000 - 0.5*9.8*t**2", at="t=10", units="t=s, h=m, p=Pa"
    ).to_dict()
    assert found["derivative"]["value"] == pytest.approx(699.045, abs=5e-4)
    assert found["derivative"]["unit"] == "Pa/s"
    assert found["derivative"]["expression"] == "101325*0.0001*9.8*t*exp(-0.0001*(4000 - 0.5*9.8*t**2))"
    assert found["value"] == pytest.approx(71331.15385942)
    links = [(link["name"], link["of"], link["local_derivative"], link["unit"]) for link in found["links"]]
    assert links == [("h", "t", "-9.8*t", "m/s"), ("p", "h", "-0.0001*p", "Pa/m")]
    assert [link["local_value"] for link in found["links"]] == pytest.approx([-98.0, -7.13311538594208])
    assert found["steps"][-1]["rule"] == "chain rule"
    assert found["check"]["method"] == "complex step"
    assert found["check"]["agrees"] is True


def test_what_is_not_known_is_null() -> None:
    found = gg.derive("u**2", let="u = a*x", wrt="x", at="x=2").to_dict()
    assert found["value"] is None
    assert found["derivative"]["value"] is None
    assert [link["value"] for link in found["links"]] == [None, None]
    assert found["check"]["agrees"] is True  # at a point that was drawn
    assert any(step["value"] is None for step in found["steps"])


def test_outside_of_the_domain_there_is_nothing_to_compare() -> None:
    found = gg.derive("ln(x)", at="x=-1").to_dict()
    assert found["value"] is None
    assert found["derivative"] == {"expression": "1/x", "value": None, "unit": None}
    assert found["check"]["agrees"] is None
    assert [limit["hit"] for limit in found["domain"]] == [True]


def test_nothing_of_this_needs_sympy_or_pint() -> None:
    program = (
        "import sys; sys.modules['sympy'] = sys.modules['pint'] = None\n"
        "import glassgrad as gg\n"
        "found = gg.derive('sin(alpha*x)**beta', wrt='x', at='x=1, alpha=2, beta=3', order=2)\n"
        "found.to_dict(), found.latex(), found.html(), str(found)\n"
        "print(found.check.agrees)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
