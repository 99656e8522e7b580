"""A derived formula as a NumPy function that runs by itself. Floor 6."""

import ast
import copy
import inspect
from collections.abc import Iterator

from glassgrad.base.errors import UsageError
from glassgrad.explain.deriving.worked import Worked
from glassgrad.frontends.formula import FUNCTIONS, functions
from glassgrad.frontends.formula.nodes import dotted_name


class _Spelled(ast.NodeTransformer):
    """Functions of our own replaced by what they mean in NumPy and SciPy. Formulas are at most 2000 deep."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        arguments = [self.visit(argument) for argument in node.args]
        function = FUNCTIONS.get(dotted_name(node.func) or "")
        if function is None or not function.name.startswith("special."):
            return ast.Call(node.func, arguments, [])
        names = [name.strip() for name in function.parameters.split(",")]
        meaning = ast.parse(function.numpy, mode="eval").body
        return _Filled(dict(zip(names, arguments, strict=True))).visit(meaning)  # type: ignore[no-any-return]


class _Filled(ast.NodeTransformer):
    """Parameters replaced by arguments."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def program(worked: Worked) -> str:
    """A module's text: a function of the variables that gives the formula's value and its derivative.

    Lets stay lines of their own, and so do the links of the chain.
    """
    problem = worked.problem
    result = _slope(problem.name, problem.wrt, worked.order)
    try:
        lines = [f"{let.name} = {_text(let.tree)}" for let in problem.lets]
        lines += [f"{problem.name} = {_text(problem.formula.tree)}", *_derivative_lines(worked, result)]
    except RecursionError:
        hint = "name inner parts with `let`"
        raise UsageError("this formula is too deep for one expression of Python's", hint=hint) from None
    body = "\n".join(f"    {line}" for line in lines)
    imports = "import numpy as np\n" + ("import scipy.special\n" if "scipy." in body else "")
    variables = ", ".join(problem.variables)
    document = f'    """{problem.name} and its derivative of order {worked.order} with respect to {problem.wrt}."""'
    helpers = "".join(f"\n\n{text}" for text in _helpers(body))
    head = f"{imports}{helpers}\n\ndef {problem.name}_and_derivative({variables}):\n{document}"
    return f"{head}\n{body}\n    return {problem.name}, {result}\n"


def _slope(name: str, of: str, order: int = 1) -> str:
    power = "" if order == 1 else str(order)
    return f"d{power}{name}_d{of}{power}"


def _derivative_lines(worked: Worked, result: str) -> Iterator[str]:
    """The links one by one and their products, where there are lets; else the whole expression."""
    problem = worked.problem
    if worked.order > 1 or not problem.lets or not worked.links:
        yield f"{result} = {_text(worked.result.derivative)}"
        return
    taken = {*problem.variables, *[named.name for named in worked.chain]}
    totals: dict[str, str] = {}
    for named in worked.chain:
        paths = []
        for link in (link for link in worked.links if link.named is named):
            directly = "_directly" if link.of == problem.wrt and len(named.moving) > 1 else ""
            local = _free(_slope(named.name, link.of) + directly, taken)
            yield f"{local} = {_text(link.derivative)}"
            paths.append(f"{local} * {totals[link.of]}" if link.of in totals else local)
        if named.moving == (problem.wrt,):
            totals[named.name] = paths[0]
        elif paths:
            totals[named.name] = _free(_slope(named.name, problem.wrt), taken)
            yield f"{totals[named.name]} = {' + '.join(paths)}"
    if totals[problem.name] != result:
        yield f"{result} = {totals[problem.name]}"


def _free(name: str, taken: set[str]) -> str:
    """The name, with a mark behind it where the formula has it already."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _helpers(body: str) -> list[str]:
    """The source of the small functions that stand for what NumPy and SciPy have not."""
    calls = [node.func for node in ast.walk(ast.parse(f"def f():\n{body}")) if isinstance(node, ast.Call)]
    called = sorted({function.id for function in calls if isinstance(function, ast.Name)})
    found = [getattr(functions, name) for name in called]
    return [inspect.getsource(helper) for helper in found]


def _text(tree: ast.expr) -> str:
    return ast.unparse(ast.fix_missing_locations(_Spelled().visit(copy.deepcopy(tree))))
