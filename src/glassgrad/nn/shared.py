"""Shared: parameters that stand at several places of a model. Floor 6."""

from typing import Any

from glassgrad.base.errors import UsageError
from glassgrad.base.trees import tree_places
from glassgrad.nn import parts
from glassgrad.nn.layer import Layer, static


class Shared(Layer):
    """A model in which some parameters are those of another place: {"decoder.weight": "encoder.weight"}.

    The model learns the parameter once, and its gradient is the sum over all its places. `.T` behind the second path
    stands for the transpose; a path may name a whole layer. What is tied has no array of its own in `model`.

    >>> class Autoencoder(nn.Layer):
    ...     encoder: nn.Array
    ...     decoder: nn.Array
    ...
    ...     def __call__(self, x):
    ...         return np.tanh(x @ self.encoder) @ self.decoder
    >>> free = Autoencoder(np.ones((3, 2)), np.ones((2, 3)))
    >>> tied = Shared(free, {"decoder": "encoder.T"})
    >>> tied.parameter_count(), np.array_equal(tied(np.ones(3)), free(np.ones(3)))
    (6, True)
    """

    model: Any
    ties: tuple[tuple[str, str], ...] = static()

    def __init__(self, model: Any, ties: dict[str, str]) -> None:
        known = dict(tree_places(model))
        for place, source in ties.items():
            origin = source.removesuffix(".T")
            if place == origin or origin in ties or origin.startswith((f"{place}.", f"{place}[")):
                raise UsageError(f"{place!r} cannot be tied to {source!r}, which is tied itself")
            parts.replace(model, {place: None, origin: None} if place != origin else {})  # both exist, or an error
            _check_same(known[place], known[origin], place, source)
        self.model = parts.replace(model, dict.fromkeys(ties))
        self.ties = tuple(ties.items())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.whole()(*args, **kwargs)

    def whole(self) -> Any:
        """The model with the shared arrays at all their places."""
        known = dict(tree_places(self.model))
        found = {place: known[source.removesuffix(".T")] for place, source in self.ties}
        turned = {place: value.T for place, value in found.items() if dict(self.ties)[place].endswith(".T")}
        return parts.replace(self.model, found | turned)


def _check_same(place: Any, origin: Any, path: str, source: str) -> None:
    shapes = [[leaf.value.shape for leaf in parts.places(tree)] for tree in (place, origin)]
    if source.endswith(".T"):
        shapes[1] = [shape[::-1] for shape in shapes[1]]
    if shapes[0] != shapes[1]:
        raise UsageError(
            f"{path!r} {shapes[0]} cannot be tied to {source!r} {shapes[1]}: the shapes differ",
            hint=f"{source + '.T'!r} stands for the transpose" if shapes[0] == [s[::-1] for s in shapes[1]] else None,
        )
