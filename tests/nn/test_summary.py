"""The summary of a model: the table as people see it, and its numbers."""

import io
import json

import numpy as np
import pytest
import rich.console

import glassgrad as gg
from glassgrad import nn
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.nn.table import WIDEST


def convolutional():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, key=0, padding="same"),
        nn.BatchNorm(4),
        nn.relu,
        nn.MaxPool2d(2),
        nn.Residual(nn.Conv2d(4, 4, 3, key=1, padding=1)),
        nn.Flatten(),
        nn.Linear(64, 3, key=2),
    ).freeze("layers[0]")


TABLE = """\
path       layer               result        parameters   flops
---------------------------------------------------------------
           Sequential          (8, 3)                 –       –
layers[0]  Conv2d(1 → 4, 3×3)  (8, 4, 8, 8)   40 frozen  38.9 k
layers[1]  BatchNorm           (8, 4, 8, 8)           8  6.16 k
layers[2]  relu                (8, 4, 8, 8)           –       –
layers[3]  MaxPool2d           (8, 4, 4, 4)           –  2.05 k
layers[4]  Residual            (8, 4, 4, 4)           –     512
  .inner   Conv2d(4 → 4, 3×3)  (8, 4, 4, 4)         148  37.4 k
layers[5]  Flatten             (8, 64)                –       –
layers[6]  Linear(64 → 3)      (8, 3)               195   3.1 k

parameters  391, of which 351 learn and 40 are frozen; 8 numbers of state
flops       88.1 k for inputs (8, 1, 8, 8)
bytes       1.53 KiB of parameters, 32 B of state, 30.1 KiB of the layers' results"""


def test_the_table():
    assert str(convolutional().summary((8, 1, 8, 8))) == TABLE


def test_a_terminal_shows_the_same_cells():
    console = rich.console.Console(width=80, record=True, file=io.StringIO())
    console.print(convolutional().summary((8, 1, 8, 8)))
    shown = console.export_text()
    assert "Conv2d(4 → 4, 3×3)" in shown
    assert "40 frozen │ 38.9 k" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_the_numbers():
    found = convolutional().summary(np.zeros((8, 1, 8, 8), np.float32)).to_dict()
    assert json.loads(json.dumps(found)) == found
    by_path = {row["path"]: row for row in found["layers"]}
    # 9 multiply-adds and a bias for each of the 8·4·8·8 numbers; a 64 × 3 product for each of 8.
    assert by_path["layers[0]"]["flops"] == 8 * 4 * 8 * 8 * (2 * 9 + 1)
    assert by_path["layers[6]"]["flops"] == 8 * 3 * (2 * 64 + 1)
    assert by_path["layers[0]"]["frozen"] == 40
    assert by_path["layers[4].inner"]["shape"] == [8, 4, 4, 4]
    assert found["parameters"] == convolutional().parameter_count()
    assert found["flops"] == sum(row["flops"] for row in found["layers"])
    assert found["parameter_bytes"] == 4 * 391
    assert found["state_bytes"] == 4 * 8


def test_a_recurrent_layer_counts_every_step():
    model = nn.LSTM(3, 4, key=0)
    short, long = (model.summary((2, steps, 3)).flops for steps in (5, 10))
    step = 2 * (3 + 4) * 16 + 16 + 16 + 4 * 9  # products, bias, sum, and nine operations on each of the 4 numbers
    assert long == 2 * short == 2 * 10 * step


def test_shared_parameters_count_once():
    model = nn.Sequential(nn.Embedding(50, 8, key=0), nn.Linear(8, 50, key=0, bias=False))
    tied = nn.Shared(model, {"layers[1].weight": "layers[0].table.T"}).summary(np.zeros(3, int))
    assert tied.parameters == 400
    assert [(row.path, row.parameters) for row in tied.rows[2:]] == [("model.layers[0]", 400), ("model.layers[1]", 0)]
    assert tied.rows[-1].flops == 2 * 3 * 8 * 50


class Twice(nn.Layer):
    inner: nn.Linear
    idle: nn.Linear
    offset: nn.Array

    def __call__(self, x):
        return self.inner(np.tanh(self.inner(x))) + self.offset


def test_a_layer_called_twice_and_one_that_is_not_called():
    model = Twice(nn.Linear(3, 3, key=0), nn.Linear(3, 3, key=1), np.zeros(3, np.float32))
    found = model.summary((2, 3))
    rows = [(row.path, row.parameters, row.again) for row in found.rows]
    assert rows == [("", 15, False), ("inner", 12, False), ("inner", 0, True)]
    assert found.parameters == 27
    assert "as above" in str(found)


def test_long_paths_stay_within_a_page():
    model = nn.Linear(2, 2, key=0)
    for _ in range(30):
        model = nn.Sequential(nn.Residual(model))
    lines = str(model.summary((1, 2))).splitlines()
    assert max(map(len, lines)) <= WIDEST
    assert any("…" in line and "inner" in line for line in lines)


def test_keywords_and_several_inputs():
    model = nn.LSTM(3, 4, key=0)
    assert model.summary(np.ones((2, 5, 3)), lengths=np.array([5, 2])).rows[0].shape == (2, 5, 4)
    block = nn.TransformerDecoderBlock(8, 2, key=0)
    assert block.summary((2, 5, 8), (2, 7, 8)).inputs == ((2, 5, 8), (2, 7, 8))


def test_errors():
    with pytest.raises(ShapeError, match="Linear takes 3 numbers"):
        nn.Linear(3, 2, key=0).summary((5, 4))
    with pytest.raises(UsageError, match="inside of a trace"):
        gg.jit(lambda model, x: [model.summary(x), x][1])(nn.Linear(3, 2, key=0), np.ones((1, 3)))


def test_a_transformer_fits_a_terminal():
    block = nn.TransformerEncoderBlock(64, 8, key=0)
    for model, shape in ((block, (2, 16, 64)), (nn.Sequential(nn.Linear(9, 64, key=0), block), (2, 16, 9))):
        lines = str(model.summary(shape)).splitlines()
        assert max(map(len, lines)) <= 80
        assert any(line.strip().startswith(".query ") for line in lines)
        assert not any("…" in line for line in lines)
    assert model.summary(shape).to_dict()["layers"][5]["path"] == "layers[1].attention.query"


def test_summary_without_a_size_of_the_batch():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, key=0), nn.Flatten(), nn.Linear(2 * 36, 3, key=1))
    assert model.summary((None, 1, 8, 8)).to_dict() == model.summary((1, 1, 8, 8)).to_dict()


def test_what_summary_does_not_take():
    model = nn.mlp([4, 3, 2], key=0)
    with pytest.raises(UsageError, match="needs its inputs"):
        model.summary()
    for wrong in (4, "x"):
        with pytest.raises(UsageError, match=r"found .*\n.*\n\nhint: a shape is a tuple"):
            model.summary(wrong)
