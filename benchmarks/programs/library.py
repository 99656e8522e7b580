"""The names a program uses of its library, so that it is written once: NumPy's functions and the transformations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Library:
    """`np` is its NumPy; the others are its own functions of these names, or what comes to the same.

    `conv` is a convolution of (batch, channel, height, width) with (out, in, height, width); `segment_sum` adds up the
    rows of one number.
    """

    np: Any
    grad: Function
    value_and_grad: Function
    vmap: Function
    jvp: Function
    jacobian_forward: Function
    jacobian_reverse: Function
    hessian: Function
    scan: Function
    fori_loop: Function
    while_loop: Function
    logsumexp: Function
    erf: Function
    gammaln: Function
    conv: Function
    segment_sum: Function


def glassgrad() -> Library:
    import numpy as np
    from scipy.special import erf, gammaln

    import glassgrad as gg
    from glassgrad.scipy.special import logsumexp

    def segment_sum(rows: Any, numbers: Any, count: int) -> Any:
        sums = np.zeros_like(rows, shape=(count, *rows.shape[1:]))
        np.add.at(sums, numbers, rows)
        return sums

    return Library(
        np=np,
        grad=gg.grad,
        value_and_grad=gg.value_and_grad,
        vmap=gg.vmap,
        jvp=gg.jvp,
        jacobian_forward=lambda f: gg.jacobian(f, mode="forward"),
        jacobian_reverse=lambda f: gg.jacobian(f, mode="reverse"),
        hessian=gg.hessian,
        scan=gg.scan,
        fori_loop=gg.fori_loop,
        while_loop=gg.while_loop,
        logsumexp=logsumexp,
        erf=erf,
        gammaln=gammaln,
        conv=gg.conv,
        segment_sum=segment_sum,
    )


def jax() -> Library:
    import jax
    import jax.numpy as jnp

    def conv(x: Any, w: Any, padding: int = 0, dilation: int = 1, groups: int = 1) -> Any:
        pads, apart = [(padding, padding)] * 2, (dilation, dilation)
        return jax.lax.conv_general_dilated(x, w, (1, 1), pads, rhs_dilation=apart, feature_group_count=groups)

    return Library(
        np=jnp,
        grad=jax.grad,
        value_and_grad=jax.value_and_grad,
        vmap=jax.vmap,
        jvp=jax.jvp,
        jacobian_forward=jax.jacfwd,
        jacobian_reverse=jax.jacrev,
        hessian=jax.hessian,
        scan=jax.lax.scan,
        fori_loop=jax.lax.fori_loop,
        while_loop=jax.lax.while_loop,
        logsumexp=jax.nn.logsumexp,
        erf=jax.scipy.special.erf,
        gammaln=jax.scipy.special.gammaln,
        conv=conv,
        segment_sum=jax.ops.segment_sum,
    )
