"""The row that selects: a mask chooses between two arrays, element by element. Floor 2. It never multiplies."""

from glassgrad.base.avals import Aval
from glassgrad.base.errors import ShapeError
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Elementwise, Linear, op
from glassgrad.ops.leaves import zeros
from glassgrad.ops.lifting import Operand, broadcast_shapes, common_dtype, lift
from glassgrad.ops.structure import broadcast, cast


def _where_aval(c: Aval, x: Aval, y: Aval) -> Aval:
    if not c.shape == x.shape == y.shape:
        raise ShapeError(f"where needs equal shapes, found {c.shape}, {x.shape} and {y.shape}")
    return Aval(x.shape, x.dtype)


WHERE = op(
    "where",
    "c, x, y -> z",
    infer=_where_aval,
    numpy="np.where(c, x, y)",
    batching=Elementwise(),
    rule="derivative of the case that holds",
    javascript="(c ? x : y)",
    why="only the chosen case reaches the result, so only it receives the derivative",
    x=Linear(lambda ct, c: where(c, ct, zeros(ct.aval))),
    y=Linear(lambda ct, c: where(c, zeros(ct.aval), ct)),
)


def where(condition: Node, x: Operand, y: Operand) -> Node:
    """`x` where the condition holds, else `y`; promoted and broadcast."""
    dtype = common_dtype(x, y)
    first, second = lift(x, dtype), lift(y, dtype)
    shape = broadcast_shapes("where", [condition.shape, first.shape, second.shape])
    return make(
        WHERE,
        (broadcast(condition, shape), broadcast(cast(first, dtype), shape), broadcast(cast(second, dtype), shape)),
    )
