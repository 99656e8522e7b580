"""Reductions that depend on one another in one sweep over memory: about centres that are known before. Floor 4.

The largest of all numbers is known only when all have been read, and the sum of exp(x - max) asks for all of them
once more. But a block that fits in the near cache has a largest number as well, m, and a sum s about it; and the whole
sum is Σ s exp(m - max) over the blocks. A sum of squares about the mean is known from one about a number near to it,
which a sample tells. So memory is read once (`rebased.py`). What is taken for a block or a sample follows from the
shapes alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from glassgrad.engines.cpu.blocks.rebased import Centres, NoCentreError
from glassgrad.engines.cpu.blocks.split import is_large, sample, splits
from glassgrad.engines.cpu.blocks.terms import Law, NoTermsError, Reader, Term
from glassgrad.graph.node import Node, make, reachable, workspace
from glassgrad.graph.notes import Notes

_BASES = ("sum", "max", "min")


@dataclass(eq=False, slots=True)
class _Group:
    """Reductions of one shape over the same axes: `bases` are known from the data alone, `later` depend on them."""

    number: int
    bases: set[Node] = field(default_factory=set)
    later: dict[Node, tuple[Term, ...]] = field(default_factory=dict)


class _Groups:
    """The groups of a graph. `latest` is the group that a value depends on last; -1: none."""

    def __init__(self) -> None:
        self.found: list[_Group] = []
        self.of_key: dict[object, _Group] = {}
        self.latest: dict[Node, int] = {}

    def after(self, node: Node) -> int:
        """The number of the last group that the value depends on."""
        if node not in self.latest:
            self.latest[node] = max([self.after(x) for x in node.inputs], default=-1)
        return self.latest[node]

    def take(self, node: Node) -> None:
        """The next node, whose inputs have been taken."""
        number = self.after(node)
        if node.op.name not in _BASES or node.dtype.char not in "fd":
            return
        (x,), axes = node.inputs, tuple(node.param("axes"))
        key = x.shape, axes, x.dtype
        group = self.of_key.get(key)
        if group is not None and number == group.number and self._follows(node, group, axes):
            return
        if group is None or number >= group.number:
            if not is_large(x.shape, axes, x.dtype.itemsize):
                return
            group = self.of_key[key] = _Group(len(self.found))
            self.found.append(group)
        group.bases.add(node)
        self.latest[node] = group.number

    def _follows(self, node: Node, group: _Group, axes: tuple[int, ...]) -> bool:
        """Is it one of those that depend on the group's, in a way that is understood?"""
        if node.op.name != "sum":
            return False
        (x,) = node.inputs
        reader = Reader(x.shape, axes, lambda node: self.after(node) == group.number)
        try:
            terms = reader.terms(x)
        except NoTermsError:
            return False
        if not all(_is_summed(term) for term in terms) or not self._are_centres(terms, group):
            return False
        group.later[node] = terms
        self.latest[node] = group.number
        return True

    def _are_centres(self, terms: Sequence[Term], group: _Group) -> bool:
        """Does each centre follow from reductions of the data alone?"""
        stack = [factor.centre for term in terms for factor in term.factors]
        seen: set[Node] = set()
        while stack:
            node = stack.pop()
            if node in seen or node in group.bases or self.after(node) < group.number:
                continue
            seen.add(node)
            if node in group.later:
                return False
            stack.extend(node.inputs)
        return True


def _is_summed(term: Term) -> bool:
    """Can the sum about one centre be told from that about another?

    Weighted squares are left alone: rounding errors must not make them negative, and weights may be so.
    """
    count = len(term.factors)
    laws = {factor.law for factor in term.factors}
    if count == 2:
        return laws == {Law.DISTANCE} and not (term.data and term.factors[0] == term.factors[1])
    return count == 1 or (not count and len(term.data) <= 1)


def in_one_sweep(outputs: Sequence[Node], notes: Notes | None) -> list[Node]:
    """The outputs with large reductions that depend on one another computed together."""
    order = reachable(outputs)
    groups = _Groups()
    for node in order:
        groups.take(node)
    if not any(group.later for group in groups.found):
        return list(outputs)
    _leave_what_is_written(groups.found, outputs)
    known: dict[Node, Node] = {}
    for group in groups.found:
        if group.later:
            known.update(_known_otherwise(group, groups))
    return _replaced(outputs, order, known, notes) if known else list(outputs)


def _leave_what_is_written(groups: Sequence[_Group], outputs: Sequence[Node]) -> None:
    """Takes from the groups the sums of exponentials that are read elsewhere: to compute them twice takes longer."""
    sums = {node for group in groups for node in group.later}
    read, stack = set(outputs), list(outputs)
    while stack:
        node = stack.pop()
        for x in node.inputs if node not in sums else ():
            if x not in read:
                read.add(x)
                stack.append(x)
    for group in groups:
        for node, terms in list(group.later.items()):
            if any(factor.source in read for term in terms for factor in term.factors):
                del group.later[node]


def _known_otherwise(group: _Group, groups: _Groups) -> dict[Node, Node]:
    """What is known of a group's reductions from those about other centres."""
    bases = sorted(group.bases, key=_serial)
    (x,), axes = bases[0].inputs, tuple(bases[0].param("axes"))
    blocks = splits(x.shape, axes, x.dtype.itemsize)
    centres = Centres(bases, lambda node: groups.after(node) == group.number, blocks, sample(x.shape, axes))
    found: dict[Node, Node] = {}
    for node, terms in group.later.items():
        try:
            found[node] = centres.later(node, terms)
        except NoCentreError:
            continue
    return found | {node: same for node in bases if (same := centres.base(node)) is not None}


def _serial(node: Node) -> int:
    return node.serial


def _replaced(
    outputs: Sequence[Node], order: Sequence[Node], known: dict[Node, Node], notes: Notes | None
) -> list[Node]:
    """The outputs with other values in place of those that are `known`.

    These are made when the first value that reads them is: next to what is computed in the same loops.
    """
    new: dict[Node, Node] = {}
    for node in order:
        if node not in known:
            _make_new(node, known, new, notes)
    for node in outputs:
        _make_new(node, known, new, notes)
    return [new[node] for node in outputs]


def _make_new(node: Node, known: dict[Node, Node], new: dict[Node, Node], notes: Notes | None) -> None:
    """Makes the node and all that it is made of anew, as far as that has not been done."""
    here, stack = workspace(), [node]
    while stack:
        node = stack[-1]
        needed = (known[node],) if node in known else node.inputs
        missing = [x for x in reversed(needed) if x not in new]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        if node in new:
            continue
        if notes is not None and here is not None and node in notes.origins:
            here.origin = notes.origins[node]
        inputs = tuple([new[x] for x in needed])
        if node in known:
            (new[node],) = inputs
        else:
            new[node] = node if inputs == node.inputs else make(node.op, inputs, node.params)
        if notes is not None and new[node] is not node:
            notes.pass_on(node, new[node])
