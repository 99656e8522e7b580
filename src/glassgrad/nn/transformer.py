"""Transformer blocks: attention and two linear layers, each around a shortcut, with layer norms. Floor 6.

Vaswani et al., arXiv:1706.03762; the norm stands before each part unless `norm_first=False` (Xiong et al.,
arXiv:2002.04745: such stacks train without warm-up). As torch.nn.TransformerEncoderLayer and …DecoderLayer.
"""

from typing import Any

import numpy as np

from glassgrad.nn.activations import Activation, gelu, size_keeping
from glassgrad.nn.attention import MultiHeadAttention
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer, static
from glassgrad.nn.linear import Linear
from glassgrad.nn.normalisation import LayerNorm
from glassgrad.random.keys import split


class FeedForward(Layer):
    """Two linear layers with an activation between them: (…, size) to (…, size) by way of (…, hidden).

    >>> FeedForward(4, 16, key=0)(np.ones((2, 4), np.float32)).shape
    (2, 4)
    """

    inner: Linear  # size → hidden
    outer: Linear  # hidden → size
    dropout: Dropout
    activation: Activation = static()

    def __init__(
        self,
        size: int,
        hidden: int,
        *,
        key: Any,
        activation: str | Activation = gelu,
        dropout: float = 0.0,
        dtype: Any = np.float32,
    ) -> None:
        first, second = split(as_key(key))
        self.activation, self.dropout = size_keeping("FeedForward", activation), Dropout(dropout)
        self.inner = Linear(size, hidden, key=first, activation=self.activation, dtype=dtype)
        self.outer = Linear(hidden, size, key=second, dtype=dtype)

    def __call__(self, x: Array) -> Array:
        return self.outer(self.dropout(self.activation(self.inner(x))))


class TransformerEncoderBlock(Layer):
    """Attention of a sequence to itself, then a `FeedForward`: (batch, time, size) to the same shape.

    `hidden` is four times the size unless given. `mask`, `padding` and `causal` are those of `MultiHeadAttention`.

    >>> TransformerEncoderBlock(8, 2, key=0)(np.ones((3, 5, 8), np.float32)).shape
    (3, 5, 8)
    """

    attention: MultiHeadAttention
    feed_forward: FeedForward
    norms: tuple[LayerNorm, LayerNorm]
    dropout: Dropout
    norm_first: bool = static(True)

    def __init__(
        self,
        size: int,
        heads: int,
        *,
        key: Any,
        hidden: int | None = None,
        activation: str | Activation = gelu,
        dropout: float = 0.0,
        norm_first: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        first, second = split(as_key(key))
        self.attention = MultiHeadAttention(size, heads, key=first, dropout=dropout, dtype=dtype)
        self.feed_forward = FeedForward(
            size, hidden or 4 * size, key=second, activation=activation, dropout=dropout, dtype=dtype
        )
        self.norms = (LayerNorm(size, dtype=dtype), LayerNorm(size, dtype=dtype))
        self.dropout, self.norm_first = Dropout(dropout), norm_first

    def __call__(
        self, x: Array, *, mask: Array | None = None, padding: Array | None = None, causal: bool = False
    ) -> Array:
        def look(x: Array) -> Array:
            return self.dropout(self.attention(x, mask=mask, padding=padding, causal=causal))

        def think(x: Array) -> Array:
            return self.dropout(self.feed_forward(x))

        first, second = self.norms
        if self.norm_first:
            x = x + look(first(x))
            return x + think(second(x))
        x = first(x + look(x))
        return second(x + think(x))


class TransformerDecoderBlock(Layer):
    """Attention of a sequence to its own past, attention to an encoder's `memory`, then a `FeedForward`.

    x (batch, time, size) and memory (batch, m, size) to (batch, time, size). A place looks at no later one, unless
    `causal=False`; `mask` and `padding` are of x, `memory_mask` and `memory_padding` of the memory.

    >>> block = TransformerDecoderBlock(8, 2, key=0)
    >>> block(np.ones((3, 5, 8), np.float32), np.ones((3, 7, 8), np.float32)).shape
    (3, 5, 8)
    """

    attention: MultiHeadAttention
    cross_attention: MultiHeadAttention
    feed_forward: FeedForward
    norms: tuple[LayerNorm, LayerNorm, LayerNorm]
    dropout: Dropout
    norm_first: bool = static(True)

    def __init__(
        self,
        size: int,
        heads: int,
        *,
        key: Any,
        hidden: int | None = None,
        activation: str | Activation = gelu,
        dropout: float = 0.0,
        norm_first: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        first, second, third = split(as_key(key), 3)
        self.attention = MultiHeadAttention(size, heads, key=first, dropout=dropout, dtype=dtype)
        self.cross_attention = MultiHeadAttention(size, heads, key=second, dropout=dropout, dtype=dtype)
        self.feed_forward = FeedForward(
            size, hidden or 4 * size, key=third, activation=activation, dropout=dropout, dtype=dtype
        )
        self.norms = (LayerNorm(size, dtype=dtype), LayerNorm(size, dtype=dtype), LayerNorm(size, dtype=dtype))
        self.dropout, self.norm_first = Dropout(dropout), norm_first

    def __call__(
        self,
        x: Array,
        memory: Array,
        *,
        mask: Array | None = None,
        padding: Array | None = None,
        causal: bool = True,
        memory_mask: Array | None = None,
        memory_padding: Array | None = None,
    ) -> Array:
        def look(x: Array) -> Array:
            return self.dropout(self.attention(x, mask=mask, padding=padding, causal=causal))

        def ask(x: Array) -> Array:
            return self.dropout(self.cross_attention(x, memory, mask=memory_mask, padding=memory_padding))

        def think(x: Array) -> Array:
            return self.dropout(self.feed_forward(x))

        for norm, part in zip(self.norms, (look, ask, think), strict=True):
            x = x + part(norm(x)) if self.norm_first else norm(x + part(x))
        return x
