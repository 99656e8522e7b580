"""Cross-entropy and its kin: labels of any kind, classes along any axis, smoothing, class weights, ignored items."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DomainError, DtypeError, OutOfRangeError, ShapeError, UsageError
from glassgrad.nn import losses

rng = np.random.default_rng(3)
X = rng.normal(size=(5, 4))
Y = np.array([0, 3, 1, 1, 2])
EAGER_AND_JIT = pytest.mark.parametrize("run", [lambda f: f, gg.jit], ids=["eager", "jit"])


def log_softmax(x):
    return x - np.log(np.sum(np.exp(x), -1, keepdims=True))


def test_by_hand():
    each = -log_softmax(X)[np.arange(5), Y]
    np.testing.assert_allclose(losses.cross_entropy(X, Y, reduction="none"), each)
    np.testing.assert_allclose(losses.cross_entropy(X, Y), np.mean(each))
    np.testing.assert_allclose(losses.nll(log_softmax(X), Y), np.mean(each))
    np.testing.assert_allclose(losses.cross_entropy(X[0], Y[0]), each[0])
    gradient = np.exp(log_softmax(X))
    gradient[np.arange(5), Y] -= 1
    np.testing.assert_allclose(gg.grad(losses.cross_entropy)(X, Y), gradient / 5, rtol=1e-12)


@EAGER_AND_JIT
@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_labels_of_any_dtype(dtype, run):
    many = rng.normal(size=(5, 300))  # more classes than a byte counts
    value = run(losses.cross_entropy)(many, Y.astype(dtype))
    np.testing.assert_allclose(value, losses.cross_entropy(many, Y))


def test_truth_values_and_lists_are_labels():
    two = X[:, :2]
    np.testing.assert_allclose(losses.cross_entropy(two, Y > 1), losses.cross_entropy(two.tolist(), [0, 1, 0, 0, 1]))


@EAGER_AND_JIT
def test_labels_and_their_shares_agree(run):
    for target in (np.eye(4)[Y], np.eye(4, dtype=int)[Y], np.eye(4, dtype=np.float32)[Y]):
        np.testing.assert_allclose(run(losses.cross_entropy)(X, target), losses.cross_entropy(X, Y))
    for options in ({"label_smoothing": 0.3}, {"class_weights": np.array([1.0, 2, 0.5, 3])}):
        one, other = (losses.cross_entropy(X, y, reduction="sum", **options) for y in (Y, np.eye(4)[Y]))
        np.testing.assert_allclose(one, other)


@EAGER_AND_JIT
@pytest.mark.parametrize("axis", [0, 1, 2, -2])
def test_classes_along_any_axis(axis, run):
    x, y = rng.normal(size=(5, 2, 4)), rng.integers(0, 4, (5, 2))
    moved = np.moveaxis(x, -1, axis)
    for options in ({}, {"label_smoothing": 0.1, "class_weights": np.array([1.0, 2, 3, 4])}, {"ignore_index": 2}):
        expected = losses.cross_entropy(x, y, **options)
        found = run(lambda x, y, o=options: losses.cross_entropy(x, y, axis=axis, **o))(moved, y)
        np.testing.assert_allclose(found, expected)
    shares = rng.dirichlet(np.ones(4), (5, 2))
    found = losses.cross_entropy(moved, np.moveaxis(shares, -1, axis), axis=axis)
    np.testing.assert_allclose(found, losses.cross_entropy(x, shares))
    np.testing.assert_allclose(losses.multi_margin(moved, y, axis=axis), losses.multi_margin(x, y))
    found = losses.kl_divergence(moved, np.moveaxis(shares, -1, axis), axis=axis)
    np.testing.assert_allclose(found, losses.kl_divergence(x, shares))


def test_smoothing_gives_a_share_to_all():
    shares = 0.9 * np.eye(4)[Y] + 0.1 / 4
    smooth = losses.cross_entropy(X, Y, label_smoothing=0.1)
    np.testing.assert_allclose(smooth, losses.cross_entropy(X, shares))
    assert losses.cross_entropy(np.zeros((1, 4)), [2], label_smoothing=1.0) == pytest.approx(np.log(4))


def test_class_weights_count_in_the_mean():
    by_class = np.array([1.0, 2, 0, 4])
    each = losses.cross_entropy(X, Y, reduction="none")
    mean = losses.cross_entropy(X, Y, class_weights=by_class)
    np.testing.assert_allclose(mean, np.sum(each * by_class[Y]) / np.sum(by_class[Y]))
    items = np.array([1.0, 0, 2, 3, 1])
    both = losses.cross_entropy(X, Y, class_weights=by_class, weights=items)
    np.testing.assert_allclose(both, np.sum(each * by_class[Y] * items) / np.sum(by_class[Y] * items))
    margin = losses.multi_margin(X, Y, class_weights=by_class)
    each = losses.multi_margin(X, Y, reduction="none")
    np.testing.assert_allclose(margin, np.mean(each * by_class[Y]))


@EAGER_AND_JIT
@pytest.mark.parametrize("ignored", [-100, -1, 0, 255])
@pytest.mark.parametrize("loss", [losses.cross_entropy, losses.multi_margin])
def test_ignored_items_do_not_count(loss, ignored, run):
    labels = np.where(Y == 1, ignored, np.where(Y == 0, 2, Y))
    poisoned = np.where((labels == ignored)[:, None], np.nan, X)
    keep = labels != ignored
    both = run(gg.value_and_grad(lambda x, y: loss(x, y, ignore_index=ignored)))
    value, gradient = both(poisoned, labels)
    expected, part = gg.value_and_grad(loss)(X[keep], labels[keep])
    np.testing.assert_allclose(value, expected)
    np.testing.assert_allclose(gradient[keep], part)
    assert not gradient[~keep].any()
    value, gradient = both(poisoned, np.full(5, ignored))
    assert value == 0
    assert not gradient.any()


def test_logits_of_minus_infinity_take_classes_out():
    x = np.array([[0.0, -np.inf, 1.0]])
    expected = np.log(1 + np.e) - 1
    for target in ([2], [[0.0, 0.0, 1.0]]):
        value, gradient = gg.value_and_grad(lambda x, y=target: losses.cross_entropy(x, np.array(y)))(x)
        assert value == pytest.approx(expected)
        np.testing.assert_allclose(gradient, [[1 / (1 + np.e), 0, -1 / (1 + np.e)]])


# ------------------------------------------------------------------ labels that do not exist
@pytest.mark.parametrize("run", [lambda f: f, gg.grad], ids=["eager", "grad"])
@pytest.mark.parametrize(
    ("labels", "hint"),
    [
        ([0, -1], "ignore_index=-1"),
        ([1, 4], "target - 1"),
        ([0, 7], "is their axis the right one"),
        ([2, -100], "-100"),
    ],
)
def test_labels_out_of_range(labels, hint, run):
    with pytest.raises(OutOfRangeError, match=r"labels from 0 to 3, found -?\d+ at \(1,\)") as caught:
        run(losses.cross_entropy)(X[:2], np.array(labels))
    assert hint in str(caught.value)
    assert losses.cross_entropy(X[:2], np.array(labels), mask=np.array([True, False])) > 0


@pytest.mark.parametrize("label", [-1, -4, 4])
def test_a_compiled_function_finds_them_when_it_runs(label):
    compiled = gg.jit(gg.grad(losses.cross_entropy))
    compiled(X, Y)
    with pytest.raises(IndexError):
        compiled(X, np.where(Y == 3, label, Y))


# ------------------------------------------------------------------ shapes and kinds
def test_shapes_that_do_not_agree():
    with pytest.raises(
        ShapeError, match=r"needs labels of shape \(5,\) or shares of \(5, 4\), found \(5, 1\)"
    ) as caught:
        losses.cross_entropy(X, Y[:, None])
    assert "target[..., 0]" in str(caught.value)
    with pytest.raises(ShapeError, match=r"axis=1 takes axis 1 \(of size 4\)"):
        losses.cross_entropy(rng.normal(size=(2, 4, 5)), np.zeros((2, 5), int))
    with pytest.raises(ShapeError, match="needs two classes or more, found 1"):
        losses.cross_entropy(X[:, :1], Y)
    with pytest.raises(ShapeError, match="needs an axis of classes"):
        losses.cross_entropy(1.0, 0)
    with pytest.raises(ShapeError, match=r"class weights, found \(5,\)"):
        losses.cross_entropy(X, Y, class_weights=np.ones(5))
    with pytest.raises(OutOfRangeError, match="along axis 2"):
        losses.cross_entropy(X, Y, axis=2)
    with pytest.raises(ShapeError, match=r"needs labels of shape \(5,\), found \(5, 4\)"):
        losses.multi_margin(X, np.eye(4)[Y])


def test_kinds_and_options_that_do_not_fit():
    with pytest.raises(DtypeError, match="labels as whole numbers, found float64"):
        losses.cross_entropy(X, Y.astype(float))
    with pytest.raises(UsageError, match="no labels to ignore"):
        losses.cross_entropy(X, np.eye(4)[Y], ignore_index=-1)
    with pytest.raises(DomainError, match="label_smoothing from 0 to 1"):
        losses.cross_entropy(X, Y, label_smoothing=1.5)
    with pytest.raises(DomainError, match="the power 1 or 2"):
        losses.multi_margin(X, Y, power=3)


@pytest.mark.parametrize("loss", [losses.cross_entropy, losses.nll, losses.multi_margin])
def test_weights_of_classes_given_as_those_of_items(loss):
    with pytest.raises(ShapeError, match=r"weights of its items, \(5,\), found \(4,\)") as caught:
        loss(X, Y, weights=np.ones(4))
    assert "class_weights" in str(caught.value)
