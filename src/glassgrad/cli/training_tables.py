"""Tables in the terminal, on stderr: what was inferred, and scores beside baselines; they fit its width."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from glassgrad.base.naming import counted
from glassgrad.pages.numbers import duration

if TYPE_CHECKING:
    from rich.console import Console

    from glassgrad.train.job import Material
    from glassgrad.train.run import Event

_MOST_COLUMNS = 24  # lines of a table that are shown
_SECONDS, _SECONDS_OF_TRAINING = 10.0, 30.0  # between two lines outside of a terminal


def console() -> "Console":
    """Where people read: stderr, without colours where NO_COLOR says so."""
    from rich.console import Console  # with the first table

    return Console(stderr=True, highlight=False, soft_wrap=False)


@contextmanager
def waiting(screen: "Console", text: str, *, is_long: bool = False) -> Iterator[Callable[[str], None]]:
    """Shows that something goes on, and what: it gives the function that says so.

    In a terminal nothing stays of it. Elsewhere there are lines, if it takes long, one in ten seconds.
    """
    if screen.is_terminal:
        with screen.status(_plain(text)) as status:
            yield lambda news: status.update(_plain(news))
        return
    lines = Lines(screen, _SECONDS if is_long else math.inf)
    if is_long:
        screen.print(_plain(f"{text} …"))
    yield lines.say


class Lines:
    """Lines for people that do not look at a terminal: at most one in so many seconds."""

    def __init__(self, screen: "Console", seconds: float) -> None:
        self._screen, self._seconds, self._said = screen, seconds, time.monotonic()
        self._epochs = 0

    def say(self, text: str) -> None:
        """A line, if the last one was long enough ago."""
        if time.monotonic() - self._said >= self._seconds:
            self._screen.print(_plain(text))
            self._said = time.monotonic()

    def __call__(self, event: "Event") -> None:
        """The news of a training."""
        from glassgrad.train.run import EpochEnded, Started, Stepped

        match event:
            case Started(_, epochs, _):
                self._epochs = epochs
            case Stepped(run, measured):
                self.say(f"training: epoch {run.epoch + 1} of at most {self._epochs}, loss {float(measured.loss):.4g}")
            case EpochEnded(run, record):
                numbers = ", ".join(
                    f"{name} {record[name]:.4g}" for name in ("loss", "validation loss") if name in record
                )
                self.say(f"training: {run.epoch} of at most {self._epochs} epochs, {numbers}")


def training_lines(screen: "Console") -> list[Lines]:
    """Who is told of a training: nobody in a terminal, which has a bar."""
    return [] if screen.is_terminal else [Lines(screen, _SECONDS_OF_TRAINING)]


def columns_table(screen: "Console", made: "Material") -> None:
    """What was inferred about the target and the columns, and how to overrule it."""
    from rich.table import Table

    plan, parts = made.plan, made.split
    inputs = counted(len(made.preparation.feature_names), "input")
    rows = f"{len(parts.train):,} rows to train, {len(parts.validation):,} to validate, {len(parts.test):,} to test"
    screen.print(_plain(f"target {plan.target.said()}"))
    screen.print(_plain(f"{rows}; {inputs} from {counted(len(plan.used), 'column')}\n"))
    ranked = sorted(plan.columns, key=lambda column: bool(column.is_used))  # those left out come first: look at them
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("column", overflow="fold", max_width=28)
    table.add_column("kind", no_wrap=True)
    table.add_column("why", overflow="fold")
    shown = ranked if len(ranked) <= _MOST_COLUMNS else ranked[: _MOST_COLUMNS - 1]
    for column in shown:
        missing = f", {column.missing:.1%} missing" if 0 < column.missing < 1 else ""
        kind = column.kind if column.is_used else f"– {column.kind}"
        style = None if column.is_used else "dim"
        table.add_row(_plain(column.name), _plain(kind), _plain(column.reason + missing), style=style)
    screen.print(table)
    if len(shown) < len(ranked):
        screen.print(f"and {len(ranked) - len(shown):,} more: all of them are in plan.json and in the report")
    for note in made.notes:
        screen.print(_plain(f"! {note}"), style="yellow")
    screen.print(_plain("\nwrong? --task classification|regression, --kind COLUMN=number|category|date|drop\n"))


def scores_table(screen: "Console", scores: dict[str, dict[str, Any]], summary: dict[str, Any]) -> None:
    """The measures of the network beside those of the baselines."""
    from rich.table import Table

    from glassgrad.train.report.words import best_of, measure, score

    rows = summary["rows"][summary["measured_on"]] if summary["measured_on"] else 0
    if not rows:
        screen.print("there were no rows to test on")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("on " + counted(rows, summary["measured_on"] + " row"))
    for who in scores:
        table.add_column(who, justify="right", overflow="fold")
    for name in next(iter(scores.values())):
        best = best_of(name, scores)
        cells = [f"[bold]{text}[/]" if who == best else text for who, text in _texts(name, scores, score)]
        table.add_row(measure(name), *cells)
    screen.print(table)
    for one in summary["candidates"]:
        kept = ", kept" if one["kept"] else ""
        loss = "failed" if one["validation_loss"] is None else f"validation loss {one['validation_loss']:.4g}"
        screen.print(_plain(f"tried {one['manner']}: {loss} in {counted(one['epochs'], 'epoch')}{kept}"))
    screen.print(_plain(f"\n{counted(summary['epochs'], 'epoch')} in {duration(summary['seconds'])}: {_end(summary)}"))
    if "validation" in summary["learnt_from"]:
        screen.print("the table is small: it learnt from the rows to validate too")


def known_table(screen: "Console", rows: int, scores: dict[str, Any]) -> None:
    """How good predictions are where the truth is in the table."""
    from glassgrad.train.report.words import measure, score

    found = ", ".join(f"{measure(name)} {score(name, value)}" for name, value in scores.items())
    screen.print(_plain(f"on the {counted(rows, 'row')} whose target is known: {found}"))


def _texts(name: str, scores: dict[str, dict[str, Any]], score: Any) -> list[tuple[str, str]]:
    return [(who, score(name, found.get(name))) for who, found in scores.items()]


def _end(summary: dict[str, Any]) -> str:
    kept = f"the network after epoch {summary['best_epoch']} is kept" if summary["best_epoch"] else ""
    return f"{summary['reason']}; {kept}" if summary["reason"] else kept or "finished"


def _plain(text: str) -> Any:
    """Text as it is: square brackets in a column's name are no markup."""
    from rich.text import Text

    return Text(text)
