"""Is a training still under way? Not every framework tells its callbacks of a training that breaks off. Floor 7."""

import sys
from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any


class UnderWay:
    """Says whether the function that trains has returned, or has raised, by a look at the calls of its thread.

    A look from another thread, such as one of autograd's, finds it under way.
    """

    def __init__(self, frame: FrameType) -> None:
        self._frame: FrameType | None = frame
        self._thread = get_ident()

    def __call__(self) -> bool:
        """Is it under way?"""
        if get_ident() != self._thread:
            return True
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect.currentframe` is the same, without a depth
        while frame is not None and frame is not self._frame:
            frame = frame.f_back
        if frame is None:
            self._frame = None  # and with it all that the function held
        return frame is not None


def training_of(name: str, is_trainer: Callable[[Any], bool]) -> UnderWay | None:
    """The outermost call under way of the method with this name of a trainer; None where there is none."""
    found: FrameType | None = None
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - see above
    while frame is not None:
        if frame.f_code.co_name == name and is_trainer(frame.f_locals.get("self")):
            found = frame
        frame = frame.f_back
    return None if found is None else UnderWay(found)
