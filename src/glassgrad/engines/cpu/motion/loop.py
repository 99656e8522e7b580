"""A loop whose body is being rewritten: what its inputs stand for outside, and what depends on what. Floor 4."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from math import prod

from glassgrad.graph.graph import Graph, substitute
from glassgrad.graph.node import Node, reachable
from glassgrad.ops.contract import CONTRACT, parts
from glassgrad.ops.leaves import INPUT, LITERAL, input_node
from glassgrad.transforms.batch import batch

# Reading through these costs nothing: they say where an element lies.
PLACES = frozenset({"reshape", "broadcast", "transpose", "index", "diagonal", "cast", "stop_gradient", "mark"})


@dataclass(eq=False, slots=True)
class Loop:
    """Inputs of the body with the values outside that they stand for, and the body's outputs by position.

    `carries` holds for each carried position the body's input and the value it starts from. `extra` are values of each
    step that the loop gives besides. `now` says what has become of the values that were asked for by `record`.
    """

    length: int
    carries: dict[int, tuple[Node, Node]]
    sequences: dict[Node, Node]
    constants: dict[Node, Node]
    outputs: dict[int, Node]
    extra: list[Node] = field(default_factory=list)
    now: dict[Node, Node] = field(default_factory=dict)

    def results(self) -> list[Node]:
        """What the body has to compute."""
        return [*self.outputs.values(), *self.extra]

    def carried(self) -> list[Node]:
        """The body's inputs that are carried."""
        return [x for x, _ in self.carries.values()]

    def recorded(self) -> list[Node]:
        """What the body gives at each step, but for what is carried."""
        return [*[y for k, y in self.outputs.items() if k not in self.carries], *self.extra]

    def varying(self, nodes: Iterable[Node]) -> set[Node]:
        """What changes from step to step."""
        return closure(nodes, [*self.carried(), *self.sequences])

    def record(self, node: Node) -> None:
        """Has the loop give this value at each step, if it does not already."""
        if node not in self.sequences:
            self.now[node] = node
            if node not in self.recorded():
                self.extra.append(node)

    def replace(self, replacement: dict[Node, Node]) -> None:
        """The body with some of its values replaced."""
        before = self.results()
        after = substitute(before, replacement)
        became = dict(zip(before, after, strict=True))
        self.now = {node: became.get(current, current) for node, current in self.now.items()}
        new = iter(after)
        self.outputs = {k: next(new) for k in self.outputs}
        self.extra = list(new)

    def outside(self, nodes: list[Node]) -> list[Node]:
        """The values outside of what does not change from step to step."""
        return substitute(nodes, self.constants)

    def stacked(self, nodes: list[Node], known: dict[Node, Node] | None = None) -> list[Node]:
        """All steps' values at once, of what follows from the sequences (and from what is known, step by step)."""
        own = {x: input_node(x.aval) for x in (*self.sequences, *(known or {}))}
        inside = substitute(nodes, own | self.constants)
        mapped = {own[x]: all_steps for x, all_steps in (self.sequences | (known or {})).items()}
        found = batch(inside, mapped, self.length)
        assert all(is_mapped for _, is_mapped in found), "they change from step to step"
        return [many for many, _ in found]


def closure(nodes: Iterable[Node], start: Iterable[Node]) -> set[Node]:
    """Those of the nodes (inputs before users) that depend on one of the given ones."""
    found = set(start)
    for node in nodes:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found


def users_of(outputs: list[Node]) -> dict[Node, list[Node]]:
    """The nodes that read each node."""
    found: dict[Node, list[Node]] = {}
    for node in reachable(outputs):
        for x in dict.fromkeys(node.inputs):
            found.setdefault(x, []).append(node)
    return found


def is_weighted(node: Node, varying: Collection[Node]) -> bool:
    """Is this a value of the step times a matrix that stays the same, with sums to be taken?"""
    if node.op is not CONTRACT or node.dtype.kind not in "fc":
        return False
    left, right, out = parts(node.param("spec"))
    summed = prod(size for c, size in zip(left, node.inputs[0].shape, strict=True) if c in right and c not in out)
    return summed > 1 and (node.inputs[0] in varying) != (node.inputs[1] in varying)


def body_graph(loop: Loop) -> Graph:
    """The body over the inputs that are left."""
    return Graph((*loop.carried(), *loop.sequences, *loop.constants), tuple(loop.results()))


def is_leaf(node: Node) -> bool:
    """Has the value no inputs?"""
    return node.op in (INPUT, LITERAL) or not node.inputs
