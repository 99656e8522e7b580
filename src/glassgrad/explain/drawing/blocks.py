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
    for node, place in enumerate(points):
        tangled.setdefault(component[place], []).append(node)
    parts: list[list[int]] = []
    for nodes in tangled.values():
        if len({points[node] for node in nodes}) == 1:
            parts += [nodes] if labels[nodes[0]] is not None else []
        else:
            parts += _runs(nodes, labels, links)
    return parts


def _runs(nodes: list[int], labels: Sequence[str | None], links: Sequence[Link]) -> list[list[int]]:
    """Nodes of a tangle in runs of equal label along one topological order: contiguous, hence free of cycles.

    Nodes that depend on nothing (parameters) wait for the first node that uses them, so that they join its run.
    """
    place = {node: position for position, node in enumerate(nodes)}
    local = [(place[a], place[b]) for a, b in links if a in place and b in place]
    following = successors(len(nodes), local)
    preceding = successors(len(nodes), [(b, a) for a, b in local])
    rank = {node: position for position, node in enumerate(topological_order(len(nodes), local))}
    sources = [not preceding[node] and bool(following[node]) for node in range(len(nodes))]
    waiting = [sum(not sources[before] for before in preceding[node]) for node in range(len(nodes))]
    ready = sorted((n for n in range(len(nodes)) if not waiting[n] and not sources[n]), key=rank.__getitem__)
    placed = [False] * len(nodes)
    early: dict[str | None, list[int]] = {}
    runs: list[tuple[str | None, list[int]]] = []
    while ready:
        label = next((None for node in ready if labels[nodes[node]] is None), labels[nodes[ready[0]]])
        run = deque(node for node in ready if labels[nodes[node]] == label)
        ready = [node for node in ready if labels[nodes[node]] != label]
        runs.append((label, []))
        while run:
            node = run.popleft()
            for before in preceding[node]:
                if sources[before] and not placed[before]:
                    placed[before] = True
                    home = (
                        runs[-1][1] if labels[nodes[before]] == label else early.setdefault(labels[nodes[before]], [])
                    )
                    home.append(before)
            runs[-1][1].append(node)
            for target in following[node]:
                waiting[target] -= 1
                if not waiting[target]:
                    (run if labels[nodes[target]] == label else ready).append(target)
    return [sorted(nodes[node] for node in run) for label, run in [*early.items(), *runs] if label is not None]
