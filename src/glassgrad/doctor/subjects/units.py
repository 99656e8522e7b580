"""What the units of an output are, and which of them count as dead, saturated or alike. Floor 7."""

from glassgrad.doctor.measured.activations import ACTIVATIONS
from glassgrad.doctor.measured.sample import Family

SATURATED = 0.01  # of an activation's largest slope: an entry with less of it is saturated
ALIKE = 1e-6  # of its size: a unit that varies by no more gives the same number for every example

_UNITS_LAST = ("linear", "embedding", "attention", "layernorm", "layer_norm", "rnn", "lstm", "gru")
_UNITS_SECOND = ("conv", "pool", "batch", "group", "instance")


def can_die(kind: str, family: Family) -> bool:
    """Is a unit dead where it is 0 for every example? So of an activation without a slope at 0, or not known."""
    return family == "activation" and (kind not in ACTIVATIONS or ACTIVATIONS[kind].dies)


def unit_axis(ndim: int, kind: str, after: str) -> int:
    """Which axis of an output holds the units: the channels of a convolution and of what follows it, else the last.

    Args:
        ndim: of the output, with the examples first.
        kind: of the link.
        after: the kind of the last link with weights up to it; "" for none.

    >>> unit_axis(4, "relu", "conv"), unit_axis(3, "relu", "linear"), unit_axis(2, "linear", "")
    (1, -1, -1)
    """
    if ndim < 3 or kind in _UNITS_LAST:
        return -1
    if any(word in kind for word in _UNITS_SECOND):
        return 1
    return 1 if "conv" in after or (ndim >= 4 and not after) else -1
