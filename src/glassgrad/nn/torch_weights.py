"""Weights to and from PyTorch: a model of ours and a torch.nn.Module of the same architecture. Floor 6.

The layers with numbers of their own are matched in order; what differs in layout (W and its transpose, gates, biases,
packed projections) is written down once for each layer in `torch_links`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, TypeVar

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.errors import ShapeError, UsageError
from glassgrad.base.trees import children_of, join, tree_places
from glassgrad.nn import parts
from glassgrad.nn.layer import Layer
from glassgrad.nn.shared import Shared
from glassgrad.nn.torch_activations import check_alike, of_ours, of_theirs
from glassgrad.nn.torch_links import Link, differences, is_known, links_of, names_of

Model = TypeVar("Model", bound=Layer)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A layer with numbers of its own, of either library, or an activation, and where it stands."""

    path: str
    layer: Any
    name: str
    is_activation: bool = False


def from_torch(model: Model, module: Any) -> Model:
    """The model with the weights and running statistics of a torch.nn.Module of the same architecture.

    The layers that hold numbers are matched in their order (a Sequential's, or the one in which the fields and the
    modules were declared). The arrays keep the model's dtypes. UsageError where the layers differ in number, kind or
    facts such as stride and epsilon, and where activations that are layers differ; ShapeError where a weight does not
    fit. What a module's `forward` does besides is not seen: compare the two on some input.

    >>> import torch
    >>> module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> model = nn.from_torch(nn.mlp([3, 4, 2], key=0), module)
    >>> x = np.ones((5, 3), np.float32)
    >>> np.allclose(model(x), module(torch.tensor(x)).detach().numpy(), atol=1e-6)
    True
    """
    tied = tuple(_tied(model, ""))
    changes: dict[str, Any] = {}
    for ours, theirs, links in _matched(model, module):
        state = {name: _as_array(value) for name, value in theirs.layer.state_dict().items()}
        known = dict(tree_places(ours.layer))
        for link in links:
            for path, value in zip(link.ours, link.from_torch(*[state[name] for name in link.theirs]), strict=True):
                _check_shape(ours, theirs, path, known[path].shape, value.shape)
                changes[join(ours.path, f".{path}")] = np.array(value, known[path].dtype)
    kept = {path: value for path, value in changes.items() if not _is_below(path, tied)}
    return model.replace(kept)


def to_torch(model: Layer, module: Any) -> Any:
    """The torch.nn.Module after the model's weights and running statistics were written into it.

    The module keeps its dtypes and devices; it is of the same architecture as the model, matched as by `from_torch`,
    which has the same errors.

    >>> import torch
    >>> model = nn.Linear(3, 2, key=0)
    >>> module = nn.to_torch(model, torch.nn.Linear(3, 2))
    >>> np.array_equal(module.weight.detach().numpy(), model.weight.T)
    True
    """
    import torch  # lazily: PyTorch is heavy and optional

    writes: list[tuple[Any, Any]] = []
    for ours, theirs, links in _matched(model, module):
        state = theirs.layer.state_dict(keep_vars=True)
        known = dict(tree_places(ours.layer))
        for link in links:
            for name, value in zip(link.theirs, link.to_torch(*[known[path] for path in link.ours]), strict=True):
                _check_shape(ours, theirs, name, tuple(state[name].shape), value.shape)
                writes.append((state[name], np.array(value, order="C")))
    with torch.no_grad():
        for tensor, value in writes:  # after all checks, so that an error leaves the module as it was
            tensor.copy_(torch.from_numpy(value))
    return module


def _as_array(tensor: Any) -> np.ndarray:
    """A tensor's numbers; bfloat16, which NumPy does not have, as float32."""
    tensor = tensor.detach().cpu()
    array: np.ndarray = (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
    return array


# ------------------------------------------------------------------ which layer is which
_REMEDIES = {
    "batch_first": "; layers here take (batch, time, feature), and so does a module after module.batch_first = True "
    "(of a block, that of its attention)",
    "max_norm": "; where the rows are within it already, module.max_norm = None",
}


def _matched(model: Layer, module: Any) -> Iterator[tuple[_Unit, _Unit, Sequence[Link]]]:
    _check_kinds(model, module)
    parts_of = list(_our_units(model, "")), list(_their_units(module, ""))
    ours, theirs = ([part for part in side if not part.is_activation] for side in parts_of)
    for left, right in zip(ours, theirs, strict=False):
        if not is_known(left.layer, right.layer):
            raise UsageError(
                f"{_called(left)} of the model stands where the module has {_called(right)}",
                hint=_listing(ours, theirs),
            )
    if len(ours) != len(theirs):
        raise UsageError(
            f"the model has {len(ours)} layers with weights, and the module has {len(theirs)}",
            hint=_listing(ours, theirs),
        )
    for left, right in zip(ours, theirs, strict=True):
        for fact, mine, other in differences(left.layer, right.layer):
            raise UsageError(
                f"{fact} of {_called(left)} is {mine!r}, and of {_called(right)} in the module {other!r}",
                hint="the weights would fit, but the numbers would not be the same" + _REMEDIES.get(fact, ""),
            )
    for left, right in zip(ours, theirs, strict=True):
        yield left, right, _links(left, right)
    all_shown = all(isinstance(part, Layer) and _is_in(part, "glassgrad.nn.") for part in _layers_of(model)) and all(
        _is_in(part, "torch.nn.") for part in module.modules()
    )
    for mine, other in zip(*map(_between, parts_of), strict=True):
        check_alike(mine, other, all_shown=all_shown)


def _check_kinds(model: Any, module: Any) -> None:
    """An error for arguments that are no model and no module, or in the wrong order."""
    if isinstance(module, Layer) or not isinstance(model, Layer):
        said = "and in this order" if isinstance(module, Layer) else f"found {type(model).__name__}"
        raise UsageError(
            f"a model of ours and a torch.nn.Module are needed, {said}", hint="nn.from_torch(model, module)"
        )
    if not callable(getattr(module, "named_children", None)):
        hint = "module.load_state_dict(state) puts a state_dict into the module" if isinstance(module, dict) else None
        raise UsageError(f"a torch.nn.Module is needed beside the model, found {type(module).__name__}", hint=hint)


def _layers_of(model: Layer) -> Iterator[Any]:
    return (part for _, part in tree_places(model) if is_dataclass(part))


def _is_in(part: Any, package: str) -> bool:
    return type(part).__module__.startswith(package)


def _between(units: Sequence[_Unit]) -> list[list[tuple[str, str]]]:
    """The activations (name, path) in front of each layer with numbers, and behind the last."""
    gaps: list[list[tuple[str, str]]] = [[]]
    for unit in units:
        if unit.is_activation:
            gaps[-1].append((unit.name, unit.path))
        else:
            gaps.append([])
    return gaps


def _links(left: _Unit, right: _Unit) -> Sequence[Link]:
    links = links_of(left.layer, set(right.layer.state_dict()))
    named = {name for link in links for name in link.theirs}
    given = {name for name in right.layer.state_dict() if name.rpartition(".")[2] != "num_batches_tracked"}
    if named != given:
        lonely = sorted(named ^ given)
        raise UsageError(
            f"{_called(left)} and {_called(right)} do not hold the same arrays: "
            f"{', '.join(lonely)} {'is' if len(lonely) == 1 else 'are'} in one of them only",
            hint="are both made with bias= and affine= alike?",
        )
    return links


def _our_units(tree: Any, path: str) -> Iterator[_Unit]:
    if isinstance(tree, Shared):
        yield from _our_units(tree.whole(), join(path, ".model"))
        return
    if isinstance(tree, Layer) and names_of(tree):
        if any(place.value is not None for place in parts.places(tree) if place.kind != "other"):
            yield _Unit(path, tree, type(tree).__name__)
        return
    if (activation := of_ours(tree)) is not None:
        yield _Unit(path, tree, activation, is_activation=True)
    for step, child in children_of(tree) or ():
        if isinstance(tree, Layer) and isinstance(child, np.ndarray):
            raise UsageError(
                f"{type(tree).__name__}{_at(path)} holds an array {step[1:]!r} of its own, and what that is in "
                "PyTorch is not known",
                hint=f"model.replace({join(path, step)!r}, tensor.detach().numpy())",
            )
        yield from _our_units(child, join(path, step))


def _their_units(module: Any, path: str) -> Iterator[_Unit]:
    name = type(module).__name__
    if names_of(module):
        if module.state_dict():
            yield _Unit(path, module, name)
        return
    if (activation := of_theirs(module)) is not None:
        yield _Unit(path, module, activation, is_activation=True)
    own = [key for key, _ in module.named_parameters(recurse=False)]
    if own:
        raise UsageError(
            f"{name}{_at(path)} of the module holds a parameter {own[0]!r}, and which layer that is here is not known",
            hint="copy the known parts one by one: nn.from_torch(model.part, module.part)",
        )
    for key, child in module.named_children():
        yield from _their_units(child, f"{path}.{key}" if path else key)


def _tied(tree: Any, path: str) -> Iterator[str]:
    """The paths that a `Shared` fills from other places."""
    for inner, part in tree_places(tree, path):
        if isinstance(part, Shared):
            yield from (join(inner, f".model.{place}") for place, _ in part.ties)


def _is_below(path: str, tied: Sequence[str]) -> bool:
    return any(path == above or path.startswith((f"{above}.", f"{above}[")) for above in tied)


# ------------------------------------------------------------------ what errors say
def _check_shape(ours: _Unit, theirs: _Unit, name: str, expected: tuple[int, ...], found: tuple[int, ...]) -> None:
    if tuple(expected) != tuple(found):
        raise ShapeError(
            f"{name} of {_called(ours)} and {_called(theirs)} differ: {show_shape(tuple(expected))} is needed, "
            f"found {show_shape(tuple(found))}"
        )


def _at(path: str) -> str:
    return f" at {path!r}" if path else ""


def _called(unit: _Unit) -> str:
    return f"{unit.name}{_at(unit.path)}"


def _listing(ours: Sequence[_Unit], theirs: Sequence[_Unit]) -> str:
    rows = [", ".join(unit.name for unit in units[:12]) + (" …" if len(units) > 12 else "") for units in (ours, theirs)]
    return f"in their order, the model has {rows[0] or 'none'}; the module has {rows[1] or 'none'}"
