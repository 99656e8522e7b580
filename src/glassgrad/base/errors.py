"""Every error Glassgrad raises on purpose. Floor 0.

    GlassgradError
    ├── UsageError(TypeError)             a call that cannot mean anything
    ├── ShapeError(ValueError)            shapes that do not fit
    │   └── OutOfRangeError(IndexError)   an index or axis beyond the end
    ├── DtypeError(TypeError)             a dtype that the operation does not take
    ├── DomainError(ValueError)           a value outside an operation's domain, where NumPy refuses too
    │   └── MatrixError(LinAlgError)      a matrix without the inverse or the factors asked for
    ├── TracingError
    │   ├── ConcretizationError(TypeError)  a number is needed where the trace has none (jit, vmap, loops)
    │   ├── ConversionError(TypeError)      a traced value is forced into a plain array or number
    │   ├── MutationError(ValueError)       a write that the trace cannot follow (through a view)
    │   └── LeakedTracerError(RuntimeError) a traced value is used after its trace ended
    ├── UnsupportedError(NotImplementedError)  an operation that Glassgrad does not know
    ├── DerivativeError(ValueError)
    │   ├── NotDifferentiableError        the operation has no derivative with respect to this input
    │   └── NotLinearError                a rule's tangent expression is not linear
    ├── GraphError(AssertionError)        a graph breaks a law (a mistake of ours or of an extension)
    ├── FormulaError(ValueError)          a formula that cannot be read
    ├── UnitsError(ValueError)            units that do not fit
    ├── CheckpointError(ValueError)       a file that is no checkpoint, or damaged, or of another model
    ├── TableError(ValueError)            a table that cannot be read, or that nothing can be learnt from
    ├── StoreError(OSError)               a file of recorded runs that cannot be read or written
    │   └── UnknownRunError(LookupError)  no run, or no metric of a run, goes by this name
    └── DisagreementError(AssertionError) a derivative that its numeric check contradicts

A message says what is wrong with the shapes or values found; `where` is the user's line; `hint` is the next step.
"""

from numpy.linalg import LinAlgError

from glassgrad.base.source import Location, user_location


class GlassgradError(Exception):
    """The base of all errors raised on purpose: a message, the user's line, a hint."""

    def __init__(self, message: str, *, hint: str | None = None, where: Location | str | None = None) -> None:
        self.message = message
        self.hint = hint
        self.where = where if where is not None else user_location()
        super().__init__(self._text())

    def place_at(self, where: Location | str | None) -> None:
        """Names another line: an error that a thread met belongs to the line that waits for the thread."""
        self.where = where
        self.args = (self._text(),)

    def _text(self) -> str:
        parts = [self.message]
        if (isinstance(self.where, Location) and self.where.text) or isinstance(self.where, str):
            parts.append(f"  at {self.where}")
        if self.hint:
            parts.append(f"\nhint: {self.hint}")
        return "\n".join(parts)


class UsageError(GlassgradError, TypeError):
    """A call that cannot mean anything: wrong argument names, positions or kinds."""


class ShapeError(GlassgradError, ValueError):
    """Shapes that do not fit together."""


class OutOfRangeError(ShapeError, IndexError):
    """An index or an axis that lies outside of the array."""


class DtypeError(GlassgradError, TypeError):
    """A dtype that the operation does not take."""


class DomainError(GlassgradError, ValueError):
    """A value outside an operation's domain, where NumPy refuses too."""


class MatrixError(DomainError, LinAlgError):
    """A matrix without the inverse or the factors that are asked of it: NumPy's `LinAlgError`, with the line."""


class TracingError(GlassgradError):
    """Something that cannot be done to a value while it is traced."""


class ConcretizationError(TracingError, TypeError):
    """A number is needed where the trace has none: under jit, vmap, or in the body of a loop."""


class ConversionError(TracingError, TypeError):
    """A traced value is forced into a plain array or number, which would cut the chain."""


class MutationError(TracingError, ValueError):
    """A write that the trace cannot follow."""


class LeakedTracerError(TracingError, RuntimeError):
    """A traced value is used after its trace ended."""


class UnsupportedError(GlassgradError, NotImplementedError):
    """An operation, or a form of it, that Glassgrad does not know."""


class DerivativeError(GlassgradError, ValueError):
    """A derivative that does not exist or was asked for in a way that has no meaning."""


class NotDifferentiableError(DerivativeError):
    """The operation has no derivative with respect to this input."""


class NotLinearError(DerivativeError):
    """A rule's tangent expression is not linear in its tangent."""


class GraphError(GlassgradError, AssertionError):
    """A graph breaks one of its laws."""


class FormulaError(GlassgradError, ValueError):
    """A formula that cannot be read."""


class UnitsError(GlassgradError, ValueError):
    """Units that do not fit together."""


class CheckpointError(GlassgradError, ValueError):
    """A file that is no checkpoint, is damaged, or belongs to another model."""


class TableError(GlassgradError, ValueError):
    """A table that cannot be read, or from which nothing can be learnt: which file, line or column, and why."""


class StoreError(GlassgradError, OSError):
    """A file of recorded runs that cannot be read or written."""


class UnknownRunError(StoreError, LookupError):
    """No run, or no metric of a run, goes by this name."""


class DisagreementError(GlassgradError, AssertionError):
    """A derivative that its numeric check contradicts."""
