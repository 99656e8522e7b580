"""Networks as ONNX files, run by onnxruntime: the model's numbers, for any number of examples."""

import sys

import numpy as np
import pytest

from glassgrad import nn, train
from glassgrad.base.errors import UnsupportedError, UsageError
from tests.train.networks import NETWORKS, AgainstTheMean, TwoInputs, examples, made, randomised

NEAR = {np.dtype(np.float32): {"rtol": 1e-4, "atol": 1e-4}, np.dtype(np.float64): {"rtol": 1e-12, "atol": 1e-12}}


def test_the_extra_is_named_where_onnx_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r"glassgrad\[export\]"):
        train.export.to_onnx(nn.Linear(3, 2, key=0), (None, 3), tmp_path / "net.onnx")


@pytest.fixture
def run():
    """Runs a file with named inputs."""
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")

    def run(path, *arrays):
        session = runtime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
        names = [given.name for given in session.get_inputs()]
        return session.run(None, dict(zip(names, arrays, strict=True)))

    return run


@pytest.mark.parametrize("name", NETWORKS)
def test_the_file_gives_the_numbers_of_the_model(name, tmp_path, run):
    model, shape, dtype = made(name)
    path = train.export.to_onnx(model, shape, tmp_path / "net.onnx")
    for count in (None, 3, 1):
        x = examples(shape, dtype, count)
        expected = model(x)
        (found,) = run(path, x)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, **NEAR[dtype])


def test_what_the_file_says_of_itself(tmp_path, run):
    import onnx

    model, shape, _ = made("convolution")
    found = onnx.load(train.export.to_onnx(model, (None, *shape[1:]), tmp_path / "net.onnx"))
    sizes = found.graph.input[0].type.tensor_type.shape.dim
    assert sizes[0].dim_param == "batch"
    assert [size.dim_value for size in sizes[1:]] == [1, 8, 8]
    arrays = {array.name for array in found.graph.initializer}
    assert {"layers_0_weight", "layers_4_inner_bias"} <= arrays
    kinds = {node.op_type for node in found.graph.node}
    assert {"Conv", "Relu", "MaxPool", "AveragePool", "MatMul", "Softmax"} <= kinds


def test_several_inputs_and_results(tmp_path, run):
    model = randomised(TwoInputs(nn.Linear(3, 2, key=0), nn.Linear(4, 2, key=1)))
    path = train.export.to_onnx(model, [(None, 3), (None, 4)], tmp_path / "net.onnx")
    a, b = examples((6, 3), np.float32), examples((6, 4), np.float32)
    for found, expected in zip(run(path, a, b), model(a, b), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_network_that_counts_its_examples(tmp_path, run):
    model = AgainstTheMean(nn.Linear(3, 2, key=0))
    path = train.export.to_onnx(model, (4, 3), tmp_path / "net.onnx")
    x = examples((4, 3), np.float32)
    np.testing.assert_allclose(run(path, x)[0], model(x), rtol=1e-5, atol=1e-6)


class Parts(nn.Layer):
    """Cuts of every kind, places in arrays, sizes in the number of examples."""

    weight: nn.Array

    def __call__(self, x):
        turned = x[:, ::-1, 1:6:2] * self.weight
        few = x[:, [2, 0], -3:]
        last = np.argmax(x, axis=2)
        picked = np.take_along_axis(x, last[..., None], axis=2)
        flat = x.reshape(-1, 3)
        return turned[:, 0], few[..., None], picked, np.max(flat, axis=1), np.stack([flat[:, 0], flat[:, 2]], axis=1)


def test_parts_of_arrays(tmp_path, run):
    model = Parts(np.float32([1, 2, 3]))
    path = train.export.to_onnx(model, (None, 4, 6), tmp_path / "net.onnx")
    for count in (5, 2):
        x = examples((count, 4, 6), np.float32)
        for found, expected in zip(run(path, x), model(x), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_what_onnx_does_not_have_is_named(tmp_path, run):
    with pytest.raises(UnsupportedError, match="the operation spacing cannot be written as ONNX"):
        train.export.to_onnx(nn.Sequential(nn.Linear(3, 3, key=0), np.spacing), (None, 3), tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()
