"""Questions about a running frame and its code: whose it is, what it is called, which parameters it has. Floor 3."""

import inspect
from pathlib import Path
from types import CodeType, FrameType

_STANDARD_LIBRARY = str(Path(inspect.__file__).parent)


def parameters_of(code: CodeType) -> tuple[str, ...]:
    """The names of a function's parameters, starred ones too."""
    starred = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + starred]


def is_followed(code: CodeType) -> bool:
    """Is this a function of the user's (not a module being imported, not the standard library's)?"""
    name = code.co_filename
    standard = name.startswith(_STANDARD_LIBRARY) and "site-packages" not in name
    return bool(code.co_flags & inspect.CO_OPTIMIZED) and not standard and not name.startswith("<frozen")


def is_comprehension(code: CodeType) -> bool:
    """Is this a comprehension, whose variables belong to the function around it?"""
    return code.co_name in ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")


def shown_name(frame: FrameType) -> str:
    """What the person calls the running function."""
    name = frame.f_code.co_name
    if name == "__call__" and "self" in frame.f_locals:
        return type(frame.f_locals["self"]).__name__
    return "function" if name == "<lambda>" else name
