"""Trials of cures, on a subject whose trainings are known beforehand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.cures.outcome import progress_of
from glassgrad.doctor.cures.proposing import joined
from glassgrad.doctor.cures.trials import try_cures
from glassgrad.doctor.cures.words import size_of, titled
from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.measured.setup import Column, DataFacts, LossFacts, OptimizerFacts, Parameter, Part, Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects import edits
from glassgrad.doctor.subjects.edits import Edit
from glassgrad.doctor.subjects.subject import Cannot

DATA = DataFacts(
    batch=32, batches=8, input_shape=(4,), target_shape=(1,), input_dtype="float32", target_dtype="float32",
    inputs=Column(0, 1, -3, 3), features=(), targets=Column(0, 1, -2, 2), task="regression", baseline=1.0,
)  # fmt: skip
SETUP = Setup(
    framework="glassgrad", model="Sequential", parts=(Part("layers[0]", "Linear(4 → 1)", "linear", "weights"),),
    parameters=(Parameter("layers[0].weight", "layers[0]", (4, 1), learns=True, is_stepped=True),),
    loss=LossFacts("mse", "nn.mse", "mean"), optimizers=(OptimizerFacts("sgd", "optim.sgd(0.01)", 0.01),), data=DATA,
)  # fmt: skip


@dataclass
class Clock:
    """Time that passes only where something runs: a second for each training."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Known:
    """A subject of which it is known, for each combination of edits, which loss its trainings end with."""

    ends: dict[frozenset[Edit], float]  # 1.0 is the constant prediction
    made: tuple[Edit, ...] = ()
    fails: set[tuple[tuple[Edit, ...], int | None]] = field(default_factory=set)  # with these edits from this start
    clock: Clock = field(default_factory=Clock)
    runs: list[tuple[tuple[Edit, ...], int | None, int]] = field(default_factory=list)

    def setup(self) -> Setup:
        return SETUP

    def run(
        self, steps: int, *, seed: int | None = None, samples: Sequence[int] = (), seconds: float | None = None
    ) -> Trace:
        self.runs.append((self.made, seed, steps))
        self.clock.now += 1.0
        end = 1.0 if (self.made, seed) in self.fails else self.ends.get(frozenset(self.made), 1.0)
        losses = tuple(end + (1.0 - end) * math.exp(-8 * step / steps) for step in range(steps))
        return Trace(SETUP, losses, (), before=1.0, after=losses[-1], seconds=0.01)

    def edited(self, *made: Edit) -> "Known":
        if edits.Residual() in made:
            raise Cannot("no two layers have the same shape")
        return replace(self, made=(*self.made, *made))

    def code(self, edit: Edit) -> str:
        return f"# {edit}"

    def fits_one_batch(self, steps: int, *, seed: int | None = None) -> tuple[float, float]:
        return 1.0, 0.0


def tried(ends: dict[tuple[Edit, ...], float], *causes: tuple[Edit, ...], seeds: int = 3):
    subject = Known({frozenset(made): end for made, end in ends.items()})
    found = [Cause("activation", "…", None, 0.9, (), (made,)) for made in causes]
    return subject, try_cures(subject, found, subject.run(200), steps=200, seeds=seeds, seconds=20)


def test_the_cure_that_works_comes_first_and_was_tried_from_every_start() -> None:
    good, bad = (edits.ScaleInputs(),), (edits.Clip(1.0),)
    subject, cures = tried({good: 0.001}, bad, good)
    assert [cure.edits for cure in cures] == [good, bad]
    assert [cure.works for cure in cures] == [True, False]
    assert (cures[0].helped, len(cures[0].after)) == (3, 3)
    assert cures[0].effect == pytest.approx(1.0, abs=0.05)
    assert len(cures[1].after) == 1  # what did not help is not tried again
    assert [seed for made, seed, _ in subject.runs if made == ()] == [None, 1, 2]


def test_of_two_that_do_alike_the_smaller_edit_is_first() -> None:
    large, small = (edits.Normalise(),), (edits.Rate(0.1),)
    _, cures = tried({large: 0.01, small: 0.011}, large, small)
    assert [cure.edits for cure in cures] == [small, large]


@pytest.mark.parametrize(("end", "first"), [(0.1, "input-scale"), (0.3, "optimizer")])
def test_of_two_that_do_about_as_well_that_of_the_surest_cause_is_first(end: float, first: str) -> None:
    scaled, adam = (edits.ScaleInputs(), edits.Clip(1.0)), (edits.NewOptimizer("adam", 1e-3),)
    subject = Known({frozenset(scaled): end, frozenset(adam): 0.01})
    causes = [
        Cause("input-scale", "…", "inputs", 0.9, (), (scaled,)),
        Cause("optimizer", "…", "optimizer", 0.3, (), (adam,)),
    ]
    cures = try_cures(subject, causes, subject.run(200), steps=200, seconds=20)
    assert all(cure.works for cure in cures)
    assert cures[0].cause == first


def test_one_that_cannot_be_made_says_why_and_comes_last() -> None:
    _, cures = tried({}, (edits.Residual(),), (edits.Clip(1.0),))
    assert cures[-1].why_not == "no two layers have the same shape"
    assert not cures[-1].works


def test_two_at_once_where_one_is_not_enough() -> None:
    first, second = (edits.ScaleInputs(),), (edits.Rate(0.1),)
    _, cures = tried({first: 0.97, (*first, *second): 0.001}, first, second)
    assert set(cures[0].edits) == {*first, *second}
    assert cures[0].works


def test_no_cure_is_a_possible_answer() -> None:
    _, cures = tried({}, (edits.ScaleInputs(),))
    assert cures
    assert not any(cure.works for cure in cures)
    assert tried({})[1] == ()


def test_a_cure_that_helps_a_little_is_tried_at_another_rate() -> None:
    scaled, slow = (edits.ScaleInputs(),), edits.Rate(0.1)
    _, cures = tried({scaled: 0.9, (*scaled, slow): 0.001}, scaled)
    assert cures[0].edits == (*scaled, slow)
    assert (cures[0].helped, len(cures[0].after)) == (3, 3)
    assert cures[0].cause == "activation"


def test_a_third_edit_where_two_are_not_enough() -> None:
    first, rate, longer = edits.ScaleInputs(), edits.Rate(0.1), edits.Longer(4.0)
    _, cures = tried({(first, rate): 0.85, (first, rate, longer): 0.001}, (first,))
    assert cures[0].edits == (first, rate, longer)


def test_one_that_fails_from_another_start_is_gone_on_with_there() -> None:
    first, rate = (edits.ScaleInputs(),), edits.Rate(10.0)
    subject = Known({frozenset(first): 0.01, frozenset((*first, rate)): 0.01}, fails={(first, 2)})
    cause = Cause("input-scale", "…", "inputs", 0.9, (), (first,))
    cures = try_cures(subject, [cause], subject.run(200), steps=200, seconds=20)
    assert cures[0].edits == (*first, rate)
    assert next(seed for made, seed, _ in subject.runs if made == (*first, rate)) == 2
    assert [(cure.helped, len(cure.after)) for cure in cures if cure.edits == first] == [(2, 3)]


def test_nothing_more_is_tried_where_one_helps_from_every_start() -> None:
    good = (edits.ScaleInputs(),)
    subject, cures = tried({good: 0.01}, good)
    assert [cure.edits for cure in cures] == [good]
    assert {made for made, _, _ in subject.runs} == {(), good}


def test_where_the_time_is_short_what_helps_is_tried_from_every_start(monkeypatch: pytest.MonkeyPatch) -> None:
    edits_of = [(edits.Clip(float(norm)),) for norm in range(1, 9)]
    subject = Known({frozenset(edits_of[1]): 0.01})
    monkeypatch.setattr("glassgrad.doctor.cures.trials.time", subject.clock)
    causes = [Cause("activation", "…", None, 0.9, (), (made,)) for made in edits_of]
    cures = try_cures(subject, causes, subject.run(200), steps=200, seconds=10)
    assert cures[0].edits == edits_of[1]
    assert (cures[0].helped, len(cures[0].after)) == (3, 3)
    assert cures[-1].why_not == "the time was over"


def test_more_steps_are_the_last_resort() -> None:
    longer, small = (edits.Longer(4.0),), (edits.Rate(0.1),)
    _, cures = tried({longer: 0.001, small: 0.3}, longer, small)
    assert [cure.edits for cure in cures[:2]] == [small, longer]


def test_edits_of_a_kind_are_joined_into_one() -> None:
    adam, slow = edits.NewOptimizer("adam", 1e-3), edits.Rate(0.1)
    assert joined((slow, edits.ScaleInputs()), (edits.Rate(10.0),)) == (edits.ScaleInputs(),)
    assert joined((slow, edits.Clip(1.0)), (adam,)) == (adam, edits.Clip(1.0))
    assert joined((adam,), (slow,)) == (edits.NewOptimizer("adam", 1e-4),)
    assert joined((edits.Longer(4.0),), (edits.Longer(4.0),)) == (edits.Longer(16.0),)
    assert joined((edits.NoDecay(0.1),), (edits.NoDecay(),)) == (edits.NoDecay(),)


def test_right_predictions_and_the_loss_count_alike_as_progress() -> None:
    data = replace(DATA, task="classes", labels=((0.0, 90), (1.0, 10)), baseline=0.325)
    learning = Learning("learns", 1.0, 0.1, 0.1, 0.325, gained=0.8)
    trace = Trace(replace(SETUP, data=data), (1.0, 0.1), (), score_after=0.9)
    assert progress_of(trace, learning) == pytest.approx(0.4)
    assert progress_of(replace(trace, score_after=1.0), learning) == pytest.approx(0.9)
    assert progress_of(replace(trace, setup=SETUP), learning) == pytest.approx(0.8)


def test_longer_training_is_run_longer() -> None:
    longer = (edits.Longer(3.0),)
    subject, _ = tried({longer: 0.001}, longer, seeds=1)
    assert (longer, None, 600) in subject.runs


def test_words_and_sizes() -> None:
    assert titled((edits.ScaleInputs(), edits.Rate(0.1), edits.NewOptimizer("adam", 0.001))) == (
        "Standardise the inputs, learn 10 times as slowly and use Adam with a rate of 0.001"
    )
    assert titled((edits.Rate(1e-5),)) == "Learn 100,000 times as slowly"
    every = [
        edits.Activation("relu"), edits.Clip(1.0), edits.Warmup(10), edits.LastActivation(None), edits.NewLoss("mse"),
        edits.NoDecay(), edits.NoDecay(0.1), edits.Longer(10), edits.BatchSize(2), edits.Rate(10), edits.MeanLoss(),
        edits.ScaleTargets(), edits.Initialise(), edits.Normalise(), edits.Residual(), edits.MatchShapes(),
        edits.ClearGradients(), edits.StepAll(), edits.TrainMode(), edits.GateBias(), edits.DropRows(),
    ]  # fmt: skip
    assert len({titled((edit,)) for edit in every}) == len(every)
    assert size_of((edits.ClearGradients(),)) < size_of((edits.Rate(0.1),)) < size_of((edits.Normalise(),))
    assert size_of((edits.Rate(0.1), edits.ScaleInputs())) > size_of((edits.ScaleInputs(),))
