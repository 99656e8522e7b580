"""The backward pass as text: a module that runs without this library. Floor 5."""

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from glassgrad.api.observed import Observed, observe_gradient
from glassgrad.api.wanted import Argument, Leaf, Wanted, Wrt
from glassgrad.base.avals import is_inexact, show_shape
from glassgrad.base.errors import UsageError
from glassgrad.engines.source.javascript import javascript_text
from glassgrad.engines.source.javascript_expressions import spelled_name
from glassgrad.engines.source.module import Head, module_text
from glassgrad.engines.source.page import Material, Page, walk_lines
from glassgrad.engines.source.statements import write
from glassgrad.graph.node import Node
from glassgrad.tracing.written import spelled, text_of


def source(function: Callable[..., Any], *args: Any, wrt: Wrt = None, target: str = "numpy", **kwargs: Any) -> str:
    """The function and its gradient as the text of a module that needs NumPy alone.

    `target="javascript"` gives the same for the browser, over nested arrays (elementwise arithmetic, matrix products
    and reductions). The module defines `<name>_and_grad` with the function's own parameters; it returns
    `(value, gradient)`, a tuple of
    gradients where `wrt` names several. `wrt` takes parameter names, positions, paths into trees (`'params["W1"]'`) or
    "all"; the first argument unless given. The text is for arguments of the shapes given here.

    >>> import numpy as np
    >>> def loss(w, x):
    ...     r = x @ w
    ...     return r @ r
    >>> text = source(loss, np.ones(2), np.eye(2))
    >>> "def loss_and_grad(w, x):" in text
    True
    """
    if target not in ("numpy", "javascript"):
        raise UsageError(f"target={target!r} is not known", hint='target="numpy" or target="javascript"')
    observed = observe_gradient(function, args, kwargs, wrt)
    material = material_of(observed)
    page = write(material)
    result = ast.Tuple([page.results[0], _gradient_expression(observed, page)], ast.Load())
    if target == "javascript":
        numbers = [part.id for node, part in material.leaves.items() if isinstance(part, ast.Name) and not node.shape]
        return javascript_text(_head(observed, page, "javascript"), page, result, numbers)
    return module_text(_head(observed, page, "numpy"), page, result)


def material_of(observed: Observed, *, generic: bool = True) -> Material:
    """What an observed call gives the writer of lines: for a module (`generic`), or for a page about these values,
    on which every argument goes by its short name.
    """
    leaves: dict[Node, ast.expr] = {
        node: leaf.access if generic else ast.Name(observed.names.of.get(node, leaf.name), ast.Load())
        for node, leaf in observed.leaves.items()
    }
    names = observed.names.of
    gradient_names = tuple(
        f"d{names.get(leaf.node, leaf.name)}" if leaf.node is not None else f"d{leaf.name}"
        for leaf in observed.wanted_leaves
    )
    parameters = {argument.name for argument in observed.arguments}
    parameters |= set(observed.signature.parameters) if observed.signature else set()
    seen = observed.observation
    return Material(
        (observed.output, *observed.gradients),
        leaves,
        names,
        observed.cotangents,
        seen.operations,
        seen.several,
        observed.workspace.notes,
        observed.boundary,
        seen.made,
        frozenset(parameters),
        gradient_names,
        observed.names.depth,
        seen.place_of,
        observed.bodies,
        generic=generic,
        recorded=observed.recorded,
        step_of=seen.step_of,
        repeated=0 if generic else 30,
    )


# ------------------------------------------------------------------ the result
def _gradient_expression(observed: Observed, page: Page) -> ast.expr:
    results = iter(page.results[1:])
    parts = [_tree(wanted, results) for wanted in observed.wanted]
    return parts[0] if observed.single else ast.Tuple(parts, ast.Load())


def _tree(wanted: Wanted, results: Iterator[ast.expr]) -> ast.expr:
    if wanted.structure is None:
        return next(results)
    return _tree_expression(wanted.argument.value, results, ast.parse(wanted.argument.name, mode="eval").body)


def _tree_expression(value: Any, results: Iterator[ast.expr], access: ast.expr) -> ast.expr:
    """The gradients in the shape of the argument: dict, tuple and list displays; a class is called with its fields."""

    def inside(part: Any, key: Any) -> ast.expr:
        return _tree_expression(
            part, results, ast.Subscript(access, spelled(key) or ast.Constant(str(key)), ast.Load())
        )

    match value:
        case dict():
            keys = sorted(value) if not hasattr(value, "move_to_end") else list(value)
            parts = {key: inside(value[key], key) for key in keys}
            return ast.Dict([spelled(key) or ast.Constant(str(key)) for key in value], [parts[key] for key in value])
        case tuple() if hasattr(value, "_fields"):
            kind = ast.Call(ast.Name("type", ast.Load()), [access], [])
            return ast.Call(kind, [inside(part, index) for index, part in enumerate(value)], [])
        case tuple():
            return ast.Tuple([inside(part, index) for index, part in enumerate(value)], ast.Load())
        case list():
            return ast.List([inside(part, index) for index, part in enumerate(value)], ast.Load())
        case None:
            return ast.Constant(None)
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is None:
        return next(results)
    words = []
    for name, field in fields.items():
        inner = ast.Attribute(access, name, ast.Load())
        static = field.metadata.get("static")
        part = inner if static else _tree_expression(getattr(value, name), results, inner)
        words.append(ast.keyword(name, part))
    return ast.Call(ast.Call(ast.Name("type", ast.Load()), [access], []), [], words)


# ------------------------------------------------------------------ the first lines
def _head(observed: Observed, page: Page, target: str) -> Head:
    document = [_first_line(observed)]
    shapes = [
        f"{leaf.path} {show_shape(leaf.node.shape)}"
        for argument in observed.arguments
        for leaf in argument.leaves
        if leaf.node is not None and leaf.node.shape
    ]
    lines = list(walk_lines(page.statements))
    used = {part.id for part in lines if isinstance(part, ast.Name)}
    powers = [part.right for part in lines if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow)]
    used -= {part.id for power in powers for part in ast.walk(power) if isinstance(part, ast.Name)}  # n·xⁿ⁻¹ as 2·x
    fixed = [
        f"{argument.name} = {_shown(argument)}"
        for argument in observed.arguments
        if argument.name not in used and not any(leaf.node for leaf in argument.leaves)
    ]
    if shapes:
        document.append(f"Written for {', '.join(shapes)}.")
    if fixed:
        document.append(f"Holds for {', '.join(fixed)} only.")
    branches = len({(branch.place.code, branch.place.offset) for branch in observed.observation.branches})
    if branches:
        document.append(
            f"Follows the way that the function took for these values ({branches} choice{'s' * (branches > 1)})."
        )
    return Head(f"{observed.title}_and_grad", _parameters(observed, target), tuple(_wrapped(document)))


def _first_line(observed: Observed) -> str:
    labels = [wanted.label for wanted in observed.wanted]
    listing = labels[0] if len(labels) == 1 else ", ".join(labels[:-1]) + f" and {labels[-1]}"
    return f"The value of {observed.title} and its gradient with respect to {listing}."


def _wrapped(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        text = line
        while len(text) > 96:
            cut = text.rfind(" ", 0, 96)
            if cut < 0:
                break
            yield text[:cut]
            text = text[cut + 1 :]
        yield text


def _shown(argument: Argument) -> str:
    shown = spelled(argument.value)
    return text_of(shown) if shown is not None else getattr(argument.value, "__name__", type(argument.value).__name__)


def _parameters(observed: Observed, target: str) -> str:
    if observed.signature is None:
        return ", ".join(argument.name for argument in observed.arguments)
    parts: list[str] = []
    kinds = inspect.Parameter
    starred = False
    for parameter in observed.signature.parameters.values():
        text = parameter.name if target == "numpy" else spelled_name(parameter.name)
        if parameter.kind is kinds.VAR_POSITIONAL:
            text, starred = f"{'*' if target == 'numpy' else '...'}{text}", True
        elif parameter.kind is kinds.VAR_KEYWORD:
            text = f"**{text}"
        elif parameter.kind is kinds.KEYWORD_ONLY and not starred and target == "numpy":
            parts.append("*")
            starred = True
        if parameter.default is not kinds.empty:
            shown = _default(parameter.default)
            text += f"={shown}" if target == "numpy" else f" = {_IN_JAVASCRIPT.get(shown, shown)}"
        parts.append(text)
    return ", ".join(parts)


_IN_JAVASCRIPT = {"None": "null", "True": "true", "False": "false"}


def _default(value: Any) -> str:
    shown = spelled(value)
    return "None" if shown is None else text_of(shown)


__all__ = ["Leaf", "is_inexact", "material_of", "source"]
