"""What to say where a traced value is forced into a plain array: it depends on who asks for it. Floor 3."""

import opcode
import sys

from glassgrad.base.errors import ConversionError
from glassgrad.base.source import user_location, user_place
from glassgrad.tracing.registry import NAMES

_STORE = frozenset({opcode.opmap["STORE_SUBSCR"], opcode.opmap.get("STORE_SLICE", -1)})
_READ = opcode.opmap.get("BINARY_SUBSCR")  # None from Python 3.14, where it is an operator among others
_READ_OPERATOR = (opcode.opmap["BINARY_OP"], 26)  # NB_SUBSCR of CPython's opcode.h


def reads_plain_array() -> bool:
    """Is the user's present instruction `array[i]`, so that NumPy asks for the number of `i`?"""
    place = user_place()
    if place is None:
        return False
    code = place.code.co_code
    return code[place.offset] == _READ or (code[place.offset], code[place.offset + 1]) == _READ_OPERATOR


def writes_into_plain_array() -> bool:
    """Is the user's present instruction `out[i] = x`, so that NumPy asks for a number to put into `out`?"""
    place = user_place()
    return place is not None and place.code.co_code[place.offset] in _STORE


def conversion_error() -> ConversionError:
    """The error for a traced value that is asked for its array, with what to write instead."""
    ours = scipy_function_in_use()
    if ours is None and writes_into_plain_array():
        return ConversionError(
            "a traced value cannot be written into a plain NumPy array: its derivative would be lost",
            hint="start from np.zeros_like(x) or glassgrad.numpy.zeros(...), which can be written into; "
            "or collect the values in a list and join them by np.stack",
        )
    if ours is None and reads_plain_array():
        return ConversionError(
            "a traced value cannot be an index into a plain NumPy array: which element it takes is not known yet",
            hint="glassgrad.numpy.array(plain)[index]; or np.where(mask, plain, 0), where the index is a mask",
        )
    location = user_location()
    line = location.text if location is not None else ""
    if ours is not None:
        hint = f"use glassgrad.{ours}, which takes traced values"
    elif "asarray(" in line or "asanyarray(" in line or "ascontiguousarray(" in line:
        hint = "drop it, for a traced value is an array already; or use glassgrad.numpy.asarray, which takes either"
    else:
        hint = (
            "use glassgrad.numpy.array([...]) or np.stack for a list of traced values; "
            "np.zeros_like(x) or glassgrad.numpy.zeros(...) for an array to write into; "
            "glassgrad.scipy for SciPy functions that are not ufuncs; glassgrad.random for those of np.random"
        )
    return ConversionError(
        "a traced value cannot be put into a plain NumPy array: its derivative would be lost", hint=hint
    )


def scipy_function_in_use() -> str | None:
    """The public SciPy function that is running and that is declared by name: `scipy.special.logsumexp`."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to see the callers
    while frame.f_back is not None:
        frame = frame.f_back
        parts = str(frame.f_globals.get("__name__", "")).split(".")
        if parts[0] == "scipy" and len(parts) > 1:
            name = f"scipy.{parts[1]}.{frame.f_code.co_name}"
            if name in NAMES:
                return name
        elif parts[0] not in ("scipy", "numpy", "glassgrad"):
            return None
    return None
