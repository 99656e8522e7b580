"""The gradient by the state of a recurrent layer at each step in time: zeros are added to the states. Floor 7."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.doctor.subjects.own.kinds import RECURRENT
from glassgrad.doctor.subjects.own.surgery import layers_of
from glassgrad.graph.node import Node
from glassgrad.nn.layer import Array, Layer, static
from glassgrad.nn.recurrent.cells import LSTMCell
from glassgrad.ops.leaves import mark, zeros
from glassgrad.tracing.tracer import wrap


@dataclass(eq=False, slots=True)
class Added:
    """The zeros that were added along a layer: one array (time, …, size) for each call."""

    nodes: list[Node] = field(default_factory=list)


class Shown(Layer):
    """A cell whose state has zeros added to it at each step: the gradient by them is that by the state."""

    cell: Any
    added: Added = static()

    @property
    def input_weight(self) -> Array:
        """That of the cell."""
        return self.cell.input_weight

    def start(self, shape: Any = ()) -> Any:
        """That of the cell."""
        return self.cell.start(shape)

    def project(self, x: Array) -> Any:
        """The cell's part of all steps, and the zeros."""
        count = 2 if isinstance(self.cell, LSTMCell) else 1
        aval = Aval((*np.shape(x)[:-1], count * self.cell.size), self.cell.hidden_weight.dtype)
        node = mark(zeros(aval))
        self.added.nodes.append(node)
        return self.cell.project(x), wrap(node)

    def step(self, carry: Any, given: Any) -> Any:
        """The carry after a step, with the zeros added."""
        projected, nothing = given
        after = self.cell.step(carry, projected)
        if isinstance(self.cell, LSTMCell):
            return after[0] + nothing[..., : self.cell.size], after[1] + nothing[..., self.cell.size :]
        return after + nothing

    def hidden(self, carry: Any) -> Any:
        """That of the cell."""
        return self.cell.hidden(carry)


def with_shown_states(model: Any) -> tuple[Any, dict[str, Added]]:
    """The model whose recurrent layers show the states of their last cell, and what was added, by the layers' paths."""
    found: dict[str, Added] = {}
    changes: dict[str, Any] = {}
    for path, layer in layers_of(model):
        if isinstance(layer, RECURRENT):
            name = path or "model"
            found[name] = Added()
            place = f"forward[{len(layer.forward) - 1}]"
            changes[f"{path}.{place}" if path else place] = Shown(layer.forward[-1], found[name])
    return (model.replace(changes) if changes else model), found


def by_time(added: Mapping[str, Added], bar: Mapping[Node, Node]) -> dict[str, Node]:
    """The gradient by the states (time, …, size) of each layer's last call, where one arrives."""
    return {path: bar[one.nodes[-1]] for path, one in added.items() if one.nodes and one.nodes[-1] in bar}


def norms_over_time(gradient: np.ndarray) -> tuple[float, ...]:
    """The norm at each step, the last step first."""
    rows = np.asarray(gradient, np.float64).reshape(len(gradient), -1)
    return tuple(float(norm) for norm in np.linalg.norm(rows, axis=1)[::-1])
