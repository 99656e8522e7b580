"""What is stated once for both frameworks: right predictions, the best constant, formulas, units, tables."""

from dataclasses import replace
from math import inf, log

import numpy as np
import pytest

from glassgrad.doctor.measured.activations import ACTIVATIONS, RANGES
from glassgrad.doctor.measured.losses import LOSSES, loss_formula
from glassgrad.doctor.measured.setup import Part
from glassgrad.doctor.subjects.constants import best_constant
from glassgrad.doctor.subjects.formulas import formula_of
from glassgrad.doctor.subjects.halves import likeness_and_noise
from glassgrad.doctor.subjects.origins import in_given, in_parameter, origin, overflows
from glassgrad.doctor.subjects.scoring import hits
from glassgrad.doctor.subjects.units import can_die, unit_axis
from glassgrad.doctor.subjects.wiring import broadcasts, without_gradient
from glassgrad.nn.activations import ACTIVATIONS as OURS
from tests.doctor.traces import CLASSES, NUMBERS, mlp


def setup(task, loss, *, inside=None):
    found = mlp("linear", data=replace(CLASSES, task=task), loss=loss)
    if inside is not None:
        found = replace(found, parts=(*found.parts, Part(f"loss.{inside}", inside, inside, "activation")))
    return found


@pytest.mark.parametrize(
    ("prediction", "target", "facts", "expected"),
    [
        ([[1, 9], [9, 1], [9, 1]], [1, 1, 0], setup("classes", "cross_entropy"), (2, 3)),
        ([[1, 9], [9, 1]], [[0, 1], [0, 1]], setup("classes", "mse"), (1, 2)),  # one-hot
        ([[1, 9], [9, 1]], [[1], [1]], setup("classes", "nll"), (1, 2)),
        ([[0.9, 0.1], [0.9, 0.9]], [[1, 0], [1, 0]], setup("binary", "binary_cross_entropy"), (3, 4)),  # questions
        ([[4.5], [2.2]], [[4], [2]], setup("classes", "mse"), (2, 2)),
        ([0.4, 0.6], [0, 1], setup("binary", "mse"), (2, 2)),
        ([0.4, 0.6], [0, 1], setup("binary", "binary_cross_entropy_logits"), (1, 2)),
        ([0.4, 0.6], [0, 1], setup("binary", "binary_cross_entropy", inside="sigmoid"), (1, 2)),  # these are logits
        ([0.4, -0.6], [-1, 1], setup("binary", "mse"), (0, 2)),
        ([0.4, 0.6], [-1, 1], setup("binary", "hinge"), (1, 2)),
    ],
)
def test_which_predictions_are_right(prediction, target, facts, expected):
    assert hits(np.array(prediction, float), np.array(target), facts) == expected


def test_numbers_are_neither_right_nor_wrong():
    assert hits(np.ones(3), np.ones(3), mlp("linear", data=NUMBERS, loss="mse")) is None


def mse(targets):
    return lambda constant, batch: float(np.mean((targets[batch] - constant) ** 2))


def test_the_best_constant_is_among_what_the_model_can_give():
    targets = [np.array([-4.0, -2.0]), np.array([-3.0, -3.0])]
    assert best_constant(targets, (), "", mse(targets)) == pytest.approx(0.5)
    assert best_constant(targets, (), "relu", mse(targets)) == pytest.approx((16 + 4 + 9 + 9) / 4)


def test_the_best_constant_for_classes_is_their_frequencies():
    labels = [np.array([0, 0, 0, 2])]

    def cross_entropy(z, batch):
        return float(np.mean(np.log(np.exp(z).sum()) - z[labels[batch]]))

    entropy = -(0.75 * log(0.75) + 0.25 * log(0.25))
    assert best_constant(labels, (3,), "", cross_entropy) == pytest.approx(entropy, rel=1e-4)
    assert best_constant(labels, (3,), "log_softmax", cross_entropy) == pytest.approx(entropy, rel=1e-4)


def test_batches_with_nan_and_losses_that_refuse_are_left_out():
    targets = [np.array([1.0, np.nan]), np.array([1.0, 3.0])]
    assert best_constant(targets, (), "", mse(targets)) == pytest.approx(1.0)
    assert np.isnan(best_constant(targets, (), "", lambda constant, batch: float("nan")))
    assert np.isnan(best_constant(targets[:1], (), "", mse(targets)))


@pytest.mark.parametrize(
    ("kind", "family", "count", "seen", "spectral", "says"),
    [
        ("sigmoid", "activation", 4, {"derivative": 0.034}, [], "σ′ = σ(1 − σ) ≤ 0.25, here 0.034"),
        (
            "relu",
            "activation",
            4,
            {"zeros": 0.5, "dead": 0.25},
            [],
            "ReLU: 50 % of entries ≤ 0, 25 % of units",
        ),
        ("softmax", "activation", 1, {"derivative": 0.0}, [], "softmax over one unit: p = 1, p(1 − p) = 0"),
        ("my_bend", "activation", 4, {"derivative": 2.0}, [], "my_bend′, here 2"),
        ("linear", "weights", 4, {}, [1.5], "W: spectral norm 1.5"),
        ("lstm", "recurrence", 4, {}, [1.5, 3.0], "largest of 2 matrices: spectral norm 3"),
        ("layernorm", "normalisation", 4, {"deviation": 0.5}, [], "γ/σ, σ 0.5 over all entries"),
        ("clamp", "other", 4, {"inside": 0.031}, [], "clipped: derivative 0, but for 3 % of entries"),
        ("log", "other", 4, {"least": 1e-7}, [], "log′ = 1/x, least x 1e-07"),
        ("flatten", "other", 4, {}, [], ""),
        ("log", "other", 4, {}, [], ""),
    ],
)
def test_what_is_said_of_a_link(kind, family, count, seen, spectral, says):
    found = formula_of(kind, family, count, seen, spectral)
    assert (says in found) if says else found == ""


def test_a_sum_is_not_divided():
    assert loss_formula("cross_entropy", "mean") == "∂L/∂z = (softmax(z) − y)/n"
    assert loss_formula("cross_entropy", "sum") == "∂L/∂z = (softmax(z) − y)"


def test_the_table_of_activations_says_what_ours_give():
    x = np.concatenate([np.linspace(-30, 30, 20_001), [-1e4, 1e4]])
    for kind, known in ACTIVATIONS.items():
        if kind not in OURS or "softmax" in kind:
            continue
        y = np.asarray(OURS[kind](x))
        slope = np.abs(np.diff(y[:-2]) / np.diff(x[:-2])).max()
        assert known.low - 1e-3 <= y.min(), kind
        assert y.max() <= known.high + 1e-3, kind
        if known.low > -inf:
            assert y.min() == pytest.approx(known.low, abs=2e-3), kind
        if known.largest is not None:
            assert slope == pytest.approx(known.largest, rel=0.02), kind
    assert RANGES["sigmoid"] == (0.0, 1.0)
    assert "leaky_relu" not in RANGES


def test_every_loss_has_words_and_a_derivative():
    assert all(known.words for known in LOSSES.values())
    assert all(known.derivative.startswith("∂L/∂") for name, known in LOSSES.items() if name != "ctc")


def test_units_are_channels_behind_a_convolution_alone():
    assert unit_axis(4, "conv", "") == unit_axis(4, "relu", "conv") == unit_axis(3, "relu", "conv") == 1
    assert unit_axis(3, "gelu", "linear") == unit_axis(4, "linear", "conv") == unit_axis(2, "relu", "conv") == -1
    assert can_die("relu", "activation")
    assert not can_die("leaky_relu", "activation")
    assert not can_die("linear", "weights")


@pytest.mark.parametrize(
    ("kind", "given", "result", "says"),
    [
        ("log", [[0.0, 2.0]], [-inf, 1.0], "log of 0 in 1 of 2 entries"),
        ("log", [[-1.0, 2.0]], [np.nan, 1.0], "log of a negative number in 1 of 2 entries"),
        ("log1p", [[-1.0, 2.0]], [-inf, 1.0], "log1p of −1 in 1 of 2 entries"),
        ("sqrt", [[-1.0, 2.0]], [np.nan, 1.0], "sqrt of a negative number in 1 of 2 entries"),
        ("divide", [[1.0, 2.0], [0.0, 2.0]], [inf, 1.0], "division by 0 in 1 of 2 entries"),
        ("div", [[1.0, 2.0], 0.0], [inf, inf], "division by 0 in 2 of 2 entries"),
        ("arccos", [[1.5, 0.0]], [np.nan, 1.0], "acos of a number beyond −1 and 1 in 1 of 2 entries"),
        ("power", [[-1.5, 4.0], 0.5], [np.nan, 2.0], "pow: a fraction's power of a negative number in 1 of 2 entries"),
        ("pow", [[0.0, 4.0], -1.0], [inf, 0.25], "pow: a negative power of 0 in 1 of 2 entries"),
        ("pow", [[0.0, 1e200]], [0.0, inf], "pow gives infinite in 1 of 2 entries; its input goes from 0 to 1e+200"),
        ("pow", [[-1e200, 1.0]], [inf, 1.0], "pow gives infinite in 1 of 2 entries; its input goes from -1e+200 to 1"),
        ("div", [[0.0, 1e308]], [0.0, inf], "div gives infinite in 1 of 2 entries; its input goes from 0 to 1e+308"),
        ("div", [[1.0, 1e308], [0.0, 0.1]], [inf, inf], "division by 0 in 1 of 2 entries"),
        ("exp", [[900.0, 0.0]], [inf, 1.0], "exp gives infinite in 1 of 2 entries; its input goes from 0 to 900"),
    ],
)
def test_what_an_operation_was_given(kind, given, result, says):
    numbers = [np.array(one) for one in given]
    assert origin(kind, numbers, np.array(result)) == says
    assert overflows(kind, numbers, np.array(result)) is ("gives infinite" in says)


def test_what_was_given_is_told_with_its_share():
    bad = in_given(3, "target", np.array([1.0, np.nan]))
    assert (bad.step, bad.phase, bad.what) == (3, "target", "nan")
    assert "1 of 2 entries" in bad.says
    assert in_given(3, "input", np.array([1, 2])) is None
    assert in_parameter(3, "a.weight", np.array([np.inf])).what == "inf"


def test_halves_that_say_nothing_are_not_measured():
    assert likeness_and_noise(1.0, 2.0, -2.0, 3.0) == (-1.0, 0.0)
    assert likeness_and_noise(0.0, 1.0, 0.0, 1.0) == (None, None)
    assert likeness_and_noise(inf, 1.0, np.nan, 1.0) == (None, None)


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "steps", "expected"),
    [
        ("mse", (32, 1), (32,), [((32, 1), (32, 32))], True),
        ("mse", (32,), (32, 1), [((32,), (32, 32))], True),
        ("mse", (32, 1), (32,), [], False),  # it reshapes the target itself
        ("mse", (32, 1), (32, 1), [], False),
        ("mse", (1, 1), (1,), [], False),
        ("mse", (32, 3), (3,), [], True),
        ("mse", (32, 3), (32,), [], False),  # it raises
        ("cross_entropy", (32, 1), (32,), [], False),
        ("custom", (32, 1), (32,), [((32, 1), (32, 1))], False),
        ("custom", (32, 1), (32,), [((32, 32), (32, 1)), ((32, 1), (32, 32))], True),
    ],
)
def test_what_is_broadcast(loss, prediction, target, steps, expected):
    assert broadcasts(loss, prediction, target, steps) is expected


def test_parameters_without_a_gradient():
    assert without_gradient(["a", "b"], ["a", "b"], ["a", "b"]) == []
    assert without_gradient(["a", "b"], [], []) == ["detached"]
    assert without_gradient([], [], []) == []
