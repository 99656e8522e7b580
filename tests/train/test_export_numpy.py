"""Networks as NumPy source: it runs by itself and gives the model's numbers, for any number of examples."""

import ast
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest

from glassgrad import nn, train
from glassgrad.base.errors import ShapeError, UsageError
from tests.train.networks import NETWORKS, AgainstTheMean, TwoInputs, examples, made, randomised

NEAR = {np.dtype(np.float32): {"rtol": 2e-5, "atol": 2e-5}, np.dtype(np.float64): {"rtol": 1e-12, "atol": 1e-12}}


def loaded(path):
    spec = spec_from_file_location("network", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NETWORKS)
def test_the_module_gives_the_numbers_of_the_model(name, tmp_path):
    model, shape, dtype = made(name)
    text = train.export.to_numpy(model, shape, tmp_path / "net.py")
    assert (tmp_path / "net.py").read_text(encoding="utf-8") == text
    assert "glassgrad" not in text.replace("written out by Glassgrad", "")
    module = loaded(tmp_path / "net.py")
    for count in (None, 3, 1):
        x = examples(shape, dtype, count)
        expected = model(x)
        found = module.predict(x)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, **NEAR[dtype])


TEXT = '''\
"""Sequential, written out by Glassgrad: `predict` takes x (batch, 2) to (batch, 1)."""

import numpy as np

layers_0_weight = np.array([[0.5, -1.0], [2.0, 0.25]], dtype=np.float32)
layers_0_bias = np.array([0.0, 1.0], dtype=np.float32)
layers_2_weight = np.array([[1.0], [-1.0]], dtype=np.float32)
layers_2_bias = np.array([0.1], dtype=np.float32)


def sigmoid(x):
    """The logistic function 1 / (1 + e⁻ˣ); no exponential overflows."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def predict(x):
    """The network's result, (batch, 1), for x (batch, 2)."""
    x = np.asarray(x, dtype=np.float32)
    layers_0 = x @ layers_0_weight + layers_0_bias  # (batch, 2)
    layers_1 = np.maximum(layers_0, 0)  # (batch, 2)
    layers_2 = layers_1 @ layers_2_weight + layers_2_bias  # (batch, 1)
    layers_3 = sigmoid(layers_2)  # (batch, 1)
    return layers_3
'''


def test_it_reads_as_a_person_writes():
    single = np.float32
    model = nn.Sequential(nn.Linear(2, 2, key=0), nn.relu, nn.Linear(2, 1, key=1), nn.sigmoid).replace(
        {
            "layers[0].weight": single([[0.5, -1], [2, 0.25]]),
            "layers[0].bias": single([0, 1]),
            "layers[2].weight": single([[1], [-1]]),
            "layers[2].bias": single([0.1]),
        }
    )
    assert train.export.to_numpy(model, (None, 2)) == TEXT


def test_it_runs_where_glassgrad_is_not(tmp_path):
    model, shape, dtype = made("lstm")
    train.export.to_numpy(model, shape, tmp_path / "net.py")
    np.save(tmp_path / "x.npy", examples(shape, dtype))
    script = (
        "import sys; sys.modules['glassgrad'] = None; import numpy as np, net; "
        "np.save('y.npy', net.predict(np.load('x.npy')))"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model(examples(shape, dtype)), rtol=1e-4, atol=1e-5)
    assert (tmp_path / "net.npz").exists()


def test_several_inputs_and_results(tmp_path):
    model = randomised(TwoInputs(nn.Linear(3, 2, key=0), nn.Linear(4, 2, key=1)))
    text = train.export.to_numpy(model, [(None, 3), (None, 4)], tmp_path / "net.py")
    assert "def predict(x1, x2):" in text
    a, b = examples((6, 3), np.float32), examples((6, 4), np.float32)
    for found, expected in zip(loaded(tmp_path / "net.py").predict(a, b), model(a, b), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_network_that_counts_its_examples_is_written_for_that_many(tmp_path):
    model = AgainstTheMean(nn.Linear(3, 2, key=0))
    text = train.export.to_numpy(model, (4, 3), tmp_path / "net.py")
    x = examples((4, 3), np.float32)
    np.testing.assert_allclose(loaded(tmp_path / "net.py").predict(x), model(x), rtol=1e-5, atol=1e-6)
    assert "batch" in text or "(4, 3)" in text
    one = nn.Linear(3, 2, key=0)  # an example without the axis of examples
    assert "x (3,)" in train.export.to_numpy(one, (3,))


def test_errors():
    with pytest.raises(UsageError, match="a model is a layer"):
        train.export.to_numpy(lambda x: x, (2, 3))
    with pytest.raises(UsageError, match="10,100 numbers, which do not go into a text"):
        train.export.to_numpy(nn.Linear(100, 100, key=0), (None, 100))
    with pytest.raises(ShapeError, match="Linear takes 3 numbers"):
        train.export.to_numpy(nn.Linear(3, 2, key=0), (None, 4))


@pytest.mark.parametrize("name", ['we"ird.py', "line\nbreak.py"])
@pytest.mark.parametrize("export", [train.export.to_numpy, train.export.to_torch])
def test_any_name_of_a_file_gives_source_that_parses(tmp_path, export, name):
    export(nn.mlp([8, 32, 1], key=0), (None, 8), tmp_path / name)
    ast.parse((tmp_path / name).read_text(encoding="utf-8"))
    assert not list(tmp_path.glob(".*"))  # nothing half written is left
