"""Softmax, its logarithm, and the logarithm of a sum of exponentials. Floor 2.

The largest entry is taken out first, so that no exponential overflows.
"""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Shifted, Tangent, op
from glassgrad.ops.elementwise import exp
from glassgrad.ops.structure import reduced_aval, spread, sum_over


def _same_aval(x: Aval, axes: tuple[int, ...]) -> Aval:
    return x


# ------------------------------------------------------------------ kernels, plain NumPy
def shifted_exp(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The exponentials of x less its largest entry along `axes`, and that entry (0 where it is not finite).

    At float32 or wider: sums of half precision overflow at 65,504.
    """
    x = x.astype(np.result_type(x, np.float32), copy=False)
    largest = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0).astype(x.dtype)
    return np.exp(x - largest), largest


def softmax(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The exponentials of x as shares of their sum along `axes`."""
    e, _ = shifted_exp(x, axes)
    return np.asarray(e / np.sum(e, axis=axes, keepdims=True)).astype(x.dtype, copy=False)


def log_softmax(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The logarithm of the softmax along `axes`."""
    e, largest = shifted_exp(x, axes)
    return np.asarray(x - largest - np.log(np.sum(e, axis=axes, keepdims=True))).astype(x.dtype, copy=False)


def logsumexp(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The logarithm of the sum of the exponentials along `axes`."""
    e, largest = shifted_exp(x, axes)
    return np.asarray(np.log(np.sum(e, axis=axes)) + np.squeeze(largest, axes)).astype(x.dtype, copy=False)


# ------------------------------------------------------------------ rows
def _shares(dx: Node, y: Node, axes: tuple[int, ...]) -> Node:
    return y * (dx - spread(sum_over(y * dx, axes), y.shape, axes))


SOFTMAX = op(
    "softmax",
    "x -> y",
    infer=_same_aval,
    numpy="softmax(x, axes)",
    batching=Shifted(axes=("axes",)),
    kernels=(softmax, shifted_exp),
    rule="derivative of softmax",
    why="raising one entry raises its own share and lowers all shares in proportion, since they add up to 1",
    x=Tangent(_shares),
)
LOG_SOFTMAX = op(
    "log_softmax",
    "x -> y",
    infer=_same_aval,
    numpy="log_softmax(x, axes)",
    batching=Shifted(axes=("axes",)),
    kernels=(log_softmax, shifted_exp),
    rule="derivative of the logarithm of softmax",
    why="it is x less the logarithm of the sum, which moves by the mean of dx weighted with the shares",
    x=Tangent(lambda dx, y, axes: dx - spread(sum_over(exp(y) * dx, axes), y.shape, axes)),
)
LOGSUMEXP = op(
    "logsumexp",
    "x -> y",
    infer=reduced_aval,
    numpy="logsumexp(x, axes)",
    batching=Shifted(axes=("axes",)),
    kernels=(logsumexp, shifted_exp),
    rule="log-sum-exp rule",
    why="each entry gets the share that its exponential has in the sum: the softmax",
    x=Tangent(lambda dx, x, axes: sum_over(softmax_over(x, axes) * dx, axes)),
)


def softmax_over(x: Node, axes: tuple[int, ...]) -> Node:
    """The softmax along these axes."""
    return make(SOFTMAX, (x,), (("axes", axes),))


def log_softmax_over(x: Node, axes: tuple[int, ...]) -> Node:
    """The logarithm of the softmax along these axes."""
    return make(LOG_SOFTMAX, (x,), (("axes", axes),))


def logsumexp_over(x: Node, axes: tuple[int, ...]) -> Node:
    """The logarithm of the sum of the exponentials along these axes."""
    return make(LOGSUMEXP, (x,), (("axes", axes),)) if axes else x
