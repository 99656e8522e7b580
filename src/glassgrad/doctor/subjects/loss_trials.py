"""Which loss a function is, found by trying: the same number for the same predictions and targets. Floor 7.

So a loss in a lambda, and one that a person wrote out, are known for what they are, in both frameworks.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import nan
from typing import Any, Literal, TypeAlias

import numpy as np

from glassgrad.nn.activations import ACTIVATIONS
from glassgrad.nn.losses.by_name import LOSSES
from glassgrad.nn.rows import log_softmax, softmax

Evaluate: TypeAlias = Callable[[np.ndarray], float]  # the loss of a prediction, beside a target that stays
Reduction: TypeAlias = Literal["mean", "sum"]
Candidate: TypeAlias = tuple[str, Reduction, Callable[[np.ndarray], float | None]]

# Names of ours in the field's terms: ours takes logits.
_NAMES = {"binary_cross_entropy": "binary_cross_entropy_logits", "kl_divergence": "kl"}
_CLOSE = 1e-3
_TRIES = 3


def by_trial(evaluate: Evaluate, shape: tuple[int, ...], target: np.ndarray) -> tuple[str, Reduction] | None:
    """(name, reduction) of a loss whose value beside this target is the same for drawn predictions of this shape.

    What `evaluate` raises is an answer: such a prediction is not for it. None for a loss that is not known.

    >>> y = np.array([1.0, 2.0, 4.0])
    >>> by_trial(lambda p: float(np.sum((p - y) ** 2)), (3,), y)
    ('mse', 'sum')
    """
    for name, draw in _DRAWN.items():
        predictions = [draw(np.random.default_rng(seed), shape) for seed in range(_TRIES)]
        values = [_called(evaluate, prediction) for prediction in predictions]
        if any(value is None or not np.isfinite(value) for value in values):
            continue
        for known, reduction, of in _candidates(name, target):
            if all(_is_close(value, _quietly(of, p)) for value, p in zip(values, predictions, strict=True)):
                return known, reduction
        for known, reduction, of in _candidates(name, target):
            factors = [_factor(value, _quietly(of, p)) for value, p in zip(values, predictions, strict=True)]
            if reduction == "mean" and np.ptp(factors) <= _CLOSE * abs(factors[0]) and 0.1 <= factors[0] <= 10:
                return known, "mean"  # half of the squared error, say
    return None


def behind_activation(
    evaluate: Evaluate, shape: tuple[int, ...], target: np.ndarray
) -> tuple[str, str, Reduction] | None:
    """(activation, loss, reduction) where a loss that is not known by itself is a known one behind an activation."""
    predictions = [_normal(np.random.default_rng(seed), shape) for seed in range(_TRIES)]
    values = [_called(evaluate, prediction) for prediction in predictions]
    if any(value is None or not np.isfinite(value) for value in values):
        return None
    for bend in ("softmax", "log_softmax", "sigmoid", "tanh", "relu"):
        if not shape and "softmax" in bend:
            continue
        bent = [np.asarray(ACTIVATIONS[bend](prediction)) for prediction in predictions]
        for drawn in _DRAWN:
            for known, reduction, of in _candidates(drawn, target):
                if all(_is_close(value, _quietly(of, p)) for value, p in zip(values, bent, strict=True)):
                    return bend, known, reduction
    return None


def _quietly(of: Callable[[np.ndarray], float | None], prediction: np.ndarray) -> float | None:
    with np.errstate(all="ignore"):
        return of(prediction)


def _factor(found: Any, known: Any) -> float:
    return float(found) / float(known) if known else nan


def _is_close(found: Any, known: Any) -> bool:
    return known is not None and bool(np.isclose(found, known, rtol=_CLOSE, atol=1e-6))


def _called(evaluate: Evaluate, prediction: np.ndarray) -> float | None:
    try:
        with np.errstate(all="ignore"):
            value = evaluate(prediction)
        return float(value)
    except Exception:  # noqa: BLE001 - a loss may refuse predictions that are not its own
        return None


# ------------------------------------------------------------------ what it is compared with
def _normal(drawn: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return drawn.normal(0.1, 1.3, shape).astype(np.float32)


def _shares(drawn: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    if shape and shape[-1] > 1:
        return np.asarray(softmax(_normal(drawn, shape), -1))
    return drawn.uniform(0.05, 0.95, shape).astype(np.float32)


def _logarithms(drawn: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(log_softmax(_normal(drawn, shape), -1)) if shape else _normal(drawn, shape)


_DRAWN: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": _normal,
    "shares": _shares,
    "logarithms": _logarithms,
}


def _candidates(drawn: str, target: np.ndarray) -> Iterator[Candidate]:
    """(name, reduction, the loss beside this target) of what might be meant, for predictions drawn so.

    A loss may bring the target to the prediction's shape, or broadcast the two against each other.
    """
    for shaped in (_as_it_is, _as_prediction):
        yield from _candidates_of(drawn, target, shaped)


def _as_it_is(target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    del prediction
    return target


def _as_prediction(target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    return target.reshape(prediction.shape) if target.size == prediction.size else target


def _candidates_of(
    drawn: str, target: np.ndarray, shaped: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Iterator[Candidate]:
    def beside(of: Callable[[np.ndarray, np.ndarray], float | None]) -> Callable[[np.ndarray], float | None]:
        return lambda prediction: of(shaped(target, prediction), prediction)

    means: tuple[tuple[Reduction, Any], ...] = (("mean", np.mean), ("sum", np.sum))
    for name, losses in _by_element(drawn):
        for reduction, reduce in means:
            yield name, reduction, beside(partial(_reduced, losses, reduce))
        yield name, "sum", beside(partial(_row_means, losses))  # summed over units, averaged over examples
    if drawn == "shares":
        yield "cross_entropy_probabilities", "mean", beside(partial(_of_right_class, lambda x, n: x.mean()))
        yield "cross_entropy_probabilities", "sum", beside(partial(_of_right_class, lambda x, n: x.sum()))
        yield "cross_entropy_probabilities", "mean", beside(partial(_of_right_class, lambda x, n: x.mean() / n))
    for name in _SMOOTH if drawn == "normal" else _SMOOTH_OF_LOGARITHMS if drawn == "logarithms" else ():
        for reduction, _ in means:
            yield _NAMES.get(name, name), reduction, beside(partial(_ours, name, reduction))


_SMOOTH = ("cross_entropy", "binary_cross_entropy", "hinge", "huber", "poisson", "log_cosh", "squared_hinge")
_SMOOTH_OF_LOGARITHMS = ("nll", "kl_divergence")


def _by_element(drawn: str) -> list[tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]]:
    if drawn == "normal":
        return [("mse", lambda p, y: (p - y) ** 2), ("mae", lambda p, y: np.abs(p - y))]
    if drawn == "shares":
        return [("binary_cross_entropy", lambda p, y: -(y * np.log(p) + (1 - y) * np.log1p(-p)))]
    return []


def _of_right_class(reduce: Any, target: np.ndarray, prediction: np.ndarray) -> float | None:
    """−log p of the class that is right, which the target has as a number or as a row of shares."""
    if prediction.ndim < 2 or prediction.shape[-1] < 2:
        return None
    logarithms = np.log(prediction.astype(np.float64))
    if target.shape == prediction.shape:
        return float(reduce(-(target * logarithms).sum(-1), prediction.shape[-1]))
    if target.size != prediction[..., 0].size or not (target == np.round(target)).all():
        return None
    labels = target.reshape(*prediction.shape[:-1], 1).astype(np.int64)
    if labels.min() < 0 or labels.max() >= prediction.shape[-1]:
        return None
    return float(reduce(-np.take_along_axis(logarithms, labels, -1), prediction.shape[-1]))


def _reduced(losses: Any, reduce: Any, target: np.ndarray, prediction: np.ndarray) -> float | None:
    pair = _broadcast(prediction, target)
    return None if pair is None else float(reduce(losses(*pair)))


def _row_means(losses: Any, target: np.ndarray, prediction: np.ndarray) -> float | None:
    pair = _broadcast(prediction, target)
    if pair is None or pair[0].ndim < 2 or pair[0][0].size < 2:
        return None
    return float(losses(*pair).sum() / len(pair[0]))


def _broadcast(prediction: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        return np.broadcast_arrays(prediction.astype(np.float64), target.astype(np.float64))  # type: ignore[return-value]
    except ValueError:
        return None


def _ours(name: str, reduction: str, target: np.ndarray, prediction: np.ndarray) -> float | None:
    try:
        with np.errstate(all="ignore"):
            return float(LOSSES[name](prediction, target, reduction=reduction))
    except Exception:  # noqa: BLE001 - this loss does not take such a target
        return None
