"""Ops that the loops do not cover, computed by the reference engine's kernels inside the native program. Floor 4."""

import ctypes
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.base.errors import GlassgradError, OutOfRangeError
from glassgrad.base.source import Location
from glassgrad.engines.cpu.emit.failure import HOST, MEMORY
from glassgrad.engines.cpu.lines import Lines
from glassgrad.engines.cpu.plan.memory import is_ragged
from glassgrad.engines.reference.program import constant, kernel_of
from glassgrad.engines.reference.refusal import refused
from glassgrad.graph.node import Node
from glassgrad.graph.op import OPS
from glassgrad.ops.leaves import LITERAL

_MOST_LINES = 8  # in one error
_WORD = 8  # bytes of an address
_HOST = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)


class _Pending(threading.local):
    """What a function of the host raised on this thread, until the native code has returned."""

    error: BaseException | None = None

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], Any] = {}  # arrays of unknown length, by the op and the place of the result


class HostCalls:
    """The functions that a program calls back, by number. `context` is what the program is given to reach them.

    Negative numbers are errors: the op that does not take a matrix, and why.
    """

    def __init__(
        self, nodes: Sequence[Node], refusals: Sequence[tuple[str, str]] = (), lines: Lines | None = None
    ) -> None:
        self._kernels: list[Callable[..., Any]] = [kernel_of(node) for node in nodes]
        self._inputs = [[x.aval for x in node.inputs] for node in nodes]
        self._constants = [[constant(x, {}) if x.op is LITERAL else None for x in node.inputs] for node in nodes]
        self._outputs = [list(node.avals) for node in nodes]
        self._multiple = [node.op.multiple for node in nodes]
        self._nodes = list(nodes)
        self._refusals = list(refusals)
        self._lines = lines or Lines()
        self._pending = _Pending()
        self._entry = _HOST(self._call)
        self._table = (ctypes.c_void_p * 1)(ctypes.cast(self._entry, ctypes.c_void_p).value)
        self.context = ctypes.addressof(self._table)

    def _call(self, number: int, operands: int, results: int) -> None:
        """Computes the op of this number. The word at the head of the results says that all is well.

        It is 0 before: when Ctrl-C was pressed, Python raises KeyboardInterrupt before the first line of this function,
        and ctypes goes on as if nothing had happened.
        """
        if self._pending.error is not None:
            return
        if number < 0:
            self._pending.error = self._told(*self._refusals[-1 - number], operands)
            return
        try:
            self._compute(number, operands, results + _WORD)
            ctypes.c_int64.from_address(_pointer(results, 0)).value = 1
        except np.linalg.LinAlgError as error:
            self._pending.error = self._refused(self._nodes[number], error)
        except BaseException as error:  # noqa: BLE001 - it is raised again as soon as the native code has returned
            self._pending.error = error

    def _told(self, name: str, text: str, words: int) -> BaseException | None:
        """What the native code tells of: a matrix that an op does not take, or what its words say."""
        if name:
            return self._refused(Node(OPS[name], (), (), ()), np.linalg.LinAlgError(text))
        what, *place = (ctypes.c_int64 * 4).from_address(words)
        return None if what == HOST else self._failure(what, *place)

    def _compute(self, number: int, operands: int, results: int) -> None:
        given = [
            self._given(aval, _pointer(operands, k)) if known is None else known
            for k, (aval, known) in enumerate(zip(self._inputs[number], self._constants[number], strict=True))
        ]
        with np.errstate(all="ignore"):
            found = self._kernels[number](*given)
        for k, (aval, value) in enumerate(
            zip(self._outputs[number], found if self._multiple[number] else [found], strict=True)
        ):
            if is_ragged(aval):
                self._keep(aval, (number, k), value, _pointer(results, k))
            elif _pointer(results, k):
                _array(aval, _pointer(results, k))[...] = value

    def _given(self, aval: Aval, address: int) -> Any:
        """What lies at this address; of an array of unknown length two words do: see `_keep`."""
        if not is_ragged(aval):
            return _array(aval, address)
        first, second = (ctypes.c_int64 * 2).from_address(address)
        if _is_deep(aval):
            return self._pending.kept[first, second]
        return _array(Aval((second, *aval.shape[1:]), aval.dtype), first)

    def _keep(self, aval: Aval, key: tuple[int, int], value: Any, address: int) -> None:
        """Keeps an array of unknown length until the op runs again, and writes down where it lies and its length.

        Of one whose elements are such arrays, only the host knows anything: what is written down is the key.
        """
        if not address:
            return
        self._pending.kept[key] = value = value if _is_deep(aval) else np.ascontiguousarray(value, aval.dtype)
        words = (ctypes.c_int64 * 2).from_address(address)
        words[0], words[1] = key if _is_deep(aval) else (value.ctypes.data, len(value))

    def _refused(self, node: Node, error: np.linalg.LinAlgError) -> Exception:
        """The refusal of a matrix, with the line, or all that it may be."""
        found = refused(node, error)
        lines = self._lines.of_op(node.op.name)
        if isinstance(found, GlassgradError) and lines:
            hint = _one_of(lines, "calls it", found.hint) if len(lines) > 1 else found.hint
            return type(found)(found.message, hint=hint, where=lines[0] if len(lines) == 1 else None)
        return found

    def _failure(self, what: int, index: int, axis: int, size: int) -> Exception:
        """What the words of a failed run say (`emit/failure.py`)."""
        if what == MEMORY:
            return MemoryError("there is not enough memory for the records of a loop, or for what LAPACK works in")
        lines = self._lines.of_lookup(size)
        hint = (
            f"indices from {-size} to {size - 1} are inside; np.clip keeps others in" if size else "the axis is empty"
        )
        if len(lines) > 1:
            hint = _one_of(lines, "reads or writes there")
        return OutOfRangeError(
            f"index {index if size else 0} is out of bounds for axis {axis} with size {size}",
            hint=hint,
            where=lines[0] if len(lines) == 1 else None,
        )

    def raise_pending(self) -> None:
        """After a run that failed: raises what a function of the host raised, or what kept it from being called."""
        error, self._pending.error = self._pending.error, None
        raise error if error is not None else KeyboardInterrupt


def _one_of(lines: Sequence[Location], does: str, besides: str | None = None) -> str:
    """A hint at the lines of which one failed, behind what is to be said `besides`."""
    each = "\n".join([f"  {line}" for line in lines[:_MOST_LINES]])
    told = f"one of these lines {does}; the same call without jit stops at it\n{each}"
    return told if besides is None else f"{besides}; {told}"


def _is_deep(aval: Aval) -> bool:
    """Does only the run tell the lengths of its elements?"""
    return any(size < 0 for size in aval.shape[1:])


def _pointer(table: int, position: int) -> int:
    return int(ctypes.c_void_p.from_address(table + _WORD * position).value or 0)


def _array(aval: Aval, address: int) -> np.ndarray:
    """The memory at this address as an array."""
    if not aval.size:
        return np.empty(aval.shape, aval.dtype)
    memory = (ctypes.c_char * aval.nbytes).from_address(address)
    flat: np.ndarray = np.frombuffer(memory, aval.dtype)  # type: ignore[call-overload]  # a ctypes array is a buffer
    return flat.reshape(aval.shape)
