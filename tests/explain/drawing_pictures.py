"""Pictures that several tests of the drawing share, and hypothesis strategies for random ones."""

import random
from collections.abc import Iterable

from hypothesis import strategies as st

from glassgrad.explain.drawing import Arrow, Box, Line, Picture


def scalar(key: str, data: float, grad: float, kind: str = "value") -> Box:
    return Box(key, key, (Line(f"data {data:.4f}"), Line(f"grad {grad:.4f}", "gradient")), kind)


def picture(arrows: Iterable[str], blocks: dict[str, str] | None = None, title: str = "") -> Picture:
    """`["a b", "b c"]` and the blocks of some boxes; boxes are made as they are met."""
    pairs = [tuple(arrow.split()) for arrow in arrows]
    keys = dict.fromkeys(key for pair in pairs for key in pair)
    return Picture(
        tuple(Box(key, key, (Line("(3,)", "shape"),), block=(blocks or {}).get(key)) for key in keys),
        tuple(Arrow(*pair) for pair in pairs),
        title,
    )


def micrograd() -> Picture:
    """L = (a·b + c)·f with its gradients: 5 scalars and 3 operators; it can be drawn without crossings."""
    boxes = (
        scalar("a", 2, 6, "input"),
        scalar("b", -3, -4, "input"),
        Box("mul", "×", (), "operation"),
        scalar("c", 10, -2, "input"),
        Box("add", "+", (), "operation"),
        scalar("f", -2, 4, "parameter"),
        Box("mul2", "×", (), "operation"),
        scalar("L", -8, 1, "loss"),
    )
    arrows = ("a mul", "b mul", "mul add", "c add", "add mul2", "f mul2", "mul2 L")
    return Picture(boxes, tuple(Arrow(*arrow.split()) for arrow in arrows), "L = (a·b + c)·f")


def network() -> Picture:
    """Two layers, each with the blocks of a sigmoid the person wrote."""
    arrows, blocks, before = [], {}, "x"
    for layer in "12":
        block = f"layer{layer}/sigmoid"
        arrows += [f"{before} z{layer}", f"W{layer} z{layer}", f"z{layer} n{layer}", f"n{layer} e{layer}"]
        arrows += [f"one{layer} s{layer}", f"e{layer} s{layer}", f"one{layer} a{layer}", f"s{layer} a{layer}"]
        blocks |= dict.fromkeys([f"n{layer}", f"e{layer}", f"s{layer}", f"one{layer}", f"a{layer}"], block)
        blocks |= dict.fromkeys([f"W{layer}", f"z{layer}"], f"layer{layer}")
        before = f"a{layer}"
    return picture([*arrows, f"{before} loss", "y loss"], blocks, "Two-layer network")


def fan(count: int) -> Picture:
    return picture([arrow for i in range(count) for arrow in (f"x y{i}", f"y{i} sum")])


def chain(count: int, seed: int = 0) -> Picture:
    """A chain with links that skip, near and far."""
    dice = random.Random(seed)
    arrows = {}
    for i in range(1, count):
        arrows[f"v{i - 1} v{i}"] = None
        if i > 8 and dice.random() < 0.2:
            arrows[f"v{i - dice.randint(2, 8)} v{i}"] = None
        if i > 100 and dice.random() < 0.05:
            arrows[f"v{dice.randrange(i - 90)} v{i}"] = None
    return picture(arrows)


def there_and_back(count: int) -> Picture:
    """A chain forwards, and one backwards that uses every value of the first: gradients look like this."""
    arrows = [f"z{i - 1} z{i}" for i in range(1, count)] + [f"z{i} d{i}" for i in range(count)]
    return picture(arrows + [f"d{i} d{i - 1}" for i in range(1, count)])


@st.composite
def pictures(draw: st.DrawFn, most: int = 24) -> Picture:
    """Random acyclic pictures with nested blocks, arrows with labels, and texts of several lengths."""
    count = draw(st.integers(0, most))
    names = [f"v{i}" for i in draw(st.permutations(range(count)))]
    blocks = st.sampled_from([None, "a", "a/b", "a/b/c", "a/d", "e", "e/b", "f/g"])
    lines = st.lists(
        st.sampled_from([Line("data 1.0"), Line("(128, 64)", "shape"), Line("grad", "gradient")]), max_size=3
    )
    kinds = st.sampled_from(["input", "parameter", "value", "operation", "loss", "constant"])
    titles = st.sampled_from(["×", "z1", "softmax(Q @ K.T / sqrt(d))", "Wx"])
    boxes = [Box(name, draw(titles), tuple(draw(lines)), draw(kinds), draw(blocks)) for name in names]
    arrows = {}
    for target in range(1, count):
        for source in draw(st.lists(st.integers(0, target - 1), max_size=3)):
            arrows[Arrow(names[source], names[target], draw(st.sampled_from(["", "", "left"])))] = None
    order = draw(st.permutations(boxes))
    return Picture(tuple(order), tuple(arrows), draw(st.sampled_from(["", "A title"])))
