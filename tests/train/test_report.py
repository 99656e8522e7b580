"""The report of a run: what it says, that it is one file that needs nothing, and that odd numbers do not break it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from glassgrad.charts.chart import Axis, Chart, Line, Points, Rule, Spans
from glassgrad.charts.scale import Scale, scale_of, wants_log
from glassgrad.charts.svg import svg
from glassgrad.pages.numbers import number, percent
from glassgrad.train.report.figures import all_charts
from glassgrad.train.report.findings import Column, Findings, Importance, Norms
from glassgrad.train.report.measuring import by_class, calibration, confusion, interval, thinned
from glassgrad.train.report.page import page
from glassgrad.train.report.pictures import write_pictures
from glassgrad.train.report.words import best_of, score, verdict


def classification(rows=200, right=0.9, classes=("no", "yes"), **changes):
    generator = np.random.default_rng(0)
    truth = generator.integers(0, len(classes), rows)
    prediction = np.where(generator.random(rows) < right, truth, (truth + 1) % len(classes))
    probabilities = np.full((rows, len(classes)), 0.1 / (len(classes) - 1))
    probabilities[np.arange(rows), prediction] = 0.9
    accuracy = float((truth == prediction).mean()) if rows else float("nan")
    found = Findings(
        data="pets & <b>.csv",
        target="sold?",
        classes=classes,
        rows={"training": 700, "validation": 100, "test": rows},
        columns=(Column("size", "number", "numbers from 1 to 2", True), Column("<id>", "identifier", "counts", False)),
        notes=("2 rows without a target are left out",),
        scores={
            "network": {"accuracy": accuracy, "roc_auc": 0.9, "log_loss": 0.3},
            "majority": {"accuracy": 0.5, "roc_auc": 0.5, "log_loss": 0.69},
            "logistic regression": {"accuracy": 0.7, "roc_auc": None, "log_loss": 0.5},
        },
        epochs=[{"loss": 1.0 / (i + 1), "validation loss": 0.2 + 1.0 / (i + 1)} for i in range(30)],
        best_epoch=25,
        ended="Training went through all 30 epochs.",
        norms=Norms(
            ("layers[0].weight", "layers[0].bias", "layers[2].weight"),
            np.arange(1, 301, 3),
            generator.random((100, 3)) + 0.01,
        ),
        truth=truth,
        prediction=prediction,
        probabilities=probabilities,
        importance=(Importance("size", 0.2, 0.01),),
        settings='data = "pets.csv"\n',
        command="glassgrad train pets.csv --target sold?",
        facts={"Learning rate": "0.002"},
    )
    return replace(found, **changes)


def regression(rows=200, **changes):
    generator = np.random.default_rng(0)
    truth = generator.normal(100, 20, rows)
    scores = {"network": {"rmse": 5.0}, "mean": {"rmse": 20.0}, "linear regression": {"rmse": 10.0}}
    prediction = truth + generator.normal(0, 5, rows)
    numbers = {"classes": (), "truth": truth, "prediction": prediction, "probabilities": None, "scores": scores}
    return replace(classification(), **(numbers | changes))


class Outline(HTMLParser):
    """Tags that are open, headings, and what a browser would load."""

    VOID = ("meta", "link", "img", "br", "hr", "input")

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.loads, self.identifiers, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset")]
        self.identifiers += [value for name, value in attrs if name == "id"]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("findings", [classification(), regression(), classification(classes=tuple("abcdefghij"))])
def test_a_report_is_one_sound_file_that_loads_nothing(findings):
    found = page(findings)
    outline = Outline()
    outline.feed(found)
    assert outline.open == []
    assert outline.loads == []
    assert "<script" not in found
    assert "@import" not in found
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", found)
    assert outline.headings[0] == 1
    assert all(after <= before + 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))
    assert len(outline.identifiers) == len(set(outline.identifiers))
    assert "<b>.csv" not in found.replace("&lt;b&gt;.csv", "")
    assert "prefers-color-scheme: dark" in found
    assert "@media print" in found


def test_the_verdict_comes_first_with_the_baselines_beside_it():
    outline = Outline()
    findings = classification()
    outline.feed(page(findings))
    text = " ".join(" ".join(outline.text).split())
    assert text.index(
        f"The network gets {percent(findings.scores['network']['accuracy'])} of the 200 test rows right"
    ) < text.index("What was inferred")
    assert "always saying the most frequent class gets 50 %, logistic regression gets 70 %." in text
    assert "It has learnt more than logistic regression can" in text


@pytest.mark.parametrize(
    ("accuracy", "linear", "said"),
    [
        (0.5, 0.5, "not better than always saying the most frequent class"),
        (0.52, 0.5, "hardly worse"),
        (0.8, 0.95, "logistic regression is clearly better"),
        (0.8, 0.79, "better than logistic regression by no more than chance"),
        (0.8, 0.81, "worse than logistic regression by no more than chance"),
        (0.8, 0.8, "as good as logistic regression"),
        (0.95, 0.8, "more than logistic regression can"),
    ],
)
def test_verdicts_of_classes(accuracy, linear, said):
    truth = np.arange(200) % 2
    prediction = np.where(np.arange(200) < round(200 * accuracy), truth, 1 - truth)
    scores = {
        "network": {"accuracy": accuracy},
        "majority": {"accuracy": 0.5},
        "logistic regression": {"accuracy": linear},
    }
    assert said in verdict(classification(truth=truth, prediction=prediction, scores=scores))[1]


def test_a_network_that_tells_rare_classes_apart_has_learnt_though_its_accuracy_is_that_of_the_majority():
    truth = (np.arange(200) < 40).astype(int)
    scores = {"network": {"roc_auc": 0.8}, "majority": {"accuracy": 0.8}, "logistic regression": {"roc_auc": 0.75}}
    said = verdict(classification(truth=truth, prediction=truth * 0, scores=scores))[1]
    assert (
        "it tells the classes apart: its ROC-AUC is 0.800, and 0.5 would be chance, logistic regression has 0.750"
        in said
    )
    scores["network"]["roc_auc"] = 0.55
    assert "not better" in verdict(classification(truth=truth, prediction=truth * 0, scores=scores))[1]


def test_accuracy_is_put_into_its_place_where_one_class_is_nearly_all():
    truth = (np.arange(200) < 10).astype(int)
    found = classification(truth=truth, prediction=truth * 0, scores={"network": {"accuracy": 0.95}})
    assert "95 % of the test rows are of one class" in verdict(found)[1]


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (30.0, "not better than always saying the mean"),
        (12.0, "16.7 % smaller"),
        (10.1, "within 2 %"),
        (5.0, "50 % smaller than that of linear regression"),
    ],
)
def test_verdicts_of_numbers(off, said):
    truth = np.linspace(0, 100, 200)
    assert said in verdict(regression(truth=truth, prediction=truth + off))[1]


def test_without_test_rows_nothing_is_claimed():
    none = np.zeros(0, int)
    for found in (classification(0), regression(truth=none * 1.0, prediction=none * 1.0)):
        assert "nobody knows" in verdict(found)[0]
        assert "nobody knows" in page(found)
        assert {chart.name for chart in all_charts(found)} == {"loss", "gradients"}


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0])
def test_numbers_that_have_no_place_do_not_break_the_charts(value):
    epochs = [{"loss": 1.0, "validation loss": value}, {"loss": value}, {"loss": 0.5, "validation loss": 0.1}]
    norms = Norms(("w",), np.array([1, 2, 3]), np.array([[1.0], [value], [2.0]]))
    for chart in all_charts(classification(epochs=epochs, norms=norms)):
        drawn = svg(chart)
        ET.fromstring(drawn)
        assert "nan" not in re.sub(r"<desc.*</desc>", "", drawn)
        assert "inf" not in re.sub(r"<desc.*</desc>", "", drawn)


def test_one_epoch_and_one_step_are_drawn_as_dots():
    norms = Norms(("layers[0].weight",), np.array([1]), np.array([[0.5]]))
    charts = {chart.name: svg(chart) for chart in all_charts(classification(epochs=[{"loss": 0.5}], norms=norms))}
    assert charts["loss"].count("<circle") == 1
    assert charts["gradients"].count("<circle") == 1


def test_a_picture_says_what_it_shows_to_those_who_do_not_see_it():
    found = svg(next(chart for chart in all_charts(classification()) if chart.name == "loss"))
    root = ET.fromstring(found)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "loss-title loss-says"
    assert "the training loss goes from 1 to 0.03333" in found
    assert "its smallest is 0.2333 after epoch 30" in found


def test_layers_are_joined_from_their_parameters():
    norms = Norms(("a.weight", "a.bias", "b.weight"), np.array([1, 2]), np.array([[3.0, 4.0, 1.0], [6.0, 8.0, 2.0]]))
    chart = next(chart for chart in all_charts(classification(norms=norms)) if chart.name == "gradients")
    assert [line.name for line in chart.marks] == ["layer 1", "output layer"]
    np.testing.assert_allclose(chart.marks[0].y, [5, 10])
    assert chart.y.scale.is_log


@pytest.mark.parametrize(
    ("values", "is_log", "ticks"),
    [
        ([0.0, 1.0], False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([-3.0, 3.0], False, ["−4", "−2", "0", "2", "4"]),
        ([1e-3, 1.0], True, ["0.001", "0.01", "0.1", "1"]),
        ([1e-9, 1.0], True, ["10⁻⁹", "10⁻⁷", "10⁻⁵", "0.001", "0.1"]),
        ([0.2, 0.9], True, ["0.2", "0.5", "1"]),
        ([], False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([0.0, -1.0], True, ["0.1", "0.2", "0.5", "1", "2", "5", "10"]),
        ([5.0, 5.0], False, ["3", "4", "5", "6", "7"]),
        ([np.nan, np.inf, 1.0, 2.0], False, ["1.0", "1.2", "1.4", "1.6", "1.8", "2.0"]),
        ([2e6, 8e6], False, ["2e6", "4e6", "6e6", "8e6"]),
    ],
)
def test_axes_have_numbers_that_read_well(values, is_log, ticks):
    assert [text for _, text in scale_of([np.array(values)], is_log=is_log).ticks()] == ticks


@pytest.mark.parametrize("seed", range(30))
def test_every_axis_holds_its_numbers_and_has_a_few_ticks(seed):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=5) * 10.0 ** generator.integers(-8, 8) + generator.normal() * (seed % 3)
    for is_log in (False, True):
        given = np.abs(values) if is_log else values
        scale = scale_of([given], is_log=is_log)
        places = scale.place(given)
        assert np.all((places > -1e-6) & (places < 1 + 1e-6))
        assert 2 <= len(scale.ticks()) <= 9
        assert all(-1e-6 <= scale.place(value) <= 1 + 1e-6 for value, _ in scale.ticks())


def test_marks_of_all_kinds_are_drawn():
    unit = Axis("x", Scale(0.0, 1.0))
    ones = np.array([0.2, 0.8])
    marks = (
        Line(ones, ones, "l"),
        Points(ones, ones, "p", 1),
        Spans(ones, ones - 0.1, ones + 0.1),
        Rule((0, 0), (1, 1), "r"),
    )
    drawn = svg(Chart("c", "t", "s", unit, unit, marks))
    assert drawn.count('class="span') == 2
    assert drawn.count('class="cloud') == 1
    assert ">r</text>" in drawn
    assert Chart("c", "t", "s", unit, unit, marks).legend == [("l", 0), ("p", 1)]


def test_a_log_axis_is_wanted_for_what_falls_by_a_lot():
    assert wants_log([np.array([1.0, 0.01])])
    assert not wants_log([np.array([1.0, 0.5])])
    assert not wants_log([np.array([1.0, 0.0])])
    assert not wants_log([np.array([np.nan])])


def test_calibration_of_probabilities_that_are_right():
    generator = np.random.default_rng(0)
    said = generator.random(20_000)
    truth = (generator.random(20_000) < said).astype(int)
    found = calibration(truth, np.stack([1 - said, said], axis=1))
    assert found.error < 0.02
    assert np.mean((found.low <= found.said) & (found.said <= found.high)) >= 0.8
    sure = calibration(truth, np.stack([said < 0.5, said >= 0.5], axis=1).astype(float))
    assert sure.error == pytest.approx(0.25, abs=0.02)


def test_calibration_is_of_the_rarer_class_and_its_chart_shows_where_it_lies():
    draw = np.random.default_rng(0)
    rare = draw.uniform(0.0, 0.18, 1000)
    truth = (draw.random(1000) >= rare).astype(int)  # class 0 is rare
    probabilities = np.stack([rare, 1 - rare], axis=1)
    found = calibration(truth, probabilities)
    assert found.said.max() < 0.2
    assert found.error < 0.05
    chosen = classification(1000, truth=truth, prediction=np.ones(1000, int), probabilities=probabilities)
    chart = next(chart for chart in all_charts(chosen) if chart.name == "calibration")
    assert f"of {chosen.classes[0]} " in chart.x.label
    assert chart.x.scale.high <= 0.4
    assert "it finds 0 % of the rows" in page(chosen).replace("\N{NO-BREAK SPACE}", " ")


def test_calibration_of_many_classes_is_of_the_class_that_was_said():
    probabilities = np.array([[0.6, 0.3, 0.1]] * 50)
    found = calibration(np.array([0, 1] * 25), probabilities)
    np.testing.assert_allclose(found.said, 0.6)
    assert np.average(found.came) == pytest.approx(0.5, abs=0.02)


def test_counts_of_classes():
    counts = confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 3)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 1, 0], [0, 1, 0]])
    precision, recall = by_class(counts)
    np.testing.assert_allclose(precision, [1, 1 / 3, np.nan])
    np.testing.assert_allclose(recall, [0.5, 1, 0])


def test_intervals_stay_between_0_and_1_and_hold_the_share():
    hits = np.array([0, 1, 5, 10])
    low, high = interval(hits, 10)
    assert np.all((low >= 0) & (low <= hits / 10) & (hits / 10 <= high) & (high <= 1))


def test_long_lines_are_thinned_to_means_of_neighbours():
    x, y = thinned(np.arange(1000.0), np.full(1000, 2.0))
    assert len(x) == len(y) <= 160
    np.testing.assert_allclose(y, 2)


def test_many_classes_are_told_by_their_most_frequent_errors():
    found = page(classification(classes=tuple(f"class {i}" for i in range(40))))
    assert "The most frequent errors." in found
    assert 'class="confusion"' not in found


def test_words_for_numbers():
    assert [percent(0.5), percent(0.1234), percent(np.nan)] == ["50 %", "12.3 %", "–"]
    assert [number(0), number(-1.5), number(1e-7), number(1e15)] == ["0", "−1.5", "1e−07", "1e+15"]
    assert [score("accuracy", 0.5), score("r2", -0.01), score("log_loss", None)] == ["50.0 %", "−0.010", "–"]
    assert best_of("rmse", {"a": {"rmse": 1.0}, "b": {"rmse": 2.0}}) == "a"
    assert best_of("r2", {"a": {"r2": 1.0}, "b": {"r2": 2.0}, "c": {"r2": None}}) == "b"
    assert best_of("rmse", {"a": {"rmse": 1.0}, "b": {"rmse": 1.0}}) is None
    assert best_of("accuracy", {"a": {"accuracy": 0.50701}, "b": {"accuracy": 0.50702}}) is None  # shown alike
    assert score("r2", -1e-9) == "0.000"
    assert best_of("strange", {"a": {"strange": 1.0}, "b": {"strange": 2.0}}) is None


@pytest.mark.parametrize("findings", [classification(target="$x_1$"), regression(target="50 % of <x>")])
def test_pictures_are_written_by_matplotlib(findings, tmp_path):
    pytest.importorskip("matplotlib")
    written = write_pictures(findings, tmp_path / "plots")
    assert {path.stem for path in written} == {chart.name for chart in all_charts(findings)}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


def test_no_pictures_are_written_without_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setattr("glassgrad.train.report.pictures.find_spec", lambda name: None)
    assert write_pictures(classification(), tmp_path / "plots") == []
    assert not (tmp_path / "plots").exists()
