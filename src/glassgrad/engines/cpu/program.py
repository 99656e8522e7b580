"""A graph as a native program. Floor 4.

The program is one function `run(inputs, outputs, arena, context)`: it calls the kernels and what is not done in loops
one after another. `context` leads to the functions of the host.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.engines.cpu.calls.host import HostCalls
from glassgrad.engines.cpu.emit.clock import TICKS, Clock
from glassgrad.engines.cpu.emit.module import Module
from glassgrad.engines.cpu.lower import lowered
from glassgrad.engines.cpu.native.cache import cached_object_code
from glassgrad.engines.cpu.native.compiler import Library, load
from glassgrad.engines.cpu.native.symbols import addresses
from glassgrad.engines.cpu.plan.plan import Plan, planned
from glassgrad.graph.graph import Graph

_RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_ALIGNED = 64


@dataclass(eq=False, slots=True)
class Program:
    """A compiled graph. Called with arrays, it gives new arrays."""

    plan: Plan
    module: Module
    library: Library
    host: HostCalls
    run: Callable[..., None]

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        """The outputs for these arguments."""
        run, results = self.prepared(*arguments)
        run()
        return results

    def prepared(self, *arguments: Any) -> tuple[Callable[[], None], list[np.ndarray]]:
        """A run on these arguments, to be made as often as one likes, and the arrays that it writes into."""
        plan = self.plan
        given = [np.ascontiguousarray(value, node.dtype) for value, node in zip(arguments, plan.inputs, strict=True)]
        given.extend(np.ascontiguousarray(node.param("held").values) for node in plan.captured)
        results = [np.empty(node.shape, node.dtype) for node in plan.outputs]
        arena = np.empty(plan.arena_bytes + _ALIGNED, np.uint8)
        start = -(-arena.ctypes.data // _ALIGNED) * _ALIGNED
        sources, targets = _pointers(given), _pointers(results)

        def run() -> None:
            self.run(sources, targets, start, self.host.context)
            self.host.raise_pending()
            assert alive, "the memory behind the addresses lives as long as this function"

        alive = [given, results, arena]
        return run, results

    def is_long(self, elements: int) -> bool:
        """Does a run compute more elements than this, or call what takes its time?"""
        kept = sum([node.aval.size for node in self.plan.kept if not node.op.multiple])
        return bool(self.plan.bodies) or bool(self.module.symbols) or kept > elements


def _pointers(arrays: Sequence[np.ndarray]) -> Any:
    return (ctypes.c_void_p * max(len(arrays), 1))(*[array.ctypes.data for array in arrays])


def translated(graph: Graph) -> tuple[Plan, Module]:
    """The plan for a graph, and its text."""
    plan = planned(lowered(graph))
    return plan, written(plan)


def written(plan: Plan, clock: Clock | None = None) -> Module:
    """The text of a plan; with a clock, each of its steps is timed."""
    module = Module(clock)
    module.program("run", plan)
    return module


def compile_graph(graph: Graph) -> Program:
    """The native program for a graph."""
    return assembled(*translated(graph))


def assembled(plan: Plan, module: Module) -> Program:
    """The program of a plan and its text."""
    code = cached_object_code(module.text())
    exported = ["run"] if module.clock is None else ["run", TICKS]
    library = load(code, exported, addresses(module.symbols))
    return Program(plan, module, library, HostCalls(module.host), _RUN(library.addresses["run"]))
