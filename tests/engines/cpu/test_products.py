"""Matrix products by tiles of our own: every layout, awkward sizes, NaN and infinity, and the same with threads."""

import itertools
from math import ceil

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.types import F32, F64
from glassgrad.engines.cpu.products import layouts
from glassgrad.engines.cpu.products.blocking import blocking_of
from glassgrad.engines.cpu.products.pieces import parts_of
from glassgrad.engines.cpu.products.product import Product, Steps, Windows
from glassgrad.engines.cpu.products.straight import straight

SIZES = [(2, 2000, 2), (5, 1000, 3), (17, 33, 29), (64, 30, 256), (129, 600, 70), (2, 300, 700), (300, 3, 41)]
LAYOUTS = list(itertools.product((False, True), repeat=3))


def _operands(size, dtype, flipped_a, flipped_b):
    generator = np.random.default_rng(sum(size))
    rows, inner, columns = size
    a = generator.normal(size=(inner, rows) if flipped_a else (rows, inner)).astype(dtype)
    b = generator.normal(size=(columns, inner) if flipped_b else (inner, columns)).astype(dtype)
    return a, b


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_layout_is_the_same_product(size, dtype):
    tolerance = 2e-5 if dtype == "float32" else 1e-13
    for flipped_a, flipped_b, flipped_c in LAYOUTS:
        a, b = _operands(size, dtype, flipped_a, flipped_b)

        def product(a, b, layout=(flipped_a, flipped_b, flipped_c)):
            c = (a.T if layout[0] else a) @ (b.T if layout[1] else b)
            return c.T if layout[2] else c

        expected = product(a.astype("longdouble"), b.astype("longdouble")).astype("float64")
        found = _compiled(product)(a, b)
        assert found.dtype == dtype
        scale = np.abs(a).max() * np.abs(b).max() * np.sqrt(size[1])
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [(700, 300, 90), (90, 300, 700), (64, 513, 256), (25, 5000, 6)], ids=str)
def test_threads_change_no_bit(size, dtype):
    for flipped_a, flipped_b in itertools.product((False, True), repeat=2):
        a, b = _operands(size, dtype, flipped_a, flipped_b)

        def product(a, b, layout=(flipped_a, flipped_b)):
            return (a.T if layout[0] else a) @ (b.T if layout[1] else b)

        alone = _compiled(product, threads=1)(a, b)
        for threads in (2, 3, 5):
            np.testing.assert_array_equal(_compiled(product, threads=threads)(a, b), alone)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "size", [(3, 517, 389, 301), (1, 611, 401, 523), (7, 129, 257, 131), (40, 33, 70, 90)], ids=str
)
def test_any_number_of_pieces_gives_the_same_bits(size, dtype):
    batches, rows, inner, columns = size
    generator = np.random.default_rng(rows)
    a, b = (generator.normal(size=(batches, *two)).astype(dtype) for two in ((rows, inner), (inner, columns)))
    alone = _compiled(lambda a, b: a @ b, threads=1)(a, b)
    np.testing.assert_allclose(alone, a @ b, rtol=0, atol=(1e-2 if dtype == "float32" else 1e-11))
    for threads in (2, 3, 4, 5, 6, 7, 8):
        compiled = _compiled(lambda a, b: a @ b, threads=threads)
        for _ in range(3):
            np.testing.assert_array_equal(compiled(a, b), alone)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [(2, 1000, 130), (8, 517, 384), (9, 333, 401)], ids=str)
def test_a_few_rows_times_a_matrix_that_no_cache_holds(size, dtype):
    tolerance = 2e-5 if dtype == "float32" else 1e-13
    for flipped_a, flipped_b in itertools.product((False, True), repeat=2):
        a, b = _operands(size, dtype, flipped_a, flipped_b)
        a.flat[-1], b.flat[0] = np.nan, np.inf

        def product(a, b, layout=(flipped_a, flipped_b)):
            return (a.T if layout[0] else a) @ (b.T if layout[1] else b)

        found = _compiled(product)(a, b)
        with np.errstate(invalid="ignore"):
            expected = product(a.astype("longdouble"), b.astype("longdouble")).astype("float64")
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * 30 * np.sqrt(size[1]))
        np.testing.assert_array_equal(_compiled(product, threads=2)(a, b), found)


def test_more_rows_than_a_block_holds():
    a, b = _operands((1500, 300, 40), "float32", flipped_a=False, flipped_b=True)
    found, expected = _compiled(lambda a, b: a @ b.T)(a, b), a.astype("float64") @ b.T.astype("float64")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batches(dtype):
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(5, 33, 40)).astype(dtype), generator.normal(size=(5, 40, 23)).astype(dtype)
    w = generator.normal(size=(40, 23)).astype(dtype)
    tolerance = 1e-4 if dtype == "float32" else 1e-12
    for function, given in ((np.matmul, (a, b)), (np.matmul, (a, w)), (lambda a: a @ a.swapaxes(1, 2), (a,))):
        for threads in (1, 2, 7):
            found = _compiled(function, threads=threads)(*given)
            np.testing.assert_allclose(found, function(*given), rtol=tolerance, atol=tolerance)


def test_what_is_not_finite_stays_in_its_row_and_column():
    a, b = np.ones((40, 50)), np.ones((50, 30))
    a[3, 7], b[9, 5] = np.nan, np.inf
    found = _compiled(np.matmul)(a, b)
    expected = np.full((40, 30), 50.0)
    expected[:, 5], expected[3] = np.inf, np.nan
    np.testing.assert_array_equal(found, expected)


def test_a_zero_times_infinity_is_nan_beside_a_panels_edge():
    a, b = np.zeros((20, 30)), np.ones((30, 19))
    b[0, 18] = np.inf
    found = _compiled(np.matmul)(a, b)
    assert np.isnan(found[:, 18]).all()
    np.testing.assert_array_equal(found[:, :18], 0.0)


def test_inputs_that_are_not_contiguous():
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(60, 80))[::2, ::-1], generator.normal(size=(80, 70))[:, ::2]
    np.testing.assert_allclose(_compiled(np.matmul)(a, b), a @ b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [(0, 5, 7), (5, 0, 7), (5, 7, 0), (1, 500, 90), (90, 500, 1), (70, 1, 80)], ids=str)
def test_empty_and_single_axes(size):
    a, b = _operands(size, "float64", False, False)
    np.testing.assert_allclose(_compiled(np.matmul)(a, b), a @ b, rtol=1e-12, atol=1e-12)


def _compiled(function, threads=None):
    settings = {"engine": "cpu"} if threads is None else {"engine": "cpu", "threads": threads}

    def call(*given):
        with gg.settings(**settings):
            compiled = gg.jit(function)
            compiled(*given)
            (version,) = compiled.cache.values()
            assert not version.program.module.host
            return np.array(compiled(*given))

    return call


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize(("rows", "columns"), [(1024, 1000), (1023, 77), (1022, 129), (1021, 64), (4, 5000), (9000, 3)])
def test_a_vector_times_a_matrix_takes_rows_together(rows, columns, dtype):
    generator = np.random.default_rng(0)
    x, a = generator.normal(size=rows).astype(dtype), generator.normal(size=(rows, columns)).astype(dtype)
    for function in (lambda x, a: x @ a, lambda x, a: x[None] @ a, lambda x, a: np.cos(x @ a + a[0]) * 2.0):
        found = []
        for threads in (1, 2, 3):
            with gg.settings(engine="cpu", threads=threads):
                found.append(gg.jit(function)(x, a))
        np.testing.assert_array_equal(found[1], found[0])
        np.testing.assert_array_equal(found[2], found[0])
        tolerance = 1e-3 if dtype is np.float32 else 1e-10
        np.testing.assert_allclose(found[0], function(x, a), rtol=tolerance, atol=tolerance)


def test_infinity_in_one_row_reaches_its_own_sums_alone():
    x, a = np.ones(64), np.ones((64, 600))
    a[5, 7], a[9, 11] = np.inf, np.nan
    expected = np.full(600, 64.0)
    expected[7], expected[11] = np.inf, np.nan
    with gg.settings(engine="cpu"):
        np.testing.assert_array_equal(gg.jit(lambda x, a: x @ a)(x, a), expected)


@pytest.mark.skipif(vector_bytes() < 32, reason="other tiles")
def test_rows_are_cut_without_a_rest_where_that_is_as_fast():
    steps = Steps(8, 1), Steps(10, 1), Steps(10, 1)
    cut = blocking_of(Product(F64, 1000, 8, 10, 1, 1, *steps), threads=1)
    assert cut.last is not None
    assert 1000 % cut.last.tile.rows == 0
    if vector_bytes() == 64:  # of narrower registers no tile of such rows is as fast
        steps = Steps(512, 1), Steps(512, 1), Steps(512, 1)
        cut = blocking_of(Product(F32, 512, 512, 512, 1, 1, *steps), threads=2)
        assert all(512 % columns.tile.rows == 0 for columns in (cut.panels, cut.last) if columns is not None)


def test_few_columns_are_taken_in_narrow_vectors():
    for kind, size in ((F32, 4), (F64, 8)):
        widest = vector_bytes() // size
        for columns, lanes in ((1, 16 // size), (3, 4), (5, 8), (8, 8), (9, 16), (100, 16)):
            steps = Steps(500, 1), Steps(columns, 1), Steps(columns, 1)
            cut = blocking_of(Product(kind, 1000, 500, columns, 1, 1, *steps), threads=1)
            used = cut.panels or cut.last
            assert used is not None
            assert used.tile.lanes == min(lanes, widest)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_far_apart_give_the_same_bits_laid_out_or_read_in_place(dtype, monkeypatch):
    a, b = _operands((150, 1100, 700), dtype, False, False)
    found = []
    for cache in (1 << 40, 0):
        monkeypatch.setattr(layouts, "largest_cache", lambda cache=cache: cache)
        found.append(_compiled(lambda a, b: a @ b)(a, b))
    np.testing.assert_array_equal(*found)


@pytest.mark.skipif(vector_bytes() < 32, reason="other tiles")
def test_rows_far_apart_are_laid_out_where_no_cache_holds_them(monkeypatch):
    steps = Steps(2048, 1), Steps(2048, 1), Steps(2048, 1)
    product = Product(F32, 256, 2048, 2048, 1, 1, *steps)
    assert blocking_of(product, threads=2).a_copy is None
    monkeypatch.setattr(layouts, "largest_cache", lambda: 1 << 20)
    assert blocking_of(product, threads=2).a_copy is not None


@pytest.mark.skipif(vector_bytes() < 64, reason="other tiles")
@pytest.mark.parametrize("size", [(512, 512, 512), (2048, 2048, 2048), (128, 784, 512)])
@pytest.mark.parametrize("kind", [F32, F64], ids=["f32", "f64"])
def test_columns_are_cut_without_a_rest_where_that_is_as_fast(size, kind):
    rows, inner, columns = size
    steps = Steps(inner, 1), Steps(columns, 1), Steps(columns, 1)
    blocking = blocking_of(Product(kind, rows, inner, columns, 1, 1, *steps), threads=2)
    assert blocking.last is None


@pytest.mark.skipif(vector_bytes() < 64, reason="other tiles")
def test_a_near_matrix_is_laid_out_for_many_rows_alone():
    near, far = (Steps(128, 1), Steps(512, 1), Steps(512, 1)), (Steps(128, 1), Steps(4096, 1), Steps(4096, 1))
    few = blocking_of(Product(F32, 32, 128, 512, 1, 1, *near), threads=1)
    many = blocking_of(Product(F32, 512, 128, 512, 1, 1, *near), threads=1)
    large = blocking_of(Product(F32, 64, 128, 4096, 1, 1, *far), threads=1)
    assert [cut.panels is not None and cut.panels.packing is not None for cut in (few, many, large)] == [0, 1, 1]


def test_threads_share_what_is_dear_to_lay_out():
    # The gradient by a convolution's weights: windows (channel × tap, position) of 32 examples, and 64 outputs.
    steps = Steps(0, 0, 4096), Steps(1, 64, 4096), Steps(64, 1)
    windows = blocking_of(Product(F32, 576, 64, 64, 32, 1, *steps, Windows("a", 8)), threads=2)
    assert windows.row_parts % 2 == 0
    assert windows.column_parts == 1
    # A few rows times a large matrix, each part of which one of the threads lays out.
    layer = blocking_of(Product(F32, 256, 2048, 2048, 1, 1, Steps(2048, 1), Steps(2048, 1), Steps(2048, 1)), threads=2)
    assert layer.row_parts == 1
    assert layer.column_parts % 2 == 0


@pytest.mark.skipif(vector_bytes() < 64, reason="other tiles")
def test_windows_are_laid_out_first_only_where_they_are_read_often():
    steps = Steps(0, 0, 4096), Steps(1, 64, 4096), Steps(64, 1)
    for outputs, in_place in ((16, True), (32, True), (256, False)):
        blocking = blocking_of(Product(F32, 576, 64, outputs, 32, 1, *steps, Windows("a", 8)), threads=2)
        assert (blocking.a_copy is None) == in_place
        assert (blocking.panels.tile.windows == "a") == in_place


def test_a_slow_thread_leaves_pieces_to_the_others():
    steps = Steps(1024, 1), Steps(1024, 1), Steps(1024, 1)
    assert blocking_of(Product(F32, 1024, 1024, 1024, 1, 1, *steps), threads=2).pieces >= 8
    many = Steps(64, 1, 0, 4096)
    batches = blocking_of(Product(F32, 64, 64, 64, 1, 300, many, many, many), threads=2)
    assert (batches.batch_parts, batches.row_parts, batches.column_parts) == (16, 1, 1)
    assert blocking_of(Product(F32, 64, 64, 64, 1, 2, many, many, many), threads=2).pieces == 2  # they are short


@pytest.mark.parametrize("columns", [1, 7, 16, 33, 100])
@pytest.mark.parametrize("inner", [1, 2, 3, 7, 8, 9, 15, 17, 31, 401])
def test_operands_are_turned_at_every_depth(inner, columns):
    generator = np.random.default_rng(inner)
    b = generator.normal(size=(columns, inner))
    for rows in (1, 19, 70):
        a = generator.normal(size=(inner, rows))
        found = _compiled(lambda a, b: a.T @ b.T, threads=1)(a, b)
        np.testing.assert_allclose(found, a.T @ b.T, rtol=0, atol=1e-13 * inner)


def _product(rows, inner, columns, repeats=1, batches=1):
    steps = Steps(inner, 1), Steps(columns, 1), Steps(columns, 1)
    return Product(F32, rows, inner, columns, repeats, batches, *steps)


@pytest.mark.skipif(vector_bytes() < 64, reason="more tiles")
@pytest.mark.parametrize("size", [(32, 32, 32), (17, 30, 32), (1, 16, 16), (40, 100, 80), (64, 30, 64)])
def test_the_tiles_of_a_small_product_cover_it_once(size):
    product = _product(*size)
    tiles = straight(product, blocking_of(product, threads=2))
    assert tiles is not None
    covered = np.zeros((product.rows, product.columns), int)
    for placed in tiles:
        here = covered[placed.row :, placed.column :][: placed.tile.rows, : placed.tile.columns]
        assert here.shape == (placed.tile.rows, placed.tile.columns)
        here += 1
    assert (covered == 1).all()


@pytest.mark.parametrize(
    "product",
    [
        _product(512, 512, 512),
        _product(500, 8, 16),
        _product(8, 2000, 16),
        _product(8, 8, 16, 2),
        _product(8, 8, 16, 1, 3),
    ],
    ids=["laid out", "many tiles", "sums in parts", "repeats", "batches"],
)
def test_what_needs_loops_around_its_tiles_has_them(product):
    assert straight(product, blocking_of(product, threads=1)) is None


@pytest.mark.parametrize("threads", [2, 3, 7, 64])
@pytest.mark.parametrize(("rows", "columns"), [(1000, 1000), (130, 20000), (9000, 40), (97, 193)])
def test_no_other_pieces_leave_less_to_the_slowest_thread(rows, columns, threads):
    product = Product(F32, rows, 500, columns, 1, 1, Steps(500, 1), Steps(columns, 1), Steps(columns, 1))
    units, costs = (8, 32), (24.0, 6.0)

    def time(row_parts, column_parts):
        high, wide = rows / row_parts, columns / column_parts
        whole = [
            ceil(ceil(n / unit) / parts) * unit
            for n, unit, parts in zip((rows, columns), units, (row_parts, column_parts), strict=True)
        ]
        rounds = ceil(row_parts * column_parts / threads)
        return max(
            whole[0] * whole[1] + whole[0] * costs[0] + whole[1] * costs[1],
            rounds * (high * wide + high * costs[0] + wide * costs[1]),
        )

    batches, *chosen = parts_of(product, units, costs, threads)
    limits = [range(1, min(threads, ceil(n / unit)) + 1) for n, unit in zip((rows, columns), units, strict=True)]
    others = [parts for parts in itertools.product(*limits) if parts[0] * parts[1] <= threads]
    assert batches == 1
    assert time(*chosen) <= 1.03 * min(time(*parts) for parts in others)
