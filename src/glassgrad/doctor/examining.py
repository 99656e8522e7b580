"""examine: runs a training set-up, says what is wrong with it, and tries cures. Floor 7."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from glassgrad.doctor.cures.trials import try_cures
from glassgrad.doctor.diagnosing import diagnosed
from glassgrad.doctor.measured.steps import sampled
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.report.report import Report
from glassgrad.doctor.subjects.choosing import subject_of
from glassgrad.doctor.subjects.subject import Subject
from glassgrad.nn.linear import check_sizes
from glassgrad.optim.rates import checked_number

_EPOCHS, _FEWEST, _MOST = 20, 200, 2_000  # of the steps, where none are given
_TRAINING, _CAUSES = 0.25, 0.3  # shares of the seconds


def examine(
    model: Any,
    loss: Callable[..., Any],
    data: Any,
    optimizer: Any,
    *,
    steps: int | None = None,
    seeds: int = 3,
    seconds: float = 60.0,
    cures: bool = True,
    progress: bool | None = None,
) -> Report:
    """Trains a copy, and reports whether it learns, where the gradient breaks, why, and which cure worked.

    `model` is a torch.nn.Module or one of our layers, with an optimiser of its kind; `data` is (inputs, *targets), or
    batches that can be gone through again; `loss(prediction, *targets)` gives a number. Nothing of it is changed.

    `steps` are the steps of the training that is judged: as many as yours has, if you know; otherwise 20 epochs, at
    least 200 and at most 2,000 steps, as far as a quarter of the `seconds` goes. Cures run as long, from the weights as
    they are and from `seeds - 1` fresh starts. All of it takes about `seconds`.

    Raises UsageError where the parts do not fit together, or the model cannot be run on the data.

    >>> x = np.random.default_rng(0).normal(size=(256, 2)).astype(np.float32)
    >>> model = nn.mlp([2, 16, 1], key=0)
    >>> report = gg.doctor.examine(model, nn.mse, (x, x[:, :1] * x[:, 1:]), gg.optim.adam(0.01), steps=300)
    >>> report.verdict
    'healthy'
    """
    check_sizes("examine", seeds=seeds, **({} if steps is None else {"steps": steps}))
    checked_number(seconds, "seconds")
    began = time.monotonic()
    with _telling(progress) as tell:
        tell("reading the model and the data")
        subject = subject_of(model, loss, data, optimizer)
        tell("training as it is")
        trace, given = first_run(subject, steps, seconds)
        tell("looking for causes")
        report = diagnosed(trace, subject, seconds * _CAUSES)
        left = seconds - (time.monotonic() - began)
        if cures and report.causes and left > 0:
            tried = try_cures(subject, report.causes, trace, steps=given, seeds=seeds, seconds=left, tell=tell)
            report = replace(report, cures=tried, worth_trying=() if tried else report.worth_trying)
    return replace(report, seconds=time.monotonic() - began)


def first_run(subject: Subject, steps: int | None, seconds: float) -> tuple[Trace, int]:
    """The training as it is, sampled closely at the start and evenly later; and how many steps a cure is given.

    Those are the steps that the training had, but as many as were asked for where it broke off.
    """
    if steps is not None:
        trace = subject.run(steps, samples=sampled(steps))
        return trace, steps
    data = subject.setup().data
    chosen = min(max(_EPOCHS * (data.batches if data else 0), _FEWEST), _MOST)
    trace = subject.run(chosen, samples=sampled(chosen), seconds=seconds * _TRAINING)
    return trace, chosen if trace.bad is not None else max(len(trace.losses), 1)


@contextmanager
def _telling(progress: bool | None) -> Iterator[Callable[[str], None]]:
    """Says in a line of stderr what goes on, where it is a terminal or it is asked for."""
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console  # with the first examination, not with the package

    with Console(stderr=True).status("") as status:
        yield status.update
