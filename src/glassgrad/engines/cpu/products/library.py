"""The native functions that products are made of, compiled once in a process and kept on disk. Floor 4.

A function is known by its name alone, so that the text of a program need not hold it.
"""

from glassgrad.engines.cpu.emit.types import F32, F64
from glassgrad.engines.cpu.native.cache import cached_object_code
from glassgrad.engines.cpu.native.compiler import Library, load
from glassgrad.engines.cpu.products.driver import DRIVER, driver_text
from glassgrad.engines.cpu.products.panels import Packing, panel_text
from glassgrad.engines.cpu.products.tile import Tile, Way, tile_text
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
    found = _libraries.get(name)
    if found is None:  # of two threads that compile at once the first wins: no address may be that of code let go
        found = _libraries.setdefault(name, load(cached_object_code(_text(name)), [name]))
    return found.addresses[name]


def _text(name: str) -> str:
    match name.split("."):
        case [_, "tile", kind, sizes, columns, way]:
            rows, vectors, lanes = map(int, sizes.split("x"))
            return tile_text(Tile(_KINDS[kind], rows, vectors, lanes, int(columns), Way[way.upper()]))
        case [_, "panel", kind, way, sizes, columns]:
            vectors, lanes = map(int, sizes.split("x"))
            return panel_text(Packing(_KINDS[kind], vectors, lanes, int(columns), way == "turned"))
        case [_, "windows", kind, lanes]:
            return window_text(WindowCopy(_KINDS[kind], int(lanes)))
    assert name == DRIVER, "no other function of the library"
    return driver_text()
