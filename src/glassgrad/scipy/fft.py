"""scipy.fft on traced values: the transforms that np.fft has too. Their results keep single precision, as there."""

from collections.abc import Callable
from typing import Any

import numpy as np

from glassgrad.base.errors import UnsupportedError
from glassgrad.scipy.lookup import names_of
from glassgrad.tracing.registry import FUNCTIONS, implements_name

__getattr__, __dir__ = names_of("scipy.fft")

_ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
_SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")
_SHIFTS = ("fftshift", "ifftshift")


def _of_one_axis(name: str) -> Callable[..., Any]:
    numpys = FUNCTIONS[getattr(np.fft, name)]

    def transform(
        x: Any,
        n: int | None = None,
        axis: int = -1,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: Any = None,
    ) -> Any:
        _refuse_plan(name, plan)
        return numpys(x, n, axis, norm)

    transform.__doc__ = f"`scipy.fft.{name}`."
    return transform


def _of_several_axes(name: str) -> Callable[..., Any]:
    numpys = FUNCTIONS[getattr(np.fft, name)]
    usual = (-2, -1) if name.endswith("2") else None

    def transform(
        x: Any,
        s: Any = None,
        axes: Any = usual,
        norm: str | None = None,
        overwrite_x: bool = False,
        workers: int | None = None,
        *,
        plan: Any = None,
    ) -> Any:
        _refuse_plan(name, plan)
        return numpys(x, s, axes, norm)

    transform.__doc__ = f"`scipy.fft.{name}`."
    return transform


def _refuse_plan(name: str, plan: Any) -> None:
    if plan is not None:
        raise UnsupportedError(f"scipy.fft.{name} takes no plan")


for _name in _ONE_AXIS:
    implements_name(f"scipy.fft.{_name}")(_of_one_axis(_name))
for _name in _SEVERAL:
    implements_name(f"scipy.fft.{_name}")(_of_several_axes(_name))
for _name in _SHIFTS:
    implements_name(f"scipy.fft.{_name}")(FUNCTIONS[getattr(np.fft, _name)])
