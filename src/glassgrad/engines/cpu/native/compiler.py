"""LLVM text -> object code -> addresses of functions. Floor 4.

Object code is plain bytes, so it can be kept on disk and loaded again without compiling anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

import llvmlite.binding as llvm

_next_library = count().__next__


@cache
def _target_machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=host_features(), opt=2, reloc="pic", codemodel="small", jit=True
    )


@cache
def host_features() -> str:
    """What this processor can do, as LLVM names it."""
    return str(llvm.get_host_cpu_features().flatten())


@cache
def _linker() -> Any:
    _target_machine()
    return llvm.create_lljit_compiler(_target_machine(), use_jit_link=False, suppress_errors=True)


@dataclass(frozen=True, eq=False, slots=True)
class Library:
    """Loaded code: the addresses of its functions by name, for as long as this object lives."""

    addresses: dict[str, int]
    tracker: Any


def _parsed(text: str) -> Any:
    module = llvm.parse_assembly(text)
    module.verify()
    module.triple = llvm.get_default_triple()
    module.data_layout = str(_target_machine().target_data)
    return module


_THOROUGH = 3000  # lines up to which everything is optimised; beyond, time is better spent on running


def object_code(text: str) -> bytes:
    """Optimised machine code for LLVM text.

    Loops are written with vectors and what is constant in them before them, so little is left to optimise: on long
    text the passes that matter take a tenth of the time, and the code runs as fast.
    """
    if text.count("\n") > _THOROUGH:
        return control_code(text)
    machine = _target_machine()
    module = _parsed(text)
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_interleaving = False
    options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def control_code(text: str) -> bytes:
    """Machine code for long text, or for text of tests, calls and jumps, without loops to optimise."""
    machine = _target_machine()
    module = _parsed(text)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=1))
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return bytes(machine.emit_object(module))


def load(code: bytes, names: Sequence[str], symbols: dict[str, int] | None = None) -> Library:
    """Links object code; `symbols` are the addresses of what it calls from outside."""
    builder = llvm.JITLibraryBuilder().add_object_img(code)
    for name, address in (symbols or {}).items():
        builder.import_symbol(name, address)
    for name in names:
        builder.export_symbol(name)
    builder.add_current_process()
    tracker = builder.link(_linker(), f"glassgrad{_next_library()}")
    return Library({name: tracker[name] for name in names}, tracker)
