"""Where a loop was replaced by one that also records or also moves: its results are read from the new loop. Floor 3."""

from collections.abc import Sequence

from glassgrad.graph.graph import substitute
from glassgrad.graph.node import Node, reachable, workspace
from glassgrad.ops.leaves import PROJECT


def supersede(old: Sequence[Node], new: Sequence[Node]) -> None:
    """Notes that the nodes `new` have the values of `old`, whose loop need then not run."""
    here = workspace()
    if here is not None:
        here.superseded.update((a, b) for a, b in zip(old, new, strict=False) if a is not b)


def settle(outputs: Sequence[Node]) -> list[Node]:
    """The outputs with every superseded result read from the loop that took its place.

    A result is told by its loop and its number: the outputs of a body were made in another workspace than its backward
    pass, so the same result may stand in them as another node.
    """
    here = workspace()
    result = list(outputs)
    while here is not None and here.superseded:
        known = {(old.inputs[0], old.params): old for old in here.superseded}
        since = min(loop.serial for loop, _ in known)
        present = [(node, known.get((node.inputs[0], node.params))) for node in _results(result, since)]
        swap = {node: old for node, old in present if old is not None and not _stands_on(here.superseded[old], old)}
        if not swap:
            break
        # One loop at a time, so that a loop that took another's place can itself be replaced.
        first = min(old.inputs[0].serial for old in swap.values())
        one = {node: old for node, old in swap.items() if old.inputs[0].serial == first}
        result = substitute(result, {node: here.superseded[old] for node, old in one.items()})
        for old in set(one.values()):
            del here.superseded[old]
    return result


def _results(outputs: Sequence[Node], since: int) -> list[Node]:
    """The results of loops among what is reached."""
    return [node for node in reachable(outputs, since) if node.op is PROJECT]


def forget(placeholders: Sequence[Node]) -> None:
    """Drops the loops that depend on placeholders: a tangent that has no number yet may not reach plain results."""
    here = workspace()
    if here is None or not here.superseded or not placeholders:
        return
    since = min(node.serial for node in placeholders) - 1
    for old, new in list(here.superseded.items()):
        if not set(placeholders).isdisjoint(reachable([new], since)):
            del here.superseded[old]


def _stands_on(new: Node, old: Node) -> bool:
    loop = old.inputs[0]
    return loop in reachable([new], loop.serial - 1)
