"""Initialisers: the numbers that weights start from, so that signals keep their size through many layers. Floor 6.

Each is a function `init(key, shape, *, fans=None, dtype=np.float32)`; the key is a key of `glassgrad.random` or a whole
number. The fans are how many inputs reach an output and how many outputs an input reaches: counted from the shape
(`fans_of`), or given as a pair.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from math import prod, sqrt
from typing import Any, TypeAlias

import numpy as np

from glassgrad import random
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.nn import activations
from glassgrad.nn.activations import Activation, activation_of
from glassgrad.nn.keys import as_key
from glassgrad.nn.rows import Array

Shape: TypeAlias = int | Sequence[int]
Fans: TypeAlias = str | tuple[float, float] | None
Initialiser: TypeAlias = Callable[..., Any]


# ------------------------------------------------------------------ fans
def fans_of(shape: Shape, layout: str | None = None) -> tuple[int, int]:
    """How many inputs reach an output, and how many outputs an input reaches, in a weight of this shape.

    "dense" is (..., inputs, outputs), "conv" is (outputs, inputs / groups, *window), "conv_transpose" is (inputs,
    outputs / groups, *window). Without a layout two axes are dense and more are a convolution's.

    >>> fans_of((30, 10)), fans_of((8, 3, 5, 5))
    ((30, 10), (75, 200))
    """
    sizes = _sizes(shape)
    if layout is None:
        layout = "dense" if len(sizes) == 2 else "conv"
    if layout not in ("dense", "conv", "conv_transpose"):
        raise UsageError(f"there is no layout {layout!r} of weights", hint='"dense", "conv" or "conv_transpose"')
    if len(sizes) < (2 if layout == "dense" else 3):
        raise ShapeError(
            f"a weight of shape {sizes} has no fans in the layout {layout!r}",
            hint="say how many inputs and outputs there are: fans=(inputs, outputs)",
        )
    if layout == "dense":
        return sizes[-2], sizes[-1]
    window = prod(sizes[2:])
    first, second = sizes[0] * window, sizes[1] * window
    return (second, first) if layout == "conv" else (first, second)


def _fans(shape: Shape, fans: Fans) -> tuple[float, float]:
    if fans is None or isinstance(fans, str):
        return fans_of(shape, fans)
    inputs, outputs = fans
    return inputs, outputs


def _sizes(shape: Shape) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple([int(size) for size in shape])


# ------------------------------------------------------------------ plain distributions
def zeros(key: Any, shape: Shape, *, fans: Fans = None, dtype: Any = np.float32) -> Array:
    """Zeros.

    >>> zeros(0, 2)
    array([0., 0.], dtype=float32)
    """
    return np.zeros(_sizes(shape), dtype)


def ones(key: Any, shape: Shape, *, fans: Fans = None, dtype: Any = np.float32) -> Array:
    """Ones.

    >>> ones(0, 2)
    array([1., 1.], dtype=float32)
    """
    return np.ones(_sizes(shape), dtype)


def constant(key: Any, shape: Shape, *, value: float = 0.0, fans: Fans = None, dtype: Any = np.float32) -> Array:
    """One value everywhere.

    >>> constant(0, 2, value=0.5)
    array([0.5, 0.5], dtype=float32)
    """
    return np.full(_sizes(shape), value, dtype)


def uniform(
    key: Any, shape: Shape, *, low: float = -0.05, high: float = 0.05, fans: Fans = None, dtype: Any = np.float32
) -> Array:
    """Uniform numbers in [low, high).

    >>> uniform(0, (2, 3), low=-1.0, high=1.0).shape
    (2, 3)
    """
    return random.uniform(as_key(key), _sizes(shape), low=low, high=high, dtype=dtype)


def normal(
    key: Any, shape: Shape, *, mean: float = 0.0, deviation: float = 0.05, fans: Fans = None, dtype: Any = np.float32
) -> Array:
    """Normal numbers of this mean and standard deviation.

    >>> normal(0, (2, 3)).dtype
    dtype('float32')
    """
    return random.normal(as_key(key), _sizes(shape), loc=mean, scale=deviation, dtype=dtype)


def truncated_normal(
    key: Any,
    shape: Shape,
    *,
    mean: float = 0.0,
    deviation: float = 0.05,
    bound: float = 2.0,
    fans: Fans = None,
    dtype: Any = np.float32,
) -> Array:
    """Normal numbers, those farther from the mean than `bound` standard deviations left out.

    `deviation` is that of the normal distribution before; with the bound at 2, what is left has 0.88 of it.

    >>> bool(np.abs(truncated_normal(0, 1000, deviation=0.5)).max() <= 1.0)
    True
    """
    noise = random.truncated_normal(as_key(key), -float(bound), float(bound), _sizes(shape), dtype=dtype)
    return mean + deviation * noise


# ------------------------------------------------------------------ by the fans
def _uniform_of(key: Any, shape: Shape, variance: float, dtype: Any) -> Array:
    bound = sqrt(3 * variance)
    return uniform(key, shape, low=-bound, high=bound, dtype=dtype)


def glorot_uniform(key: Any, shape: Shape, *, gain: float = 1.0, fans: Fans = None, dtype: Any = np.float32) -> Array:
    """Uniform numbers of variance gain² · 2 / (inputs + outputs). Source: Glorot and Bengio (2010), equation 16.

    >>> bool(np.abs(glorot_uniform(0, (30, 24))).max() <= np.sqrt(6 / 54))
    True
    """
    return _uniform_of(key, shape, gain**2 * 2 / max(sum(_fans(shape, fans)), 1), dtype)


def glorot_normal(key: Any, shape: Shape, *, gain: float = 1.0, fans: Fans = None, dtype: Any = np.float32) -> Array:
    """Normal numbers of variance gain² · 2 / (inputs + outputs). Source: Glorot and Bengio (2010), equation 12.

    >>> glorot_normal(0, (30, 24)).shape
    (30, 24)
    """
    return normal(key, shape, deviation=gain * sqrt(2 / max(sum(_fans(shape, fans)), 1)), dtype=dtype)


def he_uniform(key: Any, shape: Shape, *, gain: float = sqrt(2), fans: Fans = None, dtype: Any = np.float32) -> Array:
    """Uniform numbers of variance gain² / inputs. Source: He et al. (2015), equation 10.

    The gain √2 makes up for the half that relu cuts off; √(2 / (1 + slope²)) is that of leaky_relu.

    >>> bool(np.abs(he_uniform(0, (24, 10))).max() <= np.sqrt(6 / 24))
    True
    """
    return _uniform_of(key, shape, gain**2 / max(_fans(shape, fans)[0], 1), dtype)


def he_normal(key: Any, shape: Shape, *, gain: float = sqrt(2), fans: Fans = None, dtype: Any = np.float32) -> Array:
    """Normal numbers of variance gain² / inputs. Source: He et al. (2015), equation 10.

    >>> he_normal(0, (16, 3, 5, 5)).shape
    (16, 3, 5, 5)
    """
    return normal(key, shape, deviation=gain / sqrt(max(_fans(shape, fans)[0], 1)), dtype=dtype)


def lecun_uniform(key: Any, shape: Shape, *, fans: Fans = None, dtype: Any = np.float32) -> Array:
    """Uniform numbers of variance 1 / inputs. Source: LeCun et al. (1998), Efficient BackProp, section 4.6.

    >>> bool(np.abs(lecun_uniform(0, (27, 10))).max() <= np.sqrt(3 / 27))
    True
    """
    return he_uniform(key, shape, gain=1.0, fans=fans, dtype=dtype)


def lecun_normal(key: Any, shape: Shape, *, fans: Fans = None, dtype: Any = np.float32) -> Array:
    """Normal numbers of variance 1 / inputs. Source: LeCun et al. (1998); Klambauer et al. (2017) for selu.

    >>> lecun_normal(0, (27, 10)).shape
    (27, 10)
    """
    return he_normal(key, shape, gain=1.0, fans=fans, dtype=dtype)


def orthogonal(key: Any, shape: Shape, *, gain: float = 1.0, fans: Fans = None, dtype: Any = np.float32) -> Array:
    """A random matrix whose shorter side is orthonormal, times the gain. Source: Saxe, McClelland and Ganguli (2014).

    A convolution's weight (out, in, *window) is the matrix of its outputs against all the rest. The signs are those
    that make each orthogonal matrix as likely as the others (Mezzadri, 2007).

    >>> w = orthogonal(0, (2, 5), dtype=np.float64)
    >>> bool(np.allclose(w @ w.T, np.eye(2)))
    True
    """
    sizes = _sizes(shape)
    if len(sizes) < 2:
        raise ShapeError(f"an orthogonal matrix has two axes or more, found shape {sizes}")
    rows, columns = sizes[0], prod(sizes[1:])
    noise = random.normal(as_key(key), (max(rows, columns), min(rows, columns)), dtype=np.float64)
    q, r = np.linalg.qr(noise)
    signed = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    matrix = signed if rows >= columns else signed.T
    return np.reshape(gain * matrix, sizes).astype(dtype)


# ------------------------------------------------------------------ which one
_ALL: tuple[Initialiser, ...] = (
    *(constant, glorot_normal, glorot_uniform, he_normal, he_uniform, lecun_normal, lecun_uniform, normal, ones),
    *(orthogonal, truncated_normal, uniform, zeros),
)
INITIALISERS: dict[str, Initialiser] = {function.__name__: function for function in _ALL}
_OTHER_NAMES = {
    "xavier_uniform": glorot_uniform,
    "xavier_normal": glorot_normal,
    "kaiming_uniform": he_uniform,
    "kaiming_normal": he_normal,
}


def initialiser_of(initialiser: str | Initialiser) -> Initialiser:
    """The initialiser of a name; a function is given back as it is.

    >>> initialiser_of("he_normal") is he_normal
    True
    """
    if not isinstance(initialiser, str):
        if callable(initialiser):
            return initialiser
        raise UsageError(
            f"an initialiser is a name or a function, found {type(initialiser).__name__} {initialiser!r}",
            hint='initialiser="he_normal", or a function init(key, shape, *, fans, dtype)',
        )
    wanted = initialiser.strip().lower().replace("-", "_").replace(" ", "_")
    found = INITIALISERS.get(wanted) or _OTHER_NAMES.get(wanted)
    if found is None:
        close = get_close_matches(wanted, [*INITIALISERS, *_OTHER_NAMES], n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise UsageError(
            f"there is no initialiser {initialiser!r}", hint=f"{meant}The names are {', '.join(sorted(INITIALISERS))}"
        )
    return found


# Those that pass about half of a centred signal's variance on, as relu does (He et al., 2015; for elu, gelu, silu and
# mish the authors of each take He's). The others pass small signals on as they are (Glorot and Bengio, 2010).
_HALVING = ("relu", "relu6", "elu", "gelu", "gelu_tanh", "silu", "mish", "softplus", "hard_silu")


def default_for(activation: str | Activation | None) -> Initialiser:
    """The initialiser for a layer that this activation follows.

    relu and its kin: He's normal numbers; leaky_relu: the same with the gain √(2 / (1 + slope²)); selu: LeCun's normal
    numbers, on which its fixed point rests; all others: Glorot's uniform numbers.

    >>> default_for("relu") is he_normal, default_for("tanh") is glorot_uniform
    (True, True)
    """
    function = activation_of(activation)
    settings = function.keywords if isinstance(function, partial) else {}
    name = activations.name_of(function)
    if activations.ACTIVATIONS.get(name) is not getattr(function, "func", function):
        return glorot_uniform
    if name == "leaky_relu":
        slope = settings.get("slope", 0.01)
        return partial(he_normal, gain=sqrt(2 / (1 + slope**2))) if np.ndim(slope) == 0 else he_normal
    if name == "selu":
        return lecun_normal
    return he_normal if name in _HALVING else glorot_uniform
