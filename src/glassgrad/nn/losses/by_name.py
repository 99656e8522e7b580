"""Losses by their names, as a configuration has them. Floor 6."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeAlias

from glassgrad.base.errors import UsageError
from glassgrad.nn.losses.binary import binary_cross_entropy, dice, focal
from glassgrad.nn.losses.classification import cross_entropy, nll
from glassgrad.nn.losses.divergence import kl_divergence
from glassgrad.nn.losses.margin import hinge, multi_margin, squared_hinge
from glassgrad.nn.losses.ranking import contrastive, cosine_distance, cosine_embedding, triplet
from glassgrad.nn.losses.regression import gaussian_nll, huber, log_cosh, mae, mse, poisson, quantile
from glassgrad.nn.losses.sequence import ctc

Loss: TypeAlias = Callable[..., Any]

_ALL: tuple[Loss, ...] = (
    *(binary_cross_entropy, contrastive, cosine_distance, cosine_embedding, cross_entropy, ctc, dice, focal),
    *(gaussian_nll, hinge, huber, kl_divergence, log_cosh, mae, mse, multi_margin, nll, poisson, quantile),
    *(squared_hinge, triplet),
)
LOSSES: dict[str, Loss] = {function.__name__: function for function in _ALL}


def loss_of(loss: str | Loss) -> Loss:
    """The loss of a name; a function is given back as it is.

    >>> loss_of("mse") is mse
    True
    """
    if not isinstance(loss, str):
        if callable(loss):
            return loss
        raise UsageError(
            f"a loss is a name or a function, found {type(loss).__name__} {loss!r}",
            hint='loss="mse", or a function of prediction and target',
        )
    wanted = loss.strip().lower().replace("-", "_").replace(" ", "_")
    if wanted not in LOSSES:
        close = get_close_matches(wanted, LOSSES, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise UsageError(f"there is no loss {loss!r}", hint=f"{meant}The names are {', '.join(sorted(LOSSES))}")
    return LOSSES[wanted]
