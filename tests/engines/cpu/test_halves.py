"""Half precision in native loops: computed in singles, rounded once after each op, as NumPy does it."""

import operator
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines import reference
from glassgrad.engines.cpu.native.target import has_halves
from glassgrad.engines.cpu.program import compile_graph, translated
from glassgrad.graph.node import working
from tests.table.case import Case
from tests.table.rows import CASES, sample

pytestmark = pytest.mark.skipif(not has_halves(), reason="a processor without conversions of halves")

HALF = np.float16
EVERY = np.arange(1 << 16, dtype=np.uint16).view(HALF)
ANOTHER = np.random.default_rng(0).permutation(EVERY)
KINDS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
OF_HALVES = {"nextafter", "spacing"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def same(found, wanted):
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)
    known = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(wanted[known]))


ONE_BY_ONE = {
    "single": lambda x: x.astype(np.float32),
    "double": lambda x: x.astype(np.float64),
    "truth": lambda x: x.astype(bool),
    "negative": operator.neg,
    "square": lambda x: x * x,
    "reciprocal": lambda x: HALF(1) / x,
    "power": lambda x: x**3,
    "turned": lambda x: x[::-1],
    "found": lambda x: x[np.argsort(np.arange(1 << 16) * 7 % 65_537)],
    "chosen": lambda x: np.where(x > 0, x, -x),
    "finite": np.nan_to_num,
    "finite of one's own": lambda x: np.nan_to_num(x, nan=-1.5, posinf=1e6, neginf=-2.0),
    "rounded between": lambda x: (x * HALF(3) + HALF(1)) * HALF(0.1) - x / HALF(7),
} | {f.__name__: f for f in (np.sqrt, np.abs, np.floor, np.rint, np.sign, np.isfinite, np.nextafter, np.spacing)}


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_every_half_gives_what_numpy_gives(name):
    function = ONE_BY_ONE[name] if name != "nextafter" else lambda x: np.nextafter(x, HALF(np.inf))
    same(gg.jit(function)(EVERY), function(EVERY))


@pytest.mark.parametrize(
    "function",
    [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.fmin, np.remainder, np.floor_divide, np.copysign],
)
def test_pairs_of_halves_give_what_numpy_gives(function):
    same(gg.jit(function)(EVERY, ANOTHER), function(EVERY, ANOTHER))


@pytest.mark.parametrize("function", [np.exp, np.log, np.sin, np.tanh, np.expm1, np.cbrt, np.arctan])
def test_functions_are_rounded_once(function):
    found, exact = gg.jit(function)(EVERY), function(EVERY.astype(np.float64))
    finite = np.isfinite(found) & np.isfinite(exact)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(exact))
    error = np.abs(found[finite].astype(np.float64) - exact[finite])
    assert np.max(error / np.spacing(np.abs(found[finite])).astype(np.float64)) < 0.501


def test_doubles_are_rounded_once_also_beside_a_tie():
    """A double beside the middle of two halves is that middle as a single: rounded twice it would be even."""
    middle = (EVERY[:31_744].astype(float) + np.nextafter(EVERY[:31_744], HALF(np.inf)).astype(float)) / 2
    x = np.concatenate([middle, np.nextafter(middle, np.inf), np.nextafter(middle, -np.inf)])
    x = np.concatenate([x, -x, [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e308, -1e-308, 65_519.999_999, 65_520.0]])
    same(gg.jit(lambda x: x.astype(HALF))(x), x.astype(HALF))
    same(gg.jit(lambda x: x.astype(HALF))(x.astype(np.float32)), x.astype(np.float32).astype(HALF))


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_and_back(kind):
    whole = np.random.default_rng(0).integers(-(10**18), 10**18, 1000) // 10 ** np.random.default_rng(1).integers(
        0, 18, 1000
    )
    same(gg.jit(lambda x: x.astype(HALF))(whole.astype(kind)), whole.astype(kind).astype(HALF))
    small = np.clip(np.nan_to_num(EVERY), 0, 100)
    same(gg.jit(lambda x: x.astype(kind))(small), small.astype(kind))


# ------------------------------------------------------------------ programs
def softmax(x):
    exps = np.exp(x - x.max(-1, keepdims=True))
    return exps / exps.sum(-1, keepdims=True)


def added(x):
    y = x.copy()
    np.add.at(y[0], np.array([1, 1, 3]), x[1, :3])
    return y


def in_a_loop(x):
    return gg.scan(lambda c, row: (np.tanh(c + row), c.sum()), np.zeros(x.shape[1], HALF), x)[1]


PROGRAMS = {
    "chain": lambda x: np.tanh(x) * HALF(1.5) + x,
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean(1),
    "std": lambda x: x.std(),
    "softmax": softmax,
    "product": lambda x: np.tanh(x @ x.T),
    "large product": lambda x: np.concatenate([x] * 5) @ np.concatenate([x] * 5).T,
    "joined": lambda x: np.concatenate([x, x * HALF(2)], 1)[:, ::-1],
    "differences": lambda x: (x[1:] - x[:-1]) ** 2,
    "sorted": lambda x: np.sort(x, 1),
    "added": added,
    "loop": in_a_loop,
    "while": lambda x: gg.while_loop(lambda s: np.max(s) > HALF(1), lambda s: s * HALF(0.5), x),
    "branch": lambda x: gg.cond(x[0, 0] > 0, lambda x: x * HALF(2), lambda x: x - HALF(1), x),
    "mapped": gg.vmap(lambda row: row * np.sum(np.tanh(row))),
    "beside singles": lambda x: x * np.linspace(0, 1, x.shape[1], dtype=np.float32),
    "complex": lambda x: np.abs(x * 1j),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_and_their_gradients_are_native_and_right(name):
    function = PROGRAMS[name]
    x = np.random.default_rng(0).normal(size=(20, 30)).astype(HALF)
    for native in (function, gg.grad(lambda x: np.sum(function(x) * HALF(0.01)))):
        compiled = gg.jit(native)
        assert compiled.inspect(x).fallbacks == ()
        found = compiled(x)
        with gg.settings(engine="reference"):
            wanted = gg.jit(native)(x)
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=4e-3, atol=2e-3 * np.max(np.abs(wanted.astype(float))))


def test_sums_are_rounded_once():
    x = np.full(100_000, 0.1, HALF)
    assert gg.jit(np.mean)(x) == HALF(0.1)
    ones = np.concatenate([np.full(4096, HALF(1)), np.full(4096, HALF(0.25))])
    assert gg.jit(np.sum)(ones) == 5120


def test_what_is_given_up_is_written_over():
    w, g = np.ones(1000, HALF), np.random.default_rng(0).normal(size=1000).astype(HALF)
    wanted = w - HALF(0.1) * g
    after = gg.jit(lambda w, g: w - HALF(0.1) * g, donate=0)(w, g)
    assert after is w
    same(after, wanted)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (0, 3), (1, 1)])
def test_few_or_no_halves(shape):
    x = np.full(shape, 1.5, HALF)
    same(np.asarray(gg.jit(lambda x: x * HALF(2) + x)(x)), np.asarray(x * HALF(2) + x))
    assert gg.jit(np.sum)(x) == x.sum()


def test_numbers_larger_than_any_half_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gg.jit(lambda x: np.sum(x * HALF(0)))(np.ones((300, 300), HALF)) == 0


HALVES = [case for case in CASES if "float32" in case.dtypes]


@pytest.mark.parametrize("case", HALVES, ids=[case.name for case in HALVES])
def test_a_row_is_as_native_at_half_precision_as_at_single(case: Case) -> None:
    try:
        with working():
            graph, values = sample(case, "float16")
        expected = reference.compile_graph(graph)(*values)
    except TypeError:
        pytest.skip("NumPy or SciPy has no such function of halves")
    program = compile_graph(graph)
    found = program(*[np.asarray(value) for value in values])
    for value, wanted in zip(found, expected, strict=True):
        largest = np.max(np.abs(np.asarray(wanted)[np.isfinite(wanted)].astype(complex)), initial=1e-3)
        np.testing.assert_allclose(value, wanted, rtol=4e-3, atol=4e-4 * largest)
    with working():
        single, _ = sample(case, "float32")
    by_host = {node.op.name for node in program.module.host}
    assert by_host <= {node.op.name for node in translated(single)[1].host} | OF_HALVES
