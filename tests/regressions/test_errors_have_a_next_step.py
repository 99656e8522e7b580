"""Errors that used to say only what is wrong, or said it in words of ours, give the next step."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import ConcretizationError, LeakedTracerError, UnsupportedError, UsageError

X = np.array([3.0, 1.0, 2.0])


def test_a_method_of_ufuncs_that_is_not_known() -> None:
    with pytest.raises(UnsupportedError, match=r"np.add.reduceat(.|\n)*hint: reduce each part"):
        gg.grad(lambda x: np.add.reduceat(x, [0, 1]).sum())(X)


@pytest.mark.parametrize(
    "function",
    [np.unique, lambda x: np.histogram(x)[0], lambda x: f"{x[0]:.3f}"],
    ids=["unique", "histogram", "format"],
)
def test_numbers_that_jit_does_not_have(function: Callable[..., Any]) -> None:
    with pytest.raises(ConcretizationError, match="hint: "):
        gg.jit(function)(X)


def test_structures_are_shown_as_they_are_written() -> None:
    with pytest.raises(UsageError, match=r"structures: array and \(array, array\)(.|\n)*hint: ") as branches:
        gg.cond(True, lambda x: x, lambda x: (x, x), 1.0)
    with pytest.raises(UsageError, match=r"\{'a': array\}, found \[array\](.|\n)*hint: ") as loop:
        gg.fori_loop(0, 3, lambda i, c: [c["a"]], {"a": 1.0})
    assert "PyTreeSpec" not in str(branches.value) + str(loop.value)


@pytest.mark.parametrize("transform", [gg.grad, gg.value_and_grad])
def test_what_is_no_function_is_refused_at_once(transform: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match=rf"^{transform.__name__} takes a function, found int"):
        transform(3)


def test_a_misspelt_name() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'gard'. Did you mean 'grad'"):
        gg.gard  # noqa: B018 - the look-up is what is tested
    with pytest.raises(AttributeError, match=r"no attribute 'qqqqqq'$"):
        gg.qqqqqq  # noqa: B018 - as above


def test_a_pool_of_threads_inside_a_traced_function() -> None:
    def loss(x: Any) -> Any:
        with ThreadPoolExecutor(1, thread_name_prefix="helper") as pool:
            return pool.submit(lambda: np.sum(np.sin(x))).result()

    with pytest.raises(LeakedTracerError, match=r"in thread 'helper_0'.* 'MainThread'; a trace belongs to one thread"):
        gg.grad(loss)(X)


def test_a_value_that_leaks_without_threads_speaks_of_no_thread() -> None:
    kept = []
    gg.grad(lambda x: kept.append(x) or np.sum(x * x))(X)
    with pytest.raises(LeakedTracerError, match="outside of the function") as error:
        np.sin(kept[0])
    assert "thread" not in str(error.value)
