"""The SVG text: well formed, self-contained, safe in any page, readable by people and by machines."""

import itertools
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassgrad.explain.drawing import Arrow, Box, Line, Picture, render
from glassgrad.explain.drawing.palette import style_sheet
from tests.explain.drawing_pictures import fan, micrograd, network, picture, pictures, there_and_back

NS = "{http://www.w3.org/2000/svg}"


def parsed(some, **choices) -> ET.Element:
    return ET.fromstring(render(some, **choices))


def words(root: ET.Element, kind: str = "") -> list[str]:
    return [e.text or "" for e in root.iter(f"{NS}text") if kind in (e.get("class") or "")]


def groups(root: ET.Element, kind: str) -> list[ET.Element]:
    return [e for e in root.iter(f"{NS}g") if kind in (e.get("class") or "").split()]


@settings(max_examples=60, deadline=None)
@given(
    pictures(10),
    st.sampled_from(["down", "right"]),
    st.sampled_from(["light", "dark", "auto"]),
    st.sampled_from(["auto", "all"]),
)
def test_every_picture_is_well_formed_and_the_same_each_time(some, direction, theme, fold):
    text = render(some, direction=direction, theme=theme, fold=fold)
    ET.fromstring(text)
    assert text == render(some, direction=direction, theme=theme, fold=fold)
    assert "nan" not in text.lower().replace("nano", "")
    assert " id=" not in text


@given(st.text(), st.text())
def test_any_text_is_escaped(title, line):
    box = Box("k", title, (Line(line),), tooltip=f"about {title}")
    root = parsed(Picture((box, Box("<&>", "other")), (Arrow("k", "<&>", line),), title))
    assert groups(root, "gg-box")[1].get("data-key") == "<&>"


def test_markup_in_names_stays_text():
    root = parsed(picture(["a b"], title="<script>alert(1)</script>"))
    assert not list(root.iter(f"{NS}script"))
    assert words(root, "gg-heading") == ["<script>alert(1)</script>"]


def test_the_result_does_not_depend_on_the_hash_seed():
    code = (
        "from tests.explain.drawing_pictures import network; from glassgrad.explain.drawing import render;"
        "import hashlib; print(hashlib.sha256(render(network()).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_nothing_comes_from_outside(theme):
    text = render(network(), theme=theme)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|<script|href", text)
    assert ("prefers-color-scheme" in text) == (theme == "auto")


def test_rules_reach_only_the_drawing_itself():
    for theme in ("light", "dark", "auto"):
        for selectors in re.findall(r"^\s*([^@{}\n]+)\{", style_sheet(theme), re.MULTILINE):
            assert all(selector.strip().startswith(".gg-") for selector in selectors.split(","))


def test_two_drawings_of_both_themes_stand_in_one_page():
    """No ids to clash, and the rules of one theme name only drawings of that theme."""
    page = f"<div>{render(micrograd())}{render(micrograd(), theme='dark')}{render(micrograd())}</div>"
    root = ET.fromstring(page)
    assert [svg.get("class") for svg in root] == ["gg-draw gg-light", "gg-draw gg-dark", "gg-draw gg-light"]
    assert ".gg-light" not in style_sheet("dark")
    assert not any(element.get("id") for element in root.iter())


def test_it_can_be_read_aloud():
    root = parsed(micrograd())
    assert root.get("role") == "img"
    assert root.find(f"{NS}title").text == "L = (a·b + c)·f"
    assert root.find(f"{NS}desc").text == "8 boxes and 7 arrows, from a, b, c, f to L."
    assert "8 boxes" in root.get("aria-label")
    assert parsed(picture(["a b"])).find(f"{NS}title").text == "Data-flow picture"


def test_the_view_box_holds_everything():
    root = parsed(network())
    left, top, width, height = map(float, root.get("viewBox").split())
    assert (left, top) == (0, 0)
    assert (float(root.get("width")), float(root.get("height"))) == (width, height)
    shift_x, shift_y = map(float, re.search(r"translate\(([\d.]+) ([\d.]+)\)", render(network())).groups())
    for area in root.find(f"{NS}g").iter(f"{NS}rect"):
        assert float(area.get("x")) + shift_x >= 0
        assert float(area.get("x")) + float(area.get("width")) + shift_x <= width
        assert float(area.get("y")) + float(area.get("height")) + shift_y <= height


def test_a_scalar_looks_like_micrograd():
    root = parsed(micrograd())
    loss = next(g for g in groups(root, "gg-box") if g.get("data-key") == "L")
    assert [t.text for t in loss.iter(f"{NS}text")] == ["L", "data -8.0000", "grad 1.0000"]
    heights = {t.get("y") for t in loss.iter(f"{NS}text")}
    assert max(map(float, heights)) - min(map(float, heights)) < 1  # side by side
    assert len([p for p in loss.iter(f"{NS}path") if p.get("class") == "gg-rule"]) == 2
    assert [g for g in groups(root, "gg-operation") if list(g.iter(f"{NS}circle"))]


def test_a_tensor_has_its_lines_below_its_title_in_the_colours_of_their_roles():
    lines = (Line("(3, 4)", "shape"), Line("0.1 … 0.9"), Line("‖∂L‖ 0.02", "gradient"), Line("kink at 0", "note"))
    root = parsed(Picture((Box("W", "W1", lines, "parameter"),)))
    texts = list(groups(root, "gg-box")[0].iter(f"{NS}text"))
    assert [t.text for t in texts] == ["W1", *(line.text for line in lines)]
    assert [t.get("class").split()[0] for t in texts[1:]] == ["gg-shape", "gg-value", "gg-gradient", "gg-note"]
    assert sorted(texts, key=lambda t: float(t.get("y"))) == texts


def test_text_fits_its_box():
    """Each line's estimated width is within its box, for narrow and for wide glyphs."""
    boxes = [Box(t, t, (Line(t * 2, "shape"),)) for t in ("iiiii", "WWWWWWWWWW", "σ∂Σ漢字", "a" * 80)]
    for box in groups(parsed(Picture(tuple(boxes))), "gg-box"):
        width = float(next(box.iter(f"{NS}rect")).get("width"))
        line = list(box.iter(f"{NS}text"))[1].text
        assert len(line) * 11.5 * 0.602 < width
        assert len(line) <= 44


def test_what_is_shortened_is_whole_in_the_tooltip():
    name = "a_very_long_name_" * 5
    root = parsed(Picture((Box("k", name),)))
    assert words(root, "gg-title")[0].endswith("…")
    assert groups(root, "gg-box")[0].find(f"{NS}title").text == name


def test_tooltips_say_what_was_given():
    root = parsed(Picture((Box("k", "z", tooltip="z = W @ x\nshape (3,)"),)))
    assert groups(root, "gg-box")[0].find(f"{NS}title").text == "z = W @ x\nshape (3,)"


def test_a_folded_block_has_two_borders_and_says_how_much_it_holds():
    root = parsed(network(), fold=["layer1"])
    (folded,) = [g for g in groups(root, "gg-folded") if g.get("data-key")]
    assert folded.get("data-block") == "layer1"
    assert [r.get("class") for r in folded.iter(f"{NS}rect")].count("gg-line") == 2
    assert "7 inside" in [t.text for t in folded.iter(f"{NS}text")]


def test_open_blocks_are_frames_with_captions():
    root = parsed(network(), fold="none")
    assert sorted(words(root, "gg-caption")) == ["layer1", "layer2", "sigmoid", "sigmoid"]
    assert len(groups(root, "gg-frame")) == 4


def test_the_legend_has_the_kinds_that_are_there():
    assert words(parsed(micrograd()), "gg-small") == ["input", "parameter", "operation", "loss", "gradient"]
    assert words(parsed(picture(["a b"])), "gg-small") == []


@pytest.mark.parametrize("direction", ["down", "right"])
def test_heads_point_along_the_flow(direction):
    for path in parsed(network(), direction=direction).iter(f"{NS}path"):
        if path.get("class") == "gg-head":
            tip, one, other = re.findall(r"([-\d.]+) ([-\d.]+)", path.get("d"))[:3]
            along = 0 if direction == "right" else 1
            assert float(tip[along]) > float(one[along]) == float(other[along])


def test_nothing_is_drawn_twice():
    """Arrows of a wide fan share a lane: no two paths run over the same stretch of it."""
    covered: dict[str, list[tuple[float, float]]] = {}
    for path in parsed(fan(60)).iter(f"{NS}path"):
        if path.get("class") != "gg-edge":
            continue
        at = None
        for command, numbers in re.findall(r"([MLCQ])([-\d. ]+)", path.get("d")):
            x, y = numbers.split()[-2:]
            if at and command == "L" and at[1] == y:
                covered.setdefault(y, []).append(tuple(sorted((float(at[0]), float(x)))))
            at = x, y
    assert covered
    for stretches in covered.values():
        stretches.sort()
        assert all(a[1] <= b[0] + 0.11 for a, b in itertools.pairwise(stretches))


def test_small_pictures():
    assert groups(parsed(Picture(())), "gg-box") == []
    assert parsed(Picture(())).find(f"{NS}desc").text == "0 boxes and 0 arrows."
    root = parsed(Picture((Box("x", "x"),)))
    assert len(groups(root, "gg-box")) == 1
    assert root.find(f"{NS}desc").text == "1 box and 0 arrows."


def test_tags_name_what_is_far():
    root = parsed(there_and_back(120))
    assert "to d0" in words(root, "gg-small")
    assert "from z0" in words(root, "gg-small")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, section 'relative luminance')."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_have_contrast(theme):
    """Text 4.5 to 1 on what it stands on, lines 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    rules = dict(
        re.findall(rf"^\.gg-{theme} ([^,{{]+)(?:,[^{{]*)?{{(?:fill|stroke):(#\w+)", style_sheet(theme), re.MULTILINE)
    )
    paper, body, ink = rules[".gg-paper"], rules[".gg-body"], rules["text"]
    assert contrast(ink, paper) > 7
    for role in (".gg-shape", ".gg-gradient", ".gg-note"):
        assert contrast(rules[role], body) >= 4.5
    for kind in ("input", "parameter", "value", "operation", "loss", "constant"):
        assert contrast(ink, rules[f".gg-{kind} .gg-tint"]) >= 4.5
        assert contrast(rules[f".gg-{kind} .gg-line"], paper) >= 3
    assert contrast(rules[".gg-edge"], paper) >= 3
    assert contrast(rules[".gg-note"], rules[".gg-frame rect"]) >= 4.5
