"""Brackets and the functions that pick and write by index: as NumPy, differentiable, at bounded cost."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import integer_array_indices
from numpy.lib.stride_tricks import sliding_window_view

import glassgrad as gg
from glassgrad.api.pipeline import tracing
from glassgrad.base.errors import (
    ConcretizationError,
    ConversionError,
    DtypeError,
    OutOfRangeError,
    ShapeError,
    UnsupportedError,
)
from glassgrad.engines.reference import compile_graph
from glassgrad.graph.graph import Graph
from glassgrad.ops.index import INDEX_ADD, INDEX_UPDATE
from glassgrad.ops.leaves import ones
from glassgrad.tracing.trace import known_input
from glassgrad.transforms.reverse import pull
from tests.tracing.agreement import agrees, same_as_numpy, traced_leaves

X = np.arange(24.0).reshape(2, 3, 4) ** 1.2
V = np.array([0.5, -1.0, 2.0, 3.5])
s_ = np.s_


# ------------------------------------------------------------------ reading, by any key
SHAPE = (2, 3, 4)
numbers = st.integers(-2, 1)
cuts = st.builds(slice, st.sampled_from([None, 0, 1, -1, 5]), st.sampled_from([None, 0, 2, -1, -9]),
                 st.sampled_from([None, 1, 2, -1, -2]))  # fmt: skip
arrays = st.integers(0, 2).flatmap(
    lambda ndim: st.lists(numbers, min_size=2**ndim, max_size=2**ndim).map(
        lambda listed: np.array(listed).reshape((2,) * ndim)
    )
)
truths = st.lists(st.booleans(), min_size=2, max_size=2)


@st.composite
def keys(draw: Any) -> tuple[Any, ...]:
    """Any key for SHAPE: numbers, cuts, index arrays, lists, masks, new axes, an ellipsis."""
    key: list[Any] = []
    axis = 0
    while axis < len(SHAPE) and draw(st.integers(0, 4)):
        kind = draw(st.sampled_from(["number", "cut", "cut", "array", "array", "list", "mask", "new", "truth"]))
        match kind:
            case "number":
                key.append(draw(numbers))
            case "cut":
                key.append(draw(cuts))
            case "array":
                key.append(draw(arrays))
            case "list":
                key.append(draw(st.lists(numbers, min_size=1, max_size=2)))
            case "mask" if not any(isinstance(part, np.ndarray) and part.dtype == bool for part in key):
                count = draw(st.integers(1, len(SHAPE) - axis))
                shape = SHAPE[axis : axis + count]
                seed = draw(st.integers(0, 99))
                key.append(np.random.default_rng(seed).integers(0, 2, shape).astype(bool))
                axis += count - 1
            case "new":
                key.append(None)
                axis -= 1
            case "truth":
                key.append(draw(st.booleans()))
                axis -= 1
        axis += 1
        if len(key) > 5:
            break
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), Ellipsis)
    return tuple(key)


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """What comes out, or that NumPy refuses it."""
    try:
        return function(*args)
    except IndexError:
        return IndexError


@settings(max_examples=600)
@given(keys())
def test_reading(key: tuple[Any, ...]) -> None:
    expected = outcome(lambda x: x[key], X)
    found = outcome(traced_leaves, lambda x: x[key], X)
    if expected is IndexError:
        assert found is IndexError
        return
    np.testing.assert_array_equal(found[0][0], expected)
    weights = np.cos(np.arange(expected.size)).reshape(expected.shape)
    gradient = np.zeros_like(X)
    np.add.at(gradient, key, weights)
    np.testing.assert_allclose(gg.grad(lambda x: np.sum(x[key] * weights))(X), gradient, rtol=1e-14)


@settings(max_examples=600)
@given(keys(), st.integers(0, 3))
def test_writing(key: tuple[Any, ...], kind: int) -> None:
    part = outcome(lambda x: x[key], X)
    if part is IndexError:
        with tracing(), pytest.raises(IndexError):
            known_input(X)[key] = 1.0
        return
    shape = part.shape[1:] if kind == 1 else (1, *part.shape) if kind == 2 else () if kind == 3 else part.shape
    value = np.sin(np.arange(np.prod(shape, dtype=int))).reshape(shape)

    def write(x: Any, v: Any) -> Any:
        out = x * 1.0
        out[key] = v
        return out

    try:
        write(X, value)
    except (ValueError, TypeError):  # NumPy refuses some values for single elements and for masks of everything
        if part.ndim == 0 and Ellipsis not in key:
            with pytest.raises(ShapeError):
                traced_leaves(write, X, value)
        return
    same_as_numpy(write, X, value)
    weights = np.cos(X)
    dx, dv = np.sin(X + 0.5), np.sin(np.arange(value.size) + 0.5).reshape(value.shape)
    x_bar, v_bar = gg.grad(lambda x, v: np.sum(write(x, v) * weights), argnums=(0, 1))(X, value)
    moved = np.sum((write(X + dx, value + dv) - write(X, value)) * weights)
    assert np.isclose(np.sum(x_bar * dx) + np.sum(v_bar * dv), moved, atol=1e-10)


@settings(max_examples=200)
@given(integer_array_indices(SHAPE, result_shape=st.just((2, 2)), dtype=np.dtype(np.int64)), st.integers(0, 7))
def test_traced_indices(indices: tuple[np.ndarray, ...], which: int) -> None:
    """Index arrays that are traced themselves, under grad and under jit, mixed with plain ones."""

    def read(x: Any, *given: Any) -> Any:
        return x[
            tuple(
                traced if which >> i & 1 else plain
                for i, (traced, plain) in enumerate(zip(given, indices, strict=True))
            )
        ]

    same_as_numpy(read, X, *indices)
    np.testing.assert_array_equal(gg.jit(read)(X, *indices), read(X, *indices))
    found = gg.jit(gg.grad(lambda x, *given: np.sum(read(x, *given) ** 2)))(X, *indices)
    expected = np.zeros_like(X)
    np.add.at(expected, indices, 2 * X[indices])
    np.testing.assert_allclose(found, expected)


# ------------------------------------------------------------------ what people write
def unpacked(a: Any, b: Any) -> Any:
    return a * b


PROGRAMS: dict[str, Callable[..., Any]] = {
    "ints": lambda x: x[0] + x[-1, 2, 3] + x[1][2][0],
    "cuts": lambda x: x[:, ::-1, 1:3] * x[:, :, :2],
    "lists": lambda x: x[1, 2:, [1, 3]],
    "repeated": lambda x: x[[0, 0]] * np.array([1.0, 2.0])[:, None, None],
    "mask": lambda x: x[x > 5.0] ** 2,
    "mask of rows": lambda x: x[0][x[0].sum(axis=1) > 10.0],
    "ix": lambda x: x[0][np.ix_([0, 2], [1, 3])],
    "numpy ints": lambda x: x[np.int64(1), np.array(2)],
    "tuple in list": lambda x: x[[(0, 1), (1, 0)]],
    "argmax": lambda x: x[0, 0][np.argmax(x[0, 0])],
    "traced numbers": lambda x: x[0, 1, [np.argmax(x[0, 0]), 0]],
    "empty": lambda x: x[[]],
    "iteration": lambda x: sum(row @ row for part in x for row in part),
    "unpacking": lambda x: unpacked(*x),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_programs(program: Callable[..., Any]) -> None:
    agrees(program, X)


def recurrence(x: Any) -> Any:
    out = np.zeros_like(x)
    out[0] = x[0]
    for i in range(1, len(x)):
        out[i] = 0.5 * out[i - 1] + np.sin(x[i])
    return out


def stencil(x: Any) -> Any:
    out = x * 0.0
    out[1:-1] = x[2:] - 2 * x[1:-1] + x[:-2]
    out[[0, -1]] = x[:2]
    out[out < 0] *= 0.5
    out += x
    out[1:] -= out[:-1]
    return out


def histogram(x: Any) -> Any:
    out = np.zeros_like(x)
    for i, place in enumerate([0, 2, 2, 1]):
        out[place] += x[i]
    return out * out


@pytest.mark.parametrize("program", [recurrence, stencil, histogram])
def test_written_programs(program: Callable[..., Any]) -> None:
    agrees(program, V, order=2)
    many = np.stack([V, 2 * V + 0.1, V[::-1]])
    jacobians = np.stack([gg.jacobian(program)(x) for x in many])
    if program is not stencil:  # its mask needs the numbers
        np.testing.assert_allclose(gg.jit(program)(V), program(V.copy()))
        np.testing.assert_allclose(gg.vmap(program)(many), np.stack([program(x.copy()) for x in many]))
        np.testing.assert_allclose(gg.vmap(gg.jacobian(program))(many), jacobians)


def test_masks_under_jit_and_vmap() -> None:
    def rectify(x: Any) -> Any:
        out = x * 2.0
        out[x < 0.0] = 0.0
        out[x > 3.0] = x.max()
        return out

    np.testing.assert_array_equal(gg.jit(rectify)(V), rectify(V))
    np.testing.assert_array_equal(gg.vmap(rectify)(np.stack([V, -V])), np.stack([rectify(V), rectify(-V)]))
    with pytest.raises(ConcretizationError, match="depends on the mask"):
        gg.jit(lambda x: x[x > 0.0].sum())(V)


def test_repeated_places() -> None:
    """Where places repeat, the last value written counts, and its derivative only."""
    places = np.array([1, 0, 1])

    def write(x: Any, v: Any) -> Any:
        out = x * 1.0 + 0.0 * v[0]
        out[places] = v
        return out

    agrees(write, V, V[:3], order=2)
    assert gg.grad(lambda v: write(V, v).sum())(V[:3]).tolist() == [0.0, 1.0, 1.0]


def test_searchsorted_in_many_lists() -> None:
    lists = np.sort(np.random.default_rng(0).integers(0, 6, (3, 5)).astype(float), axis=1)
    values = np.random.default_rng(1).integers(0, 6, (3, 2, 2)).astype(float)
    for side in ("left", "right"):

        def find(a: Any, v: Any, side: str = side) -> Any:
            return np.searchsorted(a, v, side=side)

        expected = np.stack([find(a, v) for a, v in zip(lists, values, strict=True)])
        np.testing.assert_array_equal(gg.vmap(find)(lists, values), expected)
        np.testing.assert_array_equal(gg.vmap(find, in_axes=(0, None))(lists, values[0]),
                                      np.stack([find(a, values[0]) for a in lists]))  # fmt: skip
        np.testing.assert_array_equal(gg.vmap(find, in_axes=(None, 0))(lists[0], values), find(lists[0], values))


# ------------------------------------------------------------------ functions
FUNCTIONS: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [
    ("take", lambda x: np.take(x, [0, 5, -1]), (X,)),
    ("take axis", lambda x: np.take(x, np.array([[0, 2], [1, 1]]), axis=1), (X,)),
    ("take number", lambda x: np.take(x, 2, axis=-1), (X,)),
    ("take wrap", lambda x: np.take(x, [5, -7], axis=1, mode="wrap"), (X,)),
    ("take clip", lambda x: np.take(x, [5, -7], axis=1, mode="clip"), (X,)),
    ("take traced", lambda x: np.take(x, np.argsort(x[0, 0]), axis=2), (X,)),
    ("take_along_axis", lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1), (X,)),
    ("take_along_axis flat", lambda x: np.take_along_axis(x, np.array([3, 0]), axis=None), (X,)),
    ("take_along_axis one", lambda x: np.take_along_axis(x, np.zeros((2, 1, 4), int), axis=1), (X,)),
    ("compress", lambda x: np.compress([True, False, True], x, axis=1), (X,)),
    ("compress flat", lambda x: np.compress([False, True], x), (X,)),
    ("extract", lambda x: np.extract(x > 4.0, x), (X,)),
    ("choose", lambda x: np.choose([0, 1, 1, 0], [x, x * x]), (V,)),
    ("choose number", lambda x: np.choose([[0, 1], [2, 0]], [x[0], 2.0, x[1] * x]), (V[:2],)),
    ("choose wrap", lambda x: np.choose([0, 3, -1, 2], [x, x * x], mode="wrap"), (V,)),
    ("choose clip", lambda x: np.choose([0, 3, -1, 2], [x, x * x], mode="clip"), (V,)),
    ("nonzero", lambda x: np.nonzero(x > 0)[0] * x[np.nonzero(x > 0)], (V,)),
    ("argwhere", lambda x: np.argwhere(x > 4.0), (X,)),
    ("flatnonzero", lambda x: np.flatnonzero(x > 4.0), (X,)),
    ("where", lambda x: x[np.where(x > 1.0)], (V,)),
    ("searchsorted", lambda x: np.searchsorted(np.array([-0.9, 0.0, 2.1]), x) + 0.0 * x, (V,)),
    ("searchsorted right", lambda x: np.searchsorted(np.sort(x), 2.0, side="right"), (V,)),
    ("searchsorted sorter", lambda x: np.searchsorted(x, [0.7, 2.0], sorter=np.argsort(x)), (V,)),
    ("digitize", lambda x: np.digitize(x, np.array([0.0, 1.0, 2.0])), (V,)),
    ("digitize right", lambda x: np.digitize(x, np.array([0.0, 1.0, 2.0]), right=True), (V,)),
    ("digitize down", lambda x: np.digitize(x, np.array([2.0, 1.0, 0.0])), (V,)),
    ("digitize down right", lambda x: np.digitize(x, np.array([2.0, 1.0, 0.0]), right=True), (V,)),
    ("unravel_index", lambda x: x[np.unravel_index(np.argmax(x), x.shape)], (X,)),
    ("unravel_index F", lambda x: np.unravel_index(np.argmax(x), x.shape, order="F"), (X,)),
    ("ravel_multi_index", lambda x: np.ravel_multi_index((np.argmax(x, axis=0), [0, 1, 2]), (2, 3)), (X[:, :, 0],)),
    ("unique", lambda x: np.unique(np.concatenate([x, x[:2]])) ** 2, (V,)),
    ("unique inverse", lambda x: np.unique(x, return_inverse=True, return_counts=True), (V,)),
    ("unique axis", lambda x: np.unique(np.stack([x, x]), axis=0), (V,)),
    ("unique_values", np.unique_values, (V,)),
    ("unique_counts", np.unique_counts, (V,)),
    ("unique_all", np.unique_all, (V,)),
    ("unique_inverse", np.unique_inverse, (X,)),
    ("isin", lambda x: np.isin(x, [2.0, 0.5]), (V,)),
    ("union1d", lambda x: np.union1d(x, [0.5, 7.0]), (V,)),
    ("intersect1d", lambda x: np.intersect1d(x, [3.5, 0.5, 7.0]), (V,)),
    ("intersect1d indices", lambda x: np.intersect1d(x, [3.5, 0.5, 7.0], return_indices=True), (V,)),
    ("setdiff1d", lambda x: np.setdiff1d(x, [3.5, 7.0]), (V,)),
    ("setxor1d", lambda x: np.setxor1d(x, [3.5, 7.0]), (V,)),
    ("lexsort", lambda x: np.lexsort((x, np.array([1, 0, 1, 0]))), (V,)),
    ("trim_zeros", lambda x: np.trim_zeros(x * np.array([0, 1, 1, 0])), (V,)),
    ("histogram", lambda x: np.histogram(x, bins=3), (V,)),
    ("histogram edges", lambda x: np.histogram(x, bins=[-2.0, 0.0, 3.0]), (V,)),
    ("histogram weights", lambda w: np.histogram(V, bins=3, weights=w)[0], (V[::-1].copy(),)),
    ("histogram density", lambda w: np.histogram(V, bins=3, weights=w, density=True)[0], (V[::-1] + 2.0,)),
    ("apply_along_axis", lambda x: np.apply_along_axis(lambda v: v[:2] * v.sum(), 1, x), (X,)),
    ("apply_along_axis number", lambda x: np.apply_along_axis(np.sum, 0, x), (X,)),
    ("apply_along_axis matrix", lambda x: np.apply_along_axis(np.diag, -1, x), (X,)),
    ("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x, [0, 2]), (X,)),
    ("sliding windows", lambda x: sliding_window_view(x, 2), (V,)),
    ("sliding windows axes", lambda x: sliding_window_view(x, (2, 3), axis=(1, 2)), (X,)),
    ("sliding windows all", lambda x: sliding_window_view(x[0], (2, 2)), (X,)),
    ("diag_indices_from", lambda x: x[0, :3, :3][np.diag_indices_from(x[0, :3, :3])], (X,)),
    ("tril_indices_from", lambda x: x[0][np.tril_indices_from(x[0], -1)], (X,)),
    ("triu_indices_from", lambda x: x[0][np.triu_indices_from(x[0], 1)], (X,)),
    ("isin invert", lambda x: np.isin(x, [2.0, 0.5], invert=True), (V,)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "function", "args"), FUNCTIONS, ids=[case[0] for case in FUNCTIONS])
def test_functions(name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    plain = function(*args)
    leaves = plain if isinstance(plain, tuple) else (plain,)
    at_a_kink = "1d" in name  # which values are equal changes with any step
    if any(np.asarray(leaf).dtype.kind == "f" for leaf in leaves) and not at_a_kink:
        agrees(function, *args)
    else:
        same_as_numpy(function, *args)


def put_along(out: Any, x: Any) -> None:
    np.put_along_axis(out, np.argmax(out, axis=1)[:, None], x[:, :1] * 3.0, axis=1)


WRITES: dict[str, Callable[[Any, Any], None]] = {
    "put": lambda out, x: np.put(out, [0, 5, 5], x[0, 0] * 2.0),
    "put fewer values": lambda out, x: np.put(out, [0, 5, 7], x[0, 0, :2]),
    "put wrap": lambda out, x: np.put(out, [30, -1], x[0, 0, :2], mode="wrap"),
    "put clip": lambda out, x: np.put(out, [30, 3], x[0, 0, :2], mode="clip"),
    "put_along_axis": put_along,
    "put_along_axis flat": lambda out, x: np.put_along_axis(out, np.array([3, 1]), x[0, 0, :2], axis=None),
    "putmask": lambda out, x: np.putmask(out, out > 6.0, x * 2.0),
    "putmask repeated": lambda out, x: np.putmask(out, out > 6.0, x[0, 0]),
    "place": lambda out, x: np.place(out, out > 6.0, x[0, 0]),
    "copyto": lambda out, x: np.copyto(out, x * 3.0),
    "copyto where": lambda out, x: np.copyto(out, x[0, 0], where=out > 6.0),
    "fill_diagonal": lambda out, x: np.fill_diagonal(out[0], x[0, 0, 1] * 2.0),
    "fill_diagonal values": lambda out, x: np.fill_diagonal(out[0, :, :3], x[0, 1, :3]),
    "fill": lambda out, x: out[0].fill(x[0, 1, 1]),
    "flat": lambda out, x: out.flat.__setitem__(slice(2, 6), x[1, 1]),
    "swap": lambda out, x: out.__setitem__([0, 1], out[[1, 0]]),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_functions_that_write(write: Callable[[Any, Any], None]) -> None:
    def program(x: Any) -> Any:
        out = x * 1.0
        write(out, x)
        return out

    agrees(program, X)


# ------------------------------------------------------------------ dtypes of what is written
def test_writes_cast_as_numpy_does() -> None:
    def program(x: Any, n: Any) -> Any:
        whole = n * 1
        whole[0] = x[3]  # 3.5 becomes 3
        single = x.astype(np.float32)
        single += x
        single[1:] = n[:3]
        truth = n > 2
        truth[0] = x[0]
        return whole, single, truth

    same_as_numpy(program, V, np.arange(4))


@pytest.mark.parametrize(
    ("program", "error"),
    [
        (lambda x: x.__setitem__(0, "a"), DtypeError),
        (lambda x: x.__setitem__(0, None), DtypeError),
        (lambda x: x.__setitem__(0, 1j), DtypeError),
        (lambda x: x.__setitem__(0, x), ShapeError),
        (lambda x: x.__setitem__(slice(0, 2), x), ShapeError),
        (lambda x: x[4], OutOfRangeError),
        (lambda x: x[-5], OutOfRangeError),
        (lambda x: x[[0, 7]], OutOfRangeError),
        (lambda x: x[0, 0], OutOfRangeError),
        (lambda x: x[..., ...], OutOfRangeError),
        (lambda x: x[1.0], OutOfRangeError),
        (lambda x: x["a"], OutOfRangeError),
        (lambda x: x[x], OutOfRangeError),
        (lambda x: x[[True, False]], OutOfRangeError),
        (lambda x: x[::0], ShapeError),
        (lambda x: np.take(x, 9), OutOfRangeError),
        (lambda x: np.take(x, 0, axis=1), OutOfRangeError),
        (lambda x: np.choose([0, 2], [x[:2], x[:2]]), OutOfRangeError),
        (lambda x: np.put(np.zeros(3), 0, x[0]), UnsupportedError),
    ],
)
def test_refusals(program: Callable[..., Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        gg.grad(lambda x: program(x) or x.sum())(V)


@pytest.mark.parametrize("dtype", [np.int64, np.bool_])
def test_in_place_operators_keep_the_dtype(dtype: Any) -> None:
    def program(n: Any) -> Any:
        n += 1.5
        return n

    with tracing(), pytest.raises(DtypeError, match="cannot be written back"):
        program(known_input(np.zeros(3, dtype)))


@pytest.mark.parametrize("value", [lambda x: x[0], lambda x: x, lambda x: x[:2]])
def test_a_plain_array_cannot_take_traced_values_and_the_error_says_what_can(value: Callable[..., Any]) -> None:
    def program(x: Any) -> Any:
        out = np.zeros(4)
        out[0 if not value(x).shape else slice(0, value(x).shape[0])] = value(x)
        return out.sum()

    with pytest.raises(ConversionError, match=r"np\.zeros_like\(x\) or glassgrad\.numpy\.zeros"):
        gg.grad(program)(V)


def test_a_traced_index_into_a_plain_array_says_what_to_write() -> None:
    table = np.arange(6.0).reshape(3, 2)
    for program in (lambda i: table[i], lambda i: table[i, 0], lambda i: table[i > 1]):
        with pytest.raises(ConversionError, match=r"(?s)index into a plain.*numpy\.array\(plain\)\[index\]"):
            gg.jit(program)(np.array([2, 0, 1]))
    found = gg.jit(lambda i: gg.numpy.array(table)[i])(np.array([2, 0]))
    assert np.array_equal(found, table[[2, 0]])


def test_asarray_of_a_traced_value_says_what_to_do() -> None:
    with pytest.raises(ConversionError, match=r"drop it.*glassgrad\.numpy\.asarray"):
        gg.grad(lambda x: np.asarray(x).sum())(V)


# ------------------------------------------------------------------ cost
def steps_that_copy(function: Callable[..., Any], x: np.ndarray) -> int:
    """How many of the writes in the gradient's program copy the array that they write into."""
    with tracing():
        tracer = known_input(x)
        y = function(tracer).node
        (gradient,) = pull([y], [ones(y.aval)], [tracer.node])
        assert gradient is not None
        program = compile_graph(Graph((), (gradient,)))
    return sum("_on_a_copy" in repr(step.compute) for step in program.steps)


def test_reading_element_by_element_costs_one_pass() -> None:
    def total(x: Any) -> Any:
        result = 0.0
        for i in range(len(x)):
            result = result + x[i] * x[i]
        return result

    assert steps_that_copy(total, np.ones(50)) <= 1
    assert INDEX_ADD.accumulates
    assert INDEX_UPDATE.overwrites


def test_writing_row_by_row_costs_one_pass() -> None:
    def rows(x: Any) -> Any:
        out = np.zeros_like(x)
        out[0] = x[0]
        for i in range(1, len(x)):
            out[i] = np.sin(out[i - 1]) * x[i]
        return (out * out).sum()

    assert steps_that_copy(rows, np.ones((30, 4))) <= 3


def test_reading_a_number_is_quick() -> None:
    """A guard against a hundredfold, not a benchmark."""
    with tracing():
        x = known_input(np.arange(1000.0))
        start = perf_counter()
        for i in range(1000):
            x[i]
        assert perf_counter() - start < 1.0
