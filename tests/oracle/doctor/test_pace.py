"""How often a watched loop is sampled, by a clock that the test sets: the share of the time it costs is kept."""

import pytest

from glassgrad.doctor.subjects.torch import pace
from glassgrad.doctor.subjects.torch.pace import SHARE, Pace


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

    monkeypatch.setattr(pace, "perf_counter", lambda: Clock.now)
    return Clock


def sampled(clock, steps, plain, cost, *, every=None, first=0.0):
    """(the steps that were sampled, the pace) of a loop whose steps take `plain` seconds, sampled ones `cost` more."""
    found, made = [], Pace(every)
    for step in range(steps):
        is_due = made.is_due(step)
        clock.now += plain + (cost if is_due else 0.0) + (first if step == 0 else 0.0)
        made.ended(step, was_sampled=is_due)
        if is_due:
            found.append(step)
    return found, made


@pytest.mark.parametrize("times", [0.5, 2.0, 10.0])
@pytest.mark.parametrize("steps", [300, 3000])
def test_samples_take_their_share_of_the_time_and_no_more(clock, steps, times):
    found, made = sampled(clock, steps, 0.03, 0.03 * times)
    spent = len(found) * 0.03 * times
    assert spent <= 1.001 * SHARE * made.seconds or len(found) == 2
    assert made.overhead == pytest.approx(spent)
    assert found[:2] == [0, 3]
    assert len(found) >= 0.9 * min(steps * SHARE / times, 40) - 1  # and they make use of it


def test_a_short_training_is_sampled_all_the_same(clock):
    found, _ = sampled(clock, 100, 0.0005, 0.003)
    assert found[:5] == [0, 3, 9, 21, 45]


def test_what_happens_once_in_the_first_step_is_no_price_of_samples(clock):
    slow, _ = sampled(clock, 300, 0.03, 0.015, first=20.0)
    usual, _ = sampled(clock, 300, 0.03, 0.015)
    assert slow[:2] == [0, 3]
    assert len(slow) >= len(usual)


def test_cheap_samples_are_some_a_hundred_steps(clock):
    found, _ = sampled(clock, 10_000, 0.01, 0.0)
    assert 100 < len(found) < 600


def test_a_distance_that_is_asked_for_is_kept_whatever_it_costs(clock):
    found, _ = sampled(clock, 100, 0.01, 1.0, every=7)
    assert found == list(range(0, 100, 7))
