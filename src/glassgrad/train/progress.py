"""Progress in the terminal: a line with a bar, the loss, the rate and the time left, as wide as there is room. Floor 7.

It is drawn by a clock of its own, so that a step takes no longer for it.
"""

import sys
from math import nan
from time import monotonic
from typing import Any

from glassgrad.optim.rates import rates
from glassgrad.train.run import Callback, Ended, Event, Run, Started

_PICTURES = 10  # in a second
_LEAST, _FAIR, _MOST = 4, 10, 30  # columns of the bar: without more it is left out, and gives room to no further number
_TIME = len("10:00 left")
_SIZE, _RATE = len("1.23e-05"), len("1.2e-05")  # what numbers are given room for: the line does not jump with them

_Number = tuple[str, float, int]  # its name, it, the room for it


def shown(*, force: bool) -> list[Callback]:
    """The callback that draws the line, where stderr is a terminal or it is asked for; else none."""
    return [Progress()] if force or sys.stderr.isatty() else []


class Progress:
    """Draws a run on stderr."""

    def __init__(self) -> None:
        self._live: Any = None

    def __call__(self, event: Event) -> None:
        """Begins the line and ends it; between, it looks at the run by itself."""
        match event:
            case Started(run, epochs, batches):
                self._start(Line(run, epochs, batches))
            case Ended() if self._live is not None:
                self._live.stop()

    def _start(self, line: "Line") -> None:
        from rich.console import Console  # with the first line, not with the package
        from rich.live import Live
        from rich.text import Text

        console = Console(stderr=True)
        is_plain = console.options.ascii_only or console.legacy_windows

        def drawn() -> Text:
            return Text(line.text(console.width, is_plain=is_plain), no_wrap=True, overflow="crop")

        self._live = Live(get_renderable=drawn, console=console, refresh_per_second=_PICTURES)
        self._live.start()


class Line:
    """What the line says of a run at a moment."""

    def __init__(self, run: Run, epochs: int, batches: int | None) -> None:
        self._run, self._epochs, self._batches = run, epochs, batches
        self._began, self._first = monotonic(), run.step
        self._at_first = {name: float(rate) for name, rate in rates(run.state.optimizer).items()}
        self._rates = tuple(self._at_first)
        if run.monitor.startswith("validation "):
            self._at_first[run.monitor] = nan  # there is room for it from the beginning

    def text(self, width: int, *, is_plain: bool = False) -> str:
        """The line: the most important parts that there is room for, and a bar in the room that is left."""
        run, time = self._run, self._time()
        epoch = f"epoch {run.epoch:>{len(str(self._epochs))}}/{self._epochs}"
        room = width - len(epoch) - 2 - max(len(time), _TIME)
        first, others = self._numbers()
        parts = []
        for numbers, left in ((first, 0), (others, 1 + _FAIR)):
            for name, number, size in numbers:
                needed = 2 + len(name) + 1 + size
                if needed + left <= room:
                    room -= needed
                    parts.append(f"{name} {_said(number, size):<{size}}")
        bar = self._bar(min(room - 1, _MOST), is_plain=is_plain)
        return "  ".join([f"{epoch} {bar}" if bar else epoch, *parts, time])

    def _numbers(self) -> tuple[list[_Number], list[_Number]]:
        """Names, numbers and room for them, the most important first; and those that the bar does not give way to."""
        run, losses = self._run, self._run.history.steps.get("loss")
        record = run.history.epochs[-1] if run.history.epochs else self._at_first
        loss = ("loss", losses.values[-1] if losses else nan, _SIZE)
        is_one = len(self._rates) == 1  # then its place in a chain says nothing
        rates = [("rate" if is_one else name, record[name], _RATE) for name in self._rates if name in record]
        validated = {name: record[name] for name in record if name.startswith("validation ")}
        watched = [("validation", validated.pop(run.monitor), _SIZE)] if run.monitor in validated else []
        others = [(name, number, _SIZE) for name, number in validated.items()]
        speed = run.step / run.timings.steps if run.timings.steps > 0 else nan
        return [loss, *rates, *watched], [*others, ("steps/s", speed, _SIZE)]

    def _steps(self) -> float | None:
        """How many steps there will be; after the first epoch that is known of every source."""
        run = self._run
        each = self._batches or (run.step / run.epoch if run.epoch else None)
        return None if each is None else each * self._epochs

    def _bar(self, width: int, *, is_plain: bool) -> str:
        steps = self._steps()
        if width < _LEAST or not steps:
            return ""
        done = min(round(width * self._run.step / steps), width)
        full, empty = ("-", " ") if is_plain else ("━", "─")
        return full * done + empty * (width - done)

    def _time(self) -> str:
        """The time left; at the end the time it took."""
        run, steps, passed = self._run, self._steps(), monotonic() - self._began
        made = run.step - self._first
        if run.is_over or (steps is not None and run.step >= steps):
            return _clock(passed)
        if steps is None or not made:
            return "–:–– left"
        steady = passed - run.timings.compiling if made > 1 else passed  # only the first step compiles
        return f"{_clock(steady / max(made - 1, 1) * (steps - run.step))} left"


def _said(number: float, size: int) -> str:
    """The number with two or three digits, and a dash where there is none."""
    return "–" if number != number else f"{number:.{2 if size == _RATE else 3}g}"  # noqa: PLR0124 - NaN


def _clock(seconds: float) -> str:
    """Minutes and seconds, hours if there are any.

    >>> _clock(75.4), _clock(3661.0)
    ('1:15', '1:01:01')
    """
    whole = round(max(seconds, 0.0))
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
