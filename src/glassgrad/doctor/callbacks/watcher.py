"""What the callbacks have in common: a visit that begins and ends with the training. Floor 7."""

from collections.abc import Callable
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.doctor.report.report import Report
from glassgrad.doctor.watching import Visit, watch


class Watcher:
    """Begins a visit when the training begins, ends it when it ends, well or not, and has its report.

    An end that nobody tells of is seen at the next call of the model, or when the report is asked for; where the last
    step was none that is sampled, also at the next backward pass of any model.
    """

    def __init__(self, every: int | None) -> None:
        self._every = every
        self._is_open = False
        self.visit: Visit | None = None
        self._why_not: Exception | None = None
        self._lasts: Callable[[], bool] | None = None
        self._undo: Callable[[], None] = _nothing

    def begin(
        self,
        model: Any,
        optimizer: Callable[[], Any],
        lasts: Callable[[], bool] | None = None,
        undo: Callable[[], None] | None = None,
    ) -> None:
        """The training begins. `optimizer` gives its optimiser; `lasts` says whether it is under way; `undo` puts back
        what was done for the visit.
        """
        self.end()
        try:
            self.visit = watch(model, optimizer(), every=self._every)
        except Exception as error:  # noqa: BLE001 - the training goes on unwatched; the report says why
            self.visit, self._why_not = None, error
            if undo is not None:
                undo()
            return
        self._is_open, self._lasts, self._undo = True, lasts, undo or _nothing
        if lasts is not None:
            self.visit.while_(lasts, self.end)
        self.visit.__enter__()

    def end(self) -> None:
        """It has ended."""
        if self._is_open and self.visit is not None:
            self._is_open, self._lasts = False, None
            self.visit.__exit__(None, None, None)
            undo, self._undo = self._undo, _nothing
            undo()

    def report(self) -> Report:
        """What there is to say so far. Raises UsageError before the training began, or where it cannot be watched."""
        if self._why_not is not None and self.visit is None:
            raise self._why_not
        if self.visit is None:
            raise UsageError("there is no report yet: the training has not begun")
        if self._lasts is not None and not self._lasts():
            self.end()
        return self.visit.report()


def _nothing() -> None:
    pass
