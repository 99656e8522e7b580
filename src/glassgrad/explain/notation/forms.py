"""The ways a function can be written down, and one row of the table of notations."""

from dataclasses import dataclass
from enum import Enum

from glassgrad.explain.notation.signs import Spelling


@dataclass(frozen=True, slots=True)
class Function:
    """name(a, b). `raisable`: sin²(x) is written for sin(x)²."""

    raisable: bool = False


@dataclass(frozen=True, slots=True)
class Indexed:
    """A name with its first argument as a mark: J_n(x) below, ψ^(n)(x) raised."""

    raised: bool = False


@dataclass(frozen=True, slots=True)
class Fence:
    """Signs around the argument: |x|."""

    left: Spelling
    right: Spelling


@dataclass(frozen=True, slots=True)
class Root:
    """√ or ∛."""

    degree: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign behind the argument: Aᵀ, A⁻¹ raised, n! on the line."""

    raised: bool = True


@dataclass(frozen=True, slots=True)
class Infix:
    """A sign between two arguments: A ⊗ B."""

    sign: Spelling


@dataclass(frozen=True, slots=True)
class Reduction:
    """A function over axes; `sign` is the big operator (Σ, Π), otherwise its name carries the axis."""

    sign: Spelling | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The same as a NumPy expression over a, b, c. `page_only`: text keeps the function's name."""

    template: str
    page_only: bool = False


class Form(Enum):
    """Functions that are written in a way of their own."""

    EXPONENTIAL = "e^x"
    LOGARITHM = "ln x, log_b x"
    NORM = "‖x‖"
    OVERLINE = "z̄"
    WHERE = "where(c, a, b) as cases"
    SELECT = "select([c, d], [a, b], e) as cases"
    NUMPY_PIECEWISE = "np.piecewise(x, [c, d], [a, b, e]) as cases"
    PIECEWISE = "Piecewise((a, c), (b, True)) as cases"
    EINSUM = "einsum(spec, a, b) as an index sum"
    ARRAY = "a matrix in brackets"
    IDENTITY = "the argument itself"


Shape = Function | Indexed | Fence | Root | Mark | Infix | Reduction | Rewrite | Form


class Ranks(Enum):
    """What a function does to the number of dimensions."""

    ELEMENTWISE = "the largest among the arguments"
    FIRST = "that of the first argument"
    SCALAR = "none are left"
    REDUCED = "the axes named are gone"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Notation:
    """One row: a function's spelling and form.

    `spelling.sympy` is a function's name, or a NumPy expression over a, b, c, or empty: SymPy has none.
    """

    name: str
    spelling: Spelling
    shape: Shape
    ranks: Ranks
