"""matmul, dot, einsum and their kin on traced values. Floor 3."""

from typing import Any

from glassgrad.ops.contract import matmul
from glassgrad.tracing.registry import implements_ufunc
from glassgrad.tracing.tracer import Tracer, to_node, wrap


@implements_ufunc("matmul")
def matmul_traced(x1: Any, x2: Any) -> Tracer:
    """`a @ b`."""
    return wrap(matmul(to_node(x1), to_node(x2)))
