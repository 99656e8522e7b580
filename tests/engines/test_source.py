"""Generated NumPy source runs alone, agrees with `grad`, and reads as the person wrote."""

import ast
from collections import namedtuple
from dataclasses import dataclass, field
from functools import partial, wraps

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base.errors import DerivativeError, UsageError
from tests.engines.running import assert_source_is_right, function_from, run_source
from tests.explain.programs import PROGRAMS, Program, two_layer

V = np.array([0.3, -0.7, 1.1])
A = np.array([[0.5, 0.2, -0.3], [0.1, -0.9, 0.4], [0.7, 0.6, 0.8]])
BIG = np.linspace(-1, 1, 400).reshape(20, 20) ** 2
SCALE = 3.0


@dataclass(frozen=True)
class Layer:
    weight: np.ndarray
    bias: np.ndarray
    name: str = field(default="layer", metadata={"static": True})

    def __call__(self, x):
        return np.tanh(x @ self.weight + self.bias)


class Model:
    def __init__(self):
        self.W = A
        self.scale = 0.5

    def loss(self, x):
        h = self.W @ x
        self.hidden = h
        return self.scale * np.sum(h**2)


Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - as people write it


def passed_on(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def closure():
    factor = 2.5
    return lambda x: factor * np.sum(x**3)


def with_globals(x):
    return SCALE * x @ A @ x


def walrus(x):
    if (y := np.sum(x)) > -100:
        return y**2
    return y


def augmented(x):
    y = x * 2
    y += 1
    y *= x
    z = np.sum(y)
    z -= 3
    return z


def several_on_a_line(x):
    a = x + 1; b = a * 2; return np.sum(b * a)  # fmt: skip  # noqa: E702 - this is the case


def generator(x):
    return sum(v**2 for v in x)


def recursive(x, n=4):
    return x if n == 0 else np.sin(recursive(x, n - 1)) * x


def over_layers(layers, x):
    h = x
    for layer in layers:
        h = layer(h)
    return np.sum(h)


def of_a_dict(params, x):
    h = np.tanh(params["hidden"]["W"] @ x + params["hidden"]["b"])
    return params["out"] @ h


def of_a_pair(p, x):
    return np.sum(p.a * x) + p.b


def starred(*ws):
    return np.sum(ws[0] * ws[1])


def keywords(x, **kw):
    return np.sum(x * kw["scale"])


@passed_on
def decorated(x):
    return np.sum(np.exp(x))


def through_a_list(x):
    hs = []
    h = x
    for i in range(3):
        h = np.sin(h) + i
        hs.append(h)
    return np.sum(hs[0] * hs[1] * hs[-1])


def builtins_(x):
    return max(x[0], x[1]) * abs(x[2])


def constant(x):
    return 3.0


def identity(x):
    return x


def filled_in_place(x):
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] = x[i] ** 2 if i == 0 else out[i - 1] * x[i]
    return np.sum(out)


def with_a_static_argument(x, n, mode="sine"):
    if mode == "sine":
        for _ in range(n):
            x = np.sin(x)
    return np.sum(x)


def with_awkward_names(x):
    _ = x * 2
    sum = _ + 1
    np_ = sum * _
    value = np.sum(np_)
    return value + 1


def einsum(A, B):
    return np.einsum("ij,jk,ki->", A, B, A)


def eigen(A):
    w, v = np.linalg.eigh(A + A.T)
    return np.sum(w**2) + v[0, 0] ** 2


def single(x):
    return np.sum(x * x) * np.float32(0.5)


def of_complex(z):
    return np.abs(z * z).sum()


def with_a_method_chain(x):
    return (
        x.reshape(-1)
        .T
        .sum()
        .item()
        * x.mean(axis=0).max()
    )  # fmt: skip


def with_sizes(x):
    n, d = x.shape
    m = n * d
    return np.sum(x) / m + np.sum(x) / (n - 1)


def with_labels(x, labels):
    return -np.mean(np.log(x)[np.arange(len(labels)), labels])


def with_a_mask(x, mask):
    return np.sum(x[mask] ** 2)


def rms_norm(x, eps=1e-6, axis=-1):
    return np.sum(x / np.sqrt(np.mean(x**2, axis=axis, keepdims=True) + eps))


def alternatives(x):
    return np.sum(np.where(x > 0, x, 0.1 * x)) + np.max(x)


CASES = {
    "lambda": (closure(), (V,)),
    "globals": (with_globals, (V,)),
    "walrus": (walrus, (V,)),
    "augmented": (augmented, (V,)),
    "several on a line": (several_on_a_line, (V,)),
    "generator": (generator, (V,)),
    "recursive": (recursive, (0.7,)),
    "dict": (of_a_dict, ({"hidden": {"W": A, "b": V}, "out": V}, V)),
    "layers": (over_layers, ([Layer(A, V), Layer(A.T, V)], V)),
    "named tuple": (of_a_pair, (Pair(V, 2.0), V)),
    "starred": (starred, (V, V + 1)),
    "decorated": (decorated, (V,)),
    "through a list": (through_a_list, (V,)),
    "builtins": (builtins_, (V,)),
    "constant": (constant, (V,)),
    "identity": (identity, (2.0,)),
    "empty": (np.sum, (np.zeros((0, 3)),)),
    "in place": (filled_in_place, (V,)),
    "static argument": (with_a_static_argument, (V, 3)),
    "awkward names": (with_awkward_names, (V,)),
    "einsum": (einsum, (A, A.T)),
    "eigen": (eigen, (A,)),
    "float32": (single, (V.astype(np.float32),)),
    "complex": (of_complex, (V + 1j,)),
    "method chain": (with_a_method_chain, (A,)),
    "sizes": (with_sizes, (A,)),
    "labels": (with_labels, (np.abs(A) + 0.1, np.array([0, 2, 1]))),
    "mask": (with_a_mask, (V, np.array([True, False, True]))),
    "defaults": (rms_norm, (A,)),
    "partial": (partial(rms_norm, eps=0.1), (A,)),
    "bound method": (Model().loss, (V,)),
    "alternatives": (alternatives, (V,)),
}


@pytest.mark.parametrize("name", CASES)
def test_source_agrees_with_grad(name: str) -> None:
    function, arguments = CASES[name]
    assert_source_is_right(function, *arguments)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_programs_on_file_agree_with_grad(program: Program) -> None:
    names = [program.wrt] if isinstance(program.wrt, str) and program.wrt != "all" else program.wrt
    count = len(program.arguments)
    argnums = tuple(range(count)) if names == "all" else tuple(names)
    assert_source_is_right(program.function, *program.arguments, wrt=names, argnums=argnums)


def test_keyword_arguments() -> None:
    text = gg.source(keywords, V, scale=2.0)
    assert "def keywords_and_grad(x, **kw):" in text
    value, gradient = run_source(text, V, scale=2.0)
    assert value == keywords(V, scale=2.0)
    assert np.array_equal(gradient, [2.0, 2.0, 2.0])


def test_names_lines_and_order_are_the_persons() -> None:
    text = gg.source(two_layer, *PROGRAMS[0].arguments, wrt="W1")
    assert "z1 = x @ W1 + b1  # (5, 3)" in text
    assert "dW1 = x.T @ dz1  # (4, 3)  # from: z1 = x @ W1 + b1" in text
    assert "dz1 = da1 * a1 * (1 - a1)" in text
    assert "# from: a1 = sigmoid(z1)" in text
    assert "db1" not in text, "what is not asked for is not computed"


def test_every_backward_line_says_where_it_comes_from() -> None:
    text = gg.source(two_layer, *PROGRAMS[0].arguments, wrt="all")
    backward = text.split("\n\n")[-1].splitlines()[:-1]
    lines = [line for line in backward if not line.strip().startswith("#")]
    for line in lines:
        above = backward[backward.index(line) - 1]
        assert "# from: " in line or "# from: " in above


def test_numbers_are_spelled_as_written() -> None:
    f = function_from("def f(x, y):\n    z = 1e-5 * x + 0.10 * y\n    return z * z\n", "<numbers>")
    assert "z = 1e-5 * x + 0.10 * y" in gg.source(f, 2.0, 3.0)


def test_sizes_are_not_built_in() -> None:
    text = gg.source(with_sizes, A)
    space: dict = {}
    exec(text, space)
    other = np.arange(8.0).reshape(4, 2)
    value, gradient = space["with_sizes_and_grad"](other)
    assert np.isclose(value, with_sizes(other))
    assert np.allclose(gradient, gg.grad(with_sizes)(other))


def test_default_arguments_stay_arguments() -> None:
    space: dict = {}
    exec(gg.source(rms_norm, A), space)
    value, gradient = space["rms_norm_and_grad"](A, eps=0.5)
    assert np.isclose(value, rms_norm(A, eps=0.5))
    assert np.allclose(gradient, gg.grad(rms_norm)(A, eps=0.5))


def test_static_arguments_are_named_where_they_are_built_in() -> None:
    assert "Holds for n = 3, mode = 'sine' only." in gg.source(with_a_static_argument, V, 3)


def test_choices_by_value_are_named() -> None:
    assert "(1 choice)" in gg.source(walrus, V)


def test_large_arrays_of_the_surroundings_become_parameters() -> None:
    def loss(x):
        return np.sum((BIG @ x) ** 2)

    text = gg.source(loss, np.ones(20))
    assert "def loss_and_grad(x, *, BIG):" in text
    value, gradient = run_source(text, np.ones(20), BIG=BIG)
    assert np.isclose(value, loss(np.ones(20)))
    assert np.allclose(gradient, gg.grad(loss)(np.ones(20)))


def test_small_arrays_of_the_surroundings_are_written_out() -> None:
    assert "A = np.array([[0.5, 0.2, -0.3], [0.1, -0.9, 0.4], [0.7, 0.6, 0.8]])" in gg.source(with_globals, V)


def test_gradients_of_trees_are_displays() -> None:
    params = {"hidden": {"W": A, "b": V}, "out": V}
    text = gg.source(of_a_dict, params, V)
    assert "return value, {'hidden': {'W': dW, 'b': db}, 'out': dout}" in text
    text = gg.source(over_layers, [Layer(A, V)], V)
    assert "[type(layers[0])(weight=dweight, bias=dbias, name=layers[0].name)]" in text


@pytest.mark.parametrize("path", ['params["hidden"]["W"]', "params['hidden']['W']", "hidden.W", "W"])
def test_parts_of_trees_by_path(path: str) -> None:
    params = {"hidden": {"W": A, "b": V}, "out": V}
    if path == "hidden.W":
        with pytest.raises(UsageError, match="nothing called"):
            gg.source(of_a_dict, params, V, wrt=path)
        return
    value, gradient = run_source(gg.source(of_a_dict, params, V, wrt=path), params, V)
    assert np.isclose(value, of_a_dict(params, V))
    assert np.allclose(gradient, gg.grad(of_a_dict)(params, V)["hidden"]["W"])


def test_without_source_the_graphs_own_lines_are_written() -> None:
    space: dict = {"np": np}
    exec(
        "def f(x, w):\n    h = np.tanh(w * x)\n    for i in range(2):\n        h = h * w\n    return np.sum(h)\n", space
    )
    text = assert_source_is_right(space["f"], V, 2.0)
    assert "h = np.tanh(" in text, "names are read off the running frames"


def test_products_are_written_with_an_at_sign() -> None:
    def attention(Q, K, V):
        weights = np.exp(Q @ K.T / 2)
        return np.sum(((weights / weights.sum(axis=1, keepdims=True)) @ V) ** 2)

    text = assert_source_is_right(attention, A, A + 1, A - 1, wrt="all", argnums=(0, 1, 2))
    assert "einsum" not in text
    assert "broadcast_to" not in text


def test_dead_values_are_freed_where_they_are_large() -> None:
    def f(x):
        y = np.sin(x)
        z = np.exp(y)
        return np.sum(z * z)

    assert "del " in gg.source(f, np.zeros((600, 600)))
    assert "del " not in gg.source(f, np.zeros((6, 6)))


def test_no_line_is_wider_than_a_screen() -> None:
    def long(x):
        a = np.sin(x) * np.cos(x) + np.tan(x) * np.exp(x) - np.log(x * x + 1.0) * np.sqrt(x * x + 2.0) + np.tanh(x)
        return np.sum(a / (1.0 + np.exp(-a)) + np.sin(a * 2.0) * np.cos(a * 3.0))

    for program in PROGRAMS:
        text = gg.source(program.function, *program.arguments, wrt=program.wrt)
        assert max(len(line) for line in text.splitlines()) <= 112
    assert max(len(line) for line in assert_source_is_right(long, V).splitlines()) <= 125


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (lambda x: x * 2, DerivativeError, r"returns an array of shape \(3,\)"),
        (lambda x: {"a": x}, DerivativeError, "returns dict"),
        (lambda x: np.sum(x * 1j), DerivativeError, "complex"),
    ],
)
def test_what_has_no_gradient_is_refused(function, error, words) -> None:
    with pytest.raises(error, match=words):
        gg.source(function, V)


def test_unknown_names_and_targets_are_refused_with_a_hint() -> None:
    with pytest.raises(UsageError, match="wrt takes parameter names"):
        gg.source(with_sizes, A, wrt="y")
    with pytest.raises(UsageError, match="javascript"):
        gg.source(with_sizes, A, target="fortran")
    with pytest.raises(UsageError, match="cannot be called like this"):
        gg.source(with_sizes)
    with pytest.raises(UsageError, match="have no derivative"):
        gg.source(with_labels, A, np.array([0, 1, 2]), wrt="labels")


def test_the_text_is_one_function_with_a_docstring() -> None:
    tree = ast.parse(gg.source(with_sizes, A))
    function = tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    assert ast.get_docstring(function).startswith("The value of with_sizes and its gradient with respect to x.")
