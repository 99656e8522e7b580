"""What NumPy refuses while a graph runs, said with the operation and the user's line. Floor 4."""

import numpy as np

from glassgrad.base.errors import GlassgradError, MatrixError
from glassgrad.graph.node import Node, workspace
from glassgrad.graph.notes import Backward


def refused(node: Node, error: np.linalg.LinAlgError) -> Exception:
    """NumPy's refusal as an error of ours: which operation, or the derivative of which, and on which line.

    An error that already says so (it comes from the body of a loop) stays as it is. A compiled function keeps no
    notes, so there the line is the one that calls it, unless the engine knows better.
    """
    if isinstance(error, GlassgradError):
        return error
    here = workspace()
    origin = here.notes.origins.get(node) if here is not None else None
    name, domain = node.op.name, node.op.domain
    doing = f"{name} (in the derivative of {origin.of.op.name})" if isinstance(origin, Backward) else name
    return MatrixError(
        f"{doing} does not take this matrix: {error}",
        hint=f"{name} needs {domain.condition}" if domain is not None else None,
        where=here.notes.location(node) if here is not None else None,
    )
