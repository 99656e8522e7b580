"""A function whose calls go straight into compiled programs, without Python on the way where one fits. Floor 4."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from functools import update_wrapper
from typing import Any

from glassgrad.engines.cpu.native.door import Door
from glassgrad.engines.cpu.native.signature import (
    Array,
    Known,
    NotDescribedError,
    Same,
    Tree,
    Variable,
    described,
)
from glassgrad.engines.cpu.native.signature import Program as Behind
from glassgrad.engines.cpu.program import Program
from glassgrad.graph.node import Node

_LONG = 20_000  # elements computed from which other Python threads run meanwhile


class Entry:
    """The door of one function: `in_python` answers where no program fits, and may add one."""

    def __init__(self, in_python: Callable[..., Any], function: Callable[..., Any], settings: ContextVar[Any]) -> None:
        self._settings = settings
        self._door = Door(in_python, getattr(function, "__name__", "compiled"))
        self.function = update_wrapper(self._door.function, function)

    def offer(
        self,
        program: Any,
        call: tuple[Sequence[Any], Mapping[str, Any]],
        result: Any,
        *,
        fixed: Collection[int | str],
        outside: Sequence[Node],
        donated: frozenset[int] = frozenset(),
    ) -> None:
        """Lets calls like this one, which gave this result, go to the program, if the door can look at them.

        Its results may be written over the leaves of the arguments whose numbers are in `donated`.
        """
        if not isinstance(program, Program):
            return
        held = [*[node.param("held") for node in outside], *program.captured]
        if any(known.seen is not None for known in held):
            return  # an array that the function writes into: only Python tells whether it is as it was
        args, kwargs = call
        names = tuple(sorted(kwargs))
        try:
            takes = [_taken(value, position in fixed) for position, value in enumerate(args)]
            takes += [_taken(kwargs[name], name in fixed) for name in names]
            gives = described(result)
        except NotDescribedError:
            return
        run = program.library.addresses["run"]
        if any(known.run == run and known.takes == tuple(takes) for known in self._door.programs()):
            return
        arrays = [Known(known.array, Array(known.array.dtype, known.array.shape)) for known in held]
        self._door.add(
            Behind(
                run=run,
                takes=tuple(takes),
                gives=gives,
                names=names,
                extra=(*arrays, Variable(self._settings, self._settings.get())),
                arena_bytes=program.arena_bytes,
                context=program.host.context,
                is_long=program.is_long(_LONG),
                after=program.host.raise_pending if program.calls_host else None,
                keep=program,
                donated=donated,
                taken=program.taken,
            )
        )


def _taken(value: Any, is_fixed: bool) -> Tree:
    return Same(value) if is_fixed else described(value)
