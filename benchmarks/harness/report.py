"""Measurements as tables, JSON and plots."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.harness.case import LIBRARIES, Case
from benchmarks.harness.measure import OWN, Spread, Timing

UNITS = ((1.0, "s "), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))


def duration(seconds: float) -> str:
    """Seconds with three digits in a fitting unit."""
    size, unit = next(pair for pair in UNITS if seconds >= pair[0])
    value = seconds / (size or 1e-9)
    return f"{value:.3g}" + " " + unit if value < 1000 else f"{value:.0f} {unit}"


def _times(ratio: Spread) -> str:
    return f"{ratio.median:.3g}× [{ratio.low:.3g}, {ratio.high:.3g}]"


def rates(case: Case, seconds: float, ceiling: float | None) -> str:
    """What a case achieves, beside the memory's speed."""
    parts = []
    if case.bytes:
        share = f" ({case.bytes / seconds / ceiling:.0%})" if ceiling else ""
        parts.append(f"{case.bytes / seconds / 1e9:.3g} GB/s{share}")
    if case.flops:
        parts.append(f"{case.flops / seconds / 1e9:.3g} GFLOP/s")
    return "  ".join(parts)


def lines(case: Case, timings: Sequence[Timing], ceiling: float | None = None) -> list[str]:
    """A case as lines of a table: each library's time, how much slower than ours it is, and its rate."""
    found = []
    for index, timing in enumerate(timings):
        name = case.name if index == 0 else ""
        if timing.seconds is None:
            found.append(f"{name:32}{timing.library:14}{'left out: ' + timing.wrong}")
            continue
        ratio = _times(timing.ratio) if timing.ratio and timing.library != OWN else ""
        rate = rates(case, timing.seconds.median, ceiling)
        row = f"{name:32}{timing.library:14}{duration(timing.seconds.median):>10}  {ratio:28}{rate}"
        found.append(row.rstrip())
    return found


def record(case: Case, timings: Sequence[Timing]) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "case": case.name,
        **({"bytes": case.bytes} if case.bytes else {}),
        **({"flops": case.flops} if case.flops else {}),
        **dict(case.notes),
        "timings": [asdict(timing) for timing in timings],
    }


def best_peer(timings: Sequence[Timing]) -> Timing | None:
    """The fastest library that is not ours."""
    peers = [timing for timing in timings if timing.ratio and timing.library != OWN]
    return min(peers, key=lambda timing: timing.ratio.median, default=None)


def plot(groups: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    """How much slower than ours each library is, one panel a group; needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shown = {name: records for name, records in groups.items() if any("timings" in one for one in records)}
    rows = max((len(records) for records in shown.values()), default=1)
    figure, axes = plt.subplots(
        1, max(1, len(shown)), figsize=(6 * max(1, len(shown)), 1.5 + 0.3 * rows), squeeze=False
    )
    for axis, (name, records) in zip(axes[0], shown.items(), strict=False):
        for library in LIBRARIES:
            points = [
                (row, timing["ratio"])
                for row, one in enumerate(records)
                for timing in one.get("timings", ())
                if timing["library"] == library and timing["ratio"] and library != OWN
            ]
            if points:
                places, ratios = zip(*points, strict=True)
                middle = [ratio["median"] for ratio in ratios]
                reach = [[r["median"] - r["low"] for r in ratios], [r["high"] - r["median"] for r in ratios]]
                axis.errorbar(middle, places, xerr=reach, fmt="o", label=library)
        axis.axvline(1.0, color="black", linewidth=1)
        axis.set(xscale="log", xlabel="times Glassgrad's time (right of 1: Glassgrad is faster)", title=name)
        axis.set_yticks(range(len(records)), [one["case"] for one in records])
        axis.invert_yaxis()
        axis.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
