"""The gradient of `concatenate` costs as much as there are parts, counted in lines of Python and not by a clock."""

import sys

import numpy as np

import glassgrad as gg


def steps(work):
    """How many lines and calls of Python the work takes."""
    count = 0

    def follow(frame, event, argument):
        nonlocal count
        count += 1
        return follow

    before = sys.gettrace()
    sys.settrace(follow)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def joined(n):
    return gg.grad(lambda x: np.sum(np.concatenate([x[i : i + 1] * i for i in range(n)])))(np.ones(n))


def test_twice_the_parts_take_twice_the_steps():
    joined(20)  # what is done once for all
    small, large = steps(lambda: joined(200)), steps(lambda: joined(400))
    assert large < 2.3 * small
