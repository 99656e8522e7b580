"""The library's own generalised convolution, by shifted products."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

Axes = Sequence[Sequence[int]]


def convolve(A: Any, B: Any, axes: Axes | None = None, dot_axes: Axes = ((), ()), mode: str = "full") -> Any:
    """Convolves along pairs of axes, contracts pairs of others, keeps the rest: (rest of A, rest of B, convolved)."""
    along = axes if axes is not None else (range(A.ndim), range(A.ndim))
    conv, dot = [list(part) for part in along], [list(part) for part in dot_axes]
    sizes = [A.shape[a] for a in conv[0]], [B.shape[b] for b in conv[1]]
    full = [a + b - 1 for a, b in zip(*sizes, strict=True)]
    letters = list(range(A.ndim)), [A.ndim + i for i in range(B.ndim)]
    for a, b in zip(*dot, strict=True):
        letters[1][b] = letters[0][a]
    keep = [letters[0][i] for i in range(A.ndim) if i not in conv[0] + dot[0]]
    keep += [letters[1][i] for i in range(B.ndim) if i not in conv[1] + dot[1]]
    total: Any = 0.0
    for shift in itertools.product(*(range(n) for n in sizes[1])):
        picked = tuple(shift[conv[1].index(i)] if i in conv[1] else slice(None) for i in range(B.ndim))
        rest = [letters[1][i] for i in range(B.ndim) if i not in conv[1]]
        term = np.einsum(A, letters[0], B[picked], rest, keep + [letters[0][i] for i in conv[0]])
        pads = [(0, 0)] * len(keep) + [(s, n - s - a) for s, n, a in zip(shift, full, sizes[0], strict=True)]
        total = total + np.pad(term, pads)
    return total[(..., *_window(mode, *sizes))]


def _window(mode: str, a: list[int], b: list[int]) -> list[slice]:
    if mode == "full":
        return [slice(None)] * len(a)
    if mode == "same":
        return [slice((n - 1) // 2, (n - 1) // 2 + m) for m, n in zip(a, b, strict=True)]
    small = [min(m, n) - 1 for m, n in zip(a, b, strict=True)]
    return [slice(s, max(m, n)) for s, m, n in zip(small, a, b, strict=True)]
