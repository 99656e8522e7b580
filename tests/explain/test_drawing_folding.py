"""Folding: what is left is acyclic, reaches what it reached, and counts what it hides."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassgrad.base.errors import UsageError
from glassgrad.explain.drawing.acyclic import find_cycle
from glassgrad.explain.drawing.folding import COMFORTABLE, View, folded_view
from glassgrad.explain.drawing.picture import Box, Line, Picture
from tests.explain.drawing_pictures import network, picture, pictures


def titles(view: View) -> list[str]:
    return [leaf.box.title for leaf in view.leaves]


def links(view: View) -> set[tuple[str, str]]:
    names = titles(view)
    return {(names[source], names[target]) for source, target, _ in view.arrows}


def descendants(count, arrows):
    """For every node, all that it reaches."""
    reached = [set() for _ in range(count)]
    following = [[] for _ in range(count)]
    for source, target in arrows:
        following[source].append(target)
    for start in range(count):
        stack = [start]
        while stack:
            for target in following[stack.pop()]:
                if target not in reached[start]:
                    reached[start].add(target)
                    stack.append(target)
    return reached


def leaf_of(view: View, some: Picture) -> dict[str, int]:
    """Which leaf shows each box; the members of a folded block are found by its path and by what is missing."""
    shown = {leaf.box.key: number for number, leaf in enumerate(view.leaves) if not leaf.inner}
    folded = [(number, leaf) for number, leaf in enumerate(view.leaves) if leaf.inner]
    for box in some.boxes:
        if box.key not in shown:
            homes = [n for n, leaf in folded if f"{box.block}/".startswith(f"{leaf.box.block}/")]
            assert homes, box
            if len(homes) == 1:
                shown[box.key] = homes[0]
    return shown


FOLDS = st.sampled_from(["auto", "all", "none"]) | st.sets(st.sampled_from(["a", "a/b", "a/b/c", "a/d", "e", "f/g"]))


@settings(max_examples=200, deadline=None)
@given(pictures(), FOLDS)
def test_folding_keeps_reachability_and_makes_no_cycle(some, fold):
    blocks = {box.block for box in some.boxes if box.block}
    known = {"/".join(block.split("/")[:n]) for block in blocks for n in range(1, block.count("/") + 2)}
    if isinstance(fold, set):
        fold &= known
    view = folded_view(some, fold)
    arrows = [(source, target) for source, target, _ in view.arrows]
    assert find_cycle(len(view.leaves), arrows) == []
    assert sum(leaf.inner or 1 for leaf in view.leaves) == len(some.boxes)
    shown = leaf_of(view, some)
    number = {box.key: i for i, box in enumerate(some.boxes)}
    before = descendants(len(some.boxes), [(number[a.source], number[a.target]) for a in some.arrows])
    after = descendants(len(view.leaves), arrows)
    for source, i in number.items():
        for target, j in number.items():
            if source in shown and target in shown and shown[source] != shown[target] and j in before[i]:
                assert shown[target] in after[shown[source]]


@settings(max_examples=100, deadline=None)
@given(pictures())
def test_any_mix_of_folded_groups_is_acyclic_with_frames_shrunk_too(some):
    """An open frame is one node of the scope around it, so shrinking it must not make a cycle either."""
    view = folded_view(some, "none")
    outermost = []
    for leaf in view.leaves:
        frame = leaf.frame
        while frame >= 0 and view.frames[frame].frame >= 0:
            frame = view.frames[frame].frame
        outermost.append(frame)
    points = [len(view.leaves) + f if f >= 0 else i for i, f in enumerate(outermost)]
    arrows = [(points[s], points[t]) for s, t, _ in view.arrows if points[s] != points[t]]
    assert find_cycle(len(view.leaves) + len(view.frames), arrows) == []


def test_a_folded_block_is_one_box_with_the_lines_of_its_result():
    some = Picture(
        (
            Box("x", "x"),
            Box("n", "-x", (Line("data -1"),), block="sigmoid"),
            Box("s", "σ", (Line("data 0.27"), Line("grad 0.5", "gradient")), block="sigmoid"),
            Box("y", "y"),
        ),
        picture(["x n", "n s", "s y"]).arrows,
    )
    view = folded_view(some, ["sigmoid"])
    assert titles(view) == ["x", "sigmoid", "y"]
    assert links(view) == {("x", "sigmoid"), ("sigmoid", "y")}
    leaf = view.leaves[1]
    assert leaf.inner == 2
    assert [line.text for line in leaf.box.lines] == ["data 0.27", "grad 0.5"]
    assert "σ" in leaf.box.tooltip


def test_a_block_that_would_make_a_cycle_is_split():
    some = picture(["a1 b1", "b1 a2", "a2 b2"], {"a1": "a", "a2": "a", "b1": "b", "b2": "b"})
    view = folded_view(some, "all")
    assert titles(view) == ["a (1 of 2)", "b (1 of 2)", "a (2 of 2)", "b (2 of 2)"]
    assert find_cycle(len(view.leaves), [(s, t) for s, t, _ in view.arrows]) == []


def test_blocks_that_tangle_without_paths_through_others_are_split_too():
    some = picture(["a1 b1", "b2 a2"], {"a1": "a", "a2": "a", "b1": "b", "b2": "b"})
    view = folded_view(some, "all")
    assert len(view.leaves) == 3
    assert find_cycle(len(view.leaves), [(s, t) for s, t, _ in view.arrows]) == []


def test_parameters_stay_with_their_layer_when_a_backward_pass_splits_it():
    arrows, blocks = ["x z1", "W1 z1", "z1 z2", "W2 z2", "z2 d2", "W2 d1", "d2 d1", "z1 d1"], {}
    for layer in "12":
        blocks |= {f"{name}{layer}": f"layer{layer}" for name in "Wzd"}
    view = folded_view(picture(arrows, blocks), "all")
    assert titles(view) == ["x", "layer1 (1 of 2)", "layer2", "layer1 (2 of 2)"]
    assert [leaf.inner for leaf in view.leaves] == [0, 2, 3, 1]


def test_a_block_with_nothing_but_a_block_is_one_frame():
    view = folded_view(picture(["x y", "y z"], {"y": "outer/inner", "z": "outer/inner"}), "none")
    assert [(frame.caption, frame.path) for frame in view.frames] == [("outer/inner", "outer/inner")]
    for name in ("outer", "outer/inner"):
        assert titles(folded_view(picture(["x y", "y z"], {"y": "outer/inner", "z": "outer/inner"}), [name])) == [
            "x",
            "outer/inner",
        ]


def test_inner_blocks_fold_inside_open_ones():
    view = folded_view(network(), ["layer1/sigmoid"])
    assert "sigmoid" in titles(view)
    leaf = next(leaf for leaf in view.leaves if leaf.inner)
    assert view.frames[leaf.frame].path == "layer1"
    assert {frame.path for frame in view.frames} == {"layer1", "layer2", "layer2/sigmoid"}


def staged(stages: int, size: int) -> Picture:
    count = stages * size
    return picture(
        [f"v{i - 1} v{i}" for i in range(1, count)],
        {f"v{i}": f"stage{i // size}/part{i // (size // 2)}" for i in range(count)},
    )


@pytest.mark.parametrize(("stages", "size", "left"), [(3, 4, 12), (10, 20, 20), (2, 40, 4), (50, 10, 50), (70, 10, 70)])
def test_auto_opens_as_much_as_is_comfortable(stages, size, left):
    """Stages of two parts each: all boxes, all parts, or all stages."""
    view = folded_view(staged(stages, size), "auto")
    assert len(view.leaves) == left
    assert len(view.leaves) <= max(COMFORTABLE, stages)


def test_auto_opens_small_blocks_before_large_ones():
    some = picture(
        [f"v{i - 1} v{i}" for i in range(1, 100)], {f"v{i}": "small" if i < 9 else "large" for i in range(100)}
    )
    view = folded_view(some, "auto")
    assert [leaf.inner for leaf in view.leaves] == [0] * 9 + [91]


def test_arrows_at_folded_blocks_are_joined():
    view = folded_view(picture(["x a", "x b", "a y", "b y"], {"a": "f", "b": "f"}), "all")
    assert sorted(links(view)) == [("f", "y"), ("x", "f")]
    assert len(view.arrows) == 2


def test_unknown_blocks_and_choices_are_named():
    with pytest.raises(UsageError, match=r"no block 'sigmiod'(.|\n)*did you mean 'sigmoid'"):
        folded_view(picture(["x y"], {"y": "sigmoid"}), ["sigmiod"])
    with pytest.raises(UsageError, match=r"fold='sigmoid' is not understood(.|\n)*\['sigmoid'\]"):
        folded_view(picture(["x y"], {"y": "sigmoid"}), "sigmoid")


def test_100_000_boxes_are_refused_or_folded():
    count = 100_000
    arrows = [f"v{i - 1} v{i}" for i in range(1, count)]
    with pytest.raises(UsageError, match=r"100,000 boxes(.|\n)*fold"):
        folded_view(picture(arrows), "auto")
    view = folded_view(picture(arrows, {f"v{i}": f"part{i // 2000}" for i in range(count)}), "auto")
    assert len(view.leaves) == 50
