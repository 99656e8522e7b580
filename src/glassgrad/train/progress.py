"""Progress in the terminal: a bar for the epochs with loss, validation, rate, speed and the time left. Floor 7."""

import sys
from typing import Any

from glassgrad.train.run import Callback, Ended, EpochEnded, Event, Run, Started, Stepped

_SECONDS = 0.1  # between two pictures


def shown(*, force: bool) -> list[Callback]:
    """The callback that draws the bar, where stderr is a terminal or it is asked for; else none."""
    return [Progress()] if force or sys.stderr.isatty() else []


class Progress:
    """Draws a run on stderr."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._batches: int | None = None

    def __call__(self, event: Event) -> None:
        """Draws what has happened."""
        match event:
            case Started(run, epochs, batches):
                self._start(run, epochs, batches)
            case Stepped(run, _):
                self._bar.update(self._task, completed=run.step, numbers=_numbers(run))
            case EpochEnded(run, _):
                self._bar.update(self._task, epoch=run.epoch, numbers=_numbers(run))
            case Ended(run) if self._bar is not None:
                if self._batches is not None and run.status == "finished":
                    self._bar.update(self._task, completed=run.step)
                self._bar.stop()

    def _start(self, run: Run, epochs: int, batches: int | None) -> None:
        from rich import progress  # with the first bar, not with the package
        from rich.console import Console

        columns = (
            progress.TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[numbers]}"),
            progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        )
        self._batches = batches
        console = Console(stderr=True)
        self._bar = progress.Progress(*columns, console=console, refresh_per_second=1 / _SECONDS)
        total = None if batches is None else batches * epochs
        self._task = self._bar.add_task("", total=total, completed=run.step, epoch=run.epoch, epochs=epochs, numbers="")
        self._bar.start()


def _numbers(run: Run) -> str:
    """The latest numbers in a few words."""
    parts = []
    if run.history.steps:
        parts.append(f"loss {run.history.steps['loss'].values[-1]:.4g}")
    if run.history.epochs:
        record = run.history.epochs[-1]
        parts += [f"{name} {value:.4g}" for name, value in record.items() if name.startswith("validation")]
        if "rate" in record:
            parts.append(f"rate {record['rate']:.2g}")
    if run.timings.steps > 0 and run.step:
        parts.append(f"{run.step / run.timings.steps:.3g} steps/s")
    return "  ".join(parts)
