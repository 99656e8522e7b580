"""Edits of the weights themselves: drawn afresh, gates that start open. Floor 7."""

from typing import Any

import torch
from torch import nn

from glassgrad.doctor.subjects.edits import GateBias, Initialise
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.doctor.subjects.torch.site import Site

_RECTIFIED = ("relu", "relu6", "leaky_relu", "prelu", "elu", "gelu", "silu", "mish", "softplus", "hard_silu", "celu")


def initialise(site: Site, edit: Initialise) -> None:
    """Weights drawn for the activation that follows: He, Glorot, LeCun; recurrent ones orthogonal; biases 0."""
    following = {id(hidden.module): [spot.kind for spot in hidden.activations] for hidden in site.chain()}
    done: set[int] = set()
    with torch.no_grad():
        for module in site.model.modules():
            _initialise(module, following.get(id(module), []), done)
    for optimizer in site.learner.optimizers:
        optimizer.state.clear()


def _initialise(module: Any, following: list[str], done: set[int]) -> None:
    own = {name: one for name, one in module.named_parameters(recurse=False) if id(one) not in done}
    done.update(id(one) for one in own.values())
    if isinstance(module, nn.modules.batchnorm._NormBase | nn.LayerNorm | nn.GroupNorm):  # noqa: SLF001 - not exported
        module.reset_parameters()
        return
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        if "weight" in own:
            nn.init.normal_(own["weight"], std=1.0)
        return
    for name, one in own.items():
        if "bias" in name:
            nn.init.zeros_(one)
        elif one.ndim < 2:
            continue
        elif name.startswith("weight_hh"):
            for gate in one.chunk(max(1, one.shape[0] // one.shape[1])):
                nn.init.orthogonal_(gate)
        else:
            _draw(one, following)


def _draw(weight: Any, following: list[str]) -> None:
    kind = following[0] if following else ""
    if kind == "selu":
        nn.init.normal_(weight, std=(weight.numel() / weight.shape[0]) ** -0.5)
    elif kind in _RECTIFIED:
        nn.init.kaiming_normal_(weight, nonlinearity="relu")
    else:
        nn.init.xavier_uniform_(weight)


def gate_bias(site: Site, edit: GateBias) -> None:
    """Forget gates of LSTMs, update gates of GRUs: bias 1 from the start."""
    changed = 0
    with torch.no_grad():
        for module in site.model.modules():
            size = getattr(module, "hidden_size", 0)
            is_lstm, is_gru = isinstance(module, nn.LSTM | nn.LSTMCell), isinstance(module, nn.GRU | nn.GRUCell)
            if not is_lstm and not is_gru:
                continue
            for name, bias in module.named_parameters(recurse=False):
                if name.startswith(("bias_ih", "bias_hh")):
                    # Both biases are added; the gate is the second of PyTorch's (i, f, g, o) and (r, z, n).
                    bias[size : 2 * size] = 1.0 if name.startswith("bias_ih") else 0.0
                    changed += 1
    if not changed:
        raise Cannot("there is no LSTM or GRU with biases")
