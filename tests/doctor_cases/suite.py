"""All cases. The mended twins of published programs are healthy cases of their own."""

from dataclasses import replace

from tests.doctor_cases import broken_networks, broken_training, healthy, published
from tests.doctor_cases.case import Case

REPAIRED: tuple[Case, ...] = tuple(
    replace(case.twin(), name=f"{case.name}-repaired") for case in published.CASES if "changed" not in case.mended
)
BROKEN: tuple[Case, ...] = (*published.CASES, *broken_networks.CASES, *broken_training.CASES)
HEALTHY: tuple[Case, ...] = (*healthy.CASES, *REPAIRED)
ALL: tuple[Case, ...] = (*BROKEN, *HEALTHY)


def named(name: str) -> Case:
    """The case of this name."""
    return next(case for case in ALL if case.name == name)
