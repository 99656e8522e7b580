"""A plan as data: what is done in which order, and where each value lies. Floor 4."""

from dataclasses import dataclass, field

from glassgrad.engines.cpu.plan.homes import Home
from glassgrad.engines.cpu.plan.items import ItemLoop
from glassgrad.engines.cpu.plan.kernels import Role, Step
from glassgrad.engines.cpu.plan.memory import Place
from glassgrad.graph.node import Node


@dataclass(eq=False, slots=True)
class Plan:
    """What is done in which order, and where each value lies."""

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    captured: tuple[Node, ...]
    roles: dict[Node, Role]
    kept: frozenset[Node]
    steps: list[Step]
    places: dict[Node, Place]
    arena_bytes: int
    bodies: dict[Node, list["Plan"]]
    scratch: dict[Node, Place]
    homes: dict[Node, Home]
    items: dict[Node, ItemLoop]
    still: frozenset[int]  # the carries that are read and written in one place
    taken: dict[int, int] = field(default_factory=dict)  # results and the arguments given up that they are written over
