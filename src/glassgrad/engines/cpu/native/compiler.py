"""LLVM text -> object code -> addresses of functions. Floor 4.

Object code is plain bytes, so it can be kept on disk and loaded again without compiling anything: one or more object
files, each behind its length.
"""

import ctypes
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import count, pairwise
from threading import BoundedSemaphore, Lock
from typing import Any, TypeVar

import llvmlite.binding as llvm

from glassgrad.engines.cpu.native.parts import is_plain, parts
from glassgrad.engines.cpu.native.target import target

_Made = TypeVar("_Made")
_making = Lock()
_idle: dict[int, list[Any]] = {}  # machines by their effort
_next_library = count().__next__
_LENGTH = struct.Struct("<Q")
_PARTS_EACH = 2  # of a module, for each processor: some take longer than their length tells
_EFFORT, _LESS = 2, 1  # as LLVM counts them: with less, instructions are not ordered once more at the end
_NONE = 0  # a quarter of the time, for functions that are translated as they stand
_LONG = 2000  # lines of a function from which that takes too long: it grows with the square of a block


def _new_machine(effort: int = _EFFORT) -> Any:
    chosen = target()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=chosen.name, features=chosen.features, opt=effort, reloc="pic", codemodel="small", jit=True
    )


@cache
def _target_machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return _new_machine()


def _linker() -> Any:
    with _making:  # only one: what it linked goes with it
        return _only_linker()


@cache
def _only_linker() -> Any:
    """Puts code and its constants in one piece of memory: apart, they may be too far for each other's addresses."""
    return llvm.create_lljit_compiler(_target_machine(), use_jit_link=True, suppress_errors=True)


@dataclass(frozen=True, eq=False, slots=True)
class Library:
    """Loaded code: the addresses of its functions by name, for as long as this object lives."""

    addresses: dict[str, int]
    tracker: Any


# ------------------------------------------------------------------ from text to code
def object_code(text: str) -> bytes:
    """Optimised machine code for LLVM text, its parts compiled at the same time.

    Loops are written with vectors and what is constant in them before them, so little is left to optimise: the passes
    that matter take a tenth of the time of LLVM's own choice, and the code runs as fast.
    """
    _target_machine()  # LLVM is made ready by one thread
    workers = _processors()
    pieces = parts(text, _PARTS_EACH * workers if workers > 1 else 1)
    if len(pieces) == 1:
        objects = [_object(pieces[0])]
    else:
        with ThreadPoolExecutor(workers) as threads:
            objects = list(threads.map(_object, pieces))
    return b"".join([_LENGTH.pack(len(code)) + code for code in objects])


def optimised_text(text: str) -> str:
    """LLVM text after the passes that `object_code` runs."""
    _target_machine()
    return _made(text, lambda module, machine: str(module))


def assembly_text(text: str) -> str:
    """The machine code of `object_code` in words."""
    _target_machine()
    return _made(text, lambda module, machine: str(machine.emit_assembly(module)))


def _object(text: str) -> bytes:
    """One object file."""
    return _made(text, _emitted)


def _effort(text: str) -> int:
    """How hard LLVM is to try, so that its work stays linear in the text."""
    if is_plain(text):
        return _NONE
    ends = [0, *[place for place, line in enumerate(text.split("\n")) if line == "}"]]
    return _EFFORT if max([end - start for start, end in pairwise(ends)], default=0) < _LONG else _LESS


@contextmanager
def _machine(effort: int) -> Iterator[Any]:
    """A machine that nobody else compiles for meanwhile; what it found out about the processor serves again.

    It takes two milliseconds to find out: no more are in use at a time than there are processors.
    """
    idle = _idle.setdefault(effort, [])
    with _turns():
        try:
            machine = idle.pop()
        except IndexError:
            machine = _new_machine(effort)
        try:
            yield machine
        finally:
            idle.append(machine)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _turns() -> BoundedSemaphore:
    return BoundedSemaphore(_processors())


# Of llvmlite's functions, which one thread at a time may call; a release without this private name goes without.
_llvmlite = getattr(llvm.ffi.lib, "_lock", None) or nullcontext()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_turns.cache_clear)  # of those who compile, none is in the child
    # It begins in the middle of no call of another thread: nobody there would ever end it.
    os.register_at_fork(
        before=_llvmlite.__enter__, after_in_parent=_llvmlite.__exit__, after_in_child=_llvmlite.__exit__
    )


def _made(text: str, make: Callable[[Any, Any], _Made]) -> _Made:
    """What is made of the optimised text, in a context of its own."""
    with _machine(_effort(text)) as machine:
        return _made_for(machine, text, make)


def _made_for(machine: Any, text: str, make: Callable[[Any, Any], _Made]) -> _Made:
    context = llvm.create_context()
    module = llvm.parse_assembly(text, context)
    try:
        module.verify()
        module.triple = llvm.get_default_triple()
        module.data_layout = str(machine.target_data)
        _optimise(module, machine)
        module.verify()  # a defect of a pass is an error here; later it would end the process, or be wrong numbers
        return make(module, machine)
    finally:
        module.close()  # before its context


def _optimise(module: Any, machine: Any) -> None:
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=1))
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    _run(passes, module, builder)


# ------------------------------------------------------------------ without the lock of llvmlite
@cache
def _unlocked(name: str) -> Any:
    """A function of LLVM as several threads may call it at once, each with a context of its own.

    llvmlite lets one thread in at a time, for most of its users share one context.
    """
    known = getattr(llvm.ffi.lib, name)
    function = getattr(ctypes.CDLL(llvm.ffi.lib._name), name)  # noqa: SLF001 - the path, as a CDLL has it
    function.argtypes, function.restype = known.argtypes, known.restype
    return function


def _run(passes: Any, module: Any, builder: Any) -> None:
    _unlocked("LLVMPY_RunNewModulePassManager")(passes, module, builder)


def _emitted(module: Any, machine: Any) -> bytes:
    problem = ctypes.c_char_p()
    emit = _unlocked("LLVMPY_TargetMachineEmitToMemory")
    memory = emit(machine, module, 1, ctypes.byref(problem))
    if not memory:
        raise RuntimeError((problem.value or b"").decode())
    try:
        return ctypes.string_at(llvm.ffi.lib.LLVMPY_GetBufferStart(memory), llvm.ffi.lib.LLVMPY_GetBufferSize(memory))
    finally:
        llvm.ffi.lib.LLVMPY_DisposeMemoryBuffer(memory)


# ------------------------------------------------------------------ from code to addresses
def _objects(code: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(code):
        (length,) = _LENGTH.unpack_from(code, at)
        at += _LENGTH.size + length
        yield code[at - length : at]


def load(code: bytes, names: Sequence[str], symbols: dict[str, int] | None = None) -> Library:
    """Links object code; `symbols` are the addresses of what it calls from outside."""
    builder = llvm.JITLibraryBuilder()
    for part in _objects(code):
        builder.add_object_img(part)
    for name, address in (symbols or {}).items():
        builder.import_symbol(name, address)
    for name in names:
        builder.export_symbol(name)
    builder.add_current_process()
    tracker = builder.link(_linker(), f"glassgrad{_next_library()}")
    return Library({name: tracker[name] for name in names}, tracker)
