"""Which NumPy function or ufunc means what on traced values: the table that `dispatch/` fills. Floor 3."""

from collections.abc import Callable
from typing import Any, TypeVar

Implementation = Callable[..., Any]
AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

FUNCTIONS: dict[Callable[..., Any], Implementation] = {}  # by the function itself, for __array_function__
UFUNCS: dict[str, Implementation] = {}  # by the ufunc's name, so that SciPy need not be imported to know its ufuncs
NAMES: dict[str, Implementation] = {}  # by dotted name, for functions of libraries that do not dispatch (SciPy)


def implements(*functions: Callable[..., Any]) -> Callable[[AnyFunction], AnyFunction]:
    """Declares what NumPy functions mean on traced values; the implementation takes the same arguments."""

    def declare(implementation: AnyFunction) -> AnyFunction:
        for function in functions:
            FUNCTIONS[function] = implementation
        return implementation

    return declare


def implements_ufunc(*names: str) -> Callable[[AnyFunction], AnyFunction]:
    """Declares what ufuncs mean on traced values, where that is not simply a row of the table."""

    def declare(implementation: AnyFunction) -> AnyFunction:
        for name in names:
            UFUNCS[name] = implementation
        return implementation

    return declare


def implements_name(*names: str) -> Callable[[AnyFunction], AnyFunction]:
    """Declares a function of a library that does not dispatch: `scipy.special.logsumexp`."""

    def declare(implementation: AnyFunction) -> AnyFunction:
        for name in names:
            NAMES[name] = implementation
        return implementation

    return declare
