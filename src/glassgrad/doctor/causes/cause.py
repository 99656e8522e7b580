"""What a cause is. Floor 7."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from glassgrad.doctor.subjects.edits import Edit

CauseName: TypeAlias = Literal[
    # network
    "activation", "depth", "initialisation", "no-activation", "dead-units", "recurrence", "capacity",
    # rate and optimiser
    "rate-too-high", "rate-too-low", "optimizer", "regularisation", "batch-size",
    # data
    "input-scale", "target-scale", "nan-data", "labels", "features", "no-signal",
    # loss
    "loss-mismatch", "output-range", "double-softmax", "one-unit-softmax", "loss-sum", "unsafe-log", "broadcasting",
    # wiring
    "gradients-kept", "not-in-optimizer", "frozen", "detached", "eval-mode",
    # patience
    "too-few-steps",
]  # fmt: skip


SURE = 0.5  # from this confidence on a cause is a finding; below it is "also possible"


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason, with what speaks for it, and the edits that would take it away, the smallest first.

    `tested` are counterfactuals: what was changed, and what came of it.
    """

    name: CauseName
    title: str  # "The inputs are up to 255: the first layer saturates"
    link: str | None  # the path of the link (or "loss", "inputs", "targets", "optimizer")
    confidence: float  # 0 … 1, comparable between causes
    evidence: tuple[str, ...]
    edits: tuple[tuple[Edit, ...], ...] = ()  # each a cure worth trying: one edit, or several at once
    tested: tuple[str, ...] = field(default=())

    @property
    def is_sure(self) -> bool:
        """Is it a finding, and not only possible?"""
        return self.confidence >= SURE
