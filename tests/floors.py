"""Reads the floor plan from pyproject.toml and the imports from the source, and says where they disagree.

Nothing is imported or run: files are parsed. `test_floors.py` applies it to the package and to made-up trees.
"""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """`[tool.glassgrad.floors]`: where the package lies, the floor of each folder, the exceptions."""

    root: Path  # what complaints show paths relative to
    package: Path
    floors: tuple[tuple[str, ...], ...]
    ground: frozenset[str]
    roof: frozenset[str]
    late: Mapping[str, str]
    long: Mapping[str, str]
    optional: Mapping[str, tuple[str, ...]]
    longest_file: int
    longest_function: int

    def floor_of(self, part: str) -> int | None:
        """The floor of a folder or single file of the package; None if the plan does not name it."""
        if part in self.ground:
            return -1
        if part in self.roof:
            return len(self.floors)
        return next((number for number, folders in enumerate(self.floors) if part in folders), None)


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module and where it stands."""

    line: int
    target: str  # dotted name of the module
    late: bool  # inside a function
    for_types: bool  # under `if TYPE_CHECKING:`


@dataclass(frozen=True, slots=True)
class File:
    """A parsed file of the package."""

    path: Path
    module: str  # "glassgrad.graph.node"; a folder's `__init__` has the folder's name
    part: str  # what the plan places: the folder, or the single file's stem
    tree: ast.Module = field(repr=False)
    lines: int


def read_plan(pyproject: Path) -> Plan:
    table = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["glassgrad"]["floors"]
    return Plan(
        root=pyproject.parent,
        package=pyproject.parent / table["package"],
        floors=tuple(tuple(folders) for folders in table["plan"]),
        ground=frozenset(table["ground"]),
        roof=frozenset(table["roof"]),
        late=table["late"],
        long=table["long"],
        optional={name: tuple(places) for name, places in table["optional"].items()},
        longest_file=table["longest_file"],
        longest_function=table["longest_function"],
    )


def read_files(plan: Plan) -> list[File]:
    return [_read_file(plan, path) for path in sorted(plan.package.rglob("*.py"))]


def _read_file(plan: Plan, path: Path) -> File:
    text = path.read_text(encoding="utf-8")
    inside = path.relative_to(plan.package).with_suffix("")
    names = [plan.package.name, *inside.parts]
    if names[-1] == "__init__":
        names.pop()
    tree = ast.parse(text, filename=str(path))
    return File(path, ".".join(names), inside.parts[0], tree, lines=text.count("\n"))


def complaints(plan: Plan) -> list[str]:
    """Every breach of the plan, one readable line each; empty when the house stands."""
    files = read_files(plan)
    modules = {file.module: file for file in files}
    imports = {file.module: list(dict.fromkeys(imports_of(file, modules))) for file in files}
    found = [text for file in files for text in _misplaced(plan, file)]
    found += [text for file in files for one in imports[file.module] for text in _judge(plan, modules, file, one)]
    found += _cycle(plan, modules, imports)
    found += _too_long(plan, files)
    return found


def imports_of(file: File, modules: Mapping[str, File]) -> Iterator[Import]:
    """The imports of a file, top to bottom, each resolved to the module that it names."""
    waiting: list[tuple[ast.AST, bool, bool]] = [(file.tree, False, False)]
    while waiting:
        node, late, for_types = waiting.pop()
        match node:
            case ast.Import(names=names):
                yield from (Import(node.lineno, name.name, late, for_types) for name in names)
                continue
            case ast.ImportFrom(names=names):
                base = _absolute(file, node)
                for name in names:
                    inner = f"{base}.{name.name}"
                    yield Import(node.lineno, inner if inner in modules else base, late, for_types)
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                late = True
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                for_types = True
        waiting.extend((child, late, for_types) for child in reversed(list(ast.iter_child_nodes(node))))


def _absolute(file: File, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    steps_up = node.level - (1 if file.path.stem == "__init__" else 0)
    parents = file.module.split(".")[: -steps_up or None]
    return ".".join([*parents, node.module] if node.module else parents)


def _misplaced(plan: Plan, file: File) -> Iterator[str]:
    if plan.floor_of(file.part) is None:
        yield f"{_where(plan, file)}: `{file.part}` has no floor; give it one in [tool.glassgrad.floors]"


def _judge(plan: Plan, modules: Mapping[str, File], file: File, one: Import) -> Iterator[str]:
    where = f"{_where(plan, file, one.line)}: imports {one.target}"
    package = one.target.partition(".")[0]
    if package != plan.package.name:
        yield from _judge_foreign(plan, file, package, where)
        return
    if one.target not in modules:
        yield f"{where}, which does not exist"
        return
    if one.late and one.target not in plan.late:
        yield f"{where} inside a function; move it to the top, or list the module with a reason under `late`"
    target = modules[one.target].part
    here, there = plan.floor_of(file.part), plan.floor_of(target)
    if here is None or there is None or file.part == target:
        return
    if there > here:
        yield f"{where}, upward: {file.part} is on floor {here}, {target} on floor {there}"
    elif there == here and file.part not in plan.roof | plan.ground:
        yield f"{where}, sideways: {file.part} and {target} share floor {here}"


def _judge_foreign(plan: Plan, file: File, package: str, where: str) -> Iterator[str]:
    places = plan.optional.get(package)
    inside = file.path.relative_to(plan.package)
    if places is not None and not any(inside.is_relative_to(place) for place in places):
        yield f"{where}, an optional package that only {', '.join(places)} may import"


def _cycle(plan: Plan, modules: Mapping[str, File], imports: Mapping[str, list[Import]]) -> Iterator[str]:
    """One circle of files that import each other, if there is any (imports for types only do not count)."""
    lines = {
        (module, one.target): one.line
        for module, found in imports.items()
        for one in found
        if one.target in modules and not one.for_types
    }
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(modules, ()))
    for module, target in lines:
        sorter.add(module, target)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # graphlib gives it from the imported to the importing module
        steps = [f"{_where(plan, modules[a], lines[a, b])}: imports {b}" for a, b in pairwise(circle)]
        yield "a circle of imports:\n    " + "\n    ".join(steps)


def _too_long(plan: Plan, files: list[File]) -> Iterator[str]:
    excused = set()
    for file in files:
        name = file.path.relative_to(plan.package).as_posix()
        sizes = [(name, 1, file.lines, plan.longest_file)]
        sizes += [
            (
                f"{name}:{node.name}",
                node.lineno,
                (node.end_lineno or 0) - node.lineno + 1,
                plan.longest_function,
            )
            for node in ast.walk(file.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        for what, line, length, limit in sizes:
            if length > limit and what in plan.long:
                excused.add(what)
            elif length > limit:
                yield f"{_where(plan, file, line)}: {what} has {length} lines; the limit is {limit}"
    for what in sorted(plan.long.keys() - excused):
        yield f"pyproject.toml: {what} is listed under `long` but is not too long; take it off the list"


def _where(plan: Plan, file: File, line: int = 1) -> str:
    return f"{file.path.relative_to(plan.root).as_posix()}:{line}"
