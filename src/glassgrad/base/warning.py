"""Warnings that name the person's line, from however deep in the library they come. Floor 0."""

import sys
import warnings
from functools import lru_cache
from types import FrameType

from glassgrad.base.source import is_internal


def warn(text: str, category: type[Warning] = RuntimeWarning) -> None:
    """A warning at the line of the person's code that is being executed.

    >>> with warnings.catch_warnings(record=True) as seen:
    ...     warnings.simplefilter("always")
    ...     warn("the disk is full")
    >>> str(seen[0].message), seen[0].category.__name__
    ('the disk is full', 'RuntimeWarning')
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as in base/source.py
    while frame is not None and is_internal(frame.f_code):
        frame = frame.f_back
    if frame is None:  # a thread of the library's own
        warnings.warn(text, category, stacklevel=2)
        return
    known = frame.f_globals
    seen, module = known.setdefault("__warningregistry__", {}), known.get("__name__", "")
    warnings.warn_explicit(text, category, frame.f_code.co_filename, frame.f_lineno, module, seen)


@lru_cache(maxsize=64)
def warn_once(text: str) -> None:
    """A warning about what surrounds the process: said once, however often the same is found."""
    warn(text)
