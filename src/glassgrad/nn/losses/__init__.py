"""Losses: `loss(prediction, target, *, weights=None, mask=None, reduction="mean")`.

The mask (True counts) selects and the weights multiply; both have the shape of the losses or its leading axes. The mean
is the sum over that of the weights; a batch of which nothing counts gives 0, with derivatives of 0. Shapes that would
only fit by broadcasting are an error.
"""

from glassgrad.nn.losses.binary import binary_cross_entropy, dice, focal
from glassgrad.nn.losses.by_name import loss_of
from glassgrad.nn.losses.classification import cross_entropy, nll
from glassgrad.nn.losses.divergence import kl_divergence
from glassgrad.nn.losses.margin import hinge, multi_margin, squared_hinge
from glassgrad.nn.losses.ranking import contrastive, cosine_distance, cosine_embedding, cosine_similarity, triplet
from glassgrad.nn.losses.regression import gaussian_nll, huber, log_cosh, mae, mse, poisson, quantile
from glassgrad.nn.losses.sequence import ctc

__all__ = [
    "binary_cross_entropy",
    "contrastive",
    "cosine_distance",
    "cosine_embedding",
    "cosine_similarity",
    "cross_entropy",
    "ctc",
    "dice",
    "focal",
    "gaussian_nll",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "loss_of",
    "mae",
    "mse",
    "multi_margin",
    "nll",
    "poisson",
    "quantile",
    "squared_hinge",
    "triplet",
]
