"""First weights from which nothing can be learnt."""

from tests.doctor_cases.case import Case, Truth

_STILL = ("vanishing", "constant-output", "slow", "zero-gradient")

CASES: tuple[Case, ...] = (
    Case(
        "zeros",
        "linear 32, relu, linear 32, relu, linear 3",
        "cross_entropy",
        "adam 1e-2",
        "spirals",
        init=("zeros", "biases 0"),
        truth=Truth("initialisation", ("zero-gradient", "constant-output", "dead-units"), (), ("layers",)),
        mended={"init": ()},
    ),
    Case(
        "zeros-tanh",
        "linear 32, tanh, linear 32, tanh, linear 1",
        "mse",
        "sgd 0.1",
        "sine",
        init=("zeros", "biases 0"),
        truth=Truth("initialisation", ("zero-gradient", "constant-output"), (), ("layers",)),
        mended={"init": (), "optimizer": "adam 1e-2"},
    ),
    Case(
        "constants",
        "linear 32, tanh, linear 32, tanh, linear 3",
        "cross_entropy",
        "adam 1e-2",
        "spirals",
        init=("constant 0.1", "biases 0"),
        truth=Truth(
            "initialisation",
            ("slow", "constant-output", "zero-gradient", "noisy", "imbalance"),
            ("capacity",),
            ("layers",),
        ),
        mended={"init": ()},
    ),
    Case(
        "normal-1",
        "linear 256, tanh, linear 256, tanh, linear 10",
        "cross_entropy",
        "sgd 0.01",
        "digits",
        steps=150,
        init=("normal 5",),
        truth=Truth(
            "initialisation", ("saturation", "vanishing", "exploding", "diverging", "oscillating"), (), ("layers",)
        ),
        mended={"init": (), "optimizer": "sgd 0.1"},
    ),
    Case(
        "normal-20-sigmoid",
        "linear 64, sigmoid, linear 64, sigmoid, linear 3",
        "cross_entropy",
        "adam 1e-3",
        "spirals",
        init=("normal 20",),
        truth=Truth(
            "initialisation", ("saturation", "vanishing", "exploding", "zero-gradient", "imbalance"), (), ("layers",)
        ),
        mended={"init": (), "optimizer": "adam 1e-2", "steps": 600},
    ),
    Case(
        "normal-3-relu",
        "4 * (linear 128, relu), linear 1",
        "mse",
        "adam 1e-3",
        "friedman",
        init=("normal 3",),
        truth=Truth(
            "initialisation", ("exploding", "diverging", "slow", "oscillating"), ("rate-too-high",), ("layers",)
        ),
        mended={"init": ()},
    ),
    Case(
        "tiny-weights",
        "6 * (linear 32, tanh), linear 3",
        "cross_entropy",
        "sgd 0.1",
        "spirals",
        init=("normal 0.001",),
        truth=Truth("initialisation", _STILL, ("depth",), ("layers",)),
        mended={"init": (), "layers": "2 * (linear 32, tanh), linear 3", "optimizer": "adam 1e-2"},
    ),
    Case(
        "biases-8",
        "linear 32, relu, linear 32, relu, linear 3",
        "cross_entropy",
        "adam 1e-3",
        "spirals",
        init=("biases -8",),
        truth=Truth("initialisation", ("dead-units", "zero-gradient", "constant-output"), ("dead-units",), ("layers",)),
        mended={"init": (), "optimizer": "adam 1e-2"},
    ),
    Case(
        "biases-8-sigmoid",
        "linear 32, sigmoid, linear 32, sigmoid, linear 3",
        "cross_entropy",
        "sgd 0.1",
        "blobs 3",
        init=("biases -8",),
        truth=Truth(
            "initialisation",
            ("saturation", "vanishing", "zero-gradient", "constant-output"),
            ("activation",),
            ("layers",),
        ),
        mended={"init": (), "optimizer": "adam 1e-2"},
    ),
    Case(
        "negative-weights",
        "linear 64, relu, linear 64, relu, linear 10",
        "cross_entropy",
        "sgd 0.05",
        "digits",
        init=("from_zero -0.3",),
        truth=Truth("initialisation", ("dead-units", "zero-gradient", "constant-output"), ("dead-units",), ("layers",)),
        mended={"init": (), "optimizer": "sgd 0.2"},
    ),
    Case(
        "cnn-zeros",
        "conv 8 3, relu, maxpool 2, conv 16 3, relu, flatten, linear 10",
        "cross_entropy",
        "adam 3e-3",
        "images",
        init=("zeros", "biases 0"),
        steps=150,
        truth=Truth("initialisation", ("zero-gradient", "constant-output", "dead-units"), (), ("layers",)),
        mended={"init": ()},
    ),
)
