"""Different optimisers for different parameters: by path, by mask, and none at all. Floor 6."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import Structure, Tree, flatten, unflatten
from glassgrad.optim.leaves import at_places, listing, zeros
from glassgrad.optim.made import made
from glassgrad.optim.optimizer import Optimizer, State, Transformation, checked_optimizer
from glassgrad.optim.paths import Mask, chosen, dotted_paths, fitting

Kind = TypeVar("Kind", bound=Optimizer | Transformation)


def by_path(groups: Mapping[str, Optimizer]) -> Optimizer:
    """Each parameter moved by the optimiser of the first pattern that its path fits.

    In a pattern `*` stands for any text, and a path for all below it. Every parameter has to fit a pattern. The state
    is a dict by pattern, so `{**state, "encoder.*": optim.with_rate(state["encoder.*"], 1e-5)}` sets one group's rate.

    >>> optimizer = optim.by_path({"encoder.*": optim.sgd(0.1), "*": optim.sgd(1.0)})
    >>> model = {"encoder": {"w": np.zeros(1)}, "head": np.zeros(1)}
    >>> gradients = {"encoder": {"w": np.ones(1)}, "head": np.ones(1)}
    >>> optimizer.update(gradients, optimizer.start(model), model)[0]
    {'encoder': {'w': array([-0.1])}, 'head': array([-1.])}
    """
    optimizers = {pattern: checked_optimizer(part, f"by_path[{pattern!r}]") for pattern, part in groups.items()}

    def start(parameters: Tree) -> State:
        places = _places(list(optimizers), parameters)
        parts = {pattern: _part("parameters", parameters, parameters, own) for pattern, own in places.items()}
        return {pattern: part.start(parts[pattern]) for pattern, part in optimizers.items()}

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        places = _places(list(optimizers), parameters)
        if not isinstance(state, dict) or state.keys() != optimizers.keys():
            raise UsageError("the state of by_path is a dict of its patterns", hint="by_path(…).start(parameters)")
        moved: dict[str, Any] = {}
        after = {}
        for pattern, part in optimizers.items():
            own = _part("parameters", parameters, parameters, places[pattern])
            slopes = _part("gradients", gradients, parameters, places[pattern])
            found, after[pattern] = part.update(slopes, state[pattern], own)
            moved |= found
        return _whole(parameters, moved), after

    return Optimizer(start, update, made(by_path, dict(optimizers)))


def masked(part: Kind, mask: Mask) -> Kind:
    """The optimiser or transformation for the parameters of the mask only.

    Other parameters stay where they are (under an optimiser), or keep their gradients (under a transformation). A mask
    is a pattern or several, a function of path and parameter, or a tree of truth values.

    >>> optimizer = optim.masked(optim.sgd(1.0), "head.*")
    >>> model = {"body": np.zeros(2), "head": {"w": np.zeros(2)}}
    >>> gradients = {"body": np.ones(2), "head": {"w": np.ones(2)}}
    >>> optimizer.update(gradients, optimizer.start(model), model)[0]
    {'body': array([0., 0.]), 'head': {'w': array([-1., -1.])}}
    """
    if not isinstance(part, Optimizer | Transformation):
        raise UsageError(f"masked takes an optimiser or a transformation, found {part!r}")

    def start(parameters: Tree) -> State:
        return part.start(_part("parameters", parameters, parameters, chosen(mask, parameters)))

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        flags = chosen(mask, parameters)
        slopes = _part("gradients", gradients, parameters, flags)
        found, after = part.update(slopes, state, _part("parameters", parameters, parameters, flags))
        outside = [not flag for flag in flags]
        rest = _part("gradients", gradients, parameters, outside)
        if isinstance(part, Optimizer):
            rest = zeros(_part("parameters", parameters, parameters, outside))
        return _whole(parameters, {**found, **rest}), after

    return type(part)(start, update, made(masked, part, mask))


def still() -> Optimizer:
    """Moves nothing: for a group of `by_path` that is to stay as it is.

    >>> optimizer = optim.by_path({"body": optim.still(), "*": optim.sgd(1.0)})
    >>> model = {"body": np.zeros(2), "head": np.zeros(2)}
    >>> optimizer.update({"body": np.ones(2), "head": np.ones(2)}, optimizer.start(model), model)[0]
    {'body': array([0., 0.]), 'head': array([-1., -1.])}
    """

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        return zeros(parameters), state

    return Optimizer(lambda parameters: (), update, made(still))


# ------------------------------------------------------------------ parts of a tree
def _places(patterns: list[str], parameters: Tree) -> dict[str, list[bool]]:
    """For each pattern the leaves that are its own: those that fit it and none before it."""
    _, structure = flatten(parameters)
    free = [True] * structure.num_leaves
    found = {}
    for pattern in patterns:
        found[pattern] = [fits and left for fits, left in zip(fitting(pattern, structure), free, strict=True)]
        free = [left and not own for left, own in zip(free, found[pattern], strict=True)]
    if any(free):
        names = [repr(path) for path, left in zip(dotted_paths(structure), free, strict=True) if left]
        raise UsageError(f"no pattern of by_path fits {listing(names)}", hint="a last pattern '*' takes the rest")
    return found


def _part(name: str, tree: Tree, parameters: Tree, flags: Sequence[bool]) -> dict[str, Any]:
    """What a tree holds at the places of the marked parameters, by path."""
    _, structure = flatten(parameters)
    rows = zip(_names(structure), at_places(name, tree, structure), flags, strict=True)
    return {path: leaf for path, leaf, flag in rows if flag}


def _whole(parameters: Tree, leaves: Mapping[str, Any]) -> Tree:
    """A tree shaped as the parameters, of leaves by path."""
    _, structure = flatten(parameters)
    return unflatten(structure, [leaves[path] for path in _names(structure)])


def _names(structure: Structure) -> list[str]:
    paths = dotted_paths(structure)
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise UsageError(f"two parameters have the path {twice!r}", hint="give one of the dict's keys another name")
    return paths
