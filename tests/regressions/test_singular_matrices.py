"""A matrix without an inverse, met on the way back, is named with the user's line; NumPy's own error still fits."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import MatrixError

SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


def log_volume(x: object) -> object:
    return np.linalg.slogdet(x)[1]


@pytest.mark.parametrize(
    "call",
    [
        lambda: gg.grad(log_volume)(SINGULAR),
        lambda: gg.grad(gg.jit(log_volume))(SINGULAR),
        lambda: gg.jit(gg.grad(log_volume))(SINGULAR),
        lambda: gg.vmap(gg.grad(log_volume))(SINGULAR[None]),
        lambda: gg.grad(lambda x: gg.scan(lambda c, _: (c * log_volume(x), None), 1.0, length=2)[0])(SINGULAR),
    ],
    ids=["grad", "grad of jit", "jit of grad", "vmap", "scan"],
)
def test_the_error_is_ours_and_numpys(call: object) -> None:
    with pytest.raises(MatrixError, match="Singular matrix") as caught:
        call()
    assert isinstance(caught.value, np.linalg.LinAlgError)
    assert "test_singular_matrices.py" in str(caught.value)


def test_a_matrix_without_a_cholesky_factor_is_named_too() -> None:
    with pytest.raises(MatrixError, match="positive definite"):
        gg.grad(lambda x: np.linalg.cholesky(x).sum())(np.array([[1.0, 0.0], [0.0, -1.0]]))


def test_the_line_is_the_one_of_the_function() -> None:
    with pytest.raises(MatrixError) as caught:
        gg.grad(log_volume)(SINGULAR)
    assert "np.linalg.slogdet(x)[1]" in str(caught.value)
