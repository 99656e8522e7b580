"""Convolution and pooling as a person calls them: geometry, errors, np.convolve, scipy.signal, vmap, nesting."""

from itertools import product

import numpy as np
import pytest
import scipy.signal

import glassgrad as gg
from glassgrad.base.errors import DtypeError, ShapeError, UsageError
from glassgrad.scipy import signal

rng = np.random.default_rng(3)


def traced(function, *args):
    """The value as a trace gives it."""
    return gg.jit(function)(*args)


def same_gradient(ours, theirs, *args):
    """Two functions whose gradients with respect to all arguments must agree (one of plain arithmetic)."""
    numbers = tuple(range(len(args)))
    for a, b in zip(gg.grad(ours, numbers)(*args), gg.grad(theirs, numbers)(*args), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


# ------------------------------------------------------------------ conv
def test_geometry_of_the_result():
    x = rng.normal(size=(2, 4, 9, 8))
    w = rng.normal(size=(6, 2, 3, 2))
    assert gg.conv(x, w, groups=2).shape == (2, 6, 7, 7)
    assert gg.conv(x, w, groups=2, padding="same").shape == (2, 6, 9, 8)
    assert gg.conv(x, w, groups=2, padding="same", stride=2).shape == (2, 6, 5, 4)
    assert gg.conv(x, w, groups=2, padding="same", dilation=(2, 3)).shape == (2, 6, 9, 8)
    assert gg.conv(x, w, groups=2, padding="valid", stride=(3, 1)).shape == (2, 6, 3, 7)
    assert gg.conv(x, w, groups=2, padding=((0, 1), (2, 0))).shape == (2, 6, 8, 9)
    assert gg.conv(x, w, groups=2, padding=(1, 0)).shape == (2, 6, 9, 7)
    np.testing.assert_array_equal(gg.conv(x[0], w, groups=2), gg.conv(x, w, groups=2)[0])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_agrees_with_scipy(axes):
    x, w = rng.normal(size=(5, 6, 7)[:axes]), rng.normal(size=(2, 3, 4)[:axes])
    found = gg.conv(x[None, None], w[None, None])
    np.testing.assert_allclose(found[0, 0], scipy.signal.correlate(x, w, mode="valid"), rtol=1e-12)


def test_a_traced_call_gives_the_same_numbers():
    x, w = rng.normal(size=(2, 3, 6, 6)), rng.normal(size=(4, 3, 3, 3))
    plain = gg.conv(x, w, stride=2, padding=1)
    assert isinstance(plain, np.ndarray)
    np.testing.assert_allclose(traced(lambda x, w: gg.conv(x, w, stride=2, padding=1), x, w), plain, rtol=1e-10)


def test_dtypes_are_promoted_and_kept():
    x, w = np.ones((1, 1, 4), np.float32), np.ones((1, 1, 2), np.float32)
    assert gg.conv(x, w).dtype == np.float32
    assert gg.conv(x, w.astype(np.float64)).dtype == np.float64
    assert gg.conv(x.astype(np.int64), w.astype(np.int64)).dtype == np.int64
    assert gg.grad(lambda w: gg.conv(x, w).sum())(w).dtype == np.float32


def test_many_examples_are_convolved_in_blocks():
    x, w = rng.normal(size=(9, 2, 400, 400)).astype(np.float32), rng.normal(size=(1, 2, 3, 3)).astype(np.float32)
    found = gg.conv(x, w)
    np.testing.assert_allclose(found[7], gg.conv(x[7:8], w)[0], rtol=1e-4, atol=1e-4)
    ct = rng.normal(size=found.shape).astype(np.float32)
    whole = gg.vjp(gg.conv, x, w)[1](ct)
    parts = [gg.vjp(gg.conv, x[k : k + 1], w)[1](ct[k : k + 1]) for k in range(9)]
    np.testing.assert_allclose(whole[0], np.concatenate([part[0] for part in parts]), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(whole[1], sum(part[1] for part in parts), rtol=1e-2, atol=1e-1)


@pytest.mark.parametrize(
    ("stride", "padding", "more", "dilation"),
    [how for how in product([1, 2, 3], [0, 1], [0, 1], [1, 2]) if how[2] < how[0]],
)
def test_conv_transpose_is_the_transpose(stride, padding, more, dilation):
    y, w = rng.normal(size=(2, 4, 5)), rng.normal(size=(4, 3, 3))
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    x = gg.conv_transpose(y, w, output_padding=more, **how)
    assert x.shape == (2, 3, 4 * stride - 2 * padding + 2 * dilation + 1 + more)
    _, pull = gg.vjp(lambda x: gg.conv(x, w, **how), np.zeros_like(x))
    np.testing.assert_allclose(pull(y)[0], x, rtol=1e-12, atol=1e-13)


def test_second_derivative_of_a_network():
    x, w, v = rng.normal(size=(2, 1, 6)), rng.normal(size=(2, 1, 3)), rng.normal(size=(1, 2, 2))

    def loss(w, v):
        hidden = np.tanh(gg.conv(x, w, padding="same"))
        return np.sum(gg.conv(hidden, v, stride=2) ** 2)

    step = 1e-5
    direction = rng.normal(size=w.shape)
    for argument in (0, 1):
        gradient = gg.grad(loss, argument)
        _, second = gg.jvp(lambda w, g=gradient: g(w, v), (w,), (direction,))
        numeric = (gradient(w + step * direction, v) - gradient(w - step * direction, v)) / (2 * step)
        np.testing.assert_allclose(second, numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("in_axes", [(0, None), (None, 0), (0, 0), (2, 1)])
def test_vmap_is_a_loop(groups, in_axes):
    x, w = rng.normal(size=(3, 2, 4, 5, 4)), rng.normal(size=(3, 6, 4 // groups, 2, 2))
    arguments = [
        np.moveaxis(value, 0, axis) if axis is not None else value[0]
        for value, axis in zip((x, w), in_axes, strict=True)
    ]
    found = gg.vmap(lambda x, w: gg.conv(x, w, padding=1, groups=groups), in_axes)(*arguments)
    chosen = [(x[k if in_axes[0] is not None else 0], w[k if in_axes[1] is not None else 0]) for k in range(3)]
    expected = np.stack([gg.conv(a, b, padding=1, groups=groups) for a, b in chosen])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_gradients_of_single_examples():
    x, w = rng.normal(size=(4, 2, 5)), rng.normal(size=(3, 2, 2))
    single = gg.grad(lambda w, x: np.sum(gg.conv(x, w) ** 2))
    found = gg.vmap(single, (None, 0))(w, x)
    np.testing.assert_allclose(found, np.stack([single(w, one) for one in x]), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda x, w: gg.conv(x, w[:, :1]), ShapeError, "groups=1 cannot join 2 channels"),
        (lambda x, w: gg.conv(x, w, groups=2), ShapeError, "channel in / groups"),
        (lambda x, w: gg.conv(x[0, 0], w), ShapeError, r"takes 3 axes \(batch, channel, \*space\), found \(5,\)"),
        (lambda x, w: gg.conv(x, w, dilation=9), ShapeError, "does not fit into"),
        (lambda x, w: gg.conv(x, w, padding="full"), UsageError, "'same' or 'valid'"),
        (lambda x, w: gg.conv(x, w, stride=0), UsageError, "at least 1"),
        (lambda x, w: gg.conv(x, w, stride=(1, 1)), UsageError, "2 numbers for 1 axes"),
        (lambda x, w: gg.conv(x, w, padding=-1), UsageError, "at least 0"),
        (lambda x, w: gg.conv(x, w[0]), ShapeError, "one to three of space"),
        (lambda x, w: gg.conv_transpose(x, w[:2], output_padding=1), UsageError, "smaller than the stride"),
        (lambda x, w: gg.max_pool(x, 2, padding=2), ShapeError, "without any element"),
        (lambda x, w: gg.max_pool(x, (1, 1, 1, 1)), ShapeError, "one number for each axis"),
        (lambda x, w: gg.max_pool(x + 0j, 2), DtypeError, "no order"),
    ],
)
def test_errors_say_what_and_where(call, error, says):
    with pytest.raises(error, match=says):
        call(np.ones((1, 2, 5)), np.ones((3, 2, 2)))


# ------------------------------------------------------------------ pooling
def test_pooling_by_hand():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(gg.max_pool(x, 2)[0, 0], [[5, 7], [13, 15]])
    np.testing.assert_array_equal(gg.avg_pool(x, 2)[0, 0], [[2.5, 4.5], [10.5, 12.5]])
    np.testing.assert_array_equal(gg.max_pool(x, (1, 3), stride=1)[0, 0], x[0, 0, :, 2:])
    padded = gg.avg_pool(x, 3, stride=3, padding=1)
    np.testing.assert_allclose(padded[0, 0, 0, 0], (0 + 1 + 4 + 5) / 9)
    bare = gg.avg_pool(x, 3, stride=3, padding=1, count_include_pad=False)
    np.testing.assert_allclose(bare[0, 0, 0, 0], (0 + 1 + 4 + 5) / 4)
    np.testing.assert_array_equal(gg.max_pool(-x, 3, stride=3, padding=1)[0, 0], [[0, -2], [-8, -10]])
    assert gg.max_pool(np.arange(6).reshape(1, 1, 6), 2).dtype == np.int64
    assert gg.avg_pool(np.arange(6).reshape(1, 1, 6), 2).dtype == np.float64
    assert gg.max_pool(x, 3, stride=2, padding="same").shape == (1, 1, 2, 2)


def test_of_equal_elements_the_first_receives_the_derivative():
    x = np.array([[[1.0, 1.0, 0.0, 2.0, 2.0, 2.0]]])
    found = gg.grad(lambda x: gg.max_pool(x, 3).sum())(x)
    np.testing.assert_array_equal(found, [[[1, 0, 0, 1, 0, 0]]])


def test_overlapping_windows_add_up():
    x = np.array([[[0.0, 5.0, 1.0, 2.0]]])
    np.testing.assert_array_equal(gg.grad(lambda x: gg.max_pool(x, 2, stride=1).sum())(x), [[[0, 2, 0, 1]]])
    np.testing.assert_array_equal(gg.grad(lambda x: gg.avg_pool(x, 2, stride=1).sum())(x), [[[0.5, 1, 1, 0.5]]])


def test_pooling_under_vmap_and_twice_differentiated():
    x = rng.normal(size=(3, 2, 4, 6))

    def loss(x):
        return np.sum(gg.max_pool(x**2, (2, 3), stride=1) * gg.avg_pool(x, (2, 3), stride=1) ** 2)

    np.testing.assert_allclose(
        gg.vmap(gg.grad(loss))(x), np.stack([gg.grad(loss)(one) for one in x]), rtol=1e-12, atol=1e-14
    )
    direction, step = rng.normal(size=x.shape), 1e-6
    _, second = gg.jvp(gg.grad(loss), (x,), (direction,))
    numeric = (gg.grad(loss)(x + step * direction) - gg.grad(loss)(x - step * direction)) / (2 * step)
    np.testing.assert_allclose(second, numeric, rtol=1e-6, atol=1e-7)


# ------------------------------------------------------------------ np.convolve and scipy.signal
MODES = ["full", "same", "valid"]


@pytest.mark.parametrize(("mode", "n", "m"), [*product(MODES, [1, 2, 3, 5], [1, 2, 3, 4])])
def test_convolve_and_correlate_are_numpys(mode, n, m):
    a, v = rng.normal(size=n), rng.normal(size=m)
    for function in (np.convolve, np.correlate):
        found = traced(lambda a, v, f=function: f(a, v, mode), a, v)
        np.testing.assert_allclose(found, function(a, v, mode), rtol=1e-12, atol=1e-13)
    z = a + 1j * rng.normal(size=n)
    np.testing.assert_allclose(traced(lambda z, v: np.correlate(v, z, mode), z, v), np.correlate(v, z, mode))


@pytest.mark.parametrize("mode", MODES)
def test_gradient_of_convolve(mode):
    a, v = rng.normal(size=5), rng.normal(size=3)
    matrix = np.array([np.convolve(row, v, mode) for row in np.eye(5)]).T
    np.testing.assert_allclose(gg.jacobian(lambda a: np.convolve(a, v, mode))(a), matrix, atol=1e-13)
    same_gradient(
        lambda a, v: np.sum(np.sin(np.convolve(a, v, mode))),
        lambda a, v: np.sum(np.sin(_by_hand(a, v, mode))),
        a,
        v,
    )


def _by_hand(a, v, mode):
    full = [sum(a[i] * v[k - i] for i in range(5) if 0 <= k - i < 3) for k in range(7)]
    return np.stack({"full": full, "same": full[1:6], "valid": full[2:5]}[mode])


def test_convolve_says_what_it_takes():
    with pytest.raises(ShapeError, match="two lines of numbers"):
        traced(lambda a: np.convolve(a, a), np.ones((2, 2)))
    with pytest.raises(UsageError, match="no mode 'circular'"):
        traced(lambda a: np.convolve(a, a, "circular"), np.ones(2))


@pytest.mark.parametrize(
    ("mode", "name"), [*product(MODES, ["convolve", "correlate", "fftconvolve", "convolve2d", "correlate2d"])]
)
def test_scipy_signal(mode, name):
    for shapes in [((4, 5), (2, 3)), ((3, 3), (2, 2)), ((5, 4), (3, 4))]:
        a, b = (rng.normal(size=shape) for shape in shapes)
        plain = getattr(scipy.signal, name)(a, b, mode)
        ours = getattr(signal, name)
        np.testing.assert_array_equal(ours(a, b, mode), plain)
        np.testing.assert_allclose(traced(lambda a, b, f=ours: f(a, b, mode), a, b), plain, rtol=1e-10, atol=1e-12)


def test_convolution_along_chosen_axes():
    a, b = rng.normal(size=(2, 5, 3)), rng.normal(size=(3, 4, 2))
    found = signal.convolve(a, b, axes=([1], [2]), dot_axes=([2], [0]))
    expected = np.zeros((2, 4, 6))
    for i, j, k in product(range(2), range(4), range(3)):
        expected[i, j] += np.convolve(a[i, :, k], b[k, j])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    kept = signal.convolve(a, b, axes=([], []), dot_axes=([2], [0]))
    np.testing.assert_allclose(kept, np.einsum("ijk,klm->ijlm", a, b))
    with pytest.raises(ShapeError, match="cannot contract"):
        signal.convolve(a, b, axes=([1], [2]), dot_axes=([0], [0]))
    with pytest.raises(UsageError, match="at least as large"):
        traced(lambda a: signal.convolve(a, np.ones((1, 9, 1)), mode="valid"), a)
