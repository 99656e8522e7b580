"""Layer: a part of a model. A dataclass that is a tree, closed once it is made. Floor 6.

Plain fields are parameters or further layers (or lists, tuples and dicts of them), `static` fields are structure, and
`state` fields are numbers that training changes by other means than the gradient.
"""

import dataclasses
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, Self, TypeAlias, dataclass_transform

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.base.learning import check_apart
from glassgrad.base.trees import Tree
from glassgrad.nn import parts
from glassgrad.nn.calls import watched
from glassgrad.nn.declared import check_assigned, check_attributes, check_names, check_value
from glassgrad.nn.showing import headline, shown
from glassgrad.nn.summary import Summary, summary

Array: TypeAlias = Any  # a NumPy array, or a traced one


def static(default: Any = dataclasses.MISSING) -> Any:
    """A field that is structure, not numbers: a size, a name, a function. Its values are hashable."""
    return dataclasses.field(default=default, metadata={"static": True})


def state(default: Any = dataclasses.MISSING) -> Any:
    """A field of numbers that training changes, but not by a gradient: a running mean."""
    return dataclasses.field(default=default, metadata={"state": True})


@dataclass_transform(eq_default=False, field_specifiers=(static, state, dataclasses.field))
@dataclasses.dataclass(eq=False, repr=False)
class Layer:
    """A part of a model, and a model itself: its fields are its parameters and its parts.

    A subclass is a dataclass without saying so. It may have an `__init__` of its own, which fills the fields; after
    that they stay as they are, and `replace` gives a changed copy. (The arrays are NumPy's: what is written into one
    changes the layers that hold it.) `__call__` is plain NumPy code. Since a layer is a tree, `grad` gives gradients of
    its shape, and `jit` and `vmap` take it as they take an array.

    >>> class Line(Layer):
    ...     slope: Array
    ...     offset: Array
    ...
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line(np.array(2.0), np.array(1.0))
    >>> line(3.0)
    np.float64(7.0)
    >>> grad(lambda line: line(3.0) ** 2)(line).slope
    np.float64(42.0)
    >>> line.replace("offset", np.array(5.0)).parameters()
    {'slope': array(2.), 'offset': array(5.)}
    """

    frozen: tuple[str, ...] = dataclasses.field(default=(), init=False, metadata={"static": True})

    _has_init: ClassVar[bool] = False  # of its own or inherited, so that dataclass writes none
    __call__: ClassVar[Callable[..., Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_names(cls, vars(cls).get("__annotations__", {}), _METHODS)
        cls._has_init = "__init__" in vars(cls) or cls._has_init
        dataclasses.dataclass(eq=False, repr=False, init=not cls._has_init)(cls)
        check_names(cls, [field.name for field in dataclasses.fields(cls)], _METHODS)
        check_attributes(cls)
        if "__init__" in vars(cls):
            cls.__init__ = _closing(cls.__init__)  # type: ignore[method-assign]  # the same, with checks at its end
        if "__call__" in vars(cls):
            cls.__call__ = watched(vars(cls)["__call__"])  # the same, open to observers

    def __setattr__(self, name: str, value: Any) -> None:
        if "_open" not in self.__dict__:
            raise UsageError(
                f"{type(self).__name__}.{name} cannot be set: the fields of a layer stay once it is made",
                hint=f"model.replace({name!r}, …) gives a changed copy; of a part, with its path: "
                f"model.replace('layers[0].{name}', …)",
            )
        check_assigned(self, name, value)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise UsageError(f"{type(self).__name__}.{name} cannot be deleted: the fields of a layer stay once it is made")

    def __repr__(self) -> str:
        return shown(self)

    def headline(self) -> str:
        """The layer in a line: its name and its static facts, `Dropout(rate=0.5)`."""
        return headline(self)

    # ------------------------------------------------------------------ its parts
    def parameters(self) -> dict[str, Array]:
        """What training learns, by path: {"layers[0].weight": …}; frozen ones too."""
        return {place.path: place.value for place in parts.places(self) if place.kind in ("parameter", "frozen")}

    def trainable(self) -> dict[str, Array]:
        """The parameters by path, without the frozen ones.

        Raises UsageError where one layer that learns stands at two places: `Shared` is for that.
        """
        check_apart(self)
        return {place.path: place.value for place in parts.places(self) if place.kind == "parameter"}

    def states(self) -> dict[str, Array]:
        """What training changes by other means than the gradient, by path: running means."""
        return {place.path: place.value for place in parts.places(self) if place.kind == "state"}

    def parameter_count(self) -> int:
        """How many numbers training learns, frozen ones included."""
        return sum(int(np.prod(np.shape(value))) for value in self.parameters().values())

    def replace(self, path: str | dict[str, Tree], value: Tree = None) -> Self:
        """The model with another array or layer at this path, or at each path of a dict.

        Raises UsageError for a path that the model does not have.
        """
        changes = path if isinstance(path, dict) else {path: value}
        replaced: Self = parts.replace(self, changes)
        return replaced

    def freeze(self, *patterns: str) -> Self:
        """The model in which training leaves these parameters as they are: a path (with all below it), `*` any text.

        Optimisers and `minimize` do so too where they are given the model itself.

        Without a pattern everything is frozen. Raises UsageError for a pattern that fits nothing.
        """
        frozen: Self = parts.freeze(self, patterns or ("*",), frozen=True)
        return frozen

    def unfreeze(self, *patterns: str) -> Self:
        """The model in which these parameters learn again; all of them if none is named."""
        learning: Self = parts.freeze(self, patterns or ("*",), frozen=False)
        return learning

    def summary(self, *inputs: Any, **kwargs: Any) -> Summary:
        """A table of the calls of layers, with the shapes of their results, parameters and operations, and the totals.

        The inputs are arrays, or shapes of arrays of the parameters' dtype, with 1 for None. Nothing is computed. A
        parameter counts once, frozen ones are marked; a multiply-add is two operations. `to_dict()` of the result is
        plain data.

        >>> print(nn.mlp([4, 3, 2], key=0).summary((5, 4)))
        path       layer          result  parameters  flops
        ---------------------------------------------------
                   Sequential     (5, 2)           –      –
        layers[0]  Linear(4 → 3)  (5, 3)          15    135
        layers[1]  relu           (5, 3)           –      –
        layers[2]  Linear(3 → 2)  (5, 2)           8     70
        <BLANKLINE>
        parameters  23
        flops       205 for inputs (5, 4)
        bytes       92 B of parameters, 160 B of the layers' results
        """
        return summary(self, inputs, kwargs)

    def parameter_groups(self, patterns: dict[str, str]) -> dict[str, dict[str, Array]]:
        """The trainable parameters by group: each belongs to the first pattern that fits; `*` is the rest."""
        return parts.groups(self.trainable(), patterns)


_METHODS = {name for name, value in vars(Layer).items() if callable(value) and not name.startswith("_")}


def _closing(init: Callable[..., None]) -> Callable[..., None]:
    """`init`, after which the fields are checked and the layer does not change any more."""

    @wraps(init)
    def closing(self: Layer, *args: Any, **kwargs: Any) -> None:
        if "_open" in self.__dict__:  # the __init__ of a subclass calls its parent's
            init(self, *args, **kwargs)
            return
        object.__setattr__(self, "_open", True)
        init(self, *args, **kwargs)
        for field in dataclasses.fields(self):  # a function left as a class's default would become a method
            if field.default is not dataclasses.MISSING:
                self.__dict__.setdefault(field.name, field.default)
        del self.__dict__["_open"]
        for field in dataclasses.fields(self):
            check_value(self, field)

    return closing
