"""The native functions that products are made of, compiled once in a process and kept on disk. Floor 4.

A function is known by its name alone, so that the text of a program need not hold it. Those that a program misses are
compiled together, for a module costs some milliseconds however small it is. On disk a function's entry names the group
that it was compiled with, whose own entry is the code.
"""

from collections.abc import Sequence

from glassgrad.engines.cpu.emit.types import F32, F64
from glassgrad.engines.cpu.native.cache import cached, keep
from glassgrad.engines.cpu.native.compiler import Library, load, object_code
from glassgrad.engines.cpu.products.driver import DRIVER, driver_text
from glassgrad.engines.cpu.products.panels import Packing, panel_text
from glassgrad.engines.cpu.products.rows import RowCopy, rows_text
from glassgrad.engines.cpu.products.tile import Tile, tile_text
from glassgrad.engines.cpu.products.turning import Turning, turning_text
from glassgrad.engines.cpu.products.windows import WindowCopy, window_text

_libraries: dict[str, Library] = {}
_KINDS = {kind.name: kind for kind in (F32, F64)}


def is_product_part(name: str) -> bool:
    """Is this a function of this library?"""
    return name.startswith("glassgrad.")


def is_known(name: str) -> bool:
    """Has this process compiled or loaded the function?"""
    return name in _libraries


def product_address(name: str) -> int:
    """The address of a function of this library."""
    make_known([name])
    return _libraries[name].addresses[name]


def make_known(names: Sequence[str]) -> None:
    """Loads functions, and compiles those that are not on disk either."""
    for name in names:
        if not is_known(name):
            _load_kept(name)
    missing = sorted({name for name in names if not is_known(name)})
    if missing:
        code = object_code("\n".join([_text(name) for name in missing]))
        _know(missing, code)
        group = " ".join(missing).encode()
        keep(_group_key(group), code)
        for name in missing:
            keep(_key(name), group)


def _load_kept(name: str) -> None:
    """Loads a function, with those that it was compiled with, if it is on disk."""
    group = cached(_key(name))
    code = cached(_group_key(group)) if group is not None else None
    if group is not None and code is not None:
        _know(group.decode().split(), code)


def _know(names: Sequence[str], code: bytes) -> None:
    """Of two threads that compile a function at once the first wins: no address may be that of code let go."""
    library = load(code, names)
    for name in names:
        _libraries.setdefault(name, library)


def _key(name: str) -> bytes:
    return b"product part " + name.encode()


def _group_key(group: bytes) -> bytes:
    return b"product parts " + group


def _text(name: str) -> str:
    match name.split("."):
        case [_, "tile", kind, sizes, columns, *windows]:
            rows, vectors, lanes = map(int, sizes.split("x"))
            return tile_text(Tile(_KINDS[kind], rows, vectors, lanes, int(columns), "".join(windows)))
        case [_, "panel", kind, sizes, columns]:
            vectors, lanes = map(int, sizes.split("x"))
            return panel_text(Packing(_KINDS[kind], vectors, lanes, int(columns)))
        case [_, "turned", kind, side]:
            return turning_text(Turning(_KINDS[kind], int(side)))
        case [_, "rows", kind]:
            return rows_text(RowCopy(_KINDS[kind]))
        case [_, "windows", kind, sizes, ends]:
            lanes, apart = map(int, sizes.split("x"))
            return window_text(WindowCopy(_KINDS[kind], lanes, apart, seams=ends == "seams"))
    assert name == DRIVER, "no other function of the library"
    return driver_text()
