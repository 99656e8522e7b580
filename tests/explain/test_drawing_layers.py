"""The parts of the layout by themselves: ranks, wrapping, spreading, trunks, against laws and other solvers."""

import itertools
import random

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from glassgrad.explain.drawing.acyclic import find_cycle, strong_components, topological_order
from glassgrad.explain.drawing.effort import Effort
from glassgrad.explain.drawing.layers import rank, wrap
from glassgrad.explain.drawing.lettering import mono_width, sans_width, shortened
from glassgrad.explain.drawing.route import spread_out
from glassgrad.explain.drawing.simplex import shorten
from glassgrad.explain.drawing.trunks import Joint, layered, longest_trunk


@st.composite
def acyclic_links(draw, most=14):
    count = draw(st.integers(1, most))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] < pair[1])
    return count, draw(st.lists(pairs, max_size=2 * count)) if count > 1 else []


def random_links(count, seed):
    dice = random.Random(seed)
    return [(dice.randrange(max(0, i - 9), i), i) for i in range(1, count) for _ in range(dice.choice([1, 1, 2]))]


def total_length(ranks, links):
    return sum(ranks[target] - ranks[source] for source, target in links)


@settings(deadline=None)
@given(acyclic_links())
def test_ranks_go_down_and_are_as_short_as_a_linear_program_finds(case):
    count, links = case
    ranks = rank(count, links)
    assert all(ranks[target] > ranks[source] for source, target in links)
    if links:
        assert total_length(ranks, links) == pytest.approx(shortest(count, links))


def shortest(count, links):
    """The least total length, from a solver that shares nothing with ours."""
    rows = np.zeros((len(links), count))
    for row, (source, target) in zip(rows, links, strict=True):
        row[source] += 1
        row[target] -= 1
    costs = -rows.sum(axis=0)
    found = scipy.optimize.linprog(costs, A_ub=rows, b_ub=-np.ones(len(links)), bounds=(0, count))
    return found.fun


def test_ranks_of_300_nodes_are_optimal():
    links = random_links(300, 7)
    assert total_length(rank(300, links), links) == pytest.approx(shortest(300, links))


def test_shortening_stops_at_its_limit_with_a_sound_result():
    links = random_links(200, 3)
    edges = [(source, target, 1) for source, target in dict.fromkeys(links)]
    ranks = list(range(200))
    effort = Effort(50)
    shorten(ranks, edges, effort)
    assert all(ranks[target] > ranks[source] for source, target in links)
    assert effort.spent < 50 + 20 * 200


def test_every_component_starts_at_the_top():
    assert rank(5, [(0, 1), (1, 2), (3, 4)]) == [0, 1, 2, 0, 1]


@settings(deadline=None)
@given(acyclic_links(40), st.floats(60, 400))
def test_wrapped_layers_are_no_broader_than_asked(case, limit):
    count, links = case
    breadths = [30.0 + 7 * (i % 5) for i in range(count)]
    ranks = wrap(rank(count, links), breadths, links, limit)
    assert all(ranks[target] > ranks[source] for source, target in links)
    assert min(ranks) == 0
    for layer in set(ranks):
        on_it = [breadth for breadth, other in zip(breadths, ranks, strict=True) if other == layer]
        assert sum(on_it) <= limit or len(on_it) == 1


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6), st.floats(1, 8))
def test_spread_out_is_the_nearest_place_that_keeps_its_distance(wishes, step):
    wishes = sorted(wishes)
    places = spread_out(wishes, -30.0, 30.0, step)
    assert places[0] >= -30 - 1e-9
    assert places[-1] <= 30 + 1e-9
    assert all(b - a >= step - 1e-9 for a, b in itertools.pairwise(places))
    found = scipy.optimize.minimize(
        lambda x: np.sum((x - wishes) ** 2),
        np.linspace(-30, 30, len(wishes)),
        jac=lambda x: 2 * (x - wishes),
        method="SLSQP",
        bounds=[(-30, 30)] * len(wishes),
        constraints={"type": "ineq", "fun": lambda x: np.diff(x) - step} if len(wishes) > 1 else (),
    )
    assert sum((p - w) ** 2 for p, w in zip(places, wishes, strict=True)) <= found.fun * (1 + 1e-6) + 1e-6


def test_spread_out_squeezes_where_there_is_no_room():
    assert spread_out([0, 0, 0], -2, 2, 10) == pytest.approx([-2, 0, 2])


def test_links_of_one_source_share_their_bends():
    links = [(Joint(0, 0.0), Joint(target, 0.0)) for target in (1, 2, 3)]
    picture = layered([0, 3, 3, 2], [10.0] * 4, links)
    assert picture.trails[0] == picture.trails[1]
    assert picture.trails[0][:1] == picture.trails[2]
    assert len(picture.breadths) == 4 + 2


def test_the_longest_trunks_are_cut_first():
    assert longest_trunk([1, 2, 3, 50], 100) == 50
    assert longest_trunk([1, 2, 3, 50], 10) == 49
    assert longest_trunk([4, 4, 4], 9) == 3


@given(acyclic_links())
def test_topological_order_holds_all_nodes_after_their_sources(case):
    count, links = case
    place = {node: position for position, node in enumerate(topological_order(count, links))}
    assert len(place) == count
    assert all(place[source] < place[target] for source, target in links)
    assert find_cycle(count, links) == []
    assert len(set(strong_components(count, links))) == count


@given(st.integers(2, 8), st.integers(0, 5))
def test_a_cycle_is_found_and_is_one_component(length, tail):
    links = [(i, (i + 1) % length) for i in range(length)] + [(i, i + 1) for i in range(length - 1, length + tail - 1)]
    cycle = find_cycle(length + tail, links)
    assert sorted(cycle) == list(range(length))
    assert all(pair in links for pair in itertools.pairwise([*cycle, cycle[0]]))
    component = strong_components(length + tail, links)
    assert len(set(component[:length])) == 1
    assert len(set(component)) == 1 + tail


def test_deep_graphs_need_no_recursion():
    links = [(i, i + 1) for i in range(200_000)]
    assert len(set(strong_components(200_001, links))) == 200_001
    assert topological_order(200_001, links)[-1] == 200_000


def test_text_widths():
    assert sans_width("iii", 10) < sans_width("mmm", 10)
    assert sans_width("grad", 10, bold=True) > sans_width("grad", 10)
    assert mono_width("abcd", 10) == pytest.approx(24.08)
    assert mono_width("漢", 10) > mono_width("a", 10)
    assert sans_width("e\u0301", 10) == sans_width("e", 10)
    assert shortened("a  long\nname of a value", 10) == "a long na…"
    assert shortened("short", 10) == "short"
