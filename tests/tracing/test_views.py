"""Views write through as in NumPy: random programs of views and writes end with the same numbers everywhere."""

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import event, given, reject, settings

import glassgrad as gg
from glassgrad.api.pipeline import tracing
from glassgrad.base.errors import MutationError
from glassgrad.tracing.trace import known_input
from tests.tracing.agreement import same_as_numpy

Step = tuple[int, int, int, int]  # which action, on which array, and two numbers for its details
START = np.arange(1.0, 25.0).reshape(2, 3, 4)


def entry(size: int, number: int) -> Any:
    """Some entry of a key for an axis."""
    choices: list[Any] = [slice(None), slice(None, None, -1), slice(1, None), slice(None, None, 2), slice(None, -1)]
    choices += [number % size, -1 - number % size] if size else []
    return choices[number % len(choices)]


def key_for(shape: Sequence[int], a: int, b: int) -> tuple[Any, ...]:
    """Some basic key."""
    key: list[Any] = [entry(size, (a >> 3 * axis) + b) for axis, size in enumerate(shape)]
    if b % 5 == 0:
        key.insert(a % (len(key) + 1), None)
    if b % 3 == 0:
        key = key[: 1 + a % 3]
    return tuple(key)


def some_shape(size: int, a: int) -> tuple[int, ...]:
    """Some shape of this size."""
    shapes = [(size,), (size, 1), (1, size), (-1,)]
    shapes += [(n, size // n) for n in (2, 3, 4, 6) if size and size % n == 0]
    shapes += [(2, size // 4, 2)] if size and size % 4 == 0 else []
    return shapes[a % len(shapes)]


def axes_of(ndim: int, a: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng(a).permutation(ndim))


# Each gives a new array (a view or a copy) from one at hand.
VIEWS: list[Callable[[Any, int, int], Any]] = [
    lambda x, a, b: x[key_for(x.shape, a, b)],
    lambda x, a, b: x[key_for(x.shape, a, b)],
    lambda x, a, b: x.T,
    lambda x, a, b: np.transpose(x, axes_of(x.ndim, a)),
    lambda x, a, b: x.reshape(some_shape(x.size, a)),
    lambda x, a, b: x.reshape(some_shape(x.size, a)),
    lambda x, a, b: np.ravel(x, order="CF"[a % 2]),
    lambda x, a, b: x.reshape(some_shape(x.size, a), order="F"),
    lambda x, a, b: x.flatten(),
    lambda x, a, b: x.copy(),
    lambda x, a, b: np.squeeze(x),
    lambda x, a, b: np.expand_dims(x, a % (x.ndim + 1)),
    lambda x, a, b: np.swapaxes(x, a % x.ndim, b % x.ndim),
    lambda x, a, b: np.moveaxis(x, a % x.ndim, b % x.ndim),
    lambda x, a, b: np.flip(x, a % x.ndim),
    lambda x, a, b: np.rot90(x, a % 4) if x.ndim > 1 else x,
    lambda x, a, b: np.array_split(x, 2, axis=a % x.ndim)[b % 2],
    lambda x, a, b: np.atleast_3d(x),
    lambda x, a, b: x.real,
    lambda x, a, b: x[np.arange(x.shape[0])[:: 1 + a % 2]],
    lambda x, a, b: x[x > 9.0],
    lambda x, a, b: x * 2.0,
    lambda x, a, b: np.zeros_like(x),
    lambda x, a, b: np.broadcast_to(x, (2, *x.shape)),
    lambda x, a, b: np.diagonal(x) if x.ndim > 1 else x,
    lambda x, a, b: x.astype(float),
    lambda x, a, b: np.hstack([x, x[:, :1]]) if x.ndim > 1 else x,
]


def write_part(x: Any, a: int, b: int) -> None:
    x[key_for(x.shape, a, b)] = float(a % 7)


def write_array(x: Any, a: int, b: int) -> None:
    key = key_for(x.shape, a, b)
    x[key] = np.arange(x[key].size).reshape(x[key].shape) if np.ndim(x[key]) else 5.0


def write_itself(x: Any, a: int, b: int) -> None:
    x[...] = x[::-1] * 0.5


def write_indices(x: Any, a: int, b: int) -> None:
    if x.shape[0]:
        x[np.array([0, a % x.shape[0], 0])] = np.array([[1.0], [2.0], [3.0]]).reshape(3, *[1] * (x.ndim - 1))


def write_mask(x: Any, a: int, b: int) -> None:
    x[x > a % 9] = -1.0


def add_mask(x: Any, a: int, b: int) -> None:
    x[x > a % 9] += 1.0


def add_part(x: Any, a: int, b: int) -> None:
    x[key_for(x.shape, a, b)] += 1.5


def scale(x: Any, a: int, b: int) -> None:
    x *= 1.0 + a % 3


def sort(x: Any, a: int, b: int) -> None:
    x.sort(axis=a % x.ndim)


def put(x: Any, a: int, b: int) -> None:
    if x.size:
        np.put(x, [0, a % x.size], [7.0, 8.0])


def flat(x: Any, a: int, b: int) -> None:
    x.flat[: 1 + a % 4] = 3.0


WRITES: list[Callable[[Any, int, int], None]] = [
    write_part, write_part, write_array, write_itself, write_indices, write_mask, add_mask, add_part, scale, sort, put,
    flat,
]  # fmt: skip


def run(steps: Sequence[Step], first: Any) -> list[Any]:
    """All arrays that a program makes, in the end. Only arrays with axes are worked on."""
    arrays = [first]
    for which, target, a, b in steps:
        x = arrays[target % len(arrays)]
        if not np.ndim(x):
            continue
        if which < len(VIEWS):
            arrays.append(VIEWS[which](x, a, b))
        else:
            WRITES[which - len(VIEWS)](x, a, b)
    return arrays


def traced(steps: Sequence[Step], start: np.ndarray) -> list[np.ndarray]:
    with tracing():
        return [np.array(x.value) for x in run(steps, known_input(start))]


programs = st.lists(
    st.tuples(
        st.integers(0, len(VIEWS) + len(WRITES) - 1), st.integers(0, 9), st.integers(0, 10**4), st.integers(0, 50)
    ),
    max_size=12,
)
starts = st.sampled_from([START, START.transpose(2, 0, 1), np.asfortranarray(START), START[0], START[0, 0, ::2]])


@settings(max_examples=400)
@given(programs, starts)
def test_programs_of_views_and_writes(steps: list[Step], start: np.ndarray) -> None:
    try:
        expected = run(steps, start.copy(order="K"))
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        with pytest.raises(MutationError):
            traced(steps, start.copy(order="K"))
        return
    try:
        found = traced(steps, start.copy(order="K"))
    except MutationError:
        event("the memory order is not known")
        reject()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def weighed(steps: Sequence[Step], start: Any) -> Any:
    """One number that depends on every array of the program."""
    total = 0.0
    for number, x in enumerate(run(steps, start)):
        weights = np.cos(np.arange(x.size) + number).reshape(x.shape)
        total = total + (x * weights).sum()
    return total


@settings(max_examples=150)
@given(programs, starts)
def test_gradients_of_programs(steps: list[Step], start: np.ndarray) -> None:
    """The gradient, whose program changes arrays in place where nobody looks, against differences."""
    start = start + 0.37  # away from the thresholds of masks
    direction = np.sin(np.arange(start.size) * 2.0 + 1.0).reshape(start.shape)
    try:
        value, gradient = gg.value_and_grad(lambda x: weighed(steps, x))(start)
    except MutationError:
        reject()
    np.testing.assert_allclose(value, weighed(steps, start.copy(order="K")), rtol=1e-12, atol=1e-12)
    step = 1e-5
    above, below = (weighed(steps, np.array(start + sign * step * direction, order="K")) for sign in (1, -1))
    np.testing.assert_allclose(np.sum(gradient * direction), (above - below) / (2 * step), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.sum(direction * gg.jacobian(lambda x: weighed(steps, x), mode="forward")(start)),
                               np.sum(gradient * direction), rtol=1e-10, atol=1e-10)  # fmt: skip


def test_where_the_memory_order_is_not_known_a_write_is_refused() -> None:
    def program(x: Any) -> Any:
        y = x.T * 2.0
        y.ravel()[0] = 1.0
        return y.sum()

    with pytest.raises(MutationError, match="memory order"):
        gg.grad(program)(START[0])
    with pytest.raises(MutationError, match="memory order"):
        gg.jit(lambda x: x.ravel().fill(0.0) or x.sum())(START[0])


def test_where_the_memory_order_is_known_it_decides() -> None:
    def program(x: Any) -> Any:
        rows, columns = x.copy(), x.T
        rows.ravel()[0] = 7.0
        columns.ravel()[1] = 9.0  # a copy, in NumPy
        out = np.zeros_like(x)
        out.reshape(-1)[:3] = x[0, :3]
        return (rows, columns * 1.0, out)

    same_as_numpy(program, START[0])


@pytest.mark.parametrize("write", [lambda v: v.fill(1.0), lambda v: v.__setitem__(0, 1.0), lambda v: v.sort()])
def test_read_only_views_refuse(write: Any) -> None:
    for view in (lambda x: np.broadcast_to(x, (2, 3, 4)), np.diagonal, lambda x: np.diag(x)):
        with pytest.raises(MutationError):
            gg.grad(lambda x, view=view: write(view(x)) or x.sum())(START[0])


def test_a_long_chain_of_views() -> None:
    def last_of_many(x: Any) -> Any:
        view = x
        for _ in range(3000):
            view = view[::-1]
        view[0] = 7.0 * x[1]
        return x.sum() + view[0]

    assert gg.grad(last_of_many)(np.arange(3.0)).tolist() == [0.0, 15.0, 1.0]


def test_views_of_complex_parts() -> None:
    def write_parts(z: Any) -> Any:
        z = z.copy()
        re, im = z.real, z.imag
        re[0] = 5.0
        im += 1.0
        z.real[1] = im[0]
        z.imag = re * 2.0
        return z, re, im

    start = np.array([1 + 2j, 3 - 1j])
    with tracing():
        found = [np.array(x.value) for x in write_parts(known_input(start))]
    for a, b in zip(found, write_parts(start), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gradient_through_views() -> None:
    def through(x: Any) -> Any:
        out = np.zeros_like(x)
        rows = out.T
        rows[0] = x[:, 1] ** 2
        out.reshape(-1)[1:3] += x[0, :2]
        rows[1:] *= x.T[:2]
        return (out * out).sum()

    x = START[0][:, :3].copy()
    step = 1e-6
    numbers = [(through(x + step * e) - through(x - step * e)) / (2 * step) for e in np.eye(9).reshape(9, 3, 3)]
    np.testing.assert_allclose(gg.grad(through)(x).ravel(), numbers, rtol=1e-6)


def test_a_number_read_before_a_write_keeps_its_value() -> None:
    def program(x: Any, i: Any) -> Any:
        first, also = x[0], x[i]
        x[0] = 5.0
        return first + 10.0 * also + 100.0 * x[0]

    assert gg.value_and_grad(program)(np.array([1.0, 2.0]), 0)[0] == 511.0
    assert gg.jit(program)(np.array([1.0, 2.0]), 0) == 511.0
