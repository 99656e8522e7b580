"""Gradient descent as the evals particle and saddle prescribe it, and a gradient in either mode.

Points are tuples of numbers, so that an engine may keep them in registers.
"""

import numpy as np

import glassgrad as gg

NEAR = 1e-5  # the length of a gradient or of a step at which the descent ends
FIRST_RATE = 1e-5


def reverse(function):
    """The gradient of a function of numbers, by one pull."""
    return lambda *point: gg.grad(function, tuple(range(len(point))))(*point)


def forward(function):
    """The gradient of a function of numbers, by one push for each of them."""

    def gradient(*point):
        seeds = [tuple(1.0 if i == j else 0.0 for i in range(len(point))) for j in range(len(point))]
        return tuple(gg.jvp(function, point, seed)[1] for seed in seeds)

    return gradient


MODES = {"r": reverse, "f": forward}


def length(vector):
    return np.sqrt(sum(v * v for v in vector))


def step(point, slope, rate):
    return tuple(x - rate * g for x, g in zip(point, slope, strict=True))


def distance(a, b):
    return length(tuple(x - y for x, y in zip(a, b, strict=True)))


def argmin(function, gradient, start):
    """Descends until the gradient or the step is short; the rate doubles after ten steps and halves at a rise."""

    def goes_on(state):
        point, _, slope, rate, since = state
        moves = distance(point, step(point, slope, rate)) > NEAR
        return (length(slope) > NEAR) & ((since == 10) | moves)

    def faster(state):
        point, value, slope, rate, _ = state
        return point, value, slope, 2.0 * rate, 0

    def tried(state):
        point, value, slope, rate, since = state
        new = step(point, slope, rate)
        new_value = function(*new)
        return gg.cond(
            new_value < value,
            lambda: (new, new_value, gradient(*new), rate, since + 1),
            lambda: (point, value, slope, rate / 2.0, 0),
        )

    state = (start, function(*start), gradient(*start), FIRST_RATE, 0)
    return gg.while_loop(goes_on, lambda state: gg.cond(state[-1] == 10, faster, tried, state), state)[0]


def argmax(function, gradient, start):
    return argmin(lambda *point: -function(*point), lambda *point: tuple(-g for g in gradient(*point)), start)
