"""Laws of all losses: dtypes, gradients, reductions, weights, masks, far-out values, wrong shapes; eager = compiled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DomainError, DtypeError, ShapeError, UsageError
from glassgrad.base.trees import map_leaves
from glassgrad.nn import losses
from glassgrad.nn.losses.by_name import LOSSES, loss_of

rng = np.random.default_rng(11)


def near(*shape):
    return rng.normal(size=shape)


def signs(*shape):
    return rng.choice([-1, 1], size=shape)


@dataclass(frozen=True)
class Case:
    """A loss with arguments; the first axis is that of the items."""

    name: str
    prediction: Any  # an array or a tuple of arrays
    target: tuple = ()
    options: tuple = ()

    def __str__(self):
        return "-".join([self.name, *[f"{key}={value}" for key, value in self.options]]).replace(" ", "")

    def __call__(self, prediction, *target, **how):
        return LOSSES[self.name](prediction, *target, **dict(self.options), **how)

    def at(self, dtype):
        return map_leaves(lambda x: x.astype(dtype), self.prediction)


N = 6
LABELS = rng.integers(0, 4, N)
SHARES = rng.dirichlet(np.ones(4), N)
CASES = [
    Case("mse", near(N, 3), (near(N, 3),)),
    Case("mae", near(N, 3), (near(N, 3),)),
    Case("huber", 3 * near(N, 3), (near(N, 3),), (("delta", 0.7),)),
    Case("log_cosh", 2 * near(N, 3), (near(N, 3),)),
    Case("quantile", near(N, 3), (near(N, 3),), (("q", 0.8),)),
    Case("quantile", near(N, 3), (near(N),), (("q", (0.1, 0.5, 0.9)),)),
    Case("poisson", near(N), (rng.poisson(2, N),)),
    Case("poisson", np.exp(near(N)), (rng.poisson(2, N),), (("log_input", False), ("full", True))),
    Case("gaussian_nll", (near(N, 2), near(N, 2)), (near(N, 2),)),
    Case("gaussian_nll", near(N), (near(N),), (("variance", 0.3), ("full", True))),
    Case("cross_entropy", near(N, 4), (LABELS,)),
    Case("cross_entropy", near(N, 4), (SHARES,), (("label_smoothing", 0.1),)),
    Case("cross_entropy", near(N, 4, 5), (rng.integers(0, 4, (N, 5)),), (("axis", 1), ("label_smoothing", 0.2))),
    Case("nll", np.log(SHARES), (LABELS,)),
    Case("nll", np.log(SHARES), (SHARES[::-1],)),
    Case("binary_cross_entropy", near(N, 3), (rng.uniform(size=(N, 3)),)),
    Case("binary_cross_entropy", near(N, 3), (rng.integers(0, 2, (N, 3)),), (("pos_weight", 3.0),)),
    Case("focal", near(N, 3), (rng.integers(0, 2, (N, 3)),)),
    Case("focal", near(N), (rng.uniform(size=N),), (("gamma", 0.5), ("alpha", None))),
    Case("hinge", near(N), (signs(N),)),
    Case("squared_hinge", near(N), (signs(N),)),
    Case("multi_margin", near(N, 4), (LABELS,), (("power", 2),)),
    Case("multi_margin", near(N, 4), (LABELS,)),
    Case("kl_divergence", near(N, 4), (SHARES,)),
    Case("cosine_distance", near(N, 4), (near(N, 4),)),
    Case("cosine_embedding", (near(N, 4), near(N, 4)), (signs(N),), (("margin", 0.1),)),
    Case("contrastive", (near(N, 3), near(N, 3)), (rng.integers(0, 2, N),), (("margin", 3.0),)),
    Case("triplet", (near(N, 3), near(N, 3), near(N, 3))),
    Case("ctc", near(N, 5, 4), (rng.integers(1, 4, (N, 2)),)),
]
DICE = Case("dice", near(N, 3, 2), (rng.integers(0, 2, (N, 3, 2)),))
EVERY = [*CASES, DICE]


def ids(case):
    return str(case)


def weights_like(value, dtype):
    return np.linspace(0.5, 2, len(value), dtype=dtype)


def test_every_loss_has_a_case():
    assert {case.name for case in EVERY} == set(LOSSES)


# ------------------------------------------------------------------ gradients and engines
@pytest.mark.parametrize("case", EVERY, ids=ids)
def test_gradients(case):
    gg.check_gradients(lambda prediction: case(prediction, *case.target, reduction="sum"), case.prediction)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", EVERY, ids=ids)
def test_compiled_is_eager(case, dtype):
    prediction, tolerance = case.at(dtype), 2e-5 if dtype == np.float32 else 1e-12
    weights = np.linspace(0.5, 2, N, dtype=dtype)
    mask = np.arange(N) != 2
    how = {"weights": weights} if case is DICE else {"weights": weights, "mask": mask}
    run = gg.value_and_grad(lambda prediction, *target: case(prediction, *target, **how))
    value, gradient = run(prediction, *case.target)
    found, found_gradient = gg.jit(run)(prediction, *case.target)
    assert value.dtype == found.dtype == dtype
    np.testing.assert_allclose(found, value, rtol=tolerance)
    np.testing.assert_allclose(value, case(prediction, *case.target, **how), rtol=tolerance)

    def compare(one, other):
        assert one.dtype == other.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)

    map_leaves(compare, found_gradient, gradient)


@pytest.mark.parametrize("case", EVERY, ids=ids)
def test_half_precision_is_computed_in_single(case):
    assert case(case.at(np.float16), *case.target).dtype == np.float32


@pytest.mark.parametrize("case", EVERY, ids=ids)
def test_vmap_gives_the_losses_one_by_one(case):
    if ("axis", 1) in case.options:
        pytest.skip("the axis of classes is another one without the batch")
    expected = case(case.prediction, *case.target, reduction="none")
    if case is DICE:
        expected = np.array([case(x, *t, axis=(0, 1)) for x, *t in zip(case.prediction, *case.target, strict=True)])
    options = {"axis": (0, 1)} if case is DICE else {}
    found = gg.vmap(lambda prediction, *target: case(prediction, *target, reduction="none", **options))(
        case.prediction, *case.target
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# ------------------------------------------------------------------ reductions, weights, masks
@pytest.mark.parametrize("case", [case for case in EVERY if case.name != "ctc"], ids=ids)
def test_reductions_and_weights(case):
    each = case(case.prediction, *case.target, reduction="none")
    assert each.shape[0] == N
    weights = weights_like(each, np.float64)
    full = np.broadcast_to(weights.reshape(-1, *[1] * (each.ndim - 1)), each.shape)
    for how, factors in (({}, np.ones_like(each)), ({"weights": weights}, full), ({"weights": full}, full)):
        mean, total, none = (
            case(case.prediction, *case.target, reduction=reduction, **how) for reduction in ("mean", "sum", "none")
        )
        np.testing.assert_allclose(none, each * factors)
        np.testing.assert_allclose(total, np.sum(each * factors))
        np.testing.assert_allclose(mean, np.sum(each * factors) / np.sum(factors))


@pytest.mark.parametrize("run", [lambda f: f, gg.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_mask_leaves_items_out_whatever_they_hold(case, run):
    mask = np.arange(N) % 3 != 1
    poisoned = map_leaves(lambda x: np.where(mask.reshape(-1, *[1] * (x.ndim - 1)), x, np.nan), case.prediction)
    weights = np.linspace(0.5, 2, N)
    value, gradient = run(gg.value_and_grad(lambda p: case(p, *case.target, mask=mask, weights=weights)))(poisoned)
    few = map_leaves(lambda x: x[mask], case.prediction), *[y[mask] for y in case.target]
    expected, inside = gg.value_and_grad(lambda p: case(p, *few[1:], weights=weights[mask]))(few[0])
    np.testing.assert_allclose(value, expected, rtol=1e-12)

    def compare(whole, part):
        np.testing.assert_allclose(whole[mask], part, rtol=1e-10, atol=1e-14)
        assert not whole[~mask].any()

    map_leaves(compare, gradient, inside)


@pytest.mark.parametrize("run", [lambda f: f, gg.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_where_nothing_counts_the_loss_is_zero(case, run):
    nan = map_leaves(lambda x: np.full_like(x, np.nan), case.prediction)
    nothing = np.zeros(N, bool)
    value, gradient = run(gg.value_and_grad(lambda p: case(p, *case.target, mask=nothing)))(nan)
    assert value == 0
    map_leaves(lambda part: np.testing.assert_array_equal(part, 0), gradient)
    assert case(nan, *case.target, mask=nothing, weights=np.ones(N)) == 0
    value, gradient = gg.value_and_grad(lambda p: case(p, *case.target, weights=np.zeros(N)))(case.prediction)
    assert value == 0
    map_leaves(lambda part: np.testing.assert_array_equal(part, 0), gradient)


def test_an_empty_batch_gives_zero():
    assert losses.mse(np.zeros((0, 3)), np.zeros((0, 3))) == 0
    assert losses.cross_entropy(np.zeros((0, 3), np.float32), np.zeros(0, int)) == 0


def test_weights_have_derivatives_where_they_are_zero():
    x, y = np.array([1.0, 2.0]), np.zeros(2)
    gradient = gg.grad(lambda w: losses.mse(x, y, weights=w, reduction="sum"))(np.zeros(2))
    np.testing.assert_allclose(gradient, [1, 4])


# ------------------------------------------------------------------ far out


@pytest.mark.parametrize(
    ("dtype", "run"),
    [(np.float32, lambda f: f), (np.float32, gg.jit), (np.float64, lambda f: f)],
    ids=["single", "jit", "double"],
)
@pytest.mark.parametrize("case", EVERY, ids=ids)
def test_far_out_values_and_gradients_are_finite_and_right(case, dtype, run):
    if case.name == "poisson" and ("log_input", False) not in case.options:
        pytest.skip("the rate e¹⁰⁰⁰⁰ is no number")
    signs_of = np.sign if case.name != "poisson" else np.ones_like
    far = map_leaves(lambda x: (1e4 * signs_of(x)).astype(dtype), case.prediction)
    if case.name == "gaussian_nll" and isinstance(far, tuple):
        far = far[0], np.abs(far[1])  # variances e¹⁰⁰⁰⁰: they are not computed
    value, gradient = run(gg.value_and_grad(lambda p: case(p, *case.target)))(far)
    exact, slopes = gg.value_and_grad(lambda p: case(p, *case.target))(map_leaves(lambda x: x.astype(np.float64), far))
    assert np.isfinite(value)
    np.testing.assert_allclose(value, exact, rtol=1e-5, atol=1e-5)
    map_leaves(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5), gradient, slopes)


def test_logits_far_out_by_hand():
    far = np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32)
    value, gradient = gg.value_and_grad(lambda x: losses.cross_entropy(x, np.array([0, 0]), reduction="sum"))(far)
    assert value == 20_000
    np.testing.assert_array_equal(gradient, [[0, 0], [-1, 1]])
    value, gradient = gg.value_and_grad(lambda x: losses.binary_cross_entropy(x, np.array([1, 1]), reduction="sum"))(
        far[0]
    )
    assert value == 10_000
    np.testing.assert_array_equal(gradient, [0, -1])


def test_binary_cross_entropy_keeps_its_digits_where_it_is_small():
    x, y = np.array([30.0, -30.0], np.float32), np.array([1, 0])
    each = losses.binary_cross_entropy(x, y, reduction="none")
    np.testing.assert_allclose(each, np.exp(-30.0), rtol=1e-5)
    gradient = gg.grad(lambda x: losses.binary_cross_entropy(x, y, reduction="sum"))(x)
    np.testing.assert_allclose(gradient, [-np.exp(-30.0), np.exp(-30.0)], rtol=1e-5)


def test_binary_cross_entropy_at_zero():
    assert gg.grad(lambda x: losses.binary_cross_entropy(x, 1.0))(0.0) == -0.5
    assert gg.grad(lambda x: losses.binary_cross_entropy(x, 0.0))(0.0) == 0.5
    curvature = gg.hessian(lambda x: losses.binary_cross_entropy(x, np.array([1.0, 0.0]), reduction="sum"))
    np.testing.assert_allclose(curvature(np.zeros(2)), np.eye(2) / 4)


@pytest.mark.parametrize("name", ["log_cosh", "poisson", "cross_entropy", "binary_cross_entropy", "focal", "ctc"])
def test_second_derivatives(name):
    case = next(case for case in EVERY if case.name == name)
    small = map_leaves(lambda x: x[:2], case.prediction), *[y[:2] for y in case.target]
    gg.check_gradients(lambda p: case(p, *small[1:]), small[0], order=2)


def test_log_cosh_keeps_its_digits_where_it_is_small():
    x = np.array([1e-4, -1e-3], np.float32)
    np.testing.assert_allclose(losses.log_cosh(x, 0.0, reduction="none"), x.astype(float) ** 2 / 2, rtol=1e-5)
    gradient = gg.grad(lambda x: losses.log_cosh(x, 0.0, reduction="sum"))
    wide = np.array([-50.0, -1.0, -0.5, 0.0, 0.3, 1.0, 2.0])
    np.testing.assert_allclose(gradient(wide), np.tanh(wide), rtol=1e-12)


# ------------------------------------------------------------------ shapes and dtypes
REGRESSIONS = ["mse", "mae", "huber", "log_cosh", "quantile", "poisson", "gaussian_nll"]
ALIKE = [*REGRESSIONS, "binary_cross_entropy", "focal", "hinge", "squared_hinge"]


@pytest.mark.parametrize("name", ALIKE)
def test_a_column_against_a_row_is_an_error_with_the_way_out(name):
    prediction = np.ones((4, 1))
    options = {"variance": 1.0} if name == "gaussian_nll" else {}
    with pytest.raises(ShapeError, match=r"found \(4, 1\) and \(4,\)") as caught:
        LOSSES[name](prediction, np.ones(4), **options)
    assert "prediction[:, 0]" in str(caught.value)
    assert "target.reshape(4, 1)" in str(caught.value)
    with pytest.raises(ShapeError, match=r"target\[:, 0\]"):
        LOSSES[name](np.ones(4), np.ones((4, 1)), **options)


def test_other_shapes_that_do_not_agree():
    with pytest.raises(ShapeError, match=r"target.T has the shape \(2, 3\)"):
        losses.mse(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ShapeError, match=r"reshape the target to \(2, 3\)"):
        losses.mse(np.ones((2, 3)), np.ones(3))
    with pytest.raises(ShapeError, match=r"needs arrays of one shape, found \(2, 3\) and \(3,\)"):
        losses.cosine_similarity(np.ones((2, 3)), np.ones(3))
    assert losses.mse(np.ones((2, 3)), 0.0) == 1


def test_the_error_comes_under_transformations_too():
    for run in (gg.grad, gg.jit, gg.vmap):
        with pytest.raises(ShapeError, match="prediction and a target of one shape"):
            run(lambda x: losses.mse(x, np.ones((5, 7))))(np.ones((3, 5)))


def test_masks_and_weights_that_do_not_fit():
    x = np.ones((4, 2))
    with pytest.raises(ShapeError, match=r"weights of shape \(2,\) for losses of shape \(4, 2\)") as caught:
        losses.mse(x, x, weights=np.ones(2))
    assert "(4,) or (4, 2)" in str(caught.value)
    with pytest.raises(ShapeError, match=r"mask of shape \(4, 2, 1\)"):
        losses.mse(x, x, mask=np.ones((4, 2, 1), bool))
    with pytest.raises(DtypeError, match="a mask is of truth values"):
        losses.mse(x, x, mask=np.ones(4))
    with pytest.raises(UsageError, match="no reduction 'average'"):
        losses.mse(x, x, reduction="average")


def test_kinds_of_numbers():
    with pytest.raises(DtypeError, match="real predictions, found complex128"):
        losses.mse(np.ones(3) * 1j, np.ones(3))
    with pytest.raises(DtypeError, match="real targets, found <U1"):
        losses.mse(np.ones(3), np.array(list("abc")))
    assert losses.mse([1, 2], [1, 4]) == 2
    # Targets of 64 bits, as data often are, do not widen a loss of 32.
    assert losses.mse(np.ones(3, np.float32), np.zeros(3)).dtype == np.float32


# ------------------------------------------------------------------ values that a loss does not take
WRONG = [
    ("binary_cross_entropy", [-1, 1], r"targets from 0 to 1, found -1.0 at \(0,\)"),
    ("focal", [0, 2], r"found 2.0 at \(1,\)"),
    ("dice", [0, 2], "targets from 0 to 1"),
    ("hinge", [0, 1], r"targets of -1 and 1, found 0.0 at \(0,\)"),
    ("squared_hinge", [0, 1], "2 \\* target - 1"),
    ("poisson", [3, -1], "targets of 0 or more, found -1.0"),
    ("kl_divergence", [1.5, -0.5], "probabilities as targets, found -0.5"),
]


@pytest.mark.parametrize("run", [lambda f: f, gg.grad], ids=["eager", "grad"])
@pytest.mark.parametrize(("name", "target", "message"), WRONG)
def test_targets_out_of_range(name, target, message, run):
    with pytest.raises(DomainError, match=message):
        run(lambda x, y: LOSSES[name](x, y))(np.ones(2), np.array(target))
    if name != "kl_divergence":  # what the mask leaves out may hold anything
        wrong = int(np.flatnonzero([not 0 <= y <= 1 if "hinge" not in name else y == 0 for y in target])[0])
        if name != "poisson":
            LOSSES[name](np.ones(2), np.array(target), mask=np.arange(2) != wrong)


def test_options_out_of_range():
    x = np.ones(3)
    with pytest.raises(DomainError, match="delta above 0"):
        losses.huber(x, x, delta=0)
    with pytest.raises(DomainError, match="levels between 0 and 1"):
        losses.quantile(x, x, q=1.0)
    with pytest.raises(ShapeError, match="with 2 levels takes as many predictions"):
        losses.quantile(x, x, q=(0.1, 0.9))
    with pytest.raises(DomainError, match="gamma of 0 or more"):
        losses.focal(x, x, gamma=-1)
    with pytest.raises(DomainError, match="variances of 0 or more"):
        losses.gaussian_nll(x, x, variance=-1.0)
    with pytest.raises(UsageError, match="a pair"):
        losses.gaussian_nll(x, x)
    with pytest.raises(UsageError, match=r"triplet\(\(anchor, positive, negative\)"):
        losses.triplet((x, x))
    with pytest.raises(ShapeError, match="one for each pair"):
        losses.contrastive((np.ones((3, 2)), np.ones((3, 2))), np.ones((3, 2)))
    with pytest.raises(ShapeError, match="pos_weight of shape"):
        losses.binary_cross_entropy(np.ones((4, 3)), np.ones((4, 3)), pos_weight=np.ones(4))


# ------------------------------------------------------------------ one by one
def test_quantile_finds_the_quantile():
    y = np.random.default_rng(0).normal(size=4001)
    for q in (0.1, 0.5, 0.9):
        at = np.quantile(y, q)
        slope = gg.grad(lambda x, q=q: losses.quantile(np.broadcast_to(x, y.shape), y, q=q))
        assert slope(at - 1e-3) <= 0 <= slope(at + 1e-3)


def test_a_variance_that_is_too_small_can_grow():
    pair = np.array([1.0]), np.array([-100.0])
    _, slope = gg.grad(lambda pair: losses.gaussian_nll(pair, np.array([1.1])))(pair)
    np.testing.assert_allclose(slope, 0.5 * (1 - 0.01 / 1e-6))
    given = gg.grad(lambda v: losses.gaussian_nll(np.array([1.0]), np.array([1.1]), variance=v))(np.array([0.0]))
    np.testing.assert_allclose(given, 0.5 * (1e6 - 0.01 * 1e12))


def test_vectors_of_length_zero_have_finite_derivatives():
    zero, one = np.zeros((1, 2)), np.array([[1.0, 0.0]])
    assert losses.cosine_similarity(zero, one).tolist() == [0]
    for loss in (
        lambda x: losses.cosine_distance(x, one),
        lambda x: losses.contrastive((x, zero), np.array([0])),
        lambda x: losses.contrastive((x, zero), np.array([1])),
        lambda x: losses.triplet((x, zero, one)),
    ):
        assert np.isfinite(gg.grad(loss)(zero)).all()


def test_gaussian_nll_without_a_floor_of_the_variance():
    mean, logarithm, target = np.zeros(3), np.array([-200.0, 0.0, 3.0]), np.array([0.0, 1.0, 2.0])
    expected = (logarithm + target**2 * np.exp(-logarithm)) / 2
    np.testing.assert_allclose(
        losses.gaussian_nll((mean, logarithm), target, epsilon=0, reduction="none"), expected, rtol=1e-12
    )
    np.testing.assert_allclose(
        losses.gaussian_nll(mean, target, variance=np.exp(logarithm), epsilon=0, reduction="none"), expected, rtol=1e-12
    )
    slopes = gg.jit(gg.grad(lambda v: losses.gaussian_nll((mean, v), target, epsilon=0)))(logarithm)
    np.testing.assert_allclose(slopes, (1 - target**2 * np.exp(-logarithm)) / 6, rtol=1e-12)
    with pytest.raises(DomainError, match="epsilon of 0 or more, found -1"):
        losses.gaussian_nll((mean, logarithm), target, epsilon=-1)


def test_dice_by_hand():
    x, t = np.array([[1e4, 1e4, -1e4, -1e4]]), np.array([[1, 0, 1, 0]])
    assert losses.dice(x, t, smooth=0.0) == pytest.approx(0.5)
    mask = np.array([[True, False, True, True]])
    assert losses.dice(x, t, smooth=0.0, mask=mask) == pytest.approx(1 / 3)
    assert losses.dice(-x * t, 0 * t, smooth=0.0, axis=1, mask=np.zeros((1, 4), bool)) == 0
    several = losses.dice(np.stack([x, x]), np.stack([t, t]), axis=2, reduction="none")
    assert several.shape == (2, 1)


def test_kl_divergence_of_shares_that_are_zero():
    q, p = np.array([0.0, -np.inf]), np.array([1.0, 0.0])
    assert losses.kl_divergence(q, p) == 0
    assert np.isfinite(gg.grad(lambda q: losses.kl_divergence(q, p))(q)).all()
    assert np.isfinite(gg.grad(lambda p: losses.kl_divergence(np.zeros(2), p))(p)).all()
    assert losses.kl_divergence(np.log(p + 1e-300) * 0, np.array([0.5, 0.5])) == pytest.approx(0)


def test_names():
    assert loss_of("Cross-Entropy") is losses.cross_entropy
    assert loss_of(np.subtract) is np.subtract
    with pytest.raises(UsageError, match="did you mean 'cross_entropy'"):
        loss_of("crossentropy")
    with pytest.raises(UsageError, match=r"found float 0\.5"):
        loss_of(0.5)
