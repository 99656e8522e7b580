"""A callback of Lightning's. Floor 7."""

import importlib
from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.doctor.callbacks.watcher import Watcher
from glassgrad.doctor.report.report import Report


def lightning(*, every: int | None = None) -> Any:
    """A Lightning callback that watches the training: `Trainer(callbacks=[doctor])`, then `doctor.report()`.

    `every` is the distance between sampled steps; else they are so few that measuring takes about a fortieth of the
    time. Raises UsageError where neither `lightning` nor `pytorch_lightning` is installed.
    """
    base = _callback()
    watcher = Watcher(every)

    class Doctor(base):  # type: ignore[misc, valid-type]  # the class is known at run time
        """Watches a training of Lightning's."""

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            """The optimisers are there."""
            watcher.begin(pl_module, lambda: [getattr(one, "optimizer", one) for one in trainer.optimizers])

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            """The training has ended."""
            watcher.end()

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
            """It has ended early."""
            watcher.end()

        def report(self) -> Report:
            """What there is to say so far."""
            return watcher.report()

    return Doctor()


def _callback() -> Any:
    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            return importlib.import_module(name).Callback
        except ModuleNotFoundError as error:
            if error.name not in (name, name.partition(".")[0]):
                raise
    raise UsageError("the callback for Lightning needs the package lightning", hint="pip install lightning")
