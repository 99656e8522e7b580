"""Arithmetic, exponentials and logarithms: rows that work on each element by itself. Floor 2."""

from glassgrad.graph.node import Node, operators
from glassgrad.graph.op import Domain, Elementwise, Form, Kink, Linear, Op, Partial, Zero, op
from glassgrad.ops.leaves import ones
from glassgrad.ops.lifting import like_ufunc, rule_function


def ufunc_row(name: str, ufunc: str, sign: str = "x -> y", *, numpy: str | None = None, rule: str = "", why: str = "",
              tex: str | None = None, domain: Domain | None = None, kinks: tuple[Kink, ...] = (),
              javascript: str | None = None, **derivative: Form) -> Op:
    """A row that is a NumPy or SciPy ufunc, `ufunc` by its full name (`np.exp`, `scipy.special.erf`)."""
    inputs = sign.split(" -> ")[0]
    return op(name, sign, infer=like_ufunc(name), numpy=numpy or f"{ufunc}({inputs})", batching=Elementwise(),
              rule=rule, why=why, tex=tex, domain=domain, kinks=kinks, javascript=javascript, ufunc=ufunc, **derivative)


# ------------------------------------------------------------------ arithmetic
ADD = ufunc_row("add", "np.add", "x, y -> z", numpy="x + y", rule="sum rule", javascript="x + y",
                x=Linear(lambda ct: ct), y=Linear(lambda ct: ct))
SUBTRACT = ufunc_row("subtract", "np.subtract", "x, y -> z", numpy="x - y", rule="difference rule", javascript="x - y",
                     x=Linear(lambda ct: ct), y=Linear(lambda ct: negative(ct)))
MULTIPLY = ufunc_row("multiply", "np.multiply", "x, y -> z", numpy="x * y", rule="product rule", javascript="x * y",
                     why="with the other factor held, the product grows by that factor for each unit",
                     x=Partial(lambda y: y), y=Partial(lambda x: x))
DIVIDE = ufunc_row("divide", "np.true_divide", "x, y -> z", numpy="x / y", rule="quotient rule", javascript="x / y",
                   domain=Domain("y != 0"),
                   x=Partial(lambda y: 1 / y), y=Partial(lambda y, z: -z / y))
NEGATIVE = ufunc_row("negative", "np.negative", numpy="-x", rule="constant factor", javascript="-x",
                     x=Linear(lambda ct: negative(ct)))
EXP = ufunc_row("exp", "np.exp", rule="exponential rule", javascript="Math.exp(x)", x=Partial(lambda y: y))
LOG = ufunc_row("log", "np.log", rule="logarithm rule", javascript="Math.log(x)", domain=Domain("x > 0"),
                x=Partial(lambda x: 1 / x))

add, subtract, multiply, divide = map(rule_function, (ADD, SUBTRACT, MULTIPLY, DIVIDE))
negative, exp, log = map(rule_function, (NEGATIVE, EXP, LOG))
operators.update(add=add, subtract=subtract, multiply=multiply, divide=divide, negative=negative)
