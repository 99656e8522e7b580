"""The larger and the smaller of two numbers. Where they tie, each gets half. Floor 2.

A NaN equals neither: where the result is NaN, and at the NaN that `fmax` and `fmin` pass over, the derivative is 0.
"""

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Kink, Op, Pullback
from glassgrad.ops.leaves import zeros
from glassgrad.ops.select import where
from glassgrad.ops.ufuncs import functions_of, ufunc_row

maximum, minimum, fmax, fmin = functions_of("maximum minimum fmax fmin")


def _chosen(ct: Node, own: Node, other: Node, chosen: Node) -> Node:
    """The cotangent for the number that was chosen; half of it where both are equal."""
    equal = operators["equal"]
    return where(equal(own, other), ct / 2, where(equal(own, chosen), ct, zeros(ct.aval)))


def _choice(name: str, rule: str, javascript: str) -> Op:
    return ufunc_row(
        name,
        f"np.{name}",
        "x, y -> z",
        rule=rule,
        javascript=javascript,
        why="only the chosen number reaches the result, so only it receives the derivative",
        x=Pullback(lambda ct, x, y, z: _chosen(ct, x, y, z)),
        y=Pullback(lambda ct, x, y, z: _chosen(ct, y, x, z)),
        kinks=(Kink("x == y", "1/2"),),
    )


MAXIMUM = _choice("maximum", "derivative of the larger", "Math.max(x, y)")
MINIMUM = _choice("minimum", "derivative of the smaller", "Math.min(x, y)")
FMAX = _choice("fmax", "derivative of the larger", "Math.max(x, y)")
FMIN = _choice("fmin", "derivative of the smaller", "Math.min(x, y)")
