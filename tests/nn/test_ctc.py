"""CTC against the sum over all ways, written out; lengths, blanks, impossible targets, long sequences."""

from itertools import groupby, product

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DomainError, DtypeError, OutOfRangeError, ShapeError
from glassgrad.nn.losses import ctc

rng = np.random.default_rng(8)
EAGER_AND_JIT = pytest.mark.parametrize("run", [lambda f: f, gg.jit], ids=["eager", "jit"])


def all_ways(x, labels, blank):
    """-ln of the summed probability of all sequences of classes that read as the labels."""
    shares = np.exp(x) / np.sum(np.exp(x), -1, keepdims=True)
    total = 0.0
    for way in product(range(x.shape[1]), repeat=x.shape[0]):
        if [c for c, _ in groupby(way) if c != blank] == list(labels):
            total += np.prod([shares[t, c] for t, c in enumerate(way)])
    return -np.log(total) if total else np.inf


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_sum_over_all_ways(count, blank):
    others = [c for c in range(3) if c != blank]
    for labels in product(others, repeat=count):
        x = rng.normal(size=(5, 3))
        found = ctc(x, np.array(labels, int), blank=blank, reduction="none")
        np.testing.assert_allclose(found, all_ways(x, labels, blank), rtol=1e-12)


@EAGER_AND_JIT
def test_lengths(run):
    x, y = rng.normal(size=(4, 6, 3)), rng.integers(1, 3, (4, 3))
    lengths, counts = np.array([6, 3, 5, 4]), np.array([3, 1, 0, 2])
    y[np.arange(3) >= counts[:, None]] = -7  # behind the end anything may stand
    x[np.arange(6) >= lengths[:, None]] = np.nan
    y[3, :2] = [1, 2]

    def total(x, y, lengths, counts):
        return ctc(x, y, lengths=lengths, target_lengths=counts, reduction="none")

    expected = [all_ways(a[:n], b[:k], 0) for a, b, n, k in zip(x, y, lengths, counts, strict=True)]
    np.testing.assert_allclose(run(total)(x, y, lengths, counts), expected, rtol=1e-12)
    gradient = run(gg.grad(lambda x: np.sum(total(x, y, lengths, counts))))(x)
    for i, (n, k) in enumerate(zip(lengths, counts, strict=True)):
        alone = gg.grad(lambda a, i=i, k=k: ctc(a, y[i, :k], reduction="sum"))(x[i, :n])
        np.testing.assert_allclose(gradient[i, :n], alone, rtol=1e-9, atol=1e-13)
        assert not gradient[i, n:].any()


def test_the_mean_is_over_the_labels():
    x, y, counts = rng.normal(size=(3, 7, 4)), rng.integers(1, 4, (3, 3)), np.array([3, 1, 0])
    each = ctc(x, y, target_lengths=counts, reduction="none")
    np.testing.assert_allclose(ctc(x, y, target_lengths=counts), np.mean(each / [3, 1, 1]))
    weights = np.array([1.0, 2.0, 0.5])
    found = ctc(x, y, target_lengths=counts, weights=weights)
    np.testing.assert_allclose(found, np.sum(weights * each / [3, 1, 1]) / 3.5)


@EAGER_AND_JIT
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_too_few_steps(dtype, run):
    x = rng.normal(size=(2, 3, 3)).astype(dtype)
    y = np.array([[1, 1, 1], [1, 2, 1]])  # a label twice needs a blank between: five steps
    value = run(lambda x: ctc(x, y, reduction="none"))(x)
    assert np.isposinf(value).tolist() == [True, False]
    assert run(lambda x: ctc(x, y, reduction="none", zero_infinity=True))(x)[0] == 0
    gradient = run(gg.grad(lambda x: ctc(x, y, reduction="sum")))(x)
    assert not gradient[0].any()
    assert np.isfinite(gradient).all()
    assert gradient[1].any()


@EAGER_AND_JIT
def test_no_steps_at_all(run):
    x, y = rng.normal(size=(2, 4, 3)), np.array([[1], [1]])
    found = run(lambda x: ctc(x, y, lengths=np.array([0, 0]), target_lengths=np.array([0, 1]), reduction="none"))(x)
    np.testing.assert_array_equal(found, [0, np.inf])


def test_long_sequences_in_single_precision():
    x, y = rng.normal(size=(2, 400, 8)), rng.integers(1, 8, (2, 60))
    value, gradient = gg.jit(gg.value_and_grad(lambda x: ctc(x, y)))(x.astype(np.float32))
    exact, slopes = gg.jit(gg.value_and_grad(lambda x: ctc(x, y)))(x)
    assert value.dtype == gradient.dtype == np.float32
    np.testing.assert_allclose(value, exact, rtol=1e-6)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-3, atol=1e-8)
    np.testing.assert_allclose(np.sum(slopes, -1), 0, atol=1e-12)  # both shares sum to 1


def test_classes_that_cannot_be():
    x = np.array([[0.0, 0.0, -np.inf], [0.0, 1.0, -np.inf]])
    value, gradient = gg.value_and_grad(lambda x: ctc(x, np.array([1]), reduction="sum"))(x)
    np.testing.assert_allclose(value, all_ways(x, [1], 0))
    assert np.isfinite(gradient).all()
    assert ctc(x, np.array([2]), reduction="sum") == np.inf


@EAGER_AND_JIT
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_what_is_no_number_stays_so(run, zero_infinity):
    x, y = np.zeros((3, 3, 3)), np.array([[1], [1], [1]])
    x[1, 1, 0] = x[2, 2, 1] = np.nan
    lengths = np.array([3, 3, 2])  # the last NaN stands behind the end
    found = run(lambda x: ctc(x, y, lengths=lengths, zero_infinity=zero_infinity, reduction="none"))(x)
    assert np.isnan(found).tolist() == [False, True, False]


def test_what_ctc_does_not_take():
    x, y = np.zeros((2, 5, 3)), np.array([[1, 2], [2, 1]])
    with pytest.raises(OutOfRangeError, match=r"found the blank 0 at \(0, 1\)"):
        ctc(x, np.array([[1, 0], [2, 1]]))
    with pytest.raises(OutOfRangeError, match=r"found 3 at \(1, 0\)"):
        ctc(x, np.array([[1, 2], [3, 1]]))
    with pytest.raises(OutOfRangeError, match="a blank from 0 to 2, found 3"):
        ctc(x, y, blank=3)
    with pytest.raises(ShapeError, match=r"np.swapaxes"):
        ctc(np.swapaxes(x, 0, 1), y)
    with pytest.raises(ShapeError, match=r"one step or more, found \(2, 0, 3\)"):
        ctc(x[:, :0], y)
    with pytest.raises(DtypeError, match="labels as whole numbers"):
        ctc(x, y.astype(float))
    with pytest.raises(DomainError, match="lengths from 0 to 5, found 4 to 6"):
        ctc(x, y, lengths=np.array([4, 6]))
    with pytest.raises(DomainError, match="target_lengths from 0 to 2"):
        ctc(x, y, target_lengths=np.array([-1, 2]))
    with pytest.raises(ShapeError, match=r"lengths of shape \(2,\)"):
        ctc(x, y, lengths=np.array([4, 4, 4]))
    with pytest.raises(DtypeError, match="lengths as whole numbers"):
        ctc(x, y, lengths=np.array([4.0, 4.0]))
    compiled = gg.jit(ctc)
    compiled(x, y)
    with pytest.raises(IndexError):
        compiled(x, -y)
