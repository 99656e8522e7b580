"""The graphs inside loops, branches and calls: which they are, and what the person named and wrote in them. Floor 4.

A body is traced in its surroundings and then closed: what it takes from outside becomes an input, and what stands on
that is made anew. `Notes.before` tells what each node was; names and expressions are carried over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, Params, apart, make, reachable
from glassgrad.graph.op import Op
from glassgrad.ops.control import CALL, COND, CUSTOM, SCAN, WHILE
from glassgrad.ops.leaves import LITERAL, literal, literal_value
from glassgrad.tracing.observation import Binding, Operation
from glassgrad.tracing.written import Written

CONTROL: frozenset[Op] = frozenset({CALL, COND, CUSTOM, SCAN, WHILE})


def graphs_of(node: Node) -> list[Graph]:
    """The graphs that an op of control flow carries."""
    found: list[Graph] = []
    for name, value in node.params:
        if isinstance(value, Graph):
            found.append(value)
        elif name == "branches":
            found.extend(value)
    return found


def all_graphs(outputs: Sequence[Node]) -> list[Graph]:
    """Every graph inside what the outputs depend on, and inside those."""
    found: dict[Graph, None] = {}
    stack: list[Sequence[Node]] = [outputs]
    while stack:
        for node in reachable(stack.pop()):
            for graph in graphs_of(node) if node.op in CONTROL else ():
                if graph not in found:
                    found[graph] = None
                    stack.append(graph.outputs)
    return list(found)


def earlier(node: Node, before: Mapping[Node, Node]) -> list[Node]:
    """What a node was before, step by step."""
    chain: list[Node] = []
    while node in before and len(chain) < 100:
        node = before[node]
        chain.append(node)
    return chain


def carried_bindings(bindings: Sequence[Binding], alive: Iterable[Node], before: Mapping[Node, Node]) -> list[Binding]:
    """The variables' values as they stand in the final graphs; values that are in none of them are dropped."""
    now: dict[Node, list[Node]] = {}
    for node in alive:
        now.setdefault(node, []).append(node)
        if node.op.name != "input":  # an input that stands for an outer value goes by that value's name
            for old in earlier(node, before):
                now.setdefault(old, []).append(node)
    return [replace(binding, node=node) for binding in bindings for node in now.get(binding.node, ())]


def carried_operations(
    operations: Mapping[Node, Operation], graphs: Sequence[Graph], before: Mapping[Node, Node]
) -> dict[Node, Operation]:
    """How values are written, also for those that were made anew inside a graph."""
    found = dict(operations)
    for graph in graphs:
        nodes = graph.nodes()
        now = {old: node for node in nodes for old in earlier(node, before)} | {node: node for node in nodes}
        for node in nodes:
            operation = next((operations[old] for old in (node, *earlier(node, before)) if old in operations), None)
            if operation is None:
                continue
            operands = [now.get(x, x) if isinstance(x, Node) else x for x in operation.written.operands]
            inside = all(not isinstance(x, Node) or x in now or not x.inputs for x in operands)
            if inside:
                found[node] = replace(operation, written=Written(operation.written.expression, tuple(operands)))
            else:
                found.pop(node, None)
    return found


# ------------------------------------------------------------------ smaller loops and branches
def tidied(node: Node) -> Node:
    """The op with numbers among its operands put into its graphs, and without operands that those do not read."""
    fixed = _first_constant(node)
    graphs = graphs_of(node)
    offset = 1 if node.op is COND else 0  # a branch does not take the number of the branch
    literals = {index for index, x in enumerate(node.inputs) if index >= fixed and x.op is LITERAL}
    graphs = [
        _with_literals(graph, {graph.inputs[index - offset]: node.inputs[index] for index in literals})
        for graph in graphs
    ]
    read = {x for graph in graphs for x in _read(graph)}
    kept = [
        index
        for index in range(len(node.inputs))
        if index < _first_optional(node) or any(graph.inputs[index - offset] in read for graph in graphs)
    ]
    kept = _with_a_length(node, kept)
    if len(kept) == len(node.inputs) and graphs == graphs_of(node):
        return node
    inner = [index - offset for index in kept if index >= offset]
    graphs = [Graph(tuple([graph.inputs[index] for index in inner]), graph.outputs, graph.notes) for graph in graphs]
    return make(node.op, tuple([node.inputs[index] for index in kept]), _new_params(node, graphs, kept))


def _first_constant(node: Node) -> int:
    """The first operand that stays the same in every round."""
    if node.op is SCAN:
        return int(node.param("carries") + node.param("sequences"))
    return int(node.param("carries")) if node.op is WHILE else int(node.op is COND)


def _first_optional(node: Node) -> int:
    """The first operand that may be left out where nothing reads it."""
    return int(node.param("carries")) if node.op in (SCAN, WHILE) else int(node.op is COND)


def _with_literals(graph: Graph, literals: Mapping[Node, Node]) -> Graph:
    known = {x: literal(literal_value(number), number.dtype, number.shape) for x, number in literals.items()}
    if not known or set(_read(graph)).isdisjoint(known):
        return graph
    with apart():
        return Graph(graph.inputs, tuple(substitute(graph.outputs, known)), graph.notes)


def _read(graph: Graph) -> list[Node]:
    reached = set(reachable(graph.outputs))
    return [x for x in graph.inputs if x in reached]


def _with_a_length(node: Node, kept: list[int]) -> list[int]:
    """A scan whose number of steps the run decides keeps one sequence to count them by."""
    if node.op is not SCAN or node.param("length") >= 0:
        return kept
    carries, fixed = node.param("carries"), _first_constant(node)
    if any(carries <= index < fixed for index in kept) or carries == fixed:
        return kept
    return sorted([*kept, carries])


def _new_params(node: Node, graphs: Sequence[Graph], kept: Sequence[int]) -> Params:
    new = iter(graphs)
    params: dict[str, object] = {}
    for name, value in node.params:
        params[name] = (
            next(new)
            if isinstance(value, Graph)
            else (tuple(next(new) for _ in value) if name == "branches" else value)
        )
    if node.op is SCAN:
        carries, fixed = node.param("carries"), _first_constant(node)
        params["sequences"] = sum(carries <= index < fixed for index in kept)
    return tuple(sorted(params.items()))
