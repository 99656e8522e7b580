"""Contraction of two arrays over shared letters: one row for dot, outer, matmul, batched matmul, einsum. Floor 2.

`contract(a, b, spec="ij,jk->ik")`. Each letter of an input stands also in the other input or in the output, so the
transposes are the same row with the letters permuted.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import ShapeError
from glassgrad.graph.node import Node, make, operators
from glassgrad.graph.op import Batched, Bilinear, op
from glassgrad.ops.lifting import lift
from glassgrad.ops.structure import broadcast, cast


@lru_cache(maxsize=4096)
def parts(spec: str) -> tuple[str, str, str]:
    """The letters of a, of b and of the output."""
    inputs, out = spec.split("->")
    a, b = inputs.split(",")
    return a, b, out


def _contract_aval(a: Aval, b: Aval, spec: str) -> Aval:
    left, right, out = parts(spec)
    sizes = dict(zip(left, a.shape, strict=True))
    for letter, size in zip(right, b.shape, strict=True):
        if sizes.setdefault(letter, size) != size:
            raise ShapeError(
                f"contract {spec!r} cannot join {show_shape(a.shape)} and {show_shape(b.shape)}: "
                f"letter {letter!r} stands for {sizes[letter]} and for {size}"
            )
    return Aval(tuple([sizes[letter] for letter in out]), np.result_type(a.dtype, b.dtype))


@lru_cache(maxsize=4096)
def contract_kernel(spec: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function that computes the contraction by one (batched) matrix product."""
    left, right, out = parts(spec)
    batch = [c for c in left if c in right and c in out]
    inner = [c for c in left if c in right and c not in out]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    a_axes = [left.index(c) for c in (*batch, *rows, *inner)]
    b_axes = [right.index(c) for c in (*batch, *inner, *columns)]
    now = [*batch, *rows, *columns]
    out_axes = [now.index(c) for c in out]
    nb, nr, ni = len(batch), len(rows), len(inner)

    def run(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a = np.transpose(a, a_axes)
        b = np.transpose(b, b_axes)
        shape = a.shape[: nb + nr] + b.shape[nb + ni :]
        if not (nr == ni == 1):
            a = a.reshape(*a.shape[:nb], prod(a.shape[nb : nb + nr]), prod(a.shape[nb + nr :]))
        if not (ni == 1 and b.ndim == nb + 2):
            b = b.reshape(*b.shape[:nb], prod(b.shape[nb : nb + ni]), prod(b.shape[nb + ni :]))
        product = a * b if not ni else a @ b
        return np.transpose(product.reshape(shape), out_axes)

    return run


_AS_PRODUCT = {
    "ij,jk->ik": "a @ b",
    "ji,jk->ik": "a.T @ b",
    "ij,kj->ik": "a @ b.T",
    "ji,kj->ik": "a.T @ b.T",
    "ij,j->i": "a @ b",
    "ji,j->i": "a.T @ b",
    "i,ij->j": "a @ b",
    "i,ji->j": "b @ a",
    "i,i->": "a @ b",
    "i,j->ij": "np.outer(a, b)",
    "i,j->ji": "np.outer(b, a)",
    "ij,jk->ki": "(a @ b).T",
}


def canonical(spec: str) -> str:
    """The same contraction with letters i, j, k … in order of appearance."""
    names: dict[str, str] = {}
    for letter in spec.replace(",", "").replace("->", ""):
        names.setdefault(letter, "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"[len(names)])
    return "".join(names.get(c, c) for c in spec)


_PRODUCTS = {canonical(spec): text for spec, text in _AS_PRODUCT.items()}


def product_text(a: Aval, b: Aval, spec: str) -> str:
    """The contraction as a person would write it: `a @ b`, `a.T @ b`, else an einsum."""
    del a, b
    return _PRODUCTS.get(canonical(spec), "np.einsum(spec, a, b)")


def _batch(args: Sequence[Node], mapped: Sequence[bool], size: int, *, spec: str) -> Node:
    del size
    left, right, out = parts(spec)
    letter = next(c for c in "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in spec)
    new = f"{letter * mapped[0]}{left},{letter * mapped[1]}{right}->{letter}{out}"
    return contract(args[0], args[1], new)


CONTRACT = op(
    "contract",
    "a, b -> c",
    infer=_contract_aval,
    numpy=product_text,
    batching=Batched(_batch),
    rule="matrix product rule",
    compute=contract_kernel,
    a=Bilinear(lambda ct, b, spec: contract(ct, b, swapped_left(spec))),
    b=Bilinear(lambda ct, a, spec: contract(a, ct, swapped_right(spec))),
)


def swapped_left(spec: str) -> str:
    """The letters of the transpose towards a: `ij,jk->ik` becomes `ik,jk->ij`."""
    a, b, out = parts(spec)
    return f"{out},{b}->{a}"


def swapped_right(spec: str) -> str:
    """The letters of the transpose towards b: `ij,jk->ik` becomes `ij,ik->jk`."""
    a, b, out = parts(spec)
    return f"{a},{out}->{b}"


def contract(a: Any, b: Any, spec: str) -> Node:
    """The contraction with operands promoted to one dtype."""
    a, b = lift(a), lift(b)
    dtype = np.result_type(a.dtype, b.dtype)
    return make(CONTRACT, (cast(a, dtype), cast(b, dtype)), (("spec", spec),))


# ------------------------------------------------------------------ matmul, as NumPy defines it
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def matmul(a: Any, b: Any) -> Node:
    """`a @ b` with NumPy's rules for vectors and for leading axes, which are broadcast."""
    a, b = lift(a), lift(b)
    if not a.ndim or not b.ndim:
        raise ShapeError(
            f"matmul needs at least one axis, found shapes {show_shape(a.shape)} and {show_shape(b.shape)}",
            hint="use * for a number",
        )
    columns, rows = a.shape[-1], b.shape[-2] if b.ndim > 1 else b.shape[0]
    if columns != rows:
        raise ShapeError(
            f"matmul cannot join a {show_shape(a.shape)} and b {show_shape(b.shape)}: "
            f"a has {columns} columns, b has {rows} rows",
            hint=_matmul_hint(a, b),
        )
    left, right = _leading(a, 2 if a.ndim > 1 else 1), _leading(b, 2 if b.ndim > 1 else 1)
    common = np.broadcast_shapes(left, right)
    if a.ndim > 2 or b.ndim > 2:
        a = _fit(a, left, common, bool(right))
        b = _fit(b, right, common, bool(left))
    batch_a, batch_b = a.ndim - min(a.ndim, 2), b.ndim - min(b.ndim, 2)
    lead = _LETTERS[: max(batch_a, batch_b)]
    a_letters = lead[len(lead) - batch_a :] + ("xy" if a.ndim > 1 else "y")
    b_letters = lead[len(lead) - batch_b :] + ("yz" if b.ndim > 1 else "y")
    out = lead + "x" * (a.ndim > 1) + "z" * (b.ndim > 1)
    return contract(a, b, f"{a_letters},{b_letters}->{out}")


def _leading(x: Node, core: int) -> tuple[int, ...]:
    return x.shape[: x.ndim - core]


def _fit(x: Node, own: tuple[int, ...], common: tuple[int, ...], other_has_leading: bool) -> Node:
    """Leading axes broadcast where both have them; an operand without any is shared by all products."""
    if not own or not other_has_leading:
        return x
    return broadcast(x, (*common, *x.shape[len(own) :]))


def _matmul_hint(a: Node, b: Node) -> str | None:
    rows = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.ndim == 2 and a.shape[0] == rows:
        return f"the transpose of a has shape {show_shape(a.shape[::-1])} and fits; did you mean `a.T @ b`?"
    if b.ndim == 2 and b.shape[-1] == a.shape[-1]:
        return f"the transpose of b has shape {show_shape(b.shape[::-1])} and fits; did you mean `a @ b.T`?"
    return None


operators["matmul"] = matmul
