"""Edits of the model: activations, normalisation, residual links, the last activation. Floor 7.

A replaced layer keeps its path, and what is added works through hooks: parameters keep their names.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from glassgrad.doctor.subjects.edits import Activation, LastActivation, Normalise, Residual
from glassgrad.doctor.subjects.subject import Cannot
from glassgrad.doctor.subjects.torch.chain import Hidden, Spot, set_module
from glassgrad.doctor.subjects.torch.operations import ADDED
from glassgrad.doctor.subjects.torch.site import Site
from glassgrad.doctor.subjects.torch.swapping import Instead, SwappedLoss, swaps_of

ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.01),
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
}


def activation(site: Site, edit: Activation) -> None:
    """The hidden activations replaced, and added after layers that have none before the next."""
    make, changed = ACTIVATIONS[edit.name], 0
    for hidden in site.chain():
        if hidden.is_last:
            continue
        if hidden.activations:
            for spot in hidden.activations:
                changed += _replace(site, spot, make())
        elif hidden.module is not None and hidden.kind in ("linear", "conv"):
            hidden.module.register_forward_hook(_Then(make()))
            changed += 1
    if not changed:
        raise Cannot("there is no hidden activation to replace, and no pair of layers that one could stand between")


def _replace(site: Site, spot: Spot, module: Any) -> int:
    if spot.module is not None:
        set_module(site.model, spot.at, module.train(spot.module.training))
        return 1
    if spot.number is None:
        return 0
    swaps_of(site.model).by_number[spot.number] = Instead(module)
    return 1


class _Then:
    """A forward hook: a module after the one it is hooked to."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, module: Any, arguments: Any, output: Any) -> Any:
        return self._module(output)


def normalise(site: Site, edit: Normalise) -> None:
    """Normalisation after each hidden layer with weights that has none."""
    changed = 0
    for hidden in site.chain():
        if hidden.is_last or hidden.normalised or hidden.module is None or hidden.kind not in ("linear", "conv"):
            continue
        made = site.to_device(_normalisation(hidden)).train(site.model.training)
        hidden.module.add_module(ADDED, made)  # there, for a Sequential calls whatever it holds
        hidden.module.register_forward_hook(_Then(made))
        changed += 1
    if not changed:
        raise Cannot("every hidden layer is normalised, or there is none")
    site.adopt(site.model)


def _normalisation(hidden: Hidden) -> Any:
    if hidden.kind == "conv":
        channels = hidden.shape[1]
        kinds = {3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
        return kinds[len(hidden.shape)](channels)
    return nn.LayerNorm(hidden.shape[-1])


def residual(site: Site, edit: Residual) -> None:
    """The input of each hidden layer added to what comes out of its activation, where the shapes agree."""
    changed = 0
    for hidden in site.chain():
        if hidden.is_last or hidden.module is None or not _keeps_its_shape(hidden):
            continue
        link = _Around()
        spots = [spot for spot in hidden.activations if spot.module is not None]
        if hidden.activations and not spots:
            number = hidden.activations[-1].number
            if number is None:
                continue
            swaps_of(site.model).by_number[number] = link.swap
        else:
            end = spots[-1].module if spots else hidden.module
            end.register_forward_hook(link.add)
        hidden.module.register_forward_pre_hook(link.keep)
        changed += 1
    if not changed:
        raise Cannot("no hidden layer gives as many units as it takes")


def _keeps_its_shape(hidden: Hidden) -> bool:
    module = hidden.module
    if hidden.kind == "linear":
        return bool(module.in_features == module.out_features) and hidden.end == hidden.shape
    if hidden.kind != "conv" or module.transposed or hidden.end != hidden.shape:
        return False
    same = all(stride == 1 for stride in module.stride) and module.in_channels == module.out_channels
    if isinstance(module.padding, str):
        return same and module.padding == "same"
    sizes = zip(module.kernel_size, module.padding, module.dilation, strict=True)
    return same and all(2 * padding == dilation * (size - 1) for size, padding, dilation in sizes)


class _Around:
    """A residual link: keeps what goes into one module and adds it to what comes out of another."""

    def __init__(self) -> None:
        self._kept: Any = None

    def keep(self, module: Any, arguments: Any) -> None:
        """Before the first."""
        self._kept = arguments[0] if arguments else None

    def add(self, module: Any, arguments: Any, output: Any) -> Any:
        """After the last."""
        return self._sum(output)

    def swap(self, original: Callable[[Any], Any], value: Any) -> Any:
        """In place of an activation that is called as a function."""
        return self._sum(original(value))

    def _sum(self, output: Any) -> Any:
        kept, self._kept = self._kept, None
        return output if kept is None or kept.shape != output.shape else output + kept


def last_activation(site: Site, edit: LastActivation) -> None:
    """What stands at the end of the model – or at the beginning of the loss – replaced, taken away or added."""
    chain = site.chain()
    spots = [spot for hidden in chain if hidden.is_last for spot in hidden.activations]
    made = {"sigmoid": nn.Sigmoid, "softmax": lambda: nn.Softmax(-1), "log_softmax": lambda: nn.LogSoftmax(-1)}
    removed = 0
    for spot in spots:
        removed += _replace(site, spot, nn.Identity())
    removed += _cut_from_loss(site)
    if edit.name is not None:
        site.model.register_forward_hook(_Last(made[edit.name]()))
    elif not removed:
        raise Cannot("there is no activation at the end of the model")


def _cut_from_loss(site: Site) -> int:
    """The activations that the loss function itself puts on the prediction taken away."""
    inside = [part for part in site.setup.parts if part.path.startswith("loss.")]
    if not inside or site.learner.loss is None:
        return 0
    identity = Instead(nn.Identity())
    site.learner.loss = SwappedLoss(site.learner.loss, dict.fromkeys(range(len(inside)), identity))
    return len(inside)


class _Last(_Then):
    """A forward hook on the whole model: an activation of its prediction."""

    def __call__(self, module: Any, arguments: Any, output: Any) -> Any:
        if isinstance(output, torch.Tensor):
            return self._module(output)
        if isinstance(output, tuple) and output and isinstance(output[0], torch.Tensor):
            return (self._module(output[0]), *output[1:])
        return output
