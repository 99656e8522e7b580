"""The CPU engine's maths functions as functions of arrays: one loop over vectors around each, compiled alone."""

import ctypes
import time
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from glassgrad.engines.cpu.emit.functions import Declarations, call_maths
from glassgrad.engines.cpu.emit.maths import MATHS
from glassgrad.engines.cpu.emit.types import I64, Kind, bytes_of, kind_of, register
from glassgrad.engines.cpu.emit.values import Value, Writer
from glassgrad.engines.cpu.native import compiler

BINARY = frozenset({"arctan2", "fmod", "hypot", "logaddexp", "power"})
WIDTHS = {"d": 8, "f": 16}  # lanes of two 256-bit registers


@dataclass(frozen=True, slots=True)
class Native:
    """A compiled loop; call it with arrays of its dtype, one for each argument."""

    dtype: np.dtype
    lanes: int
    milliseconds: float  # of compilation
    address: int
    library: compiler.Library = field(repr=False)

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        """The function of every element, the last vector filled up with ones."""
        count = arrays[0].size
        room = -(-count // self.lanes) * self.lanes
        filled = [np.ones(room, self.dtype) for _ in arrays]
        for whole, array in zip(filled, arrays, strict=True):
            whole[:count] = array
        result = np.empty(room, self.dtype)
        self.into(result, *filled)
        return result[:count]

    def into(self, result: np.ndarray, *arrays: np.ndarray) -> None:
        """The function of arrays whose size is a multiple of `lanes`."""
        types = [ctypes.c_void_p] * (len(arrays) + 1)
        function = ctypes.CFUNCTYPE(None, *types, ctypes.c_int64)(self.address)
        function(*[array.ctypes.data for array in (*arrays, result)], result.size)


@cache
def native(name: str, dtype: str, lanes: int = 0, *, called: bool = False, contract: bool = False) -> Native:
    """The loop for one op and dtype; `called`: with the body in a function of its own."""
    kind = kind_of(np.dtype(dtype))
    assert kind is not None, "a float"
    lanes = lanes or WIDTHS[np.dtype(dtype).char]
    text = loop(name, kind, lanes, called=called, contract=contract)
    start = time.process_time()
    code = compiler.object_code(text)
    spent = (time.process_time() - start) * 1e3
    library = compiler.load(code, ["f"])
    return Native(np.dtype(dtype), lanes, spent, library.addresses["f"], library)


def loop(name: str, kind: Kind, lanes: int, *, called: bool = False, contract: bool = False) -> str:
    """LLVM text of `f(x, [y,] result, n)`."""
    texts = Declarations()
    w = Writer(texts, contract=contract)
    sources = [f"%a{i}" for i in range(2 if name in BINARY else 1)]
    w.jump("loop")
    w.label("loop")
    w.line("%i = phi i64 [ 0, %entry ], [ %next, %latch ]")
    index = Value(w, register(I64), "%i")
    size = bytes_of(kind)
    values = [w.load(w.element(source, index, size), kind, lanes) for source in sources]
    result = call_maths(w, name, *values) if called else MATHS[name](w, *values)
    w.store(result, w.element("%result", index, size))
    w.jump("latch")
    w.label("latch")
    w.line(f"%next = add i64 %i, {lanes}")
    w.line("%more = icmp slt i64 %next, %n")
    w.line("br i1 %more, label %loop, label %done")
    w.label("done")
    w.line("ret void")
    pointers = ", ".join(f"ptr {source}" for source in sources)
    head = f"define void @f({pointers}, ptr %result, i64 %n) {{"
    return "\n".join([*texts.texts(), head, "entry:", *w.lines, "}"])
