"""Losses against PyTorch: values and gradients, with weights of classes, smoothing, ignored items and lengths."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.nn import losses

torch = pytest.importorskip("torch")
functional = torch.nn.functional
rng = np.random.default_rng(7)
REDUCTIONS = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def agree(ours, theirs, *predictions, dtype=np.float64):
    """The same value and, for a random cotangent, the same gradients."""
    predictions = [x.astype(dtype) for x in predictions]
    tensors = [torch.tensor(x, requires_grad=True) for x in predictions]
    expected = theirs(*tensors)
    value, pull = gg.vjp(ours, *predictions)
    rtol = 1e-5 if dtype == np.float32 else 1e-10
    assert value.dtype == dtype
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=rtol, atol=rtol)
    ct = rng.normal(size=np.shape(value)).astype(dtype)
    expected.backward(torch.tensor(ct))
    for gradient, tensor in zip(pull(ct), tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=rtol, atol=rtol)


X, Z = 2 * rng.normal(size=(6, 5)), rng.normal(size=(6, 5))
T = torch.tensor


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize("name", ["mse", "mae", "huber"])
def test_regression(name, reduction, dtype):
    theirs = {"mse": functional.mse_loss, "mae": functional.l1_loss, "huber": functional.huber_loss}[name]
    options = {"delta": 0.6} if name == "huber" else {}
    target = Z.astype(dtype)
    agree(
        lambda x: getattr(losses, name)(x, target, reduction=reduction, **options),
        lambda x: theirs(x, T(target), reduction=reduction, **options),
        X,
        dtype=dtype,
    )


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize("log_input", [True, False])
def test_poisson(log_input, reduction, dtype):
    counts = rng.poisson(3, X.shape)
    agree(
        lambda x: losses.poisson(x, counts, log_input=log_input, reduction=reduction),
        lambda x: functional.poisson_nll_loss(x, T(counts), log_input=log_input, reduction=reduction),
        X if log_input else np.exp(X),
        dtype=dtype,
    )


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize("full", [True, False])
def test_gaussian_nll(full, reduction, dtype):
    target = Z.astype(dtype)
    variance = np.exp(rng.normal(size=X.shape))
    variance[0, 0] = 1e-9  # below epsilon
    agree(
        lambda x, v: losses.gaussian_nll(x, target, variance=v, full=full, reduction=reduction),
        lambda x, v: functional.gaussian_nll_loss(x, T(target), v, full=full, reduction=reduction),
        X * (variance > 1e-6) + Z * (variance < 1e-6),
        variance,
        dtype=dtype,
    )
    agree(
        lambda x, v: losses.gaussian_nll((x, v), target, full=full, reduction=reduction),
        lambda x, v: functional.gaussian_nll_loss(x, T(target), torch.exp(v), full=full, reduction=reduction),
        X,
        rng.normal(size=X.shape),
        dtype=dtype,
    )


CLASSES = [
    {},
    {"label_smoothing": 0.15},
    {"class_weights": True},
    {"class_weights": True, "label_smoothing": 0.3, "ignore_index": 2},
    {"ignore_index": -100},
]


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize("options", CLASSES, ids=str)
@pytest.mark.parametrize("shape", [(7, 5), (3, 5, 4), (3, 5, 2, 2)], ids=str)
def test_cross_entropy_of_labels(shape, options, reduction, dtype):
    x = 3 * rng.normal(size=shape)
    y = rng.integers(0, 5, (shape[0], *shape[2:]))
    y.flat[:2] = options.get("ignore_index", 0)
    weight = np.linspace(0.5, 2, 5).astype(dtype) if "class_weights" in options else None
    ours = options | {"class_weights": weight}
    theirs = {key: value for key, value in options.items() if key != "class_weights"}
    theirs["weight"] = None if weight is None else T(weight)
    agree(
        lambda x: losses.cross_entropy(x, y, axis=1, reduction=reduction, **ours),
        lambda x: functional.cross_entropy(x, T(y), reduction=reduction, **theirs),
        x,
        dtype=dtype,
    )
    if "label_smoothing" not in options:
        theirs.setdefault("ignore_index", -100)
        agree(
            lambda x: losses.nll(x, y, axis=1, reduction=reduction, **ours),
            lambda x: functional.nll_loss(x, T(y), reduction=reduction, **theirs),
            x,
            dtype=dtype,
        )


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_of_shares(weighted, smoothing, reduction, dtype):
    shares = np.moveaxis(rng.dirichlet(np.ones(5), (3, 4)), -1, 1).astype(dtype)  # (batch, class, place)
    weight = np.linspace(0.5, 2, 5).astype(dtype) if weighted else None
    agree(
        lambda x: losses.cross_entropy(
            x, shares, axis=1, class_weights=weight, label_smoothing=smoothing, reduction=reduction
        ),
        lambda x: functional.cross_entropy(
            x,
            T(shares),
            weight=None if weight is None else T(weight),
            label_smoothing=smoothing,
            reduction=reduction,
        ),
        rng.normal(size=shares.shape),
        dtype=dtype,
    )


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize("pos_weight", [None, 2.5, np.linspace(0.5, 3, 5)], ids=["none", "one", "each"])
def test_binary_cross_entropy(pos_weight, reduction, dtype):
    for target in (rng.integers(0, 2, X.shape).astype(dtype), rng.uniform(size=X.shape).astype(dtype)):
        agree(
            lambda x, target=target: losses.binary_cross_entropy(x, target, pos_weight=pos_weight, reduction=reduction),
            lambda x, target=target: functional.binary_cross_entropy_with_logits(
                x,
                T(target),
                pos_weight=None if pos_weight is None else T(np.asarray(pos_weight, dtype)),
                reduction=reduction,
            ),
            4 * X,
            dtype=dtype,
        )


@DTYPES
@pytest.mark.parametrize("gamma", [0.0, 1.5, 2.0])
def test_focal(gamma, dtype):
    target = rng.integers(0, 2, X.shape).astype(dtype)

    def theirs(x):
        p = torch.sigmoid(x)
        truth = torch.where(T(target) == 1, p, 1 - p)
        alpha = torch.where(T(target) == 1, 0.25, 0.75)
        return torch.mean(-alpha * (1 - truth) ** gamma * torch.log(truth))

    agree(lambda x: losses.focal(x, target, gamma=gamma), theirs, X, dtype=dtype)


@DTYPES
@REDUCTIONS
@pytest.mark.parametrize(("power", "w"), [(1, None), (2, None), (1, [1.0, 2.0, 0.5, 0.0, 3.0])])
def test_multi_margin(power, w, reduction, dtype):
    y, w = rng.integers(0, 5, 6), None if w is None else np.array(w, dtype)
    agree(
        lambda x: losses.multi_margin(x, y, power=power, margin=0.8, class_weights=w, reduction=reduction),
        lambda x: functional.multi_margin_loss(x, T(y), power, 0.8, None if w is None else T(w), reduction=reduction),
        X,
        dtype=dtype,
    )


@DTYPES
@REDUCTIONS
def test_hinge(reduction, dtype):
    """Of PyTorch's kin: margin_ranking_loss against 0 with margin 1."""
    y = rng.choice([-1.0, 1.0], X.shape).astype(dtype)
    agree(
        lambda x: losses.hinge(x, y, reduction=reduction),
        lambda x: functional.margin_ranking_loss(x, torch.zeros_like(x), T(y), margin=1.0, reduction=reduction),
        X,
        dtype=dtype,
    )


@DTYPES
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_kl_divergence(reduction, dtype):
    shares = rng.dirichlet(np.ones(5), 6).astype(dtype)
    shares[0] = [1, 0, 0, 0, 0]
    agree(
        lambda x: losses.kl_divergence(x, shares, reduction=reduction),
        lambda x: functional.kl_div(
            functional.log_softmax(x, -1), T(shares), reduction="batchmean" if reduction == "mean" else "sum"
        ),
        X,
        dtype=dtype,
    )


@DTYPES
@REDUCTIONS
def test_vectors(reduction, dtype):
    y = rng.choice([-1, 1], 6)
    agree(
        lambda a, b: losses.cosine_embedding((a, b), y, margin=0.1, reduction=reduction),
        lambda a, b: functional.cosine_embedding_loss(a, b, T(y), margin=0.1, reduction=reduction),
        X,
        Z,
        dtype=dtype,
    )
    agree(
        lambda a, b, c: losses.triplet((a, b, c), margin=0.7, reduction=reduction),
        lambda a, b, c: functional.triplet_margin_loss(a, b, c, margin=0.7, eps=0.0, reduction=reduction),
        X,
        Z,
        X[::-1] + Z,
        dtype=dtype,
    )


@DTYPES
def test_cosine_similarity(dtype):
    agree(losses.cosine_similarity, functional.cosine_similarity, X, Z, dtype=dtype)


# ------------------------------------------------------------------ CTC
@DTYPES
@REDUCTIONS
@pytest.mark.parametrize("blank", [0, 3])
def test_ctc(blank, reduction, dtype):
    batch, steps, classes, labels = 5, 12, 6, 4
    x = 2 * rng.normal(size=(batch, steps, classes))
    others = [c for c in range(classes) if c != blank]
    y = rng.choice(others, (batch, labels))
    y[0] = others[0]  # the same label again and again
    lengths, counts = np.array([12, 11, 9, 12, 7]), np.array([4, 2, 0, 3, 1])

    def theirs(x):
        logarithms = functional.log_softmax(x, -1).transpose(0, 1)
        return functional.ctc_loss(logarithms, T(y), T(lengths), T(counts), blank=blank, reduction=reduction)

    agree(
        lambda x: losses.ctc(x, y, lengths=lengths, target_lengths=counts, blank=blank, reduction=reduction),
        theirs,
        x,
        dtype=dtype,
    )


@pytest.mark.parametrize("zero_infinity", [False, True])
def test_ctc_with_too_few_steps(zero_infinity):
    x, y = rng.normal(size=(2, 3, 4)), np.array([[1, 1, 2], [1, 2, 3]])
    options = {"zero_infinity": zero_infinity, "reduction": "none"}
    logarithms = functional.log_softmax(T(x), -1).transpose(0, 1)
    expected = functional.ctc_loss(logarithms, T(y), T([3, 3]), T([3, 3]), **options)
    np.testing.assert_allclose(losses.ctc(x, y, **options), expected.numpy())
