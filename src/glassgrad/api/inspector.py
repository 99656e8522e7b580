"""The attribute `inspect` of functions under jit. Floor 5."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glassgrad.api.traced_call import Plain

if TYPE_CHECKING:
    from glassgrad.engines.cpu.report.inspection import Inspection


@dataclass(frozen=True, slots=True, eq=False)
class Inspector:
    """Shows what a call of a function under jit compiles to: `jit(f).inspect(*args)`."""

    of: Plain

    def __call__(self, *args: Any, **kwargs: Any) -> "Inspection":
        """The kernels, buffers and calls of this call's program; nothing is run."""
        from glassgrad.api.inspecting import inspected

        return inspected(self.of.function, args, kwargs, self.of.fixed)
