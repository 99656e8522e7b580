"""Which layers a traced call goes through: each call with its values before and after. Floor 7."""

from dataclasses import dataclass, field
from typing import Any

from glassgrad.base.trees import children_of, flatten, join, tree_places
from glassgrad.graph.node import Node, fresh_serial
from glassgrad.tracing.tracer import Tracer


@dataclass(slots=True, eq=False)
class Call:
    """A call of a layer: what went in, what came out, and the numbers of the nodes made in between."""

    path: str
    layer: Any
    above: "Call | None"
    inputs: tuple[Node, ...]
    began: int
    ended: int = 0
    outputs: tuple[Node, ...] = ()
    inner: list["Call"] = field(default_factory=list)


@dataclass(slots=True)
class Calls:
    """An observer of layers that notes their calls in order."""

    paths: dict[int, str] = field(default_factory=dict)
    alive: list[Any] = field(default_factory=list)  # so that no identity is used twice
    all: list[Call] = field(default_factory=list)
    under_way: list[Call] = field(default_factory=list)

    def entered(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A layer is about to be called."""
        if id(layer) not in self.paths:
            self.know(layer, self._path_of(layer))
        above = self.under_way[-1] if self.under_way else None
        call = Call(self.paths[id(layer)], layer, above, nodes_of((args, kwargs)), fresh_serial())
        if above is not None:
            above.inner.append(call)
        self.all.append(call)
        self.under_way.append(call)

    def left(self, layer: Any, result: Any) -> None:
        """The layer has given its result."""
        call = self.under_way.pop()
        call.ended, call.outputs = fresh_serial(), nodes_of(result)

    def know(self, tree: Any, path: str) -> None:
        """Notes the paths of a model's parts."""
        for inner, part in tree_places(tree, path):
            self.paths.setdefault(id(part), inner)
            self.alive.append(part)

    def _path_of(self, layer: Any) -> str:
        """A layer that was made in the call of another, as `Shared` does, stands where its like does."""
        if not self.under_way:
            return ""
        above = self.under_way[-1]
        for step, child in children_of(above.layer) or ():
            if type(child) is type(layer):
                return join(above.path, step)
        return above.path


def nodes_of(tree: Any) -> tuple[Node, ...]:
    """The nodes of the traced values in a tree."""
    return tuple(dict.fromkeys(leaf.node for leaf in flatten(tree)[0] if isinstance(leaf, Tracer)))
