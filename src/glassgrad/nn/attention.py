"""Attention: each query takes a mean of the values, weighted by how well their keys fit. Floor 6."""

import math
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DtypeError, ShapeError, UsageError
from glassgrad.nn.activations import softmax
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.initialisers import glorot_uniform
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer, static
from glassgrad.nn.linear import Linear, check_sizes
from glassgrad.nn.rows import as_real, like, widened
from glassgrad.random.keys import split


def attention(
    query: Array,
    key: Array,
    value: Array,
    *,
    mask: Array | None = None,
    causal: bool = False,
    dropout: Dropout | None = None,
) -> Array:
    """softmax(Q Kᵀ / √d) V: queries (…, n, d), keys (…, m, d) and values (…, m, v) to (…, n, v).

    `mask` is True where a query may look at a key, and broadcasts to (…, n, m). A query that may look at nothing gets
    zeros. `causal` lets a query look at no later place than its own, where the last query stands at the last key: with
    more keys than queries these are the ones before (PyTorch lets the first of both coincide, which is the same for
    n = m). Vaswani et al., arXiv:1706.03762, equation 1.

    >>> attention(np.zeros((2, 3)), np.zeros((4, 3)), np.arange(4.0)[:, None]).ravel()
    array([1.5, 1.5])
    """
    _check_fit(np.shape(query), np.shape(key), np.shape(value))
    dtype = np.result_type(*[as_real(x).dtype for x in (query, key, value)])
    query, key, value = widened(query), widened(key), widened(value)
    scores = query @ np.swapaxes(key, -1, -2) / math.sqrt(np.shape(query)[-1])  # (…, n, m)
    weights = softmax(scores, where=_allowed(scores, mask, causal=causal))
    return like((weights if dropout is None else dropout(weights)) @ value, dtype)


def _check_fit(query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]) -> None:
    shapes = (query, key, value)
    if min(map(len, shapes)) < 2 or query[-1] != key[-1] or key[-2] != value[-2]:
        raise ShapeError(
            "attention takes queries (…, n, d), keys (…, m, d) and values (…, m, v), "
            f"found {', '.join(map(show_shape, shapes))}"
        )


def _allowed(scores: Array, mask: Array | None, *, causal: bool) -> Array | None:
    n, m = np.shape(scores)[-2:]
    earlier = np.arange(m) <= np.arange(n)[:, None] + (m - n) if causal else None
    if mask is None:
        return earlier
    _check_truths("mask", mask)
    full, shape = np.shape(scores), np.shape(mask)
    if len(shape) > len(full) or any(a not in (1, b) for a, b in zip(shape[::-1], full[::-1], strict=False)):
        raise ShapeError(
            f"a mask of {n} queries and {m} keys broadcasts to {show_shape(full)}, found {show_shape(shape)}"
        )
    return mask if earlier is None else mask & earlier


def _check_truths(name: str, mask: Array) -> None:
    if (found := np.result_type(mask)).kind != "b":
        raise DtypeError(
            f"the {name} of attention says True where a query may look, found {found}", hint=f"{name} != 0"
        )


class MultiHeadAttention(Layer):
    """Attention in several heads at once, each over its own part of learned projections of queries, keys and values.

    query (batch, n, size), key and value (batch, m, size; both the query unless given) to (batch, n, size), or all of
    them without batch. `mask` is True where a query may look: (n, m), (batch, n, m) or (batch, heads, n, m);
    `padding` (batch, m) is True where a key is real. As torch.nn.MultiheadAttention with batch_first, whose masks say
    the opposite. Vaswani et al., arXiv:1706.03762, section 3.2.2.

    >>> MultiHeadAttention(8, 2, key=0)(np.ones((3, 5, 8), np.float32), causal=True).shape
    (3, 5, 8)
    """

    query: Linear  # size → size
    key: Linear
    value: Linear
    output: Linear
    dropout: Dropout  # of the weights
    heads: int = static()

    def __init__(
        self,
        size: int,
        heads: int,
        *,
        key: Any,
        key_size: int | None = None,
        value_size: int | None = None,
        dropout: float = 0.0,
        bias: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        check_sizes("MultiHeadAttention", size=size, heads=heads)
        if size % heads:
            raise UsageError(f"MultiHeadAttention: {size} numbers do not divide into {heads} heads")
        facts: dict[str, Any] = {"bias": bias, "initialiser": glorot_uniform, "dtype": dtype}
        keys = split(as_key(key), 4)
        self.query = Linear(size, size, key=keys[0], **facts)
        self.key = Linear(key_size or size, size, key=keys[1], **facts)
        self.value = Linear(value_size or size, size, key=keys[2], **facts)
        self.output = Linear(size, size, key=keys[3], **facts)
        self.dropout, self.heads = Dropout(dropout), heads

    def __call__(
        self,
        query: Array,
        key: Array | None = None,
        value: Array | None = None,
        *,
        mask: Array | None = None,
        padding: Array | None = None,
        causal: bool = False,
    ) -> Array:
        key = query if key is None else key
        value = key if value is None else value
        shapes = [np.shape(query), np.shape(key), np.shape(value)]
        if len(shapes[0]) not in (2, 3) or any(shape[:-2] != shapes[0][:-2] for shape in shapes):
            found = ", ".join(map(show_shape, dict.fromkeys(shapes)))
            raise ShapeError(f"MultiHeadAttention takes (batch, time, size) or (time, size), found {found}")
        if padding is not None and np.shape(padding) != shapes[1][:-1]:
            found, keys = show_shape(np.shape(padding)), show_shape(shapes[1][:-1])
            raise ShapeError(f"padding is (batch, time) of the keys, which is {keys}, found {found}")
        parts = [self._split(layer(x)) for layer, x in ((self.query, query), (self.key, key), (self.value, value))]
        found = attention(*parts, mask=_for_heads(mask, padding), causal=causal, dropout=self.dropout)
        together = np.swapaxes(found, -2, -3)  # (batch, n, head, size of a head)
        return self.output(together.reshape(*np.shape(query)[:-1], self.output.weight.shape[-2]))

    def _split(self, x: Array) -> Array:
        """(batch, time, size) to (batch, head, time, size of a head)."""
        return np.swapaxes(x.reshape(*np.shape(x)[:-1], self.heads, np.shape(x)[-1] // self.heads), -2, -3)


def _for_heads(mask: Array | None, padding: Array | None) -> Array | None:
    """One mask that broadcasts to (batch, head, n, m)."""
    if mask is not None:
        _check_truths("mask", mask)
        mask = np.expand_dims(mask, 1) if np.ndim(mask) == 3 else mask
    if padding is None:
        return mask
    _check_truths("padding", padding)
    real = np.expand_dims(padding, (-2, -3))  # (batch, 1, 1, m)
    return real if mask is None else mask & real


def positions(length: int, size: int, *, dtype: Any = np.float32) -> Array:
    """Where each step is, as sines and cosines of falling frequency: (length, size), to be added to a sequence.

    sin(t / 10000^(2i / size)) in column 2i, its cosine in column 2i + 1. Vaswani et al., arXiv:1706.03762, section 3.5.

    >>> positions(2, 4).round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]], dtype=float32)
    """
    check_sizes("positions", length=length, size=size)
    column = np.arange(size)
    angle = np.arange(length)[:, None] / 10000.0 ** ((column - column % 2) / size)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle)).astype(dtype)
