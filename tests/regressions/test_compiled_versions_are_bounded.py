"""A compiled function forgets the versions that were not used for the longest time."""

import numpy as np

import glassgrad as gg


def test_there_is_an_end_to_what_is_kept():
    f = gg.jit(lambda x: x + 1.0)
    for size in range(300):
        f(np.zeros(1))
        f(np.zeros(size + 2))
    assert len(f.cache) <= 256
    runs = []
    g = gg.jit(lambda x: runs.append(1) or x + 1.0)
    for _ in range(300):
        g(np.zeros(3))
    assert len(runs) == 1
