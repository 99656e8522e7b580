"""NumPy's functions on shapes, each with its keyword combinations: as NumPy, and differentiable."""

from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import OutOfRangeError, ShapeError, UnsupportedError, UsageError
from tests.tracing.agreement import agrees, same_as_numpy

A = np.arange(1.0, 7.0).reshape(2, 3) ** 1.5
B = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)
V = np.array([0.5, -1.0, 2.0, 3.5])
Z = np.array([[1 + 2j, 3 - 1j], [0.5j, 2.0]])
N = np.arange(6).reshape(2, 3)

CASES: list[tuple[str, Any, tuple[Any, ...]]] = [
    # another shape
    ("reshape", lambda x: np.reshape(x, (3, 2)), (A,)),
    ("reshape -1", lambda x: np.reshape(x, -1), (B,)),
    ("reshape int", lambda x: np.reshape(x, 24), (B,)),
    ("reshape F", lambda x: np.reshape(x, (4, -1), order="F"), (B,)),
    ("reshape A", lambda x: np.reshape(x, (4, 6), order="A"), (B,)),
    ("reshape 0-d", lambda x: np.reshape(x, (1, 1)), (2.5,)),
    ("reshape numpy ints", lambda x: np.reshape(x, np.array([3, 2])), (A,)),
    ("ravel", np.ravel, (B,)),
    ("ravel F", lambda x: np.ravel(x, order="F"), (B,)),
    ("ravel K", lambda x: np.ravel(x, order="K"), (B,)),
    ("expand_dims", lambda x: np.expand_dims(x, 1), (A,)),
    ("expand_dims several", lambda x: np.expand_dims(x, (0, -1)), (A,)),
    ("squeeze", lambda x: np.squeeze(x), (A[None, :, None],)),
    ("squeeze axis", lambda x: np.squeeze(x, axis=-2), (A[None, :, None],)),
    ("squeeze axes", lambda x: np.squeeze(x, axis=(0, 2)), (A[None, :, None],)),
    ("atleast_1d", np.atleast_1d, (1.5,)),
    ("atleast_1d many", np.atleast_1d, (1.5, V)),
    ("atleast_2d", np.atleast_2d, (V, 2.0, B)),
    ("atleast_3d", np.atleast_3d, (V, 2.0, A, B)),
    # axes
    ("transpose", np.transpose, (B,)),
    ("transpose axes", lambda x: np.transpose(x, (2, 0, 1)), (B,)),
    ("transpose list", lambda x: np.transpose(x, [0, -1, 1]), (B,)),
    ("transpose keyword", lambda x: np.transpose(x, axes=(1, 0)), (A,)),
    ("permute_dims", lambda x: np.permute_dims(x, (1, 0)), (A,)),
    ("swapaxes", lambda x: np.swapaxes(x, 0, -1), (B,)),
    ("moveaxis", lambda x: np.moveaxis(x, 0, -1), (B,)),
    ("moveaxis many", lambda x: np.moveaxis(x, (0, 1), (-1, 0)), (B,)),
    ("rollaxis", lambda x: np.rollaxis(x, 2), (B,)),
    ("rollaxis start", lambda x: np.rollaxis(x, 0, 3), (B,)),
    ("rollaxis middle", lambda x: np.rollaxis(x, -1, 1), (B,)),
    ("matrix_transpose", np.matrix_transpose, (B,)),
    # broadcasting
    ("broadcast_to", lambda x: np.broadcast_to(x, (2, 2, 3)), (A,)),
    ("broadcast_to int", lambda x: np.broadcast_to(x, 3), (2.0,)),
    ("broadcast_arrays", lambda x, y: np.broadcast_arrays(x, y), (A, V[:2, None])),
    ("meshgrid", np.meshgrid, (V, V[:2])),
    ("meshgrid ij", lambda x, y, z: np.meshgrid(x, y, z, indexing="ij"), (V, V[:2], V[:3])),
    ("meshgrid three", lambda x, y, z: np.meshgrid(x, y, z), (V, V[:2], V[:3])),
    ("meshgrid sparse", lambda x, y: np.meshgrid(x, y, sparse=True), (V, V[:2])),
    ("meshgrid one", np.meshgrid, (V,)),
    # turning
    ("flip", np.flip, (B,)),
    ("flip axis", lambda x: np.flip(x, axis=1), (B,)),
    ("flip axes", lambda x: np.flip(x, axis=(0, -1)), (B,)),
    ("fliplr", np.fliplr, (A,)),
    ("flipud", np.flipud, (V,)),
    *[(f"rot90 {k}", lambda x, k=k: np.rot90(x, k), (A,)) for k in (-1, 0, 1, 2, 3, 5)],
    ("rot90 axes", lambda x: np.rot90(x, 1, (1, 2)), (B,)),
    ("rot90 axes back", lambda x: np.rot90(x, 1, axes=(2, 0)), (B,)),
    ("roll", lambda x: np.roll(x, 2), (A,)),
    ("roll axis", lambda x: np.roll(x, 2, axis=1), (A,)),
    ("roll many", lambda x: np.roll(x, (1, -2), axis=(0, 1)), (A,)),
    ("roll one axis twice", lambda x: np.roll(x, (1, 2), axis=1), (A,)),
    ("roll one shift", lambda x: np.roll(x, 1, axis=(0, 1)), (A,)),
    ("roll far", lambda x: np.roll(x, -9), (V,)),
    # diagonals and triangles
    ("diagonal", np.diagonal, (A,)),
    ("diagonal offset", lambda x: np.diagonal(x, 1), (A,)),
    ("diagonal beyond", lambda x: np.diagonal(x, 7), (A,)),
    ("diagonal axes", lambda x: np.diagonal(x, -1, axis1=-1, axis2=-2), (B,)),
    ("diagonal axes reversed", lambda x: np.diagonal(x, 1, 2, 0), (B,)),
    *[(f"diag {k}", lambda x, k=k: np.diag(x, k), (V,)) for k in (-1, 0, 2)],
    *[(f"diag of matrix {k}", lambda x, k=k: np.diag(x, k=k), (A,)) for k in (-1, 0, 2)],
    ("diagflat", lambda x: np.diagflat(x, 1), (A,)),
    *[(f"tril {k}", lambda x, k=k: np.tril(x, k), (B,)) for k in (-1, 0, 2)],
    *[(f"triu {k}", lambda x, k=k: np.triu(x, k=k), (A,)) for k in (-1, 0, 2)],
    ("tril of vector", np.tril, (V,)),
    ("trace", np.trace, (A,)),
    # repeating
    ("repeat", lambda x: np.repeat(x, 2), (A,)),
    ("repeat axis", lambda x: np.repeat(x, 3, axis=1), (A,)),
    ("repeat none", lambda x: np.repeat(x, 0, axis=0), (A,)),
    ("repeat counts", lambda x: np.repeat(x, [2, 0, 1], axis=1), (A,)),
    ("repeat 0-d", lambda x: np.repeat(x, 3), (2.0,)),
    ("tile", lambda x: np.tile(x, 2), (A,)),
    ("tile many", lambda x: np.tile(x, (3, 2, 1)), (A,)),
    ("tile fewer", lambda x: np.tile(x, (2,)), (B,)),
    ("tile none", lambda x: np.tile(x, (0, 2)), (A,)),
    ("tile 0-d", lambda x: np.tile(x, (2, 3)), (2.0,)),
    ("resize", lambda x: np.resize(x, (3, 4)), (A,)),
    ("resize smaller", lambda x: np.resize(x, 4), (A,)),
    ("resize nothing", lambda x: np.resize(x, (0, 4)), (A,)),
    *[(f"kron {np.ndim(a)}{np.ndim(b)}", np.kron, (a, b)) for a in (2.0, V, A) for b in (3.0, V, A)],
    ("kron 3-d", np.kron, (B, A)),
    ("kron complex", np.kron, (Z, A)),
    ("vander", np.vander, (V,)),
    ("vander more", lambda x: np.vander(x, 6, increasing=True), (V,)),
    ("vander one", lambda x: np.vander(x, 1), (V,)),
    # joining
    ("concatenate", lambda x, y: np.concatenate([x, y]), (A, A[:1])),
    ("concatenate axis", lambda x, y: np.concatenate((x, y, x), 1), (A, A[:, :1])),
    ("concatenate flat", lambda x, y: np.concatenate((x, y), axis=None), (A, V)),
    ("concatenate dtype", lambda x, y: np.concatenate((x, y), dtype=np.complex128), (A, N)),
    ("concatenate mixed", lambda x, y: np.concatenate((x, y)), (A, Z @ np.ones((2, 3)))),
    ("concatenate array", lambda x: np.concatenate(x, axis=1), (B,)),
    ("stack", lambda x, y: np.stack([x, y]), (A, A * 2)),
    ("stack last", lambda x, y: np.stack((x, y), axis=-1), (A, A * 2)),
    ("stack middle", lambda x, y: np.stack((x, y), 1), (A, A * 2)),
    ("stack numbers", lambda x, y: np.stack([x, y]), (1.0, 2.5)),
    ("stack array", lambda x: np.stack(x, axis=1), (B,)),
    ("vstack", lambda x, y: np.vstack([x, y]), (V[:3], A)),
    ("hstack", lambda x, y: np.hstack([x, y]), (V, V)),
    ("hstack matrices", lambda x, y: np.hstack((x, y)), (A, A)),
    ("hstack numbers", lambda x, y: np.hstack((x, y)), (1.0, V)),
    ("dstack", lambda x, y: np.dstack((x, y)), (A, A)),
    ("dstack vectors", lambda x, y: np.dstack((x, y)), (V, V)),
    ("column_stack", lambda x, y: np.column_stack((x, y)), (V[:2], A)),
    ("block", lambda x, y: np.block([[x, x], [y, y]]), (A, A[:1])),
    ("block vectors", lambda x, y: np.block([x, y, 1.0]), (V, V)),
    ("block mixed", lambda x, y: np.block([[x, np.zeros((2, 1))], [y, np.ones((1, 1))]]), (A, A[:1])),
    ("append", lambda x, y: np.append(x, y), (A, V)),
    ("append axis", lambda x, y: np.append(x, y, axis=0), (A, A[:1])),
    ("append list", lambda x: np.append(x, [1.0, 2.0]), (V,)),
    # splitting
    ("split", lambda x: np.split(x, 3, axis=1), (A,)),
    ("split places", lambda x: np.split(x, [1, 3]), (V,)),
    ("split beyond", lambda x: np.split(x, [1, 9]), (V,)),
    ("array_split", lambda x: np.array_split(x, 3), (V,)),
    ("array_split more", lambda x: np.array_split(x, 5, axis=1), (A,)),
    ("hsplit", lambda x: np.hsplit(x, 2), (B.transpose(0, 2, 1),)),
    ("hsplit vector", lambda x: np.hsplit(x, [1]), (V,)),
    ("vsplit", lambda x: np.vsplit(x, 2), (A,)),
    ("dsplit", lambda x: np.dsplit(x, [1, 3]), (B,)),
    # putting in and taking out
    ("delete", lambda x: np.delete(x, 1), (V,)),
    ("delete many", lambda x: np.delete(x, [0, -1], axis=1), (A,)),
    ("delete slice", lambda x: np.delete(x, slice(None, None, 2)), (V,)),
    ("delete flat", lambda x: np.delete(x, [1, 2]), (A,)),
    ("insert", lambda x: np.insert(x, 1, 7.0), (V,)),
    ("insert traced", lambda x, y: np.insert(x, 2, y), (V, 1.5)),
    ("insert end", lambda x: np.insert(x, 4, 7.0), (V,)),
    ("insert values", lambda x, y: np.insert(x, 1, y), (V, V[:2])),
    ("insert places", lambda x: np.insert(x, [1, 3], [7.0, 8.0]), (V,)),
    ("insert same place", lambda x: np.insert(x, [2, 2], [7.0, 8.0]), (V,)),
    ("insert slice", lambda x: np.insert(x, slice(1, 3), [7.0, 8.0]), (V,)),
    ("insert row", lambda x, y: np.insert(x, 1, y, axis=0), (A, V[:3])),
    ("insert column", lambda x: np.insert(x, 1, 6.0, axis=1), (A,)),
    ("insert columns", lambda x, y: np.insert(x, 1, y, axis=1), (A, A[:, :2].T @ np.ones((2, 1)))),
    ("insert column list", lambda x: np.insert(x, [1], [[7.0], [8.0]], axis=1), (A,)),
    ("insert columns many", lambda x: np.insert(x, (1, 3), 9.0, axis=1), (A,)),
    ("insert unsorted", lambda x: np.insert(x, [3, 0, 3], [7.0, 8.0, 9.0]), (V,)),
    ("insert negative", lambda x: np.insert(x, -1, 7.0), (V,)),
    # padding
    *[(f"pad {w}", lambda x, w=w: np.pad(x, w), (A,)) for w in (0, 3, (3,), (3, 2), ((3, 2),), ((1, 2), (3, 4)))],
    ("pad values", lambda x: np.pad(x, ((1, 2), (0, 1)), constant_values=((1.0, 2.0), (3.0, 4.0))), (A,)),
    ("pad traced value", lambda x, y: np.pad(x, 1, "constant", constant_values=y), (A, 2.0)),
    ("pad ints", lambda x: np.pad(x, 1, constant_values=1.9), (N,)),
    *[
        (f"pad {mode} {w}", lambda x, mode=mode, w=w: np.pad(x, w, mode=mode), (A,))
        for mode in ("edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "minimum", "mean", "median")
        for w in (1, 5, ((0, 1), (4, 0)))
    ],
    *[
        (f"pad odd {mode} {w}", lambda x, mode=mode, w=w: np.pad(x, w, mode=mode, reflect_type="odd"), (V,))
        for mode in ("reflect", "symmetric")
        for w in (1, 3, 11)
    ],
    ("pad ramp", lambda x: np.pad(x, 2, "linear_ramp", end_values=(1.0, -2.0)), (V,)),
    ("pad ramp ints", lambda x: np.pad(x, 2, "linear_ramp", end_values=7), (N,)),
    ("pad stat_length", lambda x: np.pad(x, 2, "mean", stat_length=2), (V,)),
    ("pad stat ints", lambda x: np.pad(x, 2, "mean", stat_length=((1, 2), (3, 2))), (N,)),
    ("pad one reflect", lambda x: np.pad(x, 2, "reflect"), (V[:1],)),
    ("pad mapping", lambda x: np.pad(x, {-1: (1, 2)}), (A,)),
]


@pytest.mark.parametrize(("function", "args"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_as_numpy(function: Any, args: tuple[Any, ...]) -> None:
    agrees(function, *args)


DTYPES = (np.float32, np.int64, np.complex64, np.bool_)
ORDERED = ("ramp", "maximum", "minimum", "mean", "median", "stat", "odd")  # modes in which complex numbers mean nothing
OTHERS = [
    pytest.param(function, args, dtype, id=f"{name}-{dtype.__name__}")
    for name, function, args in CASES
    for dtype in DTYPES
    if all(isinstance(arg, np.ndarray) and arg.dtype == float for arg in args)
    and not (dtype in (np.complex64, np.bool_) and any(word in name for word in ORDERED))
]


@pytest.mark.parametrize(("function", "args", "dtype"), OTHERS)
def test_other_dtypes(function: Any, args: tuple[Any, ...], dtype: Any) -> None:
    same_as_numpy(function, *[arg.astype(dtype) for arg in args], tolerance=1e-6)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (lambda x: np.reshape(x, (4, 2)), ShapeError),
        (lambda x: np.reshape(x, (-1, -1)), ShapeError),
        (lambda x: np.reshape(x, (4, -1)), ShapeError),
        (lambda x: np.squeeze(x, axis=0), ShapeError),
        (lambda x: np.transpose(x, (0, 0)), ShapeError),
        (lambda x: np.transpose(x, (0,)), ShapeError),
        (lambda x: np.transpose(x, (0, 2)), OutOfRangeError),
        (lambda x: np.concatenate([x, x[:, :1]]), ShapeError),
        (lambda x: np.concatenate([x[0, 0], x[0, 1]]), ShapeError),
        (lambda x: np.stack([x, x[0]]), ShapeError),
        (lambda x: np.broadcast_to(x, (3, 2)), ShapeError),
        (lambda x: np.split(x, 2, axis=1), ShapeError),
        (lambda x: np.vsplit(x[0], 1), ShapeError),
        (lambda x: np.roll(x, 1, axis=2), OutOfRangeError),
        (lambda x: np.diag(x[None]), ShapeError),
        (lambda x: np.diagonal(x[0]), ShapeError),
        (lambda x: np.insert(x, 9, 0.0), OutOfRangeError),
        (lambda x: np.repeat(x, [1, 2], axis=1), ShapeError),
        (lambda x: np.pad(x, -1), ShapeError),
        (lambda x: np.pad(x, 1, mode="nonsense"), UsageError),
        (lambda x: np.pad(x, 1, mode=lambda *_: None), UnsupportedError),
        (lambda x: np.block([[x], x]), ShapeError),
    ],
)
def test_what_numpy_refuses_is_refused(function: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        gg.grad(lambda x: np.sum(function(x)))(A)


def test_second_order() -> None:
    agrees(lambda x, y: np.pad(np.concatenate([x, y * y]), 1, mode="reflect") ** 2, A, A, order=2)
    agrees(lambda x, y: np.kron(x, y), A, V, order=2)
