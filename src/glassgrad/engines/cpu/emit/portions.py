"""The steps of a long program in functions of a bounded length. Floor 4.

LLVM's work on a function grows faster than the function.
"""

from dataclasses import dataclass, field

from glassgrad.engines.cpu.emit.failure import PLACE
from glassgrad.engines.cpu.emit.frame import Frame, Function, Table

_LONG = 96  # steps of a program that is one function
_STEPS = 48  # of one of the functions
_GIVEN = ("%inputs", "%outputs", "%arena", "%context", PLACE)


@dataclass(eq=False, slots=True)
class Portions:
    """The functions into which the steps of a program go that need nothing but addresses: what `frame` gives."""

    whole: Frame
    functions: list[str]
    count: int = 0
    steps: int = 0
    _open: Frame | None = field(default=None)

    @classmethod
    def of(cls, frame: Frame, functions: list[str]) -> "Portions | None":
        """Those of a long program."""
        return cls(frame, functions) if len(frame.plan.steps) > _LONG else None

    def frame(self) -> Frame:
        """Where the next step goes."""
        if self._open is None or self.steps == _STEPS:
            self.close()
            function, plan = Function(self.whole.function.declarations), self.whole.plan
            inputs = Table(function.writer, "%inputs", len(plan.inputs) + len(plan.captured))
            outputs = Table(function.writer, "%outputs", len(plan.outputs))
            self._open = Frame(function, plan, inputs, outputs, "%arena")
        self.steps += 1
        return self._open

    def close(self) -> None:
        """Calls what has been gathered; the next step is written behind it."""
        if self._open is None:
            return
        given, function = ", ".join(f"ptr {name}" for name in _GIVEN), self._open.function
        lines = [f"define internal void @part{self.count}({given}) #2 {{", "entry:"]
        self.functions.append("\n".join([*lines, *function.entry, *function.writer.lines, "  ret void", "}"]))
        self.whole.writer.line(f"call void @part{self.count}({given})")
        self._open, self.steps = None, 0
        self.count += 1
