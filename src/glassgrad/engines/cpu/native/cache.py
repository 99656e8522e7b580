"""Compiled code kept on disk, so that a warm start compiles nothing. Floor 4.

An entry is named by a hash of what it was made from (a text, or the fingerprint of a graph), of this processor and of
the versions of LLVM and Glassgrad. It is written under another name and renamed, so that several processes may write
at once; a checksum tells a damaged entry. Whatever goes wrong with the disk, code is compiled as if there were none.

GLASSGRAD_CACHE is the directory to use instead of the platform's, a path with a separator in it; `off` switches the
cache off. GLASSGRAD_CACHE_MB bounds its size (256).
"""

import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

from glassgrad._version import __version__
from glassgrad.base.environment import whole_number
from glassgrad.base.warning import warn_once
from glassgrad.engines.cpu.native.caches import largest_cache
from glassgrad.engines.cpu.native.compiler import object_code
from glassgrad.engines.cpu.native.target import target

_MARK = b"glassgrad object 2\n"
_DIGEST_BYTES = 20
_ENDING = ".o"
_ON = ("1", "on", "yes", "true")  # the platform's directory
_OFF = ("", "0", "off", "no", "none", "false")
_SWEEP_EVERY = 1 / 32  # of the bound: what a process writes between looks at the size of the directory
_SWEPT_TO = 0.75  # of the bound: eight processes may write before they look without going beyond it
_SWEPT_LOW = 0.625  # of the bound, so that not each look removes something
_BLOCK = 4096  # bytes: a file takes whole blocks of the disk

_written = 1 << 60  # bytes on disk since the last look; the first entry written by a process looks at once


def cached_object_code(text: str) -> bytes:
    """Optimised machine code for LLVM text, from the disk where it was compiled before."""
    key = b"object " + text.encode()
    code = cached(key)
    if code is None:
        code = object_code(text)
        keep(key, code)
    return code


def cached(key: bytes) -> bytes | None:
    """What was kept under this key, by whichever process."""
    place = _place(key)
    return None if place is None else _read(place)


def keep(key: bytes, data: bytes) -> None:
    """Keeps something under a key that says all that it was made from, but for what `_circumstances` says."""
    place = _place(key)
    if place is not None:
        _write(place, data)


def cache_directory() -> Path | None:
    """Where entries are kept; None where the cache is off."""
    chosen = os.environ.get("GLASSGRAD_CACHE", _ON[0]).strip()
    if chosen.lower() in _OFF:
        return None
    is_path = chosen in (os.curdir, os.pardir, "~") or any(mark in chosen for mark in (os.sep, os.altsep) if mark)
    if not is_path and chosen.lower() not in _ON:
        warn_once(
            f"GLASSGRAD_CACHE={chosen!r} has no effect: there are on, off and the path of a folder, "
            f"as in GLASSGRAD_CACHE={os.curdir}{os.sep}{chosen}"
        )
    try:
        if is_path:
            return Path(chosen).expanduser()
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "glassgrad"
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "glassgrad" / "cache"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glassgrad"
    except RuntimeError:  # there is no home
        return None


def clear_cache() -> None:
    """Removes all entries."""
    directory = cache_directory()
    for _, _, path in _entries(directory) if directory is not None else ():
        with suppress(OSError):
            path.unlink()


def _place(key: bytes) -> Path | None:
    directory = cache_directory()
    if directory is None:
        return None
    return directory / (blake2b(key, key=_circumstances(), digest_size=_DIGEST_BYTES).hexdigest() + _ENDING)


@cache
def _circumstances() -> bytes:
    """What the same text or key would be compiled differently under: the processor, LLVM, and this engine."""
    parts = [
        target().name, target().features, llvm.get_process_triple(), str(llvm.llvm_version_info),
        llvmlite.__version__, __version__, str(largest_cache()), *_library_files(),
    ]  # fmt: skip
    return blake2b("\n".join(parts).encode(), digest_size=32).digest()


def _library_files() -> list[str]:
    """The files of the library with their sizes and dates: who changes it gets no code of before."""
    found = []
    top = str(Path(__file__).parents[3])
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith(".py"):
                with suppress(OSError):
                    status = os.stat(f"{folder}{os.sep}{name}")  # noqa: PTH116 - hundreds of files, in every process
                    found.append(f"{folder[len(top) :]}{os.sep}{name} {status.st_size} {status.st_mtime_ns}")
    return sorted(found)


def _read(place: Path) -> bytes | None:
    """The code of an entry, or None where there is none or it is damaged."""
    try:
        held = place.read_bytes()
    except OSError:
        return None
    start = len(_MARK) + _DIGEST_BYTES
    code = held[start:]
    if held[: len(_MARK)] != _MARK or held[len(_MARK) : start] != _checksum(code):
        with suppress(OSError):
            place.unlink()
        return None
    with suppress(OSError):
        os.utime(place)  # used now: the oldest used go first
    return code


def _checksum(code: bytes) -> bytes:
    return blake2b(code, digest_size=_DIGEST_BYTES).digest()


def _write(place: Path, code: bytes) -> None:
    """Writes an entry under another name and renames it; does nothing where the disk does not let us."""
    global _written  # noqa: PLW0603 - a count of this process
    temporary, bound = None, _bound()
    taken = -(-(len(_MARK) + _DIGEST_BYTES + len(code)) // _BLOCK) * _BLOCK
    if taken > bound * _SWEPT_TO:
        return
    if _written + taken > bound * _SWEEP_EVERY:
        _written = 0
        _sweep(place.parent, taken)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix="writing-", dir=place.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_MARK + _checksum(code) + code)
        Path(temporary).replace(place)
        temporary = None
    except OSError as error:
        chosen = os.environ.get("GLASSGRAD_CACHE")
        if chosen:
            warn_once(f"GLASSGRAD_CACHE={chosen!r} cannot be written to, so that nothing is kept: {error}")
        return
    finally:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
    _written += taken


def _entries(directory: Path) -> list[tuple[float, int, Path]]:
    """When each file was last used, what it takes on the disk, and where it is."""
    found = []
    try:
        paths = [path for path in directory.iterdir() if path.suffix == _ENDING or path.name.startswith("writing-")]
    except OSError:
        return []
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime, _on_disk(status), path))
    return found


def _on_disk(status: os.stat_result) -> int:
    """The blocks that a file takes; a file system that packs small files, or compresses, is taken as if it did not."""
    blocks = 512 * int(getattr(status, "st_blocks", 0))
    return max(blocks, -(-status.st_size // _BLOCK) * _BLOCK)


def _sweep(directory: Path, coming: int) -> None:
    """Removes the entries that were not used for longest, until there is ample room for what is coming."""
    entries = sorted(_entries(directory))
    total, bound = sum(size for _, size, _ in entries) + coming, _bound()
    if total <= bound * _SWEPT_TO:
        return
    for _, size, path in entries:
        if total <= bound * _SWEPT_LOW:
            break
        with suppress(OSError):
            path.unlink()
        total -= size


def _bound() -> int:
    chosen = whole_number("GLASSGRAD_CACHE_MB")
    return (256 if chosen is None else chosen) << 20
