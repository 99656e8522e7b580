"""Where CPython and NumPy keep what the door reads: offsets inside objects, checked against live ones. Floor 4.

Offsets come from the types themselves where they say them (`tuple.__basicsize__`); NumPy's are those of
`PyArrayObject_fields` in its public header `ndarraytypes.h`, part of the binary interface of NumPy 2.
"""

import ctypes
import sys
import sysconfig
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy._core import _multiarray_umath  # type: ignore[attr-defined]  # the table of the C interface is here

HEAD = object.__basicsize__  # the reference count and the type
TYPE = HEAD - 8
SIZE = HEAD  # of a PyVarObject
TUPLE_ITEMS = tuple.__basicsize__
LIST_ITEMS = HEAD + 8  # after the size
INSIDE = HEAD  # the number inside a Python or NumPy scalar

DATA, DIMENSIONS_COUNT, DIMENSIONS, STRIDES, BASE, DESCRIPTOR, FLAGS = (HEAD + 8 * n for n in range(7))
HANDLER = HEAD + 72

C_CONTIGUOUS, OWNS_DATA, ALIGNED, WRITEABLE = 0x1, 0x4, 0x100, 0x400
BEHAVED = C_CONTIGUOUS | ALIGNED

# Scalars whose value lies inside the object, as the engine's loops read it.
SCALARS: tuple[type, ...] = (
    float, complex, np.float16, np.float32, np.float64, np.complex64, np.complex128, np.bool_,
    np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.longlong, np.ulonglong,
)  # fmt: skip

_PYTHON_FUNCTIONS = (
    "Py_IncRef", "Py_DecRef", "PyObject_CallNoArgs", "PyErr_Clear", "PyErr_NoMemory", "PyObject_Vectorcall",
    "PyObject_Call", "PyTuple_New", "PyTuple_SetItem", "PyMethod_New", "PyErr_BadInternalCall",
    "PyObject_GC_UnTrack", "PyObject_GC_Del", "PyObject_ClearWeakRefs", "PyObject_GenericGetDict",
    "PyObject_GenericSetDict", "PyVectorcall_Call", "PyType_FromSpec", "PyList_New", "PyList_SetItem",
    "PyDict_New", "PyDict_SetItem", "PyDict_Size", "PyDict_GetItemWithError", "PyObject_GetAttr",
    "PyObject_GenericSetAttr", "PyObject_RichCompareBool", "PyObject_CallOneArg", "PyUnicode_Compare",
    "PyContextVar_Get", "PyLong_AsLongLongAndOverflow", "PyType_GenericAlloc", "PyEval_SaveThread",
    "PyEval_RestoreThread", "PyMem_RawMalloc", "PyMem_RawFree", "PyThread_allocate_lock",
    "PyThread_acquire_lock", "PyThread_release_lock", "PyThread_start_new_thread",
)  # fmt: skip
# Places in NumPy's table `PyArray_API` (numpy/__multiarray_api.h; they never change).
_NUMPY_FUNCTIONS = {"PyArray_NewFromDescr": 94, "PyArray_FromArray": 109, "PyArray_EquivTypes": 182}


def address_of(function: Any) -> int:
    """The address of a C function that ctypes found."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def word_at(address: int) -> int:
    """Eight bytes of memory as a number."""
    return int(ctypes.c_int64.from_address(address).value)


@cache
def symbols() -> dict[str, int]:
    """The addresses of the functions of Python and NumPy that native code calls."""
    found = {name: address_of(getattr(ctypes.pythonapi, name)) for name in _PYTHON_FUNCTIONS}
    get = ctypes.pythonapi.PyCapsule_GetPointer
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(address_of(get))
    table = pointer(_multiarray_umath._ARRAY_API, None)  # noqa: SLF001 - NumPy's own name for it
    return found | {name: word_at(table + 8 * index) for name, index in _NUMPY_FUNCTIONS.items()}


@cache
def is_as_expected() -> bool:
    """Does this Python keep its objects where the native door reads them? Free-threaded Python is not asked."""
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED") or sys.maxsize < 2**62:
        return False
    try:
        symbols()
    except (AttributeError, ValueError):
        return False
    return _containers_match() and _scalars_match() and all(_array_matches(array) for array in _samples())


def _containers_match() -> bool:
    items = (1.5, "x", None)
    pair, row = tuple(items), list(items)
    expected = [id(item) for item in items]
    return (
        word_at(id(pair) + TYPE) == id(tuple)
        and word_at(id(pair) + SIZE) == word_at(id(row) + SIZE) == 3
        and [word_at(id(pair) + TUPLE_ITEMS + 8 * n) for n in range(3)] == expected
        and [word_at(word_at(id(row) + LIST_ITEMS) + 8 * n) for n in range(3)] == expected
    )


def _scalars_match() -> bool:
    for kind in SCALARS:
        value = kind(1.5)
        bits = ctypes.string_at(id(value) + INSIDE, np.dtype(kind).itemsize)
        if word_at(id(value) + TYPE) != id(kind) or bits != np.asarray(value).tobytes():
            return False
    return True


def _samples() -> list[np.ndarray]:
    block = np.arange(24.0).reshape(2, 3, 4)
    misaligned = np.zeros(17, np.uint8)[1:].view(np.float64)
    return [block, block.T, block[:, 1:, ::2], np.zeros(()), np.zeros((0, 3), np.int32), misaligned]


def _array_matches(array: np.ndarray) -> bool:
    here, rank = id(array), array.ndim
    found = SimpleNamespace(
        shape=[word_at(word_at(here + DIMENSIONS) + 8 * n) for n in range(rank)],
        strides=[word_at(word_at(here + STRIDES) + 8 * n) for n in range(rank)],
    )
    return (
        word_at(here + TYPE) == id(np.ndarray)
        and word_at(here + DATA) == array.ctypes.data
        and ctypes.c_int32.from_address(here + DIMENSIONS_COUNT).value == rank
        and found.shape == list(array.shape)
        and found.strides == list(array.strides)
        and word_at(here + DESCRIPTOR) == id(array.dtype)
        and ctypes.c_int32.from_address(here + FLAGS).value == array.flags.num
        and np.ndarray.__basicsize__ >= HANDLER + 8
    )
