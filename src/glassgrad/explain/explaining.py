"""`explain`: a function's derivative with every line that leads to it, in the person's own names. Floor 6."""

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from glassgrad.api.observed import Observed, observe_gradient
from glassgrad.api.wanted import Wrt
from glassgrad.base.trees import Structure, unflatten
from glassgrad.engines.source.page import Statement, flat, walk_lines
from glassgrad.explain.checking import check_gradient
from glassgrad.explain.derivation import Derivation
from glassgrad.explain.entries import Condition, Entry, Equation, Link, Remark, Section, Step
from glassgrad.explain.lines import backward_entries, forward_entries
from glassgrad.explain.notices import domain_of, idle_of, kinks_of
from glassgrad.explain.pages import Leaflet, leaflet
from glassgrad.explain.reasons import rule_of
from glassgrad.explain.showing import shown_text
from glassgrad.explain.values import summary
from glassgrad.tracing.written import spelled, text_of


def explain(function: Callable[..., Any], *args: Any, wrt: Wrt = None, **kwargs: Any) -> Derivation:
    """The derivative of `function` at these arguments, derived line by line.

    Forward lines stand as the person wrote them, backward lines as ∂L/∂z, each with its rule, shape and value and with
    the why that people ask for; calls of the person's own functions are folded into one line. At the end the numeric
    check. `wrt` takes parameter names, positions, paths into trees (`'params["W1"]'`), a list of those or "all"; the
    first argument unless given.

    >>> def area(r):
    ...     return 3.14 * r**2
    >>> explain(area, 2.0).derivative
    12.56
    """
    observed = observe_gradient(function, args, kwargs, wrt)
    made = leaflet(observed)
    gradients = [made.values[node] for node in observed.gradients]
    kinks, domain = kinks_of(made), domain_of(made)
    check = check_gradient(observed, gradients)
    value = made.values[observed.output]
    sections = [
        _given(made),
        Section("Forward", forward_entries(made)),
        Section("Backward", _with_start(made)),
        _result(made),
        *_said_aloud(made, kinks, domain),
    ]
    return Derivation(
        _call_text(observed),
        tuple(wanted.label for wanted in observed.wanted),
        tuple(section for section in sections if section.entries),
        check,
        _title(made),
        value=_number(value),
        expression=_derivative_expression(made),
        derivative=_derivative_value(observed, gradients),
        links=_links(made),
        steps=_steps(made),
        kinks=kinks,
        domain=domain,
        symbols=made.symbols,
        shapes=made.shapes,
    )


def _title(made: Leaflet) -> str:
    names = [made.symbols[name].text for name in _gradient_names(made) if name in made.symbols]
    shown = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
    return f"{shown} of {_call_text(made.observed)}"


def _call_text(observed: Observed) -> str:
    names = ", ".join(argument.name for argument in observed.arguments)
    return f"{observed.title}({names})"


def _gradient_names(made: Leaflet) -> list[str]:
    observed = made.observed
    return [
        f"d{observed.names.of.get(leaf.node, leaf.name) if leaf.node is not None else leaf.name}"
        for leaf in observed.wanted_leaves
    ]


# ------------------------------------------------------------------ sections
def _given(made: Leaflet) -> Section:
    """The arguments; where a tree holds them, with their paths."""
    entries: list[Entry] = []
    used = {part.id for part in walk_lines(made.page.statements) if isinstance(part, ast.Name)}
    for argument in made.observed.arguments:
        for leaf in argument.leaves:
            name = made.observed.names.of.get(leaf.node, leaf.name) if leaf.node is not None else leaf.path
            shown = spelled(leaf.value) if leaf.node is None else None
            if leaf.node is None and (shown is None or name not in used):
                continue
            forms = () if name == leaf.path else (leaf.access,)
            entries.append(Equation(ast.parse(name, mode="eval").body, forms, value=summary(leaf.value)))
    return Section("Given", tuple(entries))


def _with_start(made: Leaflet) -> tuple[Entry, ...]:
    """The backward lines; without any, the function does not depend on what is asked for."""
    found = backward_entries(made)
    if found:
        return found
    return (
        Remark(
            f"{made.show(made.left(made.output))} does not depend on {', '.join(w.label for w in made.observed.wanted)}"
        ),
    )


def _result(made: Leaflet) -> Section:
    entries: list[Entry] = [Equation(made.left(made.output), (), value=summary(made.values[made.observed.output]))]
    for name, node in zip(_gradient_names(made), made.observed.gradients, strict=True):
        entries.append(Equation(made.left(name), (), value=summary(made.values[node])))
    return Section("Result", tuple(entries))


def _said_aloud(made: Leaflet, kinks: Sequence[Condition], domain: Sequence[Condition]) -> Iterator[Section]:
    remarks: list[Entry] = [
        Remark(f"{shown} only shifts: the result does not depend on it, so no derivative flows through it")
        for shown in idle_of(made)
    ]
    for kink in kinks:
        if kink.hit:
            times = "" if kink.count == 1 else f" in {kink.count} places"
            remarks.append(
                Remark(
                    f"{kink.expression} has no derivative where {kink.condition}, which holds{times} here: "
                    f"{_chosen(kink.chosen)}",
                    "kink",
                )
            )
    quiet = [kink for kink in kinks if not kink.hit]
    if quiet:
        listing = "; ".join(f"{kink.expression} where {kink.condition}" for kink in quiet[:4])
        remarks.append(Remark(f"kinks, not touched by these values: {listing}{' …' if len(quiet) > 4 else ''}", "note"))
    for limit in domain:
        if limit.hit:
            times = "" if limit.count == 1 else f" in {limit.count} places"
            remarks.append(Remark(f"{limit.expression} needs {limit.condition}, which fails{times} here", "domain"))
    held = [limit for limit in domain if not limit.hit]
    if held:
        listing = "; ".join(f"{limit.expression} needs {limit.condition}" for limit in held[:4])
        remarks.append(Remark(f"limits, kept by these values: {listing}{' …' if len(held) > 4 else ''}", "note"))
    if remarks:
        yield Section("Said aloud", tuple(remarks))


def _chosen(text: str) -> str:
    short = text.replace("/", "").replace(".", "").replace("-", "").isalnum() and len(text) < 8
    return f"{text} is taken there" if short else text


# ------------------------------------------------------------------ for programs
def _number(value: Any) -> Any:
    return value.item() if getattr(value, "ndim", 1) == 0 else value


def _derivative_value(observed: Observed, gradients: Sequence[Any]) -> Any:
    """The gradients in the structure that was asked for."""
    rest = iter([_number(gradient) for gradient in gradients])
    trees = [next(rest) if wanted.structure is None else _tree(wanted.structure, rest) for wanted in observed.wanted]
    return trees[0] if observed.single else tuple(trees)


def _tree(structure: Structure, leaves: Iterator[Any]) -> Any:
    return unflatten(structure, [next(leaves) for _ in range(structure.num_leaves)])


def _derivative_expression(made: Leaflet) -> str:
    """The last line of the (first) derivative, in Python's spelling."""
    names = _gradient_names(made)
    own = [statement for statement in made.page.statements if isinstance(statement, Statement)]
    last = next((statement for statement in reversed(own) if names and names[0] in statement.targets), None)
    if last is None:
        return text_of(made.page.results[1]) if len(made.page.results) > 1 else "0"
    if last.operator == "=":
        return text_of(last.expression)
    return names[0]


def _links(made: Leaflet) -> tuple[Link, ...]:
    """The named values in order, each with what it depends on."""
    links = []
    for statement in flat(made.page.statements):
        if statement.backward or statement.node is None or not statement.operator or "[" in statement.targets[0]:
            continue
        below = [part.id for part in ast.walk(statement.expression) if isinstance(part, ast.Name)]
        known = [name for name in dict.fromkeys(below) if name in made.shapes]
        value = made.values.get(statement.node)
        links.append(Link(statement.targets[0], ", ".join(known), text_of(statement.expression), value=_number(value)))
    return tuple(links)


def _steps(made: Leaflet) -> tuple[Step, ...]:
    """The backward lines in words."""
    steps = []
    for statement in flat(made.page.statements):
        if not statement.backward:
            continue
        rule = rule_of(made, statement) or "chain rule"
        text = f"{_left_text(made, statement)} {statement.operator} {made.show(statement.expression)}, by the {rule}"
        value = made.values.get(statement.node) if statement.node is not None else None
        steps.append(Step(rule, text, text_of(statement.expression), _number(value)))
    return tuple(steps)


def _left_text(made: Leaflet, statement: Statement) -> str:
    if not statement.targets:
        return ""
    return shown_text(ast.parse(statement.targets[0], mode="eval").body, made.symbols, made.shapes)
