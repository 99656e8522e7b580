"""The plan of a program: its steps in order, and where each value lies. Floor 4."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from glassgrad.base.errors import UnsupportedError
from glassgrad.engines.cpu import linear, sorting
from glassgrad.engines.cpu.lower import lowered
from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.directions import turn_around
from glassgrad.engines.cpu.plan.donated import taken_over
from glassgrad.engines.cpu.plan.grouping import Group, grouped
from glassgrad.engines.cpu.plan.homes import Home, homes_of, whole_of, with_own_parts
from glassgrad.engines.cpu.plan.in_place import end_of, free_results, lend, written_over
from glassgrad.engines.cpu.plan.items import ItemLoop, item_loop, items_scratch_bytes
from glassgrad.engines.cpu.plan.kernels import Call, Kernel, Role, Step
from glassgrad.engines.cpu.plan.memory import (
    Lifetime,
    aligned,
    arena,
    carried_avals,
    given_places,
    is_ragged,
    near_places,
    stored_bytes,
)
from glassgrad.engines.cpu.plan.merging import merge_loops
from glassgrad.engines.cpu.plan.phases import kernel_of
from glassgrad.engines.cpu.plan.roles import kept_values, role_of, roles_of, storage_of
from glassgrad.engines.cpu.plan.sooner import updates_sooner
from glassgrad.engines.cpu.plan.uses import Uses, uses_of
from glassgrad.engines.cpu.plan.writes import Overwritten, overwritten, readers_first
from glassgrad.engines.cpu.planes import JOINED, PAIRS
from glassgrad.engines.cpu.products.call import room_of
from glassgrad.engines.cpu.products.product import is_product
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, make, reachable, working
from glassgrad.graph.notes import Notes
from glassgrad.ops.contract import CONTRACT
from glassgrad.ops.control import CALL, COND, SCAN, WHILE
from glassgrad.ops.leaves import ARRAY, LITERAL, PROJECT, mark


def planned(
    graph: Graph,
    notes: Notes | None = None,
    *,
    inside: bool = False,
    carries: int = 0,
    donated: Collection[int] = (),
) -> Plan:
    """The plan for a graph of simple ops; inside of another plan, small values lie on the stack.

    As many inputs and outputs as there are `carries` belong together: what comes in may be overwritten. Results may
    take the memory of the inputs at the positions in `donated`.

    What is in `notes` is passed on to what stands for a node here.
    """
    _check_lengths(graph)
    given = frozenset(graph.inputs)
    outputs = _prepared(graph, notes)
    order = [node for node in reachable(outputs) if node not in given]
    roles = roles_of((*graph.inputs, *order), given)
    order, copied = readers_first(order, roles)
    kept = frozenset(kept_values(order, roles, set(outputs)) | copied)
    groups = grouped(order, roles, kept)
    if donated:
        groups = updates_sooner(groups, given, frozenset(outputs), roles)
    uses = uses_of(groups, order, outputs, roles, kept)
    homes = homes_of(groups, uses.read_in, given.union(outputs))
    elsewhere = uses.elsewhere().union(homes)
    uses.move_in(homes)
    over = overwritten(order, roles, kept, uses, (graph.inputs, outputs, carries), set(homes))
    for node, first in over.origin.items():
        uses.read_also(first, node)
    numbers, steps = _steps(groups, elsewhere, homes, over)
    for step in steps:
        if isinstance(step, Kernel):
            merge_loops(step, roles, kept, homes)
    turn_around(steps, roles, kept)
    inner = _insides(order, roles, notes)
    plan = Plan(
        inputs=graph.inputs,
        outputs=tuple(outputs),
        captured=tuple(dict.fromkeys([*[node for node in order if node.op is ARRAY], *inner.captured()])),
        roles=roles,
        kept=kept,
        steps=steps,
        places={},
        arena_bytes=0,
        bodies=inner.bodies,
        scratch={},
        homes=homes,
        items=inner.items,
        still=frozenset(k for k in range(carries) if over.of(outputs[k]) is graph.inputs[k]),
    )
    plan.taken = taken_over(plan, donated)
    _place(plan, uses, over, _stored(steps, order, homes), inner.rooms(), numbers, inside=inside)
    return plan


def _place(
    plan: Plan,
    uses: Uses,
    over: Overwritten,
    stored: Sequence[Node],
    rooms: Mapping[Node, int],
    numbers: Sequence[int],
    *,
    inside: bool,
) -> None:
    """Finds where each value lies; `rooms` is the memory that calls need while they run."""
    fixed = given_places((*plan.inputs, *plan.captured), plan.outputs)
    fixed |= {first: fixed[node] for node, first in over.origin.items() if node in fixed and first not in fixed}
    becomes = written_over(plan, numbers, uses, {*over.origin, *over.origin.values()}, inside=inside)
    last = {node: end_of(node, becomes) for node in stored}
    lives: dict[Node, Lifetime] = {}
    for node in stored:
        if node not in over.origin and (last[node] not in fixed or node not in fixed):
            life = Lifetime(last[node], stored_bytes(node.aval), uses.made_in[node], uses.last_use(node))
            lives[last[node]] = life if last[node] not in lives else lives[last[node]].joined(life)
    own = [life for owner, life in lives.items() if owner not in fixed]
    if not inside:
        free = free_results(plan, fixed, uses, lives)
        lent = lend(own, free)
        fixed |= lent
        own = [life for life in own if life.owner not in lent]
    own.extend(Lifetime((node,), room, uses.made_in[node], uses.made_in[node]) for node, room in rooms.items())
    close = near_places(own, len(numbers)) if inside else {}
    in_arena, plan.arena_bytes = arena([life for life in own if life.owner not in close])
    plan.places = {node: place for node, place in (in_arena | close).items() if isinstance(node, Node)} | fixed
    later = {node: end for node, end in last.items() if node is not end}
    plan.places |= {node: plan.places[end] for node, end in later.items()}
    plan.places |= {node: plan.places[first] for node, first in over.origin.items() if node not in plan.places}
    plan.scratch = {node: in_arena[node,] for node in rooms}


def _prepared(graph: Graph, notes: Notes | None) -> list[Node]:
    """The outputs as values of their own, of graphs whose calls read what lies in memory."""
    given = frozenset(graph.inputs)
    with working():
        outputs = with_own_parts(_in_memory(_own_outputs(graph), given, notes), given, notes)
    if notes is not None:
        for before, node in zip(graph.outputs, outputs, strict=True):
            notes.pass_on(before, node)
    return outputs


def _steps(
    groups: Sequence[Group | Call], elsewhere: Collection[Node], homes: Mapping[Node, Home], over: Overwritten
) -> tuple[list[int], list[Step]]:
    """The numbers of the steps and the steps, without the kernels all of whose parts are written elsewhere."""
    steps = [kernel_of(step, elsewhere, homes, over.origin) if isinstance(step, Group) else step for step in groups]
    numbers = [number for number, step in enumerate(steps) if isinstance(step, Call) or step.phases]
    return numbers, [steps[number] for number in numbers]


@dataclass(frozen=True, slots=True)
class _Insides:
    """What the calls of a graph run: the plans of bodies, and loops over items."""

    bodies: dict[Node, list[Plan]]
    items: dict[Node, ItemLoop]

    def captured(self) -> list[Node]:
        """The arrays of the surroundings that they read."""
        return [
            *[array for plans in self.bodies.values() for plan in plans for array in plan.captured],
            *[array for loop in self.items.values() for array in loop.captured],
        ]

    def rooms(self) -> dict[Node, int]:
        """The memory that each call needs while it runs."""
        rooms = {node: scratch_bytes(node, plans) for node, plans in self.bodies.items()}
        rooms |= {node: items_scratch_bytes(node, loop) for node, loop in self.items.items()}
        return {node: room for node, room in rooms.items() if room}


def _insides(order: Sequence[Node], roles: Mapping[Node, Role], notes: Notes | None) -> _Insides:
    calls = {node: [lowered(graph, notes) for graph in graphs_of(node)] for node in order if roles[node] is Role.CALL}
    items = {node: loop for node, graphs in calls.items() if graphs and (loop := item_loop(node, graphs)) is not None}
    bodies = {
        node: [
            planned(graph, notes, inside=True, carries=count)
            for graph, count in zip(graphs, _carried_counts(node)[: len(graphs)], strict=True)
            if node not in items
        ]
        for node, graphs in calls.items()
    }
    return _Insides(bodies, items)


def graphs_of(node: Node) -> tuple[Graph, ...]:
    """The graphs that an op carries and that the program runs itself."""
    if _is_left_to_host(node):
        return ()
    match node.op.name:
        case "call":
            return (node.param("graph"),)
        case "scan":
            return (node.param("body"),)
        case "while_loop":
            return (node.param("condition"), node.param("body"))
        case "cond":
            return tuple(node.param("branches"))
    return ()


def _carried_counts(node: Node) -> tuple[int, ...]:
    """How many inputs and outputs of each graph belong together."""
    match node.op.name:
        case "scan":
            return (node.param("carries"),)
        case "while_loop":
            return (0, node.param("carries"))
    return (0,) * len(graphs_of(node))


def scratch_bytes(node: Node, plans: Sequence[Plan]) -> int:
    """What the bodies need, one after another, and second places for what a loop carries; a product's own room."""
    if is_product(node):
        return room_of(node)
    if not plans:
        return 0
    carried = sum([aligned(stored_bytes(aval)) for aval in carried_avals(node)])
    return max([aligned(plan.arena_bytes) for plan in plans], default=0) + 2 * carried + 64


def _check_lengths(graph: Graph) -> None:
    """Results are arrays of known shape; inside of a program there may be others."""
    if any(is_ragged(node.aval) for node in graph.outputs):
        raise UnsupportedError("a result whose length only the run will tell: the reference engine runs this graph")


def _is_left_to_host(node: Node) -> bool:
    """Arrays whose length only the run tells go from loop to loop here; what makes other such arrays, NumPy runs."""
    if any(size < 0 for aval in (*node.avals, *[x.aval for x in node.inputs]) for size in aval.shape[1:]):
        return True
    return node.op not in (WHILE, SCAN) and any(is_ragged(aval) for aval in node.avals)


def _own_outputs(graph: Graph) -> list[Node]:
    """The outputs, each a value of its own: what is given, constant or asked for twice is copied."""
    seen = {*graph.inputs}
    outputs = []
    for node in graph.outputs:
        own = mark(node) if node in seen or node.op in (LITERAL, ARRAY) else node
        seen.add(own)
        outputs.append(own)
    return outputs


# A function of the host is handed constants as they are.
_NEED_MEMORY = frozenset({CONTRACT, CALL, SCAN, WHILE, COND}) | linear.OWN | sorting.OWN | {PAIRS, JOINED}


def _in_memory(outputs: Sequence[Node], given: Collection[Node], notes: Notes | None) -> list[Node]:
    """The outputs with constants that calls read as values that lie in memory."""
    new: dict[Node, Node] = {}
    for node in reachable(outputs):
        if node in given:
            continue
        inputs = tuple([new.get(x, x) for x in node.inputs])
        if (node.op in _NEED_MEMORY or is_product(node)) and role_of(node, given) is Role.CALL:
            inputs = tuple([mark(x) if storage_of(x).op is LITERAL else x for x in inputs])
        if inputs != node.inputs:
            new[node] = make(node.op, inputs, node.params)
            if notes is not None:
                notes.pass_on(node, new[node])
    return [new.get(node, node) for node in outputs]


def _stored(steps: Sequence[Step], order: Sequence[Node], homes: Mapping[Node, Home]) -> list[Node]:
    """The values that lie in memory, but for what is given."""
    found: dict[Node, None] = {}
    for step in steps:
        if isinstance(step, Kernel):
            found.update((whole_of(homes, root.node), None) for root in step.roots if root.stored)
        elif not step.node.op.multiple:
            found[step.node] = None
    found.update((node, None) for node in order if node.op is PROJECT)
    return list(found)
