"""Where things are drawn: boxes apart, frames around their members, arrows from border to border along the flow."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassgrad.explain.drawing.folding import folded_view
from glassgrad.explain.drawing.labels import overlap, placed_labels
from glassgrad.explain.drawing.lettering import SMALL_SIZE, sans_width
from glassgrad.explain.drawing.nesting import Drawing, Rectangle, lay_out
from glassgrad.explain.drawing.picture import Arrow, Box, Picture
from tests.explain.drawing_pictures import chain, fan, micrograd, network, picture, pictures, there_and_back

DIRECTIONS = st.sampled_from(["down", "right"])
FOLDS = st.sampled_from(["auto", "all", "none"])


def drawn(some, direction="down", fold="none") -> Drawing:
    return lay_out(folded_view(some, fold), direction)


def box(drawing, title) -> Rectangle:
    return next(r for leaf, r in zip(drawing.view.leaves, drawing.boxes, strict=True) if leaf.box.title == title)


def holds(outer: Rectangle, inner: Rectangle) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width + 1e-6
        and inner.y + inner.height <= outer.y + outer.height + 1e-6
    )


def check_rectangles(drawing: Drawing) -> None:
    """All lies on the page and in its frames; nothing overlaps but frames and what they hold."""
    page = Rectangle(-1e-6, -1e-6, drawing.width + 1e-6, drawing.height + 1e-6)
    frames = list(zip(drawing.view.frames, drawing.frames, strict=True))
    around = {-1: set()}
    for number, (frame, _) in enumerate(frames):
        around[number] = {number, *around[frame.frame]}
    boxes = [(area, around[leaf.frame]) for leaf, area in zip(drawing.view.leaves, drawing.boxes, strict=True)]
    boxes += [(area, {i for i, (_, frame) in enumerate(frames) if holds(frame, area)}) for _, area in drawing.tags]
    for area, home in boxes:
        assert holds(page, area)
        assert home == {i for i, (_, frame) in enumerate(frames) if overlap(frame, area)}
        assert all(holds(drawing.frames[frame], area) for frame in home)
    for (one, _), (other, _) in itertools.combinations(boxes, 2):
        assert not overlap(one, other)
    for one, other in itertools.combinations(range(len(frames)), 2):
        related = one in around[other] or other in around[one]
        assert overlap(drawing.frames[one], drawing.frames[other]) == related
        assert not related or holds(drawing.frames[one], drawing.frames[other])


def check_ways(drawing: Drawing) -> None:
    """Ways start and end on borders, never go against the flow, and touch no other box on their way."""
    for (source, target, _), ways in zip(drawing.view.arrows, drawing.ways, strict=True):
        start, end = drawing.boxes[source], drawing.boxes[target]
        assert len(ways) in (1, 2)
        assert on_border(ways[0][0], start, drawing.direction, leaving=True)
        tip = ways[-1][-1]
        if drawing.cards[target].look == "disc":
            radius = end.width / 2
            assert math.hypot(tip[0] - end.x - radius, tip[1] - end.y - radius) == pytest.approx(radius, abs=1e-6)
        else:
            assert on_border(tip, end, drawing.direction, leaving=False)
        for way in ways:
            for (x1, y1), (x2, y2) in itertools.pairwise(way):
                assert (y2 >= y1 - 1e-6) if drawing.direction == "down" else (x2 >= x1 - 1e-6)


def on_border(point, area: Rectangle, direction: str, *, leaving: bool) -> bool:
    x, y = point
    if direction == "down":
        edge, along = area.y + (area.height if leaving else 0), y
        across, low, high = x, area.x, area.x + area.width
    else:
        edge, along = area.x + (area.width if leaving else 0), x
        across, low, high = y, area.y, area.y + area.height
    return abs(edge - along) < 1e-6 and low - 1e-6 <= across <= high + 1e-6


def check_free_ways(drawing: Drawing) -> None:
    """Ways run through no box: every stretch between knots (an S-curve stays within them) misses all boxes."""
    for (source, target, _), ways in zip(drawing.view.arrows, drawing.ways, strict=True):
        for way in ways:
            for (x1, y1), (x2, y2) in itertools.pairwise(way):
                stretch = Rectangle(min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))
                for number, area in enumerate(drawing.boxes):
                    inner = Rectangle(area.x + 0.01, area.y + 0.01, area.width - 0.02, area.height - 0.02)
                    if number in (source, target) and drawing.cards[number].look == "disc":
                        continue  # arrows end on the disc, within its square
                    assert not overlap(stretch, inner), (source, target, number)


@settings(max_examples=150, deadline=None)
@given(pictures(), DIRECTIONS, FOLDS)
def test_random_pictures_are_drawn_soundly(some, direction, fold):
    drawing = drawn(some, direction, fold)
    check_rectangles(drawing)
    check_ways(drawing)
    check_free_ways(drawing)


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize(
    "some", [micrograd(), network(), fan(90), chain(200), there_and_back(80), picture(["a b"]), Picture(())]
)
def test_typical_pictures_are_drawn_soundly(some, direction):
    drawing = drawn(some, direction)
    check_rectangles(drawing)
    check_ways(drawing)
    check_free_ways(drawing)


@pytest.mark.parametrize("some", [micrograd(), network(), fan(40), there_and_back(8)])
def test_what_can_be_drawn_without_crossings_is(some):
    assert drawn(some).crossings == 0


def test_crossings_that_cannot_be_avoided_are_counted():
    assert drawn(picture(["a x", "a y", "a z", "b x", "b y", "b z", "c x", "c y", "c z"])).crossings == 9


def test_a_tangled_order_is_combed():
    letters = "abcdefgh"
    arrows = [f"{letter} {letter}{letter}" for letter in letters]
    twisted = [f"{letter}{letter} {letter * 3}" for letter in reversed(letters)]
    assert drawn(picture([*arrows, *twisted])).crossings == 0


def test_a_chain_is_straight_and_its_parameters_stand_beside_it():
    drawing = drawn(picture(["x m", "W m", "m z", "b z", "z s", "x s"]))
    middles = {title: box(drawing, title).x + box(drawing, title).width / 2 for title in "mzs"}
    assert middles["m"] == pytest.approx(middles["z"])
    assert middles["z"] == pytest.approx(middles["s"])


def test_parameters_stand_right_above_their_use():
    drawing = drawn(picture(["x a", "a b", "b c", "c d", "W d"]))
    assert box(drawing, "W").y > box(drawing, "b").y


def test_a_wide_fan_is_wrapped_into_a_page():
    drawing = drawn(fan(200))
    assert drawing.width < 3600
    rows = {round(area.y) for leaf, area in zip(drawing.view.leaves, drawing.boxes, strict=True) if "y" in leaf.box.key}
    assert 5 <= len(rows) <= 20


def test_wrapped_branches_stay_whole():
    """Sixty branches of three boxes: wrapping moves branches down, it does not tear them apart."""
    arrows = [f"{a} {b}" for i in range(60) for a, b in itertools.pairwise(["x", f"a{i}", f"b{i}", f"c{i}", "end"])]
    drawing = drawn(picture(arrows))
    lengths = [box(drawing, f"c{i}").y - box(drawing, f"a{i}").y for i in range(60)]
    assert max(lengths) < 400
    assert drawing.width < 3000


def test_shared_ways_are_one_trunk():
    """A value used far away three times leaves its box as one line."""
    drawing = drawn(picture(["x a", "a b", "b c", "c d", "x b", "x c", "x d"]))
    ways = [ways[0] for (source, _, _), ways in zip(drawing.view.arrows, drawing.ways, strict=True) if source == 0]
    starts = {way[:3] for way in ways if len(way) > 3}
    assert len(starts) == 1


def test_far_links_of_a_long_backward_pass_are_tags():
    drawing = drawn(there_and_back(150))
    texts = {text for text, _ in drawing.tags}
    assert "to d0" in texts
    assert "from z0" in texts
    assert len([ways for ways in drawing.ways if len(ways) == 2]) == len(drawing.tags) / 2
    assert drawing.width < 2000


def test_operands_keep_their_order():
    drawing = drawn(picture(["a minus", "b minus"]))
    assert box(drawing, "a").x < box(drawing, "b").x


@pytest.mark.parametrize("direction", ["down", "right"])
def test_labels_stand_clear_of_boxes_and_of_each_other(direction):
    boxes = tuple(Box(key, key) for key in "abcdes")
    some = Picture(boxes, tuple(Arrow(key, "s", f"from {key}") for key in "abcde"))
    drawing = drawn(some, direction)
    width = sans_width("from a", SMALL_SIZE)
    places = [Rectangle(x - width / 2, y - 9, width, 12) for x, y in placed_labels(drawing).values()]
    assert len(places) == 5
    for place in places:
        assert not any(overlap(place, area) for area in drawing.boxes)
    for one, other in itertools.combinations(places, 2):
        assert not overlap(one, other)


def test_parallel_arrows_arrive_apart():
    some = Picture((Box("x", "x"), Box("y", "y")), (Arrow("x", "y", "left"), Arrow("x", "y", "right")))
    (first,), (second,) = drawn(some).ways
    assert abs(first[-1][0] - second[-1][0]) > 5


def test_a_frame_holds_its_members_and_nobody_else():
    drawing = drawn(network())
    paths = {frame.path: area for frame, area in zip(drawing.view.frames, drawing.frames, strict=True)}
    assert set(paths) == {"layer1", "layer1/sigmoid", "layer2", "layer2/sigmoid"}
    for leaf, area in zip(drawing.view.leaves, drawing.boxes, strict=True):
        for path, frame in paths.items():
            belongs = leaf.box.block is not None and f"{leaf.box.block}/".startswith(f"{path}/")
            assert holds(frame, area) == belongs


@pytest.mark.parametrize("some", [chain(500), fan(498), there_and_back(250)])
def test_the_cost_of_500_boxes_is_bounded(some):
    check_cost(some, 500)


@pytest.mark.parametrize("some", [chain(5000), there_and_back(2500)])
def test_the_cost_of_5000_boxes_is_bounded(some):
    check_cost(some, 5000)


def check_cost(some, count):
    """Bends and steps of crossing reduction grow in proportion to the boxes, so that the time does."""
    drawing = drawn(some)
    knots = len({knot for ways in drawing.ways for way in ways for knot in way})
    assert knots < 40 * count
    assert drawing.steps < 2000 * count
