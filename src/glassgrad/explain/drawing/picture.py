"""What can be drawn: boxes, arrows, and nothing about graphs of operations. Every law a picture must keep is here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from glassgrad.base.errors import UsageError
from glassgrad.explain.drawing.acyclic import find_cycle

Kind = Literal["input", "parameter", "value", "operation", "loss", "constant"]
Role = Literal["shape", "value", "gradient", "note"]

KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text in a box; its role chooses its colour."""

    text: str
    role: Role = "value"


@dataclass(frozen=True, slots=True)
class Box:
    """One node: a title, lines below it, a kind (its colour), and the path of the block it belongs to.

    `block` is a path from the outermost block inwards, `"layer1/sigmoid"`; a box outside all blocks has None.
    """

    key: str
    title: str
    lines: tuple[Line, ...] = ()
    kind: Kind = "value"
    block: str | None = None
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A value that flows from one box to another, by their keys."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and the arrows between them; a directed graph without cycles.

    >>> Picture((Box("x", "x"), Box("y", "y")), (Arrow("x", "y"),)).arrows[0].target
    'y'
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...] = ()
    title: str = ""


def wiring(picture: Picture) -> list[tuple[int, int]]:
    """The arrows as pairs of box numbers, after a check of the picture's laws (UsageError says which is broken)."""
    number = _numbered(picture.boxes)
    for complaint in _complaints(picture.boxes):
        raise UsageError(*complaint[:1], hint=complaint[1])
    links = [_link(arrow, number) for arrow in picture.arrows]
    if len(set(picture.arrows)) < len(links):
        arrow = _first_repeated(picture.arrows)
        raise UsageError(
            f"the picture has two equal arrows from {arrow.source!r} to {arrow.target!r}",
            hint="give parallel arrows different labels, or draw one with a label such as '×2'",
        )
    cycle = find_cycle(len(picture.boxes), links)
    if cycle:
        names = " → ".join(repr(picture.boxes[i].key) for i in [*cycle, cycle[0]][:12])
        raise UsageError(
            f"the arrows form a cycle: {names}",
            hint="a data-flow picture has no cycles: give each value its own box",
        )
    return links


def _numbered(boxes: tuple[Box, ...]) -> dict[str, int]:
    number: dict[str, int] = {}
    for position, box in enumerate(boxes):
        if box.key in number:
            raise UsageError(f"two boxes have the key {box.key!r}", hint="every box needs a key of its own")
        number[box.key] = position
    return number


def _complaints(boxes: tuple[Box, ...]) -> Iterator[tuple[str, str]]:
    """What is wrong with the boxes themselves, with a hint."""
    for box in boxes:
        if box.kind not in KINDS:
            yield f"box {box.key!r} has the kind {box.kind!r}", f"the kinds are {', '.join(KINDS)}"
        if box.block is not None and not all(box.block.split("/")):
            yield (
                f"box {box.key!r} lies in a block {box.block!r} with an empty name",
                "a block is a path such as 'layer1/sigmoid', or None",
            )
        for line in box.lines:
            if line.role not in ROLES:
                yield (
                    f"box {box.key!r} has a line of role {line.role!r}",
                    f"the roles are {', '.join(ROLES)}",
                )


def _link(arrow: Arrow, number: dict[str, int]) -> tuple[int, int]:
    for end in (arrow.source, arrow.target):
        if end not in number:
            raise UsageError(
                f"an arrow from {arrow.source!r} to {arrow.target!r} ends at {end!r}, but no box has that key",
                hint="arrows name boxes by their key, not by their title",
            )
    if arrow.source == arrow.target:
        raise UsageError(
            f"an arrow goes from {arrow.source!r} to itself",
            hint="a value cannot depend on itself: give the new value its own box",
        )
    return number[arrow.source], number[arrow.target]


def _first_repeated(arrows: tuple[Arrow, ...]) -> Arrow:
    seen: set[Arrow] = set()
    for arrow in arrows:
        if arrow in seen:
            return arrow
        seen.add(arrow)
    raise AssertionError("called without a repeated arrow")
