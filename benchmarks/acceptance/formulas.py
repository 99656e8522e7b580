"""Derivatives of formulas: several hundred cases from one-liners to nested radicals, each with worded steps.

Checks for each case of `formulas.jsonl`: value and derivative at the first point, the derivative's expression at all
points (read by SymPy's parser), worded steps, the derivation's own check, and that the JSON is JSON.
Exit code 0 when at least --bar of the cases pass every check and none crashes.
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import mpmath
import sympy
from formula_oracle import load
from report import Outcome, attempt, save, show
from sympy.parsing.sympy_parser import parse_expr

import glassgrad

KEYS = {"function", "wrt", "order", "derivative", "value", "links", "steps", "kinks", "domain", "check"}


def close(found: float, expected: float, tolerance: float = 1e-9) -> bool:
    """Equal to a relative tolerance, or an absolute one near zero."""
    return math.isfinite(found) and abs(found - expected) <= tolerance * max(1.0, abs(expected))


def expression_value(text: str, point: dict[str, float]) -> float:
    """The number of an expression as SymPy reads it."""
    symbols = {name: sympy.Symbol(name, real=True) for name in point}
    expression = sympy.sympify(parse_expr(text, local_dict=dict(symbols)))
    strange = {s.name for s in expression.free_symbols} - set(point)
    assert not strange, f"expression {text!r} has names that are no variables: {sorted(strange)}"
    undefined = {f.func.__name__ for f in expression.atoms(sympy.core.function.AppliedUndef)}
    assert not undefined, f"expression {text!r} has functions that SymPy does not know: {sorted(undefined)}"
    number = complex(expression.evalf(25, subs={symbols[k]: sympy.Float(v, 40) for k, v in point.items()}))
    assert abs(number.imag) <= 1e-12 * max(1.0, abs(number.real)), (
        f"expression {text!r} is complex at {point}: {number}"
    )
    return number.real


def check_case(case: dict[str, Any], seconds: int) -> Outcome:
    """All checks of one case."""
    outcome = Outcome(str(case["id"]), case["category"], title(case))
    first, expected = case["at"][0], case["expected"]
    found: dict[str, Any] = {}

    def derive() -> None:
        derivation = glassgrad.derive(case["expr"], let=case["let"], wrt=case["wrt"], at=first, order=case["order"])
        found.update(json.loads(json.dumps(derivation.to_dict(), allow_nan=False)))
        assert set(found) >= KEYS, f"keys missing: {sorted(KEYS - set(found))}"
        text = str(derivation)
        assert len(text.split()) > 5, f"the printed derivation is empty: {text!r}"

    def value() -> None:
        assert found["value"] is not None and close(found["value"], expected[0][0]), (
            f"{found['value']} for {expected[0][0]}"
        )

    def derivative() -> None:
        number = found["derivative"]["value"]
        assert number is not None and close(number, expected[0][1]), f"{number} for {expected[0][1]}"

    def expression() -> None:
        text = found["derivative"]["expression"]
        for point, (_, right) in zip(case["at"], expected, strict=True):
            number = expression_value(text, point)
            assert close(number, right, 1e-8), f"{text!r} at {point}: {number} for {right}"

    def steps() -> None:
        assert found["steps"], "no steps"
        for step in found["steps"]:
            assert isinstance(step["rule"], str) and step["rule"].strip(), f"a step without a rule: {step}"
            assert len(step["text"].split()) >= 3, f"a step without words: {step}"

    def check() -> None:
        assert found["check"]["agrees"] is True, f"check: {found['check']}"

    if attempt(outcome, "derive", derive, seconds):
        for action in (value, derivative, expression, steps, check):
            attempt(outcome, action.__name__, action, seconds)
    return outcome


def title(case: dict[str, Any]) -> str:
    """The case in one line."""
    lets = "".join(f", {let}" for let in case["let"])
    order = f", order {case['order']}" if case["order"] > 1 else ""
    return f"d/d{case['wrt']} {case['expr']}{lets}{order}"


def main() -> int:
    """Runs the set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="run cases whose formula or category contains this text")
    parser.add_argument("--case", type=int, action="append", help="run the case of this number; may be repeated")
    parser.add_argument("--every", type=int, default=1, help="run every n-th case only")
    parser.add_argument("--bar", type=float, default=0.98)
    parser.add_argument("--limit", type=int, default=30, help="seconds a check may take")
    parser.add_argument("--json", type=Path, help="write all outcomes to this file")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    mpmath.mp.dps = 30
    cases = [c for c in load() if options.only in c["expr"] or options.only in c["category"]][:: options.every]
    cases = [c for c in cases if not options.case or c["id"] in options.case]
    outcomes = [check_case(case, options.limit) for case in cases]
    rate = show("Derivatives of formulas, with worded steps", outcomes, options.bar, verbose=options.verbose)
    crashed = sum("derive" in o.failures for o in outcomes)
    slowest = sorted(outcomes, key=lambda o: -o.seconds)[:3]
    print(f"{crashed} crashed; slowest: " + "; ".join(f"{o.title} {o.seconds:.1f} s" for o in slowest))
    save(options.json, outcomes, rate=rate, crashed=crashed)
    return 0 if rate >= options.bar and not crashed else 1


if __name__ == "__main__":
    sys.exit(main())
