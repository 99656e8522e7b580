"""Does it learn? On curves whose answer a person would give at a glance."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.measured.sample import Bad
from tests.doctor.traces import CLASSES, NUMBERS, losses, mlp, trace

SETUP = mlp("linear", "relu", "linear")
REGRESSION = mlp("linear", "relu", "linear", data=NUMBERS, loss="mse")


@pytest.mark.parametrize("noise", [0.0, 0.15])
@pytest.mark.parametrize(
    ("setup", "curve", "course"),
    [
        (SETUP, (1.3, 0.2), "learns"),
        (SETUP, (1.2, 1.0986), "stuck"),  # the bias has learned the shares of the labels, and that is all
        (SETUP, (40.0, 1.0986), "stuck"),  # from a wild start down to what a constant reaches
        (SETUP, (0.3, 0.2), "learns"),  # it came in knowing a lot
        (SETUP, (1.1, 5.0), "diverges"),
        (REGRESSION, (1.1, 0.1), "learns"),
        (REGRESSION, (1.0, 1.0), "stuck"),
        (REGRESSION, (1.0, 3e4), "diverges"),
    ],
)
def test_the_course_of_plain_curves(setup, curve, course, noise):
    assert judge(trace(setup, losses(*curve, noise=noise))).course == course


def test_early_but_steady_is_learning_and_creeping_is_slow():
    falling = np.linspace(1.1, 0.55, 150)
    assert judge(trace(SETUP, falling)).course == "learns"
    for creeping in (np.linspace(1.1, 0.85, 150), np.linspace(1.1, 1.04, 60)):
        assert judge(trace(SETUP, creeping)).course == "slow"


def test_a_plateau_halfway_is_slow_not_stuck():
    assert judge(trace(REGRESSION, losses(1.0, 0.75))).course == "slow"


def test_up_and_down_without_gain_oscillates():
    curve = 1.2 + 3.0 * np.abs(np.random.default_rng(1).standard_normal(200)) ** 2
    assert judge(trace(SETUP, curve, after=1.3)).course == "oscillates"


def test_no_number_is_a_failure_unless_only_the_data_have_one():
    bad = Bad(7, "forward", "1", "log", "nan", "log of a negative number in 3 of 32 entries")
    learning = judge(trace(SETUP, losses(1.1, 1.0, 7), bad=bad, after=nan))
    assert learning.course == "fails"
    assert "log of a negative number" in learning.reason
    harmless = Bad(0, "input", "inputs", "data", "nan")
    assert judge(trace(SETUP, losses(1.1, 0.1), bad=harmless)).course == "learns"


def test_constant_labels_are_not_learned():
    data = replace(CLASSES, labels=((0.0, 512),), baseline=0.0)
    learning = judge(trace(replace(SETUP, data=data), losses(1.1, 1e-4)))
    assert learning.course == "stuck"
    assert "nothing to learn" in learning.reason


def test_right_predictions_count_where_the_loss_says_little():
    """A loss behind two softmaxes cannot fall far."""
    assert judge(trace(SETUP, losses(1.1, 1.05), score_before=0.33, score_after=0.95)).course == "learns"


def test_evaluation_before_the_running_means_are_right_does_not_count_against_it():
    assert judge(trace(SETUP, losses(1.1, 0.1), after=2.5)).course == "learns"


def test_losses_of_single_examples_are_beside_a_constant_in_the_mean_not_in_the_middle():
    """Squared errors of a constant: half of them are below 0.45, and the mean is 1."""
    curve = tuple(np.random.default_rng(0).standard_normal(1000) ** 2)
    assert np.median(curve[-100:]) < 0.5
    assert judge(trace(REGRESSION, curve, before=1.0, after=1.0)).gained == 0
    assert not judge(trace(REGRESSION, curve, before=1.0, after=1.0)).is_learning


def test_a_loss_that_falls_below_what_it_can_be_is_not_learning():
    setup = mlp("linear", "relu", "linear", loss="nll")
    learning = judge(trace(setup, tuple(np.linspace(0.2, -600, 200))))
    assert learning.course == "diverges"
    assert "below 0" in learning.reason


def test_a_flat_curve_that_gained_little_is_stuck():
    curve = (*np.linspace(0.79, 0.69, 30), *[0.69] * 490)
    assert judge(trace(replace(SETUP, data=replace(CLASSES, baseline=nan)), curve)).course == "stuck"


def test_a_constant_that_the_model_cannot_give_is_no_measure():
    """-ln p written by hand: a constant "probability" of 14 would reach -2.6."""
    setup = replace(mlp("linear", "relu", "linear", "softmax", loss="custom"), data=replace(CLASSES, baseline=-2.6))
    learning = judge(trace(setup, losses(1.1, 0.01), score_before=0.3, score_after=1.0))
    assert learning.course == "learns"
    assert judge(trace(setup, losses(1.1, 1.09), score_before=0.3, score_after=0.3)).course == "stuck"
