"""fit(doctor=True): the same numbers, watched."""

import warnings

import numpy as np
import pytest

from glassgrad import nn, optim, train
from glassgrad.base.errors import UsageError

X = np.random.default_rng(0).normal(size=(210, 6)).astype(np.float32)
LABELS = (X[:, 0] > 0).astype(np.int64)


def fit(model, targets=LABELS, loss=nn.cross_entropy, optimizer=None, **settings):
    given = {"epochs": 12, "store": False, "progress": False} | settings
    return train.fit(model, (X, targets), loss, optimizer or optim.adam(0.02), **given)


def classifier(**settings):
    return nn.mlp([6, 16, 16, 2], key=0, **settings)


def test_the_numbers_are_those_of_a_run_without_the_doctor():
    plain, seen = fit(classifier(dropout=0.2)), fit(classifier(dropout=0.2), doctor=True)
    for path, value in plain.last_model.parameters().items():
        np.testing.assert_array_equal(value, seen.last_model.parameters()[path])
    assert plain.history["loss"].tolist() == seen.history["loss"].tolist()
    assert plain.visit is None


def test_a_run_that_learns_is_healthy():
    report = fit(classifier(), doctor=True).visit.report()
    assert report.verdict == "healthy"
    assert not report.causes


def test_samples_are_spread_over_the_run_and_their_losses_are_those_of_its_steps():
    run = fit(classifier(dropout=0.2), doctor=True)
    trace = run.visit.report().trace
    steps = [sample.step for sample in trace.samples]
    assert len(trace.losses) == run.step
    assert steps[0] == 0
    assert 6 <= len(steps) <= 12
    assert len(set(np.diff(steps).tolist())) == 1
    for sample in trace.samples:  # of a padded batch the real rows count
        assert sample.loss == pytest.approx(trace.losses[sample.step], rel=1e-4)


def test_updates_are_those_of_the_steps():
    run = fit(classifier(), optimizer=optim.sgd(0.25), doctor=True)
    for weights in run.visit.report().trace.samples[-1].weights:
        assert weights.update == pytest.approx(0.25 * weights.gradient, rel=1e-3)


def test_a_step_that_gave_no_numbers_is_made_again_and_traced():
    targets = (1e6 * X[:, :1]).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", train.FailedTrainingWarning)
        run = fit(nn.mlp([6, 16, 1], key=0), targets, nn.mse, optim.sgd(1.0, momentum=0.5), doctor=True)
    report = run.visit.report()
    assert report.learning.course == "fails"
    assert report.trace.bad.step == run.step - 1
    assert report.trace.bad.phase in ("forward", "loss", "backward")
    assert report.trace.bad.path != ""


def test_frozen_parameters_are_seen():
    run = fit(classifier().freeze("layers[0]"), doctor=True)
    learns = {parameter.path: parameter.learns for parameter in run.visit.report().trace.setup.parameters}
    assert not learns["layers[0].weight"]
    assert learns["layers[4].weight"]


def test_before_the_first_step_there_is_nothing_to_report():
    def stop(event):
        if isinstance(event, train.Started):
            with pytest.raises(UsageError, match="before the first step"):
                event.run.visit.report()

    fit(classifier(), callbacks=[stop], epochs=1, doctor=True)


class FailsAt:
    """In place of a method of the visit: does what it does, and at some call raises instead."""

    def __init__(self, method, call):
        self.method, self.left = method, call

    def __call__(self, *arguments):
        self.left -= 1
        if self.left == 0:
            raise MemoryError("no room for a copy")
        return self.method(*arguments)


@pytest.mark.parametrize("name", ["note_batch", "note", "stepped"])
def test_a_doctor_who_fails_lets_the_run_go_on_and_says_so(monkeypatch, name):
    from glassgrad.doctor.subjects.own.visit import Visit

    plain = fit(classifier(dropout=0.2))
    watched = getattr(Visit, name)
    fails = FailsAt(watched, 9)
    monkeypatch.setattr(Visit, name, lambda *arguments: fails(*arguments))
    seen = fit(classifier(dropout=0.2), doctor=True)
    assert seen.status == "finished"
    for path, value in plain.last_model.parameters().items():
        np.testing.assert_array_equal(value, seen.last_model.parameters()[path])
    report = seen.visit.report()
    assert len(report.trace.losses) == 8
    assert report.trace.notes == ("the run was watched for 8 steps only: MemoryError: no room for a copy",)
    assert "watched for 8 steps only" in " ".join(str(report).split())


def test_a_doctor_who_fails_at_once_has_no_report_but_a_reason(monkeypatch):
    from glassgrad.doctor.subjects.own.visit import Visit

    monkeypatch.setattr(Visit, "note", FailsAt(None, 1))
    run = fit(classifier(), doctor=True)
    assert run.status == "finished"
    with pytest.raises(UsageError, match="no room for a copy"):
        run.visit.report()


def test_what_is_kept_stays_within_the_memory_for_it(monkeypatch):
    from glassgrad.doctor.subjects.own import visit

    whole = fit(classifier(), doctor=True).visit
    size = max(moment.nbytes for moment in whole.moments)
    monkeypatch.setattr(visit, "MEMORY", 6 * size)
    seen = fit(classifier(), doctor=True).visit
    assert 1 <= len(seen.batches) < len(whole.batches)
    assert 2 <= len(seen.moments) < len(whole.moments)
    assert seen.held + sum(moment.nbytes for moment in seen.moments) <= 6 * size


def test_a_report_asked_for_after_the_last_step_is_not_given_again_after_the_end():
    run = fit(classifier(), doctor=True)
    whole, last = run.visit.report(), run.visit.last
    run.visit.last = None  # as it is after the last step, before the end
    before = run.visit.report()
    run.visit.last = last
    assert before.trace is not whole.trace
    assert run.visit.report() is whole
