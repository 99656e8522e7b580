"""LAPACK's functions, and those of BLAS that go with them: their addresses, by SciPy's tables for Cython. Floor 4."""

import ctypes
from functools import cache
from typing import Any

_BLAS = frozenset({"strsm", "dtrsm", "sswap", "dswap"})


@cache
def _table(module: str) -> dict[str, Any]:
    """The functions of one of SciPy's modules, by name."""
    from scipy.linalg import cython_blas, cython_lapack  # heavy: a third of a second

    return dict({"blas": cython_blas, "lapack": cython_lapack}[module].__pyx_capi__)


@cache
def lapack_address(name: str) -> int:
    """The address of a function (`dgetrf`), in Fortran's calling convention with whole numbers of 32 bits."""
    capsule = _table("blas" if name in _BLAS else "lapack")[name]
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(get_pointer(capsule, get_name(capsule)))


@cache
def room_asked(name: str, given: tuple[str | int, ...], rooms: int, behind: int) -> tuple[int, ...]:
    """The elements of each working array that a function asks for, where it is given these letters and numbers.

    Its arguments are `given` ("" for an array), then each working array with its length, arrays behind them, and its
    answer.
    """
    answers = [(ctypes.c_double * 4)() for _ in range(rooms)]
    kept: list[Any] = [_passed(value) for value in given]
    for answer in answers:
        kept += [answer, ctypes.c_int(-1)]
    kept += [_passed("") for _ in range(behind)] + [ctypes.c_int()]
    pointers = [ctypes.cast(ctypes.pointer(value), ctypes.c_void_p) for value in kept]
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(pointers))(lapack_address(name))(*pointers)
    asked = []
    for position, answer in enumerate(answers):
        if position:
            asked.append(ctypes.cast(answer, ctypes.POINTER(ctypes.c_int))[0])
        else:
            kind = ctypes.c_float if name.startswith("s") else ctypes.c_double
            asked.append(int(ctypes.cast(answer, ctypes.POINTER(kind))[0]))
    return tuple(asked)


def _passed(value: str | int) -> Any:
    if value == "":
        return (ctypes.c_double * 4)()
    return ctypes.c_char(value.encode()) if isinstance(value, str) else ctypes.c_int(value)
