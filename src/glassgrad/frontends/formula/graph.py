"""A problem as a graph: each canonical tree becomes nodes, every let and the formula a named value. Floor 5."""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from glassgrad.base.avals import Aval
from glassgrad.engines import reference
from glassgrad.frontends.formula.assignments import Problem
from glassgrad.frontends.formula.functions import CONSTANTS, FUNCTIONS
from glassgrad.frontends.formula.nodes import dotted_name, in_order
from glassgrad.graph.graph import Graph
from glassgrad.graph.node import Node, Workspace, make, operators, working
from glassgrad.graph.op import OPS, Op
from glassgrad.ops.elementwise import positive
from glassgrad.ops.leaves import input_node, literal, literal_value, ones, zeros
from glassgrad.ops.powers import power
from glassgrad.ops.select import where
from glassgrad.ops.ufuncs import function_of
from glassgrad.tracing import dispatch as _dispatch  # noqa: F401 - declares every row
from glassgrad.transforms.forward import push
from glassgrad.transforms.simplify import simplify

NUMBER = Aval((), np.dtype(np.float64))
TRUTH = Aval((), np.dtype(bool))

# The canonical functions whose row goes by another name than theirs.
_ROW_NAMES = {"np.abs": "absolute", "special.sinc": "unnormalised_sinc", "special.lambertw": "lambertw_real"}
_OPERATORS: Mapping[type[ast.operator] | type[ast.cmpop], str] = MappingProxyType(
    {
        ast.Add: "add",
        ast.Sub: "subtract",
        ast.Mult: "multiply",
        ast.Div: "divide",
        ast.FloorDiv: "floor_divide",
        ast.Mod: "remainder",
        ast.Lt: "less",
        ast.LtE: "less_equal",
        ast.Gt: "greater",
        ast.GtE: "greater_equal",
        ast.Eq: "equal",
        ast.NotEq: "not_equal",
    }
)


def row_of(function: str) -> Op:
    """The row of a function of the canonical list: `np.sin`, `scipy.special.jv`, `special.sec`."""
    return OPS[_ROW_NAMES.get(function, function.rpartition(".")[2])]


@cache
def _names() -> Mapping[str, str]:
    return MappingProxyType({row_of(function).name: function for function in FUNCTIONS})


def name_of(row: Op) -> str:
    """The canonical function of a row; for a row that formulas do not name, its ufunc's name or `special.<row>`."""
    return _names().get(row.name) or row.ufunc or f"special.{row.name}"


def operator_row(sign: ast.operator | ast.cmpop | ast.unaryop) -> Op:
    """The row of an operator of the canonical tree."""
    if isinstance(sign, ast.Pow):
        return OPS["power"]
    return OPS["negative"] if isinstance(sign, ast.USub) else OPS[_OPERATORS[type(sign)]]  # type: ignore[index]  # those two


# ---------------------------------------------------------------------- trees to nodes
def build(tree: ast.expr, names: Mapping[str, Node]) -> Node:
    """The node of a canonical tree over these named values; without recursion."""
    nodes: dict[ast.expr, Node] = {}
    for part in in_order(tree):
        nodes[part] = _node(part, nodes, names)
    return nodes[tree]


def _node(part: ast.expr, nodes: Mapping[ast.expr, Node], names: Mapping[str, Node]) -> Node:
    match part:
        case ast.Name(id=identifier):
            return names[identifier]
        case ast.Constant(value=bool(value)):
            return literal(value, TRUTH.dtype)
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            return literal(float(value), NUMBER.dtype)
        case ast.Attribute():
            return literal(CONSTANTS[dotted_name(part) or ""], NUMBER.dtype)
        case ast.UnaryOp(operand=operand):
            return operators["negative"](nodes[operand])
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(nodes[left], nodes[right])
        case ast.BinOp(left=left, op=sign, right=right):
            return _applied(operator_row(sign), nodes[left], nodes[right])
        case ast.Compare(left=left, ops=[relation], comparators=[right]):
            return _applied(operator_row(relation), nodes[left], nodes[right])
        case ast.Call(func=function, args=arguments):
            return call_node(dotted_name(function) or "", [nodes[argument] for argument in arguments])
    raise AssertionError(f"a canonical tree has no {type(part).__name__}")


def _applied(row: Op, *operands: Node) -> Node:
    return function_of(row.name)(*operands)


def _power(base: Node, exponent: Node) -> Node:
    """A power; an exponent such as 1/2 is reckoned first, so that the rule sees a number."""
    (reckoned,) = simplify([exponent])
    return power(base, reckoned)


def call_node(function: str, arguments: Sequence[Node]) -> Node:
    """A function of the canonical list applied to nodes."""
    row = row_of(function)
    match function:
        case "np.where":
            condition, then, otherwise = arguments
            return where(condition, then, otherwise)
        case "special.lambertw":
            argument, branch = arguments
            return make(row, (argument,), (("k", int(literal_value(branch))),))
    return _applied(row, *arguments)


# ---------------------------------------------------------------------- problems to numbers
@dataclass(frozen=True, slots=True)
class Program:
    """What a problem computes: the named values in order, and its derivatives up to an order."""

    names: tuple[str, ...]
    variables: tuple[str, ...]
    run: Callable[..., Sequence[np.ndarray]]

    def at(self, values: Mapping[str, float]) -> tuple[dict[str, float], list[float]]:
        """The named values, and the derivatives of the formula from the first to the highest, at a point."""
        with np.errstate(all="ignore"):
            found = [float(value) for value in self.run(*[np.float64(values[name]) for name in self.variables])]
        count = len(self.names)
        return dict(zip(self.names, found[:count], strict=True)), found[count:]


def program(problem: Problem, order: int = 1) -> Program:
    """The problem's graph with its forward-mode derivatives, ready to run.

    Example:
        >>> from glassgrad.frontends.formula import read_problem
        >>> program(read_problem("u**2", "u = 3*x"), order=2).at({"x": 2.0})
        ({'u': 6.0, 'f': 36.0}, [36.0, 18.0])
    """
    with working(Workspace(reference.evaluate)):
        inputs = {name: input_node(NUMBER) for name in problem.variables}
        values, moving = dict(inputs), inputs.get(problem.wrt)
        named: dict[str, Node] = {}
        for formula in (*problem.lets, problem.formula):
            name = formula.name if formula is not problem.formula else problem.name
            assert name is not None
            node = positive(build(formula.tree, values))
            if name == problem.wrt:  # the derivative with respect to a named inner value: what it is made of is held
                moving = node
            named[name] = values[name] = node
        assert moving is not None
        derivatives = _derivatives(named[problem.name], moving, order)
        outputs = simplify([*named.values(), *derivatives])
        run = reference.compile_graph(Graph(tuple(inputs.values()), tuple(outputs)))
    return Program(tuple(named), tuple(inputs), run)


def _derivatives(node: Node, moving: Node, order: int) -> list[Node]:
    found = []
    for _ in range(order):
        pushed = push([node], {moving: ones(moving.aval)})[0]
        node = zeros(NUMBER) if pushed is None else pushed
        found.append(node)
    return found


__all__ = ["NUMBER", "TRUTH", "Program", "build", "call_node", "name_of", "operator_row", "program", "row_of"]
