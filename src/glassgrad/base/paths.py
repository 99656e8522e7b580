"""Patterns of paths: which parts of a model or of its parameters are meant. Floor 0."""

import re
from collections.abc import Callable


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a path fits a pattern: a path stands for all below it, `*` for any text.

    >>> fits = matcher("layers[0]")
    >>> fits("layers[0].weight"), fits("layers[01]")
    (True, False)
    """
    text = ".*".join(re.escape(part) for part in pattern.split("*"))
    expression = re.compile(rf"{text}(?:[.\[].*)?", re.DOTALL)
    return lambda path: expression.fullmatch(path) is not None
