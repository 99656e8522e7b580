"""Cases for arithmetic, powers, exponentials, logarithms, rounding, extrema, parts of complex numbers, trigonometry."""

from typing import Any

import numpy as np

from tests.table.case import COMPLEX, Case, distinct, elementwise, integers

_ORDER = {"nan": 0.0, "posinf": None, "neginf": None}
_TIE = {"x == y": ((1.5, 1.5), (0.5, 0.5))}
_INFINITE = {"(x == y) & np.isinf(x)": ((-np.inf, -np.inf), (0.5, 0.5))}


def _away_from_whole(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return generator.integers(-3, 3, shape) + generator.uniform(0.2, 0.8, shape)


def _both_signs(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return generator.choice([-1.0, 1.0], shape) * generator.uniform(0.3, 2.0, shape)


ARITHMETIC = [
    *elementwise("add subtract multiply negative positive", complex=True),
    *elementwise("divide ratio", [(-2.0, 2.0), (0.5, 2.0)], complex=True, kinks={"y == 0": ((0.0, 0.0), (0.0, 0.0))}),
    *elementwise("reciprocal", complex=True),
]
EXPONENTIALS = [
    *elementwise("exp exp2 expm1 log log2 log10 log1p", complex=True),
    *elementwise("logaddexp logaddexp2", kinks=_INFINITE),
    *elementwise("logaddexp", (700.0, 705.0), note="large"),
]
POWERS = [
    *elementwise("power", complex=True, kinks={"(x == 0) & (y > 0) & (y < 1)": ((0.0, 0.5), (np.inf, None))}),
    *elementwise("square", complex=True),
    *elementwise("sqrt", complex=True, kinks={"x == 0": ((0.0,), (np.inf,))}),
    *elementwise("cbrt", kinks={"x == 0": ((0.0,), (np.inf,))}),
    *elementwise("hypot", kinks={"(x == 0) & (y == 0)": ((0.0, 0.0), (0.0, 0.0))}),
]
ROUNDING = [
    *elementwise("floor", _away_from_whole, kinks={"x == np.floor(x)": ((2.0,), (0.0,))}),
    *elementwise("ceil", _away_from_whole, kinks={"x == np.ceil(x)": ((2.0,), (0.0,))}),
    *elementwise("trunc", _away_from_whole, kinks={"(x == np.trunc(x)) & (x != 0)": ((2.0,), (0.0,))}),
    *elementwise("rint", _away_from_whole, kinks={"x - 0.5 == np.floor(x)": ((2.5,), (0.0,))}),
    *elementwise("floor_divide", [(-3.0, 3.0), (3.5, 4.0)], kinks={"x % y == 0": ((4.0, 2.0), (0.0, 0.0))}),
    *elementwise("remainder", [_away_from_whole, (4.5, 5.0)], kinks={"x % y == 0": ((4.0, 2.0), (1.0, None))}),
    *elementwise("fmod", [_away_from_whole, (4.5, 5.0)], kinks={"np.fmod(x, y) == 0": ((4.0, 2.0), (1.0, None))}),
    *elementwise("sign", _both_signs, kinks={"x == 0": ((0.0,), (0.0,))}),
    *elementwise("absolute", _both_signs, kinks={"x == 0": ((0.0,), (0.0,))}),
    *elementwise("copysign", _both_signs, kinks={"x == 0": ((0.0, -2.0), (0.0, 0.0))}),
    *elementwise("heaviside", _both_signs, kinks={"x == 0": ((0.0, 0.5), (0.0, 1.0))}),
    *elementwise("nextafter", [_both_signs, distinct]),
    *elementwise("spacing", (1.1, 1.9)),
    *elementwise("ldexp", [(-2.0, 2.0), integers(-3, 3)]),
    Case("nan_to_num", ((2, 3),), _ORDER),
    Case(
        "nan_to_num",
        ((4,),),
        {"nan": 0.5, "posinf": 9.0, "neginf": -9.0},
        order=0,
        note="replaced",
        sample=np.array([np.nan, np.inf, -np.inf, 1.0]),
    ),
    *elementwise("deg2rad radians rad2deg degrees"),
]
EXTREMA = elementwise("maximum minimum fmax fmin", [distinct, (-2.0, 2.0)], kinks=_TIE)
COMPLEX_PARTS = [
    *elementwise("imag modulus", dtypes=("complex128", "complex64")),
    *elementwise("imag"),
    *elementwise("conjugate", dtypes=COMPLEX),
    Case("modulus", ((),), dtypes=("complex128",), kinks={"x == 0": ((0j,), (0.0,))}, note="0d"),
]
TRIGONOMETRIC = [
    *elementwise("sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh", complex=True),
    *elementwise("arctan2", _both_signs, kinks={"(x == 0) & (y == 0)": ((0.0, 0.0), (0.0, 0.0))}),
    *elementwise("sinc unnormalised_sinc", complex=True),
    *elementwise("sinc unnormalised_sinc", np.array([0.0, 1e-8, -1e-3]), shape=(3,), note="near0"),
    *[
        Case(
            "sinc_derivative",
            ((2, 3),),
            {"order": order},
            sample=(-4.0, 4.0),
            dtypes=COMPLEX,
            analytic=True,
            note=f"order{order}",
        )
        for order in (0, 1, 2, 3)
    ],
    Case("sinc_derivative", ((3,),), {"order": 2}, sample=np.array([0.0, 1e-5, 30.0]), note="edges"),
]

CASES = [*ARITHMETIC, *EXPONENTIALS, *POWERS, *ROUNDING, *EXTREMA, *COMPLEX_PARTS, *TRIGONOMETRIC]
