"""Threefry-2x32 with 20 rounds, in lanes (Salmon, Moraes, Dror and Shaw, "Parallel random numbers", 2011). Floor 4."""

from glassgrad.engines.cpu.emit.types import U64
from glassgrad.engines.cpu.emit.values import Value, Writer

_TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry(w: Writer, first: Value, second: Value, high: Value, low: Value) -> Value:
    """Both words for a counter (high, low), under a key of two words: the first in the upper 32 bits."""
    keys = (first, second, first ^ second ^ _PARITY)
    high, low = high + keys[0], low + keys[1]
    for group in range(5):
        for turn in _TURNS[group % 2]:
            high = high + low
            low = w.intrinsic("fshl", low, low, low.like(turn)) ^ high
        high = high + keys[(group + 1) % 3]
        low = low + keys[(group + 2) % 3] + (group + 1)
    return (w.convert(high, U64) << 32) | w.convert(low, U64)
