"""An array namespace in which everything runs through a trace: for the array API standard's own test suite.

Its `Array` holds a NumPy array. Every function of `glassgrad.numpy`, every operator, method and index is called on
tracers, the graph is run by the reference engine, and the results are wrapped again. GLASSGRAD_TRACE chooses: `known`
(the default; tracers know their numbers, as under grad), `jit` (they do not), `numpy` (no trace: NumPy itself, which
shows what of a failure is NumPy's).
"""

import functools
import operator
import os
import types
from collections.abc import Callable
from typing import Any

import numpy as np

MODE = os.environ.get("GLASSGRAD_TRACE", "known")
# Their results are dtypes, or have shapes that depend on numbers: under `jit` too they are traced with numbers at hand.
NEEDS_NUMBERS = {
    *("nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values", "repeat", "arange", "linspace"),
    *("result_type", "can_cast", "isdtype", "broadcast_shapes"),
}

if MODE == "numpy":
    _space: Any = np
else:
    import glassgrad.numpy as _space
    from glassgrad import jit
    from glassgrad.api.pipeline import deliver, tracing
    from glassgrad.base.trees import flatten, unflatten
    from glassgrad.graph.node import fresh_serial
    from glassgrad.tracing.trace import known_input
    from glassgrad.tracing.tracer import Tracer


# ------------------------------------------------------------------ one call through a trace
def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls the function on tracers in place of the Arrays among its arguments; wraps what comes out."""
    arrays: list[Array] = []
    shape = _swap(args, arrays), _swap(kwargs, arrays)
    values = [array.value for array in arrays]

    def call(*inner: Any) -> Any:
        positional, named = (_unswap(part, inner) for part in shape)
        return function(*positional, **named)

    if MODE == "numpy":
        return wrapped(call(*values))
    if MODE == "jit" and values and not _needs_numbers(function, args):
        return wrapped(jit(call)(*values))
    with tracing():
        since = fresh_serial()
        leaves, structure = flatten(call(*[known_input(value) for value in values]))
        traced = {i: leaf.node for i, leaf in enumerate(leaves) if isinstance(leaf, Tracer)}
        delivered = dict(zip(traced, deliver(list(traced.values()), since, outermost=True), strict=True))
    return wrapped(unflatten(structure, [delivered.get(i, leaf) for i, leaf in enumerate(leaves)]))


def _needs_numbers(function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    if isinstance(function, operator.attrgetter) or getattr(function, "__name__", "") in NEEDS_NUMBERS:
        return True
    keys = args[1] if function is operator.getitem and isinstance(args[1], tuple) else args[1:2]
    return any(isinstance(key, Array) and key.value.dtype == bool for key in keys)


class _Slot(int):
    """The place of an Array among the traced arguments."""


def _swap(tree: Any, arrays: list["Array"]) -> Any:
    if isinstance(tree, Array):
        arrays.append(tree)
        return _Slot(len(arrays) - 1)
    if isinstance(tree, list | tuple):
        return type(tree)(_swap(part, arrays) for part in tree)
    return {key: _swap(part, arrays) for key, part in tree.items()} if isinstance(tree, dict) else tree


def _unswap(tree: Any, values: tuple[Any, ...]) -> Any:
    if isinstance(tree, _Slot):
        return values[tree]
    if isinstance(tree, list | tuple):
        return type(tree)(_unswap(part, values) for part in tree)
    return {key: _unswap(part, values) for key, part in tree.items()} if isinstance(tree, dict) else tree


def wrapped(tree: Any) -> Any:
    """Arrays and NumPy numbers of a result as Arrays."""
    if isinstance(tree, np.ndarray | np.generic):
        return Array(np.asarray(tree))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(wrapped(part) for part in tree))
    return type(tree)(wrapped(part) for part in tree) if isinstance(tree, list | tuple) else tree


# ------------------------------------------------------------------ the array
class Array:
    """An array whose every operation is traced."""

    __slots__ = ("value",)
    __hash__ = None  # type: ignore[assignment]  # as NumPy's

    def __init__(self, value: np.ndarray) -> None:
        self.value = value

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        del api_version
        return __import__("sys").modules[__name__]

    def __repr__(self) -> str:
        return f"Array({self.value!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        """The tracer's shape."""
        return _attribute(self, "shape")

    @property
    def dtype(self) -> Any:
        """The tracer's dtype."""
        return _attribute(self, "dtype")

    @property
    def ndim(self) -> int:
        """The tracer's number of axes."""
        return _attribute(self, "ndim")

    @property
    def size(self) -> int:
        """The tracer's number of elements."""
        return _attribute(self, "size")

    @property
    def device(self) -> Any:
        """The tracer's device."""
        return _attribute(self, "device")

    @property
    def T(self) -> "Array":
        """Transposed."""
        return run(operator.attrgetter("T"), self)

    @property
    def mT(self) -> "Array":
        """Stacks transposed."""
        return run(operator.attrgetter("mT"), self)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, key: Any) -> "Array":
        return run(operator.getitem, self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        def updated(array: Any, key: Any, value: Any) -> Any:
            array = array.copy()
            array[key] = value
            return array

        self.value = run(updated, self, key, value).value

    def to_device(self, device: Any, /, *, stream: Any = None) -> "Array":
        """There is one device."""
        del stream
        return run(lambda array: array.to_device(device), self)

    def __dlpack__(
        self, /, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
    ) -> Any:
        return self.value.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self) -> Any:
        return self.value.__dlpack_device__()

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __complex__(self) -> complex:
        return complex(self.value)


def _attribute(array: Array, name: str) -> Any:
    return run(operator.attrgetter(name), array)


def _bind() -> None:
    for name in (
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "and_",
        "or_",
        "xor",
        "lshift",
        "rshift",
    ):
        _bind_binary(name.rstrip("_"), getattr(operator, name), getattr(operator, f"i{name.rstrip('_')}"))
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        _bind_comparison(name, getattr(operator, name))
    for name in ("neg", "pos", "invert", "abs"):
        _bind_unary(name, getattr(operator, name))


def _bind_binary(name: str, plain: Callable[..., Any], in_place: Callable[..., Any]) -> None:
    setattr(Array, f"__{name}__", _method(lambda self, other: run(plain, self, other), name))
    setattr(Array, f"__r{name}__", _method(lambda self, other: run(plain, other, self), f"r{name}"))
    setattr(Array, f"__i{name}__", _method(lambda self, other: _update(in_place, self, other), f"i{name}"))


def _bind_comparison(name: str, function: Callable[..., Any]) -> None:
    setattr(Array, f"__{name}__", _method(lambda self, other: run(function, self, other), name))


def _bind_unary(name: str, function: Callable[..., Any]) -> None:
    setattr(Array, f"__{name}__", _method(lambda self: run(function, self), name))


def _method(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = f"__{name}__"
    return function


def _update(function: Callable[..., Any], array: Array, other: Any) -> Array:
    def updated(array: Any, other: Any) -> Any:
        return function(array.copy(), other)

    array.value = run(updated, array, other).value
    return array


_bind()


# ------------------------------------------------------------------ the namespace
def _through(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        return run(function, *args, **kwargs)

    return traced


class _Extension:
    """linalg and fft."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return _through(getattr(self._module, name))


@functools.cache
def _wrapped_name(name: str) -> Any:
    value = getattr(_space, name)
    if isinstance(value, types.ModuleType):
        return _Extension(value)
    return _through(value) if callable(value) and not isinstance(value, type) else value


_PLAIN = ("finfo", "iinfo", "__array_namespace_info__", "__array_api_version__")  # about dtypes, not arrays


def finfo(type: Any, /) -> Any:
    """As the namespace's, of a dtype or an Array."""
    return _space.finfo(type.value if isinstance(type, Array) else type)


def iinfo(type: Any, /) -> Any:
    """As the namespace's, of a dtype or an Array."""
    return _space.iinfo(type.value if isinstance(type, Array) else type)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Array:
    """An exchange of memory: there is nothing to trace."""
    return wrapped(_space.from_dlpack(x, device=device, copy=copy))


def __getattr__(name: str) -> Any:
    if name in _PLAIN:
        return getattr(_space, name)
    if not name.startswith("_"):
        return _wrapped_name(name)
    raise AttributeError(name)
