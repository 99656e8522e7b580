"""NumPy's lines as PyTorch's: functions by their other names, `axis` as `dim`, windows by its own. Floor 7."""

import ast
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from glassgrad.base.errors import UnsupportedError

Arguments: TypeAlias = list[ast.expr]

# Functions that take one array, or arrays of one shape, and mean the same.
_SAME = frozenset(
    (
        *("abs", "sqrt", "square", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan"),
        *("sinh", "cosh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "sign", "floor", "ceil"),
        *(
            "tanh",
            "trunc",
            "isnan",
            "isinf",
            "isfinite",
            "where",
            "logical_and",
            "logical_or",
            "logical_not",
            "logical_xor",
        ),
        *("hypot", "arctan2", "einsum", "reshape", "broadcast_to", "negative", "reciprocal", "isclose", "sinc"),
    )
)
_OTHER = {
    "max": "amax",
    "min": "amin",
    "mean": "mean",
    "sum": "sum",
    "prod": "prod",
    "any": "any",
    "all": "all",
    "cumsum": "cumsum",
    "cumprod": "cumprod",
    "argmax": "argmax",
    "argmin": "argmin",
    "concatenate": "cat",
    "stack": "stack",
    "rint": "round",
    "power": "pow",
    "cbrt": "cbrt",
    "take_along_axis": "take_along_dim",
    "expand_dims": "unsqueeze",
    "swapaxes": "swapaxes",
    "moveaxis": "moveaxis",
    "zeros_like": "zeros_like",
    "ones_like": "ones_like",
}
_SPECIAL = frozenset(("ndtr", "ndtri", "log_ndtr", "erf", "erfc", "gammaln", "digamma", "i0e", "i1e"))
_LARGEST = "3.402823e+38"  # of 32 bits, whose digits as 64 bits PyTorch takes for an overflow
_MADE = frozenset(("zeros", "ones", "full", "empty", "arange"))


class TorchSyntax(ast.NodeTransformer):
    """Writes an expression of NumPy as one of PyTorch; UnsupportedError for what is not known there."""

    def __init__(self) -> None:
        self.helpers: set[str] = set()

    def visit_Call(self, node: ast.Call) -> ast.expr:  # noqa: D102 - the class says it
        function = ast.unparse(node.func)
        arguments: Arguments = [self.visit(part) for part in node.args]
        words = [_word(word.arg, self.visit(word.value)) for word in node.keywords]
        module, _, name = function.rpartition(".")
        if module == "np":
            return self._of_numpy(name, arguments, words)
        if function == "scipy.special.expit":
            return _call("torch.sigmoid", arguments)
        if module == "scipy.special" and name in _SPECIAL:
            return _call(f"torch.special.{name}", arguments)
        if name == "astype" and module and "scipy" not in module:
            return ast.Call(ast.Attribute(self.visit(_owner(node)), "to", ast.Load()), arguments, words)
        if function in _KERNELS:
            return _KERNELS[function](self, arguments)
        if function in ("len", "range", "reversed") or (name == "copy" and module):
            return ast.Call(self.visit(node.func) if module else node.func, arguments, words)
        raise _unknown(function)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:  # noqa: D102 - the class says it
        if isinstance(node.value, ast.Name) and node.value.id == "np":
            return _parsed(f"torch.{_dtype(node.attr)}")
        self.generic_visit(node)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:  # noqa: D102 - the class says it
        is_largest = isinstance(node.value, float) and f"{node.value:.6e}" == _LARGEST
        return _parsed("torch.finfo(torch.float32).max") if is_largest else node

    def visit_Slice(self, node: ast.Slice) -> ast.expr:  # noqa: D102 - the class says it
        if isinstance(node.step, ast.UnaryOp):
            raise UnsupportedError("PyTorch has no slices that go backwards")
        self.generic_visit(node)
        return node

    def _of_numpy(self, name: str, arguments: Arguments, words: list[ast.keyword]) -> ast.expr:
        match name, arguments:
            case "maximum", [x, ast.Constant(0)]:
                return _call("torch.relu", [x])
            case ("maximum" | "minimum") as which, [x, ast.Constant() | ast.UnaryOp() as bound]:
                return _call("torch.clamp", [x], [ast.keyword("min" if which == "maximum" else "max", bound)])
            case "maximum" | "minimum", _:
                return _call(f"torch.{name}", arguments)
            case "logaddexp", [x, ast.Constant(0)]:
                return _call("functional.softplus", [x], [ast.keyword("threshold", ast.Constant(40))])
            case "transpose", [x]:
                return ast.Attribute(x, "mT", ast.Load())
            case "transpose", [x, axes]:
                return _call("torch.permute", [x, axes])
            case (("var" | "std"), _):
                return _call(f"torch.{name}", arguments, [*words, ast.keyword("correction", ast.Constant(0))])
        if name in _SAME:
            return _call(f"torch.{name}", arguments, words)
        if name in _OTHER:
            return _call(f"torch.{_OTHER[name]}", arguments, words)
        if name in _MADE:
            return _call(f"torch.{name}", arguments, [*words, ast.keyword("device", _parsed("x.device"))])
        raise _unknown(f"np.{name}")


def _unknown(function: str) -> UnsupportedError:
    return UnsupportedError(
        f"{function} has no counterpart in PyTorch that is known here", hint="to_numpy writes every model"
    )


def _owner(call: ast.Call) -> ast.expr:
    assert isinstance(call.func, ast.Attribute)
    return call.func.value


def _word(name: str | None, value: ast.expr) -> ast.keyword:
    return ast.keyword({"axis": "dim", "keepdims": "keepdim"}.get(name or "", name), value)


def _dtype(name: str) -> str:
    return {"bool_": "bool", "pi": "pi", "inf": "inf", "nan": "nan"}.get(name, name)


def _call(function: str, arguments: Sequence[ast.expr], words: Sequence[ast.keyword] = ()) -> ast.Call:
    return ast.Call(_parsed(function), list(arguments), list(words))


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


# ------------------------------------------------------------------ rows that are functions of their own
def _along(name: str) -> Callable[[TorchSyntax, Arguments], ast.expr]:
    def written(syntax: TorchSyntax, arguments: Arguments) -> ast.expr:
        axes: Any = ast.literal_eval(arguments[1])
        if len(axes) != 1:
            raise UnsupportedError(f"PyTorch has a {name} along one axis, found {axes}")
        return _call(f"torch.{name}", arguments[:1], [ast.keyword("dim", ast.Constant(axes[0]))])

    return written


def _log_sum(syntax: TorchSyntax, arguments: Arguments) -> ast.expr:
    return _call("torch.logsumexp", arguments[:1], [ast.keyword("dim", arguments[1])])


def _padded(x: ast.expr, pairs: Sequence[tuple[int, int]], fill: str) -> tuple[ast.expr, tuple[int, ...]]:
    """The array and the padding that is left to be said: nothing where both sides differ."""
    if all(low == high for low, high in pairs):
        return x, tuple(low for low, _ in pairs)
    flat = [size for pair in reversed(pairs) for size in pair]
    words = [ast.keyword("value", _parsed(fill))]
    return _call("functional.pad", [x, _parsed(str(flat))], words), (0,) * len(pairs)


def _words(**facts: Any) -> list[ast.keyword]:
    """The facts that are not as they are by default."""
    plain = {"stride": 1, "padding": 0, "dilation": 1}
    said = {name: value for name, value in facts.items() if name not in plain or set(value) != {plain[name]}}
    return [ast.keyword(name, _parsed(repr(value))) for name, value in said.items() if value != 1]


def _convolution(syntax: TorchSyntax, arguments: Arguments) -> ast.expr:
    x, weight = arguments[:2]
    stride, pairs, dilation, groups = [ast.literal_eval(part) for part in arguments[2:]]
    x, padding = _padded(x, pairs, "0.0")
    words = _words(stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _call(f"functional.conv{len(stride)}d", [x, weight], words)


def _max_pool(syntax: TorchSyntax, arguments: Arguments) -> ast.expr:
    window, stride, pairs = [ast.literal_eval(part) for part in arguments[1:]]
    x, padding = _padded(arguments[0], pairs, "-torch.inf")
    if any(2 * side > size for side, size in zip(padding, window, strict=True)):
        x, padding = _padded(arguments[0], [(low, high + 1) for low, high in pairs], "-torch.inf")
    words = [ast.keyword("stride", _parsed(repr(stride))), *_words(padding=padding)]
    return _call(f"functional.max_pool{len(window)}d", [x, _parsed(repr(window))], words)


def _avg_pool(syntax: TorchSyntax, arguments: Arguments) -> ast.expr:
    window, stride, pairs, count = [ast.literal_eval(part) for part in arguments[1:]]
    if any(low != high or 2 * low > size for (low, high), size in zip(pairs, window, strict=True)) and not count:
        raise UnsupportedError(f"PyTorch has no mean of windows {window} with padding {pairs}")
    x, padding = _padded(arguments[0], pairs, "0.0")
    words = [ast.keyword("stride", _parsed(repr(stride))), *_words(padding=padding)]
    words += [] if count else [ast.keyword("count_include_pad", ast.Constant(value=False))]
    return _call(f"functional.avg_pool{len(window)}d", [x, _parsed(repr(window))], words)


def _transposed(syntax: TorchSyntax, arguments: Arguments) -> ast.expr:
    syntax.helpers.add(TRANSPOSED)
    return _call("transposed_convolution", arguments)


TRANSPOSED = '''
def transposed_convolution(weight, x, space, stride, padding, dilation, groups):
    """The transpose of a convolution that takes arrays of this space: what it makes of x, without the padding."""
    transpose = getattr(functional, f"conv_transpose{len(space)}d")
    y = transpose(x, weight, stride=stride, dilation=dilation, groups=groups)
    missing = [max(low + size - have, 0) for size, (low, _), have in zip(space, padding, y.shape[2:])]
    y = functional.pad(y, [side for size in reversed(missing) for side in (0, size)])
    for axis, (size, (low, _)) in enumerate(zip(space, padding), start=2):
        y = y.narrow(axis, low, size)
    return y
'''

_KERNELS: dict[str, Callable[[TorchSyntax, Arguments], ast.expr]] = {
    "softmax": _along("softmax"),
    "log_softmax": _along("log_softmax"),
    "logsumexp": _log_sum,
    "convolution": _convolution,
    "convolution_input": _transposed,
    "max_of_windows": _max_pool,
    "mean_of_windows": _avg_pool,
}
