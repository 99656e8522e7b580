"""What is read off the parts of a model: which activation its prediction comes out of. Floor 7."""

from collections.abc import Sequence

from glassgrad.doctor.measured.setup import Part

SHAPES_ONLY = ("flatten", "unflatten", "identity", "reshape", "squeeze")  # no links: a gradient passes as it is
# What leaves a prediction within the range of the activation before it.
_SILENT = (*SHAPES_ONLY, "dropout", "mean", "sum")


def last_activation(parts: Sequence[Part]) -> Part | None:
    """The activation that the prediction comes out of, if one does; also one that the loss function begins with.

    >>> from glassgrad.doctor.measured.setup import Part
    >>> last_activation([Part("0", "Linear", "linear", "weights"), Part("1", "tanh", "tanh", "activation")]).path
    '1'
    """
    for part in reversed(parts):
        if part.kind in _SILENT or "pool" in part.kind:
            continue
        return part if part.family == "activation" else None
    return None


def last_kind(parts: Sequence[Part]) -> str:
    """Its kind; empty where the last layer is linear."""
    last = last_activation(parts)
    return last.kind if last is not None else ""


def of_the_model(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts without those that the loss function begins with, whose paths are "loss.sigmoid" and the like."""
    return tuple(part for part in parts if not part.path.startswith("loss."))
