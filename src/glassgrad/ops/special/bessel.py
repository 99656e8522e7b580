"""Bessel, Struve and Airy functions: the derivative of each is made of its neighbours. Floor 2.

Formulas: DLMF 10.6, 10.29, 11.4, 9.2.
"""

from collections.abc import Callable

from glassgrad.graph.node import Node
from glassgrad.graph.op import Domain, Op, Partial, Undefined
from glassgrad.ops.elementwise import negative
from glassgrad.ops.rounding import sign
from glassgrad.ops.special.orders import NO_ORDER, shift
from glassgrad.ops.ufuncs import functions_of, own_row, ufunc_row

_NEIGHBOURS = "the recurrence relations of Bessel functions: the slope is half a sum or difference of its neighbours"
_POSITIVE = Domain("x > 0", (0.5, 4.0))

jv, yv, iv, kv, jve, yve, ive, kve = functions_of("jv yv iv kv jve yve ive kve")
j0, j1, y0, y1, i0, i1, k0, k1 = functions_of("j0 j1 y0 y1 i0 i1 k0 k1")
i0e, i1e, k0e, k1e, yn, kn = functions_of("i0e i1e k0e k1e yn kn")
struve, modstruve = functions_of("struve modstruve")


# ------------------------------------------------------------------ of any order
def _family(name: str, slope: Callable[[Node, Node, Node], Node], domain: Domain | None = None) -> Op:
    return ufunc_row(
        name,
        f"scipy.special.{name}",
        "v, x -> y",
        rule="derivative of a Bessel function",
        why=_NEIGHBOURS,
        domain=domain,
        v=Undefined(NO_ORDER),
        x=Partial(lambda v, x, y: slope(v, x, y)),
    )


JV = _family("jv", lambda v, x, y: (jv(shift(v, -1), x) - jv(shift(v, 1), x)) / 2)
YV = _family("yv", lambda v, x, y: (yv(shift(v, -1), x) - yv(shift(v, 1), x)) / 2, _POSITIVE)
IV = _family("iv", lambda v, x, y: (iv(shift(v, -1), x) + iv(shift(v, 1), x)) / 2)
KV = _family("kv", lambda v, x, y: (kv(shift(v, -1), x) + kv(shift(v, 1), x)) / -2, _POSITIVE)
YN = _family("yn", lambda v, x, y: (yn(shift(v, -1), x) - yn(shift(v, 1), x)) / 2, _POSITIVE)
KN = _family("kn", lambda v, x, y: (kn(shift(v, -1), x) + kn(shift(v, 1), x)) / -2, _POSITIVE)
IVE = _family("ive", lambda v, x, y: (ive(shift(v, -1), x) + ive(shift(v, 1), x)) / 2 - sign(x) * y)
KVE = _family("kve", lambda v, x, y: y - (kve(shift(v, -1), x) + kve(shift(v, 1), x)) / 2, _POSITIVE)

STRUVE = _family("struve", lambda v, x, y: struve(shift(v, -1), x) - v * y / x, _POSITIVE)
MODSTRUVE = _family("modstruve", lambda v, x, y: modstruve(shift(v, -1), x) - v * y / x, _POSITIVE)


# ------------------------------------------------------------------ of orders 0 and 1
def _single(name: str, form: Partial, domain: Domain | None = None) -> Op:
    return ufunc_row(
        name, f"scipy.special.{name}", rule="derivative of a Bessel function", why=_NEIGHBOURS, domain=domain, x=form
    )


J0 = _single("j0", Partial(lambda x: negative(j1(x))))
J1 = _single("j1", Partial(lambda x: (j0(x) - jv(2, x)) / 2))
Y0 = _single("y0", Partial(lambda x: negative(y1(x))), _POSITIVE)
Y1 = _single("y1", Partial(lambda x: (y0(x) - yv(2, x)) / 2), _POSITIVE)
I0 = _single("i0", Partial(lambda x: i1(x)))
I1 = _single("i1", Partial(lambda x: (i0(x) + iv(2, x)) / 2))
K0 = _single("k0", Partial(lambda x: negative(k1(x))), _POSITIVE)
K1 = _single("k1", Partial(lambda x: (k0(x) + kv(2, x)) / -2), _POSITIVE)
I0E = _single("i0e", Partial(lambda x, y: i1e(x) - sign(x) * y))
I1E = _single("i1e", Partial(lambda x, y: (i0e(x) + ive(2, x)) / 2 - sign(x) * y))
K0E = _single("k0e", Partial(lambda x, y: y - k1e(x)), _POSITIVE)
K1E = _single("k1e", Partial(lambda x, y: y - (k0e(x) + kve(2, x)) / 2), _POSITIVE)

# ------------------------------------------------------------------ Airy
airyai, airyaiprime, airybi, airybiprime = functions_of("airyai airyaiprime airybi airybiprime")
_AIRY = "the Airy functions solve y'' = x·y"


def _airy(name: str, index: int, form: Partial) -> Op:
    return own_row(name, f"scipy.special.airy(x)[{index}]", rule="derivative of an Airy function", why=_AIRY, x=form)


AIRYAI = _airy("airyai", 0, Partial(lambda x: airyaiprime(x)))
AIRYAIPRIME = _airy("airyaiprime", 1, Partial(lambda x: x * airyai(x)))
AIRYBI = _airy("airybi", 2, Partial(lambda x: airybiprime(x)))
AIRYBIPRIME = _airy("airybiprime", 3, Partial(lambda x: x * airybi(x)))
