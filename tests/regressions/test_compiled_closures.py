"""A compiled function that reads its surroundings: values of an outer trace are not kept, arrays are read anew."""

import numpy as np

import glassgrad as gg


def test_a_value_of_an_outer_trace_is_not_kept():
    state = {}
    scaled = gg.jit(lambda x: state["w"] * x)

    def loss(w):
        state["w"] = w
        return scaled(3.0)

    assert gg.value_and_grad(loss)(2.0) == (6.0, 3.0)
    assert gg.value_and_grad(loss)(7.0) == (21.0, 3.0)
    assert loss(5.0) == 15.0


def test_an_array_is_read_anew_wherever_it_was_first_met():
    for size in (3, 20_000):
        c = np.ones(size)
        scaled = gg.jit(lambda x, c=c: np.sum(x * c))
        assert np.all(gg.grad(scaled)(np.ones(size)) == 1.0)
        c[:] = 2.0
        assert scaled(np.ones(size)) == 2.0 * size
        c[:] = 3.0
        assert np.all(gg.grad(scaled)(np.ones(size)) == 3.0)
        c[:] = 4.0
        assert scaled(np.ones(size)) == 4.0 * size
