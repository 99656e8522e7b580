"""Training a copy for some steps: losses, samples at chosen steps, and where the first bad number arose. Floor 7."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, nan
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from glassgrad.doctor.measured.sample import Bad, Sample
from glassgrad.doctor.measured.setup import Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.limits import is_over
from glassgrad.doctor.subjects.own.machine import State
from glassgrad.doctor.subjects.own.origins import origin_of
from glassgrad.doctor.subjects.own.sampling import norm_of
from glassgrad.doctor.subjects.own.scoring import judged
from glassgrad.optim.rates import changed_rates
from glassgrad.random.keys import fold_in, key

if TYPE_CHECKING:
    from glassgrad.doctor.subjects.own.subject import OwnSubject


@dataclass(slots=True)
class Running:
    """What a run goes on with."""

    losses: list[float]
    samples: list[Sample]
    bad: Bad | None = None
    overhead: float = 0.0
    began: float = inf


def run(subject: "OwnSubject", steps: int, seed: int | None, samples: Sequence[int], seconds: float | None) -> Trace:
    """Trains a copy of the subject's model."""
    began = perf_counter()
    machine, wanted = subject.machine, set(samples)
    state, fixed = begin(subject, seed)
    random = key(0 if seed is None else seed + 1)
    setup = subject.setup()
    machine.prepare(steps, len(wanted), times_of(setup))
    before = judged(subject, state, fixed)
    done = Running([], [])
    batches = subject.batches.endless(seed)
    while (
        len(done.losses) < steps
        and done.bad is None
        and not is_over(len(done.losses), perf_counter() - done.began, seconds)
    ):
        now = _Now(state, fixed, next(batches), random)
        _step(subject, done, now, is_sampled=len(done.losses) in wanted)
        state = now.state
        if len(done.losses) == 1:
            done.began = perf_counter()  # the first step traces and compiles, which is no part of the time allowed
    after = judged(subject, state, fixed) if done.bad is None else (nan, None)
    return Trace(
        setup, tuple(done.losses), tuple(done.samples), done.bad, before[0], after[0], before[1], after[1],
        perf_counter() - began, done.overhead,
    )  # fmt: skip


@dataclass(slots=True)
class _Now:
    """The step that is made: the state before it (and then after it), and its batch."""

    state: State
    fixed: dict[str, Any]
    values: tuple[Any, ...]
    random: Any


def _step(subject: "OwnSubject", done: Running, now: _Now, *, is_sampled: bool) -> None:
    step, machine, state = len(done.losses), subject.machine, now.state
    taken = None
    if is_sampled:
        began = perf_counter()
        taken = machine.sampler.take(
            step, state.parameters, now.fixed, state.states, now.values, fold_in(now.random, state.count)
        )
        done.overhead += perf_counter() - began
    after, loss, is_sound = machine.step(state, now.fixed, now.values, now.random)
    done.losses.append(loss)
    if taken is not None:
        done.samples.append(with_updates(taken.sample, state.parameters, after.parameters))
    if not is_sound:
        began = perf_counter()
        done.bad = origin_of(
            subject.model, subject.loss, step, state.parameters, now.fixed, state.states, now.values,
            fold_in(now.random, state.count), after.parameters,
        )  # fmt: skip
        done.overhead += perf_counter() - began
    now.state = after


def times_of(setup: Setup) -> int:
    """How many steps in time a recurrent network takes; 0 of any other."""
    shape = setup.data.input_shape if setup.data is not None else ()
    return shape[0] if shape and any(part.family == "recurrence" for part in setup.parts) else 0


def with_updates(sample: Sample, before: dict[str, Any], after: dict[str, Any]) -> Sample:
    """The sample with the norms of the real step."""
    weights = [
        replace(weight, update=norm_of([np.asarray(after[weight.path], np.float64) - before[weight.path]]))
        for weight in sample.weights
    ]
    return replace(sample, weights=tuple(weights))


def begin(subject: "OwnSubject", seed: int | None) -> tuple[State, dict[str, Any]]:
    """(the state before the first step, the parameters that do not learn)."""
    model = subject.model
    learning = {path: np.array(value) for path, value in model.trainable().items()}
    fixed = {path: value for path, value in model.parameters().items() if path not in learning}
    if seed is not None:
        drawn = np.random.default_rng(seed)
        learning = {path: shuffled(path, value, drawn) for path, value in learning.items()}
    states = {path: np.array(value) for path, value in model.states().items()}
    memory = subject.optimizer.start(learning)
    if subject.rate_factor != 1:
        memory = changed_rates(memory, lambda rate: replace(rate, scale=rate.scale * np.float64(subject.rate_factor)))
    return State(learning, states, memory, np.int64(0)), fixed


def shuffled(path: str, value: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    """An array of weights with its entries in another order; vectors stay as they are.

    The weights from state to state of a recurrent layer keep their singular values: rows and the columns of each gate
    change places.
    """
    if value.ndim < 2:
        return value
    if path.endswith("hidden_weight") and value.shape[-1] % value.shape[0] == 0:
        size = value.shape[0]
        blocks = np.split(value[drawn.permutation(size)], value.shape[-1] // size, axis=1)
        return np.concatenate([block[:, drawn.permutation(size)] for block in blocks], axis=1)
    return drawn.permutation(value.ravel()).reshape(value.shape)
