"""Rounding, remainders, signs, steps: rows that are flat or straight between their kinks. Floor 2."""

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.base.errors import DtypeError
from glassgrad.graph.node import operators
from glassgrad.graph.op import Elementwise, Kink, Linear, Op, Partial, Tangent, Undefined, Zero, op
from glassgrad.ops.compare import isfinite
from glassgrad.ops.elementwise import negative
from glassgrad.ops.leaves import ones, zeros
from glassgrad.ops.lifting import like_ufunc
from glassgrad.ops.select import where
from glassgrad.ops.ufuncs import checked_alike, functions_of, own_row, ufunc_row

floor, ceil, trunc, rint, floor_divide, remainder = functions_of("floor ceil trunc rint floor_divide remainder")
sign, absolute, copysign, heaviside, fmod = functions_of("sign absolute copysign heaviside fmod")
ldexp, nan_to_num = functions_of("ldexp nan_to_num")

_FLAT = "it is flat between its jumps"


# ------------------------------------------------------------------ to whole numbers
def _step_row(name: str, jumps: str, javascript: str | None = None) -> Op:
    kinks = (Kink(jumps, "0"),)
    return ufunc_row(
        name, f"np.{name}", rule="flat between its steps", javascript=javascript, kinks=kinks, x=Zero(_FLAT)
    )


FLOOR = _step_row("floor", "x == np.floor(x)", "Math.floor(x)")
CEIL = _step_row("ceil", "x == np.ceil(x)", "Math.ceil(x)")
TRUNC = _step_row("trunc", "(x == np.trunc(x)) & (x != 0)", "Math.trunc(x)")
RINT = _step_row("rint", "x - 0.5 == np.floor(x)")
FLOOR_DIVIDE = ufunc_row(
    "floor_divide",
    "np.floor_divide",
    "x, y -> z",
    numpy="x // y",
    rule="flat between its steps",
    javascript="Math.floor(x / y)",
    kinks=(Kink("x % y == 0", "0"),),
    x=Zero(_FLAT),
    y=Zero(_FLAT),
)
REMAINDER = ufunc_row(
    "remainder",
    "np.remainder",
    "x, y -> z",
    numpy="x % y",
    rule="remainder rule",
    javascript="(x - y * Math.floor(x / y))",
    why="x % y is x - y·⌊x/y⌋, and the floor is flat between its steps",
    x=Partial(lambda z: ones(z.aval)),
    y=Partial(lambda x, y: negative(floor_divide(x, y))),
    kinks=(Kink("x % y == 0", "1"),),
)
FMOD = ufunc_row(
    "fmod",
    "np.fmod",
    "x, y -> z",
    rule="remainder rule",
    javascript="x % y",
    why="it is x - y·trunc(x/y), and the truncation is flat between its steps",
    x=Partial(lambda z: ones(z.aval)),
    y=Partial(lambda x, y: negative(trunc(x / y))),
    kinks=(Kink("np.fmod(x, y) == 0", "1"),),
)


# ------------------------------------------------------------------ signs and magnitudes
def _magnitude_aval(x: Aval) -> Aval:
    if x.dtype.kind == "c":
        raise DtypeError("the row `absolute` takes real numbers; `modulus` is the one for complex ones")
    return like_ufunc("absolute")(x)


SIGN = ufunc_row(
    "sign",
    "np.sign",
    rule="flat on either side of 0",
    javascript="Math.sign(x)",
    x=Zero("it is flat on either side of 0"),
    kinks=(Kink("x == 0", "0"),),
)
ABSOLUTE = op(
    "absolute",
    "x -> y",
    infer=_magnitude_aval,
    numpy="np.abs(x)",
    batching=Elementwise(),
    ufunc="np.absolute",
    rule="absolute value rule",
    javascript="Math.abs(x)",
    tex=r"\left|{x}\right|",
    why="to the right of 0 it is x, to the left -x; at 0 the mean of both slopes is taken",
    x=Partial(lambda x: sign(x)),
    kinks=(Kink("x == 0", "0"),),
)
COPYSIGN = ufunc_row(
    "copysign",
    "np.copysign",
    "x, y -> z",
    rule="absolute value rule",
    why="it is |x| with the sign of y",
    x=Partial(lambda x, y: sign(x) * copysign(ones(y.aval), y)),
    y=Zero("only the sign of y counts"),
    kinks=(Kink("x == 0", "0"),),
)
HEAVISIDE = ufunc_row(
    "heaviside",
    "np.heaviside",
    "x, y -> z",
    rule="flat on either side of 0",
    javascript="(x === 0 ? y : x > 0 ? 1 : 0)",
    x=Zero("it is flat on either side of 0"),
    y=Tangent(lambda dy, x: where(operators["equal"](x, 0), dy, zeros(dy.aval))),
    kinks=(Kink("x == 0", "0"),),
)

# ------------------------------------------------------------------ the number format
_STEP = "it moves by one unit in the last place; use y = x + step for a step that can be differentiated"
NEXTAFTER = ufunc_row(
    "nextafter",
    "np.nextafter",
    "x, y -> z",
    rule="no derivative: a step in the number format",
    x=Undefined(_STEP),
    y=Undefined(_STEP),
)
SPACING = ufunc_row(
    "spacing", "np.spacing", rule="flat between powers of two", x=Zero("it is flat between powers of two")
)


def _scaled_aval(x: Aval, n: Aval) -> Aval:
    return like_ufunc("ldexp")(x, n)


LDEXP = op(
    "ldexp",
    "x, n -> y",
    infer=_scaled_aval,
    numpy="np.ldexp(x, n)",
    batching=Elementwise(),
    ufunc="np.ldexp",
    rule="constant factor",
    why="it is x·2ⁿ",
    x=Partial(lambda x, n: ldexp(ones(x.aval), n)),
)


def _finite_aval(x: Aval, nan: float, posinf: float | None, neginf: float | None) -> Aval:
    del nan, posinf, neginf
    return checked_alike("nan_to_num", x)


NAN_TO_NUM = own_row(
    "nan_to_num",
    "np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)",
    infer=_finite_aval,
    rule="the same value where it is finite",
    why="where the value was replaced by a constant, x no longer counts",
    x=Tangent(lambda dx, x: where(isfinite(x), dx, zeros(dx.aval))),
)


# ------------------------------------------------------------------ angles in degrees
def _scale_row(name: str, factor: float, javascript: str) -> Op:
    return ufunc_row(
        name, f"np.{name}", rule="constant factor", javascript=javascript, x=Linear(lambda ct: ct * factor)
    )


for _name in ("deg2rad", "radians"):
    _scale_row(_name, np.pi / 180, "x * Math.PI / 180")
for _name in ("rad2deg", "degrees"):
    _scale_row(_name, 180 / np.pi, "x * 180 / Math.PI")
