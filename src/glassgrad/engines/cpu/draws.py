"""Random numbers from keys as loops: Threefry's words for each element, and what is made of them. Floor 4.

The words are the reference's bit for bit, and so are uniform numbers; normal ones differ by the rounding of log, sin
and cos. Rejection (Poisson numbers) stays with the host: how often it draws depends on the numbers.
"""

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import OPS, Op
from glassgrad.ops.elementwise import log, multiply
from glassgrad.ops.index import index
from glassgrad.ops.keys import FULL, Cut
from glassgrad.ops.leaves import array_leaf, literal
from glassgrad.ops.shape import stack
from glassgrad.ops.structure import broadcast, cast, reshape

_U32, _U64, _F64 = np.dtype(np.uint32), np.dtype(np.uint64), np.dtype(np.float64)


def _words_aval(first: Aval, second: Aval, high: Aval, low: Aval) -> Aval:
    del first, second, high
    return Aval(low.shape, _U64)


THREEFRY = Op(
    "threefry",
    ("first", "second", "high", "low"),
    ("words",),
    _words_aval,
    "threefry(first, second, high, low)",
    {},
    None,
    rule="both random words of a counter, as one number of 64 bits",
)


def _words(key: Node, grid: tuple[int, ...], stream: int = 0) -> Node:
    """The two words for each element of (*keys, *grid) as one number of 64 bits."""
    return _words_at(key, (*key.shape[:-1], *grid), literal(stream, _U32, ()), _counters(grid))


def _words_at(key: Node, shape: tuple[int, ...], high: Node, low: Node) -> Node:
    lead = key.shape[:-1]
    behind = (1,) * (len(shape) - len(lead))
    halves = [reshape(index(key, (*(FULL,) * len(lead), word)), (*lead, *behind)) for word in (0, 1)]
    return make(THREEFRY, tuple([broadcast(x, shape) for x in (*halves, high, low)]))


def _counters(grid: tuple[int, ...]) -> Node:
    """The place of each element in C order: a sum of one vector for each axis, so that no large array is held."""
    found = literal(0, _U32, grid)
    for axis, size in enumerate(grid):
        if size > 1:
            steps = np.arange(size, dtype=np.uint32) * np.uint32(prod(grid[axis + 1 :]))
            placed = reshape(array_leaf(steps), (size, *(1,) * (len(grid) - axis - 1)))
            found = found + broadcast(placed, grid)
    return found


def _high(words: Node) -> Node:
    return cast(_shifted(words, 32), _U32)


def _low(words: Node) -> Node:
    return cast(words, _U32)


def _shifted(words: Node, by: int) -> Node:
    return apply(OPS["right_shift"], words, literal(by, words.dtype, words.shape))


def _fractions(words: Node) -> Node:
    """Numbers in [0, 1) of 53 bits."""
    return cast(_shifted(words, 11), _F64) * 2.0**-53


# ------------------------------------------------------------------ rows
def _bits(node: Node, inputs: Sequence[Node]) -> Node:
    words = _words(inputs[0], node.param("shape"))
    return words if node.param("width") == 64 else apply(OPS["bitwise_xor"], _high(words), _low(words))


def _split(node: Node, inputs: Sequence[Node]) -> Node:
    words = _words(inputs[0], (node.param("count"),))
    return stack([_high(words), _low(words)], axis=words.ndim)


def _fold(node: Node, inputs: Sequence[Node]) -> Node:
    key, number = inputs
    words = _words_at(key, number.shape, literal(0, _U32, ()), cast(number, _U32))
    return stack([_high(words), _low(words)], axis=words.ndim)


def _uniform(node: Node, inputs: Sequence[Node]) -> Node:
    words = _words(inputs[0], node.param("shape"))
    digits = {2: 11, 4: 24}.get(node.dtype.itemsize)
    if digits is None:
        return cast(_fractions(words), node.dtype)
    mixed = apply(OPS["bitwise_xor"], _high(words), _low(words))
    return cast(cast(_shifted(mixed, 32 - digits), np.dtype(np.float32)) * 2.0**-digits, node.dtype)


def _normal(node: Node, inputs: Sequence[Node]) -> Node:
    """In pairs, √(−2 ln u) cos 2πv and √(−2 ln u) sin 2πv."""
    (key,), shape = inputs, node.param("shape")
    lead, count = key.shape[:-1], prod(shape)
    even = bool(shape) and shape[-1] % 2 == 0
    grid = (*shape[:-1], shape[-1] // 2) if even else ((count + 1) // 2,)
    if node.dtype.itemsize > 4:
        u, v = _fractions(_words(key, grid)) + 2.0**-54, _fractions(_words(key, grid, 1))
    else:
        words = _words(key, grid)
        u, v = cast(_high(words), _F64) * 2.0**-32 + 2.0**-33, cast(_low(words), _F64) * 2.0**-32
    length, angle = apply(OPS["sqrt"], multiply(-2.0, log(u))), 2 * np.pi * v
    parts = [cast(length * apply(OPS[name], angle), node.dtype) for name in ("cos", "sin")]
    pairs = stack(parts, axis=u.ndim)
    if even:
        return reshape(pairs, (*lead, *shape))
    line = reshape(pairs, (*lead, 2 * grid[0]))
    return reshape(index(line, (*(FULL,) * len(lead), Cut(None, count, None))), (*lead, *shape))


RULES: dict[str, Callable[[Node, Sequence[Node]], Node]] = {
    "random_bits": _bits,
    "split_key": _split,
    "fold_key": _fold,
    "random_uniform": _uniform,
    "random_normal": _normal,
}
