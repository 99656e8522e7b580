"""One case of one row of the op table: inputs to test it at. `cases/<family>.py` lists them, `test_rows.py` runs them.

Case("solve", ((3, 3), (3, 2)), sample=(well_conditioned, normal))
Case("sum", ((2, 3),), {"axes": (0,)})
elementwise("sin cos", complex=True)          # one case a name, sampled from the row's Domain
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import glassgrad.ops
from glassgrad.graph.op import OPS

for _module in pkgutil.walk_packages(glassgrad.ops.__path__, "glassgrad.ops."):
    importlib.import_module(_module.name)  # so that the whole table is there

REAL = ("float64", "float32")
COMPLEX = (*REAL, "complex128", "complex64")
Sampler = Callable[[np.random.Generator, tuple[int, ...]], Any]


@dataclass(frozen=True, slots=True)
class Case:
    """Where a row is tested.

    `sample` gives each input: a range (low, high), a function of (generator, shape), or an array taken as it is; one
    for all inputs or a list of one each. Inputs that come out as whole numbers or truth values stay so; the others
    take each of `dtypes` in turn. `meaning` is the value by NumPy, independently of the row (its own text otherwise).
    `analytic`: the complex step may be used. `kinks` gives, for each of the row's kinks by its `when`, the inputs
    there and the derivative with respect to each input (None: not looked at). `order`: derivatives are checked up to
    this order; 0 where the stated derivative differs from the true one on purpose.
    """

    op: str
    shapes: tuple[tuple[int, ...], ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    sample: Any = None
    dtypes: tuple[str, ...] = REAL
    meaning: Callable[..., Any] | None = None
    analytic: bool = False
    tolerance: float = 1e-7
    order: int = 2
    kinks: Mapping[str, tuple[Sequence[Any], Sequence[float | None]]] = field(default_factory=dict)
    batched: bool = True
    note: str = ""

    @property
    def name(self) -> str:
        """A short name for the test's id."""
        shapes = "x".join("".join(map(str, shape)) or "0d" for shape in self.shapes)
        return "-".join([self.op, *([self.note] if self.note else [f"{shapes}"])])


def elementwise(
    names: str,
    sample: Any = None,
    *,
    shape: tuple[int, ...] = (2, 3),
    complex: bool = False,
    **how: Any,
) -> list[Case]:
    """A case for each of these elementwise rows, all inputs of one shape."""
    dtypes = how.pop("dtypes", COMPLEX if complex else REAL)
    analytic = how.pop("analytic", complex)
    return [
        Case(name, (shape,) * len(OPS[name].inputs), sample=sample, dtypes=dtypes, analytic=analytic, **how)
        for name in names.split()
    ]


def inputs_of(case: Case, dtype: str) -> list[Any]:
    """The case's inputs at this dtype: the same numbers each time, at all dtypes alike as far as they can be."""
    generator = np.random.default_rng(abs(hash_text(case.op)))
    samplers = case.sample if isinstance(case.sample, list) else [case.sample] * len(case.shapes)
    return [
        _sampled(case, sampler, generator, shape, np.dtype(dtype))
        for sampler, shape in zip(samplers, case.shapes, strict=True)
    ]


def hash_text(text: str) -> int:
    """A number that depends on the text alone (Python's own `hash` differs from run to run)."""
    return int.from_bytes(text.encode()[:16].ljust(16, b"."), "little")


def _sampled(case: Case, sampler: Any, generator: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    if sampler is None:
        domain = OPS[case.op].domain
        sampler = domain.sample if domain is not None and domain.sample is not None else (-2.0, 2.0)
    if isinstance(sampler, Real):
        dtype = np.empty(0, dtype).real.dtype
        sampler = (sampler.low, sampler.high)
    if isinstance(sampler, tuple):
        value = generator.uniform(*sampler, shape)
        if dtype.kind == "c":
            value = value + 1j * generator.uniform(-1.0, 1.0, shape)
    elif callable(sampler):
        value = np.asarray(sampler(generator, shape))
    else:
        value = np.asarray(sampler)
    if value.shape != shape:
        raise ValueError(f"case {case.name}: a sample of shape {value.shape} for an input of shape {shape}")
    return value.astype(dtype) if value.dtype.kind in "fc" else value


def at_shape(case: Case, shape: tuple[int, ...]) -> Case:
    """The same elementwise case with inputs of another shape (an array given is cut or repeated)."""
    samples = case.sample if isinstance(case.sample, list) else [case.sample] * len(case.shapes)
    fitted = [np.resize(sample, shape) if isinstance(sample, np.ndarray) else sample for sample in samples]
    return replace(case, shapes=(shape,) * len(case.shapes), sample=fitted)


# ------------------------------------------------------------------ samplers
@dataclass(frozen=True, slots=True)
class Real:
    """A range for an input that stays real where the others are complex (the order of a Bessel function)."""

    low: float
    high: float


def integers(low: int, high: int) -> Sampler:
    """Whole numbers from low to high - 1."""
    return lambda generator, shape: generator.integers(low, high, shape)


def booleans(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Truth values, both kinds."""
    return np.asarray(generator.permutation(np.arange(int(np.prod(shape))) % 2).reshape(shape), bool)


def normal(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Normal numbers."""
    return generator.normal(size=shape)


def complex_normal(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Complex normal numbers (only for cases whose dtypes are complex)."""
    return generator.normal(size=shape) + 1j * generator.normal(size=shape)


def distinct(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers in random order, no two closer than 0.1: away from ties."""
    size = int(np.prod(shape))
    return (generator.permutation(size) * 0.25 + generator.uniform(-0.07, 0.07, size) - size / 8).reshape(shape)
