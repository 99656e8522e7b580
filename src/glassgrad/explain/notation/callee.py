"""What a call calls: a function of the tables, an array's method or a person's own; and the plain call."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from glassgrad.explain.notation.forms import Form, Function, Indexed, Notation, Ranks, Reduction
from glassgrad.explain.notation.layout import Edge, Level, Page, Piece, Rope, fitted, joined_rank
from glassgrad.explain.notation.signs import Column
from glassgrad.explain.notation.symbols import function_symbol
from glassgrad.explain.notation.table import METHODS, MODULES, NOTATIONS, ONLY_IN_MODULES
from glassgrad.explain.notation.walk import Steps, dotted, source_of

# Their first argument is a list of what they join: shown as the arguments themselves.
_JOINING = frozenset(
    [
        "concatenate",
        "stack",
        "vstack",
        "hstack",
        "dstack",
        "column_stack",
        "block",
        "multi_dot",
        "broadcast_arrays",
    ]
)


@dataclass(frozen=True, slots=True)
class Called:
    """A call in one form: `x.sum(axis=0)`, `np.sum(x, axis=0)` and `sum(x, axis=0)` are the same.

    `function` is the expression called where that is not a name.
    `is_library` says that the name stood behind a module's name, or is a method.
    """

    node: ast.Call
    name: str
    arguments: tuple[ast.expr, ...]
    keywords: tuple[ast.keyword, ...]
    notation: Notation | None = None
    function: ast.expr | None = None
    is_library: bool = False

    def keyword(self, name: str) -> ast.expr | None:
        """The value of an argument given by name."""
        return next((keyword.value for keyword in self.keywords if keyword.arg == name), None)


def identify(node: ast.Call, page: Page) -> Called:
    """Who is called, with the receiver of a method as the first argument."""
    arguments, keywords = tuple(node.args), tuple(node.keywords)
    function = node.func
    if isinstance(function, ast.Name):
        is_own = function.id in page.symbols or function.id in ONLY_IN_MODULES
        notation = None if is_own else NOTATIONS.get(function.id)
        return Called(node, function.id, arguments, keywords, notation)
    names = dotted(function)
    if names and names[0] in MODULES and names[0] not in page.symbols and names[0] not in page.ranks:
        if "random" in names[:-1]:  # np.random.gamma is not Γ
            return Called(node, f"random.{names[-1]}", arguments, keywords, is_library=True)
        module = "special" if names[0] == "special" else "np"  # special.sinc is sin(x)/x in formulas
        notation = NOTATIONS.get(f"{module}.{names[-1]}") or NOTATIONS.get(names[-1])
        return Called(node, names[-1], arguments, keywords, notation, is_library=True)
    if names and ".".join(names) in page.symbols:
        return Called(node, ".".join(names), arguments, keywords)
    if names and names[0] == "self" and len(names) == 2:
        return Called(node, names[1], arguments, keywords)
    if isinstance(function, ast.Attribute) and function.attr in METHODS:
        receiver = (function.value, *arguments)
        return Called(node, function.attr, receiver, keywords, NOTATIONS.get(function.attr), is_library=True)
    return Called(node, source_of(function), arguments, keywords, function=function)


def axes_of(called: Called) -> ast.expr | None:
    """The axes that a reduction names, by keyword or as second argument of a library's function."""
    named = called.keyword("axis")
    if named is not None or not called.is_library or len(called.arguments) < 2:
        return named
    return called.arguments[1]


def remaining_rank(called: Called, rank: int | None, axes: ast.expr | None) -> int | None:
    """The number of dimensions that a reduction leaves."""
    match called.keyword("keepdims"), axes:
        case ast.Constant(value=True), _:
            return rank
        case None | ast.Constant(value=False), None | ast.Constant(value=None):
            return 0
        case None | ast.Constant(value=False), ast.Tuple(elts=several) if rank is not None:
            return max(rank - len(several), 0)
        case None | ast.Constant(value=False), _ if rank is not None:
            return max(rank - 1, 0)
        case _:
            return None


def head_of(called: Called, page: Page) -> Rope:
    """The name of the function as it stands in front of the brackets."""
    match called.notation:
        case Notation(shape=Function() | Indexed() | Reduction() | Form.EXPONENTIAL | Form.LOGARITHM) as known:
            return page.backend.spelled(known.spelling)
        case Notation() as known if page.column is Column.SYMPY:
            return page.backend.spelled(known.spelling)
        case Notation() as known:  # its sign needs other arguments than these
            return page.backend.function(known.name, function_symbol(known.name))
    told = page.symbols.get(called.name)
    return page.backend.function(called.name, function_symbol(called.name) if told is None else told)


def plain_call(
    called: Called,
    page: Page,
    *,
    head: Rope | None = None,
    arguments: Sequence[ast.expr] | None = None,
    without: frozenset[str] = frozenset(),
) -> Steps:
    """The call as name(a, b, key=c).

    `head` and `arguments` replace the call's own, `without` names keywords to leave out.
    """
    shown = called.arguments if arguments is None else arguments
    if page.drawing is not None and called.name in _JOINING and shown and isinstance(shown[0], ast.Tuple | ast.List):
        shown = (*shown[0].elts, *shown[1:])
    ropes: list[Rope] = []
    ranks: list[int | None] = []
    for argument in shown:
        piece = yield argument, False
        ropes.append(fitted(page, piece, Level.CASES).rope)
        ranks.append(piece.rank)
    for keyword in called.keywords:
        if keyword.arg not in without and page.access is not None:
            piece = yield keyword.value, False
            value = fitted(page, piece, Level.CASES).rope
            ropes.append(("**", value) if keyword.arg is None else page.access.keyword(keyword.arg, value))
    if head is None and called.function is not None:
        own = yield called.function, False
        head = fitted(page, own, Level.CALL).rope
    rope = page.backend.call(head_of(called, page) if head is None else head, ropes)
    return Piece(rope, Level.CALL, Edge.FENCE, Edge.FENCE, rank=_rank(called, ranks))


def _rank(called: Called, ranks: Sequence[int | None]) -> int | None:
    match called.notation.ranks if called.notation else Ranks.UNKNOWN:
        case Ranks.ELEMENTWISE:
            return joined_rank(ranks)
        case Ranks.FIRST if ranks:
            return ranks[0]
        case Ranks.SCALAR:
            return 0
        case Ranks.REDUCED if ranks:
            return remaining_rank(called, ranks[0], axes_of(called))
        case _:
            return None


def opaque(called: Called, page: Page) -> Piece:
    """For SymPy: a symbol named by the source, where SymPy has no such function."""
    return Piece(page.backend.verbatim(source_of(called.node)))


def is_sympy(page: Page) -> bool:
    """Whether the text is for SymPy's parser."""
    return page.column is Column.SYMPY
