"""Activations: what bends between two linear layers. Floor 6.

Each takes an array of any shape and gives one of the same shape and dtype; whole numbers become float64 where the
result is not whole. They are right at ±∞ with finite derivatives, and pass NaN on; where a function has a corner, the
derivative is the one that PyTorch takes.
"""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from math import pi, sqrt
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.nn import rows
from glassgrad.nn.rows import Array, as_array, as_real

Activation: TypeAlias = Callable[[Any], Any]


# ------------------------------------------------------------------ straight pieces
def identity(x: Array) -> Array:
    """The value itself.

    >>> identity(3.0)
    3.0
    """
    return x


def linear(x: Array) -> Array:
    """The value itself: the activation of a layer that has none.

    >>> linear(3.0)
    3.0
    """
    return x


def relu(x: Array) -> Array:
    """max(x, 0). The derivative at 0 is 0. Source: Nair and Hinton (2010).

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    x = as_array(x)
    return np.where(x <= 0, 0, x)


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6). The derivative at both corners is 0. Source: Howard et al. (2017), MobileNets.

    >>> relu6(np.array([-1.0, 2.0, 9.0]))
    array([0., 2., 6.])
    """
    return _between(as_array(x), 0, 6)


def leaky_relu(x: Array, slope: Array = 0.01) -> Array:
    """x, and slope·x below 0. The derivative at 0 is the slope. Source: Maas, Hannun and Ng (2013).

    The slope may be an array, as a learned one for each channel (PReLU: He et al., 2015).

    >>> leaky_relu(np.array([-100.0, 2.0]))
    array([-1.,  2.])
    """
    x = as_real(x)
    low = np.where(x <= 0, x, 0)
    return np.where(x <= 0, slope * low, x)


def hard_tanh(x: Array) -> Array:
    """x, cut off at -1 and 1. The derivative at both corners is 0. Source: Collobert (2004).

    >>> hard_tanh(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    return _between(as_array(x), -1, 1)


def hard_sigmoid(x: Array) -> Array:
    """relu6(x + 3) / 6. The derivative at both corners is 0. Source: Howard et al. (2019), MobileNetV3.

    >>> hard_sigmoid(np.array([-4.0, 0.0, 4.0]))
    array([0. , 0.5, 1. ])
    """
    return _between(as_real(x) / 6 + 0.5, 0, 1)


def hard_silu(x: Array) -> Array:
    """The product x · relu6(x + 3) / 6, also called hard-swish. Source: Howard et al. (2019), MobileNetV3.

    >>> hard_silu(np.array([-4.0, 1.5, 4.0]))
    array([0.   , 1.125, 4.   ])
    """
    return _gated(as_real(x), lambda x: (x + 3) / 6, 3)


def _between(x: Array, low: float, high: float) -> Array:
    """`x` cut off at both ends, where the derivative is 0; NaN stays NaN."""
    return np.where(x <= low, low, np.where(x >= high, high, x))


def _gated(x: Array, gate: Callable[[Array], Array], settled: float) -> Array:
    """The product x · gate(x); from ±settled on the gate is 0 or 1 and nothing is multiplied, so no ∞ · 0 arises."""
    far = np.abs(x) >= settled
    near = np.where(far, 0, x)
    return np.where(far, relu(x), near * gate(near))


# ------------------------------------------------------------------ from 0 or -1 to 1
def sigmoid(x: Array) -> Array:
    """σ(x) = 1 / (1 + e⁻ˣ), accurate in both tails.

    >>> sigmoid(np.array([-np.inf, 0.0, np.inf]))
    array([0. , 0.5, 1. ])
    """
    return rows.expit(as_real(x))


def log_sigmoid(x: Array) -> Array:
    """The logarithm of the sigmoid, -softplus(-x).

    >>> log_sigmoid(np.array([-1e4, 0.0]))
    array([-1.00000000e+04, -6.93147181e-01])
    """
    return -rows.softplus(-as_real(x))


def tanh(x: Array) -> Array:
    """The hyperbolic tangent.

    >>> tanh(np.array([-np.inf, 0.0, np.inf]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(as_real(x))


def softsign(x: Array) -> Array:
    """The quotient x / (1 + |x|). Source: Bergstra et al. (2009).

    >>> softsign(np.array([-np.inf, -1.0, 3.0]))
    array([-1.  , -0.5 ,  0.75])
    """
    x = as_real(x)
    endless = np.isinf(x)
    finite = np.where(endless, 0, x)
    return np.where(endless, np.sign(x), finite / (1 + np.abs(finite)))


# ------------------------------------------------------------------ bent at 0
def softplus(x: Array, sharpness: float = 1.0) -> Array:
    """ln(1 + eˢˣ) / s, a smooth relu; s is the sharpness (PyTorch's beta). Source: Dugas et al. (2001).

    >>> softplus(np.array([-np.inf, 0.0, 1e4]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+04])
    """
    x = as_real(x)
    return rows.softplus(x) if sharpness == 1 else rows.softplus(x * sharpness) / sharpness


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x, and α·(eˣ - 1) below 0. Source: Clevert, Unterthiner and Hochreiter (2016).

    >>> elu(np.array([-np.inf, 0.0, 2.0]))
    array([-1.,  0.,  2.])
    """
    x = as_real(x)
    low = np.where(x <= 0, x, 0)
    return np.where(x <= 0, alpha * np.expm1(low), x)


# The fixed point that keeps mean 0 and variance 1 (equation 14 of the paper).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x: Array) -> Array:
    """λ·x, and λ·α·(eˣ - 1) below 0, which keeps mean 0 and variance 1. Source: Klambauer et al. (2017).

    >>> selu(np.array([-np.inf, 0.0, 1.0]))
    array([-1.75809934,  0.        ,  1.05070099])
    """
    x = as_real(x)
    low = np.where(x <= 0, x, 0)
    return np.where(x <= 0, SELU_SCALE * SELU_ALPHA * np.expm1(low), SELU_SCALE * x)


# ------------------------------------------------------------------ x times a gate
# Where e⁻ˣ is below the smallest float64; and where the normal distribution's tail is.
_EXPONENTIAL_ENDS, _NORMAL_ENDS = 800.0, 40.0


def silu(x: Array) -> Array:
    """x·σ(x), also called swish. Source: Elfwing, Uchibe and Doya (2018).

    >>> silu(np.array([-np.inf, 0.0, 1e4]))
    array([    0.,     0., 10000.])
    """
    return _gated(as_real(x), rows.expit, _EXPONENTIAL_ENDS)


def gelu(x: Array) -> Array:
    """x·Φ(x) with the normal distribution function Φ. Source: Hendrycks and Gimpel (2016).

    >>> gelu(np.array([-np.inf, 0.0, 1.0]))
    array([0.        , 0.        , 0.84134475])
    """
    return _gated(as_real(x), rows.ndtr, _NORMAL_ENDS)


def gelu_tanh(x: Array) -> Array:
    """x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), which comes near to gelu. Source: Hendrycks and Gimpel (2016).

    >>> gelu_tanh(np.array([-np.inf, 0.0, 1.0]))
    array([0.        , 0.        , 0.84119199])
    """
    # (1 + tanh u)/2 = σ(2u), which keeps its digits where tanh u is near -1.
    return _gated(as_real(x), lambda x: rows.expit(x * (2 * sqrt(2 / pi)) * (1 + 0.044715 * x * x)), _NORMAL_ENDS)


def mish(x: Array) -> Array:
    """x·tanh(softplus(x)). Source: Misra (2020).

    >>> mish(np.array([-np.inf, 0.0, 1.0]))
    array([0.        , 0.        , 0.86509839])
    """
    return _gated(as_real(x), _mish_gate, _EXPONENTIAL_ENDS)


def _mish_gate(x: Array) -> Array:
    """tanh(softplus(x)) = s·(2 - s) / (2 - s·(2 - s)) with s = σ(x): one exponential, and nothing cancels."""
    share = rows.expit(x)
    part = share * (2 - share)
    return part / (2 - part)


def glu(x: Array, axis: int = -1) -> Array:
    """a·σ(b) with a and b the two halves of x along the axis, which is halved. Source: Dauphin et al. (2017).

    >>> glu(np.array([1.0, 2.0, 0.0, -np.inf]))
    array([0.5, 0. ])
    """
    x = as_real(x)
    axis = rows.axis_of(x, axis, "glu")
    if x.shape[axis] % 2:
        raise ShapeError(
            f"glu halves axis {axis}, which has {x.shape[axis]} elements, in an array of shape {x.shape}",
            hint="the layer before it needs twice as many outputs",
        )
    values, gates = np.split(x, 2, axis=axis)
    return values * rows.expit(gates)


# ------------------------------------------------------------------ along an axis
def softmax(x: Array, axis: int = -1, *, where: Array | None = None) -> Array:
    """eˣ as shares of its sum along the axis. Source: Bridle (1990).

    `where` (truth values that broadcast to x) chooses the entries that take part; the others get 0, and so do all
    where none takes part.

    >>> softmax(np.array([0.0, 1e4, 1e4, -np.inf]))
    array([0. , 0.5, 0.5, 0. ])
    """
    x = as_real(x)
    if where is None:
        return rows.softmax(x, axis)
    shares = rows.softmax(np.where(where, x, float(np.finfo(x.dtype).min)), axis)
    return np.where(where, shares, 0)


def log_softmax(x: Array, axis: int = -1) -> Array:
    """The logarithm of the softmax along the axis, accurate where the share is small.

    >>> log_softmax(np.array([0.0, 1e4]))
    array([-10000.,      0.])
    """
    return rows.log_softmax(as_real(x), axis)


# ------------------------------------------------------------------ by name
_ALL: tuple[Callable[..., Any], ...] = (
    *(elu, gelu, gelu_tanh, glu, hard_sigmoid, hard_silu, hard_tanh, identity, leaky_relu, linear, log_sigmoid),
    *(log_softmax, mish, relu, relu6, selu, sigmoid, silu, softmax, softplus, softsign, tanh),
)
ACTIVATIONS: dict[str, Callable[..., Any]] = {function.__name__: function for function in _ALL}
_OTHER_NAMES: dict[str, Callable[..., Any]] = {
    "hard_swish": hard_silu,
    "hardswish": hard_silu,
    "hardsigmoid": hard_sigmoid,
    "hardtanh": hard_tanh,
    "logistic": sigmoid,
    "logsigmoid": log_sigmoid,
    "none": linear,
    "swish": silu,
}


def activation_of(activation: str | Activation | None) -> Activation:
    """The activation of a name; a function is given back as it is, and None is `linear`.

    >>> activation_of("relu") is relu
    True
    """
    if activation is None:
        return linear
    if not isinstance(activation, str):
        if callable(activation):
            return activation
        raise UsageError(
            f"an activation is a name or a function, found {type(activation).__name__} {activation!r}",
            hint='activation="relu", or a function of an array',
        )
    wanted = activation.strip().lower().replace("-", "_").replace(" ", "_")
    found = ACTIVATIONS.get(wanted) or _OTHER_NAMES.get(wanted)
    if found is None:
        close = get_close_matches(wanted, [*ACTIVATIONS, *_OTHER_NAMES], n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise UsageError(
            f"there is no activation {activation!r}",
            hint=f"{meant}The names are {', '.join(sorted(ACTIVATIONS))}; or give a function",
        )
    return found


def size_keeping(layer: str, activation: str | Activation | None) -> Activation:
    """The activation of a layer whose size it must keep.

    Raises UsageError for `glu`, which halves it.
    """
    found = activation_of(activation)
    if found is glu:
        raise UsageError(
            f"{layer} needs an activation that keeps the size, and glu halves it",
            hint="nn.Sequential(nn.Linear(n, 2 * m, key=…), nn.glu, …) has glu between layers",
        )
    return found


def name_of(activation: Activation) -> str:
    """The name by which `activation_of` finds a function of ours, or else the function's own.

    >>> name_of(relu)
    'relu'
    """
    function = activation.func if isinstance(activation, partial) else activation
    return str(getattr(function, "__name__", type(function).__name__))
