"""Generated source, run as a person would: alone, with NumPy and nothing else."""

import ast
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import optree

import glassgrad as gg


def imports_of(text: str) -> set[str]:
    """What a module imports."""
    return {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names}


def run_source(text: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """The value and the gradient that the text's function gives."""
    space: dict[str, Any] = {}
    exec(compile(text, "<generated>", "exec"), space)
    (function,) = [value for name, value in space.items() if name.endswith("_and_grad")]
    return function(*args, **kwargs)


def assert_source_is_right(
    function: Callable[..., Any], *args: Any, wrt: Any = None, argnums: Any = 0, tolerance: float = 1e-10, **kwargs: Any
) -> str:
    """The source's value and gradient are the function's and `grad`'s; gives the text for further questions."""
    text = gg.source(function, *args, wrt=wrt, **kwargs)
    assert imports_of(text) <= {"numpy"}
    given = [argument.copy() if isinstance(argument, np.ndarray) else argument for argument in args]
    value, gradient = run_source(text, *given, **kwargs)
    assert np.allclose(value, function(*args, **kwargs), rtol=1e-12, atol=1e-12, equal_nan=True)
    expected = gg.grad(function, argnums)(*args, **kwargs)
    found, wanted = (optree.tree_leaves(tree, namespace="glassgrad") for tree in (gradient, expected))
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
    for argument, before in zip(given, args, strict=True):
        assert argument is before or np.array_equal(argument, before), "an argument was changed in place"
    return text


def function_from(text: str, filename: str, **names: Any) -> Callable[..., Any]:
    """A function made from text that can be read back, as in a notebook's cell."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"np": np, "gg": gg} | names
    exec(compile(text, filename, "exec"), space)
    return space["f"]
