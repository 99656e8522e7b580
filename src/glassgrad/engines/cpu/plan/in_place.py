"""Values that lie where others will: in the place of what is made from them, or in a result's array. Floor 4.

What an op reads for the last time, at the very points that it writes, is written over: `w - rate * g` needs no memory
beside that of `g`. And an array that goes to the caller is free until the step that writes it: values that are no
longer read by then may lie there.
"""

from collections.abc import Collection, Mapping, Sequence

from glassgrad.engines.cpu.plan.data import Plan
from glassgrad.engines.cpu.plan.donated import is_whole, looked_up, reads_of
from glassgrad.engines.cpu.plan.homes import whole_of
from glassgrad.engines.cpu.plan.index import Index, variable
from glassgrad.engines.cpu.plan.kernels import Kernel, Root
from glassgrad.engines.cpu.plan.memory import Lifetime, Place
from glassgrad.engines.cpu.plan.uses import Uses
from glassgrad.graph.node import Node

_LEAST = 1 << 12  # bytes from which it is worth the search
_LENT_FROM = 1 << 16  # bytes of a result from which values lie in it until it is written
Point = tuple[int, int, Index | None]  # the phase, the place among all roots, and where it reads
Reading = dict[Node, list[Point]]


def written_over(
    plan: Plan, numbers: Sequence[int], uses: Uses, fixed: Collection[Node], *, inside: bool
) -> dict[Node, Node]:
    """For values by node: the one that is written over it. `numbers` are those of the plan's steps in `uses`."""
    ends = {*plan.inputs, *plan.captured, *fixed, *plan.homes, *[whole_of(plan.homes, node) for node in plan.homes]}
    never = ends | {plan.outputs[place] for place in plan.taken} | (set(plan.outputs) if inside else set())
    becomes: dict[Node, Node] = {}
    for number, kernel in zip(numbers, plan.steps, strict=True):
        if isinstance(kernel, Kernel) and any(_is_large(root) for root in kernel.roots):
            for point, root, reading in _written(plan, kernel, never):
                for x in reading:
                    dies = x.aval == root.node.aval and x not in never and uses.last_use(x) == number
                    made_before = x not in becomes and uses.made_in.get(x, number) < number
                    if dies and made_before and _is_read_first(reading[x], point, kernel):
                        becomes[x] = root.node
                        break
    return becomes


def _is_large(root: Root) -> bool:
    return not root.node.op.multiple and root.node.aval.nbytes >= _LEAST


def _written(plan: Plan, kernel: Kernel, never: Collection[Node]) -> list[tuple[Point, Root, Reading]]:
    """The roots that may be written over something, where each is written, and who reads what each reads."""
    roots = [(at, root) for at, phase in enumerate(kernel.phases) for root in phase.roots]
    everywhere: Reading = {}
    own: dict[Root, list[Node]] = {}
    for place, (at, root) in enumerate(roots):
        found = reads_of(plan, root)
        own[root] = [x for x, _ in found]
        for x, index in found:
            everywhere.setdefault(x, []).append((at, place, index))
        for x in looked_up(root.target or ()):
            everywhere.setdefault(x, []).append((at, place, None))
    return [
        ((at, place, tuple([variable(axis) for axis in root.axes])), root, {x: everywhere[x] for x in own[root]})
        for place, (at, root) in enumerate(roots)
        if _is_large(root) and root.node not in never and is_whole(plan, kernel, root)
    ]


def _is_read_first(reading: Sequence[Point], written: Point, kernel: Kernel) -> bool:
    """Is a value read, in the step that writes over it, only before, at each point of the frame for itself?

    In the phase that writes only at the very point that is written; in those before anywhere in the frame's part.
    """
    phase, place, own = written
    assert own is not None, "a root is written at its own index"
    shared = [number for number, part in enumerate(own) if part.is_axis() in kernel.frame]
    for at, by, index in reading:
        at_point = index == own and by <= place
        in_part = index is not None and at < phase and all(index[number] == own[number] for number in shared)
        if not at_point and not in_part:
            return False
    return True


def end_of(node: Node, becomes: Mapping[Node, Node]) -> Node:
    """The last of the values that lie one after another where this one does."""
    while node in becomes:
        node = becomes[node]
    return node


# ------------------------------------------------------------------ results
def free_results(
    plan: Plan, fixed: Mapping[Node, Place], uses: Uses, lives: Mapping[Node, Lifetime]
) -> dict[Place, tuple[int, int]]:
    """For the places of large results: until which step each is free, and how many bytes it has."""
    found: dict[Place, tuple[int, int]] = {}
    begins: dict[Place, int] = {}
    for node, place in fixed.items():
        if place.space == "outputs":
            start = min(uses.made_in.get(node, 0), lives[node].start if node in lives else uses.last)
            begins[place] = min(start, begins.get(place, uses.last))
    for position, node in enumerate(plan.outputs):
        place = Place("outputs", position)
        if node in plan.inputs or position in plan.taken or node.aval.nbytes < _LENT_FROM:
            continue
        found[place] = (begins.get(place, 0), node.aval.nbytes)
    return found


def lend(lives: Sequence[Lifetime], free: Mapping[Place, tuple[int, int]]) -> dict[Node, Place]:
    """Places in results for values that end before these are written: the largest first, each in the smallest."""
    places = sorted(free, key=lambda place: free[place][1])
    lent: dict[Place, list[Lifetime]] = {place: [] for place in places}
    found: dict[Node, Place] = {}
    for life in sorted(lives, key=lambda life: -life.nbytes):
        if not isinstance(life.owner, Node) or life.nbytes < _LEAST:
            continue
        for place in places:
            until, nbytes = free[place]
            apart = all(life.end < other.start or other.end < life.start for other in lent[place])
            if life.nbytes <= nbytes and life.end < until and apart:
                lent[place].append(life)
                found[life.owner] = place
                break
    return found
