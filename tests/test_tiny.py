"""Every public name once, in the smallest example that says what it does. The first file to read."""

from math import isclose

import numpy as np
import pytest

import glassgrad as gg


def close(found, expected):
    return np.allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_Derivation():
    derivation = gg.explain(lambda x: x**2, 3.0)
    assert isinstance(derivation, gg.Derivation)
    assert derivation.to_dict()["derivative"]["value"] == 6.0


def test_avg_pool():
    image = np.arange(16.0).reshape(1, 1, 4, 4)  # (batch, channel, row, column)
    assert close(gg.avg_pool(image, 2), [[[[2.5, 4.5], [10.5, 12.5]]]])
    assert close(gg.grad(lambda x: gg.avg_pool(x, 2).sum())(image), 0.25)


def test_check_gradients():
    gg.check_gradients(lambda x: np.sum(np.sin(x)), np.array([0.1, 0.2]))  # silent where all is well


def test_checkpoint():
    inner = gg.checkpoint(lambda x: np.exp(np.sin(x)))  # computed again on the way back, not kept
    assert close(gg.grad(inner)(0.3), np.cos(0.3) * np.exp(np.sin(0.3)))


def test_cond():
    def f(x):
        return gg.cond(x > 0, lambda x: x**2, lambda x: -x, x)

    assert [float(gg.jit(gg.grad(f))(x)) for x in (3.0, -3.0)] == [6.0, -1.0]


def test_conv():
    signal, kernel = np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]])  # (batch, channel, place)
    assert close(gg.conv(signal, kernel), [[[1.0, 2.0]]])
    assert close(gg.grad(lambda k: gg.conv(signal, k).sum())(kernel), [[[3.0, 6.0]]])


def test_conv_transpose():
    signal, kernel = np.array([[[1.0, 2.0]]]), np.array([[[1.0, 1.0]]])
    assert close(gg.conv_transpose(signal, kernel, stride=2), [[[1.0, 1.0, 2.0, 2.0]]])


def test_custom_derivative():
    @gg.custom_derivative
    def rounded(x):
        return np.round(x)

    @rounded.pullback
    def _(ct, result, x):
        return ct

    assert gg.value_and_grad(rounded)(1.7) == (2.0, 1.0)


def test_derive():
    skydiver = gg.derive("p = 101325*exp(-0.0001*h)", let="h = 4000 - 0.5*9.8*t**2", wrt="t", at="t=10")
    assert isclose(skydiver.derivative, 699.045, abs_tol=5e-4)
    assert skydiver.check.agrees


def test_doctor():
    x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    model, slow = gg.nn.Linear(1, 1, key=0), gg.optim.sgd(1e-7)
    assert gg.doctor.examine(model, gg.nn.mse, (x, 3 * x + 1), slow, steps=50).causes[0].name == "rate-too-low"


def test_draw():
    picture = gg.draw(lambda x: np.sin(x) ** 2, 1.0)
    assert picture.startswith("<svg ")


def test_elementwise_grad():
    assert close(gg.elementwise_grad(np.sin)(np.array([0.0, np.pi])), [1.0, -1.0])


def test_explain():
    def area(r):
        return np.pi * r**2

    text = str(gg.explain(area, 2.0))
    assert "power rule" in text
    assert "they agree" in text


def test_fori_loop():
    def power(x):
        return gg.fori_loop(0, 5, lambda i, carry: carry * x, 1.0)

    assert gg.grad(power)(2.0) == 5 * 2.0**4


def test_grad():
    assert gg.grad(lambda x: x**3)(2.0) == 12.0
    assert gg.grad(gg.grad(lambda x: x**3))(2.0) == 12.0
    assert gg.grad(lambda w: w["a"] * w["b"])({"a": 2.0, "b": 5.0}) == {"a": 5.0, "b": 2.0}


def test_hessian():
    assert close(gg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 4.0])), [[8, 6], [6, 0]])


def test_hvp():
    assert close(gg.hvp(lambda x: x[0] ** 2 * x[1], np.array([3.0, 4.0]), np.array([1.0, 0.0])), [8, 6])


def test_jacobian():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for mode in ("forward", "reverse"):
        assert close(gg.jacobian(lambda x: matrix @ x, mode=mode)(np.ones(2)), matrix)


def test_jit():
    calls = []

    @gg.jit
    def f(x):
        calls.append(x.shape)
        return np.sum(x**2)

    assert (f(np.ones(3)), f(np.zeros(3)), f(np.ones(4))) == (3.0, 0.0, 4.0)
    assert calls == [(3,), (4,)]  # traced once for each shape


def test_jvp():
    assert gg.jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0)) == (12.0, 4.0)


def test_linearize():
    value, derivative = gg.linearize(lambda x: x**3, 2.0)
    assert (value, derivative(1.0), derivative(10.0)) == (8.0, 12.0, 120.0)


def test_max_pool():
    signal = np.array([[[1.0, 3.0, 2.0, 0.0]]])
    assert close(gg.max_pool(signal, 2), [[[3.0, 2.0]]])
    assert close(gg.grad(lambda x: gg.max_pool(x, 2).sum())(signal), [[[0, 1, 1, 0]]])


def test_nn():
    class Line(gg.nn.Layer):
        slope: np.ndarray

        def __call__(self, x):
            return self.slope * x

    line = Line(np.array(2.0))
    assert close(gg.grad(lambda line: line(3.0) ** 2)(line).slope, 36.0)


def test_numpy():
    def f(x):
        out = gg.numpy.zeros(2)  # NumPy's own np.zeros(2) could not hold a traced value
        out[0] = x
        out[1] = gg.numpy.array([x, x**2]).sum()
        return out.sum()

    assert gg.grad(f)(3.0) == 1 + 1 + 6


def test_optim():
    optimizer, parameters = gg.optim.sgd(0.5), {"w": np.ones(2)}
    updates, _ = optimizer.update({"w": np.ones(2)}, optimizer.start(parameters), parameters)
    assert close(gg.optim.apply(parameters, updates)["w"], 0.5)


def test_profile():
    found = gg.profile(lambda x: np.exp(x).sum(), np.ones(100), seconds=0.01)
    assert "exp" in found.steps[0].does


def test_random():
    key = gg.random.key(0)
    assert close(gg.random.normal(key, (3,)), gg.random.normal(key, (3,)))  # the same key, the same numbers
    noise = gg.random.normal(key)
    assert close(gg.grad(lambda s: gg.random.normal(key, scale=s))(2.0), noise)


def test_scan():
    def total_of_squares(x):
        last, partial = gg.scan(lambda carry, each: (carry + each**2, carry), 0.0, x)
        return last + 0.0 * partial.sum()

    assert close(gg.grad(total_of_squares)(np.array([1.0, 2.0])), [2.0, 4.0])


def test_scipy():
    assert close(gg.grad(gg.scipy.special.logsumexp)(np.zeros(4)), 0.25)


def test_settings():
    with gg.settings(verify=True):  # the laws of every graph are checked after every transform
        assert gg.grad(np.sin)(0.0) == 1.0


def test_sklearn():
    x = np.array([[-1.0], [-0.5], [0.5], [1.0]])
    model = gg.sklearn.NetworkClassifier(learning_rate=0.1, epochs=30, random_state=0)
    assert model.fit(x, ["no", "no", "yes", "yes"]).predict([[-2.0], [2.0]]).tolist() == ["no", "yes"]


def test_source():
    def loss(w, x):
        r = x @ w
        return r @ r

    module = {}
    exec(gg.source(loss, np.ones(2), np.eye(2)), module)
    value, gradient = module["loss_and_grad"](np.array([1.0, 2.0]), np.eye(2))
    assert value == 5.0
    assert close(gradient, [2.0, 4.0])


def test_stop_gradient():
    assert gg.grad(lambda x: x * gg.stop_gradient(x))(3.0) == 3.0


def test_switch():
    branches = [np.sin, np.cos, lambda x: x]
    slopes = [gg.grad(lambda x, i=i: gg.switch(i, branches, x))(0.5) for i in range(3)]
    assert close(slopes, [np.cos(0.5), -np.sin(0.5), 1.0])


def test_train():
    x = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
    run = gg.train.fit(gg.nn.Linear(1, 1, key=0), (x, 3 * x), lambda p, y: np.mean((p - y) ** 2), epochs=3)
    assert run.status == "finished"


def test_value_and_grad():
    assert gg.value_and_grad(lambda x: x**2)(3.0) == (9.0, 6.0)


def test_vjp():
    value, pullback = gg.vjp(lambda x, y: x * y, 3.0, 4.0)
    assert (value, pullback(1.0)) == (12.0, (4.0, 3.0))


def test_vmap():
    gradients = gg.vmap(gg.grad(lambda w, x: (w @ x) ** 2), in_axes=(None, 0))
    assert close(gradients(np.ones(2), np.array([[1.0, 0.0], [1.0, 2.0]])), [[2, 0], [6, 12]])


def test_while_loop():
    def halved_below_one(x):
        return gg.while_loop(lambda x: x > 1.0, lambda x: x / 2, x)

    assert [float(gg.grad(halved_below_one)(x)) for x in (0.5, 3.0, 10.0)] == [1.0, 1 / 4, 1 / 16]


# ---- The list itself ---------------------------------------------------------------------------------------


def test_every_public_name_has_a_test_here_in_order():
    tests = [name.removeprefix("test_") for name in globals() if name.startswith("test_")]
    names = [name for name in tests if not name.startswith(("every_", "unknown_"))]
    assert names == sorted(gg.__all__)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'gradient'"):
        _ = gg.gradient
