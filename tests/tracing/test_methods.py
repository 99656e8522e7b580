"""Methods and attributes of arrays on traced values: as NumPy's, with the same signatures."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.api.pipeline import tracing
from glassgrad.base.errors import GlassgradError, MutationError, ShapeError, UnsupportedError
from glassgrad.tracing.trace import known_input
from tests.tracing.agreement import agrees, same_as_numpy

A = np.array([[0.5, -1.0, 2.0], [3.5, 0.25, -0.75]])
V = np.array([0.5, -1.0, 2.0, 3.5])
Z = np.array([[1 + 2j, 3 - 1j], [0.5j, 2.0]])


def written(x: Any, write: Callable[[Any], None]) -> Any:
    out = x.copy()
    write(out)
    return out


METHODS: list[tuple[str, Callable[..., Any], Any]] = [
    ("sum", lambda x: x.sum(), A),
    ("sum axis", lambda x: x.sum(axis=0, keepdims=True), A),
    ("sum positional", lambda x: x.sum(1), A),
    ("mean", lambda x: x.mean(1, keepdims=True), A),
    ("std", lambda x: x.std(axis=0, ddof=1), A),
    ("var", lambda x: x.var(), A),
    ("prod", lambda x: x.prod(axis=-1), A),
    ("max", lambda x: x.max(axis=0), A),
    ("min", lambda x: x.min(), A),
    ("cumsum", lambda x: x.cumsum(axis=1), A),
    ("cumprod", lambda x: x.cumprod(), A),
    ("clip", lambda x: x.clip(-0.6, 1.0), A),
    ("clip keywords", lambda x: x.clip(max=1.0), A),
    ("round", lambda x: x.round(1) + x, A + 0.01),
    ("dot", lambda x: x.dot(x.T), A),
    ("trace", lambda x: x.trace(1), A),
    ("diagonal", lambda x: x.diagonal(offset=1), A),
    ("take", lambda x: x.take([0, 2], axis=1), A),
    ("repeat", lambda x: x.repeat(2, axis=0), A),
    ("reshape", lambda x: x.reshape(3, 2), A),
    ("reshape tuple", lambda x: x.reshape((3, -1)), A),
    ("reshape F", lambda x: x.reshape(-1, order="F"), A),
    ("ravel", lambda x: x.ravel(), A),
    ("ravel F", lambda x: x.ravel("F"), A),
    ("flatten", lambda x: x.flatten(), A),
    ("flatten F", lambda x: x.flatten("F"), A),
    ("transpose", lambda x: x.transpose(), A),
    ("transpose axes", lambda x: x.transpose(1, 0), A),
    ("transpose tuple", lambda x: x.transpose((1, 0)), A),
    ("transpose None", lambda x: x.transpose(None), A),
    ("swapaxes", lambda x: x.swapaxes(0, 1), A),
    ("squeeze", lambda x: x[None].squeeze(), A),
    ("squeeze axis", lambda x: x[None].squeeze(axis=0), A),
    ("T", lambda x: x.T @ x, A),
    ("mT", lambda x: x.mT, A),
    ("real", lambda x: x.real * 2.0, A),
    ("imag", lambda x: x.imag + x, A),
    ("conj", lambda x: x.conj(), A),
    ("real complex", lambda x: x.real, Z),
    ("imag complex", lambda x: x.imag, Z),
    ("conjugate", lambda x: x.conjugate() * x, Z),
    ("copy", lambda x: x.copy(), A),
    ("astype", lambda x: x.astype(complex), A),
    ("item", lambda x: x[:1, :1].item() + x.item(2) + x.item(1, 0) + x.item((0, 1)), A),
    ("tolist", lambda x: x.tolist(), A),
    ("flat", lambda x: x.flat[1:4], A),
    ("flat iteration", lambda x: sum(v * v for v in x.flat), A),
    ("compress", lambda x: x.compress([True, False], axis=0), A),
    ("choose", lambda x: (x > 0).astype(int).choose([x, 2 * x]), A),
    ("partition", lambda x: np.partition(x, 1), V),
    ("sort in place", lambda x: written(x, lambda y: y.sort()), A),
    ("sort in place axis", lambda x: written(x, lambda y: y.sort(axis=0)), A),
    ("partition in place", lambda x: written(x, lambda y: y.partition(0))[0], V),
    ("put", lambda x: written(x, lambda y: y.put([0, -1], [5.0, 7.0])), V),
    ("fill", lambda x: written(x, lambda y: y.fill(x[1])) * x, V),
    ("__copy__", lambda x: copy.copy(x), A),
    ("__deepcopy__", lambda x: copy.deepcopy([x, {"a": x}])[1]["a"], A),
    ("unary", lambda x: -x + +x * abs(x), A),
    ("round builtin", lambda x: [round(v, 1) for v in x], V),
    ("divmod", lambda x: divmod(x, 0.6), A),
    ("rdivmod", lambda x: divmod(2.3, x)[1], A),
]


@pytest.mark.parametrize(("method", "x"), [case[1:] for case in METHODS], ids=[case[0] for case in METHODS])
def test_methods(method: Callable[..., Any], x: Any) -> None:
    if np.asarray(x).dtype.kind == "c" or "round" in str(method) or isinstance(method(x.copy()), list):
        same_as_numpy(method, x)
    else:
        agrees(method, x)


WITHOUT_DERIVATIVE: list[tuple[str, Callable[..., Any], Any]] = [
    ("any", lambda x: (x > 3).any(axis=0), A),
    ("all", lambda x: (x > -3).all(), A),
    ("argmax", lambda x: x.argmax(axis=1), A),
    ("argmin", lambda x: x.argmin(), A),
    ("argsort", lambda x: x.argsort(axis=0), A),
    ("nonzero", lambda x: (x > 0).nonzero(), A),
    ("searchsorted", lambda x: np.sort(x).searchsorted([0.0, 2.0], side="right"), V),
    ("contains", lambda x: (2.0 in x, 7.0 in x), A),
    ("attributes", lambda x: (x.shape, x.ndim, x.size, x.dtype.name, x.itemsize, x.nbytes, len(x), x.device), A),
    ("functions", lambda x: (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1), np.size(x, (0, 1))), A),
    ("kinds", lambda x: (np.iscomplexobj(x), np.isrealobj(x), np.common_type(x).__name__), A),
    ("result_type", lambda x: (np.result_type(x, 1.0).name, np.result_type(x, np.float64).name), A.astype(np.float32)),
    ("invert", lambda x: ~(x > 0), A),
    ("to_device", lambda x: x.to_device("cpu").shape, A),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "x"), [case[1:] for case in WITHOUT_DERIVATIVE], ids=[case[0] for case in WITHOUT_DERIVATIVE]
)
def test_methods_without_a_derivative(method: Callable[..., Any], x: Any) -> None:
    same_as_numpy(method, x)


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x.view(np.int64), lambda x: x.tobytes(), lambda x: x.resize(3), lambda x: x.setflags(write=False),
        lambda x: x.byteswap(), lambda x: x.tofile("x"), lambda x: x.to_device("gpu"),
        lambda x: x.astype(np.int64, casting="safe"),
    ],
)  # fmt: skip
def test_what_needs_memory_is_refused(use: Callable[..., Any]) -> None:
    with tracing(), pytest.raises(UnsupportedError):
        use(known_input(A))


def test_attributes_that_cannot_be_set() -> None:
    with tracing():
        x = known_input(A)
        with pytest.raises(MutationError, match="reshape"):
            x.shape = (3, 2)
        with pytest.raises(ShapeError):
            x.item()
        with pytest.raises(ShapeError):
            _ = x[0].mT


def test_a_method_whose_function_is_missing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from glassgrad.tracing.registry import FUNCTIONS

    monkeypatch.delitem(FUNCTIONS, np.sum)
    with tracing(), pytest.raises(GlassgradError, match="sum is not known"):
        known_input(A).sum()


def test_complex_values_lose_their_imaginary_part_with_numpys_warning() -> None:
    with pytest.warns(np.exceptions.ComplexWarning):
        gg.jit(lambda z: z.astype(float))(Z)

    def write(x: Any, z: Any) -> Any:
        x[0] = z[0]
        return x

    with pytest.warns(np.exceptions.ComplexWarning):
        gg.jit(write)(np.zeros((2, 2)), Z)


def test_a_nested_list_of_traced_numbers() -> None:
    assert gg.grad(lambda x: sum(sum(row) for row in (x * x).tolist()))(A).tolist() == (2 * A).tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.bool_, np.float32])
@pytest.mark.parametrize("name", ["sum", "prod", "cumsum", "cumprod"])
def test_sums_and_products_at_a_small_dtype(name: str, dtype: Any) -> None:
    whole = np.array([[1, 2], [3, 1]]).astype(dtype)
    same_as_numpy(lambda x: getattr(x, name)(axis=0, dtype=dtype), whole)
    same_as_numpy(lambda x: getattr(x, name)(axis=1), whole)
