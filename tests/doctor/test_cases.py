"""Some cases on our own networks: the verdict and the cause. All of them are scored by benchmarks.doctor."""

import pytest

import glassgrad as gg
from tests.doctor_cases import suite
from tests.doctor_cases.case import Case
from tests.doctor_cases.in_own import for_own
from tests.doctor_cases.layers import read

BROKEN = (
    "so-42800203", "so-45442843", "no-activation-xor", "log-of-relu-layer", "sigmoid-end-thousands", "nan-in-targets",
    "targets-constant",
)  # fmt: skip
HEALTHY = ("easy", "one-sigmoid-sgd", "tanh-end-in-range", "wrong-labels-20")


def examined(case: Case) -> gg.doctor.Report:
    made = for_own(case, seed=0)
    return gg.doctor.examine(made.model, made.loss, made.data, made.optimizer, steps=case.steps, cures=False)


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


def test_cases_are_facts_that_both_halves_have_their_share_of():
    assert len({case.name for case in suite.ALL}) == len(suite.ALL)
    assert len(suite.BROKEN) >= 60
    assert len(suite.HEALTHY) >= 50
    for cases in (suite.BROKEN, suite.HEALTHY):
        share = sum(case.half == "tuning" for case in cases) / len(cases)
        assert 0.4 < share < 0.6


def test_the_second_set_is_of_all_kinds_and_each_case_can_be_made():
    cases = suite.SETS["second"]
    assert sum(case.truth is not None for case in cases) >= 45
    assert sum(case.truth is None for case in cases) >= 35
    words = " ".join(case.layers for case in cases)
    assert all(word in words for word in ("linear", "conv", "rnn", "lstm", "gru", "transformer"))
    for case in cases:
        for one in (case, case.twin()) if case.truth else (case,):
            if "own" in one.frameworks:
                assert for_own(one, seed=0).data


def test_words_for_layers_nest_and_repeat():
    first, second, last = read("2 * (residual (linear 8, relu)), linear 1")
    assert first == second
    assert [word.name for word in first.inner] == ["linear", "relu"]
    assert (last.name, last.size) == ("linear", 1)
