"""Tells who listens that `backward` is called, in any thread, for as long as somebody listens. Floor 7.

`Tensor.backward` and `torch.autograd.backward` meet in the latter; a GradScaler hands on the scaled loss. Both are
replaced while there is a listener, and put back with the last one.
"""

import functools
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import torch

_lock = threading.RLock()
_listeners: tuple["Listener", ...] = ()
_originals: dict[str, Any] = {}
_ours: dict[str, Any] = {}
_depth = threading.local()  # backward passes within a backward pass: a checkpoint's, a custom function's


class Listener(Protocol):
    """Who is told."""

    def before_backward(self, tensors: Any) -> None:
        """A backward pass begins."""
        ...

    def after_backward(self) -> None:
        """It has ended."""
        ...

    def scaled(self, loss: Any, result: Any) -> None:
        """A GradScaler has scaled a loss."""
        ...


def listen(listener: Listener) -> None:
    """From now on the listener is told."""
    global _listeners  # noqa: PLW0603 - PyTorch's functions are global, and so is who listens to them
    with _lock:
        if not _listeners:
            _replace()
        _listeners = (*_listeners, listener)


def leave(listener: Listener) -> None:
    """From now on it is not."""
    global _listeners  # noqa: PLW0603 - as above
    with _lock:
        _listeners = tuple(one for one in _listeners if one is not listener)
        if not _listeners and _originals:
            _put_back()


def _replace() -> None:
    backward, scale = torch.autograd.backward, torch.amp.GradScaler.scale
    _originals.update(backward=backward, scale=scale)

    @functools.wraps(backward)
    def watched_backward(tensors: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(_depth, "is_inside", False):
            return backward(tensors, *arguments, **named)
        given = tuple(tensors) if isinstance(tensors, Iterator) else tensors  # which is gone through once
        told = _listeners
        for listener in told:
            listener.before_backward(given)
        _depth.is_inside = True
        try:
            return backward(given, *arguments, **named)
        finally:
            _depth.is_inside = False
            for listener in told:
                listener.after_backward()

    @functools.wraps(scale)
    def watched_scale(scaler: Any, outputs: Any) -> Any:
        result = scale(scaler, outputs)
        for listener in _listeners:
            listener.scaled(outputs, result)
        return result

    _ours.update(backward=watched_backward, scale=watched_scale)
    torch.autograd.backward = watched_backward
    torch.amp.GradScaler.scale = watched_scale


def _put_back() -> None:
    """Where another library has replaced ours meanwhile, ours stays below it: without listeners it does nothing."""
    if torch.autograd.backward is _ours["backward"]:
        torch.autograd.backward = _originals["backward"]
    if torch.amp.GradScaler.scale is _ours["scale"]:
        torch.amp.GradScaler.scale = _originals["scale"]
    _originals.clear()
    _ours.clear()
