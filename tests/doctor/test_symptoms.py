"""The symptom that a person would name first, on traces made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.measured.sample import Bad, Link, Output
from glassgrad.doctor.symptoms.finding import find_symptoms
from tests.doctor.traces import BATCH, CLASSES, NUMBERS, losses, mlp, sample, trace

PLAIN = mlp("linear", "relu", "linear", "relu", "linear")
DEEP = mlp(*["linear", "sigmoid"] * 8, "linear")
FLAT = losses(1.1, 1.0986)


def found(measured):
    return find_symptoms(measured, judge(measured))


def first(measured):
    symptoms = found(measured)
    assert symptoms, "nothing was found"
    return symptoms[0]


def both(setup, **changes):
    return (sample(setup, 0, 1.1, **changes), sample(setup, 199, 1.1, **changes))


@pytest.mark.parametrize(("setup", "gain"), [(PLAIN, 0.9), (DEEP, 0.2), (PLAIN, 30.0)])
def test_a_training_that_learns_has_none_whatever_its_gradient(setup, gain):
    assert found(trace(setup, losses(1.1, 0.1), both(setup, gain=gain))) == ()


def test_vanishing_names_the_activation_that_takes_most():
    gains = {part.path: 0.1 for part in DEEP.parts if part.kind == "sigmoid"} | {"5": 0.02}
    symptom = first(trace(DEEP, FLAT, both(DEEP, gains=gains)))
    assert (symptom.name, symptom.link) == ("vanishing", "5")


def test_vanishing_back_in_time():
    setup = mlp("lstm", "linear")
    samples = tuple(
        replace(
            each,
            links=(
                *each.links[:2],
                Link("0", "LSTM(8 → 16)", "recurrence", 0.1, 0.1, time=tuple(0.5 ** np.arange(100))),
            ),
        )
        for each in both(setup)
    )
    symptom = first(trace(setup, FLAT, samples))
    assert (symptom.name, symptom.link) == ("vanishing", "0")
    assert "back in time" in symptom.title


def test_dead_units_go_before_the_zero_gradient_and_the_constant_output_that_they_explain():
    still = Output((BATCH, 3), 0.0, 0.1, 0.0, 0.1, 0.0, 1)
    dead = sample(PLAIN, 199, 1.1, gradient=0.0, units={"3": {"dead": 1.0}}, output=still)
    names = [symptom.name for symptom in found(trace(PLAIN, FLAT, (sample(PLAIN), dead)))]
    assert names[0] == "dead-units"
    assert {"zero-gradient", "constant-output"} <= set(names)


def test_dead_units_say_when_they_died():
    dead = {"3": {"dead": 1.0}}
    late = first(trace(PLAIN, FLAT, (sample(PLAIN, 0), sample(PLAIN, 199, units=dead))))
    early = first(trace(PLAIN, FLAT, both(PLAIN, units=dead)))
    assert (late.step, early.step) == (199, 0)
    assert "before any update" in " ".join(early.evidence)


def test_many_zeros_are_not_dead_units():
    zeros = {"1": {"zeros": 0.8, "dead": 0.2}, "3": {"zeros": 0.8, "dead": 0.1}}
    assert "dead-units" not in [symptom.name for symptom in found(trace(PLAIN, FLAT, both(PLAIN, units=zeros)))]


def test_saturation():
    setup = mlp("linear", "tanh", "linear")
    symptom = first(trace(setup, FLAT, both(setup, units={"1": {"saturated": 0.97}})))
    assert (symptom.name, symptom.link) == ("saturation", "1")


def test_a_leaky_relu_and_a_softmax_over_one_unit_are_neither_dead_nor_saturated():
    setup = mlp("linear", "leaky_relu", "linear", "softmax")
    samples = both(setup, units={"1": {"dead": 1.0}})
    names = [symptom.name for symptom in found(trace(setup, FLAT, samples))]
    assert "dead-units" not in names


def test_not_updated_names_the_parameters():
    frozen = tuple(replace(p, is_stepped=p.link != "0") for p in PLAIN.parameters)
    setup = replace(PLAIN, parameters=frozen, wiring=("not_in_optimizer",))
    symptom = first(trace(setup, FLAT))
    assert symptom.name == "not-updated"
    assert "0.weight" in symptom.title


def test_a_head_on_a_fixed_trunk_that_learns_is_meant():
    fixed = tuple(replace(p, learns=p.link == "4") for p in PLAIN.parameters)
    assert found(trace(replace(PLAIN, parameters=fixed), losses(1.1, 0.1))) == ()


def test_nan_says_where_it_arose():
    bad = Bad(3, "forward", "1", "log", "nan", "log of a negative number")
    symptom = first(trace(PLAIN, (1.1, 1.0, 1.1), bad=bad))
    assert (symptom.name, symptom.link, symptom.step) == ("nan", "1", 3)
    assert "log of a negative number" in " ".join(symptom.evidence)


def test_the_loss_rises():
    curve = np.exp(np.linspace(0, 12, 100))
    samples = (sample(PLAIN, 0, 1.0), sample(PLAIN, 99, 1e5, ratio=0.05))
    names = [symptom.name for symptom in found(trace(PLAIN, curve, samples))]
    assert "diverging" in names
    assert "exploding" not in names


def test_a_loss_that_never_doubled_is_not_said_to_have():
    symptoms = found(trace(PLAIN, np.linspace(10.0, 19.0, 100)))
    says = next(symptom.evidence[1] for symptom in symptoms if symptom.name == "diverging")
    assert says == "It starts at 10 and gets to 19 at step 99."


def test_exploding_is_a_gradient_that_outgrows_the_weights():
    samples = (sample(PLAIN, 0, 1.0), sample(PLAIN, 99, 1e5, gradient=1e6))
    assert first(trace(PLAIN, np.exp(np.linspace(0, 12, 100)), samples)).name == "exploding"


def test_constant_output_beside_targets_in_thousands():
    data = replace(NUMBERS, targets=replace(NUMBERS.targets, mean=5e3, std=2e3), baseline=4e6)
    setup = mlp("linear", "relu", "linear", data=data, loss="mse")
    output = Output((BATCH, 1), 5e3, 1.0, 4990.0, 5010.0, 1.0)
    assert first(trace(setup, losses(4.1e6, 4e6), both(setup, output=output))).name == "constant-output"


def test_oscillating():
    curve = 1.2 + 3.0 * np.abs(np.random.default_rng(1).standard_normal(200)) ** 2
    assert "oscillating" in [symptom.name for symptom in found(trace(PLAIN, curve, after=1.3))]


def test_tiny_steps_are_seen_by_the_real_update():
    assert "update-ratio" in [symptom.name for symptom in found(trace(PLAIN, FLAT, both(PLAIN, ratio=1e-7)))]


def test_something_is_always_said_of_a_training_that_is_stuck():
    assert [symptom.name for symptom in found(trace(PLAIN, FLAT))] == ["slow"]


def test_a_noisy_gradient():
    samples = tuple(replace(each, likeness=0.0, noise=0.05) for each in both(PLAIN))
    assert "noisy" in [symptom.name for symptom in found(trace(PLAIN, FLAT, samples))]


def test_titles_are_in_words_and_numbers_are_short():
    data = replace(CLASSES)
    for setup in (PLAIN, DEEP, replace(PLAIN, data=data)):
        for symptom in found(trace(setup, FLAT, both(setup, ratio=1e-7))):
            assert "nan" not in symptom.title
            assert "_" not in symptom.title


def test_gradients_that_are_no_numbers_are_no_vanishing_ones():
    """The last sample before a NaN may hold some."""
    samples = (sample(PLAIN, 0, gradient=float("nan")), sample(PLAIN, 2, gradient=float("nan")))
    timed = tuple(
        replace(each, links=(Link("0", "LSTM", "recurrence", 0.1, 0.1, time=(1.0, 0.5, 0.2, 0.1, float("nan"))),))
        for each in samples
    )
    bad = Bad(3, "backward", "0", "linear", "nan")
    for measured in (samples, timed):
        assert first(trace(PLAIN, (1.1, 1.1, 1.1), measured, bad=bad)).name == "nan"
