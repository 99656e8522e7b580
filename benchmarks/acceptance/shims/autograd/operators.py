"""The differential operators, each by the operator of Glassgrad that it corresponds to."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import glassgrad
from autograd.core import as_their_errors, is_float, make_jvp, make_vjp, nary


def _single(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The function with a result of one element (of any shape) as a scalar; others are refused."""

    def scalar(*args: Any, **kwargs: Any) -> Any:
        value = fun(*args, **kwargs)
        if not is_float(value):
            raise TypeError(f"grad only applies to real scalar-output functions, found {type(value).__name__}")
        shape = getattr(value, "shape", ())
        return value.reshape(()) if shape and math.prod(shape) == 1 else value

    scalar.__name__ = getattr(fun, "__name__", "function")
    return scalar


def _argnums(argnum: Any) -> Any:
    return argnum if isinstance(argnum, int) else tuple(argnum)


def grad(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """Gradient."""
    inner = glassgrad.grad(_single(fun), _argnums(argnum))

    def gradient(*args: Any, **kwargs: Any) -> Any:
        with as_their_errors():
            return inner(*args, **kwargs)

    return gradient


def value_and_grad(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """Value and gradient."""
    return glassgrad.value_and_grad(_single(fun), _argnums(argnum))


def grad_and_aux(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """The gradient of the first result, and the second result."""
    return glassgrad.grad(fun, _argnums(argnum), has_aux=True)


def grad_named(fun: Callable[..., Any], argname: str) -> Callable[..., Any]:
    """Gradient by the parameter's name."""
    return glassgrad.grad(fun, argname)


elementwise_grad = glassgrad.elementwise_grad
jacobian = glassgrad.jacobian
checkpoint = glassgrad.checkpoint


def hessian(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """Second derivatives."""
    return glassgrad.hessian(fun, argnum)


def holomorphic_grad(fun: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """Complex derivative."""
    return glassgrad.grad(fun, argnum, holomorphic=True)


@nary
def deriv(fun: Callable[..., Any], x: Any) -> Any:
    """The derivative of a function of one number, forwards."""
    return make_jvp(fun, x)(np.ones_like(x))[1]


@nary
def make_hvp(fun: Callable[..., Any], x: Any) -> Any:
    """Hessian-vector products at a point."""
    return make_vjp(grad(fun), x)


def hessian_tensor_product(fun: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The Hessian times a tensor, the last argument."""

    def product(*args: Any, **kwargs: Any) -> Any:
        *points, vector = args
        return glassgrad.hvp(
            lambda x: fun(*points[:argnum], x, *points[argnum + 1 :], **kwargs), points[argnum], vector
        )

    return product


def tensor_jacobian_product(fun: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """A tensor times the Jacobian; the tensor is the last argument."""

    def product(*args: Any, **kwargs: Any) -> Any:
        *points, vector = args
        return jacobian(lambda *inner: np.tensordot(vector, fun(*inner, **kwargs), axes=np.ndim(vector)), argnum)(
            *points
        )

    return product


hessian_vector_product, vector_jacobian_product = hessian_tensor_product, tensor_jacobian_product


def make_ggnvp(
    f: Callable[..., Any], g: Callable[..., Any] = lambda x: 0.5 * np.sum(x**2), f_argnum: int = 0
) -> Callable[..., Any]:
    """Products with the generalised Gauss-Newton matrix JᵀHJ."""

    @nary
    def maker(fun: Callable[..., Any], x: Any) -> Callable[..., Any]:
        value, pullback = glassgrad.vjp(fun, x)
        return lambda v: pullback(glassgrad.hvp(g, value, glassgrad.jvp(fun, (x,), (v,))[1]))[0]

    return maker(f, f_argnum)
