"""Some cases on PyTorch's networks: the verdict and the cause. All of them are scored by benchmarks.doctor."""

import pytest

pytest.importorskip("torch")

import glassgrad as gg
from tests.doctor_cases import suite
from tests.doctor_cases.case import Case
from tests.doctor_cases.in_torch import for_torch
from tests.doctor_cases.loops import LOOPS

BROKEN = (
    "so-42800203", "so-45442843", "no-activation-xor", "log-of-relu-layer", "rate-10", "sigmoid-end-thousands",
    "nan-in-targets", "targets-constant", "broadcast-mse-module",
)  # fmt: skip
HEALTHY = ("easy", "one-sigmoid-sgd", "tanh-end-in-range", "wrong-labels-20")


def examined(case: Case) -> gg.doctor.Report:
    made = for_torch(case, seed=0)
    return gg.doctor.examine(made.model, made.loss, made.data, made.optimizer, steps=case.steps, cures=False)


def watched(case: Case) -> gg.doctor.Report:
    made = for_torch(case, seed=0)
    with gg.doctor.watch(made.model, made.optimizer) as visit:
        LOOPS[case.loop](made, case.steps)
    return visit.report()


@pytest.mark.filterwarnings("ignore:Using a target size")  # which is the fault of one of them
@pytest.mark.parametrize("name", BROKEN)
def test_broken_training_is_found_with_its_cause(name):
    case = suite.named(name)
    report = examined(case)
    assert not report.is_healthy
    assert report.causes[0].name in case.truth.causes


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_training_raises_no_alarm(name):
    report = examined(suite.named(name))
    assert report.is_healthy
    assert report.causes == ()


def test_a_watched_loop_that_keeps_its_gradients_is_found():
    report = watched(suite.named("zero-grad-missing"))
    assert not report.is_healthy
    assert report.causes[0].name == "gradients-kept"


def test_a_watched_loop_that_is_right_raises_no_alarm():
    report = watched(suite.named("watched-validating"))
    assert report.is_healthy


@pytest.mark.parametrize(
    ("name", "first_learns"),
    [("layers-in-a-list", False), ("gru-under-no-grad", False), ("tied-words", True), ("cnn-separable", True)],
)
def test_words_of_the_second_set_have_gradients_where_they_should(name, first_learns):
    made = for_torch(suite.named(name), seed=0)
    inputs, targets = next(iter(made.data))
    made.loss(made.model(inputs), targets).backward()
    learning = [path for path, parameter in made.model.named_parameters() if parameter.grad is not None]
    assert learning
    assert any(path.startswith("0.") for path in learning) == first_learns
