"""glassgrad.numpy: plain arrays go to NumPy, lists of traced values work, what is created in a trace can be written."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
import glassgrad.numpy as gnp
from tests.tracing.agreement import agrees, same_as_numpy

V = np.array([0.5, -1.0, 2.0, 3.5])
A = np.arange(6.0).reshape(2, 3) ** 1.5


def test_names_are_numpys() -> None:
    missing = [name for name in np.__all__ if not hasattr(gnp, name)]
    assert not missing
    assert gnp.sin is np.sin
    assert gnp.pi == np.pi
    assert gnp.float32 is np.float32
    assert [name for name in np.linalg.__all__ if not hasattr(gnp.linalg, name)] == []
    assert [name for name in np.fft.__all__ if not hasattr(gnp.fft, name)] == []
    assert gnp.random.default_rng is np.random.default_rng
    assert {"concat", "permute_dims", "vecdot", "unstack", "linalg", "r_"} <= set(dir(gnp))
    with pytest.raises(AttributeError, match="glassgrad"):
        _ = gnp.no_such_name


def test_it_loads_without_scipy() -> None:
    code = "import sys, glassgrad.numpy; assert not any(name.startswith('scipy') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_plain_arrays_stay_plain() -> None:
    for value in (
        gnp.zeros(3),
        gnp.array([1, 2]),
        gnp.arange(3),
        gnp.sum(V),
        gnp.mean([1, 2]),
        gnp.eye(2),
        gnp.copy(V),
    ):
        assert isinstance(value, np.ndarray | np.generic)
    assert gnp.asarray(V) is V


@pytest.mark.parametrize(
    "function",
    [
        lambda x: gnp.array([x[0], 1.0, x[1] * x[2]]),
        lambda x: gnp.array([[x[0], 2.0], [np.float64(1.0), x[1]]], dtype=complex).real,
        lambda x: gnp.array((x, V)),
        lambda x: gnp.array(x[0], ndmin=2),
        lambda x: gnp.asarray([x[:2], x[2:]]),
        lambda x: gnp.mean([x[0], x[0] + 2.0]),
        lambda x: gnp.std([x, x * x], axis=0),
        lambda x: gnp.dot([x[0], x[1]], [x[2], 1.0]),
        lambda x: gnp.append([x[0], 2.0], 4.0),
        lambda x: gnp.where([True, False], [x[0], 1.0], x[1]),
        lambda x: gnp.pad(V, 1, constant_values=x[0]),
        lambda x: gnp.full((2, 2), x[0]),
        lambda x: gnp.full_like(V, x[1]),
        lambda x: gnp.linspace(x[0], x[2], 5),
        lambda x: gnp.linspace(x[0], x[2], 4, endpoint=False),
        lambda x: gnp.linspace(x[:2], x[2:], 3, axis=-1),
        lambda x: gnp.linspace(x[0], 2.0, 5, retstep=True)[1],
        lambda x: gnp.linspace(x[0], x[2], 1),
        lambda x: gnp.linspace(x[0], x[2], 0),
        lambda x: gnp.logspace(x[0], x[1], 3, base=x[2]),
        lambda x: gnp.geomspace(x[0], x[3], 4),
        lambda x: gnp.arange(x[0], x[3], 0.8),
        lambda x: gnp.r_[x, 7.0, 1:4, 0:1:3j],
        lambda x: gnp.c_[x, V, x * 2],
        lambda x: gnp.c_[x[None], V[None]],
        lambda x: gnp.linalg.norm([x[0], x[1]]),
        lambda x: gnp.clip(x, min=-0.7, max=1.0),
        lambda x: gnp.clip(x, a_min=-0.7, a_max=None),
        lambda x: gnp.sort(x, descending=True),
        lambda x: gnp.unstack(x),
        lambda x: gnp.cumulative_sum(x, include_initial=True),
        lambda x: gnp.cumulative_prod(x, include_initial=True),
        lambda x: gnp.vecdot(x, x),
        lambda x: gnp.concat([x, x]),
        lambda x: gnp.astype(x, np.float64),
        lambda x: gnp.meshgrid(x, V)[0],
        lambda x: gnp.broadcast_arrays(x, A[:1, :1])[0],
        lambda x: gnp.vander([x[0], x[1]]),
    ],
)
def test_traced_values(function: Any) -> None:
    agrees(function, V)


def test_ranges_of_traced_numbers_keep_their_dtypes() -> None:
    same_as_numpy(lambda a: np.linspace(a[0], a[1], 3), np.array([1.0, 2.0], np.float32))
    same_as_numpy(lambda a: np.linspace(a, 5, 3, dtype=int), np.float64(0.5))
    same_as_numpy(lambda n: gnp.arange(n[0], n[1]), np.array([2, 5]))


@pytest.mark.parametrize(
    "make",
    [
        lambda x: gnp.zeros(4), lambda x: gnp.ones((4,)), lambda x: gnp.empty(4) * 0.0, lambda x: gnp.full(4, 2.0),
        lambda x: gnp.eye(4)[0], lambda x: gnp.identity(4)[1], lambda x: gnp.tri(4)[3], lambda x: gnp.arange(4.0),
        lambda x: gnp.linspace(0.0, 1.0, 4), lambda x: gnp.zeros_like(V), lambda x: gnp.ones_like(V),
        lambda x: gnp.array([1.0, 2.0, 3.0, 4.0]), lambda x: gnp.copy(V), lambda x: np.zeros_like(x),
        lambda x: np.zeros(4, like=x), lambda x: np.full(4, 1.0, like=x), lambda x: np.arange(4.0, like=x),
        lambda x: np.eye(4, like=x)[0], lambda x: np.array([1.0, 2.0, 3.0, 4.0], like=x),
        lambda x: np.empty_like(x) * 0,
    ],
)  # fmt: skip
def test_what_is_made_in_a_trace_can_be_written_into(make: Any) -> None:
    def program(x: Any) -> Any:
        out = make(x)
        out[1] = x[0] * x[2]
        out[2:] += x[2:]
        return out

    agrees(program, V)
    np.testing.assert_allclose(gg.jit(program)(V) @ V, gg.value_and_grad(lambda x: program(x) @ V)(V)[0])


def test_the_array_api_finds_the_namespace() -> None:
    seen = []

    def program(x: Any) -> Any:
        space = x.__array_namespace__()
        seen.append((space, x.device, x.to_device("cpu") is x))
        return space.sum(space.matrix_transpose(x) * x.mT)

    gg.grad(program)(A)
    assert seen[0] == (gnp, "cpu", True)
    info = gnp.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert set(info.dtypes(kind="complex floating")) == {"complex64", "complex128"}
    assert info.default_dtypes()["integral"] == np.int64
    assert info.capabilities()["boolean indexing"] is True
    assert gnp.__array_api_version__ == "2024.12"


def test_limits_of_dtypes() -> None:
    def program(x: Any) -> Any:
        assert gnp.finfo(x).bits == 64
        assert isinstance(gnp.finfo(np.float32).eps, float)
        assert gnp.finfo(x.dtype).tiny == np.finfo(float).tiny
        assert gnp.iinfo(np.argmax(x)).max == np.iinfo(np.int64).max
        return x.sum()

    gg.grad(program)(V)


def test_argsort_keeps_the_order_of_equals() -> None:
    x = np.array([2.0, 1.0, 2.0, 1.0])
    assert gnp.argsort(x, descending=True).tolist() == [0, 2, 1, 3]
    assert gg.jit(lambda x: gnp.argsort(x, descending=True))(x).tolist() == [0, 2, 1, 3]
    assert gnp.sort(A, axis=0, descending=True).tolist() == A[::-1].tolist()
    assert gnp.argsort(x).tolist() == [1, 3, 0, 2]


def test_directives_of_r_are_for_plain_values() -> None:
    assert gnp.r_["0,2", [1, 2], [3, 4]].tolist() == [[1, 2], [3, 4]]
    with pytest.raises(NotImplementedError):
        gg.grad(lambda x: gnp.r_["0,2", x, V].sum())(V)
