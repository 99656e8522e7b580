"""Has a large table room in memory? Told by its first rows, before the others are read. Floor 7."""

from dataclasses import dataclass

from glassgrad.base.errors import TableError
from glassgrad.train.job.settings import Settings
from glassgrad.train.tabular.memory import free_memory
from glassgrad.train.tabular.plan import infer
from glassgrad.train.tabular.preparation import Preparation
from glassgrad.train.tabular.reading import first_rows

_BASE = 350e6  # bytes of the process itself, of blocks and of batches
_SHARE = 0.9  # of the free memory that a training may take


def _digits(count: int) -> int:
    """Where to round a number that nobody knows exactly: two digits are enough."""
    return min(2 - len(str(count)), 0)


@dataclass(frozen=True, slots=True)
class Room:
    """What a training is going to take."""

    rows: int
    inputs: int
    by_row: float  # bytes

    @property
    def needed(self) -> float:
        """Bytes of memory."""
        return _BASE + self.rows * self.by_row

    def said(self) -> str:
        """In words."""
        rows = round(self.rows, _digits(self.rows))
        return f"about {rows:,} rows of {self.inputs:,} inputs: some {self.needed / 1e9:.1f} GB of memory"


def room_for(settings: Settings) -> Room | None:
    """What training on a large table takes; None for a small one, or where its first rows do not tell.

    A training holds the table while it is split, then its parts and the inputs that are made of them, but for the test.
    """
    found = first_rows(settings.data, settings.separator)
    if found is None:
        return None
    head, rows = found
    try:
        plan = infer(head, settings.target, settings.task, settings.kinds, settings.time_column)  # type: ignore[arg-type]
        inputs = len(Preparation.fit(plan, head.filter(plan.target.is_known(head[plan.target.name]))).feature_names)
    except TableError:  # the whole table may be another thing
        return None
    used = [plan.target.name, *(column.name for column in plan.used)]
    table = head.estimated_size() / len(head)
    parts = head.select(used).estimated_size() / len(head)
    by_row = max(table + parts, parts + 4 * inputs * (1 - settings.test))
    return Room(min(rows, settings.rows or rows), inputs, by_row)


def check_room(settings: Settings, room: Room) -> None:
    """Raises TableError where a training has no room in memory, with the number of rows that have."""
    free = free_memory()
    if free is None or room.needed <= _SHARE * free:
        return
    fitting = int((_SHARE * free - _BASE) / room.by_row)
    fitting -= fitting % 10 ** -_digits(fitting)
    raise TableError(
        f"{settings.data} has {room.said()}, and {free / 1e9:.1f} GB are free",
        hint=f"rows={fitting} takes a part of the rows, drawn by chance" if fitting >= 1000 else "leave out columns",
    )
