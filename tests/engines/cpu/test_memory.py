"""Where the values of a program lie: none over another that lives, in little more room than has to be."""

import random
import time

import pytest

from glassgrad.engines.cpu.plan.memory import Lifetime, aligned, arena


def lives(count, longest, sizes, seed):
    draw = random.Random(seed)
    found = []
    for owner in range(count):
        start = draw.randrange(count)
        found.append(Lifetime(owner, draw.choice(sizes), start, min(start + draw.randrange(longest + 1), count)))
    return found


def most_alive(lifetimes):
    """The bytes that live at the busiest step: no placement takes less."""
    change = {}
    for life in lifetimes:
        change[life.start] = change.get(life.start, 0) + aligned(max(life.nbytes, 1))
        change[life.end + 1] = change.get(life.end + 1, 0) - aligned(max(life.nbytes, 1))
    now = most = 0
    for step in sorted(change):
        now += change[step]
        most = max(most, now)
    return most


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("count", "longest"), [(1, 0), (20, 3), (300, 5), (700, 300), (700, 10)])
def test_what_lives_at_once_lies_apart(count, longest, seed):
    lifetimes = lives(count, longest, (0, 1, 64, 100, 4096, 70000), seed)
    places, size = arena(lifetimes)
    assert places.keys() == {life.owner for life in lifetimes}
    for life in lifetimes:
        at = places[life.owner].number
        assert at % 64 == 0
        assert at + life.nbytes <= size
        for other in lifetimes:
            if other.owner < life.owner and other.start <= life.end and life.start <= other.end:
                start = places[other.owner].number
                assert start + other.nbytes <= at or at + life.nbytes <= start


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("count", "longest"), [(100, 8), (600, 40), (3000, 40), (3000, 1000)])
def test_the_room_is_near_the_least_that_it_can_be(count, longest, seed):
    lifetimes = lives(count, longest, (8, 800, 4096, 1 << 16, 1 << 20), seed)
    assert arena(lifetimes)[1] <= 1.25 * most_alive(lifetimes)


def test_values_of_one_size_take_no_more_than_live_at_once():
    lifetimes = lives(20_000, 50, (8,), 0)
    assert arena(lifetimes)[1] <= most_alive(lifetimes) + 256 * 64


def test_the_work_grows_with_the_number_of_values():
    def seconds(count):
        lifetimes = lives(count, count, (8, 64, 800), 0)
        start = time.process_time()
        arena(lifetimes)
        return time.process_time() - start

    assert min(seconds(40_000) for _ in range(3)) < 40 * max(min(seconds(4000) for _ in range(3)), 0.01)


def test_nothing_needs_no_room():
    assert arena([]) == ({}, 0)
