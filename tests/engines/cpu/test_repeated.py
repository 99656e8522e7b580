"""Loops of the user that are written out: kernels that come again are written once and called with other addresses."""

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.engines.cpu.program import Program


def program_of(function, *arguments):
    compiled = gg.jit(function)
    compiled(*arguments)
    (version,) = compiled.cache.values()
    assert isinstance(version.program, Program)
    return version.program


def check(function, *arguments, most):
    """The program has this many kernels at most, and gives what the reference engine gives."""
    program = program_of(function, *arguments)
    assert len(program.module.kernels) <= most
    found = gg.base.trees.flatten(gg.jit(function)(*arguments))[0]
    with gg.settings(engine="reference"):
        expected = gg.base.trees.flatten(gg.jit(function)(*arguments))[0]
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-9 if np.asarray(y).dtype == np.float64 else 1e-4, atol=1e-12)
    return program


def steps_of(program):
    return len(program.plan.steps)


def chain(count):
    def function(x):
        for index in range(count):
            x = np.sin(x) * (1.0 + index / count) + 0.25
        return np.sum(x)

    return function


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1, 13])
def test_the_rounds_of_a_chain_differ_in_numbers_only(dtype, size):
    program = check(gg.grad(chain(500)), np.linspace(0, 1, size).astype(dtype), most=6)
    assert steps_of(program) > 8


def test_rounds_read_other_rows_of_the_same_array():
    def network(weights, rows):
        state = np.zeros(5)
        for t in range(len(rows)):
            state = np.tanh(rows[t] @ weights["in"] + state @ weights["own"])
        return np.sum(state * state)

    rng = np.random.default_rng(0)
    weights = {"in": rng.normal(size=(3, 5)), "own": rng.normal(size=(5, 5))}
    kernels = [
        len(check(gg.grad(network), weights, rng.normal(size=(count, 3)), most=40).module.kernels)
        for count in (120, 240)
    ]
    assert kernels[1] <= kernels[0] + 4  # twice as many rounds, not twice as many kernels


def test_a_number_that_tells_is_not_handed_over():
    """Factors 0 and 1, NaN and infinity stand in the text; the others come from a table."""

    def function(x):
        for index in range(600):
            factor = (1.0, 0.0, np.inf, np.nan, 1.5)[index // 30 % 5]
            x = np.cos(np.sin(x) * factor + index)
            x = np.where(np.isnan(x), 0.5, x)
        return x

    check(function, np.array([0.0, -0.0, 1.0, np.nan, np.inf]), most=30)


def test_two_strands_are_not_mixed_up():
    """Kernels that are alike but for which array is which are two kernels."""

    def function(a, b):
        for index in range(200):
            a, b = (np.sin(a) - b * 0.5, np.sin(b) + a) if index % 3 else (np.sin(b) - a * 0.5, np.sin(a) + b)
        return a - b

    check(gg.grad(lambda a, b: np.sum(function(a, b)), (0, 1)), np.linspace(0, 1, 7), np.linspace(1, 2, 7), most=60)


def test_results_of_rounds_go_to_their_places_in_an_array():
    def function(x):
        found = []
        for index in range(400):
            x = np.sin(x) + index * 0.01
            found.append(x * 2.0)
        return np.stack(found), np.concatenate(found[::-1])

    check(function, np.linspace(0, 1, 6), most=30)


def test_elements_of_an_array_of_indices_are_looked_up_and_checked():
    def function(x, places):
        total = np.zeros(4)
        for index in range(300):
            total = np.sin(total + x[places[index]])
        return total

    rng = np.random.default_rng(0)
    x, places = rng.normal(size=(9, 4)), rng.integers(-9, 9, 300)
    check(function, x, places, most=30)
    places[217] = 9
    with pytest.raises(IndexError):
        gg.jit(function)(x, places)


def test_equal_layers_inside_of_a_loop_share_their_kernels():
    def function(x):
        def body(state, _):
            for _ in range(90):
                state = np.sin(state) * 1.5
            return state, state[0]

        return gg.scan(body, x, np.zeros(3))

    check(function, np.linspace(0, 1, 5), most=12)


def test_an_inspection_names_the_function_that_is_called():
    found = gg.jit(gg.grad(chain(500))).inspect(np.linspace(0, 1, 8))
    names = [step.name for step in found.kernels]
    assert len(set(names)) < len(names)
    assert "vmul" in found.assembly(names[-1]) or "fmul" in found.assembly(names[-1])


def test_products_and_systems_of_equations_are_written_once():
    def filtered(model, seen):
        A, Q, H = model
        mean, spread, total = np.zeros(3), np.eye(3), 0.0
        for y in seen:
            mean, spread = A @ mean, A @ spread @ A.T + Q
            own = H @ spread @ H.T + np.eye(2)
            gain = np.linalg.solve(own, H @ spread).T
            error = y - H @ mean
            total = total + error @ np.linalg.solve(own, error) + np.log(np.linalg.det(own))
            mean, spread = mean + gain @ error, spread - gain @ H @ spread
        return total

    rng = np.random.default_rng(0)
    model = (np.eye(3) * 0.9, np.eye(3) * 0.1, rng.normal(size=(2, 3)))
    lines = {}
    for count in (40, 80):
        program = check(gg.grad(filtered), model, rng.normal(size=(count, 2)), most=40)
        lines[count] = program.module.text().count("\n")
    assert lines[80] < 1.5 * lines[40]
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        gg.jit(lambda a, bs: [np.linalg.solve(a, b) for b in bs])(np.zeros((4, 4)), np.ones((6, 4)))


def test_what_the_host_computes_again_and_again():
    def function(x):
        found = []
        for index in range(30):
            x = np.linalg.pinv(x) + index  # on each of many matrices
            found.append(np.fft.fft(x).real.sum())
        return found

    check(function, np.random.default_rng(0).normal(size=(3, 3)), most=40)


def test_a_long_program_is_cut_where_other_steps_stand_between():
    """Loops with a body, products and kernels in turn; results that are not the last to be computed."""

    def function(x, W):
        found = []
        for index in range(60):
            x = np.tanh(x @ W)
            if index % 20 == 7:
                x = gg.scan(lambda s, _: (np.sin(s), None), x, np.zeros(3))[0]
            found.append(x[0] * (index + 0.5))
        return found, x

    rng = np.random.default_rng(0)
    program = check(function, rng.normal(size=(20, 20)), rng.normal(size=(20, 20)) * 0.3, most=140)
    assert "@part1" in program.module.text()


def test_single_elements_that_are_read_are_added_to_by_one_function():
    def function(x):
        total = 0.0
        for index in range(len(x) - 1):
            total = total + x[index] * x[index + 1]
        return total

    check(gg.grad(function), np.linspace(0, 1, 300), most=12)
