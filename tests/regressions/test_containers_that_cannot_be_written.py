"""Named tuples of results and containers of objects in a line of the user's: source and explanation come out."""

from collections import namedtuple

import numpy as np
import pytest

import glassgrad as gg

X = np.random.default_rng(0).normal(size=(3, 3))
Pair = namedtuple("Pair", "first second")  # noqa: PYI024 - the plain kind, as scripts have it


class Layer:
    def __init__(self, size):
        self.size = size


LAYERS = [Layer(2), Layer(3)]
BY_NAME = {"a": Layer(2), "b": Layer(3)}


def factors_by_index(x):
    found = np.linalg.svd(x)
    return (found[0][:, :1] @ found[2][:1]).sum()


def entries_by_index(x):
    found = np.linalg.eigh(x + x.T)
    return found[1][0, 0] * found[0][1]


def own_pair(x):
    pair = Pair(x, [x * 2, x**2])
    return pair[0][0].sum() * pair[1][1][0, 1] + pair.second[0].sum()


def count_of_objects(x):
    return x.sum() * len(LAYERS) / len(BY_NAME)


def attribute_of_an_object(x):
    return x.sum() * LAYERS[1].size + x[0, 0] * BY_NAME["a"].size


def traced_in_a_count(x):
    parts = [x, x * 2, [x]]
    return np.sum(x / len(parts)) * len(parts[2])


@pytest.mark.parametrize(
    "function",
    [factors_by_index, entries_by_index, own_pair, count_of_objects, attribute_of_an_object, traced_in_a_count],
)
def test_source_and_explanation_come_out(function):
    module = {}
    exec(gg.source(function, X), module)
    value, gradient = module[f"{function.__name__}_and_grad"](X)
    assert np.allclose(value, function(X))
    assert np.allclose(gradient, gg.grad(function)(X))
    assert gg.explain(function, X).check.agrees
