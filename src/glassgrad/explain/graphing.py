"""`draw`: the data flow of a function as a picture: names, shapes, values, gradients, calls as blocks. Floor 6."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from glassgrad.api.observed import observe_gradient
from glassgrad.api.wanted import Wrt
from glassgrad.engines import reference
from glassgrad.engines.source.page import Compound, Statement, assigned, flat, walk_lines
from glassgrad.engines.source.page import Line as PageLine
from glassgrad.explain.drawing import Arrow, Box, Line, Picture, render
from glassgrad.explain.drawing.picture import Kind
from glassgrad.explain.pages import Leaflet, forward_place, leaflet, place_text, source_text
from glassgrad.explain.values import summary
from glassgrad.graph.node import Node, working
from glassgrad.tracing.observation import Call

_LONGEST = 44  # characters of an expression in a box
_MANY, _STRETCHES = 400, 40  # from so many lines on, they are drawn in so many stretches
_LOOP_LINES = 12  # of a loop that are shown
_DEEPEST = 6  # blocks within blocks


def draw(
    function: Callable[..., Any],
    *args: Any,
    wrt: Wrt = "all",
    direction: Literal["down", "right"] = "down",
    theme: Literal["light", "dark", "auto"] = "light",
    fold: Any = "auto",
    **kwargs: Any,
) -> str:
    """The data flow of `function` at these arguments as an SVG file.

    Boxes are the values that have a line of their own: name, expression, shape, value and the gradient that arrives
    there; calls of the person's own functions are blocks, folded where there are many boxes (`fold="none"` opens them
    all). Gradients are with respect to `wrt`: everything unless given.

    >>> draw(lambda x: x**2 + 1, 3.0).startswith("<svg ")
    True
    """
    return render(picture_of(function, args, kwargs, wrt), direction=direction, theme=theme, fold=fold)


def picture_of(function: Callable[..., Any], args: Iterable[Any], kwargs: dict[str, Any], wrt: Wrt = "all") -> Picture:
    """The boxes and arrows."""
    observed = observe_gradient(function, tuple(args), kwargs, wrt)
    made = leaflet(observed)
    statements = [line for line in made.page.statements if not line.backward]
    gradients = _gradients(made)
    boxes = [*_leaf_boxes(made, statements, gradients)]
    names = _block_names(made, statements)
    keys: dict[str, str] = {box.key: box.key for box in boxes}
    arrows: list[Arrow] = []
    for number, statement in enumerate(statements):
        key = f"{number}:{', '.join(sorted(assigned(statement))) or 'change'}"
        if isinstance(statement, Statement):
            box = _box(made, statement, key, gradients, names)
        else:
            box = _loop_box(made, statement, key)
        boxes.append(_in_stretch(box, number, len(statements)))
        read = dict.fromkeys(_names_in(statement))
        arrows.extend(Arrow(keys[name], key) for name in read if name in keys)
        keys.update(dict.fromkeys(assigned(statement), key))
    return Picture(
        tuple(boxes), tuple(dict.fromkeys(arrows)), f"{observed.title}({', '.join(a.name for a in observed.arguments)})"
    )


def _in_stretch(box: Box, number: int, count: int) -> Box:
    """The box in a block of its stretch of lines, where there are so many that they have to be folded."""
    if count <= _MANY:
        return box
    size = -(-count // _STRETCHES)
    first = number // size * size
    block = f"lines {first + 1} to {min(first + size, count)}"
    return replace(box, block=block if box.block is None else f"{block}/{box.block}")


def _names_in(statement: PageLine) -> list[str]:
    """The variables that a line reads; one that it changes is read first."""
    if isinstance(statement, Compound):
        return [*assigned(statement), *[part.id for part in walk_lines([statement]) if isinstance(part, ast.Name)]]
    read = [part.id for part in ast.walk(statement.expression) if isinstance(part, ast.Name)]
    changed = [target.partition("[")[0] for target in statement.targets if "[" in target]
    return [*changed, *read]


def _gradients(made: Leaflet) -> dict[Node, Any]:
    """The gradient that arrives at each forward value."""
    observed = made.observed
    wanted = dict(observed.cotangents)
    wanted.update(
        zip([leaf.node for leaf in observed.wanted_leaves if leaf.node is not None], observed.gradients, strict=True)
    )
    with working(observed.workspace):
        numbers = reference.evaluate(list(wanted.values()), observed.workspace.values)
    return dict(zip(wanted, numbers, strict=True))


# ------------------------------------------------------------------ boxes
def _leaf_boxes(made: Leaflet, statements: list[PageLine], gradients: dict[Node, Any]) -> Iterable[Box]:
    """The arguments that are used, and arrays of the surroundings."""
    used = {name for statement in statements for name in _names_in(statement)}
    wanted = {leaf.node for leaf in made.observed.wanted_leaves}
    for argument in made.observed.arguments:
        for leaf in argument.leaves:
            name = made.observed.names.of.get(leaf.node, leaf.name) if leaf.node is not None else leaf.path
            if name not in used and leaf.node is not made.observed.output:
                continue
            kind: Kind = "parameter" if leaf.node in wanted and np.ndim(leaf.value) else "input"
            tooltip = "" if name == leaf.path else leaf.path
            yield Box(
                name,
                _title(made, name),
                tuple(_facts(made, name, leaf.value, leaf.node, gradients)),
                kind,
                None,
                tooltip,
            )
    for name, array in made.page.captured.items():
        yield Box(name, _title(made, name), tuple(_facts(made, name, array, None, gradients)), "constant")


def _box(made: Leaflet, statement: Statement, key: str, gradients: dict[Node, Any], names: dict[Call, str]) -> Box:
    text = made.show(statement.expression)
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    title = ", ".join(_title(made, target) for target in statement.targets) or "change"
    lines = [Line(f"{statement.operator} {text}".strip() if statement.operator != "=" else text, "note")]
    node = statement.node
    value = made.values.get(node) if node is not None else None
    if node is not None and value is not None:
        lines.extend(_facts(made, title, value, node, gradients))
    kind: Kind = "loss" if node is made.observed.output else "constant" if node is None else "value"
    place = forward_place(made, statement)
    tooltip = f"{place_text(place)}  {source_text(place)}" if place is not None else ""
    return Box(key, title, tuple(lines), kind, _block(made, node, names), tooltip)


def _loop_box(made: Leaflet, loop: Compound, key: str) -> Box:
    """A loop or branch as one box, with its lines."""
    shown = []
    for statement in [*flat(loop.inside)][:_LOOP_LINES]:
        text = f"{', '.join(statement.targets)} {statement.operator} {made.show(statement.expression)}".strip()
        shown.append(Line(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…", "note"))
    return Box(key, loop.header.rstrip(":"), tuple(shown), "operation")


def _title(made: Leaflet, name: str) -> str:
    try:
        return made.show(ast.parse(name, mode="eval").body)
    except SyntaxError:
        return name


def _facts(made: Leaflet, name: str, value: Any, node: Node | None, gradients: dict[Node, Any]) -> Iterable[Line]:
    del name
    said = summary(value)
    if said.shape:
        yield Line(said.shape_text, "shape")
    yield Line(said.text, "value")
    if node is not None and node in gradients and node is not made.observed.output:
        yield Line(f"grad {summary(gradients[node]).text}", "gradient")


# ------------------------------------------------------------------ blocks
def _block_names(made: Leaflet, statements: list[PageLine]) -> dict[Call, str]:
    """A name for each call: its function's, numbered where it is called several times in the same place."""
    calls = list(
        dict.fromkeys(call for statement in statements for call in made.calls_around(statement.node)[:_DEEPEST])
    )
    count: dict[tuple[int, str], int] = {}
    total: dict[tuple[int, str], int] = {}
    for call in calls:
        key = (id(call.parent), call.block.function)
        total[key] = total.get(key, 0) + 1
    names = {}
    for call in calls:
        key = (id(call.parent), call.block.function)
        count[key] = count.get(key, 0) + 1
        names[call] = call.block.function if total[key] == 1 else f"{call.block.function} {count[key]}"
    return names


def _block(made: Leaflet, node: Node | None, names: dict[Call, str]) -> str | None:
    path = [names[call] for call in made.calls_around(node)[:_DEEPEST] if call in names]
    return "/".join(path) or None
