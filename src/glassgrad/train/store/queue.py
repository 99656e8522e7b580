"""What was logged and is not saved yet: flat arrays of numbers, a group for each set of names. Floor 7.

A log call leaves no Python objects behind: millions of them would make the collector of the training process work.
"""

import threading
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassgrad.base.errors import UsageError
from glassgrad.train.store.packing import Floats, Integers

Key = tuple[str, tuple[str, ...]]  # the kind ("" for metrics) and the names of the columns


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a series, with the order in which they came."""

    order: Integers
    steps: Integers
    values: Floats  # (rows, columns)


@dataclass(frozen=True, slots=True)
class _Group:
    order: "array[int]" = field(default_factory=lambda: array("q"))
    steps: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))  # row by row


class Queue:
    """Takes numbers from any thread; another thread takes them out."""

    def __init__(self) -> None:
        self.rows = 0  # waiting
        self._came = 0
        self._groups: dict[Key, _Group] = {}
        self._lock = threading.Lock()

    def add(self, kind: str, step: int, values: Mapping[str, Any]) -> None:
        """One row."""
        try:
            row = array("d", values.values())
            key = (kind, tuple(values))
            with self._lock:
                group = self._groups.get(key) or self._groups.setdefault(key, _Group())
                group.steps.append(step)
                group.values.extend(row)
                group.order.append(self._came)
                self._came += 1
                self.rows += 1
        except (TypeError, ValueError, OverflowError):
            raise _no_number(step, values) from None

    def add_many(self, steps: Any, values: Mapping[str, Any]) -> None:
        """Many rows of metrics: steps (n,), each metric (n,)."""
        counted = np.asarray(steps, np.int64)
        if counted.ndim != 1:
            raise UsageError(f"steps have shape {counted.shape}, not (n,)")
        table = np.empty((len(counted), len(values)))
        for column, (name, numbers) in enumerate(values.items()):
            found = np.asarray(numbers, np.float64)
            if found.shape != counted.shape:
                raise UsageError(f"metric {name!r} has shape {found.shape} for {len(counted)} steps")
            table[:, column] = found
        with self._lock:
            group = self._groups.setdefault(("", tuple(values)), _Group())
            group.steps.frombytes(counted.tobytes())
            group.values.frombytes(table.tobytes())
            group.order.extend(array("q", [self._came]) * len(counted))
            self._came += 1
            self.rows += len(counted)

    def take(self) -> dict[Key, Block]:
        """Everything that waits, which waits no longer."""
        with self._lock:
            groups, self._groups, self.rows = self._groups, {}, 0
        return {
            (kind, names): Block(
                np.frombuffer(group.order, np.int64),
                np.frombuffer(group.steps, np.int64),
                np.frombuffer(group.values, np.float64).reshape(len(group.steps), len(names)),
            )
            for (kind, names), group in groups.items()
            if len(group.steps)
        }


def by_series(batches: Sequence[Mapping[Key, Block]]) -> dict[Key, Block]:
    """What was taken, by series: metrics one by one, the layers of a kind side by side; in the order of coming."""
    found: dict[Key, list[Block]] = {}
    for batch in batches:
        for (kind, names), block in batch.items():
            if kind:
                found.setdefault((kind, names), []).append(block)
                continue
            for column, name in enumerate(names):
                single = Block(block.order, block.steps, block.values[:, column : column + 1])
                found.setdefault(("", (name,)), []).append(single)
    return {key: _joined(blocks) for key, blocks in found.items()}


def _joined(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    order = np.concatenate([block.order for block in blocks])
    place = np.argsort(order, kind="stable")
    steps = np.concatenate([block.steps for block in blocks])
    values = np.concatenate([block.values for block in blocks])
    return Block(order[place], steps[place], values[place])


def _no_number(step: Any, values: Mapping[str, Any]) -> UsageError:
    for name, value in values.items():
        try:
            float(value)
        except (TypeError, ValueError, OverflowError):
            what = f"shape {np.shape(value)}" if np.ndim(value) else repr(value)[:60]
            hint = "log its mean, or each part by its own name"
            return UsageError(f"{name!r} is no single number: {what}", hint=hint)
    return UsageError(f"the step is {step!r}, not a whole number")
