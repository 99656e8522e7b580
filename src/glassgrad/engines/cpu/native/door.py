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

from glassgrad.engines.cpu.native import buffers, door_code, layout
from glassgrad.engines.cpu.native.cache import cached_object_code
from glassgrad.engines.cpu.native.compiler import Library, load
from glassgrad.engines.cpu.native.door_parts import TABLE, TABLE_TEXT
from glassgrad.engines.cpu.native.python_door import PythonFunction
from glassgrad.engines.cpu.native.records import Packed, pack
from glassgrad.engines.cpu.native.routine import module_text
from glassgrad.engines.cpu.native.signature import Program

_FASTCALL, _KEYWORDS = 0x80, 0x2
MOST_PROGRAMS = 32  # behind one door: they are tried one after the other


@dataclass(frozen=True, slots=True, eq=False)
class Native:
    """The loaded code of the door and of the kept memory."""

    library: Library
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


@cache
def native() -> Native | None:
    """The native door, loaded once; None where this Python is not laid out as it expects."""
    if not layout.is_as_expected():
        return None
    names = ["door_call", buffers.STATE, "door_objects", "free_kept", *(f"handler_{part}" for part in _HANDLER_PARTS)]
    library = load(cached_object_code(door_text()), names, layout.symbols() | buffers.symbols())
    addresses = library.addresses
    buffers.set_limit(addresses[buffers.STATE], buffers.default_limit())
    handler = buffers.Handler(buffers.HANDLER_NAME, 1, None, *(addresses[f"handler_{part}"] for part in _HANDLER_PARTS))
    capsule = _capsule(ctypes.addressof(handler), b"mem_handler")  # the name that NumPy asks for
    objects = {
        "ndarray": np.ndarray, "int": int, "bool": bool, "list": list, "true": True, "false": False,
        "numpy_true": np.True_, "numpy_false": np.False_, "handler": capsule, "object_new": object.__new__,
    }  # fmt: skip
    table = [objects[name] for name in TABLE]
    (ctypes.c_void_p * len(table)).from_address(addresses["door_objects"])[:] = [id(value) for value in table]
    found = Native(library, handler, table)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(found))  # for ever: arrays freed at exit still need the code
    return found


@cache
def _python(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    function: Any = ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))
    return function  # type: ignore[no-any-return]  # ctypes has no types


_NAMES: list[bytes] = []  # a capsule keeps the address of its name only


def _capsule(address: int, name: bytes | None = None) -> Any:
    if name is not None:
        _NAMES.append(name)
    make = _python("PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return make(address, name, None)


class _Method(ctypes.Structure):
    """CPython's `PyMethodDef`."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


@cache
def _method(name: str) -> _Method:
    """Lives for ever: a function reads it until its very end."""
    found = native()
    assert found is not None
    return _Method(name.encode(), found.library.addresses["door_call"], _FASTCALL | _KEYWORDS, None)


class Door:
    """The entry of one function: its programs, tried one after the other, and Python for all other calls."""

    __slots__ = ("__weakref__", "_fallback", "_lock", "_memory", "_programs", "_retired", "function")

    def __init__(self, fallback: Callable[..., Any], name: str = "compiled") -> None:
        self._fallback = fallback
        self._programs: list[Packed] = []
        self._retired: list[Packed] = []
        self._lock = Lock()
        self._memory = (ctypes.c_int64 * 3)(0, id(fallback), 0)
        self.function: Callable[..., Any]
        if native() is None:
            self.function = PythonFunction(fallback, self.programs)
            return
        make = _python("PyCFunction_NewEx", ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
        # The function's `self` leads to the memory, and keeps alive what it points to.
        held = (_capsule(ctypes.addressof(self._memory)), self)
        self.function = make(ctypes.addressof(_method(name)), held, None)

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
