"""make_vjp, make_jvp, primitives with rules of their own, and functions of several arguments, over Glassgrad."""

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

import glassgrad
from glassgrad.base.errors import DerivativeError
from glassgrad.tracing.tracer import Tracer


@contextmanager
def as_their_errors():
    """Where Glassgrad says DerivativeError, the other library says TypeError."""
    try:
        yield
    except DerivativeError as error:
        raise TypeError(str(error)) from error


def isbox(value: Any) -> bool:
    """Is it being traced?"""
    return type(value) is Tracer


def getval(value: Any) -> Any:
    """The number behind a traced value."""
    return value.value if isbox(value) else value


def name_of(function: Callable[..., Any]) -> str:
    """The function's name."""
    return getattr(function, "__name__", "[unknown name]")


# ------------------------------------------------------------------ one argument, or several
def nary(unary: Callable[..., Any]) -> Callable[..., Any]:
    """From an operator on functions of one argument to one on functions of several: `op(f, argnum)(*args)`."""

    @wraps(unary)
    def operator(fun: Callable[..., Any], argnum: Any = 0, *more: Any, **options: Any) -> Callable[..., Any]:
        def applied(*args: Any, **kwargs: Any) -> Any:
            function, x = one_argument(fun, argnum, args, kwargs)
            return unary(function, x, *more, **options)

        applied.__name__ = f"{name_of(unary)}_of_{name_of(fun)}_wrt_argnum_{argnum}"
        return applied

    return operator


def one_argument(
    fun: Callable[..., Any], argnum: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Callable[..., Any], Any]:
    """The function of the chosen argument alone (of a tuple of them where argnum is one), and its present value."""

    def function(x: Any) -> Any:
        full = list(args)
        for position, value in [(argnum, x)] if isinstance(argnum, int) else zip(argnum, x, strict=True):
            full[position] = value
        return fun(*full, **kwargs)

    function.__name__ = name_of(fun)
    return function, args[argnum] if isinstance(argnum, int) else tuple(args[i] for i in argnum)


unary_to_nary = nary


# ------------------------------------------------------------------ the two directions
def make_vjp(fun: Callable[..., Any], x: Any) -> tuple[Callable[..., Any], Any]:
    """The pullback and the value."""
    value, pullback = glassgrad.vjp(fun, x)
    return (lambda g: pullback(g)[0]), value


def make_jvp(fun: Callable[..., Any], x: Any) -> Callable[..., Any]:
    """From a tangent to the value and its tangent."""
    return lambda v: glassgrad.jvp(fun, (x,), (v,))


# ------------------------------------------------------------------ primitives
primitive_vjps: dict[Any, Any] = {}


class Primitive:
    """A function whose derivatives are the rules it was given, whatever its body says."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.fun = function
        self.__name__ = name_of(function)
        self.vjps: dict[int, Any] = {}
        self.jvps: dict[int, Any] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        traced = [i for i, arg in enumerate(args) if any(map(isbox, glassgrad_leaves(arg)))]
        if not traced:
            return self.fun(*args, **kwargs)
        if not self.vjps and not self.jvps:
            raise NotImplementedError(f"no derivative of {self.__name__} is defined")
        rule = glassgrad.custom_derivative(self.fun)
        if self.vjps:
            rule.pullback(lambda ct, ans, *inner, **more: self._pulled(traced, ct, ans, inner, more))
        if self.jvps:
            rule.tangent(lambda moves, ans, *inner, **more: self._pushed(traced, moves, ans, inner, more))
        return rule(*args, **kwargs)

    def _pulled(self, traced: list[int], ct: Any, ans: Any, args: Any, kwargs: Any) -> tuple[Any, ...]:
        missing = [i for i in traced if i not in self.vjps]
        if missing:
            raise NotImplementedError(f"VJP of {self.__name__} wrt argnums {missing} not defined")
        return tuple(
            self.vjps[i](ans, *args, **kwargs)(ct) if i in traced and self.vjps[i] is not None else None
            for i in range(len(args))
        )

    def _pushed(self, traced: list[int], moves: Any, ans: Any, args: Any, kwargs: Any) -> Any:
        total: Any = 0.0
        for i in traced:
            rule = self.jvps[i]
            if rule == "same":
                total = total + self(*args[:i], moves[i], *args[i + 1 :], **kwargs)
            elif rule is not None:
                total = total + rule(moves[i], ans, *args, **kwargs)
        return total

    # The library's old spellings.
    def defgrad(self, maker: Any, argnum: int = 0) -> None:
        """An old form of defvjp."""
        warnings.warn("deprecated", stacklevel=2)
        self.vjps[argnum] = maker

    def defvjp(self, rule: Any, argnum: int = 0) -> None:
        """An old form of defvjp, with vector spaces that nobody reads."""
        warnings.warn("deprecated", stacklevel=2)
        self.vjps[argnum] = lambda ans, *args, **kwargs: lambda g: rule(g, ans, None, None, *args, **kwargs)

    def defvjp_is_zero(self, argnums: Any = (0,)) -> None:
        """Zero derivatives."""
        warnings.warn("deprecated", stacklevel=2)
        self.vjps.update(dict.fromkeys(argnums))


def glassgrad_leaves(value: Any) -> list[Any]:
    """The leaves of a nest."""
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for part in value for leaf in glassgrad_leaves(part)] if isinstance(value, list | tuple) else [value]


def primitive(function: Callable[..., Any]) -> Primitive:
    """A function whose rules will be given."""
    return Primitive(function)


def defvjp(fun: Primitive, *makers: Any, argnums: Any = None) -> None:
    """`maker(ans, *args)` gives the pullback of an argument; None is zero."""
    fun.vjps.update(zip(argnums if argnums is not None else range(len(makers)), makers, strict=False))


def defjvp(fun: Primitive, *rules: Any, argnums: Any = None) -> None:
    """`rule(g, ans, *args)` gives the tangent; "same" for linear functions."""
    fun.jvps.update(zip(argnums if argnums is not None else range(len(rules)), rules, strict=False))


def is_float(value: Any) -> bool:
    """Real or complex numbers?"""
    return np.result_type(getattr(value, "dtype", type(value))).kind in "fc"
