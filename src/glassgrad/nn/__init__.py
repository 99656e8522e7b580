"""Networks: layers are dataclasses and trees, models are layers, and `model(x)` is ordinary NumPy code.

>>> model = nn.Sequential(nn.Linear(2, 8, key=0, activation="tanh"), np.tanh, nn.Linear(8, 1, key=1))
>>> x, y = np.array([[0.0, 1.0], [1.0, 1.0]], np.float32), np.array([[1.0], [0.0]], np.float32)
>>> gradient = grad(lambda model: nn.mse(model(x), y))(model)
>>> gradient.layers[0].weight.shape
(2, 8)
>>> list(model.parameters())
['layers[0].weight', 'layers[0].bias', 'layers[2].weight', 'layers[2].bias']
"""

from typing import TYPE_CHECKING, Any

from glassgrad.base.spelling import missing
from glassgrad.nn.activations import (
    activation_of,
    elu,
    gelu,
    gelu_tanh,
    glu,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    identity,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from glassgrad.nn.attention import MultiHeadAttention, attention, positions
from glassgrad.nn.calls import Observer, Pass, current, evaluating, observing, training
from glassgrad.nn.composition import Flatten, Function, Identity, Residual, Sequential
from glassgrad.nn.convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from glassgrad.nn.dropout import Dropout
from glassgrad.nn.embedding import Embedding
from glassgrad.nn.initialisers import (
    default_for,
    fans_of,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    initialiser_of,
    lecun_normal,
    lecun_uniform,
    orthogonal,
    truncated_normal,
    zeros,
)
from glassgrad.nn.keys import as_key
from glassgrad.nn.layer import Array, Layer, state, static
from glassgrad.nn.linear import Linear
from glassgrad.nn.losses import (
    binary_cross_entropy,
    contrastive,
    cosine_distance,
    cosine_embedding,
    cosine_similarity,
    cross_entropy,
    ctc,
    dice,
    focal,
    gaussian_nll,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    loss_of,
    mae,
    mse,
    multi_margin,
    nll,
    poisson,
    quantile,
    squared_hinge,
    triplet,
)
from glassgrad.nn.normalisation import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from glassgrad.nn.perceptron import mlp
from glassgrad.nn.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from glassgrad.nn.recurrent.cells import GRUCell, LSTMCell, RNNCell
from glassgrad.nn.recurrent.layers import GRU, LSTM, RNN, last
from glassgrad.nn.saving import load, save
from glassgrad.nn.shared import Shared
from glassgrad.nn.summary import Summary
from glassgrad.nn.torch_weights import from_torch, to_torch
from glassgrad.nn.transformer import FeedForward, TransformerDecoderBlock, TransformerEncoderBlock

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "Array",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Dropout",
    "Embedding",
    "FeedForward",
    "Flatten",
    "Function",
    "GRUCell",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "Identity",
    "LSTMCell",
    "Layer",
    "LayerNorm",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MultiHeadAttention",
    "Observer",
    "Pass",
    "RMSNorm",
    "RNNCell",
    "Residual",
    "Sequential",
    "Shared",
    "Summary",
    "TransformerDecoderBlock",
    "TransformerEncoderBlock",
    "activation_of",
    "as_key",
    "attention",
    "binary_cross_entropy",
    "contrastive",
    "cosine_distance",
    "cosine_embedding",
    "cosine_similarity",
    "cross_entropy",
    "ctc",
    "current",
    "default_for",
    "dice",
    "elu",
    "evaluating",
    "fans_of",
    "focal",
    "from_torch",
    "gaussian_nll",
    "gelu",
    "gelu_tanh",
    "glorot_normal",
    "glorot_uniform",
    "glu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "he_normal",
    "he_uniform",
    "hinge",
    "huber",
    "identity",
    "initialiser_of",
    "kl_divergence",
    "last",
    "leaky_relu",
    "lecun_normal",
    "lecun_uniform",
    "load",
    "log_cosh",
    "log_sigmoid",
    "log_softmax",
    "loss_of",
    "mae",
    "mish",
    "mlp",
    "mse",
    "multi_margin",
    "nll",
    "observing",
    "orthogonal",
    "poisson",
    "positions",
    "quantile",
    "relu",
    "relu6",
    "save",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "squared_hinge",
    "state",
    "static",
    "tanh",
    "to_torch",
    "training",
    "triplet",
    "truncated_normal",
    "zeros",
]

_ELSEWHERE = {
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy",
    "BatchNorm1d": "BatchNorm",
    "BatchNorm2d": "BatchNorm",
    "BatchNorm3d": "BatchNorm",
    "Dense": "Linear",
    "Dropout1d": "Dropout",
    "Dropout2d": "Dropout",
    "Dropout3d": "Dropout",
    "Hardswish": "hard_silu",
    "InstanceNorm1d": "GroupNorm",
    "InstanceNorm2d": "GroupNorm",
    "InstanceNorm3d": "GroupNorm",
    "KLDivLoss": "kl_divergence",
    "L1Loss": "mae",
    "Module": "Layer",
    "Parameter": "Array",
    "SmoothL1Loss": "huber",
    "TransformerDecoderLayer": "TransformerDecoderBlock",
    "TransformerEncoderLayer": "TransformerEncoderBlock",
    "TripletMarginLoss": "triplet",
}


if not TYPE_CHECKING:  # for whom every name would be there

    def __getattr__(name: str) -> Any:
        raise missing(__name__, name, __all__, _ELSEWHERE)
