"""A callback of Hugging Face's Trainer. Floor 7."""

import importlib
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.doctor.callbacks.under_way import training_of
from glassgrad.doctor.callbacks.watcher import Watcher
from glassgrad.doctor.report.report import Report


def transformers(*, every: int | None = None) -> Any:
    """A callback for `transformers.Trainer(callbacks=[doctor])`, then `doctor.report()`.

    `every` is the distance between sampled steps; else they are so few that measuring takes about a fortieth of the
    time. Raises UsageError where `transformers` is not installed.
    """
    try:
        base = importlib.import_module("transformers").TrainerCallback
    except ModuleNotFoundError as error:
        if error.name != "transformers":
            raise
        raise UsageError(
            "the callback for a Trainer needs the package transformers", hint="pip install transformers"
        ) from error
    watcher = Watcher(every)

    class Doctor(base):  # type: ignore[misc, valid-type]  # the class is known at run time
        """Watches a training of Trainer's."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **named: Any) -> None:
            """Model and optimiser are there; accelerate wraps the optimiser."""
            optimizer = named["optimizer"]
            lasts = training_of("train", lambda one: _has(one, self))
            watcher.begin(named["model"], lambda: getattr(optimizer, "optimizer", optimizer), lasts)

        def on_train_end(self, args: Any, state: Any, control: Any, **named: Any) -> None:
            """The training has ended."""
            watcher.end()

        def report(self) -> Report:
            """What there is to say so far."""
            return watcher.report()

    return Doctor()


def _has(trainer: Any, callback: Any) -> bool:
    """Is it a Trainer with this callback?"""
    return callback in getattr(getattr(trainer, "callback_handler", None), "callbacks", ())
