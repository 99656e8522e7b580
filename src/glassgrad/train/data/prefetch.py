"""Batches read ahead by a thread of their own, while the step before them runs. Floor 7."""

from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any

from glassgrad.base.errors import GlassgradError
from glassgrad.base.source import user_location
from glassgrad.nn.linear import check_sizes
from glassgrad.train.data.batches import Batch, Order, Source

_PATIENCE = 0.1  # seconds between two looks at whether anybody still wants batches


@dataclass(frozen=True, slots=True)
class Prefetched:
    """A source whose batches are made ahead of time, at most `ahead` of them. The same batches in the same order."""

    source: Source
    ahead: int = 2

    def __post_init__(self) -> None:
        check_sizes("Prefetched", ahead=self.ahead)

    @property
    def rows(self) -> int | None:
        """How many rows the source has."""
        return self.source.rows

    def fingerprint(self) -> dict[str, Any]:
        """That of the source."""
        return self.source.fingerprint()

    def batches(self, order: Order) -> Iterator[Batch]:
        """The batches of one epoch. What goes wrong in the thread is raised here."""
        queue: Queue[Any] = Queue(self.ahead)
        is_over = Event()
        thread = Thread(target=_fill, args=(self.source, order, queue, is_over), name="glassgrad prefetch", daemon=True)
        thread.start()
        try:
            while True:
                kind, value = queue.get()
                if kind == "end":
                    return
                if kind == "error":
                    raise _located(value)
                yield value
        finally:
            is_over.set()
            while thread.is_alive():  # it may wait for room
                try:
                    queue.get_nowait()
                except Empty:
                    thread.join(_PATIENCE)


def _located(error: BaseException) -> BaseException:
    """An error of ours names the line that wanted the batches: the thread that made them has no line of the user's."""
    if isinstance(error, GlassgradError):
        error.place_at(user_location())
    return error


def _fill(source: Source, order: Order, queue: "Queue[Any]", is_over: Event) -> None:
    try:
        for batch in source.batches(order):
            if not _put(queue, ("batch", batch), is_over):
                return
        _put(queue, ("end", None), is_over)
    except BaseException as error:  # noqa: BLE001 - it is raised where the batches are wanted
        _put(queue, ("error", error), is_over)


def _put(queue: "Queue[Any]", item: Any, is_over: Event) -> bool:
    """Puts an item as soon as there is room; False where nobody wants it any more."""
    while not is_over.is_set():
        try:
            queue.put(item, timeout=_PATIENCE)
        except Full:
            continue
        return True
    return False
