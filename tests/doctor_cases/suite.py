"""All cases. The mended twins of published programs are healthy cases of their own, where their data is the same."""

from dataclasses import replace

from tests.doctor_cases import healthy
from tests.doctor_cases.broken import depth, ends, published, published_ends, rates, scales, weights, wiring
from tests.doctor_cases.case import Case

PUBLISHED: tuple[Case, ...] = (*published_ends.CASES, *published.CASES)
REPAIRED: tuple[Case, ...] = tuple(
    replace(case.twin(), name=f"{case.name}-repaired") for case in PUBLISHED if "changed" not in case.mended
)
BROKEN: tuple[Case, ...] = (
    *PUBLISHED, *depth.CASES, *weights.CASES, *ends.CASES, *rates.CASES, *scales.CASES, *wiring.CASES
)  # fmt: skip
HEALTHY: tuple[Case, ...] = (*healthy.CASES, *REPAIRED)
ALL: tuple[Case, ...] = (*BROKEN, *HEALTHY)


def named(name: str) -> Case:
    """The case of this name."""
    return next(case for case in ALL if case.name == name)
