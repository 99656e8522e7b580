"""Gamma numbers as quantiles, and how they move with their shape. Floor 2.

With P(a, z) the area under the gamma density p up to z, a gamma number is the z with P(a, z) = u for a uniform u; so
its numeric derivative in the shape is the stated one, dz/da = −(∂P/∂a) / p (implicit reparameterisation: Figurnov,
Mohamed and Mnih, 2018). The rows are over l = ln z, which is exact also where z underflows. The family
(∂ⁿP/∂aⁿ) / (z·p) is closed under differentiation.
"""

from math import comb
from typing import Any

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.graph.node import Node
from glassgrad.graph.op import Domain, Partial
from glassgrad.ops.elementwise import exp
from glassgrad.ops.leaves import literal
from glassgrad.ops.ufuncs import checked_alike, functions_of, own_row

gamma_shape_slope, log_gamma_quantile = functions_of("gamma_shape_slope log_gamma_quantile")
polygamma, digamma, gammaln = functions_of("polygamma digamma gammaln")


# ------------------------------------------------------------------ numbers
def bell(x: list[np.ndarray]) -> np.ndarray:
    """The complete Bell polynomial: the n-th derivative of exp(f) over exp(f), from the derivatives x of f."""
    found = [np.ones_like(x[0])]
    for n in range(len(x)):
        choose = 1
        total = found[n] * x[0]
        for i in range(1, n + 1):
            choose = choose * (n - i + 1) // i
            total = total + choose * found[n - i] * x[i]
        found.append(total)
    return found[-1]


def slope_by_series(a: np.ndarray, l: np.ndarray, psi: list[np.ndarray]) -> np.ndarray:
    """By P = Σ zᵃ⁺ᵏ e⁻ᶻ / Γ(a + k + 1) (DLMF 8.7.1), term by term; for z not far beyond a."""
    total, size, z = np.zeros_like(a), 1 / a, np.exp(l)
    slopes = [l - psi[0], *[-value for value in psi[1:]]]  # of the k-th term's logarithm
    for k in range(1000):
        for order in range(len(slopes)):  # ψ⁽ⁿ⁾(x + 1) = ψ⁽ⁿ⁾(x) + (−1)ⁿ n! / xⁿ⁺¹
            slopes[order] = slopes[order] - (-1) ** order * np.prod(np.arange(1.0, order + 1)) / (a + k) ** (order + 1)
        step = size * bell(slopes)
        total = total + step
        size = size * z / (a + k + 1)
        if np.all(np.abs(size) * 1e3 ** len(slopes) <= 1e-17 * np.abs(total)):
            break
    return total


def slope_by_integral(a: np.ndarray, l: np.ndarray, psi: list[np.ndarray]) -> np.ndarray:
    """By the integral over the tail beyond z, or for z < a over the part below z, to where it is e⁻⁴⁵ of its size."""
    z = np.exp(l)
    side = np.where(z < a, -1.0, 1.0)  # the integral runs over z·(1 + side·s)
    end = np.where(z < a, -np.expm1(-(45 + z) / np.maximum(a - 1, 1)), 45 / np.minimum(z, np.abs(z - a) + 1))
    for _ in range(60):  # Newton's method, from the right on a convex function
        height = side * z * end - (a - 1) * np.log1p(side * end) - 45
        end = end - height / (side * z - side * (a - 1) / (1 + side * end))
    nodes, weights = np.polynomial.legendre.leggauss(64)
    s = end[:, None] * (nodes + 1) / 2  # (element, node)
    stretch = np.log1p(side[:, None] * s)
    inside = np.exp((a[:, None] - 1) * stretch - (side * z)[:, None] * s)
    slopes = [(l - psi[0])[:, None] + stretch, *[-value[:, None] + 0 * s for value in psi[1:]]]
    return np.asarray(-side * end / 2 * np.sum(weights * inside * bell(slopes), axis=1))


def shape_slope(a: np.ndarray, l: np.ndarray, psi: list[np.ndarray]) -> np.ndarray:
    """(∂ⁿP/∂aⁿ) / (z·p) for n = len(psi), which holds the polygamma functions of a from ψ(a) on."""
    dtype = np.result_type(a, l)
    wide = [np.ravel(np.asarray(value, np.float64)) for value in np.broadcast_arrays(a, l, *psi)]
    shape = np.broadcast_shapes(np.shape(a), np.shape(l))
    result = np.full(wide[0].shape, np.nan)
    known = (wide[0] > 0) & ~np.isnan(wide[1]) & (wide[1] < 700)
    few = known & (wide[1] <= np.log(np.maximum(wide[0], 1e-300) + 1)) & (wide[0] < 12)
    for chosen, formula in ((few, slope_by_series), (known & ~few, slope_by_integral)):
        places = np.flatnonzero(chosen)
        for block in np.array_split(places, len(places) // 4096 + 1):
            if len(block):
                result[block] = formula(wide[0][block], wide[1][block], [value[block] for value in wide[2:]])
    return np.asarray(result.reshape(shape), dtype)[()]


def log_quantile(a: np.ndarray, u: np.ndarray, special: Any) -> np.ndarray:
    """The logarithm of the z with P(a, z) = u: from the nearer end, and by P ≈ zᵃ / Γ(a + 1) where z is tiny."""
    shape, (a, u) = (
        np.broadcast_shapes(np.shape(a), np.shape(u)),
        np.broadcast_arrays(np.atleast_1d(a), np.atleast_1d(u)),
    )
    dtype = np.result_type(a, u)
    a, u = a.astype(np.float64), u.astype(np.float64)
    upper = u > 0.5
    z = np.where(upper, 1.0, special.gammaincinv(a, np.where(upper, 0.5, u)))
    z[upper] = special.gammainccinv(a[upper], 1 - u[upper])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(z < 1e-20, (np.log(u) + special.gammaln(a + 1)) / a, np.log(z))
    return np.asarray(found.reshape(shape), dtype)[()]


# ------------------------------------------------------------------ rows
def _slope_aval(a: Aval, l: Aval, order: int) -> Aval:
    return checked_alike("gamma_shape_slope", a, l)


def _log_density_slopes(a: Node, l: Node, order: int) -> list[Node]:
    """The derivatives of ln p in the shape, up to this order: ln z − ψ(a), −ψ′(a) and so on."""
    higher = [-polygamma(literal(n, a.dtype, a.shape), a) for n in range(1, order)]
    return [l - digamma(a), *higher]


def _bell_of(x: list[Node]) -> Node:
    """As `bell`, of nodes."""
    found: list[Node] = []
    for n in range(len(x)):
        total = x[n]
        for i in range(n):
            total = total + comb(n, i) * (found[n - i - 1] * x[i])
        found.append(total)
    return found[-1]


LOG_GAMMA_QUANTILE = own_row(
    "log_gamma_quantile",
    "log_quantile(a, u, scipy.special)",
    "a, u -> l",
    kernels=(log_quantile,),
    rule="derivative of a quantile",
    why="the quantile moves so that the area up to it stays u: by the area's derivative over the density",
    domain=Domain("(a > 0) & (u > 0) & (u < 1)", (0.2, 0.8)),
    a=Partial(lambda a, l: -gamma_shape_slope(a, l, order=1)),
    u=Partial(lambda a, l: exp(exp(l) + gammaln(a) - a * l)),
)
GAMMA_SHAPE_SLOPE = own_row(
    "gamma_shape_slope",
    "shape_slope(a, l, [scipy.special.polygamma(n, a) for n in range(order)])",
    "a, l -> y",
    infer=_slope_aval,
    kernels=(bell, slope_by_series, slope_by_integral, shape_slope),
    rule="derivative of an area with respect to the shape of its density",
    why="the area, divided by the density at its end, moves with the shape and with the end",
    domain=Domain("a > 0", (0.5, 3.0)),
    a=Partial(lambda a, l, y, order: gamma_shape_slope(a, l, order=order + 1) - y * (l - digamma(a))),
    l=Partial(lambda a, l, y, order: _bell_of(_log_density_slopes(a, l, order)) - y * (a - exp(l))),
)
