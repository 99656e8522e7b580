"""Training steps with Adam in single precision: forward, backward and update, the same losses in every library."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

from benchmarks.harness.case import Case, Run
from benchmarks.models import lenet, lstm, mlp, resnet, transformer

# The model, its sizes, and whether a quick run takes it.
STEPS: dict[str, tuple[ModuleType, tuple[Any, ...], bool]] = {
    "mlp 16-64-64-1, batch 32": (mlp, ((16, 64, 64, 1), 32), True),
    "mlp 30-256-256-10, batch 64": (mlp, ((30, 256, 256, 10), 64), True),
    "mlp 784-512-256-10, batch 128": (mlp, ((784, 512, 256, 10), 128), False),
    "mlp 1024-2048-2048-10, batch 256": (mlp, ((1024, 2048, 2048, 10), 256), False),
    "lenet, batch 64": (lenet, (64,), True),
    "resnet of 3 stages, batch 32": (resnet, (32,), False),
    "lstm 128, length 64, batch 32": (lstm, (128, 64, 32), False),
    "lstm 32, length 256, batch 1": (lstm, (32, 256, 1), True),
    "transformer block, batch 8": (transformer, (128, 8), False),
}


def makers(model: ModuleType, sizes: tuple[Any, ...], *, quick: bool) -> dict[str, Callable[[], Run]]:
    """What the model is written for."""
    names = ("glassgrad", "jax", "torch", "autograd", "numpy")
    found = {name: partial(getattr(model, name), *sizes) for name in names if _is_ours(model, name)}
    if not quick:
        found["torch.compile"] = partial(model.torch, *sizes, compiles=True)
    return found


def _is_ours(model: ModuleType, name: str) -> bool:
    return getattr(getattr(model, name, None), "__module__", "") == model.__name__


def cases(*, quick: bool, dtype: str) -> list[Case]:
    return [
        # Five losses: four steps have to be alike. Sums of single precision come in other orders.
        Case(name, makers(model, sizes, quick=quick), compared=5, tolerance=2e-3)
        for name, (model, sizes, is_quick) in STEPS.items()
        if is_quick or not quick
    ]
