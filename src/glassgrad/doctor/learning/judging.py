"""Does it learn? The loss beside what a constant prediction reaches, and whether it still falls. Floor 7."""

from dataclasses import dataclass
from math import isfinite, nan
from statistics import fmean

from glassgrad.doctor.learning.learning import Course, Learning
from glassgrad.doctor.learning.numbers import (
    finite,
    jitter,
    majority,
    middle,
    nothing_to_learn,
    percent,
    said,
)
from glassgrad.doctor.measured.losses import NEVER_NEGATIVE
from glassgrad.doctor.measured.trace import Trace

ENOUGH = 0.5  # this share of the way to the least loss is learning, whether or not it still falls …
FALLING = 0.4  # … and this share where it does: with less it may as well be on its way to a plateau
FLAT = 0.2  # less, and no longer falling, is stuck
STILL = 0.01  # a smaller share of the loss gone is no movement
LITTLE = 0.03  # less is what a constant prediction gains by the way


@dataclass(frozen=True, slots=True)
class _Curve:
    """A loss curve in a few numbers."""

    first: float
    last: float
    best: float
    peak: float  # the ninth decile of the second half
    noise: float  # from step to step, beside the trend
    fall: float  # from the third quarter to the last …
    doubt: float  # … and how far chance alone would move it
    end: float  # training loss at the end, without what evaluation mode changes

    @property
    def is_falling(self) -> bool:
        """Does it still fall, by more than chance, and by enough of what it fell so far to get on?"""
        return self.fall > 2 * self.doubt and self.fall > max(0.08 * (self.first - self.end), 1e-4 * abs(self.end))


def judge(trace: Trace) -> Learning:
    """The verdict on the losses of a training. No gradient is looked at."""
    losses = finite(trace.losses)
    steps = len(trace.losses)
    baseline = _baseline(trace, losses)
    failed = _failure(trace)
    if not losses:
        first = trace.before if trace.before is not None else nan
        nowhere: Course = "fails" if failed else "stuck"
        return Learning(nowhere, first, nan, nan, baseline, 0.0, steps, failed or "No loss was read.")
    curve = _curve(trace, losses)
    gained = _gained(trace, curve, baseline)
    course, reason = _course(trace, curve, baseline, gained)
    if failed:
        course, reason = "fails", failed
    return Learning(course, curve.first, curve.last, curve.best, baseline, gained, steps, reason)


def _baseline(trace: Trace, losses: list[float]) -> float:
    """What a constant prediction reaches; NaN where that is not to be trusted.

    The best constant for a loss of one's own may be one that the model cannot give (a probability of 10): it shows by
    a loss below 0 that the training never sees.
    """
    data = trace.setup.data
    if data is None:
        return nan
    unknown = trace.setup.loss.name not in NEVER_NEGATIVE
    return nan if unknown and data.baseline < 0 <= min(losses, default=0.0) else data.baseline


def _failure(trace: Trace) -> str:
    """Why there is no finite number any more; empty where there is."""
    bad = trace.bad
    ends_finite = bool(trace.losses) and isfinite(trace.losses[-1])
    went_on = ends_finite and bad is not None and bad.step < len(trace.losses) - 1  # a step that a scaler left out
    if bad is not None and not went_on and not (bad.phase in ("input", "target") and ends_finite):
        what = {"nan": "NaN", "inf": "infinite"}[bad.what]
        return f"From step {bad.step} on there are numbers that are {what}{': ' + bad.says if bad.says else ''}."
    if not ends_finite and any(value in (float("inf"), float("-inf")) for value in trace.losses):
        return "The loss becomes infinite."
    if trace.after is not None and not isfinite(trace.after):
        return "At the end the loss is no finite number."
    return ""


def _curve(trace: Trace, losses: list[float]) -> _Curve:
    count = len(losses)
    tail = max(3, count // 10)
    end = middle(losses[-tail:], losses[-1])
    mean = fmean(losses[-tail:])  # of single examples it may be twice the median, and a baseline is a mean
    first = (
        trace.before if trace.before is not None and isfinite(trace.before) else fmean(losses[: max(1, count // 50)])
    )
    noise = jitter(losses)
    # Evaluation mode is the fairer of the two, but right after the start the running means of batch norm are not.
    last = end
    if trace.after is not None and isfinite(trace.after) and trace.after < max(end, mean) + 2 * noise / tail**0.5:
        last = trace.after
    width = max(1, count // 20)
    windows = [fmean(losses[i : i + width]) for i in range(0, count - width + 1, width)]
    late = sorted(losses[count // 2 :])
    quarter = max(1, count // 4)
    fall = middle(losses[-2 * quarter : -quarter], losses[0]) - middle(losses[-quarter:], losses[-1])
    if quarter < 3:
        fall = losses[0] - losses[-1]
    return _Curve(
        first=first,
        last=last,
        best=min(*windows, last, first),
        peak=late[int(0.9 * (len(late) - 1))],
        noise=noise,
        fall=fall,
        doubt=noise * (2 / quarter) ** 0.5,
        end=end,
    )


def _gained(trace: Trace, curve: _Curve, baseline: float) -> float:
    """The share of the way from the baseline (or the start, where it is lower) to the least loss there can be.

    Where predictions are counted as right or wrong, that counts as well: some losses cannot fall far although every
    prediction is right.
    """
    if nothing_to_learn(trace.setup.data) or _is_impossible(trace, curve):
        return 0.0
    start = min(curve.first, baseline) if isfinite(baseline) else curve.first
    floor = 0.0 if curve.best >= 0 else min(curve.best, -abs(start))
    by_loss = (start - curve.last) / (start - floor) if start > floor else 0.0
    if isfinite(baseline) and baseline > floor and curve.last <= 1.1 * curve.first:  # it came in knowing a lot
        by_loss = max(by_loss, (baseline - curve.last) / (baseline - floor) if curve.first < 0.6 * baseline else 0.0)
    known = trace.setup.loss.name in NEVER_NEGATIVE
    if known and curve.last > 1.1 * baseline:  # right or wrong, it would do better to always say the same
        return min(max(by_loss, 0.0), 1.0)
    return min(max(by_loss, 0.4 * max(by_loss, 0.0) + 0.6 * _by_score(trace), 0.0), 1.0)


def _by_score(trace: Trace) -> float:
    """The same by the share of right predictions, beyond the start and beyond always saying the most frequent label."""
    known = majority(trace.setup.data)
    if trace.score_after is None or not known < 1:
        return 0.0
    known = max(known, trace.score_before or 0.0)
    return (trace.score_after - known) / (1 - known) if known < 1 else 0.0


def _is_impossible(trace: Trace, curve: _Curve) -> bool:
    """A loss below 0 that cannot be: it was given numbers that are not what it takes them for."""
    data, name = trace.setup.data, trace.setup.loss.name
    density = name == "nll" and not (data is not None and data.labels)  # of numbers, which may well be above 1
    return name in NEVER_NEGATIVE and not density and min(curve.last, curve.best) < -1e-3


def _course(trace: Trace, curve: _Curve, baseline: float, gained: float) -> tuple[Course, str]:
    beside = f"; always predicting the same reaches {said(baseline)}" if isfinite(baseline) else ""
    course = f"The loss goes from {said(curve.first)} to {said(curve.last)} in {len(trace.losses)} steps{beside}"
    if trace.score_after is not None and trace.setup.data is not None and trace.setup.data.labels:
        course += f", and {percent(trace.score_after)} of the predictions are right"
    if nothing_to_learn(trace.setup.data):
        return "stuck", f"{course}. All targets are the same: there is nothing to learn."
    if _is_impossible(trace, curve):
        return "diverges", f"{course}. It should never be below 0, and falls without end."
    if gained >= ENOUGH or (gained >= FALLING and curve.is_falling):
        return "learns", f"{course}."
    limit = max(curve.first, baseline) if isfinite(baseline) else curve.first
    if curve.end > limit + max(0.5 * abs(limit), 3 * curve.doubt) and curve.last > limit:
        return "diverges", f"{course}: it is worse than at the start."
    swings = curve.noise > 0.25 * abs(limit) and curve.peak > 1.5 * abs(curve.end)
    if swings and gained < FALLING:
        return "oscillates", f"{course}, and jumps by {said(curve.noise)} from step to step."
    dropped = (curve.first - curve.last) / abs(curve.first) if curve.first else 0.0
    on_its_way = curve.is_falling and dropped > LITTLE and not curve.last < 1.05 * baseline
    has_moved = dropped > STILL  # one that began with a good loss and stays there has not
    if (gained >= FLAT and has_moved) or (gained >= LITTLE and curve.is_falling) or on_its_way:
        return "slow", f"{course}: {'it still falls, but slowly' if curve.is_falling else 'it falls by little'}."
    return "stuck", f"{course}: it does not get anywhere."
