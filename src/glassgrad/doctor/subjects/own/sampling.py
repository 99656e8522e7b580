"""A sampled step, read off the graph: what enters and leaves each link, what units give, what weights get. Floor 7."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import isnan, nan
from typing import Any

import numpy as np

from glassgrad.api.compile import jit
from glassgrad.api.pipeline import deliver
from glassgrad.base.avals import is_inexact
from glassgrad.base.settings import settings
from glassgrad.base.trees import Tree, flatten
from glassgrad.doctor.measured.losses import loss_formula
from glassgrad.doctor.measured.parts import SHAPES_ONLY
from glassgrad.doctor.measured.sample import Link, Sample, Units, Weights
from glassgrad.doctor.measured.setup import LossFacts
from glassgrad.doctor.subjects.formulas import formula_of, point_of
from glassgrad.doctor.subjects.halves import likeness_and_noise
from glassgrad.doctor.subjects.own.chain import Chain, Piece
from glassgrad.doctor.subjects.own.forward import Arrays, forward_of, halves, quiet
from glassgrad.doctor.subjects.own.states import by_time, norms_over_time, with_shown_states
from glassgrad.doctor.subjects.own.units import at_the_point, output_of, spectral_norm, units_of
from glassgrad.graph.node import Node, fresh_serial
from glassgrad.ops.leaves import ones
from glassgrad.transforms.reverse import cotangents_of

LARGEST = 4_000_000  # entries of a batch of one link's output that are looked at


@dataclass(frozen=True, slots=True)
class Taken:
    """A sample, and the gradients that it saw, by path."""

    sample: Sample
    gradients: Arrays


@dataclass(slots=True)
class Sampler:
    """Takes samples of steps of one model and loss. The graph is made once for each shape of batch."""

    model: Any
    loss: Any
    facts: LossFacts
    engine: str = "reference"
    compiled: dict[Any, tuple[Callable[..., Any], list[Chain]]] = field(default_factory=dict)
    halved: Callable[..., Any] | None = None
    before: Arrays = field(default_factory=dict)  # the gradients of the sample before

    def take(
        self, step: int, parameters: Arrays, fixed: Arrays, states: Arrays, values: tuple[Tree, ...], key: Any
    ) -> Taken:
        """What is seen at these parameters with this batch. Nothing that it is given is changed."""
        leaves, structure = flatten(values)
        shape = (structure, tuple((np.shape(leaf), np.asarray(leaf).dtype) for leaf in leaves))
        if shape not in self.compiled:
            chains: list[Chain] = []
            self.compiled[shape] = jit(_measuring(self.model, self.loss, chains)), chains
        run, chains = self.compiled[shape]
        with settings(engine=self.engine), quiet():
            found = run(parameters, fixed, states, values, key)
            known = found["gradients"]
            gradients = {path: np.asarray(value) for path, value in known.items() if value is not None}
            weights = self._weights(chains[0], parameters, gradients)
            sample = self._sample(step, chains[0], found, weights)
            likeness, noise = self._halves(parameters, fixed, states, values, key)
        self.before = gradients
        return Taken(replace(sample, likeness=likeness, noise=noise), gradients)

    # ------------------------------------------------------------------ links and units
    def _sample(self, step: int, chain: Chain, found: Any, weights: tuple[Weights, ...]) -> Sample:
        links, units, skipped, after = [], [], [], ""
        spectral: dict[str, list[float]] = {}
        for weight in weights:
            if not isnan(weight.spectral):
                spectral.setdefault(weight.link, []).append(weight.spectral)
        for piece, numbers in zip(chain.pieces, found["pieces"], strict=True):
            seen: Units | None = None
            if piece.family in ("weights", "recurrence", "attention"):
                after = piece.kind
            if numbers["output"] is not None and np.size(numbers["output"]) <= LARGEST:
                seen = units_of(piece, np.asarray(numbers["output"]), numbers["slope"], after)
                units.append(seen)
            else:
                skipped.append(f"{piece.path}: its output is no array of real numbers that could be looked at")
            if piece.kind in SHAPES_ONLY:
                continue
            links.append(
                Link(
                    piece.path,
                    piece.operation,
                    piece.family,
                    norm_of(numbers["entering"]),
                    norm_of(numbers["leaving"]) if piece_has_way(piece) else nan,
                    _formula(piece, seen, numbers, spectral.get(piece.path, [])),
                    piece.place,
                    norms_over_time(found["time"][piece.path]) if piece.path in found["time"] else (),
                )
            )
        prediction = [np.asarray(value) for value in found["predictions"]]
        loss = Link(
            "loss", self.facts.title, "loss", 1.0, norm_of(found["prediction_cotangents"]),
            self._loss_formula(found["clips"]), chain.loss_place,
        )  # fmt: skip
        output = output_of(prediction[0]) if prediction else None
        return Sample(
            step, float(found["loss"]), (loss, *reversed(links)), weights, tuple(units), output, skipped=tuple(skipped)
        )

    def _loss_formula(self, clips: Sequence[Any]) -> str:
        inside = [at_the_point("clamp", "other", one["input"], one["output"]) for one in clips]
        clipped = [formula_of("clamp", "other", 0, seen) for seen in inside]
        return "; ".join(part for part in (loss_formula(self.facts.name, self.facts.reduction), *clipped) if part)

    # ------------------------------------------------------------------ parameters
    def _weights(self, chain: Chain, parameters: Arrays, gradients: Arrays) -> tuple[Weights, ...]:
        found = []
        for path, value in parameters.items():
            gradient = gradients.get(path)
            array = np.asarray(value)
            found.append(
                Weights(
                    path,
                    owner_of(path, chain),
                    array.size,
                    norm_of([array]),
                    None if gradient is None else norm_of([gradient]),
                    None,
                    0.0 if gradient is None or not gradient.size else float(np.mean(gradient == 0)),
                    float(np.std(array, dtype=np.float64)) if array.size else nan,
                    spectral_norm(array),
                    _cosine(gradient, self.before.get(path)),
                )
            )
        return tuple(found)

    def _halves(
        self, parameters: Arrays, fixed: Arrays, states: Arrays, values: tuple[Tree, ...], key: Any
    ) -> tuple[float | None, float | None]:
        """The likeness and the noise of the gradients of the two halves of the batch."""
        parts = halves(values)
        if parts is None:
            return None, None
        if self.halved is None:
            self.halved = jit(_gradients(self.model, self.loss))
        first, second = [_flat(self.halved(parameters, fixed, states, part, key)) for part in parts]
        sizes = float(np.linalg.norm(first)), float(np.linalg.norm(second))
        return likeness_and_noise(*sizes, float(first @ second), float(np.linalg.norm(first - second)))


def _formula(piece: Piece, units: Units | None, numbers: Any, spectral: Sequence[float]) -> str:
    seen = dict(at_the_point(piece.kind, piece.family, numbers["input"], numbers["output"]))
    if units is not None:
        known = {"derivative": units.derivative, "zeros": units.zeros, "dead": units.dead}
        seen |= {name: value for name, value in known.items() if not isnan(value)}
    return formula_of(piece.kind, piece.family, units.count if units is not None else 0, seen, spectral)


def _measuring(model: Any, loss: Any, chains: list[Chain]) -> Callable[..., Any]:
    """The function that is traced for a sample; it leaves the chain behind in `chains`."""

    def measured(parameters: Arrays, fixed: Arrays, states: Arrays, values: tuple[Tree, ...], key: Any) -> Any:
        since = fresh_serial()
        live, added = with_shown_states(model.replace(parameters | fixed | states))
        found = forward_of(live, loss, values, parameters | fixed, key)
        chain = found.chain()
        chains[:] = [chain]
        ends = [value.node for value in (parameters | fixed).values()]
        ends += [leaf.node for leaf in flatten(values)[0] if is_inexact(leaf.dtype)]
        ends += [node for one in added.values() for node in one.nodes]
        bar = cotangents_of([found.loss], [ones(found.loss.aval)], ends)
        picked = {
            "loss": found.loss,
            "gradients": {path: bar.get(value.node) for path, value in parameters.items()},
            "predictions": [node for node in chain.predictions if is_inexact(node.dtype)],
            "prediction_cotangents": [bar[node] for node in chain.predictions if node in bar],
            "pieces": [_numbers(piece, bar) for piece in chain.pieces],
            "time": by_time(added, bar),
            "clips": [{"input": given, "output": node} for given, node in chain.clips],
        }
        return _delivered(picked, since)

    return measured


def _numbers(piece: Piece, bar: dict[Node, Node]) -> dict[str, Any]:
    """What is asked of a link: its output, the cotangents on both sides, and its slope where it is elementwise."""
    entering = [(node, bar[node]) for node in piece.outputs if node in bar]
    ways = [node for node in piece.inputs if is_inexact(node.dtype)]
    pulled = cotangents_of([y for y, _ in entering], [ct for _, ct in entering], ways)
    output = next((node for node in piece.outputs if node.dtype.kind == "f"), None)
    slope = None
    if piece.family == "activation" and len(ways) == 1 and output is not None and ways[0].shape == output.shape:
        slope = cotangents_of([output], [ones(output.aval)], ways).get(ways[0])
    return {
        "input": ways[0] if len(ways) == 1 and point_of(piece.kind, piece.family) else None,
        "output": output,
        "slope": slope,
        "entering": [ct for _, ct in entering],
        "leaving": [pulled[node] for node in ways if node in pulled],
    }


def _gradients(model: Any, loss: Any) -> Callable[..., Any]:
    def gradients(parameters: Arrays, fixed: Arrays, states: Arrays, values: tuple[Tree, ...], key: Any) -> Any:
        since = fresh_serial()
        live = model.replace(parameters | fixed | states)
        found = forward_of(live, loss, values, {}, key)
        ends = [value.node for value in parameters.values()]
        bar = cotangents_of([found.loss], [ones(found.loss.aval)], ends)
        return _delivered([bar[node] for node in ends if node in bar], since)

    return gradients


def _delivered(picked: Any, since: int) -> Any:
    """The tree with traced values in place of nodes, as `grad` gives its results."""
    nodes: list[Node] = []
    _collect(picked, nodes)
    settled = iter(deliver(nodes, since, outermost=False))
    return _put_back(picked, settled)


def _collect(part: Any, nodes: list[Node]) -> None:
    match part:
        case dict():
            for inner in part.values():
                _collect(inner, nodes)
        case list():
            for inner in part:
                _collect(inner, nodes)
        case Node():
            nodes.append(part)


def _put_back(part: Any, settled: Any) -> Any:
    match part:
        case dict():
            return {name: _put_back(inner, settled) for name, inner in part.items()}
        case list():
            return [_put_back(inner, settled) for inner in part]
        case Node():
            return next(settled)
    return part


def piece_has_way(piece: Piece) -> bool:
    """Can a gradient leave the link by its input? Not where it is given indices."""
    return any(is_inexact(node.dtype) for node in piece.inputs)


def norm_of(arrays: Any) -> float:
    """The Euclidean norm of all the numbers in some arrays; infinite where it overflows, NaN where one is NaN."""
    total = 0.0
    for array in arrays:
        flat = np.abs(np.asarray(array)).astype(np.float64).ravel()
        total += float(flat @ flat)
    return float(np.sqrt(total))


def owner_of(path: str, chain: Chain) -> str:
    """The path of the link that a parameter belongs to: the longest above it."""
    for piece in chain.pieces:
        if path in piece.owns:
            return piece.path
    above = [
        piece.path
        for piece in chain.pieces
        if piece.layer is not None and (piece.path == "model" or path.startswith((f"{piece.path}.", f"{piece.path}[")))
    ]
    return max(above, key=len, default=path.rpartition(".")[0] or path)


def _flat(arrays: Any) -> np.ndarray:
    return np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays] or [np.zeros(0)])


def _cosine(a: Any, b: Any) -> float:
    if a is None or b is None:
        return nan
    x, y = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    sizes = float(np.linalg.norm(x)) * float(np.linalg.norm(y))
    return float(x @ y) / sizes if sizes and np.isfinite(sizes) else nan
