"""A derivation as plain data for JSON; the keys are those of `glassgrad derive --format json`. Floor 6."""

from collections.abc import Sequence
from typing import Any

from glassgrad.explain.entries import Condition, Derived, Entry, Equation, Fold, Remark
from glassgrad.explain.showing import shown_text
from glassgrad.explain.values import count, plain

_LARGEST = 100  # numbers of a value on the way that are listed


def as_dict(derivation: Derived) -> dict[str, Any]:
    """Everything the derivation says; numbers as numbers, null where there is none."""
    check = derivation.check
    return {
        "function": derivation.function,
        "wrt": derivation.wrt[0] if len(derivation.wrt) == 1 else list(derivation.wrt),
        "order": derivation.order,
        "derivative": {
            "expression": derivation.expression,
            "value": plain(derivation.derivative),
            "unit": derivation.unit,
        },
        "value": plain(derivation.value),
        "links": [
            {
                "name": link.name,
                "of": link.of,
                "expression": link.expression,
                "local_derivative": link.local_derivative,
                "value": _small(link.value),
                "local_value": plain(link.local_value),
                "unit": link.unit,
            }
            for link in derivation.links
        ],
        "steps": [
            {"rule": step.rule, "text": step.text, "expression": step.expression, "value": _small(step.value)}
            for step in derivation.steps
        ],
        "kinks": [_condition(kink) for kink in derivation.kinks],
        "domain": [_condition(limit) for limit in derivation.domain],
        "check": {
            "method": check.method,
            "value": plain(check.value),
            "derivative": plain(check.derivative),
            "agrees": check.agrees,
            "error": plain(check.error),
        },
        "sections": [
            {"title": section.title, "lines": _entries(derivation, section.entries)} for section in derivation.sections
        ],
    }


def _small(value: Any) -> Any:
    """A value's numbers; null for an array of more than a hundred."""
    return plain(value) if count(value) <= _LARGEST else None


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "expression": condition.expression,
        "condition": condition.condition,
        "chosen": condition.chosen,
        "hit": condition.hit,
        "count": condition.count,
    }


def _entries(derivation: Derived, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    result = []
    for entry in entries:
        match entry:
            case Equation():
                result.append(_equation(derivation, entry))
            case Fold():
                inside = _entries(derivation, entry.inside)
                result.append(_equation(derivation, entry.title) | {"function": entry.function, "inside": inside})
            case Remark():
                result.append({"kind": entry.kind, "text": entry.text})
    return result


def _equation(derivation: Derived, equation: Equation) -> dict[str, Any]:
    def show(expression: Any) -> str:
        return shown_text(expression, derivation.symbols, derivation.shapes)

    value = equation.value
    return {
        "left": show(equation.left),
        "relation": equation.relation,
        "right": [show(form) for form in equation.forms],
        "shape": None if value is None else list(value.shape),
        "dtype": None if value is None else value.dtype,
        "value": None if value is None else value.text,
        "rule": equation.rule,
        "why": [_why(derivation, reason) for reason in equation.reasons],
        "place": equation.place,
        "source": equation.source,
        "unit": equation.unit or None,
    }


def _why(derivation: Derived, reason: Any) -> dict[str, Any]:
    formula = None
    if reason.left is not None and reason.formula is not None:
        sides = [shown_text(side, derivation.symbols, derivation.shapes) for side in (reason.left, reason.formula)]
        formula = " = ".join(sides)
    return {"text": reason.text, "formula": formula}
