"""What compiling costs grows with the size of the graph, for graphs of all shapes."""

import time

import numpy as np
import pytest

import glassgrad as gg


def chain(count):
    def function(x):
        for index in range(count // 3):
            x = np.sin(x) * (1.0 + index / count) + 0.5
        return np.sum(x)

    return gg.grad(function), np.linspace(0.0, 1.0, 8)


def scalars(count):
    def function(x):
        for index in range(count // 2):
            x = x * 1.0001 + 0.1 / (1 + index)
        return x

    return function, 1.0


def many_results(count):
    return lambda x: [x[index] * x[index + 1] for index in range(count // 3)], np.ones(count)


def small_products(count):
    def function(x):
        for _ in range(count // 4):
            x = x @ (np.eye(4) + 0.01) * 0.5 + np.tanh(x)
        return x

    return function, np.eye(4)


@pytest.mark.parametrize("program", [chain, scalars, many_results, small_products])
def test_twice_the_size_is_not_much_more_than_twice_the_work(program, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE", "off")

    def seconds(count):
        function, argument = program(count)
        with gg.settings(engine="cpu", threads=1):
            begin = time.process_time()
            gg.jit(function)(argument)
            return time.process_time() - begin

    seconds(60)
    assert min(seconds(2400) for _ in range(2)) < 12 * seconds(400)  # six times the size; quadratic work is 36 times
