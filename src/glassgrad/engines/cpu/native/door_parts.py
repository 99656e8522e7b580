"""What the native functions of the door share: parts of the frame, outcomes, objects of the process. Floor 4."""

from typing import TypeAlias

from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.records import PLACES
from glassgrad.engines.cpu.native.routine import Routine

Names: TypeAlias = dict[str, str]

OK, MISS, FAILED = 0, 1, 2
# Objects of this process, in a table that `door.py` fills.
TABLE = ("ndarray", "int", "bool", "list", "true", "false", "numpy_true", "numpy_false", "handler", "object_new")
TABLE_TEXT = f"@door_objects = global [{len(TABLE)} x ptr] zeroinitializer, align 64"


def word(w: Routine, name: str) -> Value:
    """A number of the program."""
    return w.read("%program", PLACES[name])


def address(w: Routine, name: str) -> str:
    """A pointer of the program."""
    return w.read_pointer("%program", PLACES[name])


def part(w: Routine, name: str) -> str:
    """Where a part of the frame starts."""
    return w.at("%frame", word(w, name))


def known(w: Routine, name: str) -> str:
    """An object of this process."""
    return w.read_pointer("@door_objects", 8 * TABLE.index(name))
