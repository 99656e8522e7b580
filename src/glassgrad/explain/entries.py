"""What a derivation is made of: lines, folds, remarks, links, steps and the check. Floor 6: data only."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from glassgrad.explain.notation import Symbol
from glassgrad.explain.values import Summary


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line is as it is: a sentence, and a formula that says the same by indices, where there is one. `rule`
    is the rule that the sentence is about.
    """

    text: str
    left: ast.expr | None = None
    formula: ast.expr | None = None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Equation:
    """One line: what is on the left, what it equals (one form after the other), and everything known of it."""

    left: ast.expr
    forms: tuple[ast.expr, ...]
    relation: str = "="  # or "+=", where paths are added up one after the other
    value: Summary | None = None
    rule: str = ""
    reasons: tuple[Reason, ...] = ()
    place: str = ""  # the person's line: "model.py:12"
    source: str = ""  # its text
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    """A function of the person's as one line, which opens into the lines inside it."""

    title: Equation
    inside: tuple["Entry", ...]
    function: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence between the lines; `kind` is "note", "kink", "domain" or "warning"."""

    text: str
    kind: str = "note"


Entry: TypeAlias = Equation | Fold | Remark


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a derivation under its heading."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: a named value, what it depends on, and its derivative with respect to that."""

    name: str
    of: str
    expression: str
    local_derivative: str | None = None
    value: Any = None
    local_value: Any = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One worded step of the differentiation."""

    rule: str
    text: str
    expression: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A kink or a limit of a domain: where, what holds there, whether the values touch it."""

    expression: str
    condition: str
    chosen: str = ""
    hit: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """The numeric check: our derivative and the one by `method`, for each thing it was taken with respect to."""

    method: str
    value: Any
    derivative: Any
    agrees: bool | None
    error: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Derived:
    """A derivative with everything that leads to it; `Derivation` adds the ways to show it."""

    function: str
    wrt: tuple[str, ...]
    sections: tuple[Section, ...]
    check: Check
    title: str = ""
    order: int = 1
    value: Any = None
    expression: str = ""  # of the derivative
    derivative: Any = None  # its value
    unit: str | None = None  # of the derivative
    links: tuple[Link, ...] = ()
    steps: tuple[Step, ...] = ()
    kinks: tuple[Condition, ...] = ()
    domain: tuple[Condition, ...] = ()
    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
