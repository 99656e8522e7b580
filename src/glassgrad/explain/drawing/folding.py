"""Which blocks are folded, and the picture that is left: leaves (boxes and folded blocks) in nested frames."""

import difflib
import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from glassgrad.base.errors import UsageError
from glassgrad.explain.drawing.acyclic import Link, successors
from glassgrad.explain.drawing.blocks import Group, group_tree
from glassgrad.explain.drawing.picture import Box, Picture, wiring

Fold = Collection[str] | Literal["auto", "all", "none"]

COMFORTABLE = 60  # boxes that a reader can take in at once: "auto" folds down to this where it can
LARGEST = 10_000  # more boxes than this make a file that no viewer shows


@dataclass(frozen=True, slots=True)
class Leaf:
    """Something drawn as one box: a box of the picture, or a folded block that stands for `inner` boxes."""

    box: Box
    frame: int
    inner: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """An open block: a frame around its members. `frame` is the one around it, -1 for none."""

    path: str
    caption: str
    frame: int
    inner: int


@dataclass(frozen=True, slots=True)
class View:
    """What is left to draw. Frames come after the frames around them; arrows are pairs of leaf numbers and a label."""

    leaves: tuple[Leaf, ...]
    frames: tuple[Frame, ...]
    arrows: tuple[tuple[int, int, str], ...]
    title: str


def folded_view(picture: Picture, fold: Fold) -> View:
    """The picture with its blocks folded as asked; UsageError for a broken picture or an unknown block."""
    links = wiring(picture)
    groups = group_tree([box.block for box in picture.boxes], links)
    folded = _folded_groups(groups, fold, len(picture.boxes))
    view = _view(picture, links, groups, folded)
    if len(view.leaves) > LARGEST:
        raise UsageError(
            f"the picture has {len(view.leaves):,} boxes; more than {LARGEST:,} cannot be drawn legibly",
            hint="fold blocks (fold='all'), give the boxes blocks to fold, or draw a part of the graph",
        )
    return view


def _folded_groups(groups: Sequence[Group], fold: Fold, boxes: int) -> set[int]:
    """The numbers of the groups to fold; groups inside folded ones do not matter."""
    if fold == "none":
        return set()
    if fold == "all":
        return set(range(len(groups)))
    if fold == "auto":
        return _comfortable(groups, boxes)
    if isinstance(fold, str):
        raise UsageError(
            f"fold={fold!r} is not understood",
            hint=f"use 'auto', 'all', 'none', or a list of block paths such as [{fold!r}]",
        )
    asked = set(fold)
    known = {path for group in groups for path in group.paths}
    for path in fold:
        if path not in known:
            near = difflib.get_close_matches(path, known, 1)
            blocks = ", ".join(repr(path) for path in sorted(known)[:8]) or "none"
            raise UsageError(
                f"the picture has no block {path!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"its blocks are: {blocks}",
            )
    return {number for number, group in enumerate(groups) if asked.intersection(group.paths)}


def _comfortable(groups: Sequence[Group], boxes: int) -> set[int]:
    """Folds all, then opens blocks from the outside in, those that add least first, while the picture stays small.

    Blocks of equal depth and size, such as the layers of a network, are opened all together or not at all.
    """
    children: list[list[int]] = [[] for _ in range(len(groups) + 1)]  # the last entry: outside all blocks
    growth = [len(group.members) - 1 for group in groups]
    visible = boxes
    for number, group in enumerate(groups):
        children[group.parent].append(number)
        if group.parent < 0:
            visible -= growth[number]
        else:
            growth[group.parent] -= growth[number]
    folded = set(range(len(groups)))
    alike: dict[tuple[int, int], list[int]] = {}  # (depth, growth) -> groups
    keys: list[tuple[int, int]] = []

    def offer(numbers: list[int]) -> None:
        for number in numbers:
            key = (groups[number].depth, growth[number])
            if key not in alike:
                heapq.heappush(keys, key)
            alike.setdefault(key, []).append(number)

    offer(children[-1])
    while keys:
        key = heapq.heappop(keys)
        if visible + key[1] * len(alike[key]) <= COMFORTABLE:
            visible += key[1] * len(alike[key])
            folded.difference_update(alike[key])
            for number in alike[key]:
                offer(children[number])
    return folded


def _view(picture: Picture, links: Sequence[Link], groups: Sequence[Group], folded: set[int]) -> View:
    """The leaves and frames in picture order, and the arrows between them, parallel ones joined."""
    inside = _outermost_folded(groups, folded)
    frame_of = {-1: -1}  # group number -> frame number
    frames: list[Frame] = []
    for number, group in enumerate(groups):
        if inside[number] < 0:
            frame_of[number] = len(frames)
            frames.append(Frame(group.paths[-1], group.caption, frame_of[group.parent], len(group.members)))
    home = [-1] * len(picture.boxes)
    for number, group in enumerate(groups):  # parents first: the innermost group wins
        for member in group.members:
            home[member] = number
    following = successors(len(picture.boxes), links)
    leaf_of_group: dict[int, int] = {}
    leaf_of_box: list[int] = []
    leaves: list[Leaf] = []
    for position, box in enumerate(picture.boxes):
        around = inside[home[position]] if home[position] >= 0 else -1
        if around < 0:
            leaf_of_box.append(len(leaves))
            leaves.append(Leaf(box, frame_of[home[position]]))
            continue
        if around not in leaf_of_group:
            leaf_of_group[around] = len(leaves)
            group = groups[around]
            shown = _folded_box(picture, following, group)
            leaves.append(Leaf(shown, frame_of[group.parent], len(group.members)))
        leaf_of_box.append(leaf_of_group[around])
    return View(tuple(leaves), tuple(frames), _joined_arrows(picture, links, leaf_of_box, leaves), picture.title)


def _outermost_folded(groups: Sequence[Group], folded: set[int]) -> list[int]:
    """For every group the outermost folded group that it is or lies in, or -1."""
    inside: list[int] = []
    for number, group in enumerate(groups):
        outer = inside[group.parent] if group.parent >= 0 else -1
        inside.append(outer if outer >= 0 else number if number in folded else -1)
    return inside


def _joined_arrows(
    picture: Picture, links: Sequence[Link], leaf_of_box: Sequence[int], leaves: Sequence[Leaf]
) -> tuple[tuple[int, int, str], ...]:
    """Arrows between leaves: at a folded block, arrows between the same two leaves are one arrow."""
    joined: dict[tuple[int, int, str], None] = {}
    for (source, target), arrow in zip(links, picture.arrows, strict=True):
        a, b = leaf_of_box[source], leaf_of_box[target]
        if a != b:
            joined.setdefault((a, b, "" if leaves[a].inner or leaves[b].inner else arrow.label))
    return tuple(joined)


def _folded_box(picture: Picture, following: Sequence[Sequence[int]], group: Group) -> Box:
    """The box that stands for a folded block: its name, and the lines of the box that its result leaves from."""
    members = set(group.members)
    leaving = [box for box in group.members if any(after not in members for after in following[box])]
    last = picture.boxes[max(leaving, default=group.members[-1])]
    names = [picture.boxes[box].title for box in group.members[:12]]
    more = f" and {len(group.members) - 12} more" if len(group.members) > 12 else ""
    return Box(
        key=f"block:{group.paths[-1]}" + (f":{group.part}" if group.parts > 1 else ""),
        title=group.caption,
        lines=last.lines,
        kind=last.kind if last.kind == "loss" else "operation",
        block=group.paths[-1],
        tooltip=f"{group.paths[-1]} holds {', '.join(names)}{more}; its result is {last.title}",
    )
