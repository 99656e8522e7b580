"""Memory kept between calls: scratch blocks and large results, for the first touch of a page costs a microsecond.

Native code, called only while the interpreter's lock is held. Blocks come in size classes, four to each power of two;
a block that is given back is kept for the next of its class until all that is kept exceeds a limit. Large results
are NumPy arrays that own such a block through a memory handler. Floor 4.
"""

import ctypes
import os
import sys

from glassgrad.base.environment import whole_number
from glassgrad.engines.cpu.emit.types import I64
from glassgrad.engines.cpu.native.routine import NULL, PLAIN, Routine

STATE = "kept_blocks"
STATE_TEXT = f"@{STATE} = global [264 x i64] zeroinitializer, align 64"
_KEPT, _LIMIT, _HEADS, _CLASSES = 0, 8, 64, 256  # bytes into the state; one head of a list for each size class
_HEADER = 64  # before each block: what malloc gave, the next of its list, its class, its size
_RAW, _NEXT, _CLASS, _CAPACITY = 0, 8, 16, 24
_SMALLEST = 12  # 2**12 bytes
_HUGE, _HUGE_PAGES = 1 << 22, 14  # MADV_HUGEPAGE, as NumPy asks for from 4 MiB

HANDLER_NAME = b"glassgrad_kept"


def routines(intrinsics: dict[str, str], declared: dict[str, str]) -> list[Routine]:
    """`take_block(bytes)`, `give_block(data)`, `free_kept()` and the functions of the memory handler."""
    make = (_take, _fresh_block, _give, _free_all, _handler_malloc, _handler_calloc, _handler_realloc, _handler_free)
    return [routine(intrinsics, declared) for routine in make]


def _take(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    w = Routine("ptr @take_block(i64 %size)", intrinsics, declared)
    size = w.parameter("%size")
    last = w.variable(I64)
    w.write(last, 0, size - 1)
    with w.when(size <= 1 << _SMALLEST):
        w.write(last, 0, w.number((1 << _SMALLEST) - 1))
    top = w.read(last)
    power = 63 - w.made(top.type, f"call i64 @llvm.ctlz.i64(i64 {top.text}, i1 true)")
    intrinsics["llvm.ctlz.i64"] = "declare i64 @llvm.ctlz.i64(i64, i1)"
    quarter = power - 2
    part = (top >> quarter) & 3  # 2**power · (1 + part / 4) <= size - 1
    index = (power - (_SMALLEST - 1)) * 4 + part
    capacity = (part + 5) << quarter
    head = w.at(f"@{STATE}", index * 8 + _HEADS)
    block = w.read_pointer(head)
    with w.when(w.same(block, NULL)):
        w.leave(w.call_pointer("fresh_block", capacity, index))
    w.write(head, 0, w.read_pointer(block, _NEXT - _HEADER))
    w.write(f"@{STATE}", _KEPT, w.read(f"@{STATE}", _KEPT) - capacity)
    w.leave(block)
    return w


def _fresh_block(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    w = Routine(f"internal ptr @fresh_block(i64 %capacity, i64 %class) {PLAIN}", intrinsics, declared)
    capacity = w.parameter("%capacity")
    raw = w.call_pointer("PyMem_RawMalloc", capacity + (_HEADER + 63))
    with w.when(w.same(raw, NULL)):
        w.leave(NULL)
    start = w.made(capacity.type, f"ptrtoint ptr {raw} to i64") + (_HEADER + 63)
    block = w.pointer(f"inttoptr i64 {(start & -64).text} to ptr")
    w.write(block, _RAW - _HEADER, raw)
    w.write(block, _CLASS - _HEADER, w.parameter("%class"))
    w.write(block, _CAPACITY - _HEADER, capacity)
    if sys.platform == "linux":
        with w.when(capacity >= _HUGE):
            page = w.made(capacity.type, f"ptrtoint ptr {block} to i64") & -4096
            w.call("advise_pages", page + 4096, capacity - 4096, w.number(_HUGE_PAGES))
    w.leave(block)
    return w


def _give(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    w = Routine("void @give_block(ptr %block)", intrinsics, declared)
    capacity = w.read("%block", _CAPACITY - _HEADER)
    limit = w.read(f"@{STATE}", _LIMIT)
    with w.when(capacity > limit):
        w.call_void("PyMem_RawFree", w.read_pointer("%block", _RAW - _HEADER))
        w.leave()
    with w.when(w.read(f"@{STATE}", _KEPT) + capacity > limit):
        w.call_void("free_kept")
    head = w.at(f"@{STATE}", w.read("%block", _CLASS - _HEADER) * 8 + _HEADS)
    w.write("%block", _NEXT - _HEADER, w.read_pointer(head))
    w.write(head, 0, "%block")
    w.write(f"@{STATE}", _KEPT, w.read(f"@{STATE}", _KEPT) + capacity)
    w.leave()
    return w


def _free_all(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    """When the limit is reached everything goes: the sizes in use have changed, and what is in use is kept again."""
    w = Routine(f"void @free_kept() {PLAIN}", intrinsics, declared)
    with w.count(w.number(_CLASSES)) as index, w.forever() as done:
        head = w.at(f"@{STATE}", index * 8 + _HEADS)
        block = w.read_pointer(head)
        going_on = w.new_label()
        w.branch(w.same(block, NULL), done, going_on)
        w.label(going_on)
        w.write(head, 0, w.read_pointer(block, _NEXT - _HEADER))
        w.call_void("PyMem_RawFree", w.read_pointer(block, _RAW - _HEADER))
    w.write(f"@{STATE}", _KEPT, w.number(0))
    w.leave()
    return w


def _handler_malloc(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    w = Routine("ptr @handler_malloc(ptr %context, i64 %size)", intrinsics, declared)
    w.leave(w.call_pointer("take_block", w.parameter("%size")))
    return w


def _handler_calloc(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    w = Routine(f"ptr @handler_calloc(ptr %context, i64 %count, i64 %size) {PLAIN}", intrinsics, declared)
    total = w.parameter("%count") * w.parameter("%size")
    block = w.call_pointer("take_block", total)
    with w.when(w.apart(block, NULL)):
        intrinsics["llvm.memset"] = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"
        w.line(f"call void @llvm.memset.p0.i64(ptr {block}, i8 0, i64 {total.text}, i1 false)")
    w.leave(block)
    return w


def _handler_realloc(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    w = Routine(f"ptr @handler_realloc(ptr %context, ptr %old, i64 %size) {PLAIN}", intrinsics, declared)
    size = w.parameter("%size")
    block = w.call_pointer("take_block", size)
    with w.when(w.same(block, NULL) | w.same("%old", NULL)):
        w.leave(block)
    held = w.read("%old", _CAPACITY - _HEADER)
    length = w.select(held < size, held, size)
    intrinsics["llvm.memcpy"] = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
    w.line(f"call void @llvm.memcpy.p0.p0.i64(ptr {block}, ptr %old, i64 {length.text}, i1 false)")
    w.call_void("give_block", "%old")
    w.leave(block)
    return w


def _handler_free(intrinsics: dict[str, str], declared: dict[str, str]) -> Routine:
    w = Routine("void @handler_free(ptr %context, ptr %block, i64 %size)", intrinsics, declared)
    with w.when(w.apart("%block", NULL)):
        w.call_void("give_block", "%block")
    w.leave()
    return w


class Handler(ctypes.Structure):
    """NumPy's `PyDataMem_Handler`, version 1 (numpy/ndarraytypes.h)."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("context", ctypes.c_void_p),
        ("malloc", ctypes.c_void_p),
        ("calloc", ctypes.c_void_p),
        ("realloc", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
    )


def default_limit() -> int:
    """How many bytes of free blocks are kept: a sixteenth of the memory, at most half a GiB; GLASSGRAD_KEEP_MB."""
    chosen = whole_number("GLASSGRAD_KEEP_MB")
    if chosen is not None:
        return chosen << 20
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        memory = 1 << 32
    return min(1 << 29, memory >> 4)


def set_limit(state: int, limit: int) -> None:
    """Writes the limit into the native state."""
    ctypes.c_int64.from_address(state + _LIMIT).value = limit


def kept_bytes(state: int) -> int:
    """How many bytes of free blocks are kept now."""
    return int(ctypes.c_int64.from_address(state + _KEPT).value)


def symbols() -> dict[str, int]:
    """The addresses of what the code calls of the system."""
    if sys.platform != "linux":
        return {}
    return {"advise_pages": ctypes.cast(ctypes.CDLL(None).madvise, ctypes.c_void_p).value or 0}
