"""The op table's language: a row states, for each named input, the op's local linear map. Floor 1: data only.

How a form is read forwards or backwards stands in `transforms/forward.py` and `transforms/reverse.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeAlias

from glassgrad.base.avals import Aval

if TYPE_CHECKING:
    from glassgrad.graph.node import Node

Expression: TypeAlias = Callable[..., Any]  # names what it needs: inputs, the output, params, ct or d<input>


# ------------------------------------------------------------------ one input's local derivative
@dataclass(frozen=True, slots=True)
class Partial:
    """y[i] depends on x[i] alone; the expression is dy/dx and both modes multiply by it."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Linear:
    """y is linear in all the Linear inputs together; the expression is the transpose applied to `ct`."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Bilinear:
    """y is linear in this input while the others are held; the expression is the transpose applied to `ct`."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Tangent:
    """Anything else: the expression is dy, linear in `d<input>`; reverse mode transposes this one expression."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Pullback:
    """A reverse rule written by hand: the input's cotangent, linear in `ct`; forward mode transposes it back."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Zero:
    """The derivative is zero almost everywhere, and `why` says so."""

    why: str


@dataclass(frozen=True, slots=True)
class Undefined:
    """There is no derivative with respect to this input, and `why` says what to do instead."""

    why: str


@dataclass(frozen=True, slots=True)
class Subgraph:
    """The op carries graphs (cond, scan, while_loop, call): its derivative transforms them, all inputs together."""


Form: TypeAlias = Partial | Linear | Bilinear | Tangent | Pullback | Zero | Undefined | Subgraph


# ------------------------------------------------------------------ how an op carries a batch axis
@dataclass(frozen=True, slots=True)
class Elementwise:
    """All inputs have the output's shape: give each the batch axis in front and apply the op as it is."""


@dataclass(frozen=True, slots=True)
class Stacked:
    """The op works on its trailing axes and loops over leading ones (linear algebra): as for Elementwise, with
    unmapped inputs broadcast along the batch axis.
    """


@dataclass(frozen=True, slots=True)
class Shifted:
    """The op names axes and shapes in its params: add one to each axis, put the batch size before each shape."""

    axes: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batched:
    """A rule of its own: `rule(args, mapped, size, **params)`: `args` have the batch axis in front where `mapped`
    is true, and so has the result.
    """

    rule: Callable[..., Any]


Batching: TypeAlias = Elementwise | Stacked | Shifted | Batched


# ------------------------------------------------------------------ what is said of an op besides
@dataclass(frozen=True, slots=True)
class Kink:
    """A place where the derivative does not exist: `when` over the inputs, the value `chosen` there, in words."""

    when: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Domain:
    """Where the op is defined: a condition over the inputs as NumPy text (`x > 0`), and where tests may sample."""

    condition: str
    sample: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Op:
    """One row of the table."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    infer: Callable[..., Aval | tuple[Aval, ...]]
    numpy: str | Callable[..., str]
    derivative: Mapping[str, Form]
    batching: Batching | None
    rule: str = ""
    why: str = ""
    tex: str | None = None
    domain: Domain | None = None
    kinks: tuple[Kink, ...] = ()
    kernels: tuple[Callable[..., Any], ...] = ()
    compute: Callable[..., Callable[..., Any]] | None = None  # params -> a faster function than the text, same meaning
    javascript: str | None = None
    ufunc: str | None = None  # the NumPy or SciPy ufunc that the op is, by its full name
    overwrites: bool = False  # `compute` changes the first input in place: an engine copies it where it is read later
    accumulates: bool = False  # the result is the first input plus something: `index_add(x, i, v)`
    statement: str | Callable[..., str] | None = None  # the op as a change of its first input: `x[1:3] += v`
    wants: dict[str, tuple[str, ...]] = field(default_factory=dict)  # per form: the names its expression asks for
    variadic: bool = field(init=False)  # does the last name take any number of inputs?
    multiple: bool = field(init=False)  # does the op give several outputs (read off with `project`)?
    places: dict[str, int] = field(init=False)  # each input's position by name; -1 for the output

    def __post_init__(self) -> None:
        place = object.__setattr__  # the dataclass is frozen
        place(self, "variadic", bool(self.inputs) and self.inputs[-1].startswith("*"))
        place(self, "multiple", len(self.outputs) != 1 or self.outputs[0].startswith("*"))
        places = {name: index for index, name in enumerate(self.inputs) if not name.startswith("*")}
        if not self.multiple:
            places[self.outputs[0]] = -1
        place(self, "places", places | {"node": -1})

    def slot_name(self, position: int) -> str:
        """The name of the input at this position."""
        if self.variadic and position >= len(self.inputs) - 1:
            return self.inputs[-1][1:]
        return self.inputs[position]

    def form(self, position: int) -> Form | None:
        """The derivative form of the input at this position; None where nothing is differentiable by nature."""
        return self.derivative.get(self.slot_name(position))

    def named(self, node: "Node", name: str) -> Any:
        """What a form's expression means by `name`: an input, the output, or a static parameter."""
        place = self.places.get(name)
        if place is not None:
            return node.inputs[place] if place >= 0 else node
        if self.variadic and name == self.inputs[-1][1:]:
            return node.inputs[len(self.inputs) - 1 :]
        return node.param(name)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


OPS: dict[str, Op] = {}


def op(
    name: str,
    sign: str,
    *,
    infer: Callable[..., Any],
    numpy: str | Callable[..., str],
    batching: Batching | None,
    rule: str = "",
    why: str = "",
    tex: str | None = None,
    domain: Domain | None = None,
    kinks: tuple[Kink, ...] = (),
    kernels: tuple[Callable[..., Any], ...] = (),
    compute: Callable[..., Callable[..., Any]] | None = None,
    javascript: str | None = None,
    ufunc: str | None = None,
    overwrites: bool = False,
    accumulates: bool = False,
    statement: str | Callable[..., str] | None = None,
    **derivative: Form,
) -> Op:
    """Declares a row: `op("exp", "x -> y", numpy="np.exp(x)", …, x=Partial(lambda y: y))`.

    The names in `sign` are what a form's expression may ask for, besides the params of `infer` and `ct` or `d<input>`;
    a wrong name is refused here, at import.
    """
    if name in OPS:
        raise ValueError(f"op {name!r} is declared twice")
    left, _, right = sign.partition(" -> ")
    inputs = tuple(part for part in left.split(", ") if part)
    outputs = tuple(right.split(", "))
    wants = {slot: _checked_wants(name, slot, form, inputs, outputs, infer) for slot, form in derivative.items()}
    row = Op(
        name,
        inputs,
        outputs,
        infer,
        numpy,
        derivative,
        batching,
        rule,
        why,
        tex,
        domain,
        kinks,
        kernels,
        compute,
        javascript,
        ufunc,
        overwrites,
        accumulates,
        statement,
        wants,
    )
    OPS[name] = row
    return row


def _checked_wants(
    name: str, slot: str, form: Form, inputs: tuple[str, ...], outputs: tuple[str, ...], infer: Callable[..., Any]
) -> tuple[str, ...]:
    """The names a form's expression asks for, refused where the op has no such name."""
    known = {part.lstrip("*") for part in inputs}
    if slot not in known:
        raise ValueError(f"op {name!r} has no input {slot!r}; its inputs are {', '.join(inputs)}")
    if not isinstance(form, Partial | Linear | Bilinear | Tangent | Pullback):
        return ()
    known |= {part.name for part in signature(infer).parameters.values() if part.kind is not Parameter.VAR_POSITIONAL}
    if len(outputs) == 1:
        known.add(outputs[0])
    known |= {f"d{slot}"} if isinstance(form, Tangent) else set() if isinstance(form, Partial) else {"ct"}
    known |= {"position", "node"}
    asked = signature(form.expression).parameters
    for want, parameter in asked.items():
        if parameter.kind is not Parameter.VAR_KEYWORD and want not in known:
            listing = ", ".join(sorted(known))
            raise ValueError(f"derivative of {name!r} for {slot!r} asks for {want!r}; it can ask for {listing}")
    open_ended = any(p.kind is Parameter.VAR_KEYWORD for p in asked.values())
    return ("**", *tuple(asked)[:-1]) if open_ended else tuple(asked)
