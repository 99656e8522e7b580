"""What fails while a native program runs: no foreign memory is touched, loops end, and the error is the reference's."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu import program

X = np.linspace(-1.0, 2.0, 7)
TABLE = np.linspace(0.0, 1.0, 21).reshape(7, 3)


@pytest.fixture(autouse=True)
def _native(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    with gg.settings(engine="cpu"):
        yield


def written(x, i):
    y = x.copy()
    y[i] = i * 2.0
    return y


def added(x, i):
    y = x.copy()
    np.add.at(y, i, i * 1.0)
    return y


def scanned(x, i):
    return gg.scan(lambda carry, k: (carry * 0.5 + x[k], carry), 0.0, i.ravel())


def rounds(x, i):
    return gg.while_loop(lambda s: s[0] < 3.0, lambda s: s + np.array([1.0, 0.0]) + 0.0 * x[i].sum(), np.zeros(2))


PROGRAMS = {
    "read": lambda x, i: x[i],
    "read and computed with": lambda x, i: np.exp(x)[i] * 2.0 + x.sum(),
    "read rows": lambda x, i: np.stack([x, x * 2.0], 1)[i],
    "summed": lambda x, i: np.sum(x[i] * 3.0),
    "written": written,
    "added": added,
    "gradient": gg.grad(lambda x, i: np.sum(x[i] ** 2)),
    "scan": scanned,
    "while": rounds,
    "branch": lambda x, i: gg.cond(x[1] < 0.0, lambda x, i: x[i].sum(), lambda x, i: x.sum(), x, i),
    "along": lambda x, i: np.take_along_axis(x, i.ravel(), 0),
    "mapped": lambda x, i: gg.vmap(lambda k: x[k])(i.ravel()),
    "mapped reads": lambda x, i: gg.vmap(lambda row: row[i])(np.stack([x, -x])),
    "mapped writes": lambda x, i: gg.vmap(lambda row: added(row, i))(np.stack([x, -x])),
    "narrow indices": lambda x, i: x[np.clip(i, -100, 100).astype(np.int8)],
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("bad", [7, -8, 100, 10**12, -(10**12), np.iinfo(np.int64).min])
@pytest.mark.parametrize("shape", [(5,), (11,), (2, 3)])
def test_an_index_outside_is_an_error_and_the_next_call_is_well(name, bad, shape):
    function = PROGRAMS[name]
    compiled = gg.jit(function)
    good = np.arange(np.prod(shape)).reshape(shape) % 14 - 7
    with gg.settings(engine="reference"):
        expected = gg.jit(function)(X, good)
    for place in (0, -1):
        wrong = good.copy()
        wrong.flat[place] = bad
        shown = np.clip(bad, -100, 100) if name == "narrow indices" else bad
        for _ in range(2):
            with pytest.raises(IndexError, match=rf"index {shown} is out of bounds for axis \d with size 7"):
                compiled(X, wrong)
            same(compiled(X, good), expected)


def same(found, expected):
    pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.bool_])
def test_other_dtypes(dtype):
    compiled = gg.jit(lambda x, i: x[i])
    x = np.arange(5).astype(dtype)
    np.testing.assert_array_equal(compiled(x, np.array([4, -5])), x[[4, -5]])
    with pytest.raises(IndexError, match="index 5 is out of bounds for axis 0 with size 5"):
        compiled(x, np.array([0, 5]))


def test_the_axis_is_named():
    compiled = gg.jit(lambda x, i, j: x[i, j])
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with size 3"):
        compiled(TABLE, np.array([0, 6]), np.array([0, 3]))
    with pytest.raises(IndexError, match="index -8 is out of bounds for axis 0 with size 7"):
        compiled(TABLE, np.array([0, -8]), np.array([0, -3]))
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with size 3"):
        gg.jit(lambda x, i: np.take_along_axis(x, i, 1))(TABLE, np.full((7, 1), 3))


def reads(x, i):
    doubled = x * 2.0
    return doubled[i]  # the line of reads


def reads_in_a_loop(x, i):
    def step(carry, k):
        return carry + x[k], carry  # the line of the loop

    return gg.scan(step, 0.0, i)


def maps(x, i):
    return gg.vmap(lambda row: row[i])(np.stack([x, -x]))  # the line of maps


def writes(x, i):
    y = x.copy()
    y[i] = 3.0  # the line of writes
    return y


def reads_a_part(x, i):
    other = np.cos(x)[np.argsort(x)]  # lies inside
    both = np.stack([x, other])
    return both[0, i]  # the line of the part


def inverts(x, i):
    return np.linalg.inv(np.outer(x[:2], i) * 0.0)  # the line of inverts


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (reads, "reads"),
        (gg.grad(lambda x, i: np.sum(reads(x, i) ** 2)), "reads"),
        (reads_in_a_loop, "the loop"),
        (maps, "maps"),
        (writes, "writes"),
        (reads_a_part, "the part"),
        (lambda x, i: reads(x, i) + x[np.argsort(x)[:2]], "reads"),  # an order lies inside
        (inverts, "inverts"),
    ],
)
def test_the_line_is_the_one_that_reads_or_writes_also_from_the_disk(function, line):
    compiled = [gg.jit(function), gg.jit(lambda x, i: function(x, i))]
    for one in compiled:
        for _ in range(3):
            with pytest.raises((IndexError, np.linalg.LinAlgError)) as found:
                one(X, np.array([1, 7]))
            assert found.value.where.text.endswith(f"# the line of {line}")
            if isinstance(found.value, IndexError):
                assert "from -7 to 6" in found.value.hint


def test_where_it_may_be_one_of_several_lines_they_are_told():
    def function(x, i, j):
        first = x[i]  # the first
        return first + x[j]  # the second

    compiled = gg.jit(function)
    with pytest.raises(IndexError, match="index 7 is out of bounds") as found:
        compiled(X, np.array([1]), np.array([7]))
    assert found.value.where.text == "compiled(X, np.array([1]), np.array([7]))"
    assert "first = x[i]" in found.value.hint
    assert "return first + x[j]" in found.value.hint


def test_the_lines_of_a_refused_matrix_are_told_where_there_are_several():
    def function(x, y):
        first = np.linalg.inv(x)
        return first @ np.linalg.inv(y)

    compiled = gg.jit(function)
    with pytest.raises(np.linalg.LinAlgError, match="inv does not take this matrix") as found:
        compiled(np.eye(2), np.zeros((2, 2)))
    assert found.value.where.text == "compiled(np.eye(2), np.zeros((2, 2)))"
    assert "np.linalg.det(a) != 0; one of these lines calls it" in found.value.hint
    assert "first = np.linalg.inv(x)" in found.value.hint
    assert "return first @ np.linalg.inv(y)" in found.value.hint


@pytest.mark.parametrize("index", [0, -1, 4])
def test_nothing_is_inside_of_an_empty_axis(index):
    for function in (lambda x, i: x[i], lambda x, i: x[i] + 1.0, written, added):
        compiled = gg.jit(function)
        with pytest.raises(IndexError, match="is out of bounds for axis 0 with size 0"):
            compiled(np.zeros(0), np.array([index, index]))
        assert compiled(np.zeros(0), np.zeros(0, int)).shape == (0,)


def test_large_gathers_on_several_threads():
    rng = np.random.default_rng(1)
    x, i = rng.normal(size=1000), rng.integers(-1000, 1000, 600_000)
    compiled = gg.jit(lambda x, i: np.exp(x[i]) + x[i] * x[i])
    np.testing.assert_allclose(compiled(x, i), np.exp(x[i]) + x[i] * x[i], rtol=1e-14)
    wrong = i.copy()
    wrong[[5, 300_000, -1]] = 1000
    for _ in range(3):
        with pytest.raises(IndexError, match="index 1000 is out of bounds for axis 0 with size 1000"):
            compiled(x, wrong)
    np.testing.assert_allclose(compiled(x, i), np.exp(x[i]) + x[i] * x[i], rtol=1e-14)


def test_calls_at_the_same_time_of_which_some_fail():
    x, good = np.arange(50_000.0), np.arange(50_000)[::-1].copy()
    compiled = gg.jit(lambda x, i: x[i] * 2.0)
    compiled(x, good)
    wrong = good.copy()
    wrong[7] = 50_000

    def one(number):
        if number % 2:
            with pytest.raises(IndexError, match="index 50000"):
                compiled(x, wrong)
        else:
            np.testing.assert_array_equal(compiled(x, good), x[good] * 2.0)
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(80)))


def test_on_the_warm_start(monkeypatch):
    def refuse(*_):
        raise AssertionError("this was done before")

    def function(x, i):
        return np.exp(x)[i] + 1.0

    gg.jit(function)(X, np.array([1, 2]))
    for name in ("lowered", "planned", "translated", "object_code", "cached_object_code"):
        monkeypatch.setattr(program, name, refuse)
    again = gg.jit(lambda x, i: function(x, i))
    for _ in range(3):
        with pytest.raises(IndexError, match="index -8 is out of bounds for axis 0 with size 7"):
            again(X, np.array([1, -8]))
        np.testing.assert_allclose(again(X, np.array([1, -7])), np.exp(X)[[1, 0]] + 1.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[np.argsort(x)],
        lambda x: x[np.argmax(x)] * x,
        lambda x: x[np.clip((x * 100.0).astype(np.int64), 0, 6)],
        lambda x: np.take_along_axis(x, np.argsort(-x), 0),
        lambda x: x[np.minimum(np.maximum((x * 100.0).astype(np.int64), -7), 6)],
    ],
)
def test_indices_that_a_program_makes_itself_need_no_check(function):
    compiled = gg.jit(function)
    np.testing.assert_allclose(compiled(X[::-1].copy()), function(X[::-1].copy()))
    (version,) = compiled.cache.values()
    assert not version.program.module.may_fail


@pytest.mark.parametrize(
    "function",
    [lambda x: x[np.argsort(np.stack([x, x]), axis=1)], lambda x: x[:3][np.argsort(x)], lambda x: x[np.argsort(x) - 1]],
)
def test_indices_of_something_longer_are_checked(function):
    compiled = gg.jit(function)
    try:
        expected = function(X)
    except IndexError:
        with pytest.raises(IndexError, match="is out of bounds for axis 0 with size 3"):
            compiled(X)
    else:
        np.testing.assert_allclose(compiled(X), expected)


_LOOPS = """
import numpy as np, glassgrad as gg
def tried(function, *arguments):
    for _ in range(3):
        try:
            function(*arguments)
        except Exception as error:
            print(type(error).__name__)
with gg.settings(engine="cpu"):
    refused = lambda x, a: gg.while_loop(lambda s: s[0] > 0.5, lambda s: np.linalg.cholesky(a * s[0])[0] * 0 + s, x)
    tried(gg.jit(refused), np.ones(3), -np.eye(3))
    print(gg.jit(refused)(np.zeros(3), -np.eye(3)))
    big = np.ones(300)
    tried(gg.jit(refused), big, -np.eye(300))
    looked = lambda x, i: gg.while_loop(lambda s: s[0] > 0.5, lambda s: s + 0.0 * x[i].sum(), x)
    tried(gg.jit(looked), np.ones(3), np.array([3]))
    slope = gg.grad(lambda x, i: gg.while_loop(lambda s: s[0] > 0.5, lambda s: s * (0.5 + 0.0 * x[i].sum()), x).sum())
    print(gg.jit(slope)(np.ones(3), np.array([2])))
    recorded = gg.grad(lambda x, i: gg.while_loop(lambda s: s[0] > 0.5, lambda s: np.sin(s) * 0 + s * x[i], x).sum())
    tried(gg.jit(recorded), np.ones(3), np.array([3]))
    host = lambda x, a: gg.while_loop(lambda s: s[0] > 0.5, lambda s: s + 0 * np.linalg.inv(a * s[0])[0], x)
    tried(gg.jit(host), np.ones(3), np.zeros((3, 3)))
"""


def test_a_loop_without_an_end_stops_at_a_failure():
    done = subprocess.run([sys.executable, "-c", _LOOPS], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines() == [
        *["MatrixError"] * 3,
        "[0. 0. 0.]",
        *["MatrixError"] * 3,
        *["OutOfRangeError"] * 3,
        "[0.5 0.5 0.5]",
        *["OutOfRangeError"] * 3,
        *["MatrixError"] * 3,
    ]


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 17])
@pytest.mark.parametrize("count", [1, 3, 16, 33])
def test_rows_that_are_looked_up_element_by_element(width, count):
    """The places of a row's elements are found once for each lane, and once more where other indices are looked up."""
    rng = np.random.default_rng(width)
    x, i = rng.normal(size=(count, width)), rng.integers(-count, count, 2 * count + 1)
    functions = (
        lambda x, i: np.sum(x[i] * x[i[::-1]], axis=1) + x[i, -1],
        lambda x, i: np.sum((x[np.argmin(x @ x.T, axis=1)] - x) ** 2) + np.sum(x[i]),
        gg.grad(lambda x, i: np.sum(np.sin(x[i]) * x[i[::-1]])),
    )
    for function in functions:
        with gg.settings(engine="reference"):
            expected = gg.jit(function)(x, i)
        np.testing.assert_allclose(gg.jit(function)(x, i), expected, rtol=1e-12, atol=1e-12)
