"""Arrows across the borders of frames, taken apart: every scope (a frame or the page) has its own nodes and links."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from glassgrad.explain.drawing.folding import View


class Member(NamedTuple):
    """A node of a scope: a leaf, a frame, or the port where leaf `source`'s value crosses the scope's border."""

    role: Literal["leaf", "frame", "entry", "exit"]
    number: int
    source: int = -1


class End(NamedTuple):
    """One end of a link: a member, and the port on it where the member is a frame."""

    member: Member
    port: Member | None = None


class Step(NamedTuple):
    """An arrow's part within one scope."""

    scope: int
    link: int


@dataclass(slots=True)
class Scope:
    """The members of a frame, or of the page, and the links between them, both in the order they were met."""

    members: dict[Member, int] = field(default_factory=dict)
    links: dict[tuple[End, End, str], int] = field(default_factory=dict)
    names: list[tuple[str, str]] = field(default_factory=list)  # for each link, the titles it leads from and to

    def number(self, member: Member) -> int:
        """The member's number, a new one where it is met for the first time."""
        return self.members.setdefault(member, len(self.members))


def collect(view: View) -> tuple[list[Scope], list[list[Step]]]:
    """The scope of every frame, then the page's as the last one (so that -1 is its index); and each arrow's steps."""
    scopes = [Scope() for _ in range(len(view.frames) + 1)]
    depth = [0] * len(scopes)
    for number, frame in enumerate(view.frames):
        depth[number] = depth[frame.frame] + 1
    for number, leaf in enumerate(view.leaves):
        _add_frames(view, scopes, leaf.frame)
        scopes[leaf.frame].number(Member("leaf", number))
    return scopes, [_steps(view, scopes, depth, arrow) for arrow in view.arrows]


def _add_frames(view: View, scopes: list[Scope], frame: int) -> None:
    """Makes the frame a member of the scope around it, and so on outwards."""
    while frame >= 0:
        outer = scopes[view.frames[frame].frame]
        if Member("frame", frame) in outer.members:
            return
        outer.number(Member("frame", frame))
        frame = view.frames[frame].frame


def _steps(view: View, scopes: list[Scope], depth: list[int], arrow: tuple[int, int, str]) -> list[Step]:
    """The way of one arrow: out of frames, through the scope that holds both ends, into frames."""
    source, target, label = arrow
    upper, lower = End(Member("leaf", source)), End(Member("leaf", target))
    above, below = view.leaves[source].frame, view.leaves[target].frame
    names = (view.leaves[source].box.title, view.leaves[target].box.title)
    outwards: list[Step] = []
    inwards: list[Step] = []
    while above != below:
        if depth[above] >= depth[below]:
            port = Member("exit", above, source)
            outwards.append(_link(scopes, above, upper, End(port), "", names))
            upper, above = End(Member("frame", above), port), view.frames[above].frame
        else:
            port = Member("entry", below, source)
            inwards.append(_link(scopes, below, End(port), lower, label, names))
            lower, below, label = End(Member("frame", below), port), view.frames[below].frame, ""
    return [*outwards, _link(scopes, above, upper, lower, label, names), *reversed(inwards)]


def _link(scopes: list[Scope], number: int, upper: End, lower: End, label: str, names: tuple[str, str]) -> Step:
    scope = scopes[number]
    scope.number(upper.member)
    scope.number(lower.member)
    key = (upper, lower, label)
    if key not in scope.links:
        scope.links[key] = len(scope.links)
        scope.names.append(names)
    return Step(number, scope.links[key])
