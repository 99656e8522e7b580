"""Orders and cycles of directed graphs whose nodes are 0 … count - 1; iterative, linear, deterministic."""

from collections import deque
from collections.abc import Iterable, Sequence

Link = tuple[int, int]


def successors(count: int, links: Iterable[Link]) -> list[list[int]]:
    """For every node the nodes that its links lead to, in the order of the links."""
    following: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        following[source].append(target)
    return following


def topological_order(count: int, links: Sequence[Link]) -> list[int]:
    """Every node after all its predecessors (Kahn 1962); nodes on a cycle, and those behind one, are left out."""
    following = successors(count, links)
    waiting = [0] * count
    for _, target in links:
        waiting[target] += 1
    ready = deque(node for node in range(count) if waiting[node] == 0)
    order = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for target in following[node]:
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return order


def find_cycle(count: int, links: Sequence[Link]) -> list[int]:
    """The nodes of one cycle in the order of its links, or an empty list."""
    settled = set(topological_order(count, links))
    if len(settled) == count:
        return []
    # Every node left has a predecessor that is left as well: walking backwards must come round.
    before: dict[int, int] = {}
    for source, target in links:
        if source not in settled and target not in settled:
            before.setdefault(target, source)
    node = next(node for node in range(count) if node not in settled)
    seen: dict[int, int] = {}
    walk: list[int] = []
    while node not in seen:
        seen[node] = len(walk)
        walk.append(node)
        node = before[node]
    return walk[seen[node] :][::-1]


def strong_components(count: int, links: Sequence[Link]) -> list[int]:
    """A number for every node, equal for nodes that lie on a common cycle (Tarjan 1972, with an explicit stack)."""
    following = successors(count, links)
    index, low, component = [-1] * count, [0] * count, [-1] * count
    path: list[int] = []
    visited = components = 0
    for start in range(count):
        if index[start] >= 0:
            continue
        work = [(start, 0)]
        while work:
            node, place = work.pop()
            if place == 0:
                index[node] = low[node] = visited
                visited += 1
                path.append(node)
            else:
                low[node] = min(low[node], low[following[node][place - 1]])
            target = _next_open(following[node], place, index, low, component, node)
            if target >= 0:
                work += [(node, target + 1), (following[node][target], 0)]
            elif low[node] == index[node]:
                while component[node] < 0:
                    component[path.pop()] = components
                components += 1
    return component


def _next_open(
    targets: list[int], place: int, index: list[int], low: list[int], component: list[int], node: int
) -> int:
    """The place of the next target not yet visited, or -1; targets on the path lower `low` on the way."""
    for position in range(place, len(targets)):
        target = targets[position]
        if index[target] < 0:
            return position
        if component[target] < 0:
            low[node] = min(low[node], index[target])
    return -1
