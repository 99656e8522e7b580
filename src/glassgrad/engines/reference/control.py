"""How the reference engine runs ops that carry graphs: plain Python loops over compiled programs. Floor 4."""

from collections.abc import Callable
from typing import Any

from glassgrad.engines.reference.program import compile_graph, subgraph_kernels
from glassgrad.engines.reference.ragged import room, stack
from glassgrad.graph.node import Node
from glassgrad.ops.barriers import HOST
from glassgrad.ops.control import CALL, COND, CUSTOM, SCAN, WHILE

Kernel = Callable[..., Any]


def call_kernel(node: Node) -> Kernel:
    """The program of the function that is called."""
    return compile_graph(node.param("graph"))


def cond_kernel(node: Node) -> Kernel:
    """The program of the branch that the index picks, clipped into range."""
    programs = [compile_graph(graph) for graph in node.param("branches")]

    def run(index: Any, *operands: Any) -> list[Any]:
        return programs[min(max(int(index), 0), len(programs) - 1)](*operands)

    return run


def scan_kernel(node: Node) -> Kernel:
    """The body's program, once for each step; what each step gives is stacked."""
    program = compile_graph(node.param("body"))
    carries, sequences, backwards = node.param("carries"), node.param("sequences"), node.param("backwards")
    known = node.param("length")
    stacked = [(aval.shape[1:], aval.dtype) for aval in node.avals[carries:]]

    def run(*operands: Any) -> list[Any]:
        carry = list(operands[:carries])
        xs = operands[carries : carries + sequences]
        constants = operands[carries + sequences :]
        length = known if known >= 0 else len(xs[0])
        ys = [room(length, shape, dtype) for shape, dtype in stacked]
        for step in reversed(range(length)) if backwards else range(length):
            results = program(*carry, *[x[step] for x in xs], *constants)
            carry = results[:carries]
            for y, value in zip(ys, results[carries:], strict=True):
                y[step] = value
        return [*carry, *ys]

    return run


def while_kernel(node: Node) -> Kernel:
    """The body's program while the condition's program says so; what each step gives is stacked at the end."""
    condition, body = compile_graph(node.param("condition")), compile_graph(node.param("body"))
    carries = node.param("carries")
    stacked = [(aval.shape[1:], aval.dtype) for aval in node.avals[carries:]]

    def run(*operands: Any) -> list[Any]:
        carry, constants = list(operands[:carries]), operands[carries:]
        records: list[list[Any]] = [[] for _ in stacked]
        while condition(*carry, *constants)[0]:
            results = body(*carry, *constants)
            carry = results[:carries]
            for record, value in zip(records, results[carries:], strict=True):
                record.append(value)
        ys = [stack(record, shape, dtype) for record, (shape, dtype) in zip(records, stacked, strict=True)]
        return [*carry, *ys]

    return run


subgraph_kernels.update(
    {CALL: call_kernel, CUSTOM: call_kernel, COND: cond_kernel, SCAN: scan_kernel, WHILE: while_kernel}
)


def host_kernel(node: Node) -> Kernel:
    """A person's own function, called with plain arrays."""
    return node.param("function")  # type: ignore[no-any-return]  # a callable by construction


subgraph_kernels[HOST] = host_kernel
