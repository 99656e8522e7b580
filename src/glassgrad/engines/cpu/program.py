"""A graph as a native program. Floor 4.

The program is one function `run(inputs, outputs, arena, context)`: it calls the kernels and what is not done in loops
one after another. `context` leads to the functions of the host.
"""

import ctypes
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.base.settings import Settings, current, settings_variable
from glassgrad.engines.cpu.calls.host import HostCalls
from glassgrad.engines.cpu.emit.clock import TICKS, Clock
from glassgrad.engines.cpu.emit.module import Module
from glassgrad.engines.cpu.fingerprint import fingerprint
from glassgrad.engines.cpu.image import Image, captured_arrays, host_ops, packed, unpacked
from glassgrad.engines.cpu.lines import lines_of
from glassgrad.engines.cpu.lower import lowered
from glassgrad.engines.cpu.native.cache import cached, cached_object_code, keep
from glassgrad.engines.cpu.native.compiler import load, object_code
from glassgrad.engines.cpu.native.symbols import addresses, beside
from glassgrad.engines.cpu.native.threads import processor_count
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.plan import planned
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.ops.leaves import Held

_RUN = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_ALIGNED = 64


@dataclass(frozen=True, slots=True)
class Run:
    """A run on arrays that lie ready, to be made as often as one likes: calling it makes one."""

    program: "Program"
    words: tuple[int, int, int, int]  # what the native function is given: inputs, outputs, arena, context
    alive: tuple[object, ...]  # the memory behind the addresses

    def __call__(self) -> None:
        """Makes one run."""
        if self.program.run(*self.words):
            self.program.host.raise_pending()


class Program:
    """A compiled graph. Called with arrays, it gives new arrays."""

    def __init__(
        self,
        graph: Graph,
        image: Image,
        captured: Sequence[Held],
        hosts: Sequence[Node],
        donated: Collection[int] = (),
    ) -> None:
        self.inputs = tuple([node.aval for node in graph.inputs])
        self.outputs = graph.avals
        self.captured = captured
        self.arena_bytes = image.arena_bytes
        self.host = HostCalls(hosts, image.refusals, lines_of(graph))
        self.calls_host = bool(hosts) or bool(image.refusals)
        self.library = load(image.code, image.exported, addresses(image.symbols))
        self.run = _RUN(self.library.addresses["run"])
        self.taken = image.taken
        self._elements, self._calls = image.elements, image.calls
        self._translate: Callable[[], tuple[Plan, Module]] = partial(_under, current(), graph, donated)

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        """The outputs for these arguments."""
        run, results = self.prepared(*arguments)
        run()
        return results

    def prepared(self, *arguments: Any) -> tuple[Run, list[np.ndarray]]:
        """A run on these arguments, and the arrays that it writes into."""
        given = [np.ascontiguousarray(x, aval.dtype) for x, aval in zip(arguments, self.inputs, strict=True)]
        given.extend(np.ascontiguousarray(held.values) for held in self.captured)
        results = self._results(arguments)
        arena = np.empty(self.arena_bytes + _ALIGNED, np.uint8)
        start = -(-arena.ctypes.data // _ALIGNED) * _ALIGNED
        sources, targets = _pointers(given), _pointers(results)
        words = ctypes.addressof(sources), ctypes.addressof(targets), start, self.host.context
        return Run(self, words, (given, results, arena, sources, targets)), results

    def _results(self, arguments: Sequence[Any]) -> list[np.ndarray]:
        """Arrays for the results: arguments that are given up, or new ones."""
        taken = dict(self.taken)
        return [
            arguments[taken[place]]
            if place in taken and _can_be_taken(arguments[taken[place]], aval)
            else np.empty(aval.shape, aval.dtype)
            for place, aval in enumerate(self.outputs)
        ]

    def is_long(self, elements: int) -> bool:
        """Does a run compute more elements than this, or call what takes its time?"""
        return self._calls or self._elements > elements

    @cached_property
    def translated(self) -> tuple[Plan, Module]:
        """The plan and the text, found out anew where the program came from the disk."""
        return self._translate()

    @property
    def plan(self) -> Plan:
        """What is done in which order."""
        return self.translated[0]

    @property
    def module(self) -> Module:
        """The text that it was compiled from."""
        return self.translated[1]


def _under(chosen: Settings, graph: Graph, donated: Collection[int]) -> tuple[Plan, Module]:
    """The plan and the text as they are under these settings."""
    token = settings_variable.set(chosen)
    try:
        return translated(graph, donated)
    finally:
        settings_variable.reset(token)


def _can_be_taken(value: Any, aval: Aval) -> bool:
    """Is this an array whose memory the program is handed as it is?"""
    return type(value) is np.ndarray and value.dtype is aval.dtype and value.flags.carray


def _pointers(arrays: Sequence[np.ndarray]) -> Any:
    return (ctypes.c_void_p * max(len(arrays), 1))(*[array.ctypes.data for array in arrays])


def translated(graph: Graph, donated: Collection[int] = ()) -> tuple[Plan, Module]:
    """The plan for a graph, and its text."""
    plan = planned(lowered(graph), donated=donated)
    return plan, written(plan)


def written(plan: Plan, clock: Clock | None = None) -> Module:
    """The text of a plan; with a clock, each of its steps is timed."""
    module = Module(clock)
    module.program("run", plan)
    return module


def compile_graph(graph: Graph, donated: Collection[int] = ()) -> Program:
    """The native program for a graph: from the disk, where a graph like it was compiled before.

    Results may be written over the arguments at the positions in `donated`.
    """
    known = fingerprint(graph)
    if known is None:
        return assembled(graph, *translated(graph, donated), donated)
    key = b"program " + known.digest + f"{current()} {processor_count()} {sorted(donated)}".encode()
    image = unpacked(cached(key) or b"")
    if image is not None:
        return Program(graph, image, image.arrays(known.arrays), [op.node() for op in image.host], donated)
    plan, module = translated(graph, donated)
    captured = [node.param("held") for node in plan.captured]
    hosts, arrays = host_ops(module.host), captured_arrays(captured, known)
    if hosts is None or arrays is None:
        return assembled(graph, plan, module, donated)
    image = _image(plan, module, _compiled(module, object_code))
    keep(key, packed(replace(image, host=hosts, captured=arrays)))
    return _of(graph, plan, module, image, donated)


def assembled(graph: Graph, plan: Plan, module: Module, donated: Collection[int] = ()) -> Program:
    """The program of a graph's plan and its text."""
    return _of(graph, plan, module, _image(plan, module, _compiled(module, cached_object_code)), donated)


def _compiled(module: Module, compiler: Callable[[str], bytes]) -> bytes:
    """The module's machine code."""
    return beside(module.symbols, lambda: compiler(module.text()))


def _of(graph: Graph, plan: Plan, module: Module, image: Image, donated: Collection[int]) -> Program:
    captured = [node.param("held") for node in plan.captured]
    program = Program(graph, image, captured, module.host, donated)
    program.translated = plan, module
    return program


def _image(plan: Plan, module: Module, code: bytes) -> Image:
    return Image(
        code=code,
        exported=("run",) if module.clock is None else ("run", TICKS),
        symbols=tuple(module.symbols),
        arena_bytes=plan.arena_bytes,
        elements=sum([node.aval.size for node in plan.kept if not node.op.multiple]),
        calls=bool(plan.bodies) or bool(module.symbols),
        refusals=tuple(module.refusals),
        taken=tuple(plan.taken.items()),
    )
