"""Where runs differ: their configurations, data, versions and machines, leaf by leaf. Floor 7."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from glassgrad.train.store.records import RunRecord


@dataclass(frozen=True, slots=True)
class Difference:
    """One place, and what each run has there; None with `absent` where it has nothing."""

    place: str  # "configuration.optimizer.rate"
    values: tuple[Any, ...]
    absent: tuple[bool, ...]


def differences(records: Sequence[RunRecord]) -> tuple[list[Difference], int]:
    """Where the runs differ, and how many places are equal in all of them."""
    trees = [dict(_leaves("", asdict(record.facts))) for record in records]
    places = dict.fromkeys(place for tree in trees for place in tree)
    found = [
        Difference(place, tuple(tree.get(place) for tree in trees), tuple(place not in tree for tree in trees))
        for place in places
    ]
    apart = [each for each in found if any(each.absent) or any(value != each.values[0] for value in each.values)]
    return apart, len(places) - len(apart)


def _leaves(place: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """(path, value) of a plain tree; lists of plain values are one leaf, and so are empty trees."""
    match tree:
        case dict() if tree:
            for key, item in tree.items():
                yield from _leaves(f"{place}.{key}" if place else str(key), item)
        case list() if any(isinstance(item, dict | list) for item in tree):
            for index, item in enumerate(tree):
                yield from _leaves(f"{place}[{index}]", item)
        case _:
            yield place, tree
