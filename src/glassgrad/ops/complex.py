"""The parts of a complex number: imaginary part, conjugate, modulus, angle. Floor 2.

Pairings are Re(ct·dz) without conjugation, so the gradient of a real function is ∂f/∂x - i ∂f/∂y.
"""

from glassgrad.base.avals import Aval
from glassgrad.base.errors import DtypeError
from glassgrad.graph.node import Node, make
from glassgrad.graph.op import Elementwise, Kink, Linear, Tangent, op
from glassgrad.ops.elementwise import ratio
from glassgrad.ops.leaves import zeros
from glassgrad.ops.lifting import like_ufunc
from glassgrad.ops.rounding import absolute, sign
from glassgrad.ops.structure import cast, real, real_aval
from glassgrad.ops.trigonometric import arctan2
from glassgrad.ops.ufuncs import functions_of, ufunc_row

_conjugate, _modulus = functions_of("conjugate modulus")


IMAG = op(
    "imag",
    "x -> y",
    infer=real_aval,
    numpy="np.imag(x)",
    batching=Elementwise(),
    rule="imaginary part",
    x=Linear(lambda ct, x: cast(ct, x.dtype) * -1j if x.dtype.kind == "c" else zeros(x.aval)),
)


def imag(node: Node) -> Node:
    """The imaginary part; zeros where the value is real."""
    return make(IMAG, (node,)) if node.dtype.kind == "c" else zeros(node.aval)


CONJUGATE = ufunc_row(
    "conjugate", "np.conjugate", rule="conjugate", tex=r"\overline{{{x}}}", x=Linear(lambda ct: conjugate(ct))
)


def conjugate(node: Node) -> Node:
    """The complex conjugate; the value itself where it is real."""
    return _conjugate(node) if node.dtype.kind == "c" else node


def _modulus_aval(x: Aval) -> Aval:
    if x.dtype.kind != "c":
        raise DtypeError("the row `modulus` takes complex numbers; `absolute` is the one for real ones")
    return like_ufunc("modulus")(x)


MODULUS = op(
    "modulus",
    "x -> y",
    infer=_modulus_aval,
    numpy="np.abs(x)",
    batching=Elementwise(),
    ufunc="np.absolute",
    rule="modulus rule",
    why="only the part of the step that points away from 0 changes the distance from 0",
    tex=r"\left|{x}\right|",
    x=Tangent(lambda dx, x, y: real(ratio(conjugate(x), cast(y, x.dtype)) * dx)),
    kinks=(Kink("x == 0", "0"),),
)


def magnitude(node: Node) -> Node:
    """|x| of a real or a complex number."""
    return _modulus(node) if node.dtype.kind == "c" else absolute(node)


def direction(node: Node) -> Node:
    """The sign of a real number, z / |z| of a complex one; 0 at 0."""
    return ratio(node, cast(magnitude(node), node.dtype)) if node.dtype.kind == "c" else sign(node)


def angle(node: Node) -> Node:
    """The angle of a complex number (of a real one: 0, or π left of 0)."""
    if node.dtype.kind == "c":
        return arctan2(imag(node), real(node))
    return arctan2(zeros(node.aval), node)
