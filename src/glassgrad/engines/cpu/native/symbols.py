"""The addresses of what native programs call from outside: BLAS, the threads. Floor 4."""

import ctypes
from collections.abc import Collection
from functools import cache

import scipy.linalg.cython_blas as blas

from glassgrad.engines.cpu.native.threads import fork_join_address


def addresses(names: Collection[str]) -> dict[str, int]:
    """The address of each BLAS function (`dgemm`, Fortran's calling convention) and of `fork_join`."""
    return {name: fork_join_address() if name == "fork_join" else _blas(name) for name in names}


@cache
def _blas(name: str) -> int:
    capsule = blas.__pyx_capi__[name]
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(get_pointer(capsule, get_name(capsule)))
