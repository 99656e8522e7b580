"""A model as a table: each call of a layer with its result's shape, its parameters and its operations. Floor 6."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from glassgrad.api.pipeline import tracing
from glassgrad.api.traced_call import signature_of, trace_call
from glassgrad.base.avals import show_shape
from glassgrad.base.errors import UsageError
from glassgrad.base.trees import children_of, flatten, join, tree_places
from glassgrad.graph.node import Node, apart, fresh_serial, reachable, workspace
from glassgrad.nn import parts
from glassgrad.nn.calls import observing
from glassgrad.nn.flops import flops_of
from glassgrad.nn.table import table_lines
from glassgrad.tracing.trace import is_array
from glassgrad.tracing.tracer import Tracer


@dataclass(frozen=True, slots=True)
class Row:
    """One call of a layer: where it is, what it is, what it gave, and what is its own (not its parts')."""

    path: str
    layer: str
    depth: int
    shape: Any  # of the result: a tuple of sizes, or a list of such
    parameters: int
    frozen: int
    flops: int
    again: bool = False  # has a row before this one the same path, with the same parameters?


@dataclass(frozen=True, slots=True)
class Summary:
    """A model called with inputs of some shapes. `str` is the table as text, `to_dict` its facts."""

    model: str
    rows: tuple[Row, ...]
    inputs: tuple[tuple[int, ...], ...]
    parameters: int
    frozen: int
    states: int
    flops: int
    parameter_bytes: int
    state_bytes: int
    result_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The facts as plain data, for JSON: the totals, and `layers`, one dict for each row."""
        names = ("path", "layer", "depth", "shape", "parameters", "frozen", "flops", "again")
        layers = [{name: getattr(row, name) for name in names} for row in self.rows]
        totals = ("parameters", "frozen", "states", "flops", "parameter_bytes", "state_bytes", "result_bytes")
        return {
            "model": self.model,
            "inputs": [list(shape) for shape in self.inputs],
            "layers": [layer | {"shape": _listed(layer["shape"])} for layer in layers],
            **{name: getattr(self, name) for name in totals},
        }

    def __str__(self) -> str:
        return "\n".join([*table_lines(_HEAD, _table(self.rows)), "", *_totals(self)])

    def __repr__(self) -> str:
        return str(self)

    def __rich__(self) -> Any:
        from rich.table import Table  # with the first table for a terminal

        cells = _table(self.rows)
        table = Table(caption="\n".join(_totals(self)), caption_justify="left", caption_style="")
        for place, name in enumerate(_HEAD):
            width = max([len(name), *[len(row[place]) for row in cells]]) if place else None  # paths give way first
            table.add_column(name, justify="right" if place > 2 else "left", no_wrap=True, min_width=width)
        for row, shown in zip(self.rows, cells, strict=True):
            quiet = row.again or (row.frozen and row.frozen == row.parameters)
            table.add_row(*shown, style="dim" if quiet else "")
        return table


_HEAD = ("path", "layer", "result", "parameters", "flops")


def _table(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The cells of all rows; below a layer the paths go on from its own."""
    above: list[str] = []
    cells = []
    for row in rows:
        del above[row.depth :]
        outer = above[-1] if above else ""
        is_below = bool(outer) and row.path.startswith((f"{outer}.", f"{outer}["))
        indent = "  " * (len(above) - 1)
        cells.append(_cells(row, indent + (row.path[len(outer) :] if is_below else row.path)))
        above.append(row.path)
    return cells


def _cells(row: Row, path: str) -> tuple[str, ...]:
    frozen = "" if not row.frozen else " frozen" if row.frozen == row.parameters else f" ({row.frozen:,} frozen)"
    counted = "as above" if row.again else f"{row.parameters:,}{frozen}" if row.parameters else "–"
    shape = show_shape(row.shape) if isinstance(row.shape, tuple) else ", ".join(map(show_shape, row.shape))
    return path, row.layer, shape, counted, short(row.flops) if row.flops else "–"


def _totals(found: Summary) -> list[str]:
    learns = found.parameters - found.frozen
    first = f"parameters  {found.parameters:,}"
    first += f", of which {learns:,} learn and {found.frozen:,} are frozen" if found.frozen else ""
    first += f"; {found.states:,} numbers of state" if found.states else ""
    memory = f"bytes       {in_bytes(found.parameter_bytes)} of parameters"
    memory += f", {in_bytes(found.state_bytes)} of state" if found.state_bytes else ""
    memory += f", {in_bytes(found.result_bytes)} of the layers' results"
    shapes = ", ".join(map(show_shape, found.inputs))
    return [first, f"flops       {short(found.flops)} for inputs {shapes}", memory]


def short(count: int) -> str:
    """A number of operations in at most four digits: `1.23 M`."""
    return _scaled(count, 1000, ("", " k", " M", " G", " T", " P"))


def in_bytes(count: int) -> str:
    """`1.2 MiB`."""
    return _scaled(count, 1024, (" B", " KiB", " MiB", " GiB", " TiB", " PiB"))


def _scaled(count: int, base: int, units: Sequence[str]) -> str:
    power = 0
    value = float(count)
    while value >= base and power < len(units) - 1:
        value, power = value / base, power + 1
    return (
        f"{count}{units[0]}"
        if power == 0
        else f"{value:.3g}{units[power]}"
        if value < 1000
        else f"{value:.0f}{units[power]}"
    )


def _listed(shape: Any) -> Any:
    return list(shape) if isinstance(shape, tuple) else [list(part) for part in shape]


# ------------------------------------------------------------------ the traced call
@dataclass(slots=True)
class _Call:
    """A call of a layer under way: its place in the table and the nodes made within."""

    place: int
    path: str
    layer: Any
    depth: int
    began: int
    ended: int = 0
    shape: Any = ()
    nbytes: int = 0


@dataclass(slots=True)
class _Watch:
    """Takes note of each call of a layer: which nodes were made in it, and what it gave."""

    paths: dict[int, str] = field(default_factory=dict)
    alive: list[Any] = field(default_factory=list)  # so that no identity is used twice
    calls: list[_Call] = field(default_factory=list)
    stack: list[_Call] = field(default_factory=list)

    def entered(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if id(layer) not in self.paths:
            self.know(layer, self._path_of(layer))
        call = _Call(len(self.calls), self.paths[id(layer)], layer, len(self.stack), fresh_serial())
        self.calls.append(call)
        self.stack.append(call)

    def left(self, layer: Any, result: Any) -> None:
        call = self.stack.pop()
        arrays = [leaf for leaf in flatten(result)[0] if is_array(leaf) or isinstance(leaf, Tracer)]
        shapes = [tuple(np.shape(leaf)) for leaf in arrays]
        call.ended, call.shape = fresh_serial(), shapes[0] if len(shapes) == 1 else shapes
        call.nbytes = sum(prod(np.shape(leaf)) * np.result_type(leaf).itemsize for leaf in arrays)

    def know(self, tree: Any, path: str) -> None:
        for inner, part in tree_places(tree, path):
            self.paths.setdefault(id(part), inner)
            self.alive.append(part)

    def _path_of(self, layer: Any) -> str:
        """A layer that was made in the call of another, as `Shared` does, stands where its like does."""
        if not self.stack:
            return ""
        above = self.stack[-1]
        for step, child in children_of(above.layer) or ():
            if type(child) is type(layer):
                return join(above.path, step)
        return above.path


def summary(model: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Summary:
    """The model called with these inputs, arrays or shapes, without computing a number."""
    if not inputs and not kwargs:
        raise UsageError("summary calls the model, and needs its inputs", hint="model.summary((32, 10)), or arrays")
    if wrong := [part for part in inputs if isinstance(part, int | str)]:
        raise UsageError(
            f"summary takes arrays or shapes of arrays, found {wrong[0]!r}", hint="a shape is a tuple: (32, 10)"
        )
    if workspace() is not None:
        raise UsageError("summary is for a call with arrays, found one inside of a trace")
    dtype = next((np.result_type(value) for value in model.parameters().values()), np.dtype(np.float32))
    given = [_example(part, dtype) for part in inputs]
    watch = _Watch()

    def called(model: Any, args: Sequence[Any], words: Mapping[str, Any]) -> Any:
        watch.know(model, "")
        return [leaf for leaf in flatten(model(*args, **words))[0] if leaf is not None]

    arguments = (model, given, dict(kwargs))
    leaves, weak, structure, _ = signature_of(arguments, {}, ())
    with tracing(), apart(), observing(watch):
        found = trace_call(called, structure, list(zip(leaves, weak, strict=True)), arguments, {}, ())
        rows, result_bytes = _rows(model, watch, reachable(found.graph.outputs))
    counts = [(place, int(np.size(place.value)), _nbytes(place.value)) for place in parts.places(model)]
    of = {
        kind: [(n, size) for place, n, size in counts if place.kind == kind]
        for kind in ("parameter", "frozen", "state")
    }
    learns, frozen, states = (sum(n for n, _ in of[kind]) for kind in ("parameter", "frozen", "state"))
    return Summary(
        type(model).__name__,
        tuple(rows),
        tuple(tuple(np.shape(leaf)) for leaf in flatten((given, dict(kwargs)))[0]),
        learns + frozen,
        frozen,
        states,
        sum(row.flops for row in rows),
        sum(size for _, size in (*of["parameter"], *of["frozen"])),
        sum(size for _, size in of["state"]),
        result_bytes,
    )


def _example(part: Any, dtype: np.dtype) -> Any:
    """An array of the shape, in which None is a batch of one; anything else as it is."""
    if isinstance(part, tuple) and all(size is None or type(size) is int for size in part):
        return np.broadcast_to(np.zeros((), dtype), tuple([1 if size is None else size for size in part]))
    return part


def _nbytes(value: Any) -> int:
    return 0 if value is None else int(np.asarray(value).nbytes)


def _rows(model: Any, watch: _Watch, nodes: Sequence[Node]) -> tuple[list[Row], int]:
    """The rows, each node counted for the innermost call that made it; and the bytes of the layers' own results."""
    made: dict[int, list[Node]] = {call.place: [] for call in watch.calls}
    for node in nodes:
        around = [call for call in watch.calls if call.began < node.serial < call.ended]
        if around:
            made[around[-1].place].append(node)
    own, seen = _own_parameters(model, [call.path for call in watch.calls]), set[str]()
    rows, result_bytes = [], 0
    for call in watch.calls:
        counts = own.get(call.path, (0, 0))
        again = call.path in seen and counts[0] > 0
        seen.add(call.path)
        counts = (0, 0) if again else counts
        rows.append(
            Row(call.path, _title(call.layer), call.depth, call.shape, *counts, flops_of(made[call.place]), again)
        )
        following = watch.calls[call.place + 1 : call.place + 2]
        if not following or following[0].depth <= call.depth:
            result_bytes += call.nbytes
    never = [path for path in own if path not in seen]
    rows += [Row(path, "(not called)", 0, (), *own[path], 0) for path in never]
    return rows, result_bytes


def _title(layer: Any) -> str:
    return str(layer.headline().partition("(")[0] if len(layer.headline()) > _LONGEST else layer.headline())


_LONGEST = 36


def _own_parameters(model: Any, paths: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many parameters belong to each called layer and to none inside of it: (all, frozen)."""
    found: dict[str, tuple[int, int]] = {}
    for place in parts.places(model):
        if place.kind in ("parameter", "frozen"):
            above = [path for path in paths if not path or place.path.startswith((f"{path}.", f"{path}["))]
            owner = max(above, key=len, default="")
            count = int(np.size(place.value))
            known = found.get(owner, (0, 0))
            found[owner] = (known[0] + count, known[1] + (count if place.kind == "frozen" else 0))
    return found
