"""Ranks of least total edge length: the network simplex of Gansner, Koutsofios, North and Vo (1993), section 2.3."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from glassgrad.explain.drawing.effort import Effort

Edge = tuple[int, int, int]  # tail, head, weight: the head is ranked at least one below the tail


@dataclass(slots=True)
class SpanningTree:
    """A tree of tight edges over every component, with the net weight that leaves each subtree.

    `net[node]` sums, over the subtree below `node`, the weights of outgoing minus incoming edges; edges inside the
    subtree cancel, so it is the cut value of the tree edge above `node` up to the sign.
    """

    edges: Sequence[Edge]
    ranks: list[int]
    touching: list[list[int]]
    parent: list[int] = field(default_factory=list)
    link: list[int] = field(default_factory=list)
    children: list[dict[int, None]] = field(default_factory=list)  # dictionaries as ordered sets
    net: list[int] = field(default_factory=list)

    def cut_value(self, node: int) -> int:
        """The change of total length for each rank that the tree edge above the node grows."""
        return self.net[node] if self.edges[self.link[node]][0] == node else -self.net[node]


def shorten(ranks: list[int], edges: Sequence[Edge], effort: Effort) -> None:
    """Moves nodes between ranks until the weighted sum of edge lengths is least, or the effort is used up."""
    tree = _tight_tree(ranks, edges)
    place = 0
    while effort.is_left:
        node, place, looked = _leaving(tree, place)
        effort.spend(looked)
        if node < 0:
            return
        _pivot(tree, node, effort)


def _leaving(tree: SpanningTree, start: int) -> tuple[int, int, int]:
    """The node below the most negative of the next few negative tree edges, where to go on, how many were looked at."""
    best, found, count = -1, 0, len(tree.ranks)
    value = 0
    for step in range(count):
        node = (start + step) % count
        if tree.link[node] >= 0 and (cut := tree.cut_value(node)) < 0:
            found += 1
            if cut < value:
                best, value = node, cut
            if found == 20:  # enough to choose from; Graphviz looks at 30
                return best, node + 1, step + 1
    return best, start, count


def _pivot(tree: SpanningTree, node: int, effort: Effort) -> None:
    """Takes the edge above the node out of the tree and the tightest edge the other way into it."""
    below = _subtree(tree, node)
    inside = set(below)
    is_tail = tree.edges[tree.link[node]][0] == node
    entering, slack, scanned = -1, 0, 0
    for member in below:
        scanned += len(tree.touching[member])
        for number in tree.touching[member]:
            tail, head, _ = tree.edges[number]
            near, far = (head, tail) if is_tail else (tail, head)
            if near == member and far not in inside:
                room = tree.ranks[head] - tree.ranks[tail] - 1
                if entering < 0 or room < slack:
                    entering, slack = number, room
    move = -slack if is_tail else slack
    if move:
        for member in below:
            tree.ranks[member] += move
    effort.spend(len(below) + scanned + _exchange(tree, node, entering, inside))


def _subtree(tree: SpanningTree, node: int) -> list[int]:
    found = [node]
    for member in found:  # grows while it is read
        found.extend(tree.children[member])
    return found


def _exchange(tree: SpanningTree, node: int, entering: int, inside: set[int]) -> int:
    """Hangs the subtree of `node` up at the entering edge, its path from there to `node` turned round."""
    total, steps = tree.net[node], 0
    ancestor = tree.parent[node]
    del tree.children[ancestor][node]
    while ancestor >= 0:
        tree.net[ancestor] -= total
        ancestor = tree.parent[ancestor]
        steps += 1
    tail, head, _ = tree.edges[entering]
    top, above = (tail, head) if tail in inside else (head, tail)
    path = [top]
    while path[-1] != node:
        path.append(tree.parent[path[-1]])
    sums = [tree.net[member] for member in path]
    links = [tree.link[member] for member in path]
    for position in range(1, len(path)):
        child, old_parent = path[position - 1], path[position]
        del tree.children[old_parent][child]
        tree.children[child][old_parent] = None
        tree.parent[old_parent], tree.link[old_parent] = child, links[position - 1]
        tree.net[old_parent] = total - sums[position - 1]
    tree.net[top], tree.parent[top], tree.link[top] = total, above, entering
    tree.children[above][top] = None
    ancestor = above
    while ancestor >= 0:
        tree.net[ancestor] += total
        ancestor = tree.parent[ancestor]
        steps += 1
    return steps + len(path)


def _tight_tree(ranks: list[int], edges: Sequence[Edge]) -> SpanningTree:
    """A spanning tree of every component, made tight by moving the grown part towards its nearest neighbour."""
    touching: list[list[int]] = [[] for _ in ranks]
    net = [0] * len(ranks)
    for number, (tail, head, weight) in enumerate(edges):
        touching[tail].append(number)
        touching[head].append(number)
        net[tail] += weight
        net[head] -= weight
    tree = SpanningTree(edges, ranks, touching, [-1] * len(ranks), [-1] * len(ranks), [{} for _ in ranks], net)
    reached = [False] * len(ranks)
    for start in range(len(ranks)):
        if not reached[start]:
            members = _grow(tree, start, reached)
            for member in reversed(members):
                if tree.parent[member] >= 0:
                    net[tree.parent[member]] += net[member]
    return tree


def _grow(tree: SpanningTree, start: int, reached: list[bool]) -> list[int]:
    """Grows the tree over the start's component. All its ranks are relative to `shift` until it is complete."""
    ranks, shift = tree.ranks, 0
    downward: list[tuple[int, int]] = []  # (slack + shift, edge) of edges that leave the tree
    upward: list[tuple[int, int]] = []  # (slack - shift, edge) of edges that enter it
    members: list[int] = []

    def join(node: int) -> None:
        reached[node] = True
        members.append(node)
        ranks[node] -= shift
        for number in tree.touching[node]:
            tail, head, _ = tree.edges[number]
            if not reached[head]:
                heapq.heappush(downward, (ranks[head] - ranks[node] - 1, number))
            elif not reached[tail]:
                heapq.heappush(upward, (ranks[node] - ranks[tail] - 1, number))

    join(start)
    while True:
        while downward and reached[tree.edges[downward[0][1]][1]]:
            heapq.heappop(downward)
        while upward and reached[tree.edges[upward[0][1]][0]]:
            heapq.heappop(upward)
        if not downward and not upward:
            break
        down = downward[0][0] - shift if downward else None
        up = upward[0][0] + shift if upward else None
        if up is None or (down is not None and down <= up):
            key, number = heapq.heappop(downward)
            shift, (parent, node, _) = key, tree.edges[number]
        else:
            key, number = heapq.heappop(upward)
            shift, (node, parent, _) = -key, tree.edges[number]
        tree.parent[node], tree.link[node] = parent, number
        tree.children[parent][node] = None
        join(node)
    for node in members:
        ranks[node] += shift
    return members
