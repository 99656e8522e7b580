"""Makes the ledger: gains in logarithms, added up from the loss; who took the most of what is missing. Floor 7.

A healthy chain hands the gradient on: the gains of its links are about 1 (which is what He's and Glorot's
initialisations are made for), and a loss averaged over n examples has a gradient of about 1/√n. What is missing is
counted from there. Links are called broken only where the chain as a whole is further off than its length explains.
"""

from collections.abc import Sequence
from math import inf, isfinite, isinf, isnan, log10, nan, sqrt

from glassgrad.doctor.ledger.ledger import Entry, Ledger, way
from glassgrad.doctor.ledger.saying import sentence
from glassgrad.doctor.measured.sample import Family, Link, Sample
from glassgrad.doctor.measured.trace import Trace

_ORDINARY = 0.5  # decades by which the gain of a healthy link may differ from 1; over n links that is √n times as much

_ALIKE = 2 / 3  # of what the worst link took: from there on another one is as broken as it


def ledger_of(trace: Trace, *, learns: bool = False) -> Ledger | None:
    """The ledger of the sample whose chain is furthest from a healthy one; None where no chain was measured.

    Of a training that learns it is the first: at its end the gradients are small because nothing is left to learn.
    """
    has_bad = trace.bad is not None
    samples = [sample for sample in trace.samples if sample.links]
    made = [ledger_of_sample(sample, _examples(trace, sample), has_bad=has_bad) for sample in samples]
    if not made:
        return None
    return made[0] if learns else max(made, key=_distance)


def ledger_of_sample(sample: Sample, examples: int = 1, *, has_bad: bool = False) -> Ledger:
    """The ledger of one sampled step, of a batch of so many examples; `has_bad`: there are numbers that are none."""
    decades = [_log(link.gain) for link in sample.links]
    links = sample.links[: way(sample.links)]
    broken = _broken(links, _off(links, decades[: len(links)], examples))
    weights: dict[str, list[tuple[str, float | None]]] = {}
    for weight in sample.weights:
        weights.setdefault(weight.link, []).append((weight.path, weight.gradient))
    entries = tuple(
        Entry(
            link.path, link.operation, link.family, link.gain, decade, _log(link.leaving), link.formula, link.place,
            is_broken=place in broken, weights=tuple(weights.get(link.path, ())), time=_along_time(link.time),
        )
        for place, (link, decade) in enumerate(zip(sample.links, decades, strict=True))
    )  # fmt: skip
    return Ledger(sample.step, entries, _by_family(entries[: len(links)]), sentence(entries, has_bad=has_bad))


def _examples(trace: Trace, sample: Sample) -> int:
    if sample.output is not None and sample.output.shape:
        return max(1, sample.output.shape[0])
    return max(1, trace.setup.data.batch) if trace.setup.data is not None else 1


def _log(value: float) -> float:
    if isnan(value) or value < 0:
        return nan
    return log10(value) if 0 < value < inf else -inf if value == 0 else inf


def _along_time(norms: Sequence[float]) -> tuple[float, ...]:
    """Decades from the last step of time back to each."""
    logs = [_log(norm) for norm in norms]
    first = next((one for one in logs if isfinite(one)), 0.0)
    return tuple(one - first for one in logs)


def _off(links: Sequence[Link], decades: Sequence[float], examples: int) -> list[float]:
    """How far each gain is from that of a healthy link; of a recurrent one, along time, where that is further."""
    found = []
    for link, decade in zip(links, decades, strict=True):
        if link.family == "loss":
            decade += 0.5 * log10(examples)  # noqa: PLW2901 - the healthy gain of a mean over the examples is 1/√n
        along = _along_time(link.time)
        ends = [one for one in (decade, along[-1] if along else nan) if not isnan(one)]
        found.append(max(ends, key=abs) if ends else nan)
    return found


def _broken(links: Sequence[Link], off: Sequence[float]) -> frozenset[int]:
    """The links that took (or gave) nearly as much as the one that took the most of what is missing."""
    wrong = next((place for place, link in enumerate(links) if _is_wrong(links, place)), None)
    if wrong is not None:
        return frozenset((wrong,))
    totals, lengths, total, length = [], [], 0.0, 0
    for link, one in zip(links, off, strict=True):
        total += 0.0 if isnan(one) else one
        length += max(1, len(link.time))
        totals.append(total)
        lengths.append(length)
    most = max(range(len(totals)), key=lambda place: _excess(totals[place], lengths[place]))
    if _excess(totals[most], lengths[most]) <= 1:
        return frozenset()
    sign = -1.0 if totals[most] < 0 else 1.0
    shares = {place: sign * one for place, one in enumerate(off[: most + 1]) if not isnan(one)}
    largest = max(shares.values())
    return frozenset(place for place, share in shares.items() if share >= largest * _ALIKE)


def _is_wrong(links: Sequence[Link], place: int) -> bool:
    """Is what leaves no number? Of the last link it is NaN where nobody asks for the gradient by the inputs."""
    leaving = links[place].leaving
    return isinf(leaving) or (isnan(leaving) and place + 1 < len(links))


def _excess(total: float, length: int) -> float:
    """How often the distance from a healthy chain is what a chain of this length may have."""
    return abs(total) / (_ORDINARY * (1 + sqrt(length)))


def _by_family(entries: Sequence[Entry]) -> tuple[tuple[Family, float], ...]:
    sums: dict[Family, float] = {}
    for entry in entries:
        if not isnan(entry.decades):
            sums[entry.family] = sums.get(entry.family, 0.0) + entry.decades
    return tuple(sorted(sums.items(), key=lambda pair: (isnan(pair[1]), pair[1])))


def _distance(ledger: Ledger) -> float:
    """How far the chain of a sample is from a healthy one; one with numbers comes before one without."""
    broken = [abs(entry.decades) for entry in ledger.broken if not isnan(entry.decades)]
    if any(isnan(entry.total) for entry in ledger.entries[:-1]):
        return -1.0
    along = [abs(entry.time[-1]) for entry in ledger.broken if entry.time and not isnan(entry.time[-1])]
    return min(sum(broken) + sum(along), 1e300)
