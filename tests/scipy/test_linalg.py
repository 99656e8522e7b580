"""scipy.linalg on traced values: SciPy's numbers, and derivatives that agree with differences of them."""

import numpy as np
import pytest
import scipy.linalg

import glassgrad as gg
from glassgrad.base.errors import ConversionError, ShapeError, UnsupportedError, UsageError
from glassgrad.scipy import linalg

rng = np.random.default_rng(6)


def matrix(n=3, m=None, *, complex=False):
    a = rng.normal(size=(n, m or n)) + (2.5 * np.eye(n) if m is None else 0)
    return a + 1j * rng.normal(size=a.shape) if complex else a


def positive(n=3, *, complex=False):
    a = matrix(n, complex=complex)
    return a @ np.conj(a.T) + np.eye(n)


A, B, C, P, Q, Z, H = (
    matrix(),
    matrix(),
    matrix(3, 2),
    positive(),
    positive(),
    matrix(complex=True),
    positive(complex=True),
)
v, w = rng.normal(size=3), rng.normal(size=3)
BANDS = np.abs(rng.normal(size=(4, 5))) + np.array([[0], [0], [6], [0]])

# name -> (function of arrays by a module, its arguments)
CASES = {
    "expm": (lambda m, a: m.expm(a), A),
    "expm-complex": (lambda m, a: m.expm(a), Z),
    "expm-stack": (lambda m, a: m.expm(a), np.stack([A, B])),
    "expm_frechet": (lambda m, a, e: m.expm_frechet(a, e)[1], A, B),
    "sqrtm": (lambda m, a: m.sqrtm(a), P),
    "sqrtm-to-complex": (lambda m, a: m.sqrtm(a), -P),
    "logm": (lambda m, a: m.logm(a), P),
    "logm-to-complex": (lambda m, a: m.logm(a), np.diag([-1.0, 2.0, 3.0]) + 0.1 * B),
    "fractional": (lambda m, a: m.fractional_matrix_power(a, 0.3), P),
    "fractional-whole": (lambda m, a: m.fractional_matrix_power(a, -2), P),
    "cosm": (lambda m, a: m.cosm(a), A),
    "sinm": (lambda m, a: m.sinm(a), A),
    "sinm-complex": (lambda m, a: m.sinm(a), Z),
    "tanm": (lambda m, a: m.tanm(0.3 * a), A),
    "coshm": (lambda m, a: m.coshm(a), A),
    "sinhm": (lambda m, a: m.sinhm(a), A),
    "tanhm": (lambda m, a: m.tanhm(a), A),
    "polar": (lambda m, a: m.polar(a), A),
    "polar-left": (lambda m, a: m.polar(a, side="left"), C),
    "solve_sylvester": (lambda m, a, b, q: m.solve_sylvester(a, b, q), A, P, B),
    "solve_continuous_lyapunov": (lambda m, a, q: m.solve_continuous_lyapunov(a, q), Z, H),
    "solve_discrete_lyapunov": (lambda m, a, q: m.solve_discrete_lyapunov(a, q), 0.2 * Z, H),
    "solve": (lambda m, a, b: m.solve(a, b), A, C),
    "solve-vector": (lambda m, a, b: m.solve(a, b), Z, v),
    "solve-transposed": (lambda m, a, b: m.solve(a, b, transposed=True), A, v),
    "solve-pos": (lambda m, a, b: m.solve(a, b, assume_a="pos"), P, C),
    "solve-her-lower": (lambda m, a, b: m.solve(a, b, assume_a="her", lower=True), H, v),
    "solve-sym": (lambda m, a, b: m.solve(a, b, assume_a="sym"), P, C),
    "solve-upper": (lambda m, a, b: m.solve(a, b, assume_a="upper triangular"), A, C),
    "solve-lower": (lambda m, a, b: m.solve(a, b, assume_a="lower triangular"), A, C),
    "solve-diagonal": (lambda m, a, b: m.solve(a, b, assume_a="diagonal"), A, C),
    "solve-tridiagonal": (lambda m, a, b: m.solve(a, b, assume_a="tridiagonal"), A, C),
    "inv": (lambda m, a: m.inv(a), A),
    "det": (lambda m, a: m.det(a), A),
    "pinv": (lambda m, a: m.pinv(a), C),
    "norm": (lambda m, a: m.norm(a, "nuc"), A),
    "lstsq": (lambda m, a, b: m.lstsq(a, b)[:2], C, v),
    "lstsq-columns": (lambda m, a, b: m.lstsq(a, b)[:2], C, B),
    **{
        f"solve_triangular-{trans}-{lower}-{unit}": (
            lambda m, a, b, how=(trans, lower, unit): m.solve_triangular(a, b, how[0], how[1], how[2]), Z, C
        )
        for trans in ("N", "T", "C") for lower in (True, False) for unit in (True, False)
    },
    "solve_triangular-vector": (lambda m, a, b: m.solve_triangular(a, b), A, v),
    "cho_solve": (lambda m, a, b: m.cho_solve(m.cho_factor(a), b), P, C),
    "cho_solve-lower": (lambda m, a, b: m.cho_solve(m.cho_factor(a, lower=True), b), H, v),
    "cholesky": (lambda m, a: m.cholesky(a), P),
    "cholesky-lower": (lambda m, a: m.cholesky(a, lower=True), H),
    "eigh": (lambda m, a: (m.eigh(a)[0], abs(m.eigh(a)[1])), P),
    "eigh-upper": (lambda m, a: m.eigh(a, lower=False, eigvals_only=True), P),
    "eigh-subset": (lambda m, a: m.eigh(a, eigvals_only=True, subset_by_index=[1, 2]), P),
    "eigh-general": (lambda m, a, b: (m.eigh(a, b)[0], abs(m.eigh(a, b)[1])), P, Q),
    "eigvalsh": (lambda m, a: m.eigvalsh(a), P),
    "eigvals": (lambda m, a: m.eigvals(a), P),
    "eig": (lambda m, a: abs(m.eig(a)[1]), P),
    "svd": (lambda m, a: m.svd(a)[1], A),
    "svd-reduced": (lambda m, a: m.svd(a, full_matrices=False)[1], C),
    "svdvals": (lambda m, a: m.svdvals(a), C),
    "qr": (lambda m, a: m.qr(a, mode="economic"), C),
    "qr-full": (lambda m, a: m.qr(a), A),
    "qr-r": (lambda m, a: m.qr(a, mode="r"), C),
    "solve_banded": (lambda m, ab, b: m.solve_banded((1, 2), ab, b), BANDS, rng.normal(size=(5, 2))),
    "solveh_banded": (lambda m, ab, b: m.solveh_banded(ab, b, lower=True), BANDS[2:], rng.normal(size=5)),
    "solveh_banded-upper": (lambda m, ab, b: m.solveh_banded(ab, b), BANDS[1:3], rng.normal(size=5)),
    "toeplitz": (lambda m, c, r: m.toeplitz(c, r), v, rng.normal(size=4)),
    "toeplitz-hermitian": (lambda m, c: m.toeplitz(c), v + 1j * w),
    "circulant": (lambda m, c: m.circulant(c), v),
    "hankel": (lambda m, c, r: m.hankel(c, r), v, rng.normal(size=4)),
    "hankel-zeros": (lambda m, c: m.hankel(c), v),
    "block_diag": (lambda m, a, b, c: m.block_diag(a, b, c), A, C, v),
    "khatri_rao": (lambda m, a, b: m.khatri_rao(a, b), A, B),
    "companion": (lambda m, a: m.companion(a), v),
    "solve_toeplitz": (lambda m, c, b: m.solve_toeplitz(c, b), v + np.array([4.0, 0, 0]), w),
    "matmul_toeplitz": (lambda m, c, r, x: m.matmul_toeplitz((c, r), x), v, w, C),
}  # fmt: skip


def leaves(value):
    return [np.asarray(part) for part in value] if isinstance(value, tuple) else [np.asarray(value)]


@pytest.mark.parametrize("name", CASES)
def test_values_are_scipys(name):
    call, *args = CASES[name]
    plain = leaves(call(scipy.linalg, *args))
    for found, expected in zip(leaves(call(linalg, *args)), plain, strict=True):
        np.testing.assert_array_equal(found, expected)
    traced, _ = gg.vjp(lambda *a: call(linalg, *a), *args)
    for found, expected in zip(leaves(traced), plain, strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


# SciPy reads one triangle (or both as one): directions keep the matrix symmetric.
SYMMETRIC = {"cholesky", "cholesky-lower", "cho_solve", "cho_solve-lower", "eigh", "eigh-upper", "eigh-subset",
             "eigh-general", "eigvalsh"}  # fmt: skip


def direction_like(name, x):
    d = rng.normal(size=x.shape)
    d = d + 1j * rng.normal(size=x.shape) if x.dtype.kind == "c" else d
    return d + np.conj(d.T) if name in SYMMETRIC and d.ndim == 2 and d.shape[0] == d.shape[1] else d


@pytest.mark.parametrize("name", CASES)
def test_derivatives_agree_with_differences(name):
    call, *args = CASES[name]
    directions = [direction_like(name, x) for x in args]

    def along(step):
        return leaves(call(scipy.linalg, *[x + step * d for x, d in zip(args, directions, strict=True)]))

    estimates = []
    for step in (1e-3, 5e-4):
        pairs = zip(along(step), along(-step), strict=True)
        estimates.append([(above - below) / (2 * step) for above, below in pairs])
    _, pushed = gg.jvp(lambda *a: call(linalg, *a), tuple(args), tuple(directions))
    for found, coarse, fine in zip(leaves(pushed), *estimates, strict=True):
        scale = max(1.0, np.max(np.abs(fine), initial=0))
        np.testing.assert_allclose(found, (4 * fine - coarse) / 3, rtol=2e-6, atol=2e-7 * scale)


@pytest.mark.parametrize("name", CASES)
def test_reverse_mode_agrees_with_forward_mode(name):
    call, *args = CASES[name]
    directions = [direction_like("", x) for x in args]
    value, pull = gg.vjp(lambda *a: call(linalg, *a), *args)
    cts = [direction_like("", y) for y in leaves(value)]
    pulled = pull(tuple(cts) if isinstance(value, tuple) else cts[0])
    _, pushed = gg.jvp(lambda *a: call(linalg, *a), tuple(args), tuple(directions))
    forward = sum(np.real(np.sum(ct * dy)) for ct, dy in zip(cts, leaves(pushed), strict=True))
    reverse = sum(np.real(np.sum(g * d)) for g, d in zip(pulled, directions, strict=True))
    np.testing.assert_allclose(forward, reverse, rtol=1e-8, atol=1e-9)
    for g, x in zip(pulled, args, strict=True):
        assert (g.shape, g.dtype) == (x.shape, x.dtype)


def test_power_of_a_matrix_is_differentiable_in_the_exponent():
    found = gg.jacobian(lambda t: linalg.fractional_matrix_power(P, t))(0.4)
    np.testing.assert_allclose(found, scipy.linalg.logm(P) @ scipy.linalg.fractional_matrix_power(P, 0.4), rtol=1e-9)


def test_vmap_is_a_loop():
    many = np.stack([positive() for _ in range(4)])
    for function in (linalg.expm, linalg.sqrtm, linalg.logm, linalg.cholesky, lambda a: linalg.solve_triangular(a, C)):
        np.testing.assert_allclose(
            gg.vmap(function)(many), np.stack([function(a) for a in many]), rtol=1e-9, atol=1e-10
        )
    rights = rng.normal(size=(4, 3))
    found = gg.vmap(lambda b: linalg.solve_triangular(A, b))(rights)
    np.testing.assert_allclose(found, np.stack([scipy.linalg.solve_triangular(A, b) for b in rights]))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda a: linalg.solve(a, v, assume_a="odd"), UsageError, "no assumption 'odd'"),
        (lambda a: linalg.solve_triangular(a, v, trans=5), UsageError, "trans=5"),
        (lambda a: linalg.solve_triangular(a, v[:2]), ShapeError, "cannot join"),
        (lambda a: linalg.qr(a, pivoting=True), UnsupportedError, "pivoting"),
        (lambda a: linalg.qr(a, mode="raw"), UsageError, "'economic'"),
        (lambda a: linalg.eig(a, left=True), UnsupportedError, "left="),
        (lambda a: linalg.eigh(a, subset_by_value=[0, 1]), UnsupportedError, "subset_by_value"),
        (lambda a: linalg.pinv(a, atol=0.1), UnsupportedError, "rtol="),
        (lambda a: linalg.solve_banded((1, 0), a, v), ShapeError, "takes 2 rows"),
        (lambda a: linalg.khatri_rao(a, v), ShapeError, "as many columns"),
        (lambda a: linalg.companion(a[0, :1]), ShapeError, "two coefficients"),
        (lambda a: linalg.schur(a), UnsupportedError, "custom_derivative"),
        (lambda a: scipy.linalg.expm(a), ConversionError, r"glassgrad\.scipy"),
    ],
)
def test_errors_say_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        gg.jit(call)(A)


def test_names_that_scipy_lacks():
    with pytest.raises(AttributeError, match="no attribute 'exponential'"):
        linalg.exponential  # noqa: B018 - the look-up is the test
    assert {"expm", "solve_triangular", "LinAlgError"} <= set(dir(linalg))
    assert linalg.LinAlgError is scipy.linalg.LinAlgError
