"""What no later step of a loop reads: sums of products, and products for what the loop gives. After it. Floor 4.

A sum over the steps, W += aₜᵀ gₜ, is one product of all that the steps give: Aᵀ G. Sums come in another order.
"""

from collections.abc import Callable
from dataclasses import dataclass

from glassgrad.engines.cpu.motion.loop import PLACES, Loop, is_weighted, users_of
from glassgrad.graph.node import Node, make, reachable
from glassgrad.ops.contract import CONTRACT, contract, parts
from glassgrad.ops.elementwise import ADD, add
from glassgrad.ops.structure import sum_over

_LINEAR = frozenset({"transpose", "reshape", "negative", "sum"})  # the sum of their results is the result for the sum
_WIDER = 4  # how many times larger than the product what is kept for it may be

Later = Callable[[dict[Node, Node]], Node]  # a result of the loop, from what it gives at all steps


@dataclass(frozen=True, slots=True)
class _Sum:
    """start + Σ of `path` applied to `base` at each step."""

    base: Node
    path: list[Node]
    start: Node


# ------------------------------------------------------------------ sums
def move_sums(loop: Loop) -> dict[int, Later]:
    """Carries that only add up products (or what is given anyway): the sums are taken after the loop."""
    users = users_of(loop.results())
    varying = loop.varying(reachable(loop.results()))
    later: dict[int, Later] = {}
    for k in list(loop.carries):
        found = _as_sum(loop, k, users)
        if found is None:
            continue
        if found.base.op is CONTRACT and all(x in varying for x in found.base.inputs) and _is_light(loop, found.base):
            for x in found.base.inputs:
                loop.record(x)
            later[k] = _sum_of_products(found)
        elif found.path and found.path[-1].op.name == "sum" and found.base in loop.recorded():
            loop.record(found.base)
            later[k] = _sum_of_values(found)
        else:
            continue
        del loop.carries[k], loop.outputs[k]
    return later


def _as_sum(loop: Loop, k: int, users: dict[Node, list[Node]]) -> _Sum | None:
    """The carry as a sum, if each step does nothing else with it than to add to it."""
    x, start = loop.carries[k]
    out = loop.outputs[k]
    if out.op is not ADD or users.get(x) != [out] or out.dtype.kind not in "fc" or out in users:
        return None
    if loop.results().count(out) > 1 or x in [y for j, y in loop.outputs.items() if j != k]:
        return None
    base = out.inputs[1] if out.inputs[0] is x else out.inputs[0]
    path: list[Node] = []
    while base.op.name in _LINEAR:
        path.append(base)
        (base,) = base.inputs
    return None if base is x else _Sum(base, path, start)


def _is_light(loop: Loop, product: Node) -> bool:
    """Is little kept that would not be kept anyway?"""
    given = {*loop.sequences, *loop.recorded()}
    return sum(x.aval.size for x in product.inputs if x not in given) <= product.aval.size


def _sum_of_products(found: _Sum) -> Later:
    def total(stacks: dict[Node, Node]) -> Node:
        left, right, out = parts(found.base.param("spec"))
        step = next(c for c in "tsuvwxyzabcdefghijklmnopqrTSUVWXYZ" if c not in left + right)
        a, b = (stacks[x] for x in found.base.inputs)
        return add(found.start, _along(found.path, contract(a, b, f"{step}{left},{step}{right}->{out}")))

    return total


def _sum_of_values(found: _Sum) -> Later:
    def total(stacks: dict[Node, Node]) -> Node:
        *path, first = found.path
        axes = (0, *[axis + 1 for axis in first.param("axes")])
        return add(found.start, _along(path, sum_over(stacks[found.base], axes)))

    return total


def _along(path: list[Node], value: Node) -> Node:
    for node in reversed(path):
        value = make(node.op, (value,), node.params)
    return value


# ------------------------------------------------------------------ what the loop gives
def move_results(loop: Loop) -> dict[int, Later]:
    """Products with constant matrices that no later step reads: one product for what all steps give."""
    given = {k: y for k, y in loop.outputs.items() if k not in loop.carries}
    needed = set(reachable([*[loop.outputs[k] for k in loop.carries], *loop.extra, *loop.now]))
    order = reachable(list(given.values()))
    varying = loop.varying(order)
    late: set[Node] = set()
    for node in order:
        if node not in needed and (not late.isdisjoint(node.inputs) or is_weighted(node, varying)):
            late.add(node)
    later: dict[int, Later] = {}
    for k, y in given.items():
        if y not in late:
            continue
        inside = [node for node in reachable([y]) if node in late]
        read = list(dict.fromkeys(x for node in inside for x in node.inputs if x not in late and x in varying))
        kept = {*loop.sequences, *loop.extra, *[z for j, z in given.items() if j not in later and z not in late]}
        if sum(x.aval.size for x in read if x not in kept) > _WIDER * y.aval.size or not _is_simple(inside):
            continue
        for x in read:
            loop.record(x)
        later[k] = _result(loop, y, read)
    for k in later:
        del loop.outputs[k]
    return later


def _is_simple(nodes: list[Node]) -> bool:
    """Can what comes after the products be computed for all steps at once at no greater cost?"""
    return all(node.op is CONTRACT or node.op.name in PLACES or node.op.batching is not None for node in nodes)


def _result(loop: Loop, y: Node, read: list[Node]) -> Later:
    return lambda stacks: loop.stacked([y], {x: stacks[x] for x in read if x not in loop.sequences})[0]
