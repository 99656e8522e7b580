"""What holds for every program: derivatives agree with each other and with numbers, transforms change no values."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import glassgrad as gg
from glassgrad.base.settings import settings as glassgrad_settings
from glassgrad.engines.differences import richardson
from glassgrad.engines.reference import compile_graph, evaluate
from glassgrad.engines.reference.schedule import late
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import working
from glassgrad.graph.text import text
from glassgrad.graph.verify import verify
from glassgrad.ops.leaves import ARRAY, LITERAL
from glassgrad.testing.numeric import random_like
from glassgrad.tracing.trace import known_input, output_node
from glassgrad.transforms.control import settle
from glassgrad.transforms.reverse import pull
from glassgrad.transforms.simplify import simplify
from tests.laws.programs import Program, programs


def examples(count: int) -> Any:
    """So many programs; drawing one runs it, which is slow by Hypothesis' measure."""
    return settings(max_examples=count, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def close(found: Any, expected: Any, tolerance: float = 1e-9) -> None:
    """Trees of arrays that agree but for rounding, relative to the largest number in them."""
    found, expected = _flat(found), _flat(expected)
    assert len(found) == len(expected)
    scale = max([1.0, *[float(np.max(np.abs(y), initial=0.0)) for y in expected]])
    for a, b in zip(found, expected, strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


def _flat(tree: Any) -> list[Any]:
    if isinstance(tree, tuple | list):
        return [leaf for part in tree for leaf in _flat(part)]
    return [tree]


def moves(program: Program, seed: int) -> tuple[np.ndarray, ...]:
    """A direction for each argument."""
    return tuple(random_like(np.random.default_rng(seed), program.arguments))


def everywhere(program: Program) -> tuple[int, ...]:
    """All arguments."""
    return tuple(range(len(program.arguments)))


@pytest.fixture(autouse=True, scope="module")
def _verified():
    """Each graph is checked against the laws of graphs, after each transform."""
    with glassgrad_settings(verify=True):
        yield


def gradient_nodes(program: Program):
    """The program's nodes in the present workspace: what it gives and its gradients."""
    inputs = [known_input(argument) for argument in program.arguments]
    leaves = [tracer.node for tracer in inputs]
    outputs = [output_node(value) for value in program(*inputs)]
    number = output_node(program.number(*inputs))
    one = output_node(np.ones(()))
    pulled = [node for node in pull([number], [one], leaves) if node is not None]
    return outputs, settle([*outputs, number, *pulled])


# ------------------------------------------------------------------ graphs and engines
@examples(60)
@given(programs())
def test_tracing_simplifying_and_running_keep_values(program):
    expected = program(*program.arguments)
    with working() as here:
        outputs, everything = gradient_nodes(program)
        here.evaluate = evaluate
        verify(everything)
        close(evaluate(outputs, {}), expected, 1e-12)
        node_by_node = [np.array(value) for value in evaluate(everything, {})]
        simple = simplify(everything)
        verify(simple)
        close(evaluate(simple, {}), node_by_node)
        for graph in (Graph((), tuple(everything)), Graph((), tuple(simple))):
            program_of_steps = compile_graph(graph)
            once = [np.array(value) for value in program_of_steps()]
            close(once, node_by_node)
            close(program_of_steps(), once, 0.0)  # a second run finds its constants as the first found them
            assert text(graph).count("\n") >= 1


@examples(40)
@given(programs(most=8))
def test_dtypes_are_those_of_numpy(program):
    """Single precision in, and all that is wider only where NumPy widens it; gradients are of the argument's dtype."""
    narrow = [argument.astype(np.float32) for argument in program.arguments]
    with working() as here:
        here.evaluate = evaluate
        outputs = [output_node(value) for value in program(*[known_input(argument) for argument in narrow])]
        values = evaluate(outputs, {})
    close(values, program(*narrow), 1e-3)
    for gradient in gg.grad(program.number, everywhere(program))(*narrow):
        assert gradient.dtype == np.float32


@examples(30)
@given(programs())
def test_arguments_are_never_written(program):
    before = [argument.copy() for argument in program.arguments]
    gg.value_and_grad(program.number, everywhere(program))(*program.arguments)
    gg.jit(program)(*program.arguments)
    close(list(program.arguments), before, 0.0)


@examples(60)
@given(programs())
def test_a_late_order_is_topological(program):
    with working():
        _, everything = gradient_nodes(program)
        order = [node for node in Graph((), tuple(everything)).nodes() if node.op not in (ARRAY, LITERAL)]
        lasting = {x for node in order for x in node.inputs if x.op in (ARRAY, LITERAL)}
        moved = late(order, set(everything), lasting)
    assert sorted(moved, key=lambda node: node.serial) == order
    place = {node: index for index, node in enumerate(moved)}
    for node in moved:
        assert all(place.get(x, -1) < place[node] for x in node.inputs)


# ------------------------------------------------------------------ derivatives agree
@examples(60)
@given(programs(), st.integers(0, 99))
def test_forward_meets_reverse(program, seed):
    direction = moves(program, seed)
    value, pushed = gg.jvp(program, program.arguments, direction)
    other, pullback = gg.vjp(program, *program.arguments)
    close(value, program(*program.arguments), 1e-12)
    close(other, value, 1e-12)
    cotangents = tuple(random_like(np.random.default_rng(seed + 1), value))
    pulled = pullback(cotangents)
    forward = sum(float(np.sum(a * b)) for a, b in zip(cotangents, pushed, strict=True))
    reverse = sum(float(np.sum(a * b)) for a, b in zip(pulled, direction, strict=True))
    size = sum(float(np.sum(np.abs(a))) for a in (*pulled, *pushed))
    assert abs(forward - reverse) <= 1e-10 * (1.0 + size)


@examples(50)
@given(programs(most=8), st.integers(0, 99))
def test_derivatives_meet_differences(program, seed):
    assume(not any("detached" in name for name in program.names))  # numbers do not know of it
    direction = moves(program, seed)
    _, pushed = gg.jvp(program.number, program.arguments, direction)
    gradient = gg.grad(program.number, everywhere(program))(*program.arguments)
    estimate = richardson(lambda point: [program.number(*point)], program.arguments, direction, step=1e-3)
    if not estimate.errors[0] <= 1e-6 * (1.0 + abs(estimate.values[0])):
        return  # a kink or a jump is near
    close(pushed, float(estimate.values[0]) * np.ones(()), 1e-4)
    close(sum(np.sum(g * d) for g, d in zip(gradient, direction, strict=True)), pushed, 1e-9)


@examples(40)
@given(programs(), st.integers(0, 99), st.floats(-2, 2))
def test_jvp_is_linear_in_the_tangent(program, seed, factor):
    first, second = moves(program, seed), moves(program, seed + 1)
    both = tuple(a + factor * b for a, b in zip(first, second, strict=True))
    (_, of_first), (_, of_second), (_, of_both) = (
        gg.jvp(program, program.arguments, direction) for direction in (first, second, both)
    )
    close(of_both, [a + factor * b for a, b in zip(of_first, of_second, strict=True)])


@examples(40)
@given(programs(), st.integers(0, 99))
def test_linearize_is_jvp(program, seed):
    direction = moves(program, seed)
    value, derivative = gg.linearize(program, *program.arguments)
    expected, pushed = gg.jvp(program, program.arguments, direction)
    close(value, expected)
    close(derivative(*direction), pushed)
    close(derivative(*direction), pushed)


@examples(30)
@given(programs(most=8))
def test_jacobian_by_columns_is_jacobian_by_rows(program):
    where = everywhere(program)
    by_columns = gg.jacobian(program, where, mode="forward")(*program.arguments)
    close(gg.jacobian(program, where, mode="reverse")(*program.arguments), by_columns)


@examples(25)
@given(programs(most=8), st.integers(0, 99))
def test_second_derivatives_are_symmetric(program, seed):
    gradient = gg.grad(program.number, everywhere(program))
    u, v = moves(program, seed), moves(program, seed + 1)

    def paired(a, b):
        return sum(float(np.sum(x * y)) for x, y in zip(a, b, strict=True))

    _, along_u = gg.jvp(gradient, program.arguments, u)
    _, along_v = gg.jvp(gradient, program.arguments, v)
    size = 1.0 + sum(float(np.sum(np.abs(x))) for x in (*along_u, *along_v))
    assert abs(paired(along_u, v) - paired(along_v, u)) <= 1e-9 * size
    # reverse over reverse and reverse over forward say the same
    again = gg.grad(lambda *xs: _paired(gradient(*xs), u), everywhere(program))(*program.arguments)
    close(again, along_u)
    mixed = gg.grad(lambda *xs: gg.jvp(program.number, xs, u)[1], everywhere(program))(*program.arguments)
    close(mixed, along_u)


def _paired(traced, plain):
    return sum(np.sum(x * y) for x, y in zip(traced, plain, strict=True))


# ------------------------------------------------------------------ transforms commute
def many(program: Program, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Arguments for several examples."""
    generator = np.random.default_rng(seed)
    return tuple(argument + 0.1 * generator.normal(size=(count, *argument.shape)) for argument in program.arguments)


@examples(40)
@given(programs(), st.integers(0, 99))
def test_vmap_is_a_loop(program, seed):
    stacks = many(program, 3, seed)
    looped = [program(*[stack[i] for stack in stacks]) for i in range(3)]
    close(gg.vmap(program)(*stacks), [np.stack(parts) for parts in zip(*looped, strict=True)])


@examples(30)
@given(programs(most=10), st.integers(0, 99))
def test_vmap_and_grad_commute(program, seed):
    stacks, where = many(program, 2, seed), everywhere(program)
    gradient = gg.grad(program.number, where)
    by_example = [gradient(*[stack[i] for stack in stacks]) for i in range(2)]
    expected = [np.stack(parts) for parts in zip(*by_example, strict=True)]
    close(gg.vmap(gradient)(*stacks), expected)
    close(gg.grad(lambda *xs: np.sum(gg.vmap(program.number)(*xs)), where)(*stacks), expected)


@examples(30)
@given(programs(most=8), st.integers(0, 99))
def test_vmap_over_some_arguments(program, seed):
    stacks = many(program, 2, seed)
    mapped = [(seed >> index) % 2 == 0 for index in range(len(stacks))]
    if not any(mapped):
        mapped[0] = True
    given_ = [stack if flag else stack[0] for stack, flag in zip(stacks, mapped, strict=True)]
    looped = [program(*[s[i] if flag else s for s, flag in zip(given_, mapped, strict=True)]) for i in range(2)]
    found = gg.vmap(program, in_axes=tuple(0 if flag else None for flag in mapped))(*given_)
    close(found, [np.stack(parts) for parts in zip(*looped, strict=True)])


@examples(40)
@given(programs())
def test_jit_changes_nothing(program):
    compiled, where = gg.jit(program), everywhere(program)
    expected = program(*program.arguments)
    close(compiled(*program.arguments), expected)
    close(compiled(*program.arguments), expected)
    gradient = gg.grad(program.number, where)(*program.arguments)
    close(gg.jit(gg.grad(program.number, where))(*program.arguments), gradient)
    close(gg.grad(gg.jit(program.number), where)(*program.arguments), gradient)


@examples(30)
@given(programs())
def test_checkpoint_changes_nothing(program):
    where = everywhere(program)
    plain = gg.value_and_grad(program.number, where)(*program.arguments)
    close(gg.value_and_grad(gg.checkpoint(program.number), where)(*program.arguments), plain)
