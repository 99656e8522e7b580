"""A training step's forward pass as a graph: the loss, and the chain that leads to it. Floor 7."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassgrad.base.errors import DerivativeError
from glassgrad.base.trees import Tree, flatten, map_leaves
from glassgrad.doctor.subjects.halves import FEWEST
from glassgrad.doctor.subjects.own.calls import Calls
from glassgrad.doctor.subjects.own.chain import Chain, Places, chain_of, predictions_of
from glassgrad.graph.node import Node, workspace
from glassgrad.nn.calls import observing, training
from glassgrad.nn.objective import objective_of
from glassgrad.tracing.trace import is_array
from glassgrad.tracing.tracer import Tracer, note_origin, to_node

Arrays = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Forward:
    """A traced forward pass."""

    loss: Node
    calls: Calls
    places: Places
    data: tuple[Node, ...]
    parameters: Mapping[Node, str]  # to their paths

    def chain(self) -> Chain:
        """The links from the data to the loss."""
        return chain_of(self.calls.all, self.loss, self.data, self.parameters, self.places)

    def predictions(self) -> tuple[Node, ...]:
        """What the loss is given by the model."""
        return predictions_of(self.calls.all, self.loss, self.data)


def forward_of(
    model: Any, loss: Any, values: tuple[Tree, ...], parameters: Mapping[str, Any], key: Any | None
) -> Forward:
    """Calls model and loss under watch, within the trace that runs: in training with a key, else in evaluation.

    `parameters` are the traced arrays in the model, by path.
    """
    here = workspace()
    assert here is not None
    calls = Calls()
    calls.know(model, "")
    note_origin()
    base = here.origin
    with observing(calls), nullcontext() if key is None else training(key):
        judged = objective_of(loss, None)(model, values, None)
    node = one_number(judged.loss)
    data = tuple([leaf.node for leaf in flatten(values)[0] if isinstance(leaf, Tracer)])
    names = {value.node: path for path, value in parameters.items() if isinstance(value, Tracer)}
    return Forward(node, calls, Places(here.notes, base), data, names)


def one_number(value: Any) -> Node:
    """The loss as a node; an error where it is no number."""
    if not is_array(value):
        raise DerivativeError(f"the loss gives {type(value).__name__}, and a training needs one number")
    return to_node(value)


@contextmanager
def quiet() -> Iterator[None]:
    """In the block NumPy does not warn of what becomes no number: the doctor says so itself."""
    with np.errstate(all="ignore"):
        yield


def halves(values: tuple[Tree, ...]) -> list[tuple[Tree, ...]] | None:
    """The two halves of a batch, or None where it has not two rows or more."""
    rows = row_count(values)
    if rows < FEWEST:
        return None
    half = rows // 2
    return [map_leaves(lambda leaf, a=a: leaf[a : a + half], values) for a in (0, half)]


def row_count(values: Sequence[Tree]) -> int:
    """How many examples a batch has: 0 where its arrays do not agree."""
    counts = {len(leaf) for leaf in flatten(tuple(values))[0] if np.ndim(leaf)}
    return counts.pop() if len(counts) == 1 else 0
