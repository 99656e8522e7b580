"""The text of a module from its lines: imports, helper functions, signature, comments. Floor 4."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from glassgrad.base.avals import show_shape
from glassgrad.base.source import Place
from glassgrad.engines.source.layout import folded
from glassgrad.engines.source.page import Compound, Line, Page, Statement, assigned, flat, walk_lines
from glassgrad.tracing.syntax import statement_text
from glassgrad.tracing.written import spelled, text_of

WIDTH = 100
EMBEDDED = 100  # elements of a captured array that is written into the text; larger ones become parameters
_LARGE = 1 << 20  # bytes from which a dead value is freed


@dataclass(frozen=True, slots=True)
class Head:
    """The function's first line and docstring."""

    name: str
    parameters: str
    document: tuple[str, ...]


def module_text(head: Head, page: Page, result: ast.expr) -> str:
    """The whole module."""
    body = _body(page, result)
    captured = [name for name, array in page.captured.items() if not _is_embedded(array)]
    texts = [*body, head.parameters]
    parts = [_imports(texts)]
    parts.extend(_helper(kernel) for kernel in _helpers(page))
    parameters = _with_captured(head.parameters, captured)
    first = folded(f"def {head.name}({parameters}):", WIDTH)
    document = textwrap.indent("\n".join(_docstring(head, captured)), "    ")
    arrays = [f"    {name} = {_array_text(array)}" for name, array in page.captured.items() if _is_embedded(array)]
    parts.append("\n".join([first, document, *arrays, *body]))
    return "\n\n\n".join(parts) + "\n"


def _docstring(head: Head, captured: Sequence[str]) -> list[str]:
    lines = list(head.document)
    if captured:
        lines.append(f"{', '.join(captured)}: taken from the function's surroundings.")
    if len(lines) == 1:
        return [f'"""{lines[0]}"""']
    return [f'"""{lines[0]}', "", *lines[1:], '"""']


def _imports(texts: Iterable[str]) -> str:
    lines = ["import numpy as np"]
    joined = "\n".join(texts)
    lines.extend(f"import scipy.{module}" for module in ("linalg", "special") if f"scipy.{module}." in joined)
    return "\n".join(lines)


def _with_captured(parameters: str, captured: Sequence[str]) -> str:
    if not captured:
        return parameters
    star = [] if "*" in parameters else ["*"]
    before, keywords, after = parameters.partition("**")
    names = [part for part in [before.rstrip(", "), *star, *captured] if part]
    return ", ".join([*names, keywords + after] if keywords else names)


# ------------------------------------------------------------------ the lines
def _body(page: Page, result: ast.expr) -> list[str]:
    text = _Text()
    freed = _last_uses(page, result)
    was_backward = False
    for index, line in enumerate(page.statements):
        if line.backward and not was_backward:
            text.lines.extend([""] if text.lines else [])
            was_backward = True
        text.add(line, "    ")
        if freed.get(index):
            text.lines.append(f"    del {', '.join(freed[index])}")
    text.lines.append(folded(f"    return {_bare(result)}", WIDTH))
    return text.lines


class _Text:
    """The lines so far, and the last comment above a line that no other source has followed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.above = ""

    def add(self, line: Line, indent: str) -> None:
        """The text of a line, and of those inside it."""
        if isinstance(line, Compound):
            self.lines.append(indent + line.header)
            self.above = ""
            for inner in line.inside:
                self.add(inner, indent + "    ")
            return
        made = _line(line, indent)
        has_comment = made[0].lstrip().startswith("# from: ")
        if has_comment and made[0] == self.above:
            made = made[1:]
        elif has_comment:
            self.above = made[0]
        elif "# from: " in made[0]:
            self.above = ""
        self.lines.extend(made)


def _line(statement: Statement, indent: str) -> list[str]:
    text = f"{indent}{text_of(statement.expression)}"
    if statement.operator:
        text = f"{indent}{', '.join(statement.targets)} {statement.operator} {_bare(statement.expression)}"
    shape = _shape_comment(statement)
    if not statement.backward:
        return [_commented(text, [shape])]
    origin = origin_text(statement.place)
    source = f"# from: {origin}" if origin else ""
    if len(text) + len(shape) + len(source) + 6 <= WIDTH + 10:
        return [_commented(text, [shape, source])]
    return [*([f"{indent}{source}"] if source else []), _commented(text, [shape])]


def _bare(expression: ast.expr) -> str:
    """An expression on the right side: a tuple needs no brackets there."""
    text = text_of(expression)
    return text[1:-1] if isinstance(expression, ast.Tuple) and len(expression.elts) > 1 else text


def _commented(text: str, comments: Sequence[str]) -> str:
    comment = "  ".join(part for part in comments if part)
    lines = folded(text, WIDTH).split("\n")
    if comment and len(lines[-1]) + len(comment) + 2 <= WIDTH + 10:
        lines[-1] += f"  {comment}"
    return "\n".join(lines)


def _shape_comment(statement: Statement) -> str:
    node = statement.node
    if (
        node is None
        or statement.operator != "="
        or "[" in statement.targets[0]
        or isinstance(statement.expression, ast.List)
    ):
        return ""
    if node.op.multiple:
        return "# " + ", ".join(show_shape(aval.shape) for aval in node.avals)
    return f"# {show_shape(node.shape)}" if node.shape else ""


def origin_text(place: Place | None) -> str:
    """The person's statement that a value comes from; "" where it is not known."""
    text = statement_text(place) if place is not None else ""
    return text if len(text) <= 90 else text[:87] + "..."


def _last_uses(page: Page, result: ast.expr) -> dict[int, list[str]]:
    """For each line, the large values that nobody reads after it."""
    size = {
        target: statement.node.aval.nbytes
        for statement in flat(page.statements)
        for target in statement.targets
        if statement.node is not None and type(statement.node.aval) is not tuple
    }
    last: dict[str, int] = {}
    for index, line in enumerate(page.statements):
        for part in walk_lines([line]):
            if isinstance(part, ast.Name):
                last[part.id] = index
        last.update(dict.fromkeys(assigned(line), index))
    returned = {part.id for part in ast.walk(result) if isinstance(part, ast.Name)}
    freed: dict[int, list[str]] = {}
    for name, index in last.items():
        if size.get(name, 0) >= _LARGE and name not in returned and index < len(page.statements) - 1:
            freed.setdefault(index, []).append(name)
    return freed


# ------------------------------------------------------------------ helper functions and arrays
def _helpers(page: Page) -> list[Callable[..., object]]:
    """The rows' helper functions that the lines call."""
    called = {
        part.func.id
        for part in walk_lines(page.statements)
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)
    }
    found: dict[str, Callable[..., object]] = {}
    for node in page.templates:
        names = {kernel.__name__ for kernel in node.op.kernels}
        if names & called:
            found.update((kernel.__name__, kernel) for kernel in node.op.kernels)
    return list(found.values())


def _helper(kernel: Callable[..., object]) -> str:
    """A helper function's own text, without annotations (their names are not imported)."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kernel)))
    return ast.unparse(_Bare().visit(tree))


class _Bare(ast.NodeTransformer):
    """Takes annotations away."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def _is_embedded(array: np.ndarray) -> bool:
    return array.size <= EMBEDDED or _pattern(array) is not None


def _pattern(array: np.ndarray) -> str | None:
    """The text of an array that follows a rule: all equal, counting up, the identity."""
    if array.dtype.kind not in "fiub" or not array.size:
        return None
    first = array.flat[0]
    dtype = "" if array.dtype == np.dtype(float) else f", dtype={text_of(spelled(array.dtype) or ast.Constant('O'))}"
    shape = str(array.shape[0]) if array.ndim == 1 else str(array.shape)
    if array.size > 4 and np.array_equal(array, np.full_like(array, first)) and array.dtype.kind in "fi":
        plain = {0: f"np.zeros({shape}{dtype})", 1: f"np.ones({shape}{dtype})"}
        return plain.get(first.item(), f"np.full({shape}, {first.item()!r}{dtype})")
    if (
        array.ndim == 1
        and array.size > 4
        and array.dtype == np.dtype(int)
        and np.array_equal(array, np.arange(array.size))
    ):
        return f"np.arange({array.size})"
    square = array.ndim == 2 and array.shape[0] == array.shape[1] > 2
    if square and array.dtype.kind == "f" and np.array_equal(array, np.eye(array.shape[0])):
        return f"np.eye({array.shape[0]}{dtype})"
    return None


def _array_text(array: np.ndarray) -> str:
    found = _pattern(array)
    if found is not None:
        return found
    listing = spelled(array.tolist())
    text = text_of(listing) if listing is not None else repr(array.tolist())
    plain = array.dtype in (np.dtype(float), np.dtype(int), np.dtype(bool), np.dtype(complex)) and array.size
    dtype = "" if plain else f", dtype={text_of(spelled(array.dtype) or ast.Constant('O'))}"
    shape = f".reshape{array.shape}" if not array.size else ""
    return f"np.array({text}{dtype}){shape}"
