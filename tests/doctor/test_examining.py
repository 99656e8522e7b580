"""Which steps are looked at, and how long cures run."""

from dataclasses import replace

from glassgrad.doctor.examining import first_run
from glassgrad.doctor.measured.sample import Bad
from glassgrad.doctor.measured.steps import sampled
from glassgrad.doctor.measured.trace import Trace
from tests.doctor.test_trials import Known


def test_samples_are_dense_at_the_start_and_reach_the_end() -> None:
    assert sampled(1) == (0,)
    assert sampled(3) == (0, 1, 2)
    found = sampled(2_000)
    assert found[:5] == (0, 1, 2, 4, 8)
    assert found[-1] == 1_999
    assert len(found) == len(set(found)) <= 12


class Breaking(Known):
    """A subject whose trainings break off in step 2."""

    def run(self, steps, **how) -> Trace:
        trace = super().run(steps, **how)
        bad = Bad(2, "loss", "loss", "log", "nan")
        return replace(trace, losses=trace.losses[:3], bad=bad)


def test_cures_get_the_steps_that_were_asked_for_where_the_training_broke_off() -> None:
    trace, given = first_run(Breaking({}), 300, 60.0)
    assert (len(trace.losses), given) == (3, 300)
    _, given = first_run(Breaking({}), None, 60.0)
    assert given >= 200
    trace, given = first_run(Known({}), None, 60.0)
    assert given == len(trace.losses)
