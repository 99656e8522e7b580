"""The two oracles of the formula set: SymPy's derivative, and mpmath's numeric one; they have to agree.

`python formula_oracle.py` recomputes the expected numbers of `formulas.jsonl` with both, reports where they disagree
or where SymPy has no answer, and exits with 1 on a disagreement. `--write` stores the numbers in the file.
"""

import argparse
import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath
import sympy

DATA = Path(__file__).with_name("formulas.jsonl")
DIGITS = 30
AGREE = mpmath.mpf(10) ** -18
_PREFIXES = {"np", "numpy", "math", "sp", "sympy", "scipy.special", "special"}


def load(path: Path = DATA) -> list[dict[str, Any]]:
    """The cases of the set, with defaults filled in."""
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{"wrt": "x", "order": 1, "let": [], "id": number, **case} for number, case in enumerate(cases, start=1)]


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


def bare_name(node: ast.expr) -> tuple[str, str]:
    """Prefix and name of `np.sin` or `sin`."""
    if isinstance(node, ast.Attribute):
        prefix = ast.unparse(node.value)
        if prefix not in _PREFIXES:
            raise ValueError(f"unknown prefix {prefix}")
        return prefix, node.attr
    assert isinstance(node, ast.Name)
    return "", node.id


# ------------------------------------------------------------------ the first oracle: mpmath
def _cbrt(x: Any) -> Any:
    return mpmath.sign(x) * mpmath.root(abs(x), 3)


def _real_root(x: Any, n: Any) -> Any:
    return mpmath.sign(x) * mpmath.root(abs(x), int(n)) if int(n) % 2 else mpmath.root(x, int(n))


def _step(x: Any, at_zero: Any = 0.5) -> Any:
    return mpmath.mpf(1) if x > 0 else mpmath.mpf(0) if x < 0 else mpmath.mpf(at_zero)


def _log(x: Any, base: Any = None) -> Any:
    return mpmath.log(x) if base is None else mpmath.log(x) / mpmath.log(base)


def _piecewise(*branches: Any) -> Any:
    return next(value for value, condition in branches if condition)


def _sinc(x: Any) -> Any:
    return mpmath.sin(x) / x if x else mpmath.mpf(1)


MPMATH: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(mpmath, name)
        for name in words(
            "sin cos tan sec csc cot asin acos atan acot asec acsc sinh cosh tanh sech csch coth asinh "
            "acosh atanh acoth asech acsch exp sqrt floor erf erfc erfi erfinv gamma loggamma digamma "
            "beta besselj besseli fresnels fresnelc hypot sign log10 log1p expm1 atan2 airyai harmonic "
            "factorial binomial li "
        )
    },
    "ln": mpmath.log,
    "log": _log,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "cbrt": _cbrt,
    "real_root": _real_root,
    "root": lambda x, n: mpmath.root(x, int(n)),
    "power": lambda x, y: x**y,
    "square": lambda x: x * x,
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "arccot": mpmath.acot,
    "arcsec": mpmath.asec,
    "arccsc": mpmath.acsc,
    "arctan2": mpmath.atan2,
    "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh,
    "arcsech": mpmath.asech,
    "arccsch": mpmath.acsch,
    "arccoth": mpmath.acoth,
    "radians": mpmath.radians,
    "deg2rad": mpmath.radians,
    "sinc": _sinc,
    "np.sinc": mpmath.sincpi,
    "abs": abs,
    "Abs": abs,
    "ceil": mpmath.ceil,
    "ceiling": mpmath.ceil,
    "Max": max,
    "maximum": max,
    "max": max,
    "Min": min,
    "minimum": min,
    "min": min,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "clip": lambda x, low, high: min(max(x, low), high),
    "Heaviside": _step,
    "heaviside": _step,
    "Piecewise": _piecewise,
    "where": lambda c, x, y: x if c else y,
    "Ne": lambda x, y: x != y,
    "And": lambda *xs: all(xs),
    "Or": lambda *xs: any(xs),
    "gammaln": mpmath.loggamma,
    "polygamma": lambda n, x: mpmath.psi(int(n), x),
    "trigamma": lambda x: mpmath.psi(1, x),
    "LambertW": mpmath.lambertw,
    "lambertw": mpmath.lambertw,
    "Si": mpmath.si,
    "Ci": mpmath.ci,
    "Ei": mpmath.ei,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "expit": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "logit": lambda x: mpmath.log(x / (1 - x)),
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "erfcx": lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
    "Rational": lambda p, q: p / q,
}
CONSTANTS = {"pi": mpmath.pi, "E": mpmath.e, "e": mpmath.e}
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: mpmath.mpf(a) ** b,
    ast.Mod: lambda a, b: a - b * mpmath.floor(a / b),
    ast.BitAnd: lambda a, b: a and b,
    ast.BitOr: lambda a, b: a or b,
}
_COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


def parsed(text: str) -> ast.expr:
    """The formula's tree; `^` is power."""
    return ast.parse(text.replace("^", "**"), mode="eval").body


def mpmath_value(node: ast.expr, names: dict[str, Any]) -> Any:
    """The formula's number by mpmath at the present precision."""
    match node:
        case ast.Constant(value=bool() as truth):
            return truth
        case ast.Constant(value=number):
            return mpmath.mpf(str(number))
        case ast.Name(id=name):
            return names[name] if name in names else +CONSTANTS[name]
        case ast.Attribute():
            return +CONSTANTS[bare_name(node)[1]]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -mpmath_value(operand, names)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return mpmath_value(operand, names)
        case ast.BinOp(left=left, op=operator, right=right):
            return _ARITHMETIC[type(operator)](mpmath_value(left, names), mpmath_value(right, names))
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _COMPARISONS[type(operator)](mpmath_value(left, names), mpmath_value(right, names))
        case ast.Call(func=ast.Name(id="Piecewise"), args=branches):
            return next(mpmath_value(b.elts[0], names) for b in branches if mpmath_value(b.elts[1], names))  # type: ignore[attr-defined]  # pairs
        case ast.Call(func=ast.Name(id="where") | ast.Attribute(attr="where"), args=[condition, yes, no]):
            return mpmath_value(yes if mpmath_value(condition, names) else no, names)
        case ast.Call(func=function, args=arguments):
            prefix, name = bare_name(function)
            call = MPMATH.get(f"{prefix}.{name}") or MPMATH[name]
            return call(*(mpmath_value(argument, names) for argument in arguments))
    raise ValueError(f"no meaning for {ast.dump(node)}")


def definitions(case: dict[str, Any]) -> list[tuple[str, ast.expr]]:
    """The lets in an order in which each uses only earlier ones."""
    open_lets = {name.strip(): parsed(text.strip()) for name, text in (let.split("=", 1) for let in case["let"])}
    ordered: list[tuple[str, ast.expr]] = []
    while open_lets:
        ready = [name for name, tree in open_lets.items() if not _names(tree) & open_lets.keys()]
        if not ready:
            raise ValueError(f"the lets go in a circle: {case['let']}")
        ordered += [(name, open_lets.pop(name)) for name in ready]
    return ordered


def _names(tree: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def numeric(case: dict[str, Any], point: dict[str, float]) -> tuple[Any, Any]:
    """Value and derivative at a point by mpmath, to about DIGITS digits."""
    lets, tree = definitions(case), parsed(case["expr"])

    def function(moving: Any) -> Any:
        names = {name: mpmath.mpf(value) for name, value in point.items()}
        names[case["wrt"]] = moving
        for name, definition in lets:
            names[name] = mpmath_value(definition, names)
        return mpmath_value(tree, names)

    with mpmath.workdps(DIGITS + 20):
        here = mpmath.mpf(point[case["wrt"]])
        return function(here), mpmath.diff(function, here, case["order"])


# ------------------------------------------------------------------ the second oracle: SymPy
_SYMPY_NAMES = words(
    "sin cos tan sec csc cot asin acos atan acot asec acsc sinh cosh tanh sech csch coth asinh "
    "acosh atanh acoth asech acsch exp sqrt floor erf erfc erfi erfinv gamma loggamma digamma "
    "polygamma beta besselj besseli fresnels fresnelc sign atan2 airyai harmonic factorial "
    "binomial li Max Min Abs Heaviside Piecewise Ne And Or LambertW Si Ci Ei root real_root sinc "
    "ceiling log ln Rational "
)


def _sympy_namespace() -> dict[str, Any]:
    s = sympy
    own: dict[str, Any] = {
        "log2": lambda x: s.log(x) / s.log(2),
        "log10": lambda x: s.log(x) / s.log(10),
        "log1p": lambda x: s.log(1 + x),
        "exp2": lambda x: s.Integer(2) ** x,
        "expm1": lambda x: s.exp(x) - 1,
        "cbrt": lambda x: s.real_root(x, 3),
        "power": lambda x, y: x**y,
        "square": lambda x: x**2,
        "hypot": lambda x, y: s.sqrt(x**2 + y**2),
        "arctan2": s.atan2,
        "radians": lambda x: x * s.pi / 180,
        "deg2rad": lambda x: x * s.pi / 180,
        "np_sinc": lambda x: s.sin(s.pi * x) / (s.pi * x),
        "abs": s.Abs,
        "ceil": s.ceiling,
        "maximum": s.Max,
        "max": s.Max,
        "minimum": s.Min,
        "min": s.Min,
        "relu": lambda x: s.Max(x, 0),
        "heaviside": s.Heaviside,
        "clip": lambda x, low, high: s.Min(s.Max(x, low), high),
        "where": lambda condition, x, y: s.Piecewise((x, condition), (y, True)),
        "gammaln": s.loggamma,
        "trigamma": lambda x: s.polygamma(1, x),
        "lambertw": s.LambertW,
        "sigmoid": lambda x: 1 / (1 + s.exp(-x)),
        "expit": lambda x: 1 / (1 + s.exp(-x)),
        "softplus": lambda x: s.log(1 + s.exp(x)),
        "logit": lambda x: s.log(x / (1 - x)),
        "logaddexp": lambda x, y: s.log(s.exp(x) + s.exp(y)),
        "erfcx": lambda x: s.exp(x**2) * s.erfc(x),
    }
    inverse = {
        f"arc{name}": getattr(s, f"a{name}")
        for name in ["sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch"]
    }
    return {**{name: getattr(s, name) for name in _SYMPY_NAMES}, **own, **inverse}


SYMPY = _sympy_namespace()


class _Respelled(ast.NodeTransformer):
    """Numbers become exact, prefixes go, so that SymPy's own arithmetic can run the tree."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, bool):
            return node
        return ast.parse(f"_number('{node.value}')", mode="eval").body

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        prefix, name = bare_name(node)
        return ast.Name("np_sinc" if (prefix, name) == ("np", "sinc") else name, ast.Load())


def sympy_expression(case: dict[str, Any], names: dict[str, sympy.Symbol]) -> sympy.Expr:
    """The formula in SymPy, over the point's names."""
    scope: dict[str, Any] = {"_number": sympy.Rational, "pi": sympy.pi, "E": sympy.E, "e": sympy.E, **SYMPY, **names}
    for name, definition in definitions(case):
        scope[name] = _sympy_value(definition, scope)
    return sympy.sympify(_sympy_value(parsed(case["expr"]), scope))


def _sympy_value(tree: ast.expr, scope: dict[str, Any]) -> Any:
    body = ast.fix_missing_locations(ast.Expression(_Respelled().visit(ast.parse(ast.unparse(tree), mode="eval").body)))
    return eval(compile(body, "<case>", "eval"), {"__builtins__": {}}, scope)


def symbolic(case: dict[str, Any], point: dict[str, float]) -> Any:
    """The derivative at a point by SymPy, or None where it has none."""
    names = {name: sympy.Symbol(name, real=True) for name in point}
    try:
        derivative = sympy.diff(sympy_expression(case, names), names[case["wrt"]], case["order"]).doit()
        value = derivative.evalf(DIGITS, subs={names[k]: sympy.Rational(v) for k, v in point.items()})
        if not value.is_number or value.has(sympy.Derivative, sympy.Subs, sympy.nan, sympy.zoo):
            return None
        re, im = value.as_real_imag()
        with mpmath.workdps(DIGITS):
            return mpmath.mpf(str(re)) if abs(mpmath.mpf(str(im))) < AGREE else None
    except (TypeError, ValueError, NotImplementedError, AttributeError, RecursionError):
        return None


# ------------------------------------------------------------------ both
def close(a: Any, b: Any, tolerance: Any = AGREE) -> bool:
    """Equal to a relative tolerance, or an absolute one near zero."""
    return bool(abs(a - b) <= tolerance * max(1, abs(a), abs(b)))


def judged(cases: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[list[float]], list[str]]]:
    """Each case with its expected `[value, derivative]` at each point, and the remarks on them."""
    for case in cases:
        expected, remarks = [], []
        for point in case["at"]:
            value, derivative = (mpmath.re(number) for number in numeric(case, point))
            by_sympy = symbolic(case, point)
            if by_sympy is None:
                remarks.append("SymPy has no answer")
            elif not close(by_sympy, derivative):
                remarks.append(
                    f"DISAGREE at {point}: mpmath {mpmath.nstr(derivative, 20)}, SymPy {mpmath.nstr(by_sympy, 20)}"
                )
            expected.append([float(value), float(derivative)])
        yield case, expected, remarks


def main() -> int:
    """Recomputes, compares, and with --write stores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="store the numbers in formulas.jsonl")
    parser.add_argument("--every", type=int, default=1, help="only every n-th case")
    options = parser.parse_args()
    if options.write and options.every != 1:
        parser.error("--write needs all cases")
    lines, disagreements, without_sympy, changed = [], 0, 0, 0
    for case, expected, remarks in judged(load()[:: options.every]):
        disagreements += any(r.startswith("DISAGREE") for r in remarks)
        without_sympy += "SymPy has no answer" in remarks
        changed += "expected" in case and any(
            not close(a, b, 1e-14)
            for row, old in zip(expected, case["expected"], strict=True)
            for a, b in zip(row, old, strict=True)
        )
        for remark in dict.fromkeys(remarks):
            print(f"{case['id']:4d} {case['expr']}: {remark}")
        kept = {k: v for k, v in case.items() if k != "id" and (k, v) not in (("wrt", "x"), ("order", 1), ("let", []))}
        lines.append(json.dumps({**kept, "expected": expected}, ensure_ascii=False))
    print(f"{len(lines)} cases, {disagreements} disagreements, {without_sympy} without SymPy, {changed} changed")
    if options.write:
        DATA.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 1 if disagreements or changed else 0


if __name__ == "__main__":
    sys.exit(main())
