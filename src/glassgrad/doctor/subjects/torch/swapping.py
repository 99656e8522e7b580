"""Replaces functions that a person's `forward` (or loss) calls, on a copy of the model, without touching the code.
Floor 7.

Activations called as functions are counted in the order of their calls, which a deterministic `forward` keeps.
"""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from glassgrad.doctor.subjects.torch.operations import is_activation, kind_of_function
from glassgrad.doctor.subjects.torch.places import caller

Swap = Callable[[Callable[[Any], Any], Any], Any]  # of (the person's function of its first argument, that argument)


class Swaps:
    """What to call in place of the n-th function; kept with the copy of the model, and copied with it."""

    def __init__(self) -> None:
        self.by_number: dict[int, Any] = {}
        self._modes: list[Any] = []

    def before(self, module: Any, arguments: Any) -> None:
        """A forward pass begins."""
        mode = _Swapping(self.by_number)
        mode.__enter__()
        self._modes.append(mode)

    def after(self, module: Any, arguments: Any, output: Any) -> None:
        """It has ended, well or not."""
        if self._modes:
            self._modes.pop().__exit__(None, None, None)


class _Swapping(TorchFunctionMode):  # type: ignore[misc]  # PyTorch's classes are `Any` to the checker
    def __init__(self, by_number: dict[int, Any]) -> None:
        super().__init__()
        self._by_number, self._count = by_number, 0

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Makes the call, or the one that replaces it."""
        named = kwargs or {}
        kind = kind_of_function(getattr(function, "__name__", ""))
        if kind is None or not is_activation(kind) or not args or not caller()[1]:
            return function(*args, **named)
        number, self._count = self._count, self._count + 1
        swap = self._by_number.get(number)
        if swap is None:
            return function(*args, **named)
        return swap(lambda first: function(first, *args[1:], **named), args[0])


def swaps_of(model: Any) -> Swaps:
    """The swaps of a model, made where it has none yet."""
    for hook in model._forward_pre_hooks.values():  # noqa: SLF001 - the hooks are ours
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, Swaps):
            return owner
    made = Swaps()
    model.register_forward_pre_hook(made.before)
    model.register_forward_hook(made.after, always_call=True)
    return made


class Instead:
    """Another function in place of an activation."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, original: Callable[[Any], Any], value: Any) -> Any:
        """The module's answer; the original is not asked."""
        return self._module(value)


class SwappedLoss(nn.Module):  # type: ignore[misc]  # PyTorch's classes are `Any` to the checker
    """A loss function with some of the functions that it calls replaced."""

    def __init__(self, loss: Any, by_number: dict[int, Any]) -> None:
        super().__init__()
        self.loss, self._by_number = loss, by_number

    def forward(self, prediction: Any, *targets: Any) -> Any:
        """The loss."""
        with _Swapping(self._by_number):
            return self.loss(prediction, *targets)
