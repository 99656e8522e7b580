"""Keys and bits: Threefry-2x32, splitting and folding of keys, whole words. Floor 2. A key is two words of 32 bits."""

import numpy as np

from glassgrad.base.avals import Aval, show_shape
from glassgrad.base.errors import DtypeError, ShapeError
from glassgrad.graph.node import Node, apply, make
from glassgrad.graph.op import Stacked, op
from glassgrad.ops.structure import cast

WORD = np.dtype(np.uint32)
NO_RULE = "no derivative: drawn from a key"


# ------------------------------------------------------------------ numbers
def threefry(key: np.ndarray, high: np.ndarray, low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two random words for each pair of counter words (which are overwritten); keys are (..., 2) and broadcast."""
    keys = [key[..., 0], key[..., 1], key[..., 0] ^ key[..., 1] ^ np.uint32(0x1BD11BDA)]
    turned = np.empty_like(high)
    high += keys[0]
    low += keys[1]
    for group in range(5):
        for turn in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            high += low
            np.left_shift(low, np.uint32(turn), out=turned)
            low >>= np.uint32(32 - turn)
            low |= turned
            low ^= high
        high += keys[(group + 1) % 3]
        low += keys[(group + 2) % 3]
        low += np.uint32(group + 1)
    return high, low


def random_words(key: np.ndarray, count: int, streams: int = 1) -> np.ndarray:
    """Two words for each key, each of some independent streams and each element: (2, *keys, streams, count)."""
    keys = key.reshape(-1, 2)
    words = np.empty((2, len(keys), streams, count), np.uint32)
    rows = max(1, 16384 // max(count * streams, 1))  # what stays in the cache
    for first in range(0, len(keys), rows):
        for start in range(0, count, 16384):
            some, part = slice(first, first + rows), slice(start, start + 16384)
            high, low = words[0, some, :, part], words[1, some, :, part]
            high[...] = np.arange(streams, dtype=np.uint32)[:, None]
            low[...] = np.arange(start, start + low.shape[-1], dtype=np.uint32)
            threefry(keys[some, None, None], high, low)
    return words.reshape(2, *key.shape[:-1], streams, count)


def random_bits(key: np.ndarray, shape: tuple[int, ...], width: int) -> np.ndarray:
    """Random unsigned integers of 32 or 64 bits."""
    high, low = random_words(key, int(np.prod(shape)))[..., 0, :]
    bits = high ^ low if width == 32 else high.astype(np.uint64) << np.uint64(32) | low
    return np.reshape(bits, (*key.shape[:-1], *shape))


def split_key(key: np.ndarray, count: int) -> np.ndarray:
    """`count` independent keys from one."""
    return np.moveaxis(random_words(key, count)[..., 0, :], 0, -1)


def fold_key(key: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The key that belongs to a key and a whole number."""
    low = np.atleast_1d(np.asarray(number).astype(np.uint32))
    words = threefry(key.reshape(*low.shape, 2), np.zeros_like(low), low)
    return np.stack(words, axis=-1).reshape(key.shape)


# ------------------------------------------------------------------ rows
def check_key(key: Aval) -> None:
    """An error where this is no key."""
    if key.dtype != WORD or not key.shape or key.shape[-1] != 2:
        raise DtypeError(
            f"a random key is two words of 32 bits, found {key.dtype} of shape {show_shape(key.shape)}",
            hint="key = glassgrad.random.key(0); glassgrad.random.split(key, n) for more",
        )


def _bits_aval(key: Aval, shape: tuple[int, ...], width: int) -> Aval:
    check_key(key)
    return Aval((*key.shape[:-1], *shape), np.dtype(f"uint{width}"))


RANDOM_BITS = op(
    "random_bits",
    "key -> y",
    infer=_bits_aval,
    numpy="random_bits(key, shape, width)",
    kernels=(threefry, random_words, random_bits),
    batching=Stacked(),
    rule=NO_RULE,
)


def bits_of(key: Node, shape: tuple[int, ...], width: int) -> Node:
    """Random unsigned integers of 32 or 64 bits."""
    return apply(RANDOM_BITS, key, shape=shape, width=width)


def _split_aval(key: Aval, count: int) -> Aval:
    check_key(key)
    return Aval((*key.shape[:-1], count, 2), WORD)


SPLIT_KEY = op(
    "split_key",
    "key -> keys",
    infer=_split_aval,
    numpy="split_key(key, count)",
    kernels=(threefry, random_words, split_key),
    batching=Stacked(),
    rule=NO_RULE,
)


def split_of(key: Node, count: int) -> Node:
    """`count` independent keys from one."""
    return apply(SPLIT_KEY, key, count=count)


def _fold_aval(key: Aval, number: Aval) -> Aval:
    check_key(key)
    if number.dtype.kind not in "iub" or number.shape != key.shape[:-1]:
        raise ShapeError(f"fold_in takes one whole number for a key, found {number.dtype} {show_shape(number.shape)}")
    return key


FOLD_KEY = op(
    "fold_key",
    "key, number -> y",
    infer=_fold_aval,
    numpy="fold_key(key, number)",
    kernels=(threefry, fold_key),
    batching=Stacked(),
    rule=NO_RULE,
)


def fold_of(key: Node, number: Node) -> Node:
    """The key that belongs to a key and a whole number."""
    return make(FOLD_KEY, (key, cast(number, np.dtype(np.int64)) if number.dtype.kind == "b" else number))
