"""Modes that see every function of PyTorch: taken off from under others, and passed by with our own. Floor 7."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import torch
from torch.overrides import _get_current_function_mode_stack, _pop_mode, _push_mode  # as torch.device's own mode does

P = ParamSpec("P")
R = TypeVar("R")


def is_entered(mode: Any) -> bool:
    """Is the mode on the stack of this thread?"""
    return any(one is mode for one in _get_current_function_mode_stack())


def enter(mode: Any) -> None:
    """Puts the mode on the stack of this thread, unless it is there."""
    if not is_entered(mode):
        _push_mode(mode)


def leave(mode: Any) -> None:
    """Takes a mode off the stack of this thread, also from under others: visits begin and end as loops do."""
    if not is_entered(mode):
        return
    above = []
    while (one := _pop_mode()) is not mode:
        above.append(one)
    for one in reversed(above):
        _push_mode(one)


def past_modes(function: Callable[P, R]) -> Callable[P, R]:
    """The function, whose calls of PyTorch no mode sees: measuring is not measured, and costs a third less."""

    def called(*arguments: P.args, **named: P.kwargs) -> R:
        with torch._C.DisableTorchFunction():  # noqa: SLF001 - the documented guard
            return function(*arguments, **named)

    called.__name__, called.__doc__ = function.__name__, function.__doc__  # `wraps` would cost more than the guard
    return called
