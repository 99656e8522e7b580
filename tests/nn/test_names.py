"""Names of other libraries, and slips of the pen, say what is meant."""

import pytest

from glassgrad import nn, optim


@pytest.mark.parametrize(
    ("module", "name", "meant"),
    [
        (nn, "ReLU", "relu"),
        (nn, "LeakyReLU", "leaky_relu"),
        (nn, "CrossEntropyLoss", "cross_entropy"),
        (nn, "MSELoss", "mse"),
        (nn, "L1Loss", "mae"),
        (nn, "BCEWithLogitsLoss", "binary_cross_entropy"),
        (nn, "MultiheadAttention", "MultiHeadAttention"),
        (nn, "TransformerEncoderLayer", "TransformerEncoderBlock"),
        (nn, "Module", "Layer"),
        (nn, "Flaten", "Flatten"),
        (optim, "Adam", "adam"),
        (optim, "SGD", "sgd"),
        (optim, "LBFGS", "minimize"),
    ],
)
def test_the_name_that_was_meant(module, name, meant):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'. Did you mean '{meant}'?"):
        getattr(module, name)
    assert hasattr(module, meant)


def test_names_that_are_like_no_other():
    for name in ("Foo", "_relu", "__path__x"):
        with pytest.raises(AttributeError, match=r"has no attribute '\w+'$"):
            getattr(nn, name)


def test_what_is_meant_is_there():
    for module in (nn, optim):
        assert set(module._ELSEWHERE.values()) <= set(module.__all__)
        assert not set(module._ELSEWHERE) & set(module.__all__)
