"""Which engine turns a graph into numbers. Floor 4."""

from collections.abc import Callable, Collection
from typing import Any

from glassgrad.base.errors import GlassgradError, UnsupportedError
from glassgrad.base.settings import settings_variable
from glassgrad.base.warning import warn
from glassgrad.engines import reference
from glassgrad.graph.graph import Graph


def compile_graph(graph: Graph, engine: str, donated: Collection[int] = ()) -> Callable[..., list[Any]]:
    """The graph as a function from arrays to arrays, run by the engine of this name.

    A graph that the CPU engine cannot run as a whole (arrays of a length that only the run tells) runs on the
    reference engine. Results may be written over the arguments at the positions in `donated`.
    """
    if engine == "reference":
        return reference.compile_graph(graph)
    from glassgrad.engines.cpu.program import compile_graph as native

    try:
        return native(graph, donated)
    except UnsupportedError:
        return reference.compile_graph(graph)
    except GlassgradError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong in the engine, the person gets the numbers
        warn(
            f"the CPU engine failed to compile this function ({type(error).__name__}: {error}), so that it runs op by "
            "op on NumPy: slowly, but right; this is a defect of Glassgrad: please report it with the function"
        )
        return reference.compile_graph(graph)


def entry_for(in_python: Callable[..., Any], function: Callable[..., Any], engine: str) -> Any:
    """The engine's own way into compiled programs (`Entry`), or None where calls always come through Python."""
    if engine != "cpu":
        return None
    from glassgrad.engines.cpu.entry import Entry

    return Entry(in_python, function, settings_variable)
