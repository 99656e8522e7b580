"""A running product from the end shares a loop with a sum that names its axis otherwise: the loop counts down."""

from functools import partial

import numpy as np

from glassgrad.engines import reference
from glassgrad.engines.cpu.program import compile_graph
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import working
from glassgrad.transforms.simplify import simplify
from tests.laws.programs import Program
from tests.laws.test_laws import close, gradient_nodes

STEPS = (
    (lambda x, y: np.hypot(1.0 + x * x, y), (1, 0)),
    (np.subtract, (2, 0)),
    (partial(np.max, axis=1), (3,)),
    (lambda x: x[np.array([0, 0, 0])], (4,)),
    (partial(np.flip, axis=0), (5,)),
    (np.prod, (6,)),
)


def test_the_gradient_of_a_product_beside_a_sum():
    matrix = np.array([[-0.6, 1.2, -0.9], [3.0, -0.1, 0.3], [0.2, -0.7, -0.02]])
    program = Program(("",) * len(STEPS), STEPS, (np.array(-0.2), matrix), (4, 7))
    with working() as here:
        here.evaluate = reference.evaluate
        _, everything = gradient_nodes(program)
        graph = Graph((), tuple(simplify(everything)))
    close(compile_graph(graph)(), reference.compile_graph(graph)())
