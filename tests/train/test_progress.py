"""The line that shows a run in a terminal: never wider than it, and what matters is never cut off."""

import io
import re

import numpy as np
import pytest
import rich.console

from glassgrad import nn, optim, train
from glassgrad.train.progress import Line

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def off(prediction, target):
    return np.mean(np.abs(prediction - target))


def lines(*widths, epochs=3, callback=None, **given):
    """The lines at all moments of a run, by width."""
    found = {width: [] for width in widths}
    state = []

    def look(event):
        if isinstance(event, train.Started):
            state.append(Line(event.run, event.epochs, event.batches))
        if callback is not None:
            callback(event)
        for width in widths:
            found[width].append(state[0].text(width))

    data = given.pop("data", (X, 1e-4 * X[:, :1]))
    train.fit(
        nn.Linear(3, 1, key=0), data, nn.mse, given.pop("optimizer", optim.adam(1e-3)), epochs=epochs, batch_size=10,
        callbacks=[look], store=False, progress=False, **given,
    )  # fmt: skip
    return found


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("validation", [None, 0.25])
def test_loss_rate_and_time_are_always_there(width, validation):
    metrics = {"mean absolute distance": off, "größter Fehler": off}
    chained = optim.chain(optim.clip_by_norm(1.0), optim.adam(1e-3))
    (found,) = lines(width, epochs=12, validation=validation, metrics=metrics, optimizer=chained).values()
    assert max(map(len, found)) <= width
    for line in found[2:-1]:
        assert re.match(r"epoch +\d+/12 ", line)
        assert re.search(r"  loss \S+ +rate 0\.001 .* \d+:\d\d left$|  loss .*rate 0\.001 .* \d+:\d\d$", line), line
    assert ("validation" in found[-1]) == (validation is not None and width >= 80)
    assert "━" in found[-1]
    assert "─" not in found[-1]
    assert re.search(r" \d+:\d\d$", found[-1])


def test_a_narrow_terminal_has_the_loss_and_the_time():
    (found,) = lines(40).values()
    assert max(map(len, found)) <= 40
    assert all("loss" in line and "left" in line for line in found[1:-3])


def test_the_length_of_a_stream_is_known_after_its_first_epoch():
    stream = train.Stream(lambda: iter([(X, X[:, :1])]))
    (found,) = lines(80, data=stream).values()
    assert all("–:–– left" in line and "─" not in line for line in found[:5])
    assert all("–:––" not in line and "━" in line for line in found[6:])


def test_numbers_that_are_long_or_none_have_room():
    (found,) = lines(
        80, epochs=1000, optimizer=optim.sgd(1.2345e-27), data=(X, 1e-19 * X[:, :1]), callback=stopping
    ).values()
    assert max(map(len, found)) <= 80
    assert all("rate 1.2e-27" in line for line in found)


def stopping(event):
    if isinstance(event, train.EpochEnded) and event.run.epoch == 3:
        event.run.stop("enough")


def test_what_a_terminal_shows(monkeypatch):
    shown, real = io.StringIO(), rich.console.Console

    def console(**given):
        return real(file=shown, width=70, force_terminal=True, color_system=None)

    monkeypatch.setattr(rich.console, "Console", console)
    train.fit(nn.Linear(3, 1, key=0), (X, X[:, :1]), nn.mse, epochs=5, progress=True, store=False)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue())
    seen = [line for line in re.split(r"[\r\n]", text) if line.strip()]
    assert all(line.startswith("epoch ") and len(line) <= 70 for line in seen)
    assert re.fullmatch(r"epoch 5/5 ━+  loss \S+ +rate 0\.001 +(steps/s \S+ +)?0:\d\d *", seen[-1])
