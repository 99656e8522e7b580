"""Matrix products, square from 8 to 2048 and skinny."""

from benchmarks.harness.case import Case, Run

Shape = tuple[int, int, int]
SQUARE = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
SKINNY = ((1, 1024, 1024), (4096, 16, 64), (64, 4096, 64), (4096, 4096, 8), (2048, 16, 2048))


def _arrays(shape: Shape, dtype: str):
    import numpy as np

    random = np.random.default_rng(0)
    rows, inner, columns = shape
    return random.normal(size=(rows, inner)).astype(dtype), random.normal(size=(inner, columns)).astype(dtype)


def _glassgrad(shape: Shape, dtype: str) -> Run:
    import glassgrad as gg

    return Run(gg.jit(lambda a, b: a @ b), _arrays(shape, dtype))


def _jax(shape: Shape, dtype: str) -> Run:
    import jax

    product = jax.jit(lambda a, b: a @ b)
    return Run(lambda a, b: product(a, b).block_until_ready(), tuple(map(jax.numpy.asarray, _arrays(shape, dtype))))


def _torch(shape: Shape, dtype: str) -> Run:
    import torch

    return Run(lambda a, b: a @ b, tuple(map(torch.from_numpy, _arrays(shape, dtype))))


def _numpy(shape: Shape, dtype: str) -> Run:
    return Run(lambda a, b: a @ b, _arrays(shape, dtype))


MAKERS = {"glassgrad": _glassgrad, "jax": _jax, "torch": _torch, "numpy": _numpy}


def cases(*, quick: bool, dtype: str) -> list[Case]:
    square = SQUARE[::3] if quick else SQUARE
    shapes = [(n, n, n) for n in square] + list(SKINNY[:2] if quick else SKINNY)
    return [
        Case(
            "×".join(map(str, shape)),
            {name: lambda make=make, shape=shape: make(shape, dtype) for name, make in MAKERS.items()},
            flops=2.0 * shape[0] * shape[1] * shape[2],
        )
        for shape in shapes
    ]
