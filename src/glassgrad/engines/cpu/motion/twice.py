"""Values that a loop gives or reads under two names: once is enough. Floor 4.

What a backward loop needs is chosen while the derivative is taken; only later do some of these values turn out to be
the same.
"""

from glassgrad.engines.cpu.motion.loop import Loop
from glassgrad.graph.node import Node, apart, make, reachable
from glassgrad.ops.leaves import LITERAL, input_node


def count_once(loop: Loop) -> None:
    """Makes what depends on numbers anew, where the same number stands there as several nodes: then equals are one."""
    numbers = [node for node in reachable(loop.results()) if node.op is LITERAL]
    if len({node.params for node in numbers}) < len(numbers):
        with apart():
            loop.replace({node: make(node.op, (), node.params) for node in numbers})


def give_once(loop: Loop) -> dict[int, int]:
    """Drops what the loop gives at each step a second time; says which of its outputs stands for it."""
    first: dict[Node, int] = {}
    given = [(k, y) for k, y in loop.outputs.items() if k not in loop.carries]
    same = {k: first[y] for k, y in given if first.setdefault(y, k) != k}
    for k in same:
        del loop.outputs[k]
    return same


def read_once(loop: Loop) -> None:
    """Sequences that are the same outside become one inside, and what is computed from them one as well."""
    if len(set(loop.sequences.values())) == len(loop.sequences):
        return
    new: dict[Node, Node] = {}
    inside: dict[Node, Node] = {}
    for x, stack in loop.sequences.items():
        inside[x] = new.setdefault(stack, input_node(x.aval))
    loop.sequences = {x: stack for stack, x in new.items()}
    with apart():
        loop.replace(inside)
