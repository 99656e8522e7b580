"""Callbacks with a memory that goes into the checkpoints, and the one that lets the rate fall on a plateau. Floor 7."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from glassgrad.optim.plateau import Plateau, Watch
from glassgrad.train.run import EpochEnded, Event, Started


@runtime_checkable
class Remembering(Protocol):
    """A callback whose memory is saved with the run: a run that goes on gives it back before `Started`."""

    def __call__(self, event: Event) -> None:
        """Is told of an event."""

    def state(self) -> Mapping[str, Any]:
        """What it remembers: arrays and numbers by name."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Takes over what `state` gave, as arrays."""


class OnPlateau:
    """Lets the rate fall where what `fit` monitors gets no better, by the rules of an `optim.Plateau`.

    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> falls = train.OnPlateau(optim.Plateau(factor=0.5, patience=0, threshold=0.5))
    >>> run = train.fit(nn.Linear(1, 1, key=0), (x, x), nn.mse, optim.sgd(0.1), epochs=4, callbacks=[falls])
    >>> run.history["rate"]
    array([0.1  , 0.1  , 0.05 , 0.025])
    """

    def __init__(self, plateau: Plateau) -> None:
        self._plateau, self._watch = plateau, plateau.start()

    def __repr__(self) -> str:
        return f"OnPlateau({self._plateau})"

    def __call__(self, event: Event) -> None:
        """Looks at the numbers of an epoch."""
        match event:
            case Started(run, _, _) if run.step == 0:
                self._watch = self._plateau.start()
            case EpochEnded(run, record):
                state = run.state
                self._watch, optimizer = self._plateau.update(self._watch, state.optimizer, record[run.monitor])
                run.state = replace(state, optimizer=optimizer)

    def state(self) -> dict[str, Any]:
        """What it remembers: the best number, and for how long there was none."""
        return {field.name: getattr(self._watch, field.name) for field in fields(Watch)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Takes over what `state` gave."""
        self._watch = Watch(**{name: value[()] for name, value in state.items()})
