"""What a value is, in words that another process gives it too: no addresses. Floor 0."""

import contextlib
import functools
import hashlib
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any

import numpy as np

_SMALL = 32  # elements of an array that is written out


def described(value: Any) -> str:
    """Functions by where they are defined, other values as they show themselves.

    What cannot be found by its name, a lambda or a function inside of another, has a hash of its code behind it, and
    of what it holds of its surroundings.

    >>> described(np.tanh), described(functools.partial(max, 1)), described({"rate": 0.1, "of": [len]})
    ('numpy.tanh', 'partial(max, 1)', "{'rate': 0.1, 'of': [len]}")
    """
    match value:
        case functools.partial():
            parts = [described(value.func), *map(described, value.args)]
            parts += [f"{name}={described(item)}" for name, item in value.keywords.items()]
            return f"partial({', '.join(parts)})"
        case Mapping():
            return "{" + ", ".join(f"{key!r}: {described(item)}" for key, item in value.items()) + "}"
        case list():
            return f"[{', '.join(map(described, value))}]"
        case tuple() if type(value) is tuple:
            return f"({', '.join(map(described, value))}{',' * (len(value) == 1)})"
        case np.ndarray() if value.size > _SMALL and not value.dtype.hasobject:
            return f"{value.dtype}{list(value.shape)}#{_hash(value.dtype.str.encode() + value.tobytes())}"
    if name := name_of(value):
        return name + (f"#{_of_function(value)}" if isinstance(value, FunctionType) and "<" in name else "")
    shows: Any = type(value).__repr__
    if shows is object.__repr__:
        return f"<{name_of(type(value))}>"
    return repr(value)


def name_of(value: Any) -> str | None:
    """Where a function or a class is defined: `numpy.tanh`, `math.pi` is None."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str) or not callable(value):
        return None
    module = getattr(value, "__module__", None) or ("numpy" if isinstance(value, np.ufunc) else None)
    return f"{module}.{name}" if module not in (None, "__main__", "builtins") else name


def counted(number: int, what: str) -> str:
    """A number and its noun.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _of_function(function: FunctionType) -> str:
    held = []
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # it is not set yet
            held.append(_held(cell.cell_contents))
    held += [_held(value) for value in function.__defaults__ or ()]
    held += [f"{name}={_held(value)}" for name, value in (function.__kwdefaults__ or {}).items()]
    return _hash(repr((_of_code(function.__code__), held)))


def _held(value: Any) -> str:
    """Numbers, words and arrays; of all else only the kind, for it may hold the function itself."""
    plain = (bool, int, float, complex, str, bytes, np.ndarray, np.generic)
    if value is None or isinstance(value, plain):
        return described(value)
    return name_of(value) or type(value).__qualname__


def _of_code(code: CodeType) -> tuple[Any, ...]:
    return (code.co_code, code.co_names, code.co_varnames, [_of_constant(item) for item in code.co_consts])


def _of_constant(value: Any) -> Any:
    match value:
        case CodeType():
            return _of_code(value)
        case frozenset():
            return sorted(map(repr, value))  # its own order differs from process to process
    return repr(value)


def _hash(content: bytes | str) -> str:
    data = content.encode() if isinstance(content, str) else content
    return hashlib.blake2b(data, digest_size=4).hexdigest()
