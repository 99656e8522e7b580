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


def summary(groups: Mapping[str, Sequence[tuple[Case, Sequence[Timing]]]]) -> list[str]:
    """For each case the peer that is the fastest, and how much slower than ours."""
    found = []
    for name, measured in groups.items():
        for case, timings in measured:
            peer = best_peer(timings)
            if peer:
                found.append(f"{name:13}{case.name:34}{peer.library:14}{_times(peer.ratio)}")
    return found


def plot(groups: Mapping[str, Sequence[Mapping[str, Any]]], path: Path) -> None:
    """How much slower than ours each library is, one panel a group; needs matplotlib."""
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise SystemExit("a plot needs matplotlib: pip install 'glassgrad[plot]'") from error

    mpl.use("Agg")
    mpl.rcParams["svg.fonttype"] = "none"  # letters instead of outlines
    from matplotlib import pyplot as plt

    shown = {name: list(records) for name, records in groups.items() if any("timings" in one for one in records)}
    if not shown:
        return
    heights = [len(records) + 2 for records in shown.values()]
    figure, axes = plt.subplots(
        len(shown),
        1,
        sharex=True,
        squeeze=False,
        figsize=(9, 1 + 0.25 * sum(heights)),
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
    )
    colours = {name: f"C{index}" for index, name in enumerate(LIBRARIES)}
    for axis, (name, records) in zip(axes[:, 0], shown.items(), strict=True):
        for row, one in enumerate(records):
            for timing in one["timings"]:
                ratio = timing["ratio"]
                if ratio and timing["library"] != OWN:
                    reach = [[ratio["median"] - ratio["low"]], [ratio["high"] - ratio["median"]]]
                    axis.errorbar(ratio["median"], row, xerr=reach, fmt="o", color=colours[timing["library"]])
        axis.axvline(1.0, color="black", linewidth=1)
        axis.set(xscale="log", title=name, ylim=(len(records) - 0.5, -0.5))
        axis.set_yticks(range(len(records)), [one["case"] for one in records])
        axis.grid(axis="x", alpha=0.3)
    axes[-1, 0].set_xlabel("times Glassgrad's time (right of 1: Glassgrad is faster)")
    seen = {timing["library"] for records in shown.values() for one in records for timing in one["timings"]}
    names = [name for name in LIBRARIES if name in seen and name != OWN]
    marks = [plt.Line2D([], [], marker="o", linestyle="", color=colours[name]) for name in names]
    figure.legend(marks, names, loc="outside upper center", ncols=max(len(names), 1))
    figure.savefig(path)
    plt.close(figure)
