"""A look inside of a call: its program described, printed, and its text and machine code on demand. Floor 4."""

import json
import re
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from glassgrad.base.errors import UnsupportedError, UsageError
from glassgrad.base.settings import current
from glassgrad.engines.cpu.emit.lanes import vector_bytes
from glassgrad.engines.cpu.emit.module import Module
from glassgrad.engines.cpu.lower import lowered
from glassgrad.engines.cpu.native.compiler import assembly_text, object_code, optimised_text
from glassgrad.engines.cpu.native.target import target
from glassgrad.engines.cpu.native.threads import processor_count
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.plan import planned
from glassgrad.engines.cpu.program import written
from glassgrad.engines.cpu.report import data
from glassgrad.engines.cpu.report.describe import Describer, buffers_of, operations
from glassgrad.engines.cpu.report.names import Names
from glassgrad.engines.cpu.report.page import as_html, as_text, described_page
from glassgrad.engines.cpu.report.work import Work
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node
from glassgrad.graph.notes import Notes

_MOST_ARGUMENTS = 8  # named in a signature


class Inspection:
    """What a call compiles to. Prints as text, shows as HTML in a notebook; its parts are attributes."""

    def __init__(self, description: data.Description, module: Module | None) -> None:
        self.description = description
        self._module = module

    # ------------------------------------------------------------------ parts
    @property
    def engine(self) -> str:
        """What runs the call: "cpu" or "reference"."""
        return self.description.engine

    @property
    def steps(self) -> tuple[data.Step, ...]:
        """What is done in order; loops carry the steps of their bodies."""
        return self.description.steps

    @property
    def kernels(self) -> tuple[data.Kernel, ...]:
        """The loop nests, also those in the bodies of loops."""
        return tuple([step for step in data.walk(self.steps) if isinstance(step, data.Kernel)])

    @property
    def calls(self) -> tuple[data.Step, ...]:
        """What is not done in loop nests: matrix products, loops with bodies, fallbacks."""
        return tuple([step for step in data.walk(self.steps) if not isinstance(step, data.Kernel)])

    @property
    def fallbacks(self) -> tuple[data.Fallback, ...]:
        """The ops that NumPy or SciPy computes inside of the native program, with the reason."""
        return tuple([step for step in data.walk(self.steps) if isinstance(step, data.Fallback)])

    @property
    def buffers(self) -> tuple[data.Buffer, ...]:
        """The arrays of the program: arguments, results, and what lies in the arena between."""
        return self.description.buffers

    @property
    def arena_bytes(self) -> int:
        """The memory for all values between arguments and results; parts of it are used again."""
        return self.description.arena_bytes

    @property
    def work(self) -> Work:
        """Operations and bytes of the whole."""
        return self.description.work

    # ------------------------------------------------------------------ text and machine code
    @property
    def llvm(self) -> str:
        """The program as LLVM text, as it is written."""
        return self._native().text()

    @property
    def optimised_llvm(self) -> str:
        """The LLVM text after LLVM's passes."""
        return optimised_text(self.llvm)

    def assembly(self, kernel: str | None = None) -> str:
        """The machine code in words: of one kernel ("k0"), or of the whole program."""
        text = self.llvm
        if kernel is None:
            return assembly_text(text)
        if f"@{kernel}(" not in text:
            known = ", ".join([one.name for one in self.kernels]) or "none"
            raise UsageError(f"there is no kernel {kernel!r}", hint=f"the kernels are {known}")
        alone = re.sub(rf"define internal void @({kernel}(?:\.\w+)?)\(", r"define void @\1(", text)  # kept apart
        found = re.findall(
            rf'^"?{kernel}(?:\.\w+)?"?:.*?^\.Lfunc_end\d+:', assembly_text(alone), re.MULTILINE | re.DOTALL
        )
        return "\n".join(found)

    @property
    def compile_seconds(self) -> dict[str, float]:
        """The time of each stage; LLVM's is measured afresh, without the code that is kept on disk."""
        if self._module is None:
            return dict(self.description.seconds)
        text, start = self.llvm, perf_counter()
        object_code(text)
        return self.description.seconds | {"LLVM": perf_counter() - start}

    def _native(self) -> Module:
        if self._module is None:
            why = self.description.reason or "the engine is reference"
            raise UsageError(
                f"{self.description.function} has no native code: {why}",
                hint="gg.settings(engine='cpu') compiles",
            )
        return self._module

    # ------------------------------------------------------------------ shown
    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        found: dict[str, Any] = data.plain(self.description)
        return found

    def to_json(self) -> str:
        """All of it as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def text(self, width: int | None = None) -> str:
        """As a page of text of this many columns; the terminal's, at most 120, unless given."""
        return as_text(described_page(self.description), width)

    def __rich__(self) -> Any:
        return described_page(self.description)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return as_html(described_page(self.description))


def inspection_of(
    graph: Graph,
    notes: Notes,
    given: Mapping[Node, str],
    results: Sequence[str],
    *,
    title: str,
    engine: str,
    seconds: dict[str, float],
) -> Inspection:
    """The description of a graph as this engine runs it."""
    names = named(notes, given)
    reason = ""
    if engine == "cpu":
        try:
            start = perf_counter()
            plan = planned(lowered(graph, notes), notes)
            planning = perf_counter()
            module = written(plan)
            seconds |= {"plan": planning - start, "write": perf_counter() - planning}
            description, _ = described(plan, module, names, results, title=title, signature=signature(graph, names))
            return Inspection(with_seconds(description, seconds), module)
        except UnsupportedError as error:
            reason = error.message
    return Inspection(on_reference(graph, names, title, reason, seconds), None)


def named(notes: Notes, given: Mapping[Node, str]) -> Names:
    """Names that begin with those of the arguments."""
    names = Names(notes)
    names.give(given)
    return names


def described(
    plan: Plan, module: Module, names: Names, results: Sequence[str], *, title: str, signature: str
) -> tuple[data.Description, Describer]:
    """A plan and its text as data, and who described them."""
    for place, (node, path) in enumerate(zip(plan.outputs, results, strict=True)):
        if node not in names.of and not names.is_named(node):
            names.give({node: path if path not in names.used else f"{path}_{place}"})
    describer = Describer(module, names)
    steps = describer.steps(plan)
    description = data.Description(
        title,
        "cpu",
        signature,
        steps,
        buffers_of(plan, names),
        plan.arena_bytes,
        current().threads or processor_count(),
        f"{target().name}, vectors of {8 * vector_bytes()} bits",
    )
    return description, describer


def with_seconds(description: data.Description, seconds: dict[str, float]) -> data.Description:
    """The description with the times of its making."""
    description.seconds.update(seconds)
    return description


def on_reference(graph: Graph, names: Names, title: str, reason: str, seconds: dict[str, float]) -> data.Description:
    """The description of a graph that the reference engine runs op by op."""
    steps = operations(graph, names)
    return data.Description(title, "reference", signature(graph, names), steps, (), 0, 1, "NumPy", reason, seconds)


def signature(graph: Graph, names: Names) -> str:
    """`x f64[100,3], w f64[3] -> f64[100]`."""
    given = [f"{names.name(node)} {node.aval}" for node in graph.inputs]
    return f"({_some(given)}) -> {_some([str(aval) for aval in graph.avals])}"


def _some(words: Sequence[str]) -> str:
    hidden = len(words) - _MOST_ARGUMENTS
    return ", ".join([*words[:_MOST_ARGUMENTS], *([f"… {hidden} more"] if hidden > 0 else [])])
