"""What the callbacks have in common: a visit that begins and ends with the training. Floor 7."""

from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.doctor.report.report import Report
from glassgrad.doctor.watching import Visit, watch


class Watcher:
    """Begins a visit when the training begins, ends it when it ends, well or not, and has its report."""

    def __init__(self, every: int | None) -> None:
        self._every = every
        self._is_open = False
        self.visit: Visit | None = None
        self._why_not: Exception | None = None

    def begin(self, model: Any, optimizer: Any) -> None:
        """The training begins."""
        self.end()
        try:
            self.visit = watch(model, optimizer, every=self._every)
        except Exception as error:  # noqa: BLE001 - the training goes on unwatched; the report says why
            self.visit, self._why_not = None, error
            return
        self.visit.__enter__()
        self._is_open = True

    def end(self) -> None:
        """It has ended."""
        if self._is_open and self.visit is not None:
            self._is_open = False
            self.visit.__exit__(None, None, None)

    def report(self) -> Report:
        """What there is to say so far. Raises UsageError before the training began, or where it cannot be watched."""
        if self._why_not is not None and self.visit is None:
            raise self._why_not
        if self.visit is None:
            raise UsageError("there is no report yet: the training has not begun")
        return self.visit.report()
