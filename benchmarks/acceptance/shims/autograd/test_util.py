"""The gradient checks that the suite calls: our own, on Glassgrad's jvp and vjp, at the suite's step and tolerance.

Forward: the tangent equals the central difference along a random direction. Reverse: ⟨ct, J v⟩ by differences equals
⟨pullback(ct), v⟩. Both up to the given order, by checking the derivative's own derivative.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.core import make_jvp, make_vjp, name_of, nary

STEP = TOLERANCE = 1e-6


# ------------------------------------------------------------------ nests of arrays as vectors
def mapped(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """The nest with a function applied to its leaves and those of others like it."""
    if isinstance(tree, dict):
        assert all(isinstance(o, dict) and o.keys() == tree.keys() for o in others), (
            f"structures differ: {tree}, {others}"
        )
        return {key: mapped(function, part, *(other[key] for other in others)) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        assert all(isinstance(o, list | tuple) and len(o) == len(tree) for o in others), (
            f"structures differ: {tree}, {others}"
        )
        parts = [mapped(function, *row) for row in zip(tree, *others, strict=True)]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return function(tree, *others)


def total(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """The sum of a function over the leaves."""
    found: list[Any] = []
    mapped(lambda *leaves: found.append(function(*leaves)), tree, *others)
    return sum(found)


def random_like(tree: Any) -> Any:
    """A random vector of the same space."""

    def one(leaf: Any) -> Any:
        kind, shape = np.result_type(leaf), np.shape(leaf)
        real = np.array(np.random.randn(*shape))  # noqa: NPY002 - the suite seeds the global generator
        both = real + 1j * np.random.randn(*shape) if kind.kind == "c" else real  # noqa: NPY002 - as above
        return both.astype(kind) if shape else np.asarray(both).astype(kind)[()]

    return mapped(one, tree)


def inner(x: Any, y: Any) -> float:
    """Real inner product."""
    return float(total(lambda a, b: np.real(np.sum(np.conj(a) * b)), x, y))


def close(a: float, b: float) -> bool:
    """As the suite: absolutely or relatively."""
    return bool(abs(a - b) < TOLERANCE or abs(a - b) / abs(a + b) < TOLERANCE)


scalar_close = close


def check_same_space(x: Any, y: Any) -> None:
    """Same structure, shapes and dtypes."""

    def one(a: Any, b: Any) -> None:
        left, right = (np.shape(a), np.result_type(a)), (np.shape(b), np.result_type(b))
        assert left == right, f"shape and dtype differ: {left} and {right}"

    mapped(one, x, y)


# ------------------------------------------------------------------ the checks
def numeric_jvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """Central difference along v."""
    ahead = f(mapped(lambda a, b: a + b * (STEP / 2), x, v))
    behind = f(mapped(lambda a, b: a - b * (STEP / 2), x, v))
    return mapped(lambda a, b: (a - b) * (1 / STEP) if np.result_type(a).kind != "b" else 0.0 * a, ahead, behind)


def check_equivalent(x: Any, y: Any) -> None:
    """Same space and the same value along a random direction."""
    check_same_space(x, y)
    v = random_like(x)
    assert close(inner(x, v), inner(y, v)), f"Value mismatch:\nx: {x}\ny: {y}"


def check_jvp(f: Callable[..., Any], x: Any) -> None:
    """Forward mode against differences."""
    v = random_like(x)
    found, expected = make_jvp(f, x)(v)[1], numeric_jvp(f, x, v)
    check_same_space(found, expected)
    direction = random_like(found)
    a, b = inner(found, direction), inner(expected, direction)
    assert close(a, b), f"Derivative (JVP) check of {name_of(f)} failed with arg {x}:\nanalytic: {a}\nnumeric:  {b}"


def check_vjp(f: Callable[..., Any], x: Any) -> None:
    """Reverse mode against differences."""
    pullback, y = make_vjp(f, x)
    v, ct = random_like(x), random_like(y)
    conjugate = lambda tree: mapped(np.conj, tree)  # noqa: E731
    pulled = conjugate(pullback(conjugate(ct)))
    check_same_space(pulled, x)
    exact, numeric = inner(v, pulled), inner(ct, numeric_jvp(f, x, v))
    assert close(numeric, exact), (
        f"Derivative (VJP) check of {name_of(f)} failed with arg {x}:\nanalytic: {exact}\nnumeric:  {numeric}"
    )


@nary
def check_grads(f: Callable[..., Any], x: Any, modes: Sequence[str] = ("fwd", "rev"), order: int = 2) -> None:
    """Both modes, and their derivatives up to the order."""
    if "fwd" in modes:
        check_jvp(f, x)
        if order > 1:

            def forwards(x: Any, v: Any) -> Any:
                return make_jvp(f, x)(v)[1]

            forwards.__name__ = f"jvp_{name_of(f)}"
            check_grads(forwards, (0, 1), modes, order=order - 1)(x, random_like(x))
    if "rev" in modes:
        check_vjp(f, x)
        if order > 1:

            def backwards(x: Any, g: Any) -> Any:
                return make_vjp(f, x)[0](g)

            backwards.__name__ = f"vjp_{name_of(f)}"
            check_grads(backwards, (0, 1), modes, order=order - 1)(x, random_like(f(x)))


def combo_check(fun: Callable[..., Any], *settings: Any, **options: Any) -> Callable[..., None]:
    """Every combination of the given arguments and keyword arguments."""

    def check(*args: Any, **kwargs: Any) -> None:
        keywords = [[(key, value) for value in values] for key, values in kwargs.items()]
        for chosen in itertools.product(*args):
            for named in itertools.product(*keywords):
                check_grads(fun, *settings, **options)(*chosen, **dict(named))

    return check
