"""The ledger in a sentence. Floor 7."""

from collections.abc import Sequence
from math import inf, isfinite, isnan

from glassgrad.doctor.ledger.ledger import Entry, way
from glassgrad.pages.numbers import factor


def sentence(entries: Sequence[Entry], *, has_bad: bool) -> str:
    """Who took how much between the loss and the first weight.

    A gradient that is NaN is none at all, unless there are numbers that are none.
    """
    broken = [entry for entry in entries if entry.is_broken]
    measured = [entry for entry in entries[: way(entries)] if not isnan(entry.total)]
    if not measured:
        return "No gradient was measured."
    if broken and isnan(broken[0].total) and not has_bad:
        return f"No gradient gets past {named(broken[0])}, so no weight before it learns."
    if broken and (isnan(broken[0].total) or broken[0].total == inf):
        return f"The gradient is no number any more once it has passed {named(broken[0])}."
    silent = next((entry for entry in measured if entry.total == -inf), None)
    if silent is not None:
        passes = "leaves the loss" if silent.family == "loss" else f"passes {named(silent)}"
        return f"Nothing {passes}: the gradient is exactly 0 from there on, so no weight before it learns."
    if broken and broken[0].time and abs(broken[0].time[-1]) > abs(broken[0].decades):
        along = broken[0].time
        return (
            f"Along the {len(along)} steps of {named(broken[0])} the gradient is multiplied by {factor(along[-1])}, "
            f"{_falls(along)}."
        )
    if [entry.family for entry in broken] == ["loss"]:
        size = "little" if broken[0].decades < 0 else "much"
        return f"{named(broken[0])} hands on a gradient of norm {factor(broken[0].total)}: {size} for its examples."
    arrives = multiplied(entries)
    return f"{arrives}: {_takers(broken, entries)}." if broken else f"{arrives}; no link stands out."


def multiplied(entries: Sequence[Entry]) -> str:
    """What becomes of the gradient on the whole way to the first weight."""
    if len(entries) == 1:
        return f"Only the gradient that leaves {named(entries[0])} was measured"
    measured = [entry.total for entry in entries[: way(entries)] if isfinite(entry.total)]
    change = factor(measured[-1] - entries[0].total) if measured else "–"
    return f"From the loss to {named(entries[-1])} the gradient is multiplied by {change}"


def named(entry: Entry) -> str:
    """The link for a sentence: what it is and where."""
    return (
        entry.operation
        if entry.path == "loss" or entry.path in entry.operation
        else f"{entry.operation} ({entry.path})"
    )


def _takers(broken: Sequence[Entry], entries: Sequence[Entry]) -> str:
    part = sum(entry.decades for entry in broken if isfinite(entry.decades) and entry.family != "loss")
    others = sum(
        entry.decades for entry in entries[1 : way(entries)] if not entry.is_broken and isfinite(entry.decades)
    )
    kinds: dict[str, list[Entry]] = {}
    for entry in broken:
        kinds.setdefault(entry.operation.partition("(")[0], []).append(entry)
    parts = [f"{len(some)} × {kind}" if len(some) > 1 else named(some[0]) for kind, some in kinds.items()]
    who = " and ".join(parts[:3]) + (" and others" if len(parts) > 3 else "")
    return f"by {factor(part)} in {who}, by {factor(others)} in all the other links"


def _falls(along: Sequence[float]) -> str:
    """How soon it falls to a tenth, or grows tenfold."""
    tenth = next((place for place, one in enumerate(along) if abs(one) >= 1), len(along) - 1)
    return f"by {factor(along[tenth])} in the last {tenth}"
