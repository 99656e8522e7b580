"""Which cause is named first, told apart by the set-up, by what was measured, and by what a change does."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.finding import find_causes
from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.measured.sample import Bad, Output
from glassgrad.doctor.measured.setup import Column, LossFacts, Part
from glassgrad.doctor.subjects import edits
from glassgrad.doctor.symptoms.finding import find_symptoms
from tests.doctor.traces import BATCH, CLASSES, NUMBERS, Pretend, diagnose, losses, mlp, sample, trace

FLAT = losses(1.1, 1.0986)
PLAIN = mlp("linear", "relu", "linear")
REGRESSION = mlp("linear", "relu", "linear", data=NUMBERS, loss="mse")
BINARY = replace(CLASSES, task="binary", labels=((0.0, 250), (1.0, 262)), baseline=0.6931)
ONE = Output((BATCH, 1), 0.5, 0.2, 0.0, 1.0, 0.2, 1)
SEVERAL = Output((BATCH, 3), 0.0, 1.0, -1.0, 1.0, 1.0)


def names(measured, subject=None, seconds=10.0):
    causes = diagnose(measured, subject, seconds)[2]
    return [cause.name for cause in causes if cause.confidence >= 0.5]


def main(measured, *helps):
    """The first cause, where these edits (or nothing) help on a copy."""
    return diagnose(measured, Pretend(measured, helps), 10.0)[2][0]


def scaled(data, mean, std):
    column = Column(mean, std, mean - 2 * std, mean + 2 * std)
    return replace(data, inputs=column, features=(column,) * 8)


@pytest.mark.parametrize(
    ("setup", "output", "name"),
    [
        (mlp("linear", "relu", "linear", "softmax", data=BINARY, loss="binary_cross_entropy"), ONE, "one-unit-softmax"),
        (mlp("linear", "relu", "linear", data=BINARY), ONE, "one-unit-softmax"),
        (mlp("linear", "relu", "linear", data=BINARY, loss="binary_cross_entropy"), ONE, "loss-mismatch"),
        (mlp("linear", "relu", "linear", "relu", data=BINARY, loss="binary_cross_entropy"), ONE, "output-range"),
        (mlp("linear", "relu", "linear", "softmax"), None, "double-softmax"),
        (mlp("linear", "sigmoid", data=BINARY, loss="binary_cross_entropy_logits"), ONE, "double-softmax"),
        (mlp("linear", "relu", "linear", "softmax", loss="nll"), None, "loss-mismatch"),
        (mlp("linear", "relu", "linear", "sigmoid", data=NUMBERS, loss="mse"), None, "output-range"),
        (mlp("linear", "relu", "linear", data=NUMBERS, loss="cross_entropy"), SEVERAL, "loss-mismatch"),
        (mlp("linear", "linear", "linear"), None, "no-activation"),
    ],
)  # fmt: skip
def test_what_the_set_up_says_by_itself(setup, output, name):
    samples = (sample(setup, 0, output=output), sample(setup, 199, output=output))
    assert names(trace(setup, FLAT, samples), seconds=0.0)[0] == name


def test_a_log_softmax_before_cross_entropy_changes_nothing():
    setup = mlp("linear", "relu", "linear", "log_softmax")
    assert "double-softmax" not in names(trace(setup, FLAT))


@pytest.mark.parametrize("word", ["gradients_kept", "broadcasting"])
def test_wrong_wiring_is_a_finding_even_where_the_loss_falls(word):
    measured = trace(replace(REGRESSION, wiring=(word,)), losses(1.0, 0.1))
    assert names(measured) == [word.replace("_", "-")]


def test_a_healthy_training_has_no_cause_whatever_the_set_up_looks_like():
    """An odd rate, big inputs, sigmoids and a sum: the loss falls, so they do no harm."""
    setup = mlp("linear", "sigmoid", "linear", data=scaled(CLASSES, 100.0, 70.0), rate=3.0, loss="cross_entropy")
    setup = replace(setup, loss=LossFacts("cross_entropy", "nn.CrossEntropyLoss(reduction='sum')", "sum"))
    assert diagnose(trace(setup, losses(1.1, 0.1)))[2] == ()


def test_evaluation_mode_matters_only_where_there_is_something_that_it_changes():
    curve = losses(1.1, 0.1)
    assert names(trace(replace(PLAIN, wiring=("eval_mode",)), curve)) == []
    assert names(trace(mlp("linear", "batchnorm", "relu", "linear", wiring=("eval_mode",)), curve)) == ["eval-mode"]


def test_constant_labels_have_no_cure():
    setup = replace(PLAIN, data=replace(CLASSES, labels=((0.0, 512),), baseline=0.0))
    cause = diagnose(trace(setup, losses(1.1, 1e-4)))[2][0]
    assert (cause.name, cause.link, cause.edits) == ("labels", "targets", ())


@pytest.mark.parametrize("share", [1e-3, 0.2])
def test_nan_in_the_data_goes_before_the_nan_that_it_makes(share):
    setup = replace(PLAIN, data=replace(CLASSES, nan_inputs=share))
    bad = Bad(0, "input", "inputs", "data", "nan")
    causes = diagnose(trace(setup, (float("nan"),), (sample(setup),), bad=bad, before=None, after=None))[2]
    assert (causes[0].name, causes[0].link) == ("nan-data", "inputs")


def test_the_log_of_a_relu():
    bad = Bad(0, "forward", "3", "log", "inf", "log of 0 in 9 of 96 entries")
    setup = mlp("linear", "relu", "linear", "relu")
    assert names(trace(setup, (float("inf"),), (sample(setup),), bad=bad, before=None, after=None))[0] == "unsafe-log"


def test_a_log_that_fails_after_the_loss_exploded_is_not_the_reason():
    bad = Bad(50, "loss", "loss", "log", "nan", "log of 0")
    curve = tuple(np.exp(np.linspace(0, 20, 50)))
    samples = (sample(PLAIN, 0, ratio=3.0), sample(PLAIN, 25, 1e4, ratio=3.0))
    setup = replace(PLAIN, optimizers=mlp("linear", "linear", rate=10.0).optimizers)
    assert names(trace(setup, curve, samples, bad=bad))[0] == "rate-too-high"


@pytest.mark.parametrize(
    ("setup", "helps", "name"),
    [
        (
            mlp("linear", "relu", "linear", data=scaled(CLASSES, 120.0, 70.0)),
            (edits.ScaleInputs, edits.Rate),
            "input-scale",
        ),
        (mlp("linear", "relu", "linear", data=scaled(CLASSES, 120.0, 70.0), rate=10.0), (edits.Rate,), "rate-too-high"),
        (mlp("linear", "relu", "linear", rate=1e-6), (edits.Rate, edits.NewOptimizer), "rate-too-low"),
        (mlp("linear", "relu", "linear", rate=1e-2), (edits.NewOptimizer,), "optimizer"),
        (
            mlp("linear", "sigmoid", "linear", "sigmoid", "linear", "sigmoid", "linear"),
            (edits.Activation,),
            "activation",
        ),
    ],
)
def test_what_a_change_does_on_a_copy_tells_causes_apart(setup, helps, name):
    ratio = 2e-3 * setup.optimizers[0].rate / 0.05
    samples = (sample(setup, 0, ratio=ratio), sample(setup, 199, ratio=ratio))
    cause = main(trace(setup, FLAT, samples), *helps)
    assert cause.name == name
    assert cause.tested
    assert cause.confidence > 0.5


def test_a_sum_goes_before_the_rate_that_it_makes_too_high():
    setup = replace(REGRESSION, loss=LossFacts("mse", "nn.MSELoss(reduction='sum')", "sum"))
    samples = (sample(setup, 0, ratio=0.5), sample(setup, 99, 1e5, ratio=0.5))
    causes = diagnose(trace(setup, np.exp(np.linspace(0, 12, 100)), samples), None)[2]
    assert causes[0].name == "loss-sum"
    measured = trace(setup, np.exp(np.linspace(0, 12, 100)), samples)
    assert main(measured, edits.MeanLoss, edits.Rate).name == "loss-sum"


def test_targets_in_thousands_behind_a_linear_layer_and_behind_a_sigmoid():
    large = Column(5e3, 2e3, 100.0, 9e3)
    data = replace(NUMBERS, targets=large, baseline=4e6)
    curve = losses(2.9e7, 2.8e7)
    assert (
        main(trace(mlp("linear", "relu", "linear", data=data, loss="mse"), curve), edits.ScaleTargets).name
        == "target-scale"
    )
    behind = trace(mlp("linear", "relu", "linear", "sigmoid", data=data, loss="mse"), curve)
    assert main(behind, edits.LastActivation).name == "output-range"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"std": 0.0, "mean": 0.0}, "all weights at 0"),
        ({"std": 8.0}, "large"),
        ({"std": 1e-5}, "tiny"),
        ({"mean": 0.5, "std": 0.29}, "around 0.5"),
    ],
)
def test_weights_that_start_far_from_what_suits_their_size(change, word):
    odd = tuple(p if p.is_bias else replace(p, **change) for p in PLAIN.parameters)
    cause = main(trace(replace(PLAIN, parameters=odd), FLAT), edits.Initialise)
    assert cause.name == "initialisation"
    assert word in cause.title


def test_biases_far_below_zero():
    odd = tuple(replace(p, mean=-8.0, std=0.0) if p.is_bias else p for p in PLAIN.parameters)
    samples = tuple(sample(PLAIN, step, units={"1": {"dead": 1.0}}) for step in (0, 199))
    cause = main(trace(replace(PLAIN, parameters=odd), FLAT, samples), edits.Initialise, edits.Activation)
    assert cause.name == "initialisation"
    assert "-8" in " ".join(cause.evidence)


def test_zeros_in_the_last_layer_alone_are_a_good_start():
    zero = tuple(replace(p, std=0.0, mean=0.0) if p.link == "2" else p for p in PLAIN.parameters)
    assert "initialisation" not in names(trace(replace(PLAIN, parameters=zero), FLAT))


def test_units_that_die_by_the_steps_point_to_the_rate_and_dead_ones_from_the_start_do_not():
    setup = mlp("linear", "relu", "linear", rate=1.0)
    dead = {"1": {"dead": 1.0}}
    late = trace(setup, FLAT, (sample(setup, 0, ratio=0.5), sample(setup, 199, units=dead)))
    assert main(late, edits.Rate, edits.Activation).name == "rate-too-high"


def test_a_slow_training_is_left_alone_unless_a_small_change_does_radically_better():
    setup = mlp("linear", "relu", "linear", rate=0.02)
    slow = trace(setup, tuple(np.linspace(1.1, 1.0, 200)))
    assert judge(slow).course == "slow"
    assert names(slow, Pretend(slow, ())) == []
    assert main(slow, edits.Rate).name == "rate-too-low"


def test_no_signal_is_what_is_left_where_nothing_helps():
    measured = trace(PLAIN, FLAT)
    causes = diagnose(measured, Pretend(measured, ()), 10.0)[2]
    assert causes[0].name == "no-signal"
    assert causes[0].edits == ()
    assert "one batch" in " ".join(causes[0].evidence)


def test_dropout_and_decay_that_leave_nothing():
    decay = tuple(replace(each, decay=1.0) for each in PLAIN.optimizers)
    assert main(trace(replace(PLAIN, optimizers=decay), FLAT), edits.NoDecay).name == "regularisation"


def test_nothing_is_tried_where_a_fact_explains_everything():
    setup = mlp("linear", "relu", "linear", data=BINARY)
    measured = trace(setup, FLAT, (sample(setup, 0, output=ONE), sample(setup, 199, output=ONE)))
    pretend = Pretend(measured, ())
    diagnose(measured, pretend, 10.0)
    assert pretend.runs == []


def test_no_change_is_tried_twice_and_none_without_time():
    measured = trace(PLAIN, FLAT)
    pretend = Pretend(measured, ())
    diagnose(measured, pretend, 10.0)
    assert len(pretend.runs) == len(set(pretend.runs)) > 0
    idle = Pretend(measured, ())
    diagnose(measured, idle, 0.0)
    assert idle.runs == []


def test_sentences_are_in_words():
    """No code names, and no number that is none."""
    for setup in (PLAIN, REGRESSION, mlp("linear", "sigmoid", "linear", "softmax", loss="mse")):
        measured = trace(setup, FLAT)
        learning = judge(measured)
        case = Case(measured, learning, find_symptoms(measured, learning), Pretend(measured, (edits.Rate,)), 10.0)
        for cause in find_causes(case):
            text = " ".join((cause.title, *cause.evidence, *cause.tested))
            assert "nan" not in text
            assert "_" not in text, text


@pytest.mark.parametrize(("layers", "count"), [(30, 1), (3, 0)])
def test_weights_that_are_a_little_too_small_add_up_with_depth(layers, count):
    setup = mlp(*["linear", "relu"] * layers, "linear")
    small = tuple(p if p.is_bias else replace(p, std=0.6 * p.std) for p in setup.parameters)
    causes = diagnose(trace(replace(setup, parameters=small), FLAT))[2]
    assert [cause.name for cause in causes].count("initialisation") == count


def test_what_is_wrong_by_itself_stands_before_what_helps_a_little():
    """In so few steps nothing gets far, with or without the second softmax."""
    setup = mlp("linear", "relu", "linear", "softmax", rate=1e-2)
    assert main(trace(setup, tuple(np.linspace(1.12, 1.06, 200))), edits.NewOptimizer).name == "double-softmax"


@pytest.mark.parametrize(("last", "found"), [(0.1, []), (0.6, ["not-in-optimizer"])])
def test_a_trunk_outside_the_optimiser_is_meant_only_where_it_serves_the_head(last, found):
    held = tuple(replace(p, is_stepped=p.link == "2") for p in PLAIN.parameters)
    measured = trace(replace(PLAIN, parameters=held), tuple(np.linspace(1.1, last, 200)))
    assert judge(measured).course == "learns"
    assert names(measured) == found


def test_a_training_that_ends_early_on_its_way_is_told_so_where_more_steps_do_it():
    few = trace(PLAIN, tuple(np.linspace(1.15, 0.8, 40)))
    assert main(few, edits.Longer).name == "too-few-steps"
    assert names(few, Pretend(few, ())) == []
    assert names(trace(PLAIN, tuple(np.linspace(1.15, 0.8, 200)))) == []


def test_a_loss_of_ones_own_that_falls_below_0_hides_targets_that_are_out_of_reach():
    """Binary cross-entropy written by hand, with targets in the thousands behind a sigmoid."""
    data = replace(NUMBERS, targets=Column(500.0, 290.0, 0.0, 1000.0), baseline=-50.0)
    setup = mlp("linear", "relu", "linear", "sigmoid", data=data, loss="custom")
    measured = trace(setup, tuple(np.linspace(4000.0, -1300.0, 200)))
    assert judge(measured).course == "learns"
    assert names(measured) == ["output-range"]


@pytest.mark.parametrize(("kind", "name"), [("relu", "output-range"), ("sigmoid", "loss-mismatch")])
def test_the_end_of_a_classifier_is_judged_behind_a_loss_of_ones_own_too(kind, name):
    setup = mlp("linear", "relu", "linear", kind, loss="custom")
    assert main(trace(setup, FLAT), edits.NewLoss).name == name


def test_a_rate_is_raised_until_it_helps():
    setup = mlp("linear", "relu", "linear", rate=1e-4, name="rmsprop")
    measured = trace(setup, FLAT)

    @dataclass
    class Steep(Pretend):
        """Only a rate far beyond the usual one gets anywhere."""

        def run(self, steps, **options):
            factors = [edit.factor for edit in self.edits if isinstance(edit, edits.Rate)]
            self.helps = (edits.Rate,) if factors and max(factors) >= 1000 else ()
            return super().run(steps, **options)

    cause = diagnose(measured, Steep(measured, ()), 10.0)[2][0]
    assert cause.name == "rate-too-low"
    assert cause.edits[0] == (edits.Rate(1000.0),)


def test_a_change_gets_enough_steps_where_the_training_broke_off():
    bad = Bad(2, "loss", "loss", "mse", "inf", "the square of a number that is too large")
    measured = trace(REGRESSION, (1.0, 1e8, 1e20), (sample(REGRESSION, 0, ratio=5.0),), bad=bad, after=None)
    steps = []

    @dataclass
    class Counts(Pretend):
        def run(self, count, **options):
            steps.append(count)
            return super().run(count, **options)

    assert diagnose(measured, Counts(measured, (edits.Rate,)), 10.0)[2][0].name == "rate-too-high"
    assert min(steps) >= 100


@pytest.mark.parametrize("title", ["Dropout(p=0.95)", "Dropout(rate=0.95)", "Dropout(0.95)"])
def test_dropout_that_leaves_nothing(title):
    parts = (*PLAIN.parts[:2], Part("drop", title, "dropout", "other"), *PLAIN.parts[2:])
    cause = main(trace(replace(PLAIN, parts=parts), FLAT), edits.NoDecay)
    assert (cause.name, cause.link) == ("regularisation", "drop")


def test_a_cut_graph_names_the_part_that_cuts_it():
    parts = (*PLAIN.parts[:2], Part("cut", "detach", "detach", "other"), *PLAIN.parts[2:])
    cause = diagnose(trace(replace(PLAIN, parts=parts, wiring=("detached",)), FLAT))[2][0]
    assert (cause.name, cause.link) == ("detached", "cut")


def test_a_prediction_of_one_number_an_example_may_come_from_several_units():
    setup = mlp("linear", "relu", "linear", "softmax", loss="custom")
    picked = Output((BATCH,), 0.3, 0.1, 0.0, 1.0, 0.1)
    measured = trace(setup, FLAT, (sample(setup, 0, output=picked), sample(setup, 199, output=picked)))
    assert "one-unit-softmax" not in names(measured)


def test_targets_outside_0_to_1_for_a_cross_entropy_of_shares():
    data = replace(BINARY, labels=((-1.0, 250), (1.0, 262)))
    setup = mlp("linear", "relu", "linear", "sigmoid", data=data, loss="binary_cross_entropy")
    samples = (sample(setup, 0, output=ONE), sample(setup, 199, output=ONE))
    measured = trace(setup, tuple(np.linspace(1.0, -20.0, 200)), samples)
    assert judge(measured).course == "diverges"
    assert names(measured)[0] == "loss-mismatch"


def test_a_rate_that_moves_no_weight_makes_no_loss_jump():
    """The loss jumps from batch to batch: with tiny steps that is noise, with large ones they do it."""
    setup = replace(REGRESSION, optimizers=mlp("linear", "linear", rate=1e-5, name="adam").optimizers)
    curve = tuple(1.0 + 0.5 * np.random.default_rng(0).standard_normal(200))
    tiny = tuple(sample(setup, step, ratio=1e-5) for step in (0, 199))
    large = tuple(sample(setup, step, ratio=0.5) for step in (0, 199))
    assert judge(trace(setup, curve, tiny)).course == "oscillates"
    assert main(trace(setup, curve, tiny), edits.Rate).name == "rate-too-low"
    assert main(trace(setup, curve, large), edits.Rate).name == "rate-too-high"


def test_steps_of_a_millionth_are_too_small_also_where_larger_ones_are_not_enough():
    setup = mlp("linear", "relu", "linear", rate=1e-6)
    samples = (sample(setup, 0, ratio=1e-8), sample(setup, 199, ratio=1e-8))
    assert main(trace(setup, FLAT, samples), edits.NewOptimizer).name == "rate-too-low"


def test_a_softmax_over_one_unit_is_taken_away_where_the_targets_are_numbers():
    setup = mlp("linear", "relu", "linear", "softmax", data=NUMBERS, loss="mse")
    cause = diagnose(trace(setup, FLAT, (sample(setup, 0, output=ONE),)))[2][0]
    assert cause.name == "one-unit-softmax"
    assert cause.edits == ((edits.LastActivation(None),),)


def test_a_rate_is_not_blamed_where_nothing_speaks_for_it_and_nothing_is_tried():
    setup = mlp("linear", "relu", "linear", rate=0.05)
    measured = trace(setup, FLAT, (sample(setup, 0), sample(setup, 199)))
    found = find_causes(Case(measured, judge(measured), find_symptoms(measured, judge(measured))))
    assert not {"rate-too-low", "optimizer"} & {cause.name for cause in found}


def test_a_square_that_overflows_is_no_power_at_its_edge():
    says = "pow gives infinite in 9 of 96 entries; its input goes from -1e+30 to 3e+25"
    bad = Bad(1, "loss", "loss", "pow", "inf", says, overflows=True)
    assert "unsafe-log" not in names(trace(REGRESSION, (1.0, np.inf), bad=bad))
    edge = Bad(1, "loss", "loss", "pow", "inf", "pow: a negative power of 0 in 9 of 96 entries")
    assert names(trace(REGRESSION, (1.0, np.inf), bad=edge))[0] == "unsafe-log"
