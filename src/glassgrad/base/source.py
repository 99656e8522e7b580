"""Places in the user's source: which file, line and expression made a value. Floor 0.

Recording a place must be cheap (it happens for every node of a trace): only the code object and the
instruction's offset are kept; line, columns and text are looked up when somebody asks.
"""

import contextlib
import functools
import linecache
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

_OWN_FOLDER = str(Path(__file__).parent.parent)  # as code objects spell it: links are not followed
_DEMO_NETWORK = str(Path(_OWN_FOLDER, "cli", "demo", "network.py"))  # plain NumPy, as a user would write it
_NOT_FILES = ("<__array_function__", "<glassgrad", "<frozen ")
_internal_files: dict[str, bool] = {}  # not by code object: those of two files are equal if only their text is


def _library_folders() -> tuple[str, ...]:
    """Where the libraries lie that call a person's function on the way: a project may well be called numpy too."""
    specs = [find_spec(name) for name in ("numpy", "scipy", "optree", "typer", "click")]
    places = [place for spec in specs if spec is not None for place in spec.submodule_search_locations or ()]
    return (*[str(Path(place, "_")).removesuffix("_") for place in places], contextlib.__file__, functools.__file__)


_INTERNAL = (str(Path(_OWN_FOLDER, "_")).removesuffix("_"), *_NOT_FILES, *_library_folders())


class Place(NamedTuple):
    """One instruction of the user's code: a code object and an offset into it."""

    code: CodeType
    offset: int


@dataclass(frozen=True, slots=True)
class Location:
    """A place as a person reads it."""

    file: str
    line: int
    text: str
    function: str
    columns: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}   {self.text}"


def is_internal(code: CodeType) -> bool:
    """Is this code part of Glassgrad or of a library it calls through, rather than the user's own?"""
    name = code.co_filename
    if name == "<string>":  # code that is typed, and what a dataclass makes
        return code.co_qualname.startswith("__create_fn__.")
    known = _internal_files.get(name)
    if known is None:
        known = name != _DEMO_NETWORK and name.startswith(_INTERNAL)
        _internal_files[name] = known
    return known


def count_as_internal(code: CodeType) -> None:
    """Whoever starts the `glassgrad` command is no user's function: an error must not name that line."""
    _internal_files[code.co_filename] = True


def user_place() -> Place | None:
    """The user's instruction that is being executed now."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to walk the stack cheaply
    known = _internal_files.get
    while frame is not None:
        code = frame.f_code
        internal = known(code.co_filename)
        if internal is None:
            internal = is_internal(code)
        if not internal:
            return Place(code, frame.f_lasti)
        frame = frame.f_back
    return None


def locate(place: Place) -> Location:
    """The file, line, text and columns of a place."""
    return _locate(place, place.code.co_filename, place.code.co_linetable)


@lru_cache(maxsize=4096)
def _locate(place: Place, file: str, table: bytes) -> Location:
    del file, table  # they tell apart what Python calls equal: the same function in two files
    code = place.code
    positions = list(code.co_positions())
    index = place.offset // 2
    line, end, start_column, end_column = positions[index] if index < len(positions) else (None,) * 4
    line = line or code.co_firstlineno
    text = linecache.getline(code.co_filename, line).strip()
    one_line = end == line and start_column is not None and end_column is not None
    columns = (start_column, end_column) if one_line else None
    return Location(code.co_filename, line, text, code.co_name, columns)  # type: ignore[arg-type]  # checked above


def user_location() -> Location | None:
    """Where in the user's code we are now, or None (called from a console without source)."""
    place = user_place()
    return None if place is None else locate(place)
