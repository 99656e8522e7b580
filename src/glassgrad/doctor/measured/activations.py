"""The activations in the field's terms: what each can give, how steep it can be, and its derivative. Floor 7.

Both frameworks' kinds are looked up here, under the names that `glassgrad.nn` has for them.
"""

from dataclasses import dataclass
from math import inf
from typing import Literal, TypeAlias

Flat: TypeAlias = Literal["nowhere", "below", "above", "both"]


@dataclass(frozen=True, slots=True)
class Activation:
    """What is known of an activation before it is measured.

    `largest` is the most that its slope can be, where it flattens out smoothly: a share of it says what is saturated.
    None where it is straight on each side of a corner, as ReLU is: there an entry is 0 or not.
    """

    derivative: str = ""  # "σ′ = σ(1 − σ) ≤ 0.25"
    low: float = -inf
    high: float = inf
    largest: float | None = None
    flat: Flat = "nowhere"
    dies: bool = False  # is it 0, with a slope of 0, for all of one side?


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation("σ′ = σ(1 − σ) ≤ 0.25", 0.0, 1.0, 0.25, "both"),
    "tanh": Activation("tanh′ = 1 − tanh² ≤ 1", -1.0, 1.0, 1.0, "both"),
    "softsign": Activation("softsign′ = 1/(1 + |x|)² ≤ 1", -1.0, 1.0, 1.0, "both"),
    "softmax": Activation("∂pᵢ/∂zᵢ = pᵢ(1 − pᵢ) ≤ 0.25", 0.0, 1.0, 0.25, "both"),
    "log_softmax": Activation("∂ log pᵢ/∂zᵢ = 1 − pᵢ ≤ 1", -inf, 0.0),
    "hard_sigmoid": Activation("1/6 between −3 and 3, else 0", 0.0, 1.0, 1 / 6, "both"),
    "hard_tanh": Activation("1 between −1 and 1, else 0", -1.0, 1.0, 1.0, "both"),
    "relu": Activation("ReLU′ = 1 above 0, else 0", 0.0, inf, None, "below", dies=True),
    "relu6": Activation("ReLU6′ = 1 between 0 and 6, else 0", 0.0, 6.0, None, "both", dies=True),
    "threshold": Activation("1 above the threshold, else 0", flat="below", dies=True),
    "leaky_relu": Activation("leaky ReLU′ = 1, or its slope below 0"),
    "prelu": Activation("PReLU′ = 1, or its slope below 0"),
    "elu": Activation("ELU′ = 1, or α·eˣ below 0", -1.0, inf, 1.0, "below"),
    "celu": Activation("CELU′ = 1, or eˣᐟᵅ below 0", largest=1.0, flat="below"),
    "selu": Activation("SELU′ = λ, or λ·α·eˣ below 0", -1.7582, inf, 1.7582, "below"),
    "gelu": Activation("GELU′ = Φ + x·φ", -0.17, inf, 1.13, "below"),
    "silu": Activation("SiLU′ = σ + x·σ(1 − σ)", -0.2785, inf, 1.1, "below"),
    "mish": Activation("Mish′", -0.309, inf, 1.09, "below"),
    "hard_silu": Activation("1 above 3, 0 below −3", -0.375, inf, 1.5, "below", dies=True),
    "softplus": Activation("softplus′ = σ ≤ 1", 0.0, inf, 1.0, "below"),
    "log_sigmoid": Activation("log σ′ = 1 − σ ≤ 1", -inf, 0.0, 1.0, "above"),
}  # fmt: skip

UNKNOWN = Activation()

# What each of those that are bounded on a side can give.
RANGES = {kind: (one.low, one.high) for kind, one in ACTIVATIONS.items() if one.low > -inf or one.high < inf}
# What is between 0 and 1 by itself.
PROBABILITIES = tuple(kind for kind, one in ACTIVATIONS.items() if (one.low, one.high) == (0.0, 1.0))
LOG_PROBABILITIES = ("log_softmax", "log_sigmoid")
# What flattens out on both sides, so that it saturates.
BOUNDED = tuple(kind for kind, one in ACTIVATIONS.items() if one.flat == "both" and not one.dies)


def activation(kind: str) -> Activation:
    """What is known of a kind of activation; of one that is not known, nothing.

    >>> activation("sigmoid").largest, activation("my_own").high
    (0.25, inf)
    """
    return ACTIVATIONS.get(kind, UNKNOWN)


def is_softmax(kind: str) -> bool:
    """Does it make shares of several units, so that over one unit it is constant?"""
    return "softmax" in kind
