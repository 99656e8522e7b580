"""Which loss a function is, found by trying: the same number for the same predictions and targets. Floor 7.

So a loss of ours in a lambda, and one that a person wrote out, are known for what they are.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from glassgrad.base.naming import described
from glassgrad.doctor.measured.setup import LossFacts
from glassgrad.nn.activations import ACTIVATIONS
from glassgrad.nn.losses.by_name import LOSSES
from glassgrad.nn.rows import log_softmax, softmax

Loss = Callable[[np.ndarray], float]

# Names of ours in the field's terms: ours takes logits.
_NAMES = {"binary_cross_entropy": "binary_cross_entropy_logits", "kl_divergence": "kl"}
_CLOSE = 1e-3
_TRIES = 3


def loss_facts(function: Any, evaluate: Loss, shape: tuple[int, ...], target: Any) -> LossFacts:
    """The facts of a loss. `evaluate(prediction)` is its value beside this target, for a prediction of this shape."""
    title, place = title_of(function), place_of(function)
    target = np.asarray(target)
    for name, draw in _DRAWN.items():
        predictions = [draw(np.random.default_rng(seed), shape) for seed in range(_TRIES)]
        values = [_called(evaluate, prediction) for prediction in predictions]
        if any(value is None or not np.isfinite(value) for value in values):
            continue
        for known, reduction, of in _candidates(name, target):
            if all(_is_close(value, of(p)) for value, p in zip(values, predictions, strict=True)):
                return LossFacts(known, title, reduction, place)  # type: ignore[arg-type]  # one of its words
        for known, reduction, of in _candidates(name, target):
            factors = [_factor(value, _quietly(of, p)) for value, p in zip(values, predictions, strict=True)]
            if reduction == "mean" and np.ptp(factors) <= _CLOSE * abs(factors[0]) and 0.1 <= factors[0] <= 10:
                return LossFacts(known, title, "mean", place)  # half of the squared error, say
    return LossFacts("custom", title, "unknown", place)


def bend_in_loss(evaluate: Loss, shape: tuple[int, ...], target: Any) -> tuple[str, str, str] | None:
    """(activation, loss, reduction) where a loss that is not known by itself is a known one behind an activation."""
    target = np.asarray(target)
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


def _called(evaluate: Loss, prediction: np.ndarray) -> float | None:
    try:
        with np.errstate(all="ignore"):
            value = evaluate(prediction)
        return float(value)
    except Exception:  # noqa: BLE001 - a loss may refuse predictions that are not its own
        return None


def title_of(function: Any) -> str:
    """The loss as the person wrote it: `nn.mse`, or the name of their own function."""
    inner = function.func if isinstance(function, partial) else function
    name = str(getattr(inner, "__name__", ""))
    if LOSSES.get(name) is inner:
        settings = function.keywords if isinstance(function, partial) else {}
        said = ", ".join(f"{key}={value!r}" for key, value in settings.items())
        return f"nn.{name}" + (f"({said})" if said else "")
    return "the loss" if name == "<lambda>" else name or described(function)


def place_of(function: Any) -> str | None:
    """Where a loss of the person's own is written: `model.py:12`."""
    inner = function.func if isinstance(function, partial) else getattr(function, "function", function)
    code = getattr(inner, "__code__", None)
    if code is None or LOSSES.get(getattr(inner, "__name__", "")) is inner:
        return None
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}"


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


def _candidates(drawn: str, target: np.ndarray) -> Iterator[tuple[str, str, Callable[[np.ndarray], float | None]]]:
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
) -> Iterator[tuple[str, str, Callable[[np.ndarray], float | None]]]:
    def beside(of: Callable[[np.ndarray, np.ndarray], float | None]) -> Callable[[np.ndarray], float | None]:
        return lambda prediction: of(shaped(target, prediction), prediction)

    for name, losses in _by_element(drawn):
        for reduction, reduce in (("mean", np.mean), ("sum", np.sum)):
            yield name, reduction, beside(partial(_reduced, losses, reduce))
        yield name, "sum", beside(partial(_row_means, losses))  # summed over units, averaged over examples
    for name in _SMOOTH if drawn == "normal" else _SMOOTH_OF_LOGARITHMS if drawn == "logarithms" else ():
        for reduction in ("mean", "sum"):
            yield _NAMES.get(name, name), reduction, beside(partial(_ours, name, reduction))


_SMOOTH = ("cross_entropy", "binary_cross_entropy", "hinge", "huber", "poisson", "log_cosh", "squared_hinge")
_SMOOTH_OF_LOGARITHMS = ("nll", "kl_divergence")


def _by_element(drawn: str) -> list[tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]]:
    if drawn == "normal":
        return [("mse", lambda p, y: (p - y) ** 2), ("mae", lambda p, y: np.abs(p - y))]
    if drawn == "shares":
        return [("binary_cross_entropy", lambda p, y: -(y * np.log(p) + (1 - y) * np.log1p(-p)))]
    return []


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
