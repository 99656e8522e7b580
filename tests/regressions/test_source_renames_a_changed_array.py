"""A sum that begins with a part of another derivative, changed in place, stands under its own name in the source."""

import numpy as np

from tests.engines.running import assert_source_is_right, function_from

PROGRAM = """
def f(x, w):
    a = x * 1.1
    b = a / (1 + w ** 2)
    b = np.concatenate([a[:1], b[1:]])
    a = a + b
    a = a * a
    return np.sum(a * b)
"""


def test_a_changed_array_takes_the_name_of_the_sum_it_begins():
    f = function_from(PROGRAM, "<changed array>")
    rng = np.random.default_rng(0)
    assert_source_is_right(f, rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), wrt=["x", "w"], argnums=(0, 1))
