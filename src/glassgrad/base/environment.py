"""Environment variables that set something: a value that says nothing is warned of and left aside. Floor 0."""

import os

from glassgrad.base.warning import warn_once


def whole_number(name: str, *, least: int = 0) -> int | None:
    """The number that the variable holds; None where it is not set, or is no whole number from `least`.

    >>> whole_number("GLASSGRAD_NOT_SET") is None
    True
    """
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    if text.isdecimal() and int(text) >= least:
        return int(text)
    better = f"{name}={max(least, 2)}"
    warn_once(f"{name}={text!r} is not a whole number from {least}, and has no effect; {better} would have one")
    return None
