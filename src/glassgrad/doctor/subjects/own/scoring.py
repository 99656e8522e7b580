"""The loss, and the share of right predictions, over some fixed batches in evaluation. Floor 7."""

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.base.trees import flatten
from glassgrad.doctor.subjects.own.machine import State
from glassgrad.doctor.subjects.scoring import EXAMPLES, batches_scored, hits

if TYPE_CHECKING:
    from glassgrad.doctor.subjects.own.subject import OwnSubject


def judged(subject: "OwnSubject", state: State, fixed: dict[str, Any]) -> tuple[float, float | None]:
    """(the mean loss, the share of right predictions or None) over the first batches, in evaluation."""
    losses, right, count = [], 0, 0
    setup = subject.setup()
    scored = batches_scored(setup.data.batch if setup.data is not None else EXAMPLES)
    for values in subject.batches.values[:scored]:
        loss, predictions = subject.machine.evaluate(state.parameters, state.states, fixed, values)
        losses.append(loss)
        targets = flatten(values[1:])[0]
        if len(predictions) == len(targets) == 1:
            found = hits(predictions[0], np.asarray(targets[0]), setup)
            right, count = (right + found[0], count + found[1]) if found is not None else (right, count)
    return (float(np.mean(losses)) if losses else nan), (right / count if count else None)
