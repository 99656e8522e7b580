"""nn.save and nn.load: a model comes back bit for bit, and nothing else is taken for it."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from glassgrad import nn, optim, train
from glassgrad.base.errors import CheckpointError, UsageError


class Mixed(nn.Layer):
    """Parameters of all kinds, statistics, a table that nothing changes, layers in a dict."""

    inner: dict
    half: nn.Array
    waves: nn.Array
    factor: nn.Array
    table: nn.Array = nn.state()
    bend: object = nn.static(nn.tanh)
    size: int = nn.static(3)

    def __init__(self, seed, bend=nn.tanh, size=3):
        random = np.random.default_rng(seed)
        self.inner = {"größe": nn.Linear(2, 3, key=seed), "b": nn.BatchNorm(3)}
        self.half = random.normal(size=4).astype(np.float16)
        self.waves = random.normal(size=(2, 2)) + 1j * random.normal(size=(2, 2))
        self.factor = np.float32(random.normal())
        self.table = random.integers(0, 9, (2, 0, 3))
        self.bend, self.size = bend, size


def bits(model):
    leaves = model.parameters() | model.states() | {"table": model.table}
    return {path: (np.asarray(leaf).dtype, np.shape(leaf), np.asarray(leaf).tobytes()) for path, leaf in leaves.items()}


def test_a_model_comes_back_bit_for_bit(tmp_path):
    model = Mixed(0).replace("waves", np.array([[complex(-0.0, np.nan), 1], [1j, complex(np.inf, -0.0)]]))
    nn.save(tmp_path / "new folder" / "m.safetensors", model)
    again = nn.load(str(tmp_path / "new folder" / "m.safetensors"), like=Mixed(1))
    assert bits(again) == bits(model)
    assert bits(Mixed(1)) != bits(model)
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["m.safetensors"]


def test_what_is_frozen_is_the_business_of_the_model_given(tmp_path):
    file = tmp_path / "m"
    nn.save(file, nn.mlp([2, 3, 1], key=0).freeze())
    assert len(nn.load(file, nn.mlp([2, 3, 1], key=1)).trainable()) == 4
    assert len(nn.load(file, nn.mlp([2, 3, 1], key=1).freeze("layers[0]")).trainable()) == 2


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Mixed(0, size=4), r"it is Mixed\(size=3\) there, and Mixed\(size=4\) in the model given"),
        (Mixed(0, bend=nn.relu), r"Mixed\(bend=tanh\) there, and Mixed\(bend=relu\)"),
        (Mixed(0).replace("half", np.zeros(4)), r"half is float16\(4,\) there, and float64\(4,\) in the model given"),
        (Mixed(0).replace("inner['größe']", nn.Linear(2, 5, key=0)), r"float32\(2, 3\) there, and float32\(2, 5\)"),
        (Mixed(0).replace("inner['b']", nn.LayerNorm(3)), r"\"inner\['b'\]\" is BatchNorm there, and LayerNorm in"),
        (nn.Linear(2, 3, key=0), "it is Mixed there, and Linear in the model given"),
    ],
)
def test_another_model_is_told_with_the_difference(tmp_path, other, said):
    nn.save(tmp_path / "m", Mixed(0))
    with pytest.raises(CheckpointError, match=f"holds another model: .*{said}"):
        nn.load(tmp_path / "m", other)


def test_a_layer_without_arrays_counts(tmp_path):
    nn.save(tmp_path / "m", nn.Sequential(nn.Linear(2, 3, key=0)))
    with pytest.raises(CheckpointError, match=r"'layers\[1\]' is nothing there, and Function in the model given"):
        nn.load(tmp_path / "m", nn.Sequential(nn.Linear(2, 3, key=0), nn.tanh))
    wide = nn.Sequential(nn.Linear(2, 3, key=0, bias=False))
    with pytest.raises(CheckpointError, match=r"layers\[0\].bias is float32\(3,\) there, and missing in the model"):
        nn.load(tmp_path / "m", wide)


def test_functions_are_known_by_their_name_wherever_they_are_defined(tmp_path):
    def bend(x):
        return x

    nn.save(tmp_path / "m", Mixed(0, bend=bend))
    bend.__module__, bend.__qualname__ = "elsewhere", "bend"
    assert nn.load(tmp_path / "m", Mixed(1, bend=bend)).size == 3


def test_damaged_and_foreign_files(tmp_path):
    file, model = tmp_path / "m.safetensors", nn.Linear(3, 2, key=0)
    nn.save(file, model)
    whole = file.read_bytes()
    for part in (whole[:-1], whole[: len(whole) // 2], whole[:4], b"", b"no such file\n" * 9):
        file.write_bytes(part)
        with pytest.raises(CheckpointError, match=r"m.safetensors (cannot be read|is damaged)"):
            nn.load(file, model)
    turned = bytearray(whole)
    turned[-1] ^= 1
    file.write_bytes(turned)
    with pytest.raises(CheckpointError, match="is damaged: its numbers are not those that were written"):
        nn.load(file, model)
    save_file({"weight": np.ones((3, 2), np.float32)}, file)
    with pytest.raises(CheckpointError, match="is no checkpoint of Glassgrad: its header names no format"):
        nn.load(file, model)
    with pytest.raises(CheckpointError, match=r"there is no file .*nowhere"):
        nn.load(tmp_path / "nowhere", model)
    with pytest.raises(CheckpointError, match=r"cannot be (read|written)"):
        nn.load(tmp_path, model)
    with pytest.raises(CheckpointError, match="cannot be written"):
        nn.save(tmp_path, model)
    with pytest.raises(CheckpointError, match=r"cannot hold weight: safetensors has no (float128|longdouble)"):
        nn.save(file, model.replace("weight", np.ones((3, 2), np.longdouble)))


def test_a_failed_save_leaves_the_file_before(tmp_path):
    file = tmp_path / "m"
    nn.save(file, nn.Linear(3, 2, key=0))
    before = file.read_bytes()
    with pytest.raises(CheckpointError):
        nn.save(file, nn.Linear(3, 2, key=0).replace("weight", np.ones((3, 2), np.longdouble)))
    assert file.read_bytes() == before


def test_the_best_model_of_a_run_can_be_loaded(tmp_path):
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    run = train.fit(
        nn.Linear(3, 1, key=0), (x, x[:, :1]), nn.mse, optim.sgd(0.1), epochs=2, checkpoint=tmp_path, store=False
    )
    found = nn.load(tmp_path / "best.safetensors", like=nn.Linear(3, 1, key=5))
    assert np.array_equal(found.weight, run.model.weight)
    with pytest.raises(CheckpointError, match=r"holds the state of a run(?s:.*)best.safetensors beside it"):
        nn.load(tmp_path / "last.safetensors", like=nn.Linear(3, 1, key=5))


def test_wrong_calls():
    model = nn.Linear(3, 1, key=0)
    with pytest.raises(UsageError, match=r"found str(?s:.*)nn.save\(path, model\)"):
        nn.save(model, "m")
    with pytest.raises(UsageError, match="found type"):
        nn.load("m", nn.Linear)
    with pytest.raises(UsageError, match="a path is a text or a Path, found int"):
        nn.save(3, model)
