"""The type of compiled functions: called through the vectorcall protocol, otherwise like a Python function. Floor 4.

An instance has attributes, is bound as a method where it stands in a class, can be referred to weakly, and is pickled
by its name. It is made with the documented interface for types (`PyType_FromSpec`), by ctypes.
"""

import ctypes
from typing import Any

from glassgrad.engines.cpu.native import layout
from glassgrad.engines.cpu.native.function_code import BYTES, DICT, DOOR, OWNER, VECTORCALL, WEAK

# CPython's typeslots.h, object.h and descrobject.h.
_SLOTS = {"call": 50, "clear": 51, "dealloc": 52, "descr_get": 54, "traverse": 71, "members": 72, "getset": 73}
_HAVE_VECTORCALL, _HAVE_GC, _METHOD_DESCRIPTOR = 1 << 11, 1 << 14, 1 << 17
_SIZE_TYPE, _READ_ONLY = 19, 1  # of a member: Py_ssize_t


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Property(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("get", ctypes.c_void_p),
        ("set", ctypes.c_void_p),
        ("doc", ctypes.c_char_p),
        ("closure", ctypes.c_void_p),
    )


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("value", ctypes.c_void_p))


class _Specification(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("basicsize", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.c_void_p),
    )


def make_function_type(addresses: dict[str, int]) -> type:
    """The type, whose slots are these native functions."""
    python = layout.symbols()
    places = {b"__vectorcalloffset__": VECTORCALL, b"__dictoffset__": DICT, b"__weaklistoffset__": WEAK}
    members = (_Member * 4)(*[_Member(name, _SIZE_TYPE, place, _READ_ONLY) for name, place in places.items()])
    dictionary = _Property(b"__dict__", python["PyObject_GenericGetDict"], python["PyObject_GenericSetDict"])
    properties = (_Property * 2)(dictionary)
    values = {
        "call": python["PyVectorcall_Call"],
        "descr_get": addresses["function_bind"],
        "traverse": addresses["function_traverse"],
        "clear": addresses["function_clear"],
        "dealloc": addresses["function_release"],
        "members": ctypes.addressof(members),
        "getset": ctypes.addressof(properties),
    }
    slots = (_Slot * (len(values) + 1))(*[_Slot(_SLOTS[name], value) for name, value in values.items()])
    flags = _HAVE_VECTORCALL | _HAVE_GC | _METHOD_DESCRIPTOR
    name = b"glassgrad.engines.cpu.native.Function"
    specification = _Specification(name, BYTES, 0, flags, ctypes.addressof(slots))
    for memory in (members, properties, slots, specification):  # the type reads them for as long as it lives
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(memory))
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p)(python["PyType_FromSpec"])
    made: Any = make(ctypes.addressof(specification))
    made.__repr__ = lambda self: f"<compiled {self.__qualname__}>"
    made.__reduce__ = lambda self: self.__qualname__  # found again by its name, as a function is
    made.__qualname__ = made.__name__ = "Function"
    return made  # type: ignore[no-any-return]  # ctypes has no types


def make_function(kind: type, addresses: dict[str, int], door: int, owner: Any) -> Any:
    """An instance that enters the door at this address; `owner` keeps the door alive."""
    function: Any = _allocate(kind, 0)
    here = id(function)
    words = {VECTORCALL: addresses["function_call"], OWNER: id(owner), DOOR: door}
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(owner))
    for place, value in words.items():
        ctypes.c_int64.from_address(here + place).value = value
    return function


_allocate = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.c_ssize_t)(
    ("PyType_GenericAlloc", ctypes.pythonapi)
)
