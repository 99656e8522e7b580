"""What a symptom is. Floor 7."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

SymptomName: TypeAlias = Literal[
    "vanishing", "exploding", "nan", "dead-units", "saturation", "zero-gradient", "not-updated", "noisy",
    "oscillating", "diverging", "slow", "constant-output", "update-ratio", "imbalance",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symptom:
    """Something seen in a training that does not learn. `link` is the path of the link of the chain that shows it."""

    name: SymptomName
    title: str  # "The gradient vanishes at layers[1] (sigmoid)"
    link: str | None
    confidence: float  # 0 … 1
    evidence: tuple[str, ...]  # sentences with the numbers
    step: int | None = None  # where it began
    numbers: tuple[tuple[str, float], ...] = ()
