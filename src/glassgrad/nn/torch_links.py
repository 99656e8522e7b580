"""How each layer's arrays are laid out in PyTorch: which array is which, turned, stacked or summed. Floor 6.

Nothing here imports PyTorch: its layers are known by the names of their classes, its arrays by their names.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.nn.activations import name_of
from glassgrad.nn.attention import MultiHeadAttention
from glassgrad.nn.convolution import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from glassgrad.nn.embedding import Embedding
from glassgrad.nn.linear import Linear
from glassgrad.nn.normalisation import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from glassgrad.nn.recurrent.cells import GRUCell, LSTMCell, RNNCell
from glassgrad.nn.recurrent.layers import GRU, LSTM, RNN
from glassgrad.nn.transformer import TransformerDecoderBlock, TransformerEncoderBlock

Arrays: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Arrays of ours, arrays of theirs, and the way from one to the other and back."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    to_torch: Callable[..., Arrays]
    from_torch: Callable[..., Arrays]

    def below(self, ours: str, theirs: str) -> "Link":
        """The same link of a layer that is a part of another."""
        inside = tuple(f"{ours}.{name}" for name in self.ours)
        return Link(inside, tuple(f"{theirs}.{name}" for name in self.theirs), self.to_torch, self.from_torch)


# ------------------------------------------------------------------ the ways from one to the other
def _same(*arrays: Any) -> Arrays:
    return arrays


def _turned(*arrays: Any) -> Arrays:
    return tuple(array.T for array in arrays)


def _with_zeros(bias: Any) -> Arrays:
    """PyTorch adds two biases, of which one is enough."""
    return bias, np.zeros_like(bias)


def _summed(first: Any, second: Any) -> Arrays:
    return (first + second,)


def _gru_to_torch(bias: Any, hidden: Any) -> Arrays:
    """The second bias of r and z adds to the first; that of n stands inside the product with r."""
    return bias, np.concatenate([np.zeros_like(bias)[: 2 * len(hidden)], hidden])


def _gru_from_torch(first: Any, second: Any) -> Arrays:
    size = len(first) // 3
    bias = first.copy()
    bias[: 2 * size] += second[: 2 * size]
    return bias, second[2 * size :]


def _stacked_turned(*weights: Any) -> Arrays:
    return (np.concatenate([weight.T for weight in weights]),)


def _split_turned(weight: Any) -> Arrays:
    return tuple(part.T for part in np.split(weight, 3))


def _stacked(*biases: Any) -> Arrays:
    return (np.concatenate(biases),)


def _split(bias: Any) -> Arrays:
    return tuple(np.split(bias, 3))


# ------------------------------------------------------------------ layer by layer
def _plain(layer: Any, **names: str) -> list[Link]:
    """Arrays that are the same in both; those that are None in this layer are left out."""
    return [
        Link((ours,), (theirs,), _same, _same) for ours, theirs in names.items() if getattr(layer, ours) is not None
    ]


def _linear(layer: Any, names: Collection[str]) -> list[Link]:
    return [Link(("weight",), ("weight",), _turned, _turned), *_plain(layer, bias="bias")]


def _convolution(layer: Any, names: Collection[str]) -> list[Link]:
    return _plain(layer, weight="weight", bias="bias")


def _embedding(layer: Any, names: Collection[str]) -> list[Link]:
    padding = layer.padding
    if padding is None:
        return _plain(layer, table="weight")

    def with_zeros(table: Any) -> Arrays:  # what the layer gives for the padding, whatever stands there
        return (np.where(np.arange(len(table))[:, None] == padding, np.zeros((), table.dtype), table),)

    def checked(table: Any) -> Arrays:
        if np.any(table[padding] != 0):
            raise UsageError(
                f"the module's Embedding has other numbers than 0 in the row of its padding, {padding}, and gives them",
                hint=f"there: module.weight.data[{padding}] = 0; or here: padding=None",
            )
        return (table,)

    return [Link(("table",), ("weight",), with_zeros, checked)]


def _norm(layer: Any, names: Collection[str]) -> list[Link]:
    return _plain(layer, scale="weight", shift="bias")


def _rms_norm(layer: Any, names: Collection[str]) -> list[Link]:
    return _plain(layer, scale="weight")


def _batch_norm(layer: Any, names: Collection[str]) -> list[Link]:
    return [*_norm(layer, names), *_plain(layer, running_mean="running_mean", running_variance="running_var")]


def _cell(cell: Any, ending: str) -> list[Link]:
    links = [
        Link((f"{ours}_weight",), (f"weight_{theirs}{ending}",), _turned, _turned)
        for ours, theirs in (("input", "ih"), ("hidden", "hh"))
    ]
    biases = (f"bias_ih{ending}", f"bias_hh{ending}")
    if cell.bias is None:
        return links
    if isinstance(cell, GRUCell):
        return [*links, Link(("bias", "hidden_bias"), biases, _gru_to_torch, _gru_from_torch)]
    return [*links, Link(("bias",), biases, _with_zeros, _summed)]


def _one_cell(layer: Any, names: Collection[str]) -> list[Link]:
    return _cell(layer, "")


def _recurrent(layer: Any, names: Collection[str]) -> list[Link]:
    found = []
    for way, cells, ending in (("forward", layer.forward, ""), ("backward", layer.backward, "_reverse")):
        for index, cell in enumerate(cells):
            for link in _cell(cell, f"_l{index}{ending}"):
                inside = tuple(f"{way}[{index}].{name}" for name in link.ours)
                found.append(Link(inside, link.theirs, link.to_torch, link.from_torch))
    return found


def _attention(layer: Any, names: Collection[str]) -> list[Link]:
    weights = ("query.weight", "key.weight", "value.weight")
    if "in_proj_weight" in names:
        found = [Link(weights, ("in_proj_weight",), _stacked_turned, _split_turned)]
    else:  # keys or values of other sizes than the queries
        found = [Link((name,), (f"{name[0]}_proj_weight",), _turned, _turned) for name in weights]
    if layer.query.bias is not None:
        biases = ("query.bias", "key.bias", "value.bias")
        found.append(Link(biases, ("in_proj_bias",), _stacked, _split))
    return [*found, *[link.below("output", "out_proj") for link in _linear(layer.output, names)]]


def _inside(names: Collection[str], part: str) -> set[str]:
    return {name.removeprefix(f"{part}.") for name in names if name.startswith(f"{part}.")}


def _block(layer: Any, names: Collection[str]) -> list[Link]:
    places = [("attention", "self_attn"), ("cross_attention", "multihead_attn")]
    kept = places if isinstance(layer, TransformerDecoderBlock) else places[:1]
    found = [
        link.below(ours, theirs)
        for ours, theirs in kept
        for link in _attention(getattr(layer, ours), _inside(names, theirs))
    ]
    for ours, theirs in (("inner", "linear1"), ("outer", "linear2")):
        part = getattr(layer.feed_forward, ours)
        found += [link.below(f"feed_forward.{ours}", theirs) for link in _linear(part, names)]
    for index, norm in enumerate(layer.norms):
        found += [link.below(f"norms[{index}]", f"norm{index + 1}") for link in _norm(norm, names)]
    return found


# ------------------------------------------------------------------ facts that are no arrays
def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _batch_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield from _norm_facts(layer, module)
    yield "momentum", layer.momentum, module.momentum


def _norm_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield "epsilon", layer.epsilon, module.eps


def _group_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield from _norm_facts(layer, module)
    yield "the number of groups", layer.groups, getattr(module, "num_groups", layer.channels)


def _convolution_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    for fact in ("stride", "padding", "dilation", "groups", "padding_mode", "output_padding"):
        if hasattr(layer, fact):
            yield fact, _tuple(getattr(layer, fact)), _tuple(getattr(module, fact))


def _embedding_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield "padding", layer.padding, module.padding_idx
    yield "max_norm", None, module.max_norm


def _sequence_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield "batch_first", True, module.batch_first


def _recurrent_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield from _sequence_facts(layer, module)
    yield "the number of layers", len(layer.forward), module.num_layers
    yield "bidirectional", bool(layer.backward), module.bidirectional
    if isinstance(layer, RNN):
        yield "the activation", _activation(layer.forward[0].activation), module.nonlinearity  # type: ignore[union-attr]  # RNNCell


def _cell_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield "the activation", _activation(layer.activation), module.nonlinearity


def _attention_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield from _sequence_facts(layer, module)
    yield "the number of heads", layer.heads, module.num_heads


def _block_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield from _attention_facts(layer.attention, module.self_attn)
    yield "norm_first", layer.norm_first, module.norm_first
    yield "epsilon", layer.norms[0].epsilon, module.norm1.eps
    yield "the activation", _activation(layer.feed_forward.activation), _activation(module.activation)


def _activation(function: Any) -> str:
    """The name of an activation, of ours, NumPy's or PyTorch's."""
    return name_of(function).lower()


def _no_facts(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    yield from ()


# ------------------------------------------------------------------ the table
@dataclass(frozen=True, slots=True)
class _Kind:
    names: tuple[str, ...]  # of PyTorch's classes
    links: Callable[[Any, Collection[str]], Sequence[Link]]
    facts: Callable[[Any, Any], Iterator[tuple[str, Any, Any]]] = _no_facts


_KINDS: dict[type, _Kind] = {
    Linear: _Kind(("Linear",), _linear),
    Embedding: _Kind(("Embedding",), _embedding, _embedding_facts),
    BatchNorm: _Kind(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"), _batch_norm, _batch_facts),
    LayerNorm: _Kind(("LayerNorm",), _norm, _norm_facts),
    RMSNorm: _Kind(("RMSNorm",), _rms_norm, _norm_facts),
    GroupNorm: _Kind(("GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), _norm, _group_facts),
    RNNCell: _Kind(("RNNCell",), _one_cell, _cell_facts),
    LSTMCell: _Kind(("LSTMCell",), _one_cell),
    GRUCell: _Kind(("GRUCell",), _one_cell),
    RNN: _Kind(("RNN",), _recurrent, _recurrent_facts),
    LSTM: _Kind(("LSTM",), _recurrent, _recurrent_facts),
    GRU: _Kind(("GRU",), _recurrent, _recurrent_facts),
    MultiHeadAttention: _Kind(("MultiheadAttention",), _attention, _attention_facts),
    TransformerEncoderBlock: _Kind(("TransformerEncoderLayer",), _block, _block_facts),
    TransformerDecoderBlock: _Kind(("TransformerDecoderLayer",), _block, _block_facts),
} | {
    kind: _Kind((kind.__name__,), _convolution, _convolution_facts)
    for kind in (Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
}
_THEIRS = {name for kind in _KINDS.values() for name in kind.names}


def names_of(layer: Any) -> tuple[str, ...]:
    """The names of PyTorch's classes for a layer of either library; empty for one that has no counterpart."""
    for kind in type(layer).__mro__:
        if kind in _KINDS:
            return _KINDS[kind].names
        if kind.__name__ in _THEIRS and kind.__module__.startswith("torch."):
            return (kind.__name__,)
    return ()


def _kind_of(layer: Any) -> _Kind:
    return next(_KINDS[kind] for kind in type(layer).__mro__ if kind in _KINDS)


def is_known(layer: Any, module: Any) -> bool:
    """Is this module PyTorch's counterpart of this layer?"""
    return any(name in _kind_of(layer).names for name in names_of(module))


def links_of(layer: Any, names: Collection[str]) -> Sequence[Link]:
    """The links of a layer's arrays with those of its counterpart, which has arrays of these names."""
    return _kind_of(layer).links(layer, names)


def differences(layer: Any, module: Any) -> Iterator[tuple[str, Any, Any]]:
    """Facts, with their values here and there, that differ: the numbers of the two would, too."""
    for fact, mine, other in _kind_of(layer).facts(layer, module):
        if mine != other:
            yield fact, mine, other
