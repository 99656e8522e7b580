"""Ctrl-C waits while things change that belong together: a step writes over the state that it began with. Floor 7."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Whole:
    """A block that Ctrl-C does not tear: an interrupt that arrives inside is raised after its end.

    A second one does not wait, nor does one that arrives while the block is open: in what may take long. What breaks
    the block all the same (that, another signal, an error) leaves a mark: `is_torn`.

    Python hears of Ctrl-C in its main thread only, so elsewhere there is nothing to hold back. `listen` and
    `stop_listening` go around the loop that enters the block again and again.
    """

    __slots__ = ("_arrived", "_before", "_inside", "is_torn")

    def __init__(self) -> None:
        self.is_torn = False
        self._inside = False
        self._arrived: tuple[int, FrameType | None] | None = None
        self._before: Any = None  # the handler that was there

    # ------------------------------------------------------------------ the block
    def __enter__(self) -> Self:
        self._inside = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.is_torn = True
        self._inside = False
        if self._arrived is not None:
            self._deliver()

    def open(self) -> None:
        """From here on, inside the block, Ctrl-C breaks it."""
        self._inside = False

    def close(self) -> None:
        """From here on it waits again."""
        self._inside = True

    # ------------------------------------------------------------------ around the loop
    def listen(self) -> None:
        """From now on Ctrl-C waits for the end of a block."""
        if threading.current_thread() is not threading.main_thread():
            return
        before = signal.getsignal(signal.SIGINT)
        if callable(before):  # else it is ignored, or no business of Python's
            self._before = before
            signal.signal(signal.SIGINT, self._heard)

    def stop_listening(self) -> None:
        """As it was before."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._inside and self._arrived is None:
            self._arrived = (number, frame)
        else:
            self._arrived = None
            self._before(number, frame)

    def _deliver(self) -> None:
        assert self._arrived is not None
        number, frame = self._arrived
        self._arrived = None
        self._before(number, frame)
