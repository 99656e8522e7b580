"""The threads of BLAS: how many each loaded library uses, so that its threads and ours do not fight. Floor 4.

NumPy and SciPy come with an OpenBLAS each. OpenBLAS keeps its own workers, which spin for milliseconds after a
product: a program that shares its loops among our threads calls products with one BLAS thread, or splits them itself.
The native setter costs some nanoseconds where the count does not change much, and holds for the whole process.
"""

import ctypes
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_FILES = ("*openblas*", "libmkl_rt*", "libblis*")
# What the libraries call the same two functions: OpenBLAS plain, as built for NumPy's and SciPy's wheels, with 64-bit
# indices; MKL; BLIS.
_NAMES = [
    (f"{prefix}openblas_get_num_threads{ending}", f"{prefix}openblas_set_num_threads{ending}")
    for prefix in ("scipy_", "")
    for ending in ("64_", "")
] + [("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"), ("bli_thread_get_num_threads", "bli_thread_set_num_threads")]


@dataclass(frozen=True, slots=True, eq=False)
class BlasLibrary:
    """One loaded BLAS. `set_address` is `void set(int threads)` for native code."""

    path: Path
    get_address: int
    set_address: int

    def count(self) -> int:
        """How many threads it uses now."""
        return int(ctypes.CFUNCTYPE(ctypes.c_int)(self.get_address)())

    def use(self, threads: int) -> None:
        """Lets it use this many."""
        ctypes.CFUNCTYPE(None, ctypes.c_int)(self.set_address)(threads)


@cache
def blas_libraries() -> tuple[BlasLibrary, ...]:
    """The BLAS libraries that this process has loaded, SciPy's before NumPy's; none where none is known."""
    found: list[BlasLibrary] = []
    for path in _places():
        with suppress(OSError):
            library = _library(path)
            if library is not None and all(library.set_address != other.set_address for other in found):
                found.append(library)
    return tuple(found)


@contextmanager
def blas_threads(count: int, libraries: Iterable[BlasLibrary] | None = None) -> Iterator[None]:
    """Lets BLAS use this many threads inside the `with` block."""
    chosen = blas_libraries() if libraries is None else tuple(libraries)
    before = [library.count() for library in chosen]
    for library in chosen:
        library.use(count)
    try:
        yield
    finally:
        for library, threads in zip(chosen, before, strict=True):
            library.use(threads)


def _places() -> list[Path]:
    """Where wheels put their BLAS, and what this process has mapped."""
    places = []
    for package in ("scipy", "numpy"):
        spec = find_spec(package)
        for root in spec.submodule_search_locations or [] if spec is not None else []:
            beside = Path(root).parent / f"{package}.libs"  # Linux and Windows
            inside = Path(root) / ".dylibs"  # macOS
            places += [path for folder in (beside, inside) for pattern in _FILES for path in folder.glob(pattern)]
    with suppress(OSError):
        lines = Path("/proc/self/maps").read_text().splitlines()
        mapped = {Path(line[line.index("/") :]) for line in lines if "/" in line}
        places += sorted(path for path in mapped if any(path.match(pattern) for pattern in _FILES))
    return places


def _library(path: Path) -> BlasLibrary | None:
    """The library at this place, if it is loaded already and has functions that we know."""
    loaded = ctypes.CDLL(str(path), mode=ctypes.DEFAULT_MODE | (0 if sys.platform == "win32" else os.RTLD_NOLOAD))
    for get, set_ in _NAMES:
        with suppress(AttributeError):
            found = [ctypes.cast(getattr(loaded, name), ctypes.c_void_p).value or 0 for name in (get, set_)]
            return BlasLibrary(path, *found)
    return None
