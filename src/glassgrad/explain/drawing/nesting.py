"""Nested frames: every open block is laid out by itself, from the inside out, as one node of the scope around it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from glassgrad.explain.drawing.arrange import Arrangement, Node, Plan, arrange
from glassgrad.explain.drawing.cards import Card, card
from glassgrad.explain.drawing.effort import Effort
from glassgrad.explain.drawing.folding import View
from glassgrad.explain.drawing.lettering import SMALL_SIZE, sans_width
from glassgrad.explain.drawing.route import Point, simplified
from glassgrad.explain.drawing.scopes import End, Member, Scope, Step, collect
from glassgrad.explain.drawing.trunks import Joint

Direction = Literal["down", "right"]
Way = tuple[tuple[float, float], ...]  # knots (x, y) on the page

MARGIN = 14.0  # between a frame and its contents
CAPTION_ROOM = 26.0
LABEL_ROOM = 14.0


class Rectangle(NamedTuple):
    """A rectangle on the page."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything with its place on the page. `ways[i]` are the pieces of arrow i: two where tags stand in between."""

    view: View
    direction: Direction
    cards: tuple[Card, ...]
    boxes: tuple[Rectangle, ...]
    frames: tuple[Rectangle, ...]
    tags: tuple[tuple[str, Rectangle], ...]
    ways: tuple[tuple[Way, ...], ...]
    width: float
    height: float
    crossings: int
    steps: int


@dataclass(frozen=True, slots=True)
class _Laid:
    """A scope's arrangement as a node of the scope around it: its size, and where its contents begin."""

    arrangement: Arrangement
    breadth: float
    length: float
    inset: float  # across the flow, from the border to the contents
    ports: dict[Member, int]  # ports by their number in the arrangement


def lay_out(view: View, direction: Direction) -> Drawing:
    """Gives every leaf, frame and arrow of the view its place."""
    cards = [card(leaf) for leaf in view.leaves]
    scopes, steps = collect(view)
    effort = Effort(0)
    laid: dict[int, _Laid] = {}
    for number in [*reversed(range(len(view.frames))), -1]:
        plan = _plan(view, scopes[number], number, cards, laid, direction)
        laid[number] = _with_margins(view, scopes[number], number, arrange(plan, effort), direction)
    origins = {-1: Point(0.0, 0.0)}
    for number, frame in enumerate(view.frames):
        place = scopes[frame.frame].members[Member("frame", number)]
        across, along = _start(laid[frame.frame].arrangement, origins[frame.frame], place)
        origins[number] = Point(across + laid[number].inset, along)
    page = laid[-1].arrangement
    size = (page.length, page.breadth) if direction == "right" else (page.breadth, page.length)

    def rectangle(scope: int, member: Member) -> Rectangle:
        return _rectangle(laid[scope].arrangement, origins[scope], scopes[scope].members[member], direction)

    return Drawing(
        view,
        direction,
        tuple(cards),
        tuple(rectangle(leaf.frame, Member("leaf", i)) for i, leaf in enumerate(view.leaves)),
        tuple(rectangle(frame.frame, Member("frame", i)) for i, frame in enumerate(view.frames)),
        tuple(_tags(scopes, laid, origins, direction)),
        tuple(_way(way, laid, origins, direction) for way in steps),
        *size,
        sum(part.arrangement.crossings for part in laid.values()),
        effort.spent,
    )


def _plan(
    view: View,
    scope: Scope,
    number: int,
    cards: Sequence[Card],
    laid: dict[int, _Laid],
    direction: Direction,
) -> Plan:
    """What a scope asks to be laid out; frames inside it are laid out already."""
    has_entries = any(member.role == "entry" for member in scope.members)
    has_exits = any(member.role == "exit" for member in scope.members)
    sideways, is_page = direction == "right", number < 0
    lead = 0.0 if is_page or has_entries else MARGIN if sideways else CAPTION_ROOM
    least = 0.0 if is_page or not sideways else _caption_width(view, number)
    return Plan(
        tuple(_node(member, cards, laid, sideways=sideways) for member in scope.members),
        tuple((_joint(scope, upper, laid), _joint(scope, lower, laid)) for upper, lower, _ in scope.links),
        tuple(scope.names),
        {
            link: max(sans_width(label, SMALL_SIZE) - 8.0, LABEL_ROOM) if sideways else LABEL_ROOM
            for (_, _, label), link in scope.links.items()
            if label
        },
        lead,
        0.0 if is_page or has_exits else MARGIN,
        sideways,
        least,
    )


def _node(member: Member, cards: Sequence[Card], laid: dict[int, _Laid], *, sideways: bool) -> Node:
    match member.role:
        case "leaf":
            look = cards[member.number]
            size = (look.height, look.width) if sideways else (look.width, look.height)
            return Node(*size, "disc" if look.look == "disc" else "card")
        case "frame":
            return Node(laid[member.number].breadth, laid[member.number].length, "frame")
        case _:
            return Node(1.0, 0.0, member.role)


def _joint(scope: Scope, end: End, laid: dict[int, _Laid]) -> Joint:
    """Where a link meets its node: in the middle, or at a frame's port."""
    if end.port is None:
        return Joint(scope.members[end.member], 0.0)
    inner = laid[end.member.number]
    place = inner.arrangement.across[inner.ports[end.port]]
    return Joint(scope.members[end.member], inner.inset + place - inner.breadth / 2)


def _with_margins(view: View, scope: Scope, number: int, arrangement: Arrangement, direction: Direction) -> _Laid:
    """The scope with room for its border and caption across the flow; the page needs none."""
    ports = {member: place for member, place in scope.members.items() if member.role in ("entry", "exit")}
    if number < 0:
        return _Laid(arrangement, arrangement.breadth, arrangement.length, 0.0, ports)
    if direction == "right":
        breadth = arrangement.breadth + CAPTION_ROOM + MARGIN
        return _Laid(arrangement, breadth, arrangement.length, CAPTION_ROOM, ports)
    breadth = max(arrangement.breadth + 2 * MARGIN, _caption_width(view, number))
    return _Laid(arrangement, breadth, arrangement.length, (breadth - arrangement.breadth) / 2, ports)


def _caption_width(view: View, number: int) -> float:
    return sans_width(view.frames[number].caption, SMALL_SIZE, bold=True) + 2 * MARGIN


def _start(arrangement: Arrangement, origin: Point, place: int) -> Point:
    """Where a node begins, across and along."""
    across = arrangement.across[place] - arrangement.nodes[place].breadth / 2
    return Point(origin.across + across, origin.along + arrangement.along[place])


def _rectangle(arrangement: Arrangement, origin: Point, place: int, direction: Direction) -> Rectangle:
    """A node's rectangle on the page."""
    across, along = _start(arrangement, origin, place)
    node = arrangement.nodes[place]
    if direction == "right":
        return Rectangle(along, across, node.length, node.breadth)
    return Rectangle(across, along, node.breadth, node.length)


def _tags(
    scopes: Sequence[Scope], laid: dict[int, _Laid], origins: dict[int, Point], direction: Direction
) -> Iterator[tuple[str, Rectangle]]:
    for number, part in laid.items():
        arrangement = part.arrangement
        for place in range(len(scopes[number].members), len(arrangement.nodes)):
            rectangle = _rectangle(arrangement, origins[number], place, direction)
            yield arrangement.nodes[place].title, rectangle


def _way(
    steps: Sequence[Step], laid: dict[int, _Laid], origins: dict[int, Point], direction: Direction
) -> tuple[Way, ...]:
    """An arrow's steps joined to one way, or to two where a step is cut by tags."""
    pieces: list[list[Point]] = [[]]
    for scope, link in steps:
        for position, part in enumerate(laid[scope].arrangement.ways[link]):
            if position:
                pieces.append([])
            origin = origins[scope]
            pieces[-1] += [Point(origin.across + across, origin.along + along) for across, along in part]
    ways = [simplified(piece) for piece in pieces]
    if direction == "right":
        return tuple(tuple((along, across) for across, along in way) for way in ways)
    return tuple(tuple((across, along) for across, along in way) for way in ways)
