"""grad, value_and_grad, jvp, vjp, linearize, jacobian, hessian, hvp, elementwise_grad: what they give and refuse."""

from dataclasses import dataclass, field

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DerivativeError, DtypeError, LeakedTracerError, ShapeError, UsageError

RNG = np.random.default_rng(0)
A = RNG.normal(size=(4, 3))
X = RNG.normal(size=3)


def f(x):
    return np.exp(A @ x)


def s(x):
    return np.sum(f(x))


def test_the_two_layer_network_of_the_text():
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def network(x, w1, b1, w2, b2):
        return sigmoid(w2 * sigmoid(w1 * x + b1) + b2)

    assert np.isfinite(gg.grad(network, (1, 2, 3, 4))(0.5, 0.1, 0.2, 0.3, 0.4)).all()


def test_micrograd_readme():
    def g(a, b):
        relu = lambda v: np.maximum(v, 0)  # noqa: E731
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + relu(b + a)
        d = d + 3 * d + relu(b - a)
        e = c - d
        h = e**2
        out = h / 2.0
        return out + 10.0 / h

    value, (da, db) = gg.value_and_grad(g, ("a", "b"))(-4.0, 2.0)
    assert f"{value:.4f} {da:.4f} {db:.4f}" == "24.7041 138.8338 645.5773"


def test_jacobians_agree_in_both_modes():
    expected = f(X)[:, None] * A
    for mode in (None, "forward", "reverse"):
        np.testing.assert_allclose(gg.jacobian(f, mode=mode)(X), expected)
    np.testing.assert_allclose(gg.hessian(s)(X), A.T @ np.diag(f(X)) @ A)
    np.testing.assert_allclose(gg.hvp(s, X, np.ones(3)), gg.hessian(s)(X) @ np.ones(3))


def test_push_and_pull_are_transposes():
    v, u = RNG.normal(size=3), RNG.normal(size=4)
    _, pushed = gg.jvp(f, (X,), (v,))
    _, pullback = gg.vjp(f, X)
    _, derivative = gg.linearize(f, X)
    np.testing.assert_allclose(u @ pushed, pullback(u)[0] @ v)
    np.testing.assert_allclose(derivative(v), pushed)


def test_argnums_by_position_and_name():
    h = lambda x, y, *, z: x * y**2 * z**3  # noqa: E731
    assert gg.grad(h)(2.0, 3.0, z=1.0) == 9.0
    assert gg.grad(h, 1)(2.0, 3.0, z=1.0) == 12.0
    assert gg.grad(h, "z")(2.0, 3.0, z=1.0) == 54.0
    assert gg.grad(h, ("y", "z", 0))(2.0, 3.0, z=1.0) == (12.0, 54.0, 9.0)
    assert gg.grad(h, -1)(2.0, 3.0, z=1.0) == 12.0
    with pytest.raises(UsageError, match="no argument 'q'"):
        gg.grad(h, "q")(2.0, 3.0, z=1.0)
    with pytest.raises(UsageError, match="asks for argument 5"):
        gg.grad(h, 5)(2.0, 3.0, z=1.0)


@dataclass
class Layer:
    weight: np.ndarray
    bias: float
    name: str = field(default="layer", metadata={"static": True})


def test_trees_go_in_and_come_out():
    params = {"first": Layer(np.ones((2, 3)), 0.5), "rest": [1.0, (2.0, None)]}

    def loss(p, x):
        return np.sum(p["first"].weight @ x + p["first"].bias) * p["rest"][0] * p["rest"][1][0]

    g = gg.grad(loss)(params, np.arange(3.0))
    np.testing.assert_allclose(g["first"].weight, np.tile([0.0, 2.0, 4.0], (2, 1)))
    assert g["first"].bias == 4.0
    assert g["first"].name == "layer"
    assert g["rest"] == [14.0, (7.0, None)]


def test_has_aux():
    value, extra = gg.grad(lambda x: (x * x, {"seen": x + 1, "note": "text"}), has_aux=True)(3.0)
    assert value == 6.0
    assert extra == {"seen": 4.0, "note": "text"}
    (loss, extra), g = gg.value_and_grad(lambda x: (x * x, x), has_aux=True)(3.0)
    assert (loss, extra, g) == (9.0, 3.0, 6.0)


def test_complex_convention():
    z = 0.3 + 0.4j
    # real function of a complex argument: ∂f/∂x − i ∂f/∂y
    assert gg.grad(lambda z: np.abs(z) ** 2)(z) == pytest.approx(2 * z.real - 2j * z.imag)
    assert gg.grad(lambda z: z**3, holomorphic=True)(z) == pytest.approx(3 * z**2)
    with pytest.raises(DerivativeError, match="complex result"):
        gg.grad(lambda z: z**3)(z)


def test_refusals_name_the_next_step():
    with pytest.raises(DerivativeError, match=r"shape \(3,\)[\s\S]*jacobian"):
        gg.grad(lambda x: x * 2)(np.ones(3))
    with pytest.raises(DtypeError, match=r"3\.0 instead of 3"):
        gg.grad(lambda x: x * x)(3)
    with pytest.raises(UsageError, match="has_aux"):
        gg.grad(lambda x: x * x, has_aux=True)(3.0)
    with pytest.raises(ShapeError, match="tangent has the shape"):
        gg.jvp(f, (X,), (np.ones(4),))


def test_a_leaked_tracer_is_found():
    kept = []
    gg.grad(lambda x: kept.append(x) or x * x)(2.0)
    with pytest.raises(LeakedTracerError, match="outside of the function"):
        kept[0] + 1


def test_independent_inputs_have_zero_gradients_of_their_shape():
    g = gg.grad(lambda x, y: np.sum(x), 1)(np.ones(3), np.ones((2, 2), np.float32))
    assert g.shape == (2, 2)
    assert g.dtype == np.float32
    assert not g.any()


def test_python_control_flow_on_values():
    def collatz(x):
        steps = 0
        while x > 1.5:
            x = x / 2 if steps % 2 else x * 0.75
            steps += 1
        return x * steps

    assert gg.grad(collatz)(8.0) == pytest.approx((collatz(8.0 + 1e-6) - collatz(8.0 - 1e-6)) / 2e-6)


def test_results_may_be_written():
    g = gg.grad(lambda x: np.sum(x))(np.ones(3))
    g += 1
    np.testing.assert_array_equal(g, [2, 2, 2])
