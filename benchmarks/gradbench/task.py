"""What an eval's function gives the tool for one input: the compiled function, its arguments, and how to answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Input = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One evaluation: `function(*arguments)` is what is timed, `answer` turns its result into JSON."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    answer: Callable[[Any], Any]


def array(values: Any) -> np.ndarray:
    """Numbers of a JSON message as a contiguous array of doubles."""
    return np.ascontiguousarray(values, dtype=np.float64)


def number(result: Any) -> float:
    """The answer of a function with one number as its result."""
    return float(result)


def listing(result: Any) -> Any:
    """The answer of a function with one array as its result."""
    return np.asarray(result).tolist()
