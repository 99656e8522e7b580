"""A derived formula as a NumPy function that runs by itself. Floor 6."""

import ast
import copy
import inspect

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
    """A module's text: a function of the variables that gives the formula's value and its derivative."""
    problem = worked.problem
    lines = [f"    {let.name} = {_text(let.tree)}" for let in problem.lets]
    lines.append(f"    {problem.name} = {_text(problem.formula.tree)}")
    power = "" if worked.order == 1 else str(worked.order)
    name = f"d{power}{problem.name}_d{problem.wrt}{power}"
    lines.append(f"    {name} = {_text(worked.result.derivative)}")
    body = "\n".join(lines)
    imports = "import numpy as np\n" + ("import scipy.special\n" if "scipy." in body else "")
    variables = ", ".join(problem.variables)
    document = f'    """{problem.name} and its derivative of order {worked.order} with respect to {problem.wrt}."""'
    helpers = "".join(f"\n\n{text}" for text in _helpers(body))
    head = f"{imports}{helpers}\n\ndef {problem.name}_and_derivative({variables}):\n{document}"
    return f"{head}\n{body}\n    return {problem.name}, {name}\n"


def _helpers(body: str) -> list[str]:
    """The source of the small functions that stand for what NumPy and SciPy have not."""
    calls = [node.func for node in ast.walk(ast.parse(f"def f():\n{body}")) if isinstance(node, ast.Call)]
    called = sorted({function.id for function in calls if isinstance(function, ast.Name)})
    found = [getattr(functions, name) for name in called]
    return [inspect.getsource(helper) for helper in found]


def _text(tree: ast.expr) -> str:
    return ast.unparse(ast.fix_missing_locations(_Spelled().visit(copy.deepcopy(tree))))
