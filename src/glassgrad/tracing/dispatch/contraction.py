"""matmul, dot, einsum and their kin on traced values. Floor 3. All of them become `contract` nodes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.graph.node import Node
from glassgrad.ops.contract import contract, matmul
from glassgrad.ops.diagonal import diagonal_of
from glassgrad.ops.lifting import common_dtype
from glassgrad.ops.structure import cast, reshape, sum_over, transpose
from glassgrad.tracing.registry import implements, implements_ufunc
from glassgrad.tracing.tracer import Tracer, to_node, wrap

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@implements_ufunc("matmul")
def matmul_traced(x1: Any, x2: Any) -> Tracer:
    """`a @ b`."""
    return wrap(matmul(to_node(x1), to_node(x2)))


@implements_ufunc("vecdot")
def vecdot_traced(x1: Any, x2: Any, axis: int = -1) -> Any:
    """`np.vecdot`: the product of vectors along an axis, the first conjugated."""
    a, b = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
    if np.shape(a)[-1] != np.shape(b)[-1]:
        raise ShapeError(
            f"vecdot needs vectors of one length, found {show_shape(np.shape(x1))} and {show_shape(np.shape(x2))}"
        )
    return einsum_traced("...i,...i->...", np.conjugate(a), b)


@implements_ufunc("matvec")
def matvec_traced(x1: Any, x2: Any) -> Any:
    """`np.matvec`."""
    return einsum_traced("...ij,...j->...i", x1, x2)


@implements_ufunc("vecmat")
def vecmat_traced(x1: Any, x2: Any) -> Any:
    """`np.vecmat`: the vector conjugated."""
    return einsum_traced("...i,...ij->...j", np.conjugate(x1), x2)


@implements(np.dot)
def dot_traced(a: Any, b: Any, out: None = None) -> Any:
    """`np.dot`: for more than two axes, the last axis of a with the last but one of b."""
    x, y = to_node(a), to_node(b)
    if not x.ndim or not y.ndim:
        return np.multiply(wrap(x), wrap(y))
    second = -2 if y.ndim > 1 else -1
    if x.shape[-1] != y.shape[second]:
        return wrap(matmul(x, y))  # which says what does not fit
    return wrap(_over_axes(x, y, [x.ndim - 1], [y.ndim + second]))


def _over_axes(x: Node, y: Node, x_axes: Sequence[int], y_axes: Sequence[int]) -> Node:
    """The contraction over pairs of axes; the axes left over follow, those of x first."""
    left = list(_LETTERS[: x.ndim])
    right = list(_LETTERS[x.ndim : x.ndim + y.ndim])
    for i, j in zip(x_axes, y_axes, strict=True):
        right[j] = left[i]
    out = [c for c in left if c not in right] + [c for c in right if c not in left]
    return contract(x, y, f"{''.join(left)},{''.join(right)}->{''.join(out)}")


@implements(np.inner)
def inner_traced(a: Any, b: Any) -> Any:
    """`np.inner`: over the last axis of both."""
    x, y = to_node(a), to_node(b)
    if not x.ndim or not y.ndim:
        return np.multiply(wrap(x), wrap(y))
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(f"inner needs equal last axes, found {show_shape(x.shape)} and {show_shape(y.shape)}")
    return wrap(_over_axes(x, y, [x.ndim - 1], [y.ndim - 1]))


@implements(np.vdot)
def vdot_traced(a: Any, b: Any) -> Any:
    """`np.vdot`: the product of all elements, the first conjugated."""
    return inner_traced(np.conjugate(np.ravel(a)), np.ravel(b))


@implements(np.outer)
def outer_traced(a: Any, b: Any, out: None = None) -> Tracer:
    """`np.outer`: all products of two vectors."""
    x, y = (reshape(node, (node.aval.size,)) for node in (to_node(a), to_node(b)))
    return wrap(contract(x, y, "i,j->ij"))


@implements(np.tensordot)
def tensordot_traced(a: Any, b: Any, axes: Any = 2) -> Tracer:
    """`np.tensordot`."""
    x, y = to_node(a), to_node(b)
    if isinstance(axes, int | np.integer):
        x_axes, y_axes = list(range(x.ndim - int(axes), x.ndim)), list(range(int(axes)))
    else:
        x_axes, y_axes = ([int(n) for n in np.atleast_1d(part)] for part in axes)
    x_axes = [normalize_axis_index(axis, x.ndim) for axis in x_axes]
    y_axes = [normalize_axis_index(axis, y.ndim) for axis in y_axes]
    for i, j in zip(x_axes, y_axes, strict=True):
        if x.shape[i] != y.shape[j]:
            raise ShapeError(
                f"tensordot joins axis {i} of {show_shape(x.shape)} with axis {j} of {show_shape(y.shape)}, "
                "which differ in size"
            )
    return wrap(_over_axes(x, y, x_axes, y_axes))


@implements(np.linalg.multi_dot)
def multi_dot_traced(arrays: Sequence[Any], *, out: None = None) -> Any:
    """`np.linalg.multi_dot`, in the order that costs least."""
    if len(arrays) < 2:
        raise UsageError("multi_dot needs at least two arrays")
    if len(arrays) == 2:
        return dot_traced(*arrays)
    letters = [_LETTERS[i : i + 2] for i in range(len(arrays))]
    letters[0] = letters[0][-np.ndim(arrays[0]) :]
    letters[-1] = letters[-1][: np.ndim(arrays[-1])]
    out_letters = letters[0][:-1] + letters[-1][1:]
    return einsum_traced(f"{','.join(letters)}->{out_letters}", *arrays, optimize=True)


# ------------------------------------------------------------------ einsum
@implements(np.einsum)
def einsum_traced(*operands: Any, out: None = None, optimize: Any = True, dtype: Any = None, **_: Any) -> Tracer:
    """`np.einsum`, with any number of operands, repeated letters and `...`; pairs in the order that costs least."""
    spec, arrays = _spec_and_operands(operands)
    nodes = [to_node(array) for array in arrays]
    wide = np.dtype(dtype) if dtype is not None else common_dtype(*nodes)
    nodes = [cast(node, wide) for node in nodes]
    terms, result = _explicit(spec, [node.ndim for node in nodes])
    _check_sizes(spec, terms, nodes)
    parts = [_without_repeats(node, term) for node, term in zip(nodes, terms, strict=True)]
    for first, second in _pairs(parts, result):
        right, left = parts.pop(max(first, second)), parts.pop(min(first, second))
        rest = set(result).union(*[letters for _, letters in parts])
        parts.append(_join(left, right, rest))
    node, letters = parts[0]
    node, letters = _sum_letters(node, letters, set(result))
    return wrap(transpose(node, tuple(letters.index(c) for c in result)))


def _spec_and_operands(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """The string form of either way to call einsum."""
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), list(operands[1:])
    pairs = list(operands)
    out = pairs.pop() if len(pairs) % 2 else None
    symbols = sorted({s for listed in pairs[1::2] for s in listed if s is not Ellipsis})
    names = {s: _LETTERS[i] for i, s in enumerate(symbols)}
    spelled = [_spell(listed, names) for listed in pairs[1::2]]
    spec = ",".join(spelled) + ("" if out is None else "->" + _spell(out, names))
    return spec, pairs[0::2]


def _spell(listed: Sequence[Any], names: dict[Any, str]) -> str:
    return "".join("..." if s is Ellipsis else names[s] for s in listed)


def _explicit(spec: str, ndims: Sequence[int]) -> tuple[list[str], str]:
    """Each operand's letters and the result's, with `...` spelled out by letters that are free."""
    inputs, arrow, result = spec.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise UsageError(f"einsum {spec!r} names {len(terms)} operands and has {len(ndims)}")
    free = [c for c in _LETTERS if c not in spec]
    extra = [n - len(term.replace("...", "")) if "..." in term else 0 for term, n in zip(terms, ndims, strict=True)]
    shared = "".join(free[: max(extra, default=0)])
    if min(extra, default=0) < 0:
        raise ShapeError(f"einsum {spec!r}: an operand has fewer axes than letters")
    terms = [term.replace("...", shared[len(shared) - n :]) for term, n in zip(terms, extra, strict=True)]
    if not arrow:
        once = sorted(c for c in set("".join(terms)) - set(shared) if "".join(terms).count(c) == 1)
        result = "..." + "".join(once) if shared else "".join(once)
    return terms, result.replace("...", shared)


def _check_sizes(spec: str, terms: Sequence[str], nodes: Sequence[Node]) -> None:
    sizes: dict[str, int] = {}
    for term, node in zip(terms, nodes, strict=True):
        if len(term) != node.ndim:
            raise ShapeError(
                f"einsum {spec!r}: {term!r} names {len(term)} axes, the operand has shape {show_shape(node.shape)}"
            )
        for letter, size in zip(term, node.shape, strict=True):
            if sizes.setdefault(letter, size) != size and 1 not in (size, sizes[letter]):
                raise ShapeError(f"einsum {spec!r}: letter {letter!r} stands for {sizes[letter]} and for {size}")


def _without_repeats(node: Node, letters: str) -> tuple[Node, str]:
    """A letter that stands twice in one operand means its diagonal."""
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            first = letters.index(letter)
            second = letters.index(letter, first + 1)
            node = diagonal_of(node, first, second)
            letters = letters[:first] + letters[first + 1 : second] + letters[second + 1 :] + letter
    return node, letters


def _pairs(parts: Sequence[tuple[Node, str]], result: str) -> list[tuple[int, int]]:
    """Which two operands to join, step by step."""
    if len(parts) < 2:
        return []
    if len(parts) == 2:
        return [(0, 1)]
    spec = ",".join(letters for _, letters in parts) + "->" + "".join(dict.fromkeys(result))
    stand_ins = [np.broadcast_to(np.empty(()), node.shape) for node, _ in parts]
    path = np.einsum_path(spec, *stand_ins, optimize="greedy")[0][1:]
    steps: list[tuple[int, int]] = []
    for step in path:
        chosen = sorted(step, reverse=True)
        while len(chosen) > 1:  # a step over several operands at once becomes steps over two
            a, b = chosen.pop(0), chosen.pop(0)
            steps.append((b, a))
            remaining = len(parts) - len(steps)
            chosen.insert(0, remaining - 1)
    return steps


def _join(left: tuple[Node, str], right: tuple[Node, str], needed: set[str]) -> tuple[Node, str]:
    """Two operands as one: letters that nobody needs any more are summed."""
    a, a_letters = _sum_letters(*left, needed | set(right[1]))
    b, b_letters = _sum_letters(*right, needed | set(left[1]))
    a, a_letters, b, b_letters = _squeeze_ones(a, a_letters, b, b_letters)
    out = "".join(
        c for c in dict.fromkeys(a_letters + b_letters) if c in needed or (c in a_letters) != (c in b_letters)
    )
    return contract(a, b, f"{a_letters},{b_letters}->{out}"), out


def _squeeze_ones(a: Node, a_letters: str, b: Node, b_letters: str) -> tuple[Node, str, Node, str]:
    """An axis of size 1 beside one of size n of the same letter is broadcast: it is left out."""
    sizes_a, sizes_b = dict(zip(a_letters, a.shape, strict=True)), dict(zip(b_letters, b.shape, strict=True))
    drop_a = [c for c in a_letters if sizes_a[c] == 1 and sizes_b.get(c, 1) != 1]
    drop_b = [c for c in b_letters if sizes_b[c] == 1 and sizes_a.get(c, 1) != 1]
    return (*_dropped(a, a_letters, drop_a), *_dropped(b, b_letters, drop_b))


def _dropped(node: Node, letters: str, drop: Sequence[str]) -> tuple[Node, str]:
    if not drop:
        return node, letters
    kept = [(c, n) for c, n in zip(letters, node.shape, strict=True) if c not in drop]
    return reshape(node, tuple(n for _, n in kept)), "".join(c for c, _ in kept)


def _sum_letters(node: Node, letters: str, needed: set[str]) -> tuple[Node, str]:
    axes = tuple(axis for axis, c in enumerate(letters) if c not in needed)
    return sum_over(node, axes), "".join(c for c in letters if c in needed)


# ------------------------------------------------------------------ cross
@implements(np.cross, np.linalg.cross)
def cross_traced(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """`np.cross` of vectors of three (or two) components."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if x.shape[-1] not in (2, 3) or y.shape[-1] not in (2, 3):
        raise ShapeError(f"cross needs vectors of 2 or 3 components, found {x.shape[-1]} and {y.shape[-1]}")
    x1, x2, x3 = _components(x)
    y1, y2, y3 = _components(y)
    third = x1 * y2 - x2 * y1
    if x3 is None and y3 is None:
        return third
    x3, y3 = (x1 * 0 if x3 is None else x3), (y1 * 0 if y3 is None else y3)
    return np.moveaxis(np.stack([x2 * y3 - x3 * y2, x3 * y1 - x1 * y3, third], axis=-1), -1, axisc)


def _components(x: Any) -> tuple[Any, Any, Any]:
    return x[..., 0], x[..., 1], x[..., 2] if x.shape[-1] == 3 else None
