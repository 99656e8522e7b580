"""The derivations whose printed pages are kept in tests/golden/derive; each was read by eye.

After a wanted change: `python -m tests.explain.derive_cases` writes the pages anew.
"""

from pathlib import Path
from typing import Any

import glassgrad as gg

FOLDER = Path(__file__).parents[1] / "golden" / "derive"

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "skydiver": (
        "p = 101325*exp(-0.0001*h)",
        {"let": "h = 4000 - 0.5*9.8*t**2", "at": "t=10", "units": "t=s, h=m, p=Pa"},
    ),
    "sigmoid_loss": ("(y - 1/(1 + exp(-(w*x + b))))**2", {"wrt": "w", "at": "w=0.5, x=2, b=-0.3, y=1"}),
    "branching_lets": ("u*v + x", {"let": ["u = x**2", "v = sin(u)"], "at": "x=1.5"}),
    "power_of_functions": ("x**x * sin(x)", {"at": "x=2"}),
    "quotient_without_a_point": ("(2*x + 1)/(x**2 + 4)", {}),
    "on_a_kink": ("abs(x - 1)/sqrt(x)", {"at": "x=1"}),
    "tie": ("Max(x, x**2, 1)", {"at": "x=1"}),
    "outside_the_domain": ("ln(x) + sqrt(x - 3)", {"at": "x=-1"}),
    "where_the_graph_has_a_value_outside": ("x**x", {"at": "x=0"}),
    "piecewise": ("Piecewise((x**2, x < 1), (2*x - 1, True))", {"at": "x=3"}),
    "floor": ("x*floor(3*x)", {"at": "x=0.5"}),
    "third_order": ("x/(1 + x**2)", {"order": 3, "at": "x=0.5"}),
    "two_variables": ("arctan2(y, x**2)", {"wrt": "x", "at": "x=1, y=2"}),
    "constant": ("7", {}),
    "by_a_let": ("area*2", {"let": "area = r**2", "wrt": "area", "at": "r=3"}),
}


def page(name: str) -> str:
    """The printed derivation of a case."""
    formula, given = CASES[name]
    return str(gg.derive(formula, **given)) + "\n"


def main() -> None:
    for name in CASES:
        (FOLDER / f"{name}.txt").write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    main()
