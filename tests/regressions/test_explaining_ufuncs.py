"""A ufunc itself can be explained, drawn and written as source; what is no name or no formula is refused in words."""

import numpy as np
import pytest
import scipy.special
import sympy

import glassgrad as gg


@pytest.mark.parametrize("ufunc", [np.sin, np.exp, np.sqrt, scipy.special.erf])
def test_a_ufunc_itself(ufunc):
    derivation = gg.explain(ufunc, 0.5)
    assert derivation.check.agrees
    assert derivation.derivative == pytest.approx(gg.grad(ufunc)(0.5))
    assert gg.draw(ufunc, 0.5).startswith("<svg ")


def test_its_source():
    module = {}
    exec(gg.source(np.sin, 0.5), module)
    assert module["sin_and_grad"](0.5) == pytest.approx((np.sin(0.5), np.cos(0.5)))


def test_a_ufunc_of_two():
    assert gg.explain(np.multiply, 2.0, 3.0, wrt=1).derivative == 2.0


def test_what_names_no_argument_and_what_is_no_formula():
    with pytest.raises(TypeError, match=r"wrt=3\.5 names no argument"):
        gg.explain(lambda x: x**2, 1.0, wrt=3.5)
    for expression in (3, sympy.Symbol("x") ** 2):
        with pytest.raises(TypeError, match="derive takes a formula as text"):
            gg.derive(expression)
