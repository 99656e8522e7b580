"""A callback of Keras 3 on PyTorch. Floor 7."""

import importlib
from collections.abc import Callable
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.doctor.callbacks.under_way import training_of
from glassgrad.doctor.callbacks.watcher import Watcher
from glassgrad.doctor.report.report import Report


def keras(*, every: int | None = None) -> Any:
    """A Keras callback: `model.fit(…, callbacks=[doctor])` with the torch backend, then `doctor.report()`.

    `every` is the distance between sampled steps; else they are so few that measuring takes about a fortieth of the
    time. Raises UsageError where Keras 3 is not installed or runs on another backend.
    """
    try:
        package = importlib.import_module("keras")
    except ModuleNotFoundError as error:
        if error.name != "keras":
            raise
        raise UsageError("the callback for Keras needs the package keras", hint="pip install keras") from error
    if package.backend.backend() != "torch":
        raise UsageError(
            f"the doctor watches Keras on PyTorch; its backend is {package.backend.backend()}",
            hint="KERAS_BACKEND=torch in the environment, before keras is imported",
        )
    watcher = Watcher(every)

    class Doctor(package.callbacks.Callback):  # type: ignore[misc, name-defined]  # the class is known at run time
        """Watches a training of Keras's."""

        def on_train_begin(self, logs: Any = None) -> None:
            """The model is built and compiled."""
            watcher.end()  # a training before, that broke off
            model, optimizer = self.model, self.model.optimizer
            lasts = training_of("fit", lambda one: one is model)
            own = getattr(optimizer, "__dict__", {})
            watcher.begin(model, lambda: stepping(model), lasts, lambda: own.pop("apply", None))

        def on_train_end(self, logs: Any = None) -> None:
            """The training has ended."""
            watcher.end()

        def report(self) -> Report:
            """What there is to say so far."""
            return watcher.report()

    return Doctor()


def stepping(model: Any) -> Any:
    """The optimiser of a Keras model in the shape of one of torch.optim: groups of parameters, and hooks of a step."""
    import torch

    theirs = model.optimizer

    class Stepping(torch.optim.Optimizer):  # type: ignore[misc]  # PyTorch's classes are `Any` to the checker
        """Tells its hooks when Keras's optimiser applies gradients; steps nothing itself."""

        def step(self, closure: Callable[[], Any] | None = None) -> None:
            """Keras's optimiser steps."""

    Stepping.__name__ = type(theirs).__name__
    values = [variable.value for variable in model.trainable_variables]
    decay = getattr(theirs, "weight_decay", None) or 0
    found = Stepping(values, {"lr": float(theirs.learning_rate), "weight_decay": float(decay)})
    apply = theirs.apply

    def applied(*arguments: Any, **named: Any) -> Any:
        for hook in list(found._optimizer_step_pre_hooks.values()):  # noqa: SLF001 - those of register_step_pre_hook
            hook(found, arguments, named)
        result = apply(*arguments, **named)
        for hook in list(found._optimizer_step_post_hooks.values()):  # noqa: SLF001 - those of register_step_post_hook
            hook(found, arguments, named)
        return result

    theirs.apply = applied
    return found
