"""Blocks as a tree of groups. A block that cannot shrink to one box without a cycle is split into contiguous parts."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.explain.drawing.acyclic import Link, strong_components, successors, topological_order


@dataclass(frozen=True, slots=True)
class Group:
    """A block, or one contiguous part of it: any choice of groups folded leaves the picture without cycles.

    `paths` are the block paths it stands for (several where a block holds nothing but another block), `parent` is
    the group around it (-1 for none), `members` are the numbers of all boxes in it, at any depth.
    """

    paths: tuple[str, ...]
    part: int
    parts: int
    parent: int
    members: tuple[int, ...]

    @property
    def depth(self) -> int:
        """How many path components its members share."""
        return self.paths[-1].count("/") + 1

    @property
    def caption(self) -> str:
        """Its own name below its parent's, and which part of the block it is."""
        first, last = self.paths[0].split("/"), self.paths[-1].split("/")
        name = "/".join(last[len(first) - 1 :])
        return name if self.parts == 1 else f"{name} ({self.part} of {self.parts})"


def group_tree(blocks: Sequence[str | None], links: Sequence[Link]) -> list[Group]:
    """The groups, parents first; `blocks` has the block path of every box."""
    paths = [tuple(block.split("/")) if block else () for block in blocks]
    groups: list[Group] = []
    scopes: deque[tuple[int, int, tuple[int, ...]]] = deque([(-1, 0, tuple(range(len(blocks))))])
    inside = [-1] * len(blocks)  # a mark per box: which scope it was last seen in
    following = successors(len(blocks), links)
    while scopes:
        parent, depth, members = scopes.popleft()
        labels = ["/".join(paths[box][: depth + 1]) if len(paths[box]) > depth else None for box in members]
        for place, box in enumerate(members):
            inside[box] = place
        local = [
            (place, inside[target])
            for place, box in enumerate(members)
            for target in following[box]
            if inside[target] >= 0
        ]
        for box in members:
            inside[box] = -1
        for group in _groups_of_scope(parent, members, labels, local):
            groups.append(_merged_with_only_child(group, paths))
            scopes.append((len(groups) - 1, groups[-1].depth, group.members))
    return groups


def _groups_of_scope(
    parent: int, members: Sequence[int], labels: Sequence[str | None], links: Sequence[Link]
) -> list[Group]:
    """One group per block of the scope, or several where one would make a cycle; in picture order."""
    parts = contiguous_parts(labels, links)
    parts.sort(key=lambda part: part[0])
    number: dict[str, list[list[int]]] = {}
    for part in parts:
        number.setdefault(str(labels[part[0]]), []).append(part)
    return [
        Group((path,), position + 1, len(same), parent, tuple(members[place] for place in part))
        for path, same in number.items()
        for position, part in enumerate(same)
    ]


def _merged_with_only_child(group: Group, paths: Sequence[tuple[str, ...]]) -> Group:
    """A group whose boxes all lie in one block further inside takes that block's path too: one frame, not two."""
    depth = group.depth
    shared = paths[group.members[0]]
    for box in group.members:
        path = paths[box]
        while path[: len(shared)] != shared:
            shared = shared[:-1]
    deeper = tuple("/".join(shared[:length]) for length in range(depth + 1, len(shared) + 1))
    return Group(group.paths + deeper, group.part, group.parts, group.parent, group.members)


def contiguous_parts(labels: Sequence[str | None], links: Sequence[Link]) -> list[list[int]]:
    """Boxes of one label, split so far that shrinking every part to a point leaves a graph without cycles.

    Nodes are 0 … len(labels) - 1; those without a label are single points and belong to no part.
    """
    point: dict[str, int] = {}
    points = [
        point.setdefault(label, len(labels) + len(point)) if label is not None else node
        for node, label in enumerate(labels)
    ]
    shrunk = [(points[a], points[b]) for a, b in links if points[a] != points[b]]
    component = strong_components(len(labels) + len(point), shrunk)
    tangled: dict[int, list[int]] = {}
    place: list[int] = []  # of every node among those of its component
    for node, at in enumerate(points):
        members = tangled.setdefault(component[at], [])
        place.append(len(members))
        members.append(node)
    inner: dict[int, list[Link]] = {}
    for a, b in links:
        if component[points[a]] == component[points[b]]:
            inner.setdefault(component[points[a]], []).append((place[a], place[b]))
    parts: list[list[int]] = []
    for number, nodes in tangled.items():
        if len({points[node] for node in nodes}) == 1:
            parts += [nodes] if labels[nodes[0]] is not None else []
        else:
            runs = _runs([labels[node] for node in nodes], inner[number])
            parts += [sorted(nodes[node] for node in run) for run in runs]
    return parts


def _runs(labels: Sequence[str | None], links: Sequence[Link]) -> list[list[int]]:
    """Nodes of a tangle in runs of equal label along one topological order: contiguous, hence free of cycles.

    Nodes that depend on nothing (parameters) wait for the first node that uses them, so that they join its run.
    """
    following = successors(len(labels), links)
    preceding = successors(len(labels), [(b, a) for a, b in links])
    is_source = [not before and bool(after) for before, after in zip(preceding, following, strict=True)]
    waiting = [sum(not is_source[before] for before in preceding[node]) for node in range(len(labels))]
    ready: dict[str | None, deque[int]] = {}
    for node in topological_order(len(labels), links):
        if not waiting[node] and not is_source[node]:
            ready.setdefault(labels[node], deque()).append(node)
    placed: set[int] = set()
    early: dict[str | None, list[int]] = {}  # sources that another block uses first: runs before all others
    runs: list[tuple[str | None, list[int]]] = []
    while ready:
        label = None if None in ready else next(iter(ready))
        open_nodes, run = ready.pop(label), list[int]()
        runs.append((label, run))
        while open_nodes:
            node = open_nodes.popleft()
            for before in preceding[node]:
                if is_source[before] and before not in placed:
                    placed.add(before)
                    (run if labels[before] == label else early.setdefault(labels[before], [])).append(before)
            run.append(node)
            for target in following[node]:
                waiting[target] -= 1
                if not waiting[target]:
                    home = open_nodes if labels[target] == label else ready.setdefault(labels[target], deque())
                    home.append(target)
    if runs[0][0] in early:  # nothing stands between these two
        runs[0][1].extend(early.pop(runs[0][0]))
    return [run for label, run in [*early.items(), *runs] if label is not None]
