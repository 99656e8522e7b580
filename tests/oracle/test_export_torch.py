"""Networks as the source of a torch.nn.Module: it runs by itself and gives the model's numbers and gradients."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn, train
from glassgrad.base.errors import UnsupportedError
from tests.train.networks import NETWORKS, TwoInputs, examples, made, randomised

torch = pytest.importorskip("torch")
NEAR = {np.dtype(np.float32): {"rtol": 1e-4, "atol": 1e-4}, np.dtype(np.float64): {"rtol": 1e-12, "atol": 1e-12}}


def loaded(path):
    spec = spec_from_file_location("network", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_module_gives_the_numbers_of_the_model(name, tmp_path):
    model, shape, dtype = made(name)
    train.export.to_torch(model, shape, tmp_path / "net.py")
    network = loaded(tmp_path / "net.py")
    assert not network.training
    for count in (None, 3, 1):
        x = examples(shape, dtype, count)
        expected = model(x)
        found = network(torch.tensor(x)).detach().numpy()
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, **NEAR[dtype])


@pytest.mark.parametrize("name", ["float64", "convolution", "lstm"])
def test_gradients_and_states(name, tmp_path):
    model, shape, dtype = made(name)
    train.export.to_torch(model, shape, tmp_path / "net.py")
    network = loaded(tmp_path / "net.py")
    x = examples(shape, dtype)
    network(torch.tensor(x)).square().sum().backward()
    expected = gg.grad(lambda model: np.sum(model(x) ** 2))(model).parameters()
    found = {name: value.grad.numpy() for name, value in network.named_parameters()}
    names = {path: path.replace("[", "_").replace("]", "").replace(".", "_") for path in expected}
    assert found.keys() == set(names.values())
    for path, known in names.items():
        scale = np.abs(expected[path]).max()
        np.testing.assert_allclose(found[known] / scale, expected[path] / scale, atol=1e-4, err_msg=path)
    assert {known for known, _ in network.named_buffers()} == {
        path.replace("[", "_").replace("].", "_") for path in model.states()
    }


def test_it_runs_where_glassgrad_is_not(tmp_path):
    model, shape, dtype = made("deep")
    train.export.to_torch(model, shape, tmp_path / "net.py")
    np.save(tmp_path / "x.npy", examples(shape, dtype))
    script = (
        "import sys; sys.modules['glassgrad'] = None; import numpy as np, torch, net; "
        "np.save('y.npy', net.load()(torch.tensor(np.load('x.npy'))).detach().numpy())"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model(examples(shape, dtype)), rtol=1e-4, atol=1e-5)
    assert (tmp_path / "net.safetensors").exists()


def test_several_inputs_and_results(tmp_path):
    model = randomised(TwoInputs(nn.Linear(3, 2, key=0), nn.Linear(4, 2, key=1)))
    train.export.to_torch(model, [(None, 3), (None, 4)], tmp_path / "net.py")
    a, b = examples((6, 3), np.float32), examples((6, 4), np.float32)
    found = loaded(tmp_path / "net.py")(torch.tensor(a), torch.tensor(b))
    for mine, expected in zip(found, model(a, b), strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_what_pytorch_does_not_have_is_named():
    with pytest.raises(UnsupportedError, match=r"np\.spacing has no counterpart"):
        train.export.to_torch(nn.Sequential(nn.Linear(3, 3, key=0), np.spacing), (None, 3))
