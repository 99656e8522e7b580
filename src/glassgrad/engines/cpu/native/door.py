"""The door from Python into compiled programs: a C function that checks, runs and answers. Floor 4.

    door = Door(in_python, "f")      # `in_python` is called with the same arguments where no program fits
    door.add(Program(run=address, takes=(Array(float64, (3,)),), gives=Scalar(np.float64)))
    door.function(np.ones(3))

Where this Python keeps its objects otherwise than expected, the same work is done in Python (`python_door.py`).
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from glassgrad.engines.cpu.native import buffers, door_code, function_code, layout
from glassgrad.engines.cpu.native.cache import cached_object_code
from glassgrad.engines.cpu.native.compiler import Library, load
from glassgrad.engines.cpu.native.door_parts import TABLE, TABLE_TEXT
from glassgrad.engines.cpu.native.function_type import make_function, make_function_type
from glassgrad.engines.cpu.native.python_door import PythonFunction
from glassgrad.engines.cpu.native.records import Packed, pack
from glassgrad.engines.cpu.native.routine import module_text
from glassgrad.engines.cpu.native.signature import Program

_CAPSULE_NAME = b"mem_handler"  # NumPy asks for this name; the capsule keeps its address only
_loading = Lock()
MOST_PROGRAMS = 32  # behind one door: they are tried one after the other


@dataclass(frozen=True, slots=True, eq=False)
class Native:
    """The loaded code of the door and of the kept memory."""

    library: Library
    function_type: type
    handler: Any
    table: Any

    @property
    def kept(self) -> int:
        """The address of the state of the kept blocks."""
        return self.library.addresses[buffers.STATE]


def door_text() -> str:
    """The door as LLVM text: the same for every program."""
    intrinsics: dict[str, str] = {}
    declared: dict[str, str] = {}
    routines = [*buffers.routines(intrinsics, declared), *door_code.routines(intrinsics, declared)]
    return module_text(routines, buffers.STATE_TEXT, TABLE_TEXT)


_HANDLER_PARTS = ("malloc", "calloc", "realloc", "free")


def native() -> Native | None:
    """The native door, loaded once; None where this Python is not laid out as it expects."""
    with _loading:
        return _only_native()


@cache
def _only_native() -> Native | None:
    if not layout.is_as_expected():
        return None
    names = [
        *function_code.NAMES,
        buffers.STATE,
        "door_objects",
        "free_kept",
        *(f"handler_{part}" for part in _HANDLER_PARTS),
    ]
    library = load(cached_object_code(door_text()), names, layout.symbols() | buffers.symbols())
    addresses = library.addresses
    buffers.set_limit(addresses[buffers.STATE], buffers.default_limit())
    handler = buffers.Handler(buffers.HANDLER_NAME, 1, None, *(addresses[f"handler_{part}"] for part in _HANDLER_PARTS))
    capsule = _make_capsule(ctypes.addressof(handler), _CAPSULE_NAME, None)
    objects = {
        "ndarray": np.ndarray, "int": int, "bool": bool, "list": list, "true": True, "false": False,
        "numpy_true": np.True_, "numpy_false": np.False_, "handler": capsule, "object_new": object.__new__,
    }  # fmt: skip
    table = [objects[name] for name in TABLE]
    (ctypes.c_void_p * len(table)).from_address(addresses["door_objects"])[:] = [id(value) for value in table]
    found = Native(library, make_function_type(addresses), handler, [*table, _CAPSULE_NAME])
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(found))  # for ever: arrays freed at exit still need the code
    return found


_make_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)


class Door:
    """The entry of one function: its programs, tried one after the other, and Python for all other calls."""

    __slots__ = ("__weakref__", "_fallback", "_lock", "_memory", "_programs", "_retired", "function")

    def __init__(self, fallback: Callable[..., Any], name: str = "compiled") -> None:
        self._fallback = fallback
        self._programs: list[Packed] = []
        self._retired: list[Packed] = []
        self._lock = Lock()
        self._memory = (ctypes.c_int64 * 3)(0, id(fallback), 0)
        found = native()
        if found is None:
            self.function: Any = PythonFunction(fallback, self.programs)
        else:
            addresses, place = found.library.addresses, ctypes.addressof(self._memory)
            self.function = make_function(found.function_type, addresses, place, self)
        self.function.__qualname__ = self.function.__name__ = name

    def programs(self) -> Sequence[Program]:
        """The programs behind the door, the newest first."""
        return [packed.program for packed in self._programs]

    def add(self, program: Program) -> bool:
        """Puts a program before the others; False where the door has too many already."""
        with self._lock:
            if len(self._programs) >= MOST_PROGRAMS:
                return False
            self._chain([pack(program), *self._programs])
            return True

    def remove(self, program: Program) -> None:
        """Takes a program away; it is freed when no call is inside."""
        with self._lock:
            self._chain([packed for packed in self._programs if packed.program is not program])

    def clear(self) -> None:
        """Takes all programs away."""
        with self._lock:
            self._chain([])

    def _chain(self, programs: list[Packed]) -> None:
        """Links programs, last to first, so that a call on another thread always finds a whole chain."""
        following = 0
        for packed in reversed(programs):
            packed.link(following)
            following = packed.address
        self._memory[0] = following
        self._retired += [packed for packed in self._programs if packed not in programs]
        self._programs = programs
        if self._memory[2] == 0:  # no call is inside
            self._retired = []


def kept_bytes() -> int:
    """How many bytes of freed results and scratch memory are kept for later calls."""
    found = native()
    return 0 if found is None else buffers.kept_bytes(found.kept)


def free_kept() -> None:
    """Gives the kept memory back to the system."""
    found = native()
    if found is not None:
        ctypes.PYFUNCTYPE(None)(found.library.addresses["free_kept"])()


def keep_at_most(limit: int) -> None:
    """Keeps at most this many bytes of freed memory."""
    found = native()
    if found is not None:
        buffers.set_limit(found.kept, limit)
        free_kept()
