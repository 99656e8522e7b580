"""Times of steps: the processor's counter of time is read before and after each, and the difference added up. Floor 4.

A program written with a clock does the same work; it exports `ticks`, two numbers a step: ticks and how often it ran.
"""

import platform

from glassgrad.engines.cpu.emit.values import Writer
from glassgrad.engines.cpu.plan.kernels import Step

TICKS = "ticks"
# x86 counts at a fixed rate in what LLVM calls the cycle counter; ARM lets programs read the steady one only.
_COUNTER = "readcyclecounter" if platform.machine().lower() in ("x86_64", "amd64", "i686") else "readsteadycounter"
DECLARATION = f"declare i64 @llvm.{_COUNTER}()"


class Clock:
    """Numbers the steps in the order in which their ends are written: a loop comes after the steps of its body."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def begin(self, writer: Writer) -> str:
        """Reads the counter."""
        now = writer.fresh()
        writer.line(f"{now} = call i64 @llvm.{_COUNTER}()")
        return now

    def end(self, writer: Writer, step: Step, start: str) -> None:
        """Adds what has passed since `start` to the step's ticks, and one to its count."""
        now, passed = self.begin(writer), writer.fresh()
        writer.line(f"{passed} = sub i64 {now}, {start}")
        for place, amount in enumerate((passed, "1")):
            address = writer.address(f"@{TICKS}", str(16 * len(self.steps) + 8 * place))
            writer.line(f"{writer.fresh()} = atomicrmw add ptr {address}, i64 {amount} monotonic, align 8")
        self.steps.append(step)

    def texts(self) -> list[str]:
        """What the program's text needs besides."""
        return [DECLARATION, f"@{TICKS} = global [{max(2 * len(self.steps), 2)} x i64] zeroinitializer, align 64"]
