"""Random programs and their gradients on the CPU engine: the same values as the reference engine."""

from hypothesis import given

from glassgrad.base.errors import UnsupportedError
from glassgrad.engines import reference
from glassgrad.engines.cpu.program import compile_graph
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import working
from glassgrad.transforms.simplify import simplify
from tests.laws.programs import programs
from tests.laws.test_laws import close, examples, gradient_nodes


@examples(60)
@given(programs())
def test_values_and_gradients_are_those_of_the_reference(program):
    with working() as here:
        here.evaluate = reference.evaluate
        _, everything = gradient_nodes(program)
        graph = Graph((), tuple(simplify(everything)))
    expected = reference.compile_graph(graph)()
    try:
        native = compile_graph(graph)
    except UnsupportedError:
        return
    close(native(), expected)
    close(native(), expected)
