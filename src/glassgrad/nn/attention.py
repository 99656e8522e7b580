"""Attention: each query takes a mean of the values, weighted by how well their keys fit. Floor 6."""

import math
from typing import Any

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import DtypeError, ShapeError, UsageError
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.initialisers import glorot_uniform
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer, static
from glassgrad.nn.linear import Linear, check_sizes
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

    `mask` is True where a query may look at a key, and broadcasts to (…, n, m); `causal` lets a query look at no later
    place than its own. A query that may look at nothing gets zeros. Vaswani et al., arXiv:1706.03762, equation 1.

    >>> attention(np.zeros((2, 3)), np.zeros((4, 3)), np.arange(4.0)[:, None]).ravel()
    array([1.5, 1.5])
    """
    scores = query @ np.swapaxes(key, -1, -2) / math.sqrt(np.shape(query)[-1])  # (…, n, m)
    allowed = _allowed(scores, mask, causal=causal)
    if allowed is None:
        weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    else:
        lowest = np.finfo(scores.dtype).min
        top = np.max(np.where(allowed, scores, lowest), axis=-1, keepdims=True)
        weights = np.where(allowed, np.exp(np.where(allowed, scores - top, 0)), np.zeros((), scores.dtype))
    total = np.sum(weights, axis=-1, keepdims=True)
    weights = weights / (total if allowed is None else np.where(total == 0, np.ones((), scores.dtype), total))
    return (weights if dropout is None else dropout(weights)) @ value


def _allowed(scores: Array, mask: Array | None, *, causal: bool) -> Array | None:
    n, m = np.shape(scores)[-2:]
    earlier = np.arange(m) <= np.arange(n)[:, None] + (m - n) if causal else None
    if mask is None:
        return earlier
    if np.result_type(mask).kind != "b":
        raise DtypeError(
            f"an attention mask says True where a query may look, found {np.result_type(mask)}", hint="mask != 0"
        )
    return mask if earlier is None else mask & earlier


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
        if np.ndim(query) not in (2, 3):
            found = show_shape(np.shape(query))
            raise ShapeError(f"MultiHeadAttention takes (batch, time, size) or (time, size), found {found}")
        parts = [self._split(layer(x)) for layer, x in ((self.query, query), (self.key, key), (self.value, value))]
        found = attention(*parts, mask=_for_heads(mask, padding), causal=causal, dropout=self.dropout)
        together = np.swapaxes(found, -2, -3)  # (batch, n, head, size of a head)
        return self.output(together.reshape(*np.shape(together)[:-2], -1))

    def _split(self, x: Array) -> Array:
        """(batch, time, size) to (batch, head, time, size of a head)."""
        return np.swapaxes(x.reshape(*np.shape(x)[:-1], self.heads, np.shape(x)[-1] // self.heads), -2, -3)


def _for_heads(mask: Array | None, padding: Array | None) -> Array | None:
    """One mask that broadcasts to (batch, head, n, m)."""
    if mask is not None and np.ndim(mask) == 3:
        mask = np.expand_dims(mask, 1)
    if padding is None:
        return mask
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
