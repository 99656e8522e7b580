"""`import autograd` over Glassgrad: enough of the other library's names to run its own test suite."""

from builtins import dict, list, tuple, type  # noqa: UP029 - they are names of this package

from autograd import core as _core
from autograd import numpy  # noqa: F401 - `import autograd; autograd.numpy` is used
from autograd.builtins import isinstance
from autograd.core import make_jvp, make_vjp, primitive
from autograd.operators import (
    checkpoint,
    deriv,
    elementwise_grad,
    grad,
    grad_and_aux,
    grad_named,
    hessian,
    hessian_tensor_product,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    tensor_jacobian_product,
    value_and_grad,
    vector_jacobian_product,
)

make_vjp = _core.nary(make_vjp)
make_jvp = _core.nary(make_jvp)

__all__ = [
    "checkpoint",
    "deriv",
    "dict",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "isinstance",
    "jacobian",
    "list",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_vjp",
    "primitive",
    "tensor_jacobian_product",
    "tuple",
    "type",
    "value_and_grad",
    "vector_jacobian_product",
]
