"""All cases, in two sets. Thresholds were tuned on a half of the first; the second was written without the doctor.

The mended twins of published programs are healthy cases of their own, where their data is the same.
"""

from dataclasses import replace

from tests.doctor_cases import healthy
from tests.doctor_cases.broken import depth, ends, published, published_ends, rates, scales, weights, wiring
from tests.doctor_cases.case import Case
from tests.doctor_cases.second import data, losses, networks
from tests.doctor_cases.second import healthy as second_healthy
from tests.doctor_cases.second import rates as second_rates
from tests.doctor_cases.second import wiring as second_wiring

PUBLISHED: tuple[Case, ...] = (*published_ends.CASES, *published.CASES)
REPAIRED: tuple[Case, ...] = tuple(
    replace(case.twin(), name=f"{case.name}-repaired") for case in PUBLISHED if "changed" not in case.mended
)
BROKEN: tuple[Case, ...] = (
    *PUBLISHED, *depth.CASES, *weights.CASES, *ends.CASES, *rates.CASES, *scales.CASES, *wiring.CASES
)  # fmt: skip
HEALTHY: tuple[Case, ...] = (*healthy.CASES, *REPAIRED)
SECOND: tuple[Case, ...] = (
    *networks.CASES, *second_rates.CASES, *data.CASES, *losses.CASES, *second_wiring.CASES, *second_healthy.CASES
)  # fmt: skip
SETS: dict[str, tuple[Case, ...]] = {"first": (*BROKEN, *HEALTHY), "second": SECOND}
ALL: tuple[Case, ...] = tuple(case for cases in SETS.values() for case in cases)


def named(name: str) -> Case:
    """The case of this name."""
    return next(case for case in ALL if case.name == name)
