"""Work moved out of loops: the results stay those of the reference engine, and the steps do less."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.lower import lowered
from glassgrad.graph.node import reachable
from tests.engines.cpu.test_control import agree

RANDOM = np.random.default_rng(5)
TOLERANCES = {np.float64: 1e-10, np.float32: 2e-3}


@pytest.fixture(autouse=True)
def native():
    with gg.settings(engine="cpu"):
        yield


def drawn(*shape, dtype=np.float64):
    return RANDOM.normal(size=shape).astype(dtype)


def bodies_of(function, *arguments):
    """The bodies of the program's loops."""
    compiled = gg.jit(function)
    compiled(*arguments)
    (version,) = compiled.cache.values()
    graph = lowered(version.graph)
    bodies = [node.param("body") for node in reachable(graph.outputs) if node.op.name in ("scan", "while_loop")]
    return [lowered(body) for body in bodies]


def ops_in_loops(function, *arguments):
    """The names of the ops in the bodies of the program's loops."""
    return [node.op.name for body in bodies_of(function, *arguments) for node in reachable(body.outputs)]


def recurrent(w, u, b, x):
    """A plain recurrent network over the first axis of x."""

    def step(h, entry):
        h = np.tanh(entry @ w + h @ u + b)
        return h, h

    last, every = gg.scan(step, np.zeros((*x.shape[1:-1], u.shape[0]), x.dtype), x)
    return np.sum(last**2) + np.sum(np.sin(every))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("length", "batch", "inputs", "hidden"), [(1, 1, 1, 1), (2, 3, 5, 4), (9, 1, 7, 16), (12, 6, 3, 17), (9, 8, 6, 70)]
)
def test_a_recurrent_network_and_its_gradient(dtype, length, batch, inputs, hidden):
    w, b = drawn(inputs, hidden, dtype=dtype), drawn(hidden, dtype=dtype)
    u = drawn(hidden, hidden, dtype=dtype) / dtype(hidden)  # contracting: rounding errors do not grow on the way
    x = drawn(length, batch, inputs, dtype=dtype)
    agree(recurrent, w, u, b, x, tolerance=TOLERANCES[dtype])
    for wrt in range(4):
        agree(gg.grad(recurrent, wrt), w, u, b, x, tolerance=TOLERANCES[dtype])


def test_without_a_batch_and_at_second_order():
    w, u, b, x = drawn(3, 4), drawn(4, 4), drawn(4), drawn(10, 3)
    agree(gg.grad(recurrent), w, u, b, x, tolerance=1e-10)
    agree(gg.grad(lambda w: np.sum(gg.grad(recurrent)(w, u, b, x) ** 2)), w, tolerance=1e-9)


def test_only_the_product_with_the_state_is_left_in_the_steps():
    w, u, b, x = drawn(8, 16), drawn(16, 16), drawn(16), drawn(20, 4, 8)
    assert ops_in_loops(recurrent, w, u, b, x).count("contract") == 1
    backward = lambda *args: gg.grad(recurrent, (0, 1, 2))(*args)  # noqa: E731
    assert ops_in_loops(backward, w, u, b, x).count("contract") == 2  # forward, and the cotangent of the state
    with_inputs = lambda *args: gg.grad(recurrent, 3)(*args)  # noqa: E731
    assert ops_in_loops(with_inputs, w, u, b, x).count("contract") == 2


@pytest.mark.parametrize(("rows", "turned"), [(8, True), (100, False)])
def test_a_matrix_is_turned_round_before_the_steps_that_multiply_few_rows_with_it(rows, turned):
    h, u = drawn(rows, 70), drawn(70, 70)

    def states(h, u):
        return gg.scan(lambda h, _: (np.tanh(np.einsum("ij,kj->ik", h, u)), h), h, np.zeros(9))[1]

    agree(states, h, u)
    (body,) = bodies_of(states, h, u)
    (product,) = [node for node in reachable(body.outputs) if node.op.name == "contract"]
    assert (product.param("spec") == "ij,jk->ik") == turned


def test_a_product_for_what_is_given_is_taken_after_the_loop():
    def outputs(w, v, x):
        return gg.scan(lambda h, e: (np.tanh(h @ w + e), np.exp(h @ v) + e[:2]), np.zeros(4), x)

    def function(w, v, x):
        last, every = outputs(w, v, x)
        return np.sum(last) * np.sum(every**2)

    w, v, x = drawn(4, 4), drawn(4, 2), drawn(11, 4)
    agree(function, w, v, x, tolerance=1e-10)
    assert ops_in_loops(function, w, v, x).count("contract") == 1
    for wrt in range(3):
        agree(gg.grad(function, wrt), w, v, x, tolerance=1e-10)


def test_what_stays_the_same_is_computed_once():
    def function(a, x):
        return np.sum(gg.scan(lambda c, e: (c * np.exp(a) + e, None), np.zeros(3), x)[0])

    a, x = drawn(3), drawn(6, 3)
    agree(function, a, x)
    assert "exp" not in ops_in_loops(function, a, x)
    agree(gg.grad(function), a, x)


def test_what_stays_the_same_in_a_loop_with_an_open_end():
    def function(a, x):
        return gg.while_loop(lambda s: s > 0.1, lambda s: s * np.tanh(np.exp(a)), x)

    agree(function, 0.3, 5.0)
    agree(function, 0.3, 0.05)  # no step
    assert "exp" not in ops_in_loops(function, 0.3, 5.0)
    agree(gg.grad(function), 0.3, 5.0)


def test_a_sum_that_the_steps_read_stays_in_the_loop():
    def function(x):
        def step(state, e):
            total, h = state
            return (total + np.outer(e, h), np.tanh(h + total[0])), None

        (total, h), _ = gg.scan(step, (np.zeros((3, 3)), np.ones(3)), x)
        return np.sum(total) + np.sum(h)

    x = drawn(7, 3)
    agree(function, x, tolerance=1e-10)
    agree(gg.grad(function), x, tolerance=1e-9)


def test_sums_of_products_that_nothing_reads():
    def function(x, start):
        def step(total, e):
            return total + np.outer(e, np.sin(e)), None

        return gg.scan(step, start, x)[0]

    x, start = drawn(7, 3), drawn(3, 3)
    agree(function, x, start)
    x[2, 1] = np.nan
    start[0, 0] = np.inf
    agree(function, x, start)


def test_states_that_nobody_reads_and_that_stay_as_they_are():
    def function(x):
        def step(state, e):
            used, unused, fixed = state
            return (used * 0.5 + e * fixed, unused + np.sum(e), fixed), (used, unused * 2.0)

        (used, _, fixed), (every, _) = gg.scan(step, (np.zeros(3), 0.0, np.full(3, 2.0)), x)
        return np.sum(used * fixed) + np.sum(every)

    agree(function, drawn(5, 3))
    agree(gg.grad(function), drawn(5, 3))


def test_loops_in_loops():
    def function(w, x):
        def outer(h, row):
            def inner(g, entry):
                return np.tanh(g @ w + entry), np.sum(g @ w)

            h, sums = gg.scan(inner, h, row)
            return h, np.sum(sums)

        h, sums = gg.scan(outer, np.zeros(3), x)
        return np.sum(h) + np.sum(sums)

    w, x = drawn(3, 3), drawn(4, 5, 3)
    agree(function, w, x, tolerance=1e-10)
    agree(gg.grad(function), w, x, tolerance=1e-10)
    agree(gg.grad(function, 1), w, x, tolerance=1e-10)


def test_backwards_and_mapped():
    def function(w, x):
        last, every = gg.scan(lambda h, e: (np.tanh(h @ w + e @ w), h @ w), np.zeros(3), x, reverse=True)
        return np.sum(last) + np.sum(every**2)

    w, x = drawn(3, 3), drawn(2, 6, 3)
    agree(lambda w, x: gg.vmap(function, (None, 0))(w, x), w, x, tolerance=1e-10)
    agree(lambda w, x: gg.grad(lambda w: np.sum(gg.vmap(function, (None, 0))(w, x)))(w), w, x, tolerance=1e-10)


# ------------------------------------------------------------------ arrays put together from parts
PARTS = {
    "halves": lambda x: np.concatenate([np.sin(x[:3]), np.cos(x[3:])]),
    "apart": lambda x: x[1:2] * x[4:6][0],
    "numbers": lambda x: x[0] * x[3] + x[-1],
    "overlapping": lambda x: x[:4] * x[2:],
    "steps": lambda x: x[::2] * x[1::2],
    "backwards": lambda x: x[::-1] * x,
    "columns": lambda x: x.reshape(2, 3)[:, :2] @ x.reshape(2, 3)[:, 1:].T,
    "empty": lambda x: np.concatenate([x[2:2], x[1:4]]),
    "all": lambda x: x[:] * x[0:6],
}


@pytest.mark.parametrize("name", PARTS)
def test_gradients_of_parts(name):
    function = PARTS[name]
    agree(gg.grad(lambda x: np.sum(function(x) ** 3)), drawn(6), tolerance=1e-10)
    rows = lambda x: np.sum(np.sin(gg.vmap(function)(x)))  # noqa: E731
    agree(gg.grad(rows), drawn(4, 6), tolerance=1e-10)


# ------------------------------------------------------------------ what a loop gives or reads twice
def twice_read(x):
    def step(c, pair):
        a, b = pair
        c = np.sin(c) * a + np.cos(c) * b
        return c, (c * a, c * b, c * c)

    last, (first, second, squared) = gg.scan(step, x.dtype.type(0.3), (x, x))
    return np.stack([first, second]) + last - np.sum(squared)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (5, 3)])
def test_a_sequence_that_is_read_twice(shape, dtype):
    x = drawn(*shape, dtype=dtype)
    across = gg.vmap(twice_read, in_axes=1) if len(shape) > 1 else twice_read
    agree(across, x, tolerance=TOLERANCES[dtype])
    agree(gg.grad(lambda x: np.sum(np.sin(across(x)))), x, tolerance=TOLERANCES[dtype])


def pulled(x, start=8.0):
    """A body that falls towards two others until it has passed them, by forces that are gradients."""

    def potential(place):
        return 1.0 / np.sqrt((place - 9.0) ** 2 + x**2) + 1.0 / np.sqrt(place**2 + (x + 2.0) ** 2)

    def step(state):
        place, speed = state
        return place + 0.1 * speed, speed - 0.1 * gg.jvp(potential, (place,), (1.0,))[1] - 0.05

    place, speed = gg.while_loop(lambda state: state[0] > 0.0, step, (start, 0.0))
    return place * speed


@pytest.mark.parametrize("x", [1.0, np.nan, np.inf])
def test_records_that_turn_out_the_same(x):
    agree(gg.grad(pulled), x, tolerance=1e-10)
    agree(gg.grad(lambda x: pulled(x, -1.0)), x, tolerance=1e-10)  # no step at all
    agree(gg.grad(gg.grad(pulled)), x, tolerance=1e-8)


def test_records_of_many_rounds_and_of_many_examples():
    slow = gg.grad(lambda x: pulled(x, 900.0))  # the memory of the records grows more than once
    agree(slow, 0.7, tolerance=1e-8)
    agree(gg.vmap(gg.grad(pulled)), np.array([0.5, 1.0, 3.0]), tolerance=1e-10)


def test_each_value_is_recorded_once():
    compiled = gg.jit(gg.grad(pulled))
    compiled(1.0)
    (version,) = compiled.cache.values()
    loops = [n for n in reachable(lowered(version.graph).outputs) if n.op.name in ("scan", "while_loop")]
    assert {node.op.name for node in loops} == {"scan", "while_loop"}
    for node in loops:
        records = node.param("body").outputs[node.param("carries") :]
        assert len(records) == len(set(records))
        sequences = node.inputs[node.param("carries") :][: node.param("sequences")] if node.op.name == "scan" else ()
        assert len(sequences) == len(set(sequences))


@pytest.mark.parametrize("head", [(1,), (2,), ()])
@pytest.mark.parametrize("recurrent_weights", [True, False])
def test_an_output_layer_inside_of_the_steps(head, recurrent_weights):
    def loss(wx, wh, wo, c, xs):
        def cell(h, x):
            h = np.tanh(x @ wx + (h @ wh if recurrent_weights else h))
            return h, h @ wo + c

        return np.mean(gg.scan(cell, np.zeros((3, 5)), xs)[1] ** 2)

    arguments = drawn(4, 5), drawn(5, 5), drawn(5, *head), drawn(*head), drawn(6, 3, 4)
    agree(loss, *arguments)
    for wrt in range(5):
        agree(gg.grad(loss, wrt), *arguments)
    agree(lambda *given: gg.grad(loss, 2)(*given) + gg.grad(loss, 2)(*given) ** 2, *arguments)


def test_a_sum_of_what_is_given_at_each_step_anyway():
    def function(w, x):
        def step(totals, e):
            h = e @ w
            y = np.tanh(h)
            return (totals[0] + np.sum(y), totals[1] + np.sum(h)), (y, h)

        totals, (y, h) = gg.scan(step, (0.0, 0.0), x)
        return totals[0] * totals[1] + np.sum(y * h)

    agree(function, drawn(3, 3), drawn(9, 3), tolerance=1e-10)
    agree(gg.grad(function), drawn(3, 3), drawn(9, 3), tolerance=1e-10)


# ------------------------------------------------------------------ sequences that are the same at every step
STILL = {
    "a vector": lambda w, n: np.broadcast_to(w, (n, 3)),
    "a row": lambda w, n: np.broadcast_to(w.reshape(1, 3), (n, 3)),
    "a number": lambda w, n: np.broadcast_to(w[1], (n, 3)),
    "ones": lambda w, n: np.ones_like(np.broadcast_to(w, (n, 3))),
    "minus zeros": lambda w, n: -np.zeros_like(np.broadcast_to(w, (n, 3))),
    "computed": lambda w, n: np.exp(-np.broadcast_to(w, (n, 3))) + np.broadcast_to(w[::-1], (n, 3)),
    "spread twice": lambda w, n: np.broadcast_to(np.broadcast_to(w[2], (n, 1)), (n, 3)),
    "turned": lambda w, n: np.broadcast_to(w.reshape(3, 1), (n, 3, 1)).transpose(0, 2, 1).reshape(n, 3),
    "turned from the middle": lambda w, n: np.sin(np.broadcast_to(w[:, None], (3, n))).T,
    "turned three": lambda w, n: np.broadcast_to(w.reshape(1, 3, 1), (1, 3, n)).transpose(2, 0, 1).reshape(n, 3),
    "taken apart": lambda w, n: np.broadcast_to(w[:, None], (3, n)).reshape(3, 1, n).T.reshape(n, 3),
    "cast": lambda w, n: np.broadcast_to(w, (n, 3)).astype(np.float32),
}
MOVING = {
    "of each step": lambda w, n: np.broadcast_to(counted(w, n).reshape(n, 1), (n, 3)),
    "turned": lambda w, n: np.broadcast_to(counted(w, n), (3, n)).T,
    "reshaped": lambda w, n: np.broadcast_to(counted(w, n + n // 2), (2, n + n // 2)).reshape(n, 3),
    "beside what stays": lambda w, n: counted(w, n)[:, None] * np.broadcast_to(w, (n, 3)),
}


def counted(w, n):
    return np.cumsum(np.broadcast_to(w[0], (n,)))


def through(stack, length=6):
    def function(w, x):
        every = gg.scan(lambda c, e: (np.sin(c * e[0]) / e[1] + e[1] * c, c * e[0]), x[0], (stack(w, length), x))[1]
        return every + 1.0 / every[::-1]

    return function


def sequences_of(function, *arguments):
    """How many sequences the program's loops read, in turn."""
    compiled = gg.jit(function)
    compiled(*arguments)
    (version,) = compiled.cache.values()
    loops = [node for node in reachable(lowered(version.graph).outputs) if node.op.name == "scan"]
    return [node.param("sequences") for node in loops]


@pytest.mark.parametrize("name", STILL)
def test_a_sequence_that_is_the_same_at_every_step_is_none(name):
    function, w, x = through(STILL[name]), np.array([0.5, np.nan, -0.0]), drawn(6, 3)
    agree(function, w, x)
    assert sequences_of(function, w, x) == [1]
    function = through(STILL[name])
    w = drawn(3)
    agree(gg.grad(lambda w: np.sum(np.sin(function(w, x)))), w, tolerance=1e-9)
    across, many = lambda many: gg.vmap(through(STILL[name]), (0, None))(many, x), drawn(4, 3)
    agree(across, many)
    assert set(sequences_of(across, many)) <= {1}  # none where nothing depends on the item


@pytest.mark.parametrize("length", [0, 1])
@pytest.mark.parametrize("name", STILL)
def test_a_sequence_of_no_or_one_step(name, length):
    def function(w):
        last, every = gg.scan(lambda c, e: (c + e, c * e), w, STILL[name](w, length))
        return last + np.sum(every, 0)

    agree(function, drawn(3))


@pytest.mark.parametrize("name", MOVING)
def test_a_sequence_that_repeats_along_another_axis_is_one(name):
    function, w, x = through(MOVING[name]), drawn(3), drawn(6, 3)
    agree(function, w, x, tolerance=1e-10)
    assert sequences_of(function, w, x) == [2]


def test_a_matrix_that_is_given_to_each_step_is_multiplied_as_one_that_stays():
    def states(w, x):
        return gg.scan(lambda h, e: (np.tanh(e[0] @ h + e[1] @ e[0]), h), x[0], (np.broadcast_to(w, (9, 4, 4)), x))[1]

    w, x = drawn(4, 4), drawn(9, 4)
    agree(states, w, x, tolerance=1e-10)
    assert ops_in_loops(states, w, x).count("contract") == 1
    agree(gg.grad(lambda w, x: np.sum(np.sin(states(w, x)))), w, x, tolerance=1e-10)


def test_the_ones_that_the_gradient_of_a_sum_starts_from_are_not_filled():
    def function(w, x):
        return np.sum(gg.scan(lambda h, e: (np.tanh(h @ w + e),) * 2, np.zeros(3), x)[1])

    w, x = drawn(3, 3), drawn(7, 3)
    agree(gg.grad(function), w, x, tolerance=1e-10)
    assert sequences_of(gg.grad(function), w, x) == [1, 1]  # x forward, what was kept back


def test_long_computations_of_what_stays_the_same():
    def function(w, x):
        still = np.broadcast_to(w, (5, 3))
        for _ in range(60):
            still = np.sin(still) + np.cos(still)  # read twice: paths double at each
        return gg.scan(lambda c, e: (c * e[0] + e[1], None), x[0], (still, x))[0]

    agree(function, drawn(3), drawn(5, 3), tolerance=1e-10)
