"""The report in its forms: text in 40 lines, one page, JSON; each of every kind of finding."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from glassgrad.base.errors import UsageError
from glassgrad.doctor.ledger.making import ledger_of
from glassgrad.doctor.measured.sample import Units
from glassgrad.doctor.measured.setup import Column
from glassgrad.doctor.report.rows import Span, rows_of, span_of
from glassgrad.doctor.subjects import edits
from tests.doctor.reports import ALL, chain, cure, falling, healthy, one_unit_softmax, trace, vanishing, wiring

KINDS = pytest.mark.parametrize("made", ALL.values(), ids=ALL)


class Page(HTMLParser):
    """The tags of a page, balanced, and the JSON inside."""

    EMPTY = ("meta", "br", "path", "circle", "input")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.data, self.words = [], [], "", []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, text):
        if self.open and self.open[-1] == "script":
            self.data += text
        elif self.open and self.open[-1] != "style":
            self.words.append(text)


# ------------------------------------------------------------------ text
@KINDS
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_text_has_at_most_forty_lines_of_the_width(made, width):
    lines = made().text(width).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= width
    assert lines[0].startswith(made().verdict.upper())


@KINDS
def test_colours_change_nothing_but_colours(made):
    coloured = made().text(colours=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == made().text() == str(made())
    assert ("\x1b[31m" in coloured) == ("✗" in coloured.partition("What was tried")[0])


def test_the_text_says_what_is_wrong_why_and_what_to_type():
    text = str(vanishing())
    assert "SICK: The gradient vanishes on its way through 14 sigmoids." in text
    assert "✗ 14 × (Sigmoid" in text
    assert "σ′ = σ(1 − σ) ≤ 0.25, here 0.23  [model.py:2]" in text
    assert "Each of the 14 sigmoids passes on at most a quarter of the gradient (93 % sure)" in " ".join(text.split())
    assert "also possible: 28 links are many" in text
    assert re.search(r"✓ .* 0\.693 → 0\.012 +98 % \(96 … 99\) +3 of 3", text)
    assert re.search(r"✗ +Ten times the rate .* 0 of 3", text)
    assert "Seen: The gradient vanishes at net.27 (Sigmoid)" in text
    assert text.index("What to type") < text.index("+ nn.ReLU()")
    assert "3.4 % of the 1.8 s" in text


def test_a_healthy_report_shows_no_broken_link():
    small = replace(healthy(), ledger=vanishing().ledger)  # whatever the gradients are: it learns
    for text in (str(small), small.html()):
        assert "✗" not in text
        assert "breaks" not in text
        assert "the network learns with that" in " ".join(text.split())


def test_the_bars_of_a_healthy_chain_are_long():
    ledger = healthy().ledger
    span = span_of(rows_of(ledger, 20))
    assert (span.low, span.high) == (-3, 0)
    assert min(span.place(row.after) for row in rows_of(ledger, 20)) > 0.7


def test_nothing_that_leaves_is_told_as_zero():
    text = str(one_unit_softmax())
    assert re.search(r"✗ net.3  Softmax\(dim=1\) +0 +0  0\n", text)
    assert "Worth trying (it was not run)" in text
    assert "or: The loss from logits" in text


def test_a_finding_in_a_training_that_learns():
    text = str(wiring())
    assert "gradients are never cleared" in text
    assert "+ optimizer.zero_grad()" in text


def test_long_code_titles_and_many_cures_are_cut():
    found = vanishing()
    many = tuple(
        replace(found.cures[0], title=f"{one.title} {'and more ' * 20}", code="+ x\n" * 60) for one in found.cures * 9
    )
    long = replace(
        found, cures=many, causes=tuple(replace(one, evidence=one.evidence * 30) for one in found.causes * 4)
    )
    lines = str(long).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    assert any("more that were tried" in line for line in lines)
    assert any("more lines" in line for line in lines)


def test_cures_of_classes_are_told_by_wrong_predictions():
    found = vanishing()
    text = str(replace(found, trace=replace(found.trace, score_after=0.31)))
    assert "wrong at the end" in text
    assert "69.3 % → 1.2 %" in text


def test_the_verdict_is_not_said_twice():
    found = replace(healthy(), title="Healthy: the loss falls from 0.71 to 0.021.")
    assert str(found).startswith("HEALTHY: The loss falls from 0.71 to 0.021.\n\nThe chain")


def test_no_cure_that_helped():
    found = vanishing()
    none = replace(found, cures=(found.cures[2],))
    assert "No cure helped." in str(none)
    assert "No cure helped." in none.html()
    assert none.remedy is None


def test_a_cut_chain_and_inputs_without_a_gradient():
    links = vanishing(2).trace.samples[0].links
    cut = (*links[:2], *(replace(link, leaving=nan, entering=nan) for link in links[2:]))
    found = trace((*cut[:2], replace(cut[2], entering=1.0), *cut[3:]), [1.0] * 9)
    text = str(replace(vanishing(), ledger=ledger_of(found)))
    assert re.search(r"✗ net.3  Sigmoid +– +–  –\n", text)
    open_ended = trace((*links[:-1], replace(links[-1], leaving=nan)), [1.0] * 9)
    text = str(replace(healthy(), ledger=ledger_of(open_ended)))
    assert re.search(r"  net.0  Linear\(32 → 32\) +1/17 +█+\n", text)


# ------------------------------------------------------------------ rows
def test_rows_fold_what_repeats_and_keep_what_is_broken():
    pairs = []
    for layer in range(20, 0, -1):
        pairs += [
            (f"r{layer}", "relu", "activation", 0.0 if layer == 7 else 0.7, ""),
            (f"w{layer}", "Linear", "weights", 1.4, ""),
        ]
    ledger = ledger_of(trace(chain(*pairs), falling()))
    rows = rows_of(ledger, 10)
    assert len(rows) <= 10
    assert [row.path for row in rows if row.is_broken] == ["r7"]
    assert sum(len(row.entries) for row in rows) == len(ledger.entries)
    assert rows[0].path == "loss"
    assert any(row.repeats > 5 for row in rows)


def test_rows_of_links_that_all_differ_are_told_together():
    pairs = [(f"l{size}", f"Linear({size} → {size + 1})", "weights", 0.9, "") for size in range(60, 0, -1)]
    rows = rows_of(ledger_of(trace(chain(*pairs), falling())), 8)
    assert len(rows) == 8
    assert any("links: Linear" in row.operation for row in rows)


def test_decades_of_rows_add_up():
    rows = rows_of(vanishing().ledger, 6)
    for row in rows[1:]:
        assert row.after - row.before == pytest.approx(row.decades)


def test_ticks_hold_the_gradient_of_the_loss():
    for span in (Span(-3, 0), Span(-41, 0), Span(-2, 7), Span(-300, 2)):
        ticks = span.ticks()
        assert 0 in ticks
        assert 2 <= len(ticks) <= 6
        assert span.low <= min(ticks) <= max(ticks) <= span.high


# ------------------------------------------------------------------ JSON
@KINDS
def test_json_has_no_number_that_json_lacks_and_the_same_keys(made):
    found = made().to_dict()
    json.dumps(found, allow_nan=False)
    assert list(found) == list(healthy().to_dict())
    assert found["format"] == "glassgrad doctor report"
    assert found["verdict"] == made().verdict
    assert found["is_healthy"] == made().is_healthy


def test_every_key_is_documented():
    page = (Path(__file__).parents[2] / "docs/reference/doctor-json.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", page))
    data = vanishing().to_dict()
    parts = (data, data["learning"], data["symptoms"][0], data["causes"][0], data["cures"][0], data["ledger"])
    for part in (*parts, data["ledger"]["entries"][0], data["setup"], data["trace"]):
        assert set(part) <= told


def test_json_holds_the_numbers():
    found = vanishing().to_dict()
    assert found["cures"][0]["edits"] == [{"edit": "Activation", "name": "relu"}]
    assert found["cures"][0]["works"] is True
    assert found["cures"][0]["after"] == [0.012, 0.015, 0.011]
    assert found["causes"][0]["edits"] == [[{"edit": "Activation", "name": "relu"}]]
    assert len(found["ledger"]["entries"]) == 30
    assert set(found["ledger"]["by_family"]) == {"loss", "weights", "activation"}
    assert found["trace"]["losses"] == list(vanishing().trace.losses)
    zero = one_unit_softmax().to_dict()["ledger"]["entries"]
    assert zero[1]["decades"] == "-inf"
    assert zero[2]["gain"] is None


def test_numbers_of_numpy_are_numbers():
    found = replace(
        healthy(), seconds=np.float32(0.5), trace=replace(healthy().trace, losses=(np.float64(1), np.int64(2)))
    )
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["seconds"] == 0.5
    assert data["trace"]["losses"] == [1.0, 2]


# ------------------------------------------------------------------ HTML
@KINDS
def test_the_page_is_one_file_that_needs_nothing(made):
    text = made().html()
    page = Page(text)
    assert len(text.encode()) <= 300_000
    assert not re.search(r"(?:src|href)=", text)
    assert "http" not in text
    assert [
        tag for tag, attributes in page.tags if tag == "script" and attributes.get("type") != "application/json"
    ] == []
    data = json.loads(page.data)
    assert data["verdict"] == made().verdict
    assert data["left_out"] == []


def test_a_notebook_shows_the_page_in_a_frame_of_its_own():
    report = vanishing()
    [(tag, frame)] = Page(report._repr_html_()).tags
    assert tag == "iframe"
    assert frame["srcdoc"] == report.html()
    assert "sandbox" in frame
    assert frame["title"]


@KINDS
def test_the_page_is_told_by_screen_readers(made):
    page = Page(made().html())
    tags = [tag for tag, _ in page.tags]
    assert tags.count("main") == tags.count("h1") == 1
    assert dict(page.tags)["html"] == {"lang": "en"}
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.tags:
        if tag == "th":
            assert attributes.get("scope") in ("row", "col")
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or set(attributes["aria-labelledby"].split()) <= set(ids)
        if tag == "section":
            assert "aria-label" in attributes or tag == "section"


def test_the_page_says_what_is_wrong_why_and_what_to_type():
    page = Page(vanishing().html())
    words = " ".join("".join(page.words).split())
    assert "The gradient vanishes on its way through 14 sigmoids." in words
    assert "σ′ = σ(1 − σ) ≤ 0.25, here 0.23" in words
    assert words.index("What to type") < words.index("+ nn.ReLU()") < words.index("What was tried")
    broken = [attributes for tag, attributes in page.tags if tag == "li" and attributes.get("class") == "broken"]
    assert len(broken) == 1
    assert "A residual link around each block: no two shapes agree" in words


def test_what_the_person_wrote_cannot_break_the_page():
    nasty = "</script><script>alert(1)</script><b>&"
    found = vanishing()
    found = replace(
        found, title=nasty, notes=(nasty,), worth_trying=((nasty, nasty),),
        causes=(replace(found.causes[0], title=nasty, evidence=(nasty,), link=nasty),),
        cures=(replace(found.cures[0], title=nasty, code=nasty),),
    )  # fmt: skip
    page = Page(found.html())
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [
        {"type": "application/json", "id": "glassgrad-report"}
    ]
    assert json.loads(page.data)["title"] == nasty


def test_a_large_report_stays_below_its_size_and_says_what_is_left_out():
    found = vanishing(200)
    units = tuple(Units(f"net.{place}", "Sigmoid", "activation", 32, 0.51234567, 0.1, 0.0, 1.0) for place in range(400))
    samples = tuple(replace(found.trace.samples[0], step=step, units=units) for step in range(60))
    features = (Column(0.123456789, 1.0, -3.0, 3.0),) * 1000
    setup = replace(found.trace.setup, data=replace(found.trace.setup.data, features=features))
    big = replace(found.trace, losses=tuple(np.linspace(1, 0.5, 20_000).tolist()), samples=samples, setup=setup)
    curves = tuple(tuple(np.linspace(1, 0.5, 5000).tolist()) for _ in range(3))
    cures = tuple(replace(one, losses=curves, untreated=curves) for one in found.cures * 5)
    text = replace(found, trace=big, cures=cures).html()
    assert len(text.encode()) <= 300_000
    data = json.loads(Page(text).data)
    assert data["left_out"][0].startswith("curves are thinned")
    assert data["title"] == found.title
    assert len(data["trace"]["losses"]) <= 200


def test_curves_show_the_spread_of_the_starts():
    text = vanishing().html()
    assert text.count('class="band') >= 4
    other = cure("The loss from logits", "", edits.NewLoss("cross_entropy"), (0.7,), (0.1,), effect=0.9)
    assert "compare the shapes" in replace(vanishing(), cures=(other,)).html()


def test_a_curve_without_numbers_is_not_drawn():
    found = vanishing()
    nothing = replace(found.cures[0], losses=((nan,) * 20,), untreated=((nan,) * 20,))
    page = replace(found, cures=(nothing,)).html()
    assert 'id="cure-0-title"' not in page
    assert "What was tried" in page


def test_a_recurrent_link_tells_how_it_is_along_time():
    page = ALL["along_time"]().html()
    assert "along 300 steps of time 10⁻¹¹" in page
    assert "The gradient along time in LSTM(1 → 64)" in page


def test_where_a_bad_number_arose_is_told_once():
    made, says = ALL["not_a_number"](), "log of 0 in 3 of 512 entries"
    assert f"in the forward pass of log (net.1): {says}." in " ".join(str(made).split())
    assert str(replace(made, learning=replace(made.learning, reason=f"It fails: {says}."))).count(says) == 1


def test_a_curve_that_breaks_off_is_drawn_as_far_as_it_goes():
    found = vanishing()
    curves = tuple((*curve[:40], *([inf] * 80)) for curve in found.cures[0].losses)
    Page(replace(found, cures=(replace(found.cures[0], losses=curves),)).html())


# ------------------------------------------------------------------ files
def test_reports_are_saved_by_the_ending(tmp_path):
    found = vanishing()
    assert found.save(tmp_path / "deep" / "report.html").read_text(encoding="utf-8") == found.html()
    assert json.loads(found.save(str(tmp_path / "report.json")).read_text(encoding="utf-8")) == found.to_dict()
    assert found.save(tmp_path / "report.txt").read_text(encoding="utf-8") == f"{found}\n"
    with pytest.raises(UsageError, match="no form of a report"):
        found.save(tmp_path / "report.pdf")
    with pytest.raises(UsageError, match="has no ending"):
        found.save(tmp_path / "report")


def test_a_report_shows_itself_briefly():
    assert repr(healthy()) == "<Report: healthy, It learns: nothing to mend>"
