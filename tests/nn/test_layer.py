"""A layer is a dataclass that is a tree: made once, addressed by path, frozen, copied with changes."""

import copy
import pickle

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn
from glassgrad.base.errors import UsageError
from glassgrad.base.trees import flatten_with_paths
from glassgrad.nn.parts import places


class Affine(nn.Layer):
    weight: nn.Array  # (in, out)
    bias: nn.Array  # (out,)

    def __init__(self, inputs, outputs, *, key):
        self.weight = gg.random.normal(nn.as_key(key), (inputs, outputs)).astype(np.float32)
        self.bias = np.zeros(outputs, np.float32)

    def __call__(self, x):
        return x @ self.weight + self.bias


class Centred(nn.Layer):
    """Subtracts a running mean, and in training the batch's own."""

    mean: nn.Array = nn.state()
    scale: nn.Array

    def __init__(self, size):
        self.mean, self.scale = np.zeros(size, np.float32), np.ones(size, np.float32)

    def __call__(self, x):
        if (pass_ := nn.current()) is None:
            return (x - self.mean) * self.scale
        mean = np.mean(x, axis=0)
        pass_.change(self, mean=0.5 * pass_.latest(self, "mean") + 0.5 * mean)
        return (x - mean) * self.scale


class Network(nn.Layer):
    layers: list
    heads: dict
    offset: nn.Array | None = None
    activation: object = nn.static(np.tanh)

    def __call__(self, x):
        for layer in self.layers:
            x = self.activation(layer(x))
        return self.heads["main"](x)


@pytest.fixture
def model():
    return Network([Affine(3, 4, key=0), Centred(4)], {"main": Affine(4, 1, key=1)})


X = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)


def test_paths_are_those_of_the_tree(model):
    assert [place.path for place in places(model)] == flatten_with_paths(model)[0]
    assert model.parameters().keys() == {
        "layers[0].weight", "layers[0].bias", "layers[1].scale", "heads['main'].weight", "heads['main'].bias",
    }  # fmt: skip
    assert list(model.states()) == ["layers[1].mean"]
    assert model.parameter_count() == 3 * 4 + 4 + 4 + 4 + 1


def test_gradients_have_the_shape_of_the_model(model):
    gradient = gg.grad(lambda model: np.sum(model(X) ** 2))(model)
    assert isinstance(gradient, Network)
    assert gradient.layers[0].weight.shape == (3, 4)
    assert gradient.layers[0].weight.dtype == np.float32
    assert gradient.activation is np.tanh


def test_jit_and_vmap_take_a_model(model):
    assert np.allclose(gg.jit(lambda model, x: model(x))(model, X), model(X), rtol=1e-5, atol=1e-6)
    assert np.allclose(gg.vmap(model)(X), model(X), rtol=1e-5, atol=1e-6)
    many = gg.vmap(lambda key: Affine(3, 2, key=key))(gg.random.split(gg.random.key(0), 6))
    assert many.weight.shape == (6, 3, 2)
    assert gg.vmap(lambda layer, x: layer(x), (0, None))(many, X).shape == (6, 5, 2)


def test_a_layer_does_not_change(model):
    with pytest.raises(UsageError, match=r"model.replace\('offset'"):
        model.offset = 3
    with pytest.raises(UsageError, match="deleted"):
        del model.offset


def test_replace_by_path_and_by_dict(model):
    changed = model.replace("heads['main'].bias", np.ones(1, np.float32))
    assert np.allclose(changed(X), model(X) + 1, rtol=1e-5)
    assert not model.heads["main"].bias.any()
    layer = Affine(3, 4, key=9)
    changed = model.replace({"layers[0]": layer, "layers[1].mean": np.ones(4)})
    assert changed.layers[0] is layer
    assert changed.heads["main"] is model.heads["main"]
    with pytest.raises(UsageError, match=r"did you mean 'layers\[0\].weight'"):
        model.replace("layers[0].wieght", 1.0)


def test_freezing_by_path_pattern_and_back(model):
    assert set(model.freeze("layers").trainable()) == {"heads['main'].weight", "heads['main'].bias"}
    weights = model.freeze("*weight")
    assert set(weights.trainable()) == {"layers[0].bias", "layers[1].scale", "heads['main'].bias"}
    assert weights.parameters().keys() == model.parameters().keys()
    assert set(weights.unfreeze("layers[0]").freeze("*scale").trainable()) == {
        "layers[0].weight", "layers[0].bias", "heads['main'].bias",
    }  # fmt: skip
    assert model.freeze().trainable() == {}
    assert model.freeze().unfreeze().trainable().keys() == model.trainable().keys()
    with pytest.raises(UsageError, match="no parameter fits"):
        model.freeze("layer[0]")


def test_frozen_arrays_outside_of_layers():
    class Bag(nn.Layer):
        pairs: list

    bag = Bag([(np.ones(2), {"a": np.ones(3)}), (np.zeros(2), {"a": np.zeros(3)})])
    assert set(bag.freeze("pairs[0]").trainable()) == {"pairs[1][0]", "pairs[1][1]['a']"}
    assert set(bag.freeze("pairs[0]").unfreeze("*['a']").trainable()) == {
        "pairs[0][1]['a']",
        "pairs[1][0]",
        "pairs[1][1]['a']",
    }


def test_groups(model):
    found = model.parameter_groups({"head": "heads", "bias": "*bias", "rest": "*"})
    assert {name: list(group) for name, group in found.items()} == {
        "head": ["heads['main'].weight", "heads['main'].bias"],
        "bias": ["layers[0].bias"],
        "rest": ["layers[0].weight", "layers[1].scale"],
    }
    with pytest.raises(UsageError, match="belongs to no group"):
        model.parameter_groups({"head": "heads"})


def objective(model, x, key):
    with nn.training(key) as happened:
        value = np.mean(model(x) ** 2)
    return value, happened.changes(model)


def test_changes_of_state_come_back_by_path(model):
    for function in (objective, gg.jit(objective)):
        _, changes = function(model, X, gg.random.key(0))
        hidden = np.tanh(model.layers[0](X))
        assert list(changes) == ["layers[1].mean"]
        assert np.allclose(changes["layers[1].mean"], hidden.mean(0) / 2, rtol=1e-5)
    (_, changes), _ = gg.jit(gg.value_and_grad(objective, has_aux=True))(model, X, gg.random.key(0))
    assert np.allclose(model.replace(changes).layers[1].mean, hidden.mean(0) / 2, rtol=1e-5)
    assert not model.layers[1].mean.any()


def test_a_layer_called_twice_changes_twice():
    layer = Centred(3)
    with nn.training() as happened:
        layer(X)
        layer(X + 1)
    assert np.allclose(happened.changes(layer)["mean"], X.mean(0) / 4 + (X + 1).mean(0) / 2)


def test_changes_of_state_do_not_leak_out_of_loops_and_transforms(model):
    layer = model.layers[1]
    rows = np.ones((4, 5, 4), np.float32)
    for function in (
        lambda: gg.scan(lambda carry, x: (carry, layer(x)), 0.0, rows),
        lambda: gg.vmap(layer)(rows),
        lambda: gg.grad(lambda layer: np.sum(layer(rows[0])))(layer),
        lambda: gg.cond(True, layer, layer, rows[0]),
    ):
        with pytest.raises(UsageError, match="cannot come out of it"), nn.training(0):
            function()


def test_compiled_functions_keep_nothing_of_training():
    layer = nn.Dropout(0.5)
    compiled = gg.jit(lambda x: layer(x))
    x = np.ones(64, np.float32)
    assert np.array_equal(compiled(x), x)
    with nn.training(0):
        assert not np.array_equal(compiled(x), x)
        with nn.evaluating():
            assert np.array_equal(compiled(x), x)
    assert np.array_equal(compiled(x), x)


def test_dropout_drops_its_share_and_keeps_the_mean():
    x = np.ones((200, 500), np.float32)
    with nn.training(3):
        y = nn.Dropout(0.3)(x)
        z = nn.Dropout(0.3, axes=(1,))(x)
    assert y.dtype == np.float32
    assert abs((y == 0).mean() - 0.3) < 0.01
    assert abs(y.mean() - 1) < 0.01
    assert np.array_equal(np.ptp(z, axis=1), np.zeros(200))
    with pytest.raises(UsageError, match="the pass has no key"), nn.training():
        nn.Dropout(0.5)(x)
    with pytest.raises(UsageError, match="from 0 to below 1"):
        nn.Dropout(1.0)


def test_what_goes_wrong_inside_says_where(model):
    with pytest.raises(ValueError, match="mismatch") as caught:
        model(np.ones((5, 7)))
    assert caught.value.__notes__ == ["in Affine", "in Network"]


def test_fields_are_checked():
    class Forgetful(nn.Layer):
        weight: nn.Array

        def __init__(self):
            pass

    class Listed(nn.Layer):
        sizes: object = nn.static()

    class Function(nn.Layer):
        activation: object

    with pytest.raises(UsageError, match=r"Hidden\.replace is a method"):

        class Hidden(nn.Layer):
            replace: nn.Array

    with pytest.raises(UsageError, match=r"Forgetful\.weight was not set"):
        Forgetful()
    with pytest.raises(UsageError, match="use a tuple"):
        Listed([1, 2])
    with pytest.raises(UsageError, match=r"nn.static\(\)"):
        Function(np.tanh)


def test_repr_shows_shapes_and_structure(model):
    assert repr(model) == (
        "Network(\n"
        "    layers=[\n"
        "        Affine(weight=float32(3, 4), bias=float32(4,)),\n"
        "        Centred(mean=float32(4,), scale=float32(4,)),\n"
        "    ],\n"
        "    heads={'main': Affine(weight=float32(4, 1), bias=float32(1,))},\n"
        "    offset=None,\n"
        ")"
    )


def test_copies_and_pickles(model):
    for other in (copy.deepcopy(model), copy.copy(model)):
        assert np.array_equal(other(X), model(X))
    layer = pickle.loads(pickle.dumps(nn.Dropout(0.25)))
    assert layer.rate == 0.25
    with pytest.raises(UsageError):
        layer.rate = 0.5


def test_observers_see_each_call(model):
    seen = []

    class Watching:
        def entered(self, layer, args, kwargs):
            seen.append((type(layer).__name__, args[0].shape))

        def left(self, layer, result):
            seen.append(type(layer).__name__)

    with nn.observing(Watching()):
        gg.jit(model)(X)
    assert seen == [("Network", (5, 3)), ("Affine", (5, 3)), "Affine", ("Centred", (5, 4)), "Centred",
                    ("Affine", (5, 4)), "Affine", "Network"]  # fmt: skip


def test_a_function_that_is_a_default_is_no_method_where_init_leaves_it():
    class Bent(nn.Layer):
        scale: nn.Array
        bend: object = nn.static(nn.relu)

        def __init__(self, scale):
            self.scale = scale

        def __call__(self, x):
            return self.scale * self.bend(x)

    layer = Bent(np.float32(2.0))
    assert layer(np.array([-1.0, 3.0])).tolist() == [0.0, 6.0]
    assert layer.replace("scale", np.float32(1.0))(3.0) == 3.0


# ------------------------------------------------------------------ what a class says of its fields
def test_what_init_sets_has_to_be_declared():
    class Net(nn.Layer):
        hidden: nn.Linear

        def __init__(self, name, value):
            self.hidden = nn.Linear(3, 4, key=0)
            setattr(self, name, value)

    layer = nn.Linear(4, 1, key=1)
    for value, declared in (
        (layer, "out: nn.Linear"),
        ([layer, layer], "out: list[nn.Linear]"),
        ((Affine(1, 1, key=0),), "out: tuple[Affine, ...]"),
        ({"a": layer}, "out: dict[str, nn.Linear]"),
        (np.ones(2), "out: nn.Array"),
        (3, "out: int = nn.static()"),
        (np.tanh, "out: Callable[..., Any] = nn.static()"),
    ):
        with pytest.raises(UsageError, match=r"Net.out is set in __init__ and not declared") as caught:
            Net("out", value)
        assert f"write `{declared}` in the body of the class Net" in str(caught.value)
    assert Net("hidden", layer).hidden is layer


def test_a_property_may_be_set_in_init():
    class Scaled(nn.Layer):
        weight: nn.Array

        def __init__(self):
            self.twice = 3.0

        @property
        def twice(self):
            return self.weight * 2

        @twice.setter
        def twice(self, value):
            self.weight = np.array(value) / 2

    assert Scaled().twice == 3.0


def test_a_part_in_the_body_of_the_class_is_a_field():
    with pytest.raises(UsageError, match="one for all objects of the class") as caught:

        class Net(nn.Layer):
            out = nn.Linear(4, 1, key=1)

    assert "`out: nn.Linear`" in str(caught.value)
    with pytest.raises(UsageError, match="`weight: nn"):

        class Line(nn.Layer):
            weight = np.ones(3)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array([1, 2]), r"Plain.value holds int64, which no gradient changes"),
        (np.array([True]), r"astype\(np.float32\)"),
        ([0.1, 0.2], r"np.array\(…, np.float32\)"),
        ([[0.1, 0.2], [1, 2]], "is a list of numbers"),
        ((3, 3), r"value: tuple = nn.static\(\)"),
        (3, r"Plain.value is 3, .*\n.*\n\nhint: declare it as structure: value: int = nn.static\(\)"),
        ("relu", r"value: str = nn.static\(\)"),
        (np.tanh, "is a function"),
    ],
    ids=str,
)
def test_plain_fields_hold_what_can_learn(value, said):
    class Plain(nn.Layer):
        value: nn.Array

    with pytest.raises(UsageError, match=said):
        Plain(value)


def test_numbers_that_do_not_learn_are_state():
    class Counted(nn.Layer):
        scale: float
        count: nn.Array = nn.state()
        rows: list = nn.state()

    layer = Counted(2.0, np.array(3), [1, 2])
    assert list(layer.trainable()) == ["scale"]
    assert layer.count == 3
