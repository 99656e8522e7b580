"""Cases for scipy.special."""

from typing import Any

import numpy as np

from tests.table.case import COMPLEX, Case, Real, elementwise, integers

_WIDE = (0.5, 3.0)
_UNIT = (0.2, 0.8)
_ROUGH = {"dtypes": COMPLEX}  # complex, but SciPy's imaginary part is too rough for a complex step


_ORDER = Real(0.5, 3.0)


def _whole(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return generator.integers(0, 4, shape).astype(float)


ERRORS = [
    *elementwise("erf erfc erfcx erfi dawsn ndtr log_ndtr", complex=True),
    *elementwise("wofz", dtypes=("complex128", "complex64")),
    *elementwise("erfinv erfcinv ndtri ndtri_exp owens_t"),
]
GAMMAS = [
    *elementwise("gamma loggamma", complex=True, order=1),
    *elementwise("gamma gammaln digamma rgamma", note="real"),
    *elementwise("gamma gammaln digamma", (-1.8, -1.2), note="negative"),
    *elementwise("rgamma", (-1.8, 1.8), note="negative"),
    *elementwise("rgamma", np.array([0.0, -1.0, -2.0, 0.5]), shape=(4,), note="poles"),
    *elementwise("rgamma", dtypes=("complex128",), order=1),
    *elementwise("gammasgn"),
    *elementwise("polygamma", [_whole, _WIDE]),
    *elementwise("zeta", [(1.5, 4.0), _WIDE]),
    *elementwise("beta betaln"),
    *elementwise("binom", [(3.0, 5.0), (0.5, 2.5)]),
    *elementwise("poch"),
]
INCOMPLETE = [
    *elementwise("gammainc gammaincc", order=1),
    *elementwise("gammainc gammaincc", [_WIDE, (4.5, 6.0)], order=1, note="tail"),
    *elementwise("gammaincinv gammainccinv", [_WIDE, _UNIT], order=1),
    *elementwise("gammainc_by_shape"),
    *elementwise("gammainc_by_shape", [(0.5, 1.0), (3.0, 9.0)], note="tail"),
    *elementwise("betainc betaincc betaincinv", [_WIDE, _WIDE, _UNIT]),
    *elementwise("chdtr chdtrc", order=1),
    *elementwise("pdtr pdtrc", [lambda g, s: g.integers(0, 4, s) + 0.5, _WIDE]),
    *elementwise("stdtr", [_WIDE, (-2.0, 2.0)]),
    *elementwise("stdtrit", [_WIDE, _UNIT]),
]
ENTROPIES = [
    *elementwise("expit log_expit logit softplus"),
    *elementwise("xlogy", [_WIDE, _WIDE], complex=True),
    *elementwise("xlog1py", complex=True),
    *elementwise("xlogy", [np.array([0.0, 0.0, 1.0]), np.array([2.0, 0.5, 3.0])], shape=(3,), note="zero"),
    *elementwise("entr", kinks={"x == 0": ((0.0,), (np.inf,))}),
    *elementwise("rel_entr kl_div"),
    *elementwise("huber", [_UNIT, (1.0, 2.0)], note="line"),
    *elementwise("huber", [(2.5, 3.0), (-2.0, 2.0)], note="parabola"),
    *elementwise("pseudo_huber boxcox boxcox1p inv_boxcox inv_boxcox1p"),
]
BESSEL = [
    *elementwise("jv yv iv kv ive kve struve modstruve", [_ORDER, _WIDE]),
    *elementwise("yn kn", [lambda g, s: g.integers(1, 4, s).astype(float), _WIDE]),
    *elementwise("jv iv", [_ORDER, _WIDE], dtypes=("complex128",), note="complex"),
    *elementwise("j0 j1 y0 y1 i0 i1 k0 k1 i0e i1e k0e k1e"),
    *elementwise("j0 j1 i0 i1", np.array([0.0, 1e-6]), shape=(2,), note="near0"),
    *elementwise("airyai airyaiprime airybi airybiprime", **_ROUGH),
]
INTEGRALS = [
    *elementwise("exp1 fresnels fresnelc", complex=True),
    *elementwise("expi si shi ci chi", **_ROUGH),
    *elementwise("expn", [_whole, _WIDE]),
    *elementwise("shi si", np.array([0.0, 1e-3, 0.02]), shape=(3,), note="near0"),
    *elementwise("spence", np.array([1.0, 1.001, 0.99]), shape=(3,), note="near1"),
    *elementwise("spence", complex=True),
    Case("lambertw", ((2, 3),), {"k": 0}, dtypes=("complex128",)),
    Case("lambertw", ((2, 3),), {"k": -1}, dtypes=("complex128",), note="lower"),
    Case("lambertw_real", ((2, 3),), {"k": 0}),
    Case("lambertw_real", ((2, 3),), {"k": -1}, sample=(-0.3, -0.1), note="lower"),
    *elementwise("wrightomega", complex=True),
    *elementwise("ellipk ellipe"),
    *elementwise("ellipk ellipe", np.array([0.0, 1e-9, 0.02]), shape=(3,), note="near0"),
    *elementwise("ellipkinc ellipeinc"),
    *elementwise("hyp0f1 hyp1f1 hyp2f1"),
]
_DEGREES = integers(0, 5)
POLYNOMIALS = [
    *elementwise(
        "eval_legendre eval_chebyt eval_chebyu eval_laguerre eval_hermite eval_hermitenorm",
        [_DEGREES, (-0.9, 0.9)],
        dtypes=("float64",),
    ),
    *elementwise("eval_gegenbauer eval_genlaguerre", [_DEGREES, _WIDE, (-0.9, 0.9)], dtypes=("float64",)),
    *elementwise("eval_jacobi", [_DEGREES, _WIDE, _WIDE, (-0.9, 0.9)], dtypes=("float64",)),
]
ELEMENTARY = [
    *elementwise("exp10 exprel cosm1 powm1 sindg cosdg tandg cotdg"),
    *elementwise("exprel", np.array([0.0, 1e-4, 0.04]), shape=(3,), note="near0"),
    *elementwise("round", lambda g, s: g.integers(-3, 3, s) + g.uniform(-0.3, 0.3, s)),
]

CASES = [*ERRORS, *GAMMAS, *INCOMPLETE, *ENTROPIES, *BESSEL, *INTEGRALS, *POLYNOMIALS, *ELEMENTARY]
