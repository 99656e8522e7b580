"""The law: NumPy, node by node. Floor 4. Each value is dropped after its last use."""

from glassgrad.engines.reference import control as _control  # noqa: F401 - binds how loops run
from glassgrad.engines.reference.evaluate import evaluate
from glassgrad.engines.reference.program import Program, compile_graph, run

__all__ = ["Program", "compile_graph", "evaluate", "run"]
